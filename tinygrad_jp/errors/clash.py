"""What clashes, said in columns with marks under the lengths that do not fit.

Pure arithmetic of shapes. Each function returns a message, or "" where it has
nothing to say: then NumPy's own reason stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod
from operator import index
from typing import Any

from tinygrad_jp.errors.layout import WIDTH, Shape, columns, counted, said
from tinygrad_jp.errors.origin import Operand
from tinygrad_jp.errors.repair import broadcast_shape, meeting


def broadcast(op: str, names: Sequence[str], shapes: Sequence[Shape]) -> str:
    """The last axis at which shapes do not broadcast."""
    for back in range(1, max([len(shape) for shape in shapes], default=0) + 1):
        rows = [i for i, s in enumerate(shapes) if len(s) >= back and s[-back] != 1]
        lengths = [shapes[i][-back] for i in rows]
        if len(set(lengths)) > 1:
            first: dict[int, str] = {}
            for i, length in zip(rows, lengths):
                first.setdefault(length, names[i])
            told = [f"{length} in {name}" for length, name in first.items()]
            marks = [(rows[-1], -back, "must be equal, or one of them 1")]
            return said(
                f"{op}: axis -{back} has length {', but '.join(told[:2])}"
                + "".join([f" and {more}" for more in told[2:]]),
                columns(names, shapes, marks),
            )
    return ""


def matmul(names: Sequence[str], shapes: Sequence[Shape]) -> str:
    """The inner axes that differ; else the batch axes."""
    (x, y), (a, b) = shapes, names
    if not x or not y:
        which = a if not x else b
        return said(
            f"matmul: needs at least one axis in each operand, but {which} is a number",
            columns(names, shapes),
        )
    inner = -2 if len(y) > 1 else -1
    if x[-1] != y[inner]:
        left = counted(x[-1], "column" if len(x) > 1 else "element")
        right = counted(y[inner], "row" if len(y) > 1 else "element")
        marks = [(0, -1, ""), (1, inner, "must be equal")]
        return said(
            f"matmul: {a} has {left}, but {b} has {right}",
            columns(names, shapes, marks),
        )
    for back in range(3, min(len(x), len(y)) + 1):
        if x[-back] != y[-back] and 1 not in (x[-back], y[-back]):
            marks = [(1, -back, "must be equal, or one of them 1")]
            return said(
                f"matmul: batch axis -{back} has length {x[-back]} in {a}, "
                f"but {y[-back]} in {b}",
                columns(names, shapes, marks),
            )
    return ""


def concat(names: Sequence[str], shapes: Sequence[Shape], axis: Any) -> str:
    """The operand, and its axis, that does not fit the first one."""
    if not shapes or axis is None:
        return ""
    first = shapes[0]
    if not first:
        return f"concat: {names[0]} is a number; only arrays with axes can be joined"
    place = axis_range("concat", names[0], first, axis)
    if place:
        return place
    joined = axis % len(first)
    for i, shape in enumerate(shapes):
        pair = [names[0], names[i]], [first, shape]
        if len(shape) != len(first):
            return said(
                f"concat: {names[0]} has {counted(len(first), 'axis')}, "
                f"but {names[i]} has {len(shape)}",
                columns(*pair),
            )
        for j, (n, m) in enumerate(zip(first, shape)):
            if j != joined and n != m:
                note = f"must be equal: only axis {joined} may differ"
                marks = [(1, j - len(first), note)]
                return said(
                    f"concat: axis {j} has length {n} in {names[0]}, "
                    f"but {m} in {names[i]}",
                    columns(*pair, marks),
                )
    return ""


def reshape(name: str, shape: Shape, wanted: Any) -> str:
    """Numbers of elements that differ."""
    if not isinstance(wanted, tuple) or any(n < -1 for n in wanted):
        return ""
    if wanted.count(-1) > 1:
        return said(
            f"reshape: only one length may be -1, got {wanted} for {name} {shape}"
        )
    size = prod(shape)
    rest = prod([n for n in wanted if n != -1])
    text = f"reshape: the {counted(size, 'element')} of {name} {shape} "
    if -1 in wanted and rest == 0:
        return said(f"{text}leave open what -1 is in {wanted}")
    if -1 in wanted and size % rest:
        return said(f"{text}do not fit {wanted}: {size} is no multiple of {rest}")
    if -1 not in wanted and rest != size:
        return said(f"{text}do not fit {wanted}, which has {rest}")
    return ""


def broadcast_to(name: str, shape: Shape, wanted: Any) -> str:
    """An axis that cannot be repeated to the length that is wanted."""
    if not isinstance(wanted, tuple) or any(n < 0 for n in wanted):
        return ""
    pair = [name, "wanted"], [shape, wanted]
    if len(shape) > len(wanted):
        return said(
            f"broadcast_to: {name} has {counted(len(shape), 'axis')}, "
            f"but only {len(wanted)} are wanted",
            columns(*pair),
        )
    for back in range(1, len(shape) + 1):
        n, m = shape[-back], wanted[-back]
        if n not in (1, m):
            return said(
                f"broadcast_to: axis -{back} of {name} has length {n}, "
                f"but {m} is wanted",
                columns(*pair, [(1, -back, "only a 1 can be repeated")]),
            )
    return ""


def permute_dims(name: str, shape: Shape, axes: Any) -> str:
    """Axes that are missing, repeated or not there."""
    if not isinstance(axes, tuple):
        return ""
    count = len(shape)
    for axis in axes:
        if not -count <= index(axis) < count:
            return axis_range("permute_dims", name, shape, axis)
    found = [axis % count for axis in axes]
    for axis in found:
        if found.count(axis) > 1:
            return said(
                f"permute_dims: repeated axis {axis} in {axes}; each of the "
                f"{counted(count, 'axis')} of {name} {shape} is needed once"
            )
    return said(
        f"permute_dims: {name} {shape} has {counted(count, 'axis')}, "
        f"but {axes} names {len(axes)}"
    )


def axis_range(op: str, name: str, shape: Shape, axis: Any) -> str:
    """An axis that an operand does not have."""
    count = len(shape)
    for number in axis if isinstance(axis, (tuple, list)) else (axis,):
        if not hasattr(number, "__index__"):
            return ""
        if -count <= index(number) < count:
            continue
        if not count:
            return f"{op}: axis {number} is out of bounds: {name} is a number, no axes"
        return said(
            f"{op}: axis {number} is out of bounds: {name} {shape} has "
            f"{counted(count, 'axis')}, {_range(count)}"
        )
    return ""


def indexing(name: str, shape: Shape, reason: str) -> str:
    """An index beyond the end, or more of them than axes; from NumPy's reason."""
    found = re.search(r"index (-?\d+) is out of bounds for axis (\d+) with", reason)
    if found and int(found[2]) < len(shape):
        axis = int(found[2])
        length = shape[axis]
        held = f"takes {_range(length)}" if length else "is empty"
        return said(
            f"getitem: index {found[1]} is out of bounds: axis {axis} of {name} "
            f"{shape} {held}"
        )
    found = re.search(r"too many indices.*but (\d+) were", reason)
    if found:
        has = counted(len(shape), "axis")
        return said(
            f"getitem: too many indices: {name} {shape} has {has}, got {found[1]}"
        )
    found = re.search(r"boolean index.* (\d+); .* is (\d+) but .* is (\d+)", reason)
    if found:
        return said(
            f"getitem: axis {found[1]} of {name} {shape} has length {found[2]}, but "
            f"{found[3]} in the boolean index"
        )
    return ""


def surprising(
    shapes: Sequence[Shape], names: Sequence[str] = ("x", "y", "z")
) -> str | None:
    """Say in what way a broadcast is surprising; None if it is not, or is a clash.

    The rule: the result has more elements than every operand, and the operands that
    stretch it have different numbers of axes. So (N, 1) with (N,), which gives
    (N, N), is surprising. These are not: (N, D) with (D,), or anything with a scalar
    (the result is as large as an operand); (N, 1) with (1, D) (whoever wrote two axes
    on both sides meant a table of all pairs). Operands with one element do not count.

    Args:
        shapes: The operands' shapes.
        names: What to call the operands.

    Example:
        >>> from tinygrad_jp.errors import clash
        >>> print(clash.surprising([(3, 1), (3,)], ["y", "t"]))
        y (3, 1) with t (3,) gives (3, 3): every element of one meets all of the other
            y  (3, 1)
            t     (3,)
        To pair them: t[:, None]  # (3, 1), or y.squeeze(1)  # (3,)
        If all pairs are meant: t[None]
        >>> clash.surprising([(3, 2), (2,)]) is None
        True
    """
    kept = [(n, s) for n, s in zip(names, shapes) if prod(s) != 1]
    result = broadcast_shape([shape for _, shape in kept])
    if len({len(shape) for _, shape in kept}) < 2 or result is None:
        return None
    if prod(result) <= max(prod(shape) for _, shape in kept):
        return None
    labels, sizes = [name for name, _ in kept], [shape for _, shape in kept]
    pairs = [f"{name} {shape}" for name, shape in kept]
    text = said(
        f"{' with '.join(pairs)} gives {result}: every element of one meets all of "
        "the other",
        columns(labels, sizes),
        WIDTH - 16,  # the op's name will stand in front
    )
    paired = meeting([Operand(*pair, text=pair[0]) for pair in kept])
    if paired:
        shown = [f"{repair.text}  # {repair.shape}" for repair in paired[:2]]
        text += f"\nTo pair them: {', or '.join(shown)}"
    deep = max(len(shape) for shape in sizes)
    short, missing = next((n, deep - len(s)) for n, s in kept if len(s) < deep)
    return f"{text}\nIf all pairs are meant: {short}[{', '.join(['None'] * missing)}]"


def _range(count: int) -> str:
    """The numbers that may be used, from both ends."""
    if count == 1:
        return "0 (or -1)"
    return f"0 to {count - 1} (or -{count} to -1)"
