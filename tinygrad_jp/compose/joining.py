"""Arrays joined, cut and repeated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp.compose.arguments import axes_of, ints_of, part
from tinygrad_jp.compose.shape import expand_dims, flatten
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import as_tensor

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any


def concat(arrays: Sequence[Operand], /, axis: int | None = 0) -> Tensor:
    """Tensors joined along an axis that they have. Array API ``concat``.

    With ``axis=None`` each is flattened first.

    Raises:
        ShapeError: No tensor, or shapes that differ at another axis.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.concat([tg.Tensor([1.0]), tg.Tensor([2.0, 3.0])])
        Tensor([1., 2., 3.])
    """
    if axis is None:
        return f.concat(*[flatten(x) for x in arrays])
    return f.concat(*arrays, axis=axis)


def stack(arrays: Sequence[Operand], /, axis: int = 0) -> Tensor:
    """Tensors of one shape, side by side along a new axis. Array API ``stack``.

    Raises:
        ShapeError: No tensor, shapes that differ, or `axis` out of range.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.stack([tg.Tensor([1.0, 2.0]), tg.Tensor([3.0, 4.0])], axis=1)
        Tensor([[1., 3.],
                [2., 4.]])
    """
    tensors = [as_tensor("stack", x) for x in arrays]
    if not tensors:
        raise ShapeError("stack: needs at least one tensor, got none")
    shapes = list(dict.fromkeys([x.shape for x in tensors]))
    if len(shapes) > 1:
        raise ShapeError(
            f"stack: all must have one shape, got {' and '.join(map(str, shapes))}"
        )
    (axis,) = axes_of("stack", (axis,), tensors[0].ndim + 1)
    return f.concat(*[expand_dims(x, axis) for x in tensors], axis=axis)


def split(
    x: Operand, /, indices_or_sections: int | Sequence[int], axis: int = 0
) -> tuple[Tensor, ...]:
    """Pieces of `x` along an axis. NumPy's ``np.split``, not PyTorch's.

    An int is the number of pieces, all of one length (PyTorch's ``split`` takes the
    length of a piece); a sequence holds the places to cut at.

    Raises:
        ShapeError: The axis does not divide into so many equal pieces.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.split(tg.Tensor([1.0, 2.0, 3.0, 4.0]), 2)
        (Tensor([1., 2.]), Tensor([3., 4.]))
        >>> [len(piece) for piece in tg.split(tg.arange(6.0), [1, 3])]
        [1, 2, 3]
    """
    x = as_tensor("split", x)
    (axis,) = axes_of("split", (axis,), x.ndim)
    length = x.shape[axis]
    cuts = ints_of("split", "indices_or_sections", indices_or_sections)
    if np.ndim(indices_or_sections) == 0:
        (count,) = cuts
        if count < 1 or length % count:
            raise ShapeError(
                f"split: axis {axis} of length {length} does not divide into {count} "
                f"equal pieces; give the places to cut at, such as "
                f"[{max(length // 2, 1)}]"
            )
        cuts = tuple(range(0, length, length // count))[1:] if length else ()
        cuts = cuts if length else (0,) * (count - 1)
    edges = zip((0, *cuts), (*cuts, length))
    return tuple([f.getitem(x, part(axis, slice(*edge))) for edge in edges])


def unstack(x: Operand, /, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices of `x` along an axis, which they lack. Array API ``unstack``.

    Raises:
        ShapeError: `axis` out of range.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.unstack(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]))
        (Tensor([1., 2.]), Tensor([3., 4.]))
    """
    x = as_tensor("unstack", x)
    (axis,) = axes_of("unstack", (axis,), x.ndim)
    return tuple([f.getitem(x, part(axis, i)) for i in range(x.shape[axis])])


def tile(x: Operand, /, reps: int | Sequence[int]) -> Tensor:
    """`x` laid side by side `reps` times along each axis. Array API ``tile``.

    Where `reps` is longer or shorter than the shape, ones are put before it.

    Raises:
        ShapeError: A negative number of times.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.tile(tg.Tensor([1.0, 2.0]), (2, 2))
        Tensor([[1., 2., 1., 2.],
                [1., 2., 1., 2.]])
    """
    x = as_tensor("tile", x)
    times = _counts("tile", "reps", reps)
    ndim = max(x.ndim, len(times))
    times = (1,) * (ndim - len(times)) + times
    shape = (1,) * (ndim - x.ndim) + x.shape
    pairs = list(zip(times, shape))
    apart = f.reshape(x, shape=tuple([m for n in shape for m in (1, n)]))
    wide = f.broadcast_to(apart, shape=tuple([m for pair in pairs for m in pair]))
    return f.reshape(wide, shape=tuple([n * m for n, m in pairs]))


def repeat(
    x: Operand, /, repeats: int | Sequence[int], axis: int | None = None
) -> Tensor:
    """Each element of an axis `repeats` times in a row. Array API ``repeat``.

    With ``axis=None`` `x` is flattened first. PyTorch's method ``repeat`` is `tile`.

    Args:
        x: Any shape.
        repeats: How often: an int, or one for each element along the axis.
        axis: Along which axis.

    Raises:
        ShapeError: A negative number of times, or not one for each element.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.repeat(tg.Tensor([1.0, 2.0]), 2)
        Tensor([1., 1., 2., 2.])
        >>> tg.repeat(tg.Tensor([1.0, 2.0]), [1, 3])
        Tensor([1., 2., 2., 2.])
    """
    x = flatten(x) if axis is None else as_tensor("repeat", x)
    (axis,) = axes_of("repeat", (axis or 0,), x.ndim)
    before, length, after = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    times = _counts("repeat", "repeats", repeats)
    if len(times) == 1:
        apart = f.reshape(x, shape=(*before, length, 1, *after))
        wide = f.broadcast_to(apart, shape=(*before, length, times[0], *after))
        return f.reshape(wide, shape=(*before, length * times[0], *after))
    if len(times) != length:
        raise ShapeError(
            f"repeat: needs one number of times for each of the {length} elements of "
            f"axis {axis}, got {len(times)}"
        )
    return f.getitem(x, part(axis, np.repeat(np.arange(length), times)))


def _counts(op: str, name: str, given: int | Sequence[int]) -> tuple[int, ...]:
    times = ints_of(op, name, given)
    if min(times, default=0) < 0:
        raise ShapeError(f"{op}: {name} must not be negative, got {given}")
    return times
