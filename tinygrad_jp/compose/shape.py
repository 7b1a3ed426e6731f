"""Shapes: axes put in, taken out and exchanged, arrays joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tinygrad_jp import functions as f
from tinygrad_jp.compose.arguments import axes_of
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import as_tensor
from tinygrad_jp.ops.reduction import Axis

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any


def expand_dims(x: Operand, /, axis: int | tuple[int, ...] = 0) -> Tensor:
    """`x` with an axis of length 1 put in at each place `axis` of the result.

    Array API ``expand_dims``.

    Raises:
        ShapeError: A place out of range, or given twice.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.expand_dims(tg.Tensor([1.0, 2.0]), axis=1).shape
        (2, 1)
    """
    x = as_tensor("expand_dims", x)
    count = len(axis) if isinstance(axis, tuple) else 1
    new = axes_of("expand_dims", axis, x.ndim + count)
    old = iter(x.shape)
    shape = tuple([1 if i in new else next(old) for i in range(x.ndim + count)])
    return f.reshape(x, shape=shape)


def squeeze(x: Operand, /, axis: Axis = None) -> Tensor:
    """`x` without its axes of length 1, all of them or those named.

    Array API ``squeeze``; ``axis=None`` as in NumPy.

    Raises:
        ShapeError: An axis of another length, out of range, or given twice.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.squeeze(tg.Tensor([[1.0, 2.0]]), axis=0).shape
        (2,)
    """
    x = as_tensor("squeeze", x)
    gone = axes_of("squeeze", axis, x.ndim)
    if axis is None:
        gone = tuple([i for i in gone if x.shape[i] == 1])
    for i in gone:
        if x.shape[i] != 1:
            raise ShapeError(
                f"squeeze: axis {i} must have length 1, got {x.shape[i]} in {x.shape}"
            )
    kept = tuple([n for i, n in enumerate(x.shape) if i not in gone])
    return f.reshape(x, shape=kept)


def matrix_transpose(x: Operand, /) -> Tensor:
    """`x` with its last two axes swapped. Array API ``matrix_transpose``.

    Raises:
        ShapeError: Fewer than two axes.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.matrix_transpose(tg.Tensor([[1.0, 2.0]])).shape
        (2, 1)
    """
    x = as_tensor("matrix_transpose", x)
    if x.ndim < 2:
        raise ShapeError(
            f"matrix_transpose: needs at least 2 axes, got shape {x.shape}"
        )
    axes = (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)
    return f.permute_dims(x, axes=axes)


def concat(arrays: Sequence[Operand], /, *, axis: int = 0) -> Tensor:
    """Tensors joined along an axis that they have. Array API ``concat``.

    Raises:
        ShapeError: No tensor, or shapes that differ at another axis.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.concat([tg.Tensor([1.0]), tg.Tensor([2.0, 3.0])])
        Tensor([1., 2., 3.])
    """
    return f.concat(*arrays, axis=axis)
