"""The picture model: what is drawn, before anyone says how.

A `Picture` holds boxes, items and wires with their numbers. It knows neither
Tensor nor DOT: `build` makes it from a graph, and a flavour such as `scopes`
writes it down.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from tinygrad_jp.draw.basics import Color
from tinygrad_jp.draw.summary import Summary

Gradients = Literal["all", "leaves", "none"]
"""Which norms a picture has: of every wire, of `.grad` of the leaves alone, none."""


SMALL = 3
"""Ops in a box that is opened without being asked to, and reads at a glance."""

WIDE = 11
"""Items in a row that fit on a page; a longer picture runs down the page."""


class Kind(Enum):
    """What an item stands for."""

    INPUT = "input"
    PARAMETER = "parameter"
    OP = "op"
    LAYER = "layer"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Mark:
    """Trouble with an array or an op, told in the language of the picture.

    Attributes:
        kind: What it is, in one word for programs; see `tinygrad_jp.draw.trouble`.
        text: For a label, in a few words.
        detail: For a tooltip, in a sentence.
        loud: It begins here; False where it only arrives from elsewhere.
    """

    kind: str
    text: str
    detail: str
    loud: bool = True


@dataclass(frozen=True, slots=True)
class Amount:
    """What the colour of an item says, where that is not its kind.

    Attributes:
        value: RMS of a gradient, seconds, or bytes; see `Picture.color`.
        parts: What it is the sum of: forward and backward, or result and kept.
        share: Of all in the picture; None for gradients, which have no sum.
    """

    value: float
    parts: tuple[float, ...] = ()
    share: float | None = None


@dataclass(eq=False, slots=True)
class Box:
    """An opened scope: a frame around what was computed in it.

    Attributes:
        title: The scope's name; "" for the sheet of paper itself.
        parent: The box around this one; None for the sheet.
        parameters: How many numbers the parameters hold of all that it stands for,
            where it stands for several that are alike.
    """

    title: str
    parent: Box | None
    parameters: int = 0


@dataclass(eq=False, slots=True)
class Row:
    """One array: what it is called, and its numbers.

    Attributes:
        name: The user's name for it; None where it has none.
        shape: Its shape.
        dtype: Its dtype, as text.
        value: What it holds, in numbers; None where that is not known.
        grad: Its gradient, in numbers; None where that is not known.
        site: The user's line that made it, such as ``net.py:12: h = x @ W``; "" where
            nobody noted it.
        norms: Where it stands for several that are alike, the smallest and the largest
            norm of their gradients. Its numbers are those of all of them together.
    """

    name: str | None
    shape: tuple[int, ...]
    dtype: str
    value: Summary | None = None
    grad: Summary | None = None
    site: str = ""
    norms: tuple[float, float] | None = None

    @property
    def norm(self) -> float | None:
        """Frobenius norm of its gradient; None where that is not known.

        Where it stands for several, the largest.
        """
        if self.norms is not None:
            return self.norms[1]
        return None if self.grad is None else self.grad.norm


@dataclass(eq=False, slots=True)
class Item:
    """A node of the picture.

    Attributes:
        kind: What it stands for.
        title: Its label; "" where the rows say it all.
        box: The box that it is drawn in.
        rows: The arrays that it shows: several where a layer's parameters share a
            card.
        ops: The first of the ops in it, in call form.
        size: How many ops are in it.
        made: The arrays that an op or a layer hands on.
        value: The number that an output holds.
        repeated: Drawn before; this one saves a long wire.
        marks: Trouble, the loudest first.
        amount: What its colour says; None where that is its kind, or not known.
    """

    kind: Kind
    title: str
    box: Box
    rows: tuple[Row, ...] = ()
    ops: tuple[str, ...] = ()
    size: int = 0
    made: tuple[Row, ...] = ()
    value: float | None = None
    repeated: bool = False
    marks: tuple[Mark, ...] = ()
    amount: Amount | None = None


@dataclass(eq=False, slots=True)
class Wire:
    """A tensor on its way from the item that made it to one that uses it.

    Attributes:
        source: Where it comes from.
        target: Where it goes.
        rows: The tensor; several on a wire from a card.
        beside: The source stands beside its target, not before it.
        spine: Part of the main line through the picture.
        operand: Which operand of its target it is, from 0.
    """

    source: Item
    target: Item
    rows: tuple[Row, ...]
    beside: bool = False
    spine: bool = False
    operand: int = 0


@dataclass(eq=False, slots=True)
class Picture:
    """Everything that a flavour needs.

    Attributes:
        sheet: The outermost box.
        items: In the order of computation.
        wires: In the order of computation.
        columns: Items on the longest way from an input to an output.
        gradients: Which gradient norms are known.
        scalar: Whether the outputs are scalars, so that there can be gradients.
        color: What the colours of items say; None: their kind.
        measured: Whether the amounts come from a profile, which need not have seen all.
        problems: All trouble in sentences, each once.
    """

    sheet: Box
    items: list[Item] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    columns: int = 0
    gradients: Gradients = "none"
    scalar: bool = True
    color: Color | None = None
    measured: bool = False
    problems: tuple[str, ...] = ()

    @property
    def unseen(self) -> bool:
        """Whether there are ops that the profile did not see."""
        ops = [item for item in self.items if item.kind in (Kind.OP, Kind.LAYER)]
        return self.measured and any(item.amount is None for item in ops)

    def boxes(self) -> list[Box]:
        """All boxes, each after the one around it."""
        found: dict[Box, None] = {self.sheet: None}
        for item in self.items:
            path = []
            box: Box | None = item.box
            while box is not None and box not in found:
                path.append(box)
                box = box.parent
            found.update(dict.fromkeys(reversed(path)))
        return list(found)


def by_operand(picture: Picture) -> list[Wire]:
    """The wires in the order of their targets, and there in that of operands."""
    turn = {item: i for i, item in enumerate(picture.items)}
    return sorted(picture.wires, key=lambda wire: (turn[wire.target], wire.operand))


def arrange(picture: Picture, ends: list[Item]) -> None:
    """Find the picture's main line and how long it is.

    The spine is the longest way to the first of `ends`, so that skip connections
    leave and join it.
    """
    column = _columns(picture)
    picture.columns = max(column.values(), default=0)
    arriving: dict[Item, list[Wire]] = {}
    for wire in picture.wires:
        if not wire.beside:
            arriving.setdefault(wire.target, []).append(wire)
    here = ends[0]
    passed = {here}
    while here in arriving:
        best = max(arriving[here], key=lambda wire: column[wire.source])
        if best.source in passed:
            break
        best.spine = True
        here = best.source
        passed.add(here)


def _columns(picture: Picture) -> dict[Item, int]:
    """The length of the longest way to each item."""
    leaving: dict[Item, list[Item]] = {item: [] for item in picture.items}
    missing = dict.fromkeys(picture.items, 0)
    for wire in picture.wires:
        if not wire.beside:
            leaving[wire.source].append(wire.target)
            missing[wire.target] += 1
    column = dict.fromkeys(picture.items, 1)
    ready = [item for item, count in missing.items() if not count]
    while ready:
        item = ready.pop()
        for target in leaving[item]:
            column[target] = max(column[target], column[item] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    return column


def root_sum_square(norms: list[float | None]) -> float | None:
    """The norm of several arrays together; None where none is known."""
    known: list[Any] = [norm for norm in norms if norm is not None]
    if not known:
        return None
    largest = max(known)
    if not 0 < largest < float("inf"):
        return float(sum(known))
    return float(largest * sum([(norm / largest) ** 2 for norm in known]) ** 0.5)
