"""What compositions ask of their arguments, said once."""

from __future__ import annotations

from operator import index

from tinygrad_jp.errors import ShapeError
from tinygrad_jp.ops.reduction import Axis


def axes_of(op: str, axis: Axis, ndim: int) -> tuple[int, ...]:
    """Axes as non-negative numbers, checked.

    Raises:
        ShapeError: An axis out of range or given twice.
    """
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, tuple) else (axis,)
    found = []
    for i in given:
        if not -ndim <= index(i) < ndim:
            raise ShapeError(
                f"{op}: axis {i} is out of range for {ndim} axes "
                f"(0 to {ndim - 1}, or {-ndim} to -1)"
                if ndim
                else f"{op}: axis {i} given, but a scalar has no axis"
            )
        found.append(index(i) % ndim)
    if len(set(found)) < len(found):
        raise ShapeError(f"{op}: an axis is given twice in {axis}")
    return tuple(found)
