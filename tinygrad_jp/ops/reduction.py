"""Rules that reduce over axes: None for all, an int, or a tuple of ints."""

from typing import Any, TypeAlias

import numpy as np

from tinygrad_jp.ops.rule import Array, rule

Axis: TypeAlias = int | tuple[int, ...] | None

# The call `reduce(x, axis, dtype, out, keepdims)` takes half of np.sum's time, but
# NumPy's annotations lack its positional form.
add_reduce: Any = np.add.reduce
max_reduce: Any = np.maximum.reduce
min_reduce: Any = np.minimum.reduce


def _restore(g: Array, axis: Axis, keepdims: bool, ndim: int) -> Array:
    """Put the reduced axes back with length 1, so that `g` broadcasts again."""
    if keepdims or axis is None:
        return g
    gone = {i % ndim for i in ((axis,) if isinstance(axis, int) else axis)}
    return g[tuple([None if i in gone else slice(None) for i in range(ndim)])]


@rule(
    vjp=lambda g, x_shape, axis, keepdims: _restore(g, axis, keepdims, len(x_shape)),
    symbol="Σ",
)
def sum(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """Sum over `axis`. Array API ``sum``.

    Example:
        >>> tg.sum(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
        Tensor([4., 6.])
    """
    return add_reduce(x, axis, None, None, keepdims)


def _shared(g: Array, x: Array, out: Array, axis: Axis, keepdims: bool) -> Array:
    """Split `g` evenly among the elements of `x` that are equal to `out`."""
    g, out = (_restore(a, axis, keepdims, x.ndim) for a in (g, out))
    winners = (x == out) | (x != x)  # a NaN wins, and equals nothing
    count = add_reduce(winners, axis, None, None, True)
    # The count is an integer: in float16 it would overflow above 65,504 ties.
    return (g / count).astype(g.dtype) * winners


@rule(vjp=_shared, symbol="max", domain="distinct")
def max(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """Largest element over `axis`. Array API ``max``. Ties share the gradient.

    Example:
        >>> tg.max(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
        Tensor([2., 4.])
    """
    return max_reduce(x, axis, None, None, keepdims)


@rule(vjp=_shared, symbol="min", domain="distinct")
def min(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """Smallest element over `axis`. Array API ``min``. Ties share the gradient.

    Example:
        >>> tg.min(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
        Tensor([1., 3.])
    """
    return min_reduce(x, axis, None, None, keepdims)
