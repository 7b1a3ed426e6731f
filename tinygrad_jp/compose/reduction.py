"""Reductions that need no gradient of their own."""

from __future__ import annotations

from math import nan, sqrt
from math import prod as product_of
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp.compose.arguments import axes_of
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import as_tensor, bare
from tinygrad_jp.ops.reduction import Axis

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from tinygrad_jp.tensor import Tensor

Operand = Any


# --- averages ----------------------------------------------------------------------


def _to_average(op: str, x: Operand) -> tuple[Tensor, Any]:
    """`x` in a dtype to add it up in, and the dtype of its average."""
    x = as_tensor(op, x)
    if x.dtype.kind != "f":
        return f.astype(x, np.float64), np.dtype(np.float64)
    if x.dtype.char == "e":  # 65,504 is soon passed
        return f.astype(x, np.float32), x.dtype
    return x, x.dtype


def _in_dtype(x: Tensor, dtype: Any) -> Tensor:
    return x if x.dtype == dtype else f.astype(x, dtype)


def _deviation(op: str, x: Tensor, axis: Axis) -> tuple[Tensor, int]:
    """`x` minus its mean, just 0 where it is constant, and how many each is of."""
    axes = axes_of(op, axis, x.ndim)
    count = product_of([x.shape[i] for i in axes])
    if x.size:
        # The mean of equal numbers may be off by a rounding; that of zeros is not.
        first = [slice(1) if i in axes else slice(None) for i in range(x.ndim)]
        x = f.subtract(x, f.getitem(x.detach(), tuple(first)))
    return f.subtract(x, f.mean(x, axes, keepdims=True)), count


def var(
    x: Operand, /, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """Variance over `axis`: mean square of the deviation. Array API ``var``.

    Args:
        x: Numbers.
        axis: None for all, an int, or a tuple of ints.
        correction: Divide by the count less this: 1 for the unbiased estimate.
        keepdims: Leave the reduced axes with length 1.

    Of constants it is exactly 0, and so is its gradient. Of no more elements than
    `correction` it is NaN.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.var(tg.Tensor([1.0, 3.0])), tg.var(tg.Tensor([1.0, 3.0]), correction=1)
        (Tensor(1.), Tensor(2.))
    """
    x, dtype = _to_average("var", x)
    deviation, count = _deviation("var", x, axis)
    total = f.sum(f.multiply(deviation, deviation), axis=axis, keepdims=keepdims)
    free = count - correction
    return _in_dtype(f.multiply(total, 1.0 / free if free > 0 else nan), dtype)


def std(
    x: Operand, /, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """Standard deviation over `axis`: root of the variance. Array API ``std``.

    It takes the arguments of `var`. Of constants it is exactly 0, and its gradient
    is 0 too.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.std(tg.Tensor([1.0, 3.0])), tg.std(tg.Tensor([5.0, 5.0]))
        (Tensor(1.), Tensor(0.))
    """
    x, dtype = _to_average("std", x)
    deviation, count = _deviation("std", x, axis)
    length = f.norm(deviation, axis=axis, keepdims=keepdims)
    free = count - correction
    return _in_dtype(f.multiply(length, 1.0 / sqrt(free) if free > 0 else nan), dtype)


# --- products and running sums -----------------------------------------------------


def _lines(op: str, x: Operand, axis: Axis) -> tuple[Tensor, tuple[int, ...]]:
    """`x` with the axes in one in front, and the lengths of the others.

    Integers and booleans become what NumPy multiplies them as.
    """
    x = as_tensor(op, x)
    if x.dtype.kind != "f":
        x = f.astype(x, np.multiply.reduce(np.empty(0, x.dtype)).dtype)
    axes = axes_of(op, axis, x.ndim)
    others = tuple([i for i in range(x.ndim) if i not in axes])
    rest = tuple([x.shape[i] for i in others])
    length = product_of([x.shape[i] for i in axes])
    return f.reshape(f.permute_dims(x, axes + others), (length, *rest)), rest


def prod(x: Operand, /, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Product over `axis`. Array API ``prod``. The product of nothing is 1.

    One half is multiplied with the other until one element is left; so the gradient
    is right where elements are 0, at every order.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.prod(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
        Tensor([ 2., 12.])
    """
    x = as_tensor("prod", x)
    y, rest = _lines("prod", x, axis)
    while len(y) > 1:
        half = len(y) // 2
        halves = f.multiply(
            f.getitem(y, slice(half)), f.getitem(y, slice(half, 2 * half))
        )
        odd = f.getitem(y, slice(2 * half, None))
        y = f.concat(halves, odd) if len(odd) else halves
    if not len(y):
        y = bare(np.ones((1, *rest), y.dtype))
    if keepdims:
        axes = axes_of("prod", axis, x.ndim)
        rest = tuple([1 if i in axes else n for i, n in enumerate(x.shape)])
    return f.reshape(y, rest)


def _line_axis(op: str, x: Tensor, axis: int | None) -> int:
    """The axis to run along; None where there is only one."""
    if axis is None and x.ndim != 1:
        raise ShapeError(
            f"{op}: needs an axis for shape {x.shape}; for all elements in one row "
            "use x.reshape(-1)"
        )
    return axes_of(op, 0 if axis is None else axis, x.ndim)[0]


def _with_initial(y: Tensor, axis: int, value: float) -> Tensor:
    """A first element put before each row."""
    shape = (*y.shape[:axis], 1, *y.shape[axis + 1 :])
    return f.concat(bare(np.full(shape, value, y.dtype)), y, axis=axis)


def cumulative_sum(
    x: Operand,
    /,
    axis: int | None = None,
    dtype: DTypeLike | None = None,
    include_initial: bool = False,
) -> Tensor:
    """Sums of the elements up to each place. Array API ``cumulative_sum``.

    Args:
        x: Numbers.
        axis: To run along; it can be left out if there is only one.
        dtype: To add in; that of `x` (for small integers a larger one) by default.
        include_initial: Put a 0, the sum of nothing, before each row.

    Raises:
        ShapeError: No axis, or one out of range.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.cumulative_sum(tg.Tensor([1.0, 2.0, 3.0]))
        Tensor([1., 3., 6.])
    """
    x = as_tensor("cumulative_sum", x)
    axis = _line_axis("cumulative_sum", x, axis)
    y = f.cumulative_sum(x if dtype is None else x.astype(dtype), axis=axis)
    return _with_initial(y, axis, 0) if include_initial else y


def cumulative_prod(
    x: Operand,
    /,
    axis: int | None = None,
    dtype: DTypeLike | None = None,
    include_initial: bool = False,
) -> Tensor:
    """Products of the elements up to each place. Array API ``cumulative_prod``.

    It takes the arguments of `cumulative_sum`; the product of nothing is 1. Each
    round doubles how many are multiplied, so the gradient is right at zeros too.

    Raises:
        ShapeError: No axis, or one out of range.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.cumulative_prod(tg.Tensor([1.0, 2.0, 3.0, 0.0]))
        Tensor([1., 2., 6., 0.])
    """
    x = as_tensor("cumulative_prod", x)
    axis = _line_axis("cumulative_prod", x, axis)
    y, _ = _lines("cumulative_prod", x if dtype is None else x.astype(dtype), axis)
    done = 1
    while done < len(y):
        ahead = f.getitem(y, slice(done, None))
        behind = f.getitem(y, slice(len(y) - done))
        y = f.concat(f.getitem(y, slice(done)), f.multiply(ahead, behind))
        done *= 2
    y = f.permute_dims(y, (*range(1, axis + 1), 0, *range(axis + 1, x.ndim)))
    return _with_initial(y, axis, 1) if include_initial else y


# --- counts ------------------------------------------------------------------------


def count_nonzero(x: Operand, /, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """How many elements over `axis` are not 0. Array API. No gradient.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.count_nonzero(tg.Tensor([0.0, 3.0, np.nan]))
        Tensor(2, dtype=int64)
    """
    found = f.not_equal(as_tensor("count_nonzero", x), 0)
    return f.sum(found, axis=axis, keepdims=keepdims)
