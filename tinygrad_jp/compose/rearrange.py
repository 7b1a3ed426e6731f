"""Elements in another order, with others around them, and what lies between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp.compose.arguments import axes_of, ints_of, part
from tinygrad_jp.compose.joining import concat
from tinygrad_jp.compose.shape import atleast_1d, broadcast_to, flatten
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import as_tensor, bare, constant, weak
from tinygrad_jp.ops.reduction import Axis

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any
_MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def flip(x: Operand, /, axis: Axis = None) -> Tensor:
    """The elements in reverse order along `axis`, by default all. Array API ``flip``.

    Raises:
        ShapeError: An axis out of range, or given twice.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.flip(tg.Tensor([1.0, 2.0, 3.0]))
        Tensor([3., 2., 1.])
    """
    x = as_tensor("flip", x)
    turned = axes_of("flip", axis, x.ndim)
    steps = [slice(None, None, -1 if i in turned else None) for i in range(x.ndim)]
    return f.getitem(x, index=tuple(steps))


def roll(
    x: Operand, /, shift: int | Sequence[int], axis: int | Sequence[int] | None = None
) -> Tensor:
    """The elements moved on along `axis`, the last coming round to the front.

    Array API ``roll``. With ``axis=None`` through all elements as in one row; one
    shift serves several axes, and shifts along one axis add up.

    Raises:
        ShapeError: An axis out of range, or not one shift for each axis.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.roll(tg.Tensor([1.0, 2.0, 3.0]), 1)
        Tensor([3., 1., 2.])
    """
    out = as_tensor("roll", x)
    shifts = ints_of("roll", "shift", shift)
    if axis is None:
        return f.reshape(roll(flatten(out), sum(shifts), 0), shape=out.shape)
    places = ints_of("roll", "axis", axis)
    if len(shifts) != len(places) and 1 not in (len(shifts), len(places)):
        raise ShapeError(
            f"roll: needs one shift for each axis, got {len(shifts)} shifts and "
            f"{len(places)} axes"
        )
    count = max(len(shifts), len(places))
    steps: dict[int, int] = {}
    for n, place in zip(
        shifts * (count // len(shifts)), places * (count // len(places))
    ):
        (i,) = axes_of("roll", (place,), out.ndim)
        steps[i] = steps.get(i, 0) + n
    for i, n in steps.items():
        cut = -n % out.shape[i] if out.shape[i] else 0
        if cut:
            front, back = out[part(i, slice(cut))], out[part(i, slice(cut, None))]
            out = f.concat(back, front, axis=i)
    return out


def pad(
    x: Operand,
    /,
    pad_width: int | Sequence[Any] | Mapping[int, Any],
    mode: Literal["constant", "edge", "reflect", "symmetric", "wrap"] = "constant",
    constant_values: Any = 0,
) -> Tensor:
    """`x` with elements put around it. NumPy's ``np.pad``.

    What is put there comes from `x`, so gradients flow back from it; constants have
    no gradient.

    Args:
        x: Any shape.
        pad_width: How many before and after: ``n`` for all, ``(before, after)`` for
            each axis alike, ``((before, after), ...)`` one pair per axis, or
            ``{axis: (before, after)}``.
        mode: "constant"; "edge" repeats the outermost; "reflect" mirrors without
            repeating it, "symmetric" repeats it; "wrap" goes round.
        constant_values: In "constant" the number, in the same forms as `pad_width`.

    Raises:
        ShapeError: A negative width, widths that do not fit the axes, or elements
            asked of an empty axis.
        ValueError: Another mode.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.pad(tg.Tensor([1.0, 2.0, 3.0]), (1, 2))
        Tensor([0., 1., 2., 3., 0., 0.])
        >>> tg.pad(tg.Tensor([1.0, 2.0, 3.0]), 2, mode="reflect")
        Tensor([3., 2., 1., 2., 3., 2., 1.])
    """
    out = as_tensor("pad", x)
    widths = _widths(pad_width, out.shape)
    if mode not in _MODES:
        raise ValueError(f"pad: mode must be one of {', '.join(_MODES)}, got {mode!r}")
    if mode == "constant":
        return _with_constants(out, widths, constant_values)
    for i, width in enumerate(widths):
        if width == (0, 0):
            continue
        if not out.shape[i]:
            raise ShapeError(
                f"pad: mode {mode!r} takes elements from axis {i}, which has none in "
                f"shape {out.shape}; use mode='constant'"
            )
        places = np.pad(np.arange(out.shape[i]), width, mode)
        out = f.getitem(out, index=part(i, places))
    return out


def _widths(given: Any, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """NumPy's forms of `pad_width` as a pair for each axis."""
    if isinstance(given, Mapping):
        pairs = [(0, 0)] * len(shape)
        for key, width in given.items():
            (i,) = axes_of("pad", (key,), len(shape))
            before, after = np.broadcast_to(width, 2)
            pairs[i] = before, after
        given = pairs or 0
    widths = np.asarray(given)
    if widths.dtype.kind not in "iu":
        raise TypeError(f"pad: pad_width must hold ints, got {given!r}")
    try:
        wide = np.broadcast_to(widths, (len(shape), 2))
    except ValueError:
        raise ShapeError(
            f"pad: pad_width must be an int, (before, after), or one such pair for "
            f"each of the {len(shape)} axes of shape {shape}, got {given!r}"
        ) from None
    if wide.size and wide.min() < 0:
        raise ShapeError(
            f"pad: pad_width must not be negative, got {given!r}; to cut off use "
            "a slice"
        )
    return [(before, after) for before, after in wide.tolist()]


def _with_constants(x: Tensor, widths: list[tuple[int, int]], values: Any) -> Tensor:
    if getattr(values, "requires_grad", False):
        raise TypeError(
            "pad: constant_values are constants, got a tensor that requires a "
            "gradient; use concat"
        )
    lengths = [n + sum(width) for n, width in zip(x.shape, widths)]
    middle = [slice(before, before + n) for n, (before, _) in zip(x.shape, widths)]
    padded = f.scatter_add(x, index=tuple(middle), shape=tuple(lengths))
    constants = constant("pad", values)
    if not constants.any() or not x.ndim:
        return padded
    around = np.pad(
        np.zeros(x.shape, x.dtype), widths, "constant", constant_values=constants
    )
    return f.add(padded, bare(around))


def meshgrid(
    *arrays: Operand, indexing: Literal["xy", "ij"] = "xy", sparse: bool = False
) -> tuple[Tensor, ...]:
    """A grid's coordinates from those along its axes. Array API ``meshgrid``.

    Args:
        *arrays: The coordinates along each axis, 1-D or scalars.
        indexing: "ij": the i-th array goes along axis i. "xy": the first two change
            places, so that the first goes along the columns of a matrix.
        sparse: Leave the lengths of the other axes at 1, for broadcasting.

    Raises:
        ShapeError: An array with more than one axis.
        ValueError: Another `indexing`.

    Example:
        >>> import tinygrad_jp as tg
        >>> x, y = tg.meshgrid(tg.Tensor([1.0, 2.0, 3.0]), tg.Tensor([10.0, 20.0]))
        >>> x + y
        Tensor([[11., 12., 13.],
                [21., 22., 23.]])
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}")
    tensors = [atleast_1d(x) for x in arrays]
    for x in tensors:
        if x.ndim > 1:
            raise ShapeError(f"meshgrid: needs arrays of one axis, got shape {x.shape}")
    axes = list(range(len(tensors)))
    if indexing == "xy":
        axes[:2] = reversed(axes[:2])
    shape = tuple([tensors[i].shape[0] for i in axes])
    found = []
    for axis, x in zip(axes, tensors):
        line = [1] * len(shape)
        line[axis] = x.shape[0]
        apart = f.reshape(x, shape=tuple(line))
        found.append(apart if sparse else broadcast_to(apart, shape))
    return tuple(found)


def diff(
    x: Operand,
    /,
    n: int = 1,
    axis: int = -1,
    prepend: Operand = None,
    append: Operand = None,
) -> Tensor:
    """Each element minus the one before it along `axis`, `n` times over.

    NumPy's ``np.diff``; Array API ``diff``. Of booleans it is refused, since they
    have no difference.

    Args:
        x: At least one axis.
        n: How many times.
        axis: Along which axis.
        prepend: Put before `x` first: a scalar, or an array that fits.
        append: Put after `x` first.

    Raises:
        ShapeError: `axis` out of range, or `prepend` or `append` that does not fit.
        ValueError: A negative `n`.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.diff(tg.Tensor([1.0, 4.0, 9.0]))
        Tensor([3., 5.])
    """
    out = as_tensor("diff", x)
    (axis,) = axes_of("diff", (axis,), out.ndim)
    if n < 0:
        raise ValueError(f"diff: n must not be negative, got {n}")
    ends = [_end(end, out) for end in (prepend, append) if end is not None]
    if ends:
        line = (*out.shape[:axis], 1, *out.shape[axis + 1 :])
        ends = [end if end.ndim else f.broadcast_to(end, shape=line) for end in ends]
        ends.insert(prepend is not None, out)
        out = concat(ends, axis)
    for _ in range(n):
        out = f.subtract(out[part(axis, slice(1, None))], out[part(axis, slice(-1))])
    return out


def _end(value: Operand, x: Tensor) -> Tensor:
    """What to put before or after `x`; a Python scalar takes its precision."""
    if isinstance(value, (int, float)):
        return bare(*weak(value, x.dtype))
    return as_tensor("diff", value)
