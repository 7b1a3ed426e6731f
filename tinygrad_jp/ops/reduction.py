"""Rules that reduce over axes: None for all, an int, or a tuple of ints."""

import math
from typing import Any, TypeAlias

import numpy as np

from tinygrad_jp.ops.arithmetic import unit
from tinygrad_jp.ops.exponential import scaled_exp
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
    gone = {i % ndim for i in (axis if isinstance(axis, tuple) else (axis,))}
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


def _mean_share(g: Array, x_shape: tuple[int, ...]) -> Array:
    """The gradient of each element of a mean."""
    count = math.prod(x_shape)
    if not count:
        return g
    wide = g.astype(np.float32) if g.dtype.char == "e" else g  # 1 / n may vanish
    return wide / (count / g.size)


@rule(
    vjp=lambda g, x_shape, axis, keepdims: _restore(
        _mean_share(g, x_shape), axis, keepdims, len(x_shape)
    ),
)
def mean(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """Mean over `axis`. Array API ``mean``. The mean of nothing is NaN.

    float16 is added up in float32, for 65,504 is soon passed.

    Example:
        >>> tg.mean(tg.Tensor([[1.0, 3.0], [2.0, 6.0]]), axis=1)
        Tensor([2., 4.])
    """
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    wide = np.float32 if dtype.char == "e" else dtype
    total = add_reduce(x, axis, wide, None, keepdims)
    out = total / (x.size / total.size) if x.size else total * math.nan
    return out if out.dtype == dtype else out.astype(dtype)


def _shared(g: Array, x: Array, out: Array, axis: Axis, keepdims: bool) -> Array:
    """Split `g` evenly among the elements of `x` that are equal to `out`."""
    g, out = (_restore(a, axis, keepdims, x.ndim) for a in (g, out))
    # Who wins is a constant, so arrays will do.
    x, out = np.asarray(x), np.asarray(out)
    winners = x == out
    if (out != out).any():  # a NaN wins, and equals nothing
        winners |= x != x
    # As many bytes as the largest count needs: NumPy adds 64 of one byte at a time.
    most = x.size // out.size if out.size else 0
    wide = np.int8 if most < 128 else np.int16 if most < 32768 else np.int64
    count = add_reduce(winners.view(np.int8), axis, wide, None, True)
    # The count is an integer: in float16 it would overflow above 65,504 ties.
    share = g / count
    return (share if share.dtype == g.dtype else share.astype(g.dtype)) * winners


def _extreme(reduce: Any, x: Array, axis: Axis, keepdims: bool) -> Array:
    """Reduce by maximum or minimum, in whatever order is quick.

    Over short rows NumPy starts a loop for each: on (100, 10) a copy that has them as
    columns takes a quarter of the time.
    """
    last = type(axis) is int and axis in (1, -1)
    if last and x.ndim == 2 and len(x) >= 32 and 0 < x.shape[1] <= 32:
        out = reduce(x.T.copy(), 0)
        return out[:, None] if keepdims else out
    return reduce(x, axis, None, None, keepdims)


@rule(vjp=_shared, symbol="max", domain="distinct")
def max(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """Largest element over `axis`. Array API ``max``. Ties share the gradient.

    Example:
        >>> tg.max(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
        Tensor([2., 4.])
    """
    return _extreme(max_reduce, x, axis, keepdims)


@rule(vjp=_shared, symbol="min", domain="distinct")
def min(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """Smallest element over `axis`. Array API ``min``. Ties share the gradient.

    Example:
        >>> tg.min(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
        Tensor([1., 3.])
    """
    return _extreme(min_reduce, x, axis, keepdims)


def _wide(g: Array, out: Array, axis: Axis, keepdims: bool, ndim: int) -> list[Array]:
    return [_restore(a, axis, keepdims, ndim) for a in (g, out)]


def _logsumexp(g: Array, x: Array, out: Array, axis: Axis, keepdims: bool) -> Array:
    g, out = _wide(g, out, axis, keepdims, x.ndim)
    parts = scaled_exp(x, out)
    total = np.sum(parts, axis, keepdims=True)
    return g / (total + (total == 0)) * parts


@rule(vjp=_logsumexp)
def logsumexp(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """``log(sum(exp(x)))`` over `axis`, without overflow. SciPy's ``logsumexp``.

    Of nothing, and of nothing but -inf, it is -inf, and the gradient is 0. A +inf
    gives inf, and the gradient is NaN.

    Example:
        >>> tg.logsumexp(tg.Tensor([[1000.0, 1000.0], [-np.inf, -np.inf]]), axis=1)
        Tensor([1000.69314718,          -inf])
    """
    if x.dtype.kind != "f":
        x = x.astype(np.float64)
    top = max_reduce(x, axis, None, None, True, -np.inf)
    shift = np.where(np.isinf(top), np.zeros_like(top), top)
    with np.errstate(divide="ignore", over="ignore"):  # of -inf alone; of +inf
        total = np.log(add_reduce(np.exp(x - shift), axis, None, None, True)) + shift
    return total if keepdims else np.squeeze(total, axis)


def _norm(g: Array, x: Array, out: Array, axis: Axis, keepdims: bool) -> Array:
    g, out = _wide(g, out, axis, keepdims, x.ndim)
    return g * unit(x, out)


@rule(vjp=_norm, symbol="‖·‖")
def norm(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """Euclidean length over `axis`: ``sqrt(sum(x**2))``. The gradient at 0 is 0."""
    with np.errstate(over="ignore", under="ignore"):
        squares = add_reduce(x * x, axis, None, None, keepdims)
    least = np.finfo(x.dtype).smallest_normal / np.finfo(x.dtype).eps
    if ((squares > least) & (squares < np.inf)).all():
        return np.sqrt(squares)
    # A square has overflowed or vanished (or all are 0), so take out the largest.
    scale = max_reduce(np.abs(x), axis, None, None, True, 0)
    scale = np.where((scale == 0) | np.isinf(scale), np.ones_like(scale), scale)
    part = x / scale
    length = np.sqrt(add_reduce(part * part, axis, None, None, True)) * scale
    return length if keepdims else np.squeeze(length, axis)


def _sum_from_behind(g: Array, axis: int) -> Array:
    backwards = (slice(None),) * (axis % g.ndim) + (slice(None, None, -1),)
    return cumulative_sum(g[backwards], axis=axis)[backwards]


@rule(vjp=lambda g, axis: _sum_from_behind(g, axis))
def cumulative_sum(x: Array, /, axis: int) -> Array:
    """Sums of the elements up to each place along an axis."""
    return np.add.accumulate(x, axis)
