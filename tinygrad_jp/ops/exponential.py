"""Exponentials and logarithms, elementwise."""

import math
from typing import Any

import numpy as np

from tinygrad_jp.ops.rule import Array, rule

# As Python floats, these take the precision of what they meet.
LN_2 = math.log(2.0)
LN_10 = math.log(10.0)


@rule(vjp=lambda g, out: g * out, elementwise=True)
def exp(x: Array, /) -> Array:
    """Elementwise exponential, ``e ** x``. Array API ``exp``.

    Example:
        >>> tg.exp(tg.Tensor([0.0, 1.0]))
        Tensor([1.        , 2.71828183])
    """
    return np.exp(x)


@rule(vjp=lambda g, x: g * np.exp(x), elementwise=True)
def expm1(x: Array, /) -> Array:
    """Elementwise ``e**x - 1``, exact near 0. Array API ``expm1``.

    Example:
        >>> tg.expm1(tg.Tensor([0.0, 1e-20]))
        Tensor([0.e+00, 1.e-20])
    """
    # The gradient is not out + 1, which would be 0 for every x below -37.
    return np.expm1(x)


@rule(vjp=lambda g, out: g * out * LN_2, elementwise=True)
def exp2(x: Array, /) -> Array:
    """Elementwise ``2 ** x``. NumPy's ``np.exp2``.

    Example:
        >>> tg.exp2(tg.Tensor([0.0, 3.0]))
        Tensor([1., 8.])
    """
    return np.exp2(x)


@rule(vjp=lambda g, x: g / x, elementwise=True, domain="positive")
def log(x: Array, /) -> Array:
    """Elementwise natural logarithm. Array API ``log``.

    At 0 the value is -inf and the gradient inf, with NumPy's warnings.

    Example:
        >>> tg.log(tg.Tensor([1.0, np.e]))
        Tensor([0., 1.])
    """
    return np.log(x)


@rule(vjp=lambda g, x: g / (x + 1.0), elementwise=True, domain="positive")
def log1p(x: Array, /) -> Array:
    """Elementwise ``log(1 + x)``, exact near 0. Array API ``log1p``.

    At -1 the value is -inf and the gradient inf, with NumPy's warnings.

    Example:
        >>> tg.log1p(tg.Tensor([0.0, 1e-20]))
        Tensor([0.e+00, 1.e-20])
    """
    return np.log1p(x)


@rule(vjp=lambda g, x: g / (x * LN_2), elementwise=True, domain="positive")
def log2(x: Array, /) -> Array:
    """Elementwise logarithm to base 2; at 0 as ``log``. Array API ``log2``.

    Example:
        >>> tg.log2(tg.Tensor([1.0, 8.0]))
        Tensor([0., 3.])
    """
    return np.log2(x)


@rule(vjp=lambda g, x: g / (x * LN_10), elementwise=True, domain="positive")
def log10(x: Array, /) -> Array:
    """Elementwise logarithm to base 10; at 0 as ``log``. Array API ``log10``.

    Example:
        >>> tg.log10(tg.Tensor([1.0, 1000.0]))
        Tensor([0., 3.])
    """
    return np.log10(x)


def scaled_exp(x: Array, out: Array) -> Array:
    """``exp(x - out)``, and 0 where both are -inf.

    Its sum is not quite 1, since `out` was rounded: divide by it for a share.
    """
    return np.exp(x - np.where(out == -np.inf, 0.0, out))


def _share(x: Array, y: Array, out: Array) -> Array:
    """The part of ``exp(out)`` that is of x; 0 where both are -inf."""
    one, other = scaled_exp(x, out), scaled_exp(y, out)
    total = one + other
    return one / (total + (total == 0))


@rule(
    vjp=(
        lambda g, x, y, out: g * _share(x, y, out),
        lambda g, x, y, out: g * _share(y, x, out),
    ),
    elementwise=True,
)
def logaddexp(x: Array, y: Array, /) -> Array:
    """Elementwise ``log(exp(x) + exp(y))``, without overflow. Array API.

    Where both are -inf, so is the result, and the gradient is 0. At +inf the
    gradient is NaN.

    Example:
        >>> tg.logaddexp(tg.Tensor([0.0, 1000.0]), 0.0)
        Tensor([6.93147181e-01, 1.00000000e+03])
    """
    with np.errstate(invalid="ignore"):  # it warns of a NaN that comes in
        return np.logaddexp(x, y)


@rule(
    vjp=lambda g, out: g / (out + out), elementwise=True, symbol="√", domain="positive"
)
def sqrt(x: Array, /) -> Array:
    """Elementwise square root. Array API ``sqrt``. The gradient at 0 is inf.

    Example:
        >>> tg.sqrt(tg.Tensor([4.0, 9.0]))
        Tensor([2., 3.])
    """
    return np.sqrt(x)


def _bell(x: Array) -> Array:
    """``exp(-x * x)``, which is 0 long before x is 28; so nothing overflows."""
    near = np.clip(x, -28.0, 28.0)
    return np.exp(-near * near)


_erf: Any = np.frompyfunc(math.erf, 1, 1)


@rule(vjp=lambda g, x: g * (2.0 / math.sqrt(math.pi)) * _bell(x), elementwise=True)
def erf(x: Array, /) -> Array:
    """Elementwise error function, ``2/√π ∫₀ˣ exp(-t²) dt``. SciPy's ``erf``.

    NumPy has none: Python's ``math.erf`` is called for each element.

    Example:
        >>> tg.erf(tg.Tensor([0.0, 1.0]))
        Tensor([0.        , 0.84270079])
    """
    return np.asarray(_erf(x), dtype=np.result_type(x.dtype, np.float16))
