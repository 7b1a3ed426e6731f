"""Repairs: changes of an operand that are tried on shapes, and listed where they fit.

Nothing is computed, no memory taken: an edit is a piece of Python and the shape that
it gives. A repair that makes the result larger than every operand is no repair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import NamedTuple, TypeAlias

from tinygrad_jp.errors.edits import (
    ELEMENTWISE,
    JOINED,
    MATRICES,
    Kind,
    new_axis,
    ravel,
    squeeze,
)
from tinygrad_jp.errors.layout import Shape
from tinygrad_jp.errors.origin import Operand, Origin

Fits: TypeAlias = Callable[[Sequence[Shape]], Shape | None]
"""The shape of a result, or None where the operands' shapes clash."""
Write: TypeAlias = Callable[[Sequence[str]], str]
"""The whole expression, given each operand's text."""

MOST = 3
_LONGEST = 66


class Repair(NamedTuple):
    """An expression that fits, and the shape that it gives."""

    text: str
    shape: Shape


# --- what fits -------------------------------------------------------------------


def broadcast_shape(shapes: Sequence[Shape]) -> Shape | None:
    """The shape to which shapes broadcast; None if they do not."""
    result = []
    for back in range(1, max([len(shape) for shape in shapes], default=0) + 1):
        lengths = {shape[-back] for shape in shapes if len(shape) >= back} - {1}
        if len(lengths) > 1:
            return None
        result.append(lengths.pop() if lengths else 1)
    return tuple(reversed(result))


def _elementwise(shapes: Sequence[Shape]) -> Shape | None:
    result = broadcast_shape(shapes)
    if result is None or prod(result) > max(map(prod, shapes)):
        return None
    return result


def _product(shapes: Sequence[Shape]) -> Shape | None:
    x, y = shapes
    if not x or not y or x[-1] != y[-2 if len(y) > 1 else -1]:
        return None
    batches = [x[:-2], y[:-2]]
    batch = _elementwise(batches)
    if batch is None:
        return None
    return (*batch, *x[-2:-1], *(y[-1:] if len(y) > 1 else ()))


def _joins(axis: int) -> Fits:
    def fits(shapes: Sequence[Shape]) -> Shape | None:
        count = len(shapes[0])
        if any(len(shape) != count for shape in shapes) or not -count <= axis < count:
            return None
        j = axis % count
        if len({(*shape[:j], *shape[j + 1 :]) for shape in shapes}) > 1:
            return None
        total = sum([shape[j] for shape in shapes])
        return (*shapes[0][:j], total, *shapes[0][j + 1 :])

    return fits


def _tried(
    operands: Sequence[Operand], kinds: Sequence[Kind], fits: Fits, write: Write
) -> list[Repair]:
    """Every edit of one operand that fits, best first."""
    texts = [operand.text or operand.label for operand in operands]
    shapes = [operand.shape for operand in operands]
    found = []
    for kind in kinds:
        for i in reversed(range(len(operands))):
            for edit in kind(operands[i]._replace(text=texts[i])):
                result = fits([*shapes[:i], edit.shape, *shapes[i + 1 :]])
                if result is not None and edit.shape != shapes[i]:
                    text = write([*texts[:i], edit.text, *texts[i + 1 :]])
                    found.append((i, Repair(text, result)))
    kept: dict[tuple[int, Shape], Repair] = {}
    for i, repair in found:  # of two ways to change one operand, the first
        kept.setdefault((i, repair.shape), repair)
    return list(kept.values())


# --- repairs of each op ----------------------------------------------------------

INFIX = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "floor_divide": "//",
    "remainder": "%",
    "pow": "**",
    "matmul": "@",
    "equal": "==",
    "not_equal": "!=",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "bitwise_and": "&",
    "bitwise_or": "|",
    "bitwise_xor": "^",
}


def writer(op: str, origin: Origin) -> Write:
    """Write the op as the user has it: an operator, or a function."""
    sign = INFIX.get(op)
    function = origin.function or f"{origin.space}.{op}"

    def write(texts: Sequence[str]) -> str:
        if sign is not None and len(texts) == 2:
            return f" {sign} ".join(texts)
        return f"{function}({', '.join(texts)})"

    return write


def elementwise(op: str, origin: Origin) -> list[Repair]:
    """Repairs of shapes that do not broadcast."""
    operands = origin.operands
    write = writer(op, origin)
    found = _one_hot(op, operands, write)
    found += _tried(operands, ELEMENTWISE, _elementwise, write)
    shapes = [operand.shape for operand in operands]
    # A result of a shape that was there before is more likely what was meant.
    return [r for r in found if r.shape in shapes] or found


def meeting(operands: Sequence[Operand]) -> list[Repair]:
    """Changes of one operand with which the elements meet one to one."""
    shapes = [operand.shape for operand in operands]
    found = []
    for kind in (new_axis, squeeze, ravel):
        for i in reversed(range(len(operands))):
            for edit in kind(operands[i]):
                if _elementwise([*shapes[:i], edit.shape, *shapes[i + 1 :]]):
                    found.append(Repair(*edit))
    return found


def _one_hot(op: str, operands: Sequence[Operand], write: Write) -> list[Repair]:
    """Class numbers where scores of each class stand."""
    if op not in ("subtract", "multiply") or len(operands) != 2:
        return []
    texts = [operand.text or operand.label for operand in operands]
    for i, (labels, scores) in enumerate(zip(operands, reversed(operands))):
        if labels.largest is None or len(scores.shape) != 2:
            continue
        rows, classes = scores.shape
        if labels.shape == (rows,) and labels.largest < classes:
            texts[i] = f"np.eye({classes})[{labels.label}]"
            return [Repair(write(texts), scores.shape)]
    return []


def matmul(origin: Origin) -> list[Repair]:
    """Repairs of a matrix product."""
    x, y = origin.operands
    write = writer("matmul", origin)
    if not x.shape or not y.shape:
        texts = [operand.text or operand.label for operand in (x, y)]
        return [Repair(" * ".join(texts), x.shape or y.shape)]
    found = _tried([x, y], MATRICES, _product, write)
    swapped = _product([y.shape, x.shape])
    if swapped is not None:
        texts = [operand.text or operand.label for operand in (y, x)]
        found.insert(1, Repair(write(texts), swapped))
    return found


def concat(origin: Origin, axis: int) -> list[Repair]:
    """Repairs of arrays that are joined: another axis, or an operand put otherwise."""
    operands = origin.operands
    shapes = [operand.shape for operand in operands]
    texts = [operand.text or operand.label for operand in operands]
    function = origin.function or f"{origin.space}.concat"

    def write_along(along: int) -> Write:
        def write(texts: Sequence[str]) -> str:
            end = f", axis={along}" if along else ""
            return f"{function}([{', '.join(texts)}]{end})"

        return write

    found = []
    for other in range(len(shapes[0])):
        result = _joins(other)(shapes)
        if result is not None:
            found.append(Repair(write_along(other)(texts), result))
    return found + _tried(operands, JOINED, _joins(axis), write_along(axis))


def reshape(x: Operand, wanted: Shape) -> list[Repair]:
    """The same lengths but one, which follows from the others."""
    size = prod(x.shape)
    found = []
    for i in range(len(wanted)):
        rest = prod([n for j, n in enumerate(wanted) if j != i])
        open_one = (*wanted[:i], -1, *wanted[i + 1 :])
        if rest > 0 and size and size % rest == 0 and open_one.count(-1) == 1:
            text = ", ".join(map(str, open_one))
            result = (*wanted[:i], size // rest, *wanted[i + 1 :])
            found.append(Repair(f"{x.text or x.label}.reshape({text})", result))
    return found


def broadcast_to(x: Operand, wanted: Shape, space: str) -> list[Repair]:
    """An operand put so that it can be repeated."""

    def fits(shapes: Sequence[Shape]) -> Shape | None:
        return wanted if broadcast_shape([*shapes, wanted]) == wanted else None

    def write(texts: Sequence[str]) -> str:
        return f"{space}.broadcast_to({texts[0]}, {wanted})"

    return _tried([x], ELEMENTWISE, fits, write)


def permute_dims(x: Operand, axes: Shape) -> list[Repair]:
    """An order of the last axes, where the first ones were forgotten."""
    more = len(x.shape) - len(axes)
    if more <= 0 or sorted(axes) != list(range(len(axes))):
        return []
    order = (*range(more), *[axis + more for axis in axes])
    text = f"{x.text or x.label}.transpose{order}"
    return [Repair(text, tuple([x.shape[i] for i in order]))]


def told(repairs: Sequence[Repair], most: int = MOST) -> list[str]:
    """The repairs as the last lines of a message."""
    short = [repair for repair in repairs if len(repair.text) <= _LONGEST][:most]
    rows = [f"{repair.text}  # {repair.shape}" for repair in short]
    if len(rows) == 1:
        return [f"This fits: {rows[0]}"]
    return ["These fit:", *[f"    {row}" for row in rows]] if rows else []
