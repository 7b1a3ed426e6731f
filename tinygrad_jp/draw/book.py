"""The `book` flavour: the 計算グラフ of ゼロから作る Deep Learning, chapter 5.

Ops are circles, inputs are names at the left. Every tensor is a double track: to the
right with its value above, back to the left with its gradient beneath. A tensor that
several ops use has a switch where its figures end. Writes DOT.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tinygrad_jp.draw import labels, tooltips, tracks
from tinygrad_jp.draw import palette as p
from tinygrad_jp.draw.basics import Language
from tinygrad_jp.draw.picture import Item, Kind, Picture, Row, Wire, by_operand
from tinygrad_jp.draw.plain import columns, cut
from tinygrad_jp.draw.text import WORDS, label, tooltip

_NAME = 28  # columns; a Japanese letter takes two
_LEAVES = (Kind.INPUT, Kind.PARAMETER)
_COMMUTATIVE = ("+", "×")
_CIRCLES = ((2, 20, 0.6), (4, 14, 0.6), (8, 11, 0.8), (11, 10, 0.92), (14, 10, 1.1))
"""For a title of so many columns: the size of its letters, and of the circle."""


def write(picture: Picture, lang: Language, *, backward: bool = True) -> str:
    """The DOT source of a picture. The same picture gives the same text.

    Args:
        picture: Of every op and operand.
        lang: Of the legend.
        backward: Whether gradients are drawn, if all of them are known.
    """
    return _Writer(picture, lang, backward=backward).source()


@dataclass(eq=False, slots=True)
class _Tensor:
    """An array on its tracks.

    Attributes:
        row: The array.
        source: The item that it comes from.
        name: That of the node with its figures, or of the number's text.
        back: Whether its gradient is drawn.
        number: It was written into the formula, so its text says what it is.
        wires: Its uses.
    """

    row: Row
    source: Item
    name: str
    back: bool
    number: bool
    wires: list[Wire] = field(default_factory=list)


class _Writer:
    """Names items and tensors, and writes them."""

    def __init__(self, picture: Picture, lang: Language, *, backward: bool) -> None:
        self.picture = picture
        self.words = WORDS[lang]
        self.asked = backward
        self.tensors: dict[Wire, _Tensor] = {}
        latest: dict[Row, _Tensor] = {}
        for wire in by_operand(picture):
            row, source = wire.rows[0], wire.source
            # A leaf that was drawn again is drawn once here, but a number each time.
            tensor = latest.get(row)
            if tensor is None or tensor.number:
                back = backward and picture.gradients == "all" and row.grad is not None
                name = f"t{len(self.tensors)}"
                tensor = _Tensor(row, source, name, back, tracks.is_number(source, row))
                latest[row] = tensor
            tensor.wires.append(wire)
            self.tensors[wire] = tensor
        inner = [item for item in picture.items if item.kind not in _LEAVES]
        self.names = {item: f"n{i}" for i, item in enumerate(inner)}
        self.ported: set[str] = set()

    def source(self) -> str:
        """The whole text."""
        # Imported late: a program that draws nothing shall not wait for it.
        from graphviz import Digraph  # type: ignore[import-untyped]  # has no types

        self.graph: Any = Digraph(name=self.words.title)
        self._start()
        tensors = list(dict.fromkeys(self.tensors.values()))
        tree = len(tensors) == len(self.tensors)
        for item, name in self.names.items():
            if item.kind is not Kind.OUTPUT:
                self._circle(item, name, ordered=tree or item.title not in _COMMUTATIVE)
        for wire, tensor in self.tensors.items():
            if wire.target.kind is Kind.OUTPUT:
                self._text(wire.target, self.names[wire.target], tensor)
        for tensor in tensors:
            self._put(tensor)
        # Last, in the order of operands: dot keeps it, from top to bottom.
        centred = self._pairs() if tree else set()
        for wire, tensor in self.tensors.items():
            start = tensor.name
            if wire in centred:
                self._centre(self.names[wire.target])
            if len(tensor.wires) > 1:
                start = f"{tensor.name}b{tensor.wires.index(wire)}"
                self._figures(tensor, start, blank=True)
                self._tracks(tensor, tensor.name, start, "")
            self._tracks(tensor, start, self.names[wire.target], "→")
        return str(self.graph.source)

    def _pairs(self) -> set[Wire]:
        """The second wire to each op of two tensors."""
        arriving: dict[Item, list[Wire]] = {}
        for wire, tensor in self.tensors.items():
            if not tensor.number:
                arriving.setdefault(wire.target, []).append(wire)
        return {wires[1] for wires in arriving.values() if len(wires) == 2}

    def _centre(self, name: str) -> None:
        """Keep a place before an op, so that it stands between its operands."""
        self.graph.node(f"{name}c", style="invis", shape="point")
        self.graph.edge(f"{name}c", name, style="invis", weight="100")

    def _put(self, tensor: _Tensor) -> None:
        """Write a tensor, and its source if that is a leaf."""
        if tensor.number:
            self._text(tensor.source, tensor.name, tensor)
            return
        start = self.names.get(tensor.source, f"{tensor.name}s")
        if tensor.source.kind in _LEAVES:
            self._text(tensor.source, start, tensor)
        self._figures(tensor, tensor.name)
        self._tracks(tensor, start, tensor.name, "←")

    def _start(self) -> None:
        self.graph.attr(
            rankdir="LR",
            bgcolor=p.PAPER,
            fontname=p.FONTS,
            pad="0.2",
            nodesep="0.2",
            ranksep="0.28",
            labelloc="b",
            outputorder="edgesfirst",
            label=f"<{self._legend()}>",
            tooltip=tooltip([self.words.title]),
        )
        self.graph.attr("node", fontname=p.FONTS, width="0", height="0", color=p.INK)
        self.graph.attr("edge", penwidth=f"{tracks.THICK}", arrowsize="0.8")

    # --- items -------------------------------------------------------------------

    def _circle(self, item: Item, name: str, *, ordered: bool) -> None:
        """An op, and whether its operands stand in their order."""
        lines = cut(item.title, _NAME).split(" ")
        width = max([columns(line) for line in lines])
        fitting = [look for look in _CIRCLES if width <= look[0]]
        _, letters, size = fitting[0] if fitting else _CIRCLES[-1]
        parts = [label(line, color=p.INK, size=letters) for line in lines]
        found = {"shape": "circle", "fixedsize": "true", "width": f"{size}"}
        if not fitting:
            found = {"shape": "ellipse", "margin": "0.02"}
        if ordered:
            found["ordering"] = "in"
        self.graph.node(
            name,
            label=f"<{'<BR/>'.join(parts)}>",
            style="filled",
            fillcolor=p.PAPER,
            penwidth=f"{tracks.THICK}",
            tooltip=tooltip(tooltips.item_tooltip(item, self.words)),
            **found,
            **{"class": item.kind.value},
        )

    def _text(self, item: Item, name: str, tensor: _Tensor) -> None:
        """A name at the left or at the right."""
        role = getattr(self.words, item.kind.value)
        title = cut(item.title or item.rows[0].name or role, _NAME)
        right = item.kind is Kind.OUTPUT
        number = tensor.number and not right
        if number:
            title = tracks.number_text(tensor.row)
        inside = tracks.text(title, bold=not number, right=right, back=tensor.back)
        self._plain(
            name, inside, tooltips.item_tooltip(item, self.words), item.kind.value
        )

    def _plain(self, name: str, inside: str, tips: list[str], kind: str) -> None:
        self.ported.add(name)
        self.graph.node(
            name,
            label=f"<{inside}>",
            shape="plain",
            penwidth="0",  # for an engine that draws such a node as a box
            tooltip=tooltip(tips),
            **{"class": kind},
        )

    # --- tensors -----------------------------------------------------------------

    def _figures(self, tensor: _Tensor, name: str, *, blank: bool = False) -> None:
        inside = tracks.figures(tensor.row, back=tensor.back, blank=blank)
        tips = tooltips.row_tooltip(tensor.row, self.words)
        self._plain(name, inside, tips, "tensor")

    def _tracks(self, tensor: _Tensor, tail: str, head: str, arrows: str) -> None:
        """Write one piece of a tensor's tracks.

        Args:
            tensor: What runs on them.
            tail: The node at the left.
            head: The node at the right.
            arrows: Which of the tracks ends here: "→", "←" or neither. One that
                leads straight from one item to another has both.
        """
        tips = tooltip(tooltips.row_tooltip(tensor.row, self.words))
        for port, color, direction, way in (
            ("b", p.GRADIENT, "back", "←"),
            ("f", p.INK, "forward", "→"),
        )[not tensor.back :]:
            self.graph.edge(
                f"{tail}:{port}:e" if tail in self.ported else tail,
                f"{head}:{port}:w" if head in self.ported else head,
                color=color,
                dir=direction if way in arrows else "none",
                weight="10",
                tooltip=tips,
                **{"class": f"wire {direction}"},
            )

    # --- the legend --------------------------------------------------------------

    def _legend(self) -> str:
        words = self.words
        parts = [label(f"→ {words.above}", color=p.INK, size=11)]
        if self.asked and self.picture.gradients == "all":
            parts.append(label(f"← {words.beneath}", color=p.GRADIENT, size=11))
        elif self.asked:
            why = words.redraw if self.picture.scalar else words.not_scalar
            parts.append(label(why, color=p.QUIET, size=11))
        gap = labels.cell("", ' WIDTH="14"')
        return labels.table(
            [labels.cell("", ' HEIGHT="8"'), gap.join([labels.cell(t) for t in parts])]
        )
