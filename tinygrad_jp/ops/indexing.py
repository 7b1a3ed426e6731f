"""Rules that pick elements, and put them back."""

from typing import Any

import numpy as np

from tinygrad_jp.ops.rule import Array, rule

_BASIC = {int, bool, slice, type(None), type(Ellipsis)}


def picks_once(index: Any) -> bool:
    """Whether an index of slices or masks picks no element twice, by its kind."""
    parts = index if type(index) is tuple else (index,)
    for part in parts:
        if type(part) in _BASIC:
            continue
        if isinstance(part, np.ndarray):
            if part.dtype.char != "?":
                return False
        elif not isinstance(part, (np.integer, np.bool_)):
            return False
    return True


def _put_back(g: Array, index: Any, x_shape: tuple[int, ...]) -> Array:
    return scatter_add.of(g)(g, index=index, shape=x_shape)


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

    `x` must have the very shape that `index` picks: NumPy's ``np.add.at`` reads
    beyond the end of one that would have to broadcast.

    Example:
        >>> tg.scatter_add(tg.Tensor([1.0, 5.0]), index=np.array([2, 2]), shape=(3,))
        Tensor([0., 0., 6.])
    """
    out = np.zeros(shape, x.dtype)
    if picks_once(index):
        out[index] = x
    else:
        np.add.at(out, index, x)
    return out


@rule(vjp=None)
def argsort(
    x: Array, /, axis: int | None = -1, descending: bool = False, stable: bool = True
) -> Array:
    """The indices that put `x` in order along `axis`. Array API ``argsort``.

    Equal elements keep their order, whatever `stable` says; NaN counts as larger than
    any number. No gradient.

    Example:
        >>> tg.argsort(tg.Tensor([3.0, 1.0, 2.0]))
        Tensor([1, 2, 0], dtype=int64)
    """
    if axis is None:
        x, axis = x.reshape(-1), -1
    if not descending:
        return np.argsort(x, axis, kind="stable")
    # Equal elements must not change places, so turn round before and after.
    order = np.argsort(np.flip(x, axis), axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(order, axis)
