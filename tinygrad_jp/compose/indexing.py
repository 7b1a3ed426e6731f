"""Elements picked by index or by size, and places of elements.

Indices are copied when an op is recorded, so they may be changed afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp.compose.arguments import axes_of, frozen, ints_of, part, picked_shape
from tinygrad_jp.compose.shape import flatten
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import as_tensor, bare, real_dtype

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from tinygrad_jp.tensor import Tensor

Operand = Any


def getitem(x: Operand, /, index: Any) -> Tensor:
    """``x[index]``: ints, slices, None, Ellipsis, integer and boolean arrays.

    An element that is picked several times gets the sum of their gradients.

    Raises:
        ShapeError: An index out of range, or more of them than axes.
        TypeError: An index array of another kind than integers and booleans.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.getitem(tg.Tensor([1.0, 2.0, 3.0]), index=[0, 2])
        Tensor([1., 3.])
    """
    return f.getitem(x, index=frozen(index))


def scatter_add(x: Operand, /, index: Any, shape: Any) -> Tensor:
    """Zeros of `shape` with `x` added at `index`: what undoes `getitem`.

    Raises:
        ShapeError: An index out of range, or `x` does not broadcast to the shape that
            `index` picks.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.scatter_add(tg.Tensor([1.0, 5.0]), index=[2, 2], shape=3)
        Tensor([0., 0., 6.])
    """
    lengths = ints_of("scatter_add", "shape", shape)
    places = frozen(index)
    picked = picked_shape("scatter_add", places, lengths)
    x = as_tensor("scatter_add", x)
    if x.shape != picked:
        try:
            x = f.broadcast_to(x, shape=picked)
        except ShapeError:
            raise ShapeError(
                f"scatter_add: x must broadcast to {picked}, which the index picks of "
                f"{lengths}, got {x.shape}"
            ) from None
    return f.scatter_add(x, index=places, shape=lengths)


def _places(op: str, indices: Operand, name: str = "indices") -> NDArray[Any]:
    """Integers that say where; a copy."""
    found: NDArray[Any] = np.array(indices)
    if not found.size:
        return found.astype(np.intp)
    if found.dtype.kind not in "iu":
        raise TypeError(f"{op}: {name} must be integers, got {found.dtype}")
    return found


def _check_range(op: str, indices: NDArray[Any], axis: int, length: int) -> None:
    wrong = (indices < -length) | (indices >= length)
    if wrong.any():
        allowed = f"0 to {length - 1}, or {-length} to -1" if length else "it has none"
        raise ShapeError(
            f"{op}: index {indices[wrong][0]} is out of range for axis {axis} of "
            f"length {length} ({allowed})"
        )


def take(x: Operand, indices: Operand, /, axis: int | None = None) -> Tensor:
    """The elements of an axis at `indices`. Array API ``take``; NumPy's ``np.take``.

    Args:
        x: Any shape.
        indices: Integers of any shape, which takes the place of the axis.
        axis: Along which axis; of `x` flattened where it is None.

    Raises:
        ShapeError: `axis` or an index out of range.
        TypeError: Indices that are not integers.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.take(tg.Tensor([[1.0, 2.0, 3.0]]), [2, 2, 0], axis=1)
        Tensor([[3., 3., 1.]])
    """
    x = flatten(x) if axis is None else as_tensor("take", x)
    (axis,) = axes_of("take", (axis or 0,), x.ndim)
    places = _places("take", indices)
    _check_range("take", places, axis, x.shape[axis])
    return f.getitem(x, index=part(axis, places))


def take_along_axis(x: Operand, indices: Operand, /, axis: int | None = -1) -> Tensor:
    """For each line along `axis` the elements at its own `indices`. Array API.

    What `argsort` and `argmax` (with ``keepdims=True``) return fits. Along the other
    axes `x` and `indices` broadcast. PyTorch's ``gather``, nearly.

    Raises:
        ShapeError: `axis` or an index out of range, or shapes that do not fit.
        TypeError: Indices that are not integers.

    Example:
        >>> import tinygrad_jp as tg
        >>> x = tg.Tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> tg.take_along_axis(x, [[1], [0]], axis=1)
        Tensor([[2.],
                [3.]])
    """
    x = flatten(x) if axis is None else as_tensor("take_along_axis", x)
    (axis,) = axes_of("take_along_axis", (-1 if axis is None else axis,), x.ndim)
    places = _places("take_along_axis", indices)
    fits = places.ndim == x.ndim and all(
        n == m or 1 in (n, m) or i == axis
        for i, (n, m) in enumerate(zip(x.shape, places.shape))
    )
    if not fits:
        raise ShapeError(
            f"take_along_axis: indices must have the shape of x but along axis {axis}, "
            f"got x {x.shape} and indices {places.shape}"
        )
    _check_range("take_along_axis", places, axis, x.shape[axis])
    index: list[Any] = []
    for i, n in enumerate(x.shape):
        line = [1] * x.ndim
        line[i] = n
        index.append(places if i == axis else np.arange(n).reshape(line))
    return f.getitem(x, index=tuple(index))


def sort(
    x: Operand, /, axis: int | None = -1, descending: bool = False, stable: bool = True
) -> Tensor:
    """The elements along `axis` in order. Array API ``sort``.

    Each gradient goes back to where its element came from; among equal elements the
    first stays first, whatever `stable` says. NaN counts as larger than any number.

    Raises:
        ShapeError: `axis` out of range.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.sort(tg.Tensor([3.0, 1.0, 2.0]))
        Tensor([1., 2., 3.])
    """
    x = flatten(x) if axis is None else as_tensor("sort", x)
    (axis,) = axes_of("sort", (-1 if axis is None else axis,), x.ndim)
    order = f.argsort(x, axis=axis, descending=descending)
    return take_along_axis(x, order, axis)


class TopK(NamedTuple):
    """What `topk` returns: the elements, and where they were.

    Example:
        >>> import tinygrad_jp as tg
        >>> values, indices = tg.topk(tg.Tensor([3.0, 1.0, 2.0]), 2)
    """

    values: Tensor
    indices: Tensor


def topk(x: Operand, /, k: int, axis: int = -1, largest: bool = True) -> TopK:
    """The `k` largest elements along `axis`, and where they are. PyTorch's ``topk``.

    They come in order, the best first, equal ones in the order of `x`. The values
    carry gradients, the indices none.

    Raises:
        ShapeError: `axis` out of range, or it holds fewer than `k` elements.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.topk(tg.Tensor([3.0, 1.0, 2.0]), 2)
        TopK(values=Tensor([3., 2.]), indices=Tensor([0, 2], dtype=int64))
    """
    x = as_tensor("topk", x)
    (axis,) = axes_of("topk", (axis,), x.ndim)
    if not 0 <= k <= x.shape[axis]:
        raise ShapeError(
            f"topk: k must be 0 to {x.shape[axis]}, the length of axis {axis}, got {k}"
        )
    order = f.argsort(x, axis=axis, descending=largest)
    indices = f.getitem(order, index=part(axis, slice(k)))
    return TopK(take_along_axis(x, indices, axis), indices)


def one_hot(
    labels: Operand, /, num_classes: int, dtype: DTypeLike = np.float64
) -> Tensor:
    """Rows of zeros with a single 1, at the label. PyTorch's ``one_hot``.

    Shapes: ``(...) -> (..., num_classes)``. A constant: no gradient. The book calls
    it the one-hot form of the labels (chapter 3.6).

    Raises:
        ShapeError: A label that is not in ``0 .. num_classes - 1``.
        TypeError: Labels that are not integers.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.one_hot([2, 0], 3)
        Tensor([[0., 0., 1.],
                [1., 0., 0.]])
    """
    places = _places("one_hot", labels, "labels")
    wrong = (places < 0) | (places >= num_classes)
    if wrong.any():
        raise ShapeError(
            f"one_hot: labels must be 0 to {num_classes - 1} for {num_classes} "
            f"classes, got {places[wrong][0]}"
        )
    rows = places[..., None] == np.arange(num_classes)
    return bare(rows.astype(real_dtype(dtype)))


def nonzero(x: Operand, /) -> tuple[Tensor, ...]:
    """Where the elements are not zero: their indices, axis by axis. Array API.

    No gradient; ``x[tg.nonzero(x)]`` picks them, with one.

    Raises:
        ShapeError: A scalar, which has no axis.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.nonzero(tg.Tensor([0.0, 5.0, 7.0]))
        (Tensor([1, 2], dtype=int64),)
    """
    x = as_tensor("nonzero", x)
    if not x.ndim:
        raise ShapeError("nonzero: needs at least one axis, got a scalar; use x != 0")
    return tuple([bare(places) for places in np.nonzero(x.data)])
