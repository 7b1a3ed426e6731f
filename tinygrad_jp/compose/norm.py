"""Lengths of vectors, of any order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp.compose.arguments import axes_of
from tinygrad_jp.compose.reduction import count_nonzero
from tinygrad_jp.operands import as_tensor
from tinygrad_jp.ops.reduction import Axis

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any


def vector_norm(
    x: Operand, /, axis: Axis = None, keepdims: bool = False, ord: float = 2
) -> Tensor:
    """``sum(|x|**ord) ** (1 / ord)`` over `axis`. Array API ``linalg.vector_norm``.

    Args:
        x: Numbers.
        axis: None for all elements, an int, or a tuple of ints.
        keepdims: Leave the reduced axes with length 1.
        ord: Any number; inf gives the largest ``|x|`` and -inf the least, 0 how many
            are not 0 (no gradient).

    The gradient is 0 where all elements are 0; with ``ord=inf`` ties share. Elements
    that are 0 get the gradient 0.

    Raises:
        TypeError: `ord` is no number.

    Example:
        >>> import tinygrad_jp as tg
        >>> x = tg.Tensor([3.0, -4.0])
        >>> tg.vector_norm(x), tg.vector_norm(x, ord=1), tg.vector_norm(x, ord=np.inf)
        (Tensor(5.), Tensor(7.), Tensor(4.))
    """
    x = as_tensor("vector_norm", x)
    if not isinstance(ord, (int, float, np.integer, np.floating)):
        raise TypeError(f"vector_norm: ord must be a number, got {ord!r}")
    if x.dtype.kind != "f":
        x = f.astype(x, np.float64)
    if ord == 2:
        return f.norm(x, axis=axis, keepdims=keepdims)
    if ord == 0:
        return f.astype(count_nonzero(x, axis, keepdims), x.dtype)
    size = f.abs(x)
    if ord == np.inf:
        return f.max(size, axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return f.min(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return f.sum(size, axis=axis, keepdims=keepdims)
    return _p_norm(size, axis, keepdims, float(ord))


def _p_norm(size: Tensor, axis: Axis, keepdims: bool, p: float) -> Tensor:
    """The norm of any order of numbers from 0 up."""
    if p < 0:
        total = f.sum(f.pow(size, p), axis=axis, keepdims=keepdims)
        return f.pow(total, 1.0 / p)
    if not size.size:
        return f.sum(size, axis=axis, keepdims=keepdims)
    # In units of the largest, which may be any number for the gradient, nothing
    # overflows; 1 where the largest is 0 or inf.
    unit = f.max(size.detach(), axis=axis, keepdims=True)
    usable = f.bitwise_and(f.greater(unit, 0.0), f.less(unit, np.inf))
    unit = f.where(usable, unit, 1.0)
    # A 0 stands aside: for p below 1 the slope of its power is infinite.
    nothing = f.equal(size, 0.0)
    part = f.add(f.divide(size, unit), nothing)
    powers = f.multiply(f.pow(part, p), f.bitwise_invert(nothing))
    total = f.sum(powers, axis=axis, keepdims=True)
    empty = f.equal(total, 0.0)
    root = f.pow(f.add(total, empty), 1.0 / p)
    length = f.multiply(root, f.multiply(unit, f.bitwise_invert(empty)))
    return length if keepdims else f.max(length, axis=axis)


def norm(
    x: Operand,
    /,
    ord: float | str | None = None,
    axis: Axis = None,
    keepdims: bool = False,
) -> Tensor:
    """Length of vectors, as NumPy's ``np.linalg.norm`` has it.

    Without `ord` it is the root of the sum of squares, over any axes; with a number
    it is that norm of vectors (`vector_norm`); with ``"fro"`` the Frobenius norm of
    matrices. The gradient at 0 is 0.

    Raises:
        ValueError: Another norm of matrices.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.norm(tg.Tensor([[3.0, 4.0], [0.0, 0.0]]), axis=1)
        Tensor([5., 0.])
    """
    x = as_tensor("norm", x)
    if ord is not None:
        count = len(axes_of("norm", axis, x.ndim))
        if ord == "fro" and count == 2:
            ord = None
        elif isinstance(ord, str) or count > 1:
            raise ValueError(
                f"norm: ord={ord!r} over {count} axes is not there: of the norms of "
                "matrices only 'fro' is; for that of all elements in one row use "
                "tg.vector_norm"
            )
    return vector_norm(x, axis, keepdims, 2 if ord is None else ord)
