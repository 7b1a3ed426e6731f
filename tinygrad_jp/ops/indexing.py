"""Rules that pick elements, and put them back."""

from typing import Any

import numpy as np

from tinygrad_jp.ops.rule import Array, rule

_BASIC = {int, slice, type(None), type(Ellipsis)}


def _is_basic(index: Any) -> bool:
    """Whether an index is made of slices, so that it picks no element twice."""
    parts = index if type(index) is tuple else (index,)
    for part in parts:
        if type(part) not in _BASIC and not isinstance(part, np.integer):
            return False
    return True


def _put_back(g: Array, index: Any, x_shape: tuple[int, ...]) -> Array:
    return scatter_add(g, index=index, shape=x_shape)


@rule(vjp=_put_back, symbol="[i]")
def getitem(x: Array, /, index: Any) -> Array:
    """``x[index]``: ints, slices, None, Ellipsis, integer and boolean arrays.

    An element that is picked several times gets the sum of their gradients.

    Example:
        >>> tg.getitem(tg.Tensor([1.0, 2.0, 3.0]), index=[0, 2])
        Tensor([1., 3.])
    """
    return x[index]


@rule(vjp=lambda g, index: g[index])
def scatter_add(x: Array, /, index: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with `x` added at `index`: what undoes ``getitem``.

    Example:
        >>> tg.scatter_add(tg.Tensor([1.0, 5.0]), index=np.array([2, 2]), shape=(3,))
        Tensor([0., 0., 6.])
    """
    out = np.zeros(shape, x.dtype)
    if _is_basic(index):
        out[index] = x
    else:
        np.add.at(out, index, x)
    return out
