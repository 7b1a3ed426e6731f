"""The `scopes` flavour: layers are boxes, tensors are wires. Writes DOT."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tinygrad_jp.draw import labels, tooltips
from tinygrad_jp.draw import palette as p
from tinygrad_jp.draw.basics import Language
from tinygrad_jp.draw.heat import Heat
from tinygrad_jp.draw.legend import legend
from tinygrad_jp.draw.picture import SMALL, WIDE, Box, Item, Kind, Picture, Row, Wire
from tinygrad_jp.draw.picture import root_sum_square as together
from tinygrad_jp.draw.text import WORDS, label, short, tooltip


def write(picture: Picture, lang: Language) -> str:
    """The DOT source of a picture. The same picture gives the same text."""
    return _Writer(picture, lang).source()


class _Writer:
    """Names the items of a picture, and writes them box by box."""

    def __init__(self, picture: Picture, lang: Language) -> None:
        self.picture = picture
        self.words = WORDS[lang]
        self.down = picture.columns > WIDE
        self.names = {item: f"n{i}" for i, item in enumerate(picture.items)}
        rows = [row for wire in picture.wires for row in wire.rows]
        self.scale = p.Scale([row.norm for row in rows])
        self.heat = Heat(picture) if picture.color else None
        self.steps = {(w.source, w.target) for w in picture.wires if w.spine}
        self.spine = {item for step in self.steps for item in step}

    def source(self) -> str:
        """The whole text."""
        # Imported late: a program that draws nothing shall not wait for it.
        from graphviz import Digraph  # type: ignore[import-untyped]  # has no types

        graphs: dict[Box, Any] = {}
        boxes = self.picture.boxes()
        for number, box in enumerate(boxes):
            graphs[box] = Digraph(
                name=f"cluster_{number}" if box.parent else self.words.title
            )
        sheet = graphs[self.picture.sheet]
        self._start(sheet)
        for item in self.picture.items:
            graphs[item.box].node(self.names[item], **self._item(item))
        labelled = self._labelled()
        wires = self._wires()
        if self.down:  # what comes first dot puts to the left, and so the spine is free
            wires.sort(key=lambda wire: not self._skips(wire))
        occupied: set[Item] = set()  # one place beside them
        for wire in wires:
            # Off the spine there are several to a row, with no room beside them.
            beside = wire.beside and wire.target in self.spine
            graph = graphs[wire.target.box if beside else self.picture.sheet]
            ends = self.names[wire.source], self.names[wire.target]
            if beside:
                attributes = self._wire(wire, labelled)
                # Outside of clusters dot stacks the other way round. Written
                # backwards, a wire puts its source to the other side.
                flipped = not wire.target.box.parent and not self.down
                if flipped != (wire.target in occupied):
                    ends = ends[::-1]
                    attributes["dir"] = "back"
                occupied.add(wire.target)
                with graph.subgraph(graph_attr={"rank": "same"}) as rank:
                    rank.edge(*ends, **attributes)
            else:
                graph.edge(*ends, **self._wire(wire, labelled))
        # The innermost first, because a graph is copied into the one around it.
        for box in sorted(boxes, key=_depth, reverse=True):
            if box.parent:
                self._frame(graphs[box], box)
                graphs[box.parent].subgraph(graphs[box])
        return str(sheet.source)

    def _wires(self) -> list[Wire]:
        """The wires without a second one between two boxes: it can crash dot 2.43."""
        seen: set[tuple[Item, Item]] = set()
        found = []
        for wire in self.picture.wires:
            ends = wire.source, wire.target
            if wire.source.box is wire.target.box or ends not in seen:
                found.append(wire)
            seen.add(ends)
        return found

    # --- attributes --------------------------------------------------------------

    def _start(self, graph: Any) -> None:
        words = self.words
        graph.attr(
            rankdir="TB" if self.down else "LR",
            bgcolor=p.PAPER,
            fontname=p.FONTS,
            pad="0.2",
            nodesep="0.35",
            ranksep="0.22" if self.down else "0.3",
            labelloc="b",
            outputorder="edgesfirst",  # so that arrows end at the border of a node
            label=f"<{legend(self.picture, words)}>",
            tooltip=tooltip([words.title]),
        )
        graph.attr(
            "node",
            fontname=p.FONTS,
            fontsize="13",
            margin="0.11,0.05",
            height="0.3",
            width="0.3",
            penwidth="1.3",
        )
        graph.attr("edge", fontname=p.FONTS, fontsize="10", arrowsize="0.75")

    def _frame(self, graph: Any, box: Box) -> None:
        title = label(short(box.title), color=p.QUIET, size=14)
        if box.parameters:
            title = label(short(box.title), bold=True, color=p.INK, size=14)
            text = self.words.parameters.format(f"{box.parameters:,}")
            title += label(f"   {text}", color=p.QUIET, size=10)
        graph.attr(
            label=f"<{title}>",
            labeljust="l",
            labelloc="t",
            style="rounded,filled",
            color=p.FRAME,
            fillcolor=p.FRAME_FILL,
            penwidth="1.2",
            margin="12",
            tooltip=tooltip([box.title]),
            **{"class": "frame"},
        )

    def _item(self, item: Item) -> dict[str, str]:
        look = p.LOOKS[item.kind]
        style = f"{look.style},dashed" if item.repeated else look.style
        inside = labels.item_label(item, self.words, down=self.down, heat=self.heat)
        tips = tooltips.item_tooltip(item, self.words, color=self.picture.color)
        found = {
            "label": f"<{inside}>",
            "shape": look.shape,
            "style": style,
            "fillcolor": look.fill if not self.heat else self._fill(item, self.heat),
            "color": look.line,
            "tooltip": tooltip(tips),
            "class": item.kind.value,
        }
        if any(mark.loud for mark in item.marks):
            found |= {"color": p.ALARM, "penwidth": "2.4"}
        if item.kind is Kind.INPUT and item.title and not item.rows[0].shape:
            number = label(short(item.title), color=p.INK, size=12)
            found |= {"label": f"<{number}>", "margin": "0.06,0.02", "height": "0.2"}
        if item.kind is Kind.PARAMETER:
            found["margin"] = "0.11,0"
        if item.kind is Kind.OUTPUT:
            found |= {"margin": "0.04,0.04", "fillcolor": p.PAPER}
        if labels.is_symbol(item):
            found |= {"shape": "circle", "fixedsize": "true", "width": "0.46"}
            found["style"] = "filled"
        if item in self.spine:
            found["group"] = "spine"
        return found

    def _fill(self, item: Item, heat: Heat) -> str:
        return heat.fill(item.amount, op=item.kind in (Kind.OP, Kind.LAYER))

    def _wire(self, wire: Wire, labelled: set[Wire]) -> dict[str, str]:
        norm = None
        if not self.heat:  # otherwise the items speak
            norm = together([row.norm for row in wire.rows])
        tips: list[str] = []
        for row in wire.rows:
            tips += tooltips.row_tooltip(row, self.words)
        found = {
            "color": self.scale.color(norm),
            "penwidth": f"{self.scale.width(norm):g}",
            "tooltip": tooltip(tips),
            "labeltooltip": tooltip(tips),
            "class": "wire",
        }
        if norm == 0:
            found["style"] = "dashed"
        if wire.spine:
            found["weight"] = "50"
        elif self._skips(wire):
            found["weight"] = "0"  # a skip connection gives way to the spine
            if not self.down and wire.source.box is wire.target.box:
                found["headport"] = "n"  # over it; through frames it may be under it
        if wire in labelled:
            text = labels.wire_label(wire, down=self.down, quiet=bool(self.heat))
            if text:
                found["label"] = f"<{text}>"
        return found

    def _skips(self, wire: Wire) -> bool:
        """Whether it is a skip connection: it leaves the spine and comes back to it."""
        ends = wire.source, wire.target
        return self.spine.issuperset(ends) and ends not in self.steps

    def _labelled(self) -> set[Wire]:
        """The wires that say what runs on them: one for each tensor.

        None where an item at its end says it, and none within a small box, because
        the wire that leaves the box says it.
        """
        ops = Counter([i.box for i in self.picture.items if i.kind is Kind.OP])
        seen: set[Row] = set()
        found = set()
        for wire in sorted(self.picture.wires, key=lambda wire: not wire.spine):
            source, target = wire.source, wire.target
            plain = source.kind is Kind.OP and target.kind is Kind.OP
            inner = plain and source.box is target.box and source.box.parent
            said = source.kind in (Kind.INPUT, Kind.PARAMETER)
            if said or target.kind is Kind.OUTPUT or wire.rows[0] in seen:
                continue
            if inner and ops[source.box] <= SMALL:
                continue
            seen.add(wire.rows[0])
            found.add(wire)
        return found


def _depth(box: Box) -> int:
    """How many boxes are around one."""
    depth = 0
    while box.parent:
        box = box.parent
        depth += 1
    return depth
