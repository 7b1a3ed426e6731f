"""A picture as plain data: what the page's JSON holds.

Every number that is read is text already, so that the page and the SVG round alike.
A colour is its place in a table, because each has a dark twin.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tinygrad_jp.draw import labels
from tinygrad_jp.draw.basics import Options
from tinygrad_jp.draw.heat import Heat
from tinygrad_jp.draw.page.amounts import amounts_of, cost
from tinygrad_jp.draw.page.words import PAGE_WORDS
from tinygrad_jp.draw.palette import Scale
from tinygrad_jp.draw.picture import WIDE, Amount, Box, Item, Kind, Picture, Row, Wire
from tinygrad_jp.draw.summary import Summary
from tinygrad_jp.draw.text import WORDS, Words, clean, is_trouble, number, short

Json = dict[str, Any]


def page_data(picture: Picture, shown: Picture, options: Options) -> Json:
    """Everything that the page shows.

    Args:
        picture: What is drawn, with as many scopes open as there can be.
        shown: The picture for paper: the page starts with what is open in it.
        options: What was asked for.
    """
    return _Writer(picture, shown, options).data()


class _Writer:
    """Numbers boxes, items and rows, so that the data can refer to them."""

    def __init__(self, picture: Picture, shown: Picture, options: Options) -> None:
        self.picture = picture
        self.shown = shown
        self.options = options
        self.words = WORDS[options.lang]
        self.boxes = {box: i for i, box in enumerate(picture.boxes())}
        self.items = {item: i for i, item in enumerate(picture.items)}
        self.rows: dict[Row, int] = {}
        norms = [row.norm for wire in picture.wires for row in wire.rows]
        self.scale = Scale(norms)
        self.colors: dict[str, int] = {}
        # One scale for ops and for the layers that they are folded to.
        both = replace(picture, items=[*picture.items, *shown.items])
        self.heat = Heat(both) if picture.color is not None else None
        self.amounts, self.cards = amounts_of(picture) if self.heat else ({}, {})

    def data(self) -> Json:
        """The whole."""
        opened = {_path(box) for box in self.shown.boxes()}
        items = [self._item(item) for item in self.picture.items]
        wires = [self._wire(wire) for wire in self.picture.wires]
        return {
            "lang": self.options.lang,
            "words": _words(self.words) | PAGE_WORDS[self.options.lang],
            "gradients": self.picture.gradients,
            "down": self.shown.columns > WIDE,
            "boxes": [self._box(box, opened) for box in self.boxes],
            "items": items,
            "wires": wires,
            "rows": [self._row(row) for row in self.rows],
            "problems": list(map(clean, self.picture.problems)),
            "remarks": self._remarks(),
            "scale": self._scale(),
            "colors": list(self.colors),
        }

    def _box(self, box: Box, opened: set[tuple[str, ...]]) -> Json:
        parent = None if box.parent is None else self.boxes[box.parent]
        found: Json = {
            "title": clean(box.title),
            "label": clean(short(box.title)),
            "parent": parent,
            "open": _path(box) in opened,
        }
        if self.heat is not None:
            found["amount"] = self._amount(self.heat, self.amounts.get(box), op=True)
            found["card"] = self._amount(self.heat, self.cards.get(box))
        return found

    def _item(self, item: Item) -> Json:
        found: Json = {
            "kind": item.kind.value,
            "title": clean(item.title),
            "label": clean(labels.title_of(item, self.words)),
            "box": self.boxes[item.box],
        }
        if labels.is_symbol(item):
            found["symbol"] = True
        if item.rows:
            found["rows"] = self._numbers(item.rows)
        if item.made:
            found["made"] = self._numbers(item.made)
        if item.ops:
            found["ops"] = [clean(op) for op in item.ops]
            found["size"] = item.size
        if item.value is not None:
            found["value"] = number(item.value, 4)
            found["loud"] = is_trouble(item.value)
        if item.repeated:
            found["repeated"] = True
        if item.marks:
            found["marks"] = [
                {"text": clean(m.text), "detail": clean(m.detail), "loud": m.loud}
                for m in item.marks
            ]
            found["quiet"] = any("gradient" in mark.kind for mark in item.marks)
        if self.heat is not None:
            op = item.kind in (Kind.OP, Kind.LAYER)
            found["amount"] = self._amount(self.heat, item.amount, op=op)
        return found

    def _amount(self, heat: Heat, amount: Amount | None, *, op: bool = False) -> Json:
        """The colour of a node, and what it says."""
        found: Json = {"color": self._color(heat.fill(amount, op=op))}
        if amount is not None:
            found["text"] = heat.written(amount.value)
            found["full"] = cost(amount, self.picture, self.words)
        return found

    def _wire(self, wire: Wire) -> Json:
        found: Json = {
            "source": self.items[wire.source],
            "target": self.items[wire.target],
            "rows": self._numbers(wire.rows),
        }
        if wire.beside:
            found["beside"] = True
        if wire.spine:
            found["spine"] = True
        return found

    def _numbers(self, rows: Iterable[Row]) -> list[int]:
        return [self.rows.setdefault(row, len(self.rows)) for row in rows]

    def _row(self, row: Row) -> Json:
        found: Json = {"shape": str(row.shape), "dtype": row.dtype}
        if row.name:
            found["name"] = clean(row.name)
            found["label"] = clean(short(row.name))
        if row.site:
            found["site"] = clean(row.site)
        if row.value is not None:
            found["value"] = _summary(row.value)
        if row.grad is not None:
            found["grad"] = _summary(row.grad)
        # Where colours tell something else, wires are quiet.
        if row.norm is not None and self.heat is None:
            low, high = row.norms or (row.norm, row.norm)
            ends = dict.fromkeys([number(low), number(high)])
            found["norm"] = " … ".join(ends)
            found["width"] = self.scale.width(row.norm)
            found["color"] = self._color(self.scale.color(row.norm))
            found["loud"] = is_trouble(row.norm)
            found["zero"] = row.norm == 0
        return found

    def _color(self, color: str) -> int:
        return self.colors.setdefault(color, len(self.colors))

    # --- the legend --------------------------------------------------------------

    def _remarks(self) -> list[str]:
        """What it says of gradients, or of the colours."""
        words, picture = self.words, self.picture
        if picture.color is not None:
            return [getattr(words, f"{picture.color}_scale"), *self._unknown()]
        if picture.gradients == "all":
            return [words.legend]
        if picture.gradients == "none":
            return [words.redraw if picture.scalar else words.not_scalar]
        return [words.accumulated, *([words.redraw] if picture.scalar else [])]

    def _unknown(self) -> list[str]:
        if self.picture.unseen:
            return [self.words.unseen]
        if self.heat is None or self.heat.known:
            return []
        if not self.heat.by_gradient:
            return [self.words.unmeasured]
        return [self.words.run if self.picture.scalar else self.words.not_scalar]

    def _scale(self) -> list[Json]:
        """Colours of the nodes, from small to large, and what they stand for."""
        if self.heat is None or not self.heat.known:
            return []
        return [{"color": self._color(c), "text": t} for c, t in self.heat.steps()]


def _summary(summary: Summary) -> Json:
    found: Json = {
        "size": f"{summary.size:,}",
        "norm": number(summary.norm, 6),
        "rms": number(summary.rms, 6),
    }
    if summary.size > summary.nans + summary.infinities:
        found["low"] = number(summary.low, 4)
        found["mean"] = number(summary.mean, 4)
        found["high"] = number(summary.high, 4)
    for name in ("zeros", "nans", "infinities"):
        count = getattr(summary, name)
        if count:
            found[name] = f"{count:,}"
    if summary.bars:
        found["bars"] = list(summary.bars)
    if summary.elements:
        found["elements"] = [number(element, 6) for element in summary.elements]
    return found


def _words(words: Words) -> dict[str, str]:
    """The words of every picture, without those that are no text."""
    found = {name: getattr(words, name) for name in words.__dataclass_fields__}
    return {name: text for name, text in found.items() if isinstance(text, str)}


def _path(box: Box) -> tuple[str, ...]:
    titles = []
    while box.parent is not None:
        titles.append(box.title)
        box = box.parent
    return tuple(reversed(titles))
