"""The picture as text for a terminal: scopes as branches of a tree, a line for each op.

It needs no engine. Every line fits into `WIDTH` columns, and no name can move the
cursor, change colours or turn the direction of the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

from tinygrad_jp.draw.basics import Language
from tinygrad_jp.draw.picture import Box, Item, Kind, Picture, Row, by_operand
from tinygrad_jp.draw.plain import columns, cut, lines_of, padded, safe
from tinygrad_jp.draw.text import WORDS, Words, number

WIDTH = 100
"""Columns of the longest line."""

_LINES = 1_000  # more would flood the terminal
_NAME = 30  # columns
_INDENT = 30  # columns of what stands before a name
_OPERANDS = 4  # that are named at an op


def write(picture: Picture, lang: Language) -> str:
    """The text of a picture, which ends with a line feed.

    Args:
        picture: What is drawn.
        lang: Of the words in it.
    """
    words = WORDS[lang]
    lines = list(_Listing(picture, words).lines())
    hidden = len(lines) - _LINES
    del lines[_LINES:]
    widths = [max([columns(cell) for cell in column]) for column in zip(*lines)]
    text = [cut(f"{words.title}  ({_remark(picture, words)})", WIDTH)]
    for cells in lines:
        filled = [padded(cell, width) for cell, width in zip(cells, widths) if width]
        text.append(cut("  ".join(filled).rstrip(), WIDTH))
    if hidden > 0:
        text.append(words.more.format(f"{hidden:,}"))
    return "\n".join([*text, ""])


def _remark(picture: Picture, words: Words) -> str:
    """What the gradients in it are, or why there are none."""
    if picture.gradients == "all":
        return f"∇ {words.norm}"
    if picture.gradients == "leaves":
        return words.accumulated
    return words.redraw if picture.scalar else words.not_scalar


@dataclass(eq=False, slots=True)
class _Branch:
    """A box or an item, with what stands in it.

    Attributes:
        what: The box or the item; the row, of a card of parameters.
        below: What stands in it.
        turn: Its place among its neighbours.
    """

    what: Box | Item | Row
    below: list[_Branch] = field(default_factory=list)
    turn: float = inf


class _Listing:
    """Names what is in a picture, and writes it line by line."""

    def __init__(self, picture: Picture, words: Words) -> None:
        self.picture = picture
        self.words = words
        self.names: dict[Row, str] = {}
        self.count = 0
        for item in picture.items:
            if item.kind is not Kind.OUTPUT:
                self._name(item)
        self.operands: dict[Item, list[str]] = {}
        for wire in by_operand(picture):
            given = [self.names[row] for row in wire.rows]
            self.operands.setdefault(wire.target, []).extend(given)

    def _name(self, item: Item) -> None:
        """Note what an item's arrays are called where they are used."""
        if item.rows:
            role = getattr(self.words, item.kind.value)
            for row in item.rows:
                self.names.setdefault(row, _short(item.title or row.name or role))
            return
        self.count += 1
        for row in item.made:
            self.names.setdefault(row, _short(row.name or f"#{self.count}"))

    def lines(self) -> Iterator[Sequence[str]]:
        """The cells of each line. Iterative: scopes may be nested to any depth."""
        waiting = _stacked(self._tree().below, "")
        while waiting:
            branch, indent, last = waiting.pop()
            title, *cells = self._cells(branch.what)
            yield f"{indent}{'└─' if last else '├─'} {title}", *cells
            inside = f"{indent}{'   ' if last else '│  '}"
            waiting += _stacked(branch.below, _fitting(inside))

    def _tree(self) -> _Branch:
        """Put items into their boxes, and each box where its first op stands."""
        sheet = _Branch(self.picture.sheet)
        branches = {self.picture.sheet: sheet}
        for turn, item in enumerate(self.picture.items):
            if item.repeated:
                continue
            rows = [_Branch(row) for row in item.rows] if len(item.rows) > 1 else []
            below = _Branch(item, rows, turn)
            box: Box | None = item.box
            while box is not None and box not in branches:
                branches[box] = _Branch(box, [below])
                below, box = branches[box], box.parent
            branches[box or self.picture.sheet].below.append(below)
            # Leaves do not say where a box stands: they are not in its order.
            box = item.box if item.kind in (Kind.OP, Kind.LAYER) else None
            while box is not None and branches[box].turn == inf:
                branches[box].turn = turn
                box = box.parent
        for branch in branches.values():
            branch.below.sort(key=lambda below: below.turn)
        return sheet

    # --- cells -------------------------------------------------------------------

    def _cells(self, what: Box | Item | Row) -> Sequence[str]:
        """What it is, shape and dtype, value, gradient, operands, and trouble."""
        if isinstance(what, Box):
            return _short(what.title), "", "", "", "", ""
        if isinstance(what, Row):
            name = what.name or self.words.parameter
            return _short(name), *_numbers(what), "", ""
        marks = "  ".join([f"⚠ {safe(mark.text)}" for mark in what.marks])
        role = getattr(self.words, what.kind.value)
        if len(what.rows) > 1:
            return f"{role} × {len(what.rows)}", "", "", "", "", marks
        if what.kind in (Kind.OP, Kind.LAYER):
            return self._op(what, marks)
        row = what.rows[0]
        title = _short(what.title or row.name or role)
        if title != role:
            title = f"{title}  {role}"
        return title, *_numbers(row), "", marks

    def _op(self, item: Item, marks: str) -> Sequence[str]:
        given = list(self.operands.get(item, ()))
        hidden = len(given) - _OPERANDS
        if hidden > 0:
            given[_OPERANDS:] = [self.words.more.format(hidden)]
        operands = f"← {', '.join(given)}" if given else ""
        title = _short(item.title)
        if item.kind is Kind.LAYER and item.size > 1:
            title = f"{title}  {self.words.ops.format(f'{item.size:,}')}"
        if not item.made:
            return title, "", "", "", operands, marks
        row = item.made[0]
        title = f"{self.names[row]} = {title}"
        return title, *_numbers(row), operands, marks


def _stacked(branches: list[_Branch], indent: str) -> list[tuple[_Branch, str, bool]]:
    """The last first, because a stack is emptied from its end."""
    return [(branch, indent, i == 0) for i, branch in enumerate(reversed(branches))]


def _fitting(indent: str) -> str:
    """As much of what stands before a name as there is room for."""
    return indent if len(indent) <= _INDENT else f"…  {indent[3 - _INDENT :]}"


def _numbers(row: Row) -> tuple[str, str, str]:
    """Shape and dtype; the value, if it is a few numbers; the gradient's norm."""
    shape = f"{row.shape} {row.dtype}" if row.shape else row.dtype
    held = ""
    if row.value is not None and row.value.elements:
        held = safe(f"= {' '.join(lines_of(row.value, row.shape))}")
    if columns(held) > _NAME:
        held = ""
    low, high = row.norms or (row.norm, row.norm)
    if low is None or high is None:
        return shape, held, ""
    span = f" … {number(high)}" if number(low) != number(high) else ""
    return shape, held, f"∇ {number(low)}{span}"


def _short(name: str) -> str:
    return cut(safe(name), _NAME)
