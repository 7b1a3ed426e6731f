"""Shapes: axes put in, taken out and exchanged.

Arrays are joined and cut in `tinygrad_jp.compose.joining`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp.compose.arguments import axes_of, ints_of
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import as_tensor
from tinygrad_jp.ops.reduction import Axis

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any


def reshape(x: Operand, /, shape: int | Sequence[int]) -> Tensor:
    """The same elements in another shape; one length may be -1. Array API.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.reshape(tg.Tensor([1.0, 2.0, 3.0, 4.0]), shape=(2, -1))
        Tensor([[1., 2.],
                [3., 4.]])
    """
    return f.reshape(x, shape=ints_of("reshape", "shape", shape))


def permute_dims(x: Operand, /, axes: Sequence[int]) -> Tensor:
    """Axes in another order: axis i of the result is `axes[i]` of x. Array API.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.permute_dims(tg.Tensor([[1.0, 2.0]]), axes=(1, 0))
        Tensor([[1.],
                [2.]])
    """
    return f.permute_dims(x, axes=ints_of("permute_dims", "axes", axes))


def broadcast_to(x: Operand, /, shape: int | Sequence[int]) -> Tensor:
    """`x` repeated along new axes and axes of length 1. Array API.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.broadcast_to(tg.Tensor([1.0, 2.0]), shape=(2, 2))
        Tensor([[1., 2.],
                [1., 2.]])
    """
    return f.broadcast_to(x, shape=ints_of("broadcast_to", "shape", shape))


def expand_dims(x: Operand, /, axis: int | Sequence[int] = 0) -> Tensor:
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
    places = ints_of("expand_dims", "axis", axis)
    ndim = x.ndim + len(places)
    new = axes_of("expand_dims", places, ndim)
    old = iter(x.shape)
    shape = tuple([1 if i in new else next(old) for i in range(ndim)])
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


def flatten(x: Operand, /, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """`x` with the axes from `start_dim` to `end_dim` made into one.

    PyTorch's ``flatten``; without the last two as NumPy's ``np.ravel``.

    Raises:
        ShapeError: An axis out of range, or the last before the first.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.flatten(tg.zeros((2, 3, 4))).shape
        (24,)
        >>> tg.flatten(tg.zeros((2, 3, 4)), start_dim=1).shape
        (2, 12)
    """
    x = as_tensor("flatten", x)
    shape = x.shape or (1,)
    (start,) = axes_of("flatten", (start_dim,), len(shape))
    (end,) = axes_of("flatten", (end_dim,), len(shape))
    if end < start:
        raise ShapeError(
            f"flatten: start_dim must not come after end_dim, got {start_dim} and "
            f"{end_dim} of shape {x.shape}"
        )
    merged = 1
    for length in shape[start : end + 1]:
        merged *= length
    return f.reshape(x, shape=(*shape[:start], merged, *shape[end + 1 :]))


def transpose(x: Operand, /, axes: Sequence[int] | None = None) -> Tensor:
    """The axes reversed, or in the order `axes`. NumPy's ``np.transpose``.

    To exchange two axes, as PyTorch's ``transpose`` does, use `swapaxes`.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.transpose(tg.zeros((2, 3, 4))).shape
        (4, 3, 2)
        >>> tg.transpose(tg.zeros((2, 3, 4)), (0, 2, 1)).shape
        (2, 4, 3)
    """
    x = as_tensor("transpose", x)
    if axes is None:
        return f.permute_dims(x, axes=tuple(reversed(range(x.ndim))))
    return permute_dims(x, axes)


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
    return swapaxes(x, -1, -2)


def swapaxes(x: Operand, /, axis1: int, axis2: int) -> Tensor:
    """`x` with two axes exchanged. NumPy's ``np.swapaxes``.

    Raises:
        ShapeError: An axis out of range.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.swapaxes(tg.zeros((2, 3, 4)), 0, -1).shape
        (4, 3, 2)
    """
    x = as_tensor("swapaxes", x)
    (one,) = axes_of("swapaxes", (axis1,), x.ndim)
    (other,) = axes_of("swapaxes", (axis2,), x.ndim)
    order = list(range(x.ndim))
    order[one], order[other] = other, one
    return f.permute_dims(x, axes=tuple(order))


def moveaxis(
    x: Operand, /, source: int | Sequence[int], destination: int | Sequence[int]
) -> Tensor:
    """`x` with axes moved to other places, the rest in their order. Array API.

    Raises:
        ShapeError: An axis out of range or given twice, or not as many places.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.moveaxis(tg.zeros((2, 3, 4)), 0, -1).shape
        (3, 4, 2)
    """
    x = as_tensor("moveaxis", x)
    taken = axes_of("moveaxis", ints_of("moveaxis", "source", source), x.ndim)
    put = axes_of("moveaxis", ints_of("moveaxis", "destination", destination), x.ndim)
    if len(taken) != len(put):
        raise ShapeError(
            f"moveaxis: needs a place for each axis, got {len(taken)} in source and "
            f"{len(put)} in destination"
        )
    order = [i for i in range(x.ndim) if i not in taken]
    for place, axis in sorted(zip(put, taken)):
        order.insert(place, axis)
    return f.permute_dims(x, axes=tuple(order))


def broadcast_arrays(*arrays: Operand) -> tuple[Tensor, ...]:
    """All operands in the shape that they broadcast to. Array API.

    Raises:
        ShapeError: The shapes do not broadcast.

    Example:
        >>> import tinygrad_jp as tg
        >>> x, y = tg.broadcast_arrays(tg.Tensor([1.0, 2.0]), tg.Tensor([[3.0]]))
        >>> x.shape, y.shape
        ((1, 2), (1, 2))
    """
    tensors = [as_tensor("broadcast_arrays", x) for x in arrays]
    shapes = [x.shape for x in tensors]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(
            f"broadcast_arrays: the shapes do not broadcast: "
            f"{' and '.join(map(str, shapes))}"
        ) from None
    return tuple(
        [x if x.shape == shape else f.broadcast_to(x, shape=shape) for x in tensors]
    )


def atleast_1d(x: Operand, /) -> Tensor:
    """`x` itself, or a scalar as one element. NumPy's, of one operand.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.atleast_1d(3.0)
        Tensor([3.])
    """
    x = as_tensor("atleast_1d", x)
    return x if x.ndim else f.reshape(x, shape=(1,))


def atleast_2d(x: Operand, /) -> Tensor:
    """`x` itself, or what has fewer axes as one row. NumPy's, of one operand.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.atleast_2d([1.0, 2.0])
        Tensor([[1., 2.]])
    """
    x = as_tensor("atleast_2d", x)
    return x if x.ndim > 1 else f.reshape(x, shape=(1, x.size))
