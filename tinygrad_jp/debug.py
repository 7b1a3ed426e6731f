"""Modes that watch every op.

For the first number that is not finite, and for shapes that broadcast by surprise.
Off, they cost nothing: see `watching` in `tinygrad_jp.record`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from tinygrad_jp.errors import NonFiniteError, ShapeError
from tinygrad_jp.errors.frames import Line, user_line
from tinygrad_jp.graph import Node, name_of
from tinygrad_jp.mode import Watcher
from tinygrad_jp.ops import Rule
from tinygrad_jp.record import watching

Index: TypeAlias = tuple[int, ...]

FORWARD = {
    "divide": "Where the divisor may be 0: where(y != 0, x / where(y != 0, y, 1), 0).",
    "exp": "Subtract the largest first, as softmax, logsumexp and log_softmax do.",
    "log": """Where the argument may be 0, add a small number, log(x + 1e-7);
for the log of a softmax take log_softmax.""",
    "pow": "A negative number has no power of a fraction, and 0 none below 0.",
    "sqrt": "A negative number has no square root; clip it at 0 first.",
}
"""The usual repair, by the op that made a number which is not finite."""

BACKWARD = {
    "divide": "The divisor is 0, or so near to it that its square underflows.",
    "log": "The slope of log at 0 is infinite: add a small number, log(x + 1e-7).",
    "pow": "The slope of x**y at 0 is infinite for y < 1: add a small number to x.",
    "sqrt": """The slope of sqrt at 0 is infinite: add a small number, sqrt(x + 1e-12),
or take norm, whose gradient at 0 is 0.""",
}
"""The same for a gradient, by the op that it went through."""

UNUSED = """
Nothing uses this element (the gradient that came in is 0 there), but 0 times an
infinite slope is NaN. Keep the number out of the op itself, as in
    where(ok, f(where(ok, x, 1)), 0)"""
"""The repair of a `where` whose branch that is not taken has no finite slope."""


class Note(NamedTuple):
    """What the debug mode keeps of an op until its backward pass."""

    line: Line | None
    operands: tuple[Any, ...]
    result: Any


class detect_anomaly(watching):
    """Stop at the first number that is not finite, forward or backward, and say whose.

    An op that makes a NaN, or an infinity out of finite numbers, raises. An infinity
    that was handed in, such as the -inf of a mask, may go on. As a context manager or
    a decorator; the backward pass must run inside it too. A pass of small
    ops takes about five times as long, of large ones twice, and a graph keeps every
    operand until it is freed; off, it costs nothing.

    Raises:
        NonFiniteError: Names the op, the element, the operands there, the line, and
            where there is a usual one, the repair.

    Example:
        >>> import tinygrad_jp as tg
        >>> with tg.detect_anomaly(), np.errstate(divide="ignore"):
        ...     tg.log(tg.Tensor([1.0, 0.0]))
        Traceback (most recent call last):
        ...
        tinygrad_jp.errors.NonFiniteError: log: made -inf at [1] of finite numbers
            x  (2,)  x[1] = 0.0
        ...: tg.log(tg.Tensor([1.0, 0.0]))
        Where the argument may be 0, add a small number, log(x + 1e-7);
        for the log of a softmax take log_softmax.
    """

    def __init__(self) -> None:
        super().__init__(_Detector())


class strict_broadcast(watching):
    """Refuse shapes that broadcast by surprise: (N, 1) with (N,) makes (N, N).

    As a context manager or a decorator. Losses refuse them always.

    Raises:
        ShapeError: An elementwise op would make more of its operands than any of them
            holds, and they have different numbers of axes.

    Example:
        >>> import tinygrad_jp as tg
        >>> y, t = tg.Tensor([[1.0], [2.0]]), tg.Tensor([1.0, 2.0])
        >>> (y - t).shape
        (2, 2)
        >>> with tg.strict_broadcast():
        ...     y - t
        Traceback (most recent call last):
        ...
        tinygrad_jp.errors.ShapeError: subtract: x (2, 1) with y (2,) gives (2, 2): ...
    """

    def __init__(self) -> None:
        super().__init__(_Guard())


class _Guard(Watcher):
    """Looks at the shapes of every elementwise op, before it runs."""

    def __init__(self) -> None:
        from tinygrad_jp.errors.clash import surprising

        self._surprising = surprising

    def runs(self, rule: Rule[Any], operands: Sequence[Any]) -> None:
        if rule.elementwise and len(operands) > 1:
            shapes = [np.shape(operand) for operand in operands]
            text = self._surprising(shapes, rule.signature.operands)
            if text:
                line = user_line()
                raise ShapeError(f"{rule.name}: {text}" + (f"\n{line}" if line else ""))


class _Detector(Watcher):
    """Looks at every number."""

    def ran(
        self,
        rule: Rule[Any],
        operands: tuple[Any, ...],
        keywords: Mapping[str, Any],
        result: Any,
    ) -> None:
        operands = arrays_among(rule, operands)
        arrays = tuple([np.asarray(operand) for operand in operands])
        note = Note(user_line(), arrays, result._data)
        if result._node is not None:
            result._node.site = note
        index = _first_bad(result._data, [*arrays, *keywords.values()])
        if index is not None:
            value = result._data[index]
            source = "finite numbers" if _all_finite(arrays) else "these"
            raise NonFiniteError(
                f"{rule.name}: made {value} at {list(index)} of {source}"
                + _told(rule, note, [getattr(t, "name", None) for t in operands], index)
                + _hint(FORWARD, rule.name)
            )

    def pulled(self, node: Node, g: Any, cotangents: Mapping[Node, Any]) -> None:
        for name, u in zip(_operand_names(node), node.inputs):
            cotangent = cotangents.get(u)
            if cotangent is None or not u.live:
                continue
            index = _first_bad(np.asarray(cotangent), [np.asarray(g)])
            if index is None:
                continue
            value = np.asarray(cotangent)[index]
            note = getattr(node, "site", None) or Note(None, (), None)
            unused = _unused(np.asarray(g), u.shape, index)
            raise NonFiniteError(
                f"{node.rule.name}: backward made the gradient of {name} {value} at "
                f"{list(index)}"
                + _told(node.rule, note, [name_of(v) for v in node.inputs], index)
                + (UNUSED if unused else _hint(BACKWARD, node.rule.name))
            )


def arrays_among(rule: Rule[Any], operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """What an op was called with, without metadata that was given by position."""
    signature = rule.signature
    return operands if signature.variadic else operands[: len(signature.operands)]


def _first_bad(array: Any, given: Sequence[Any]) -> Index | None:
    """The first NaN; the first infinity, if nothing that was given holds one."""
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return None
    bad = np.isnan(array)
    if not bad.any():
        if not _all_finite(given):
            return None
        bad = np.isinf(array)
    return tuple([int(i) for i in np.argwhere(bad)[0]])


def _all_finite(values: Sequence[Any]) -> bool:
    arrays = [np.asarray(value) for value in values]
    return all(bool(np.isfinite(a).all()) for a in arrays if a.dtype.kind == "f")


def _unused(g: Any, shape: Index, index: Index) -> bool:
    """Whether the result's own gradient is 0 there: nobody uses that element."""
    try:
        return bool(np.broadcast_to(g, shape)[index] == 0)
    except ValueError:
        return False


def _operand_names(node: Node) -> list[str]:
    names: list[str] = list(node.rule.signature.operands)
    if node.rule.signature.variadic:
        return [f"{names[0]}[{i}]" for i in range(len(node.inputs))]
    return names


def _told(
    rule: Rule[Any], note: Note, names: Sequence[str | None], index: Index
) -> str:
    """The operands, with their numbers at the place, and the user's line."""
    labels = list(rule.signature.operands)
    if rule.signature.variadic:
        labels = [f"{labels[0]}[{i}]" for i in range(len(note.operands))]
    rows = []
    for label, name, array in zip(labels, names, note.operands):
        title = f"{label} {name!r}" if name else label
        rows.append((title, str(array.shape), _element(label, array, index)))
    widths = [max([len(row[i]) for row in rows], default=0) for i in range(2)]
    lines = [
        f"    {title.ljust(widths[0])}  {shape.ljust(widths[1])}  {element}".rstrip()
        for title, shape, element in rows
    ]
    if note.line is not None and str(note.line):
        lines.append(str(note.line))
    return "".join(f"\n{line}" for line in lines)


def _element(label: str, array: Any, index: Index) -> str:
    """What an operand holds at a place of the result, where they broadcast."""
    place = index[len(index) - array.ndim :] if array.ndim <= len(index) else None
    if place is not None:
        place = tuple([i if n > 1 else 0 for i, n in zip(place, array.shape)])
        if all(i < n for i, n in zip(place, array.shape)):
            inside = ", ".join(map(str, place))
            return f"{label}[{inside}] = {array[place]}" if place else f"{array[()]}"
    if array.size:
        return f"from {array.min()} to {array.max()}"
    return ""


def _hint(hints: Mapping[str, str], name: str) -> str:
    return f"\n{hints[name]}" if name in hints else ""
