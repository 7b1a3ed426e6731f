"""Steps: elementwise rules that are flat between their jumps.

Their gradient is 0 everywhere, at a jump too, so that what comes before them gets a
gradient of zeros and not none.
"""

import numpy as np

from tinygrad_jp.ops.rule import Array, rule


def _flat(g: Array) -> Array:
    # Not `g * 0`, which is NaN where g is infinite.
    return np.where(False, g, 0.0)


@rule(vjp=_flat, elementwise=True, domain="off the steps")
def floor(x: Array, /) -> Array:
    """Elementwise largest integer that is not above x. Array API. Gradient 0.

    Example:
        >>> tg.floor(tg.Tensor([-1.5, 1.5]))
        Tensor([-2.,  1.])
    """
    return np.floor(x)


@rule(vjp=_flat, elementwise=True, domain="off the steps")
def ceil(x: Array, /) -> Array:
    """Elementwise smallest integer that is not below x. Array API. Gradient 0.

    Example:
        >>> tg.ceil(tg.Tensor([-1.5, 1.5]))
        Tensor([-1.,  2.])
    """
    return np.ceil(x)


@rule(vjp=_flat, elementwise=True, domain="off the steps")
def trunc(x: Array, /) -> Array:
    """Elementwise nearest integer towards 0. Array API ``trunc``. Gradient 0.

    Example:
        >>> tg.trunc(tg.Tensor([-1.5, 1.5]))
        Tensor([-1.,  1.])
    """
    return np.trunc(x)


@rule(vjp=_flat, elementwise=True, domain="off the steps")
def round(x: Array, /) -> Array:
    """Elementwise nearest integer, halves to the even one. Array API. Gradient 0.

    Example:
        >>> tg.round(tg.Tensor([0.5, 1.5, 1.6]))
        Tensor([0., 2., 2.])
    """
    return np.round(x)


@rule(vjp=_flat, elementwise=True, domain="nonzero")
def sign(x: Array, /) -> Array:
    """Elementwise -1, 0 or 1. Array API ``sign``. Gradient 0.

    Example:
        >>> tg.sign(tg.Tensor([-3.0, 0.0, 5.0]))
        Tensor([-1.,  0.,  1.])
    """
    return np.sign(x)


@rule(vjp=(_flat, _flat), elementwise=True, symbol="//")
def floor_divide(x: Array, y: Array, /) -> Array:
    """Elementwise ``floor(x / y)``, ``x // y``. Array API. Gradient 0.

    Example:
        >>> tg.floor_divide(tg.Tensor([5.0, -5.0]), 3.0)
        Tensor([ 1., -2.])
    """
    return np.floor_divide(x, y)
