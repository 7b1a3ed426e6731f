"""What goes wrong, said so that the reader can put it right.

Each error names the op, what it needed and what came. All derive from Python's own
types: `TypeError` for a wrong kind, `ValueError` for a wrong value or shape,
`RuntimeError` for calls in the wrong order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn


class ShapeError(ValueError, IndexError):
    """Shapes, axes or indices that do not fit together."""


class GraphError(RuntimeError):
    """A gradient that the graph cannot give, for instance of a released graph."""


def columns(names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> str:
    """Lay shapes out below each other, aligned at the right as they broadcast."""
    width = max(len(str(n)) for shape in shapes for n in (*shape, 0))
    depth = max(len(shape) for shape in shapes)
    longest = max(len(name) for name in names)
    lines = []
    for name, shape in zip(names, shapes):
        cells = [""] * (depth - len(shape)) + [str(n) for n in shape]
        row = "  ".join(cell.rjust(width) for cell in cells)
        lines.append(f"    {name.ljust(longest)}  {row}".rstrip())
    return "\n".join(lines)


def _clash(rule: Any, names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> str:
    """Say at which axis, counted from the last, shapes do not broadcast."""
    for back in range(1, max(len(shape) for shape in shapes) + 1):
        lengths = [shape[-back] for shape in shapes if len(shape) >= back]
        lengths = [n for n in dict.fromkeys(lengths) if n != 1]
        if len(lengths) > 1:
            table = columns(names, shapes)
            return (
                f"{rule.name}: the shapes do not broadcast at axis {-back}, where they "
                f"have the lengths {' and '.join(map(str, lengths))}:\n{table}"
            )
    return ""


def _matmul(names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> str:
    x, y = shapes
    if not x or not y:
        return f"matmul: needs at least one axis in each operand, got {x} and {y}"
    rows = y[-2] if len(y) > 1 else y[0]
    if x[-1] != rows:
        return (
            f"matmul: the last axis of x ({x[-1]}) must be as long as the "
            f"{'second last' if len(y) > 1 else 'only'} axis of y ({rows}), "
            f"got x {x} and y {y}"
        )
    return ""


def explain(
    rule: Any, error: Exception, arrays: Sequence[Any], keywords: Mapping[str, Any]
) -> NoReturn:
    """Raise what a rule's forward function raised, in the terms of its caller."""
    if not isinstance(error, (TypeError, ValueError, IndexError)):
        raise error  # not about the operands: out of memory, a warning as an error
    shapes = [array.shape for array in arrays]
    names = list(rule.signature.operands)
    if rule.signature.variadic:
        names = [f"{names[0]}[{i}]" for i in range(len(shapes))]
    text = ""
    if isinstance(error, ValueError) and rule.name == "matmul":
        text = _matmul(names, shapes)
    elif isinstance(error, ValueError) and rule.elementwise:
        text = _clash(rule, names, shapes)
    if not text:
        got = [f"{n} {s}" for n, s in zip(names, shapes)]
        got += [f"{name}={value!r}" for name, value in keywords.items()]
        reason = str(error).rstrip(".")
        text = f"{rule.name}: {reason}; got {', '.join(got) or 'no operand'}"
    if isinstance(error, (ValueError, IndexError)):
        raise ShapeError(text) from None
    raise TypeError(text) from error
