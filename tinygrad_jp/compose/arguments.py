"""What compositions ask of their arguments, said once."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import as_tensor
from tinygrad_jp.ops.reduction import Axis
from tinygrad_jp.ops.window import Lengths, Pairs, window_counts

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor


def axes_of(op: str, axis: Axis, ndim: int) -> tuple[int, ...]:
    """Axes as non-negative numbers, checked.

    Raises:
        ShapeError: An axis out of range or given twice.
    """
    if axis is None:
        return tuple(range(ndim))
    given = ints_of(op, "axis", axis)
    found = []
    for i in given:
        if not -ndim <= i < ndim:
            raise ShapeError(
                f"{op}: axis {i} is out of range for {ndim} axes "
                f"(0 to {ndim - 1}, or {-ndim} to -1)"
                if ndim
                else f"{op}: axis {i} given, but a scalar has no axis"
            )
        found.append(i % ndim)
    if len(set(found)) < len(found):
        raise ShapeError(f"{op}: an axis is given twice in {axis}")
    return tuple(found)


def ints_of(op: str, name: str, given: Any) -> tuple[int, ...]:
    """An int, or several, as a tuple that the caller cannot change any more.

    Raises:
        TypeError: Something else than ints.
    """
    try:
        return (index(given),)
    except TypeError:
        pass
    try:
        return tuple([index(i) for i in given])
    except TypeError:
        raise TypeError(f"{op}: {name} must be an int or ints, got {given!r}") from None


def part(axis: int, picked: Any) -> tuple[Any, ...]:
    """The index that picks along one axis, which is not negative."""
    return (*[slice(None)] * axis, picked)


def frozen(given: Any) -> Any:
    """An index whose arrays nobody else can change, with Tensors as arrays.

    Raises:
        TypeError: An array of something else than integers and booleans.
    """
    if isinstance(given, tuple):
        return tuple([frozen(one) for one in given])
    if not isinstance(given, list) and not hasattr(given, "__array__"):
        return given
    if isinstance(given, np.generic):
        return given
    array = np.array(given)
    if array.dtype.kind not in "iub" and array.size:
        raise TypeError(
            f"x[index]: an index array must hold integers or booleans, got "
            f"{array.dtype}"
        )
    return array if array.size else array.astype(np.intp)


def picked_shape(op: str, index: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of what an index picks of an array.

    Raises:
        ShapeError: An index out of range, or more of them than axes.
    """
    try:
        picked: tuple[int, ...] = np.broadcast_to(np.False_, shape)[index].shape
    except IndexError as error:
        raise ShapeError(f"{op}: {error}; got x {shape}") from None
    return picked


def written_index(given: Any) -> str:
    """An index as one writes it between brackets."""
    if isinstance(given, tuple) and given:
        comma = "," if len(given) == 1 else ""
        return ", ".join(map(written_index, given)) + comma
    if isinstance(given, slice):
        ends = ["" if end is None else str(end) for end in (given.start, given.stop)]
        step = [] if given.step is None else [str(given.step)]
        return ":".join([*ends, *step])
    if given is Ellipsis:
        return "..."
    if hasattr(given, "tolist"):
        given = given.tolist()
    text = repr(given)
    return text if len(text) <= 40 else "index"


# --- windows ---------------------------------------------------------------------


def per_axis(op: str, name: str, given: Any, count: int, least: int = 1) -> Lengths:
    """One int for each of `count` axes, of one int or as many."""
    numbers = ints_of(op, name, given)
    if len(numbers) == 1:
        numbers *= count
    if len(numbers) != count:
        raise ShapeError(
            f"{op}: {name} must be an int or one for each of {count} spatial axes, "
            f"got {given!r}"
        )
    if min(numbers, default=least) < least:
        raise ValueError(f"{op}: {name} must be at least {least}, got {given!r}")
    return numbers


def padding_of(op: str, given: Any, count: int) -> Pairs:
    """Padding before and after each axis, of an int or of an int or pair per axis."""
    try:
        entries = list(given)
    except TypeError:
        entries = [given] * count
    if len(entries) != count:
        raise ShapeError(
            f"{op}: padding must be an int, or an int or a pair (before, after) for "
            f"each of {count} spatial axes, got {given!r}"
        )
    pairs = []
    for entry in entries:
        before, after = per_axis(op, "padding", entry, 2, least=0)
        pairs.append((before, after))
    return tuple(pairs)


def counts_of(op: str, spatial: Lengths, *settings: Any) -> Lengths:
    """How many windows fit along each axis, of size, stride, padding and dilation."""
    try:
        return window_counts(spatial, *settings)
    except ValueError as error:
        raise ShapeError(f"{op}: {error}; the spatial shape is {spatial}") from None


def features_of(op: str, x: Any, count: int | None = None) -> Tensor:
    """A batch with channels and spatial axes, `count` of them where it is given."""
    batch = as_tensor(op, x)
    if batch.ndim < 3 or (count is not None and batch.ndim != count + 2):
        axes = "*spatial" if count is None else f"{count} spatial axes"
        raise ShapeError(f"{op}: x must have shape (N, C, {axes}), got {batch.shape}")
    return batch
