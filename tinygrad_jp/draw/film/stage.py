"""The picture of a film: the book's 計算グラフ, with a piece of track for every use.

Each figure has its place from the beginning; the page shows it when its time comes. It
finds things by their classes: ``v3`` is a node, ``u5`` what belongs to a wire, ``o3``
what lies between an output's node and its name. Writes DOT.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tinygrad_jp.draw import palette as p
from tinygrad_jp.draw import tracks
from tinygrad_jp.draw.basics import Language
from tinygrad_jp.draw.film.names import Names
from tinygrad_jp.draw.film.story import Story, Use, Value
from tinygrad_jp.draw.picture import Row
from tinygrad_jp.draw.plain import columns, cut
from tinygrad_jp.draw.summary import Summary, summary_of
from tinygrad_jp.draw.text import label, tooltip

_NAME = 24  # columns; a Japanese letter takes two
_CIRCLES = ((2, 20, 0.68), (4, 14, 0.68), (8, 11, 0.84), (11, 10, 0.98), (14, 10, 1.15))
"""For a title of so many columns: the size of its letters, and of the circle."""
_USES = 6  # of a leaf that are drawn as wires; more would be a tangle
_UNKNOWN = summary_of(())  # of which the shape is shown


def write(story: Story, lang: Language) -> str:
    """The DOT source of a story's picture. The same story gives the same text."""
    return _Writer(story, lang).source()


def _is_repeated(value: Value) -> bool:
    """Whether a leaf stands at each of its uses: a number, and what has many."""
    many = not value.rule and not value.seed and len(value.uses) > _USES
    return value.written or many


class _Writer:
    """Writes nodes, and wires of two tracks each."""

    def __init__(self, story: Story, lang: Language) -> None:
        self.story = story
        self.names = Names(story, lang)
        self.tree = all(len(v.uses) + v.seed <= 1 for v in story.values)

    def source(self) -> str:
        """The whole text."""
        # Imported late: a program that draws nothing shall not wait for it.
        from graphviz import Digraph  # type: ignore[import-untyped]  # has no types

        self.graph: Any = Digraph(name=self.names.words["graph"])
        self.graph.attr(
            rankdir="LR",
            bgcolor=p.PAPER,
            fontname=p.FONTS,
            pad="0.25",
            nodesep="0.22",
            ranksep="0.3",
            outputorder="edgesfirst",
            nslimit="2",  # 59 uses of one op took over a minute
            tooltip=tooltip([self.names.words["graph"]]),
        )
        self.graph.attr("node", fontname=p.FONTS, width="0", height="0", color=p.INK)
        self.graph.attr("edge", penwidth=f"{tracks.THICK}", arrowsize="0.8")
        for place, value in enumerate(self.story.values):
            if value.rule:
                self._circle(place, value)
            elif not _is_repeated(value):
                back = any(self.story.uses[i].part is not None for i in value.uses)
                self._leaf(f"v{place}", place, back=back or value.seed)
        for i, use in enumerate(self.story.uses):
            self._wire(i, use)
        for place, value in enumerate(self.story.values):
            if value.seed:
                self._output(place, value)
        return str(self.graph.source)

    def _circle(self, place: int, value: Value) -> None:
        words = cut(value.title, _NAME).split(" ")
        width = max([columns(word) for word in words])
        fitting = [look for look in _CIRCLES if width <= look[0]]
        _, letters, size = fitting[0] if fitting else _CIRCLES[-1]
        parts = [label(word, color=p.INK, size=letters) for word in words]
        under = f"#{value.number}"
        if value.name:
            under = cut(f"{under} {value.name}", 10)
        parts.append(label(under, color=p.QUIET, size=9))
        found = {"shape": "circle", "fixedsize": "true", "width": f"{size}"}
        if not fitting:
            found = {"shape": "ellipse", "margin": "0.02"}
        if self.tree:
            found["ordering"] = "in"
        self.graph.node(
            f"v{place}",
            label=f"<{'<BR/>'.join(parts)}>",
            style="filled",
            fillcolor=p.PAPER,
            penwidth=f"{tracks.THICK}",
            tooltip=tooltip([self._said(place)]),
            **found,
            **{"class": f"op v{place}"},
        )

    def _leaf(self, name: str, place: int, *, back: bool) -> None:
        value = self.story.values[place]
        title = cut(self.names.leaf(value), _NAME)
        inside = tracks.text(title, bold=not value.written, right=False, back=back)
        self._plain(name, inside, f"leaf v{place}", self._said(place))

    def _wire(self, i: int, use: Use) -> None:
        value = self.story.values[use.source]
        start, end = f"v{use.source}", f"v{use.user}"
        back = use.part is not None
        if _is_repeated(value):
            start = f"u{i}s"
            self._leaf(start, use.source, back=back)
        if value.written:
            self._tracks(start, end, f"u{i}", "→", back=False, start=True)
            return
        look = {"back": back, "straight": bool(value.rule)}
        self._figures(f"u{i}", value, use.part, back=back)
        self._tracks(start, f"u{i}", f"u{i}", "←", **look, start=not value.rule)
        self._tracks(f"u{i}", end, f"u{i}", "→", **look, start=True)

    def _output(self, place: int, value: Value) -> None:
        """Put the name of an output behind its figures."""
        name = f"o{place}"
        shown = cut(value.name or self.names.words["output"], _NAME)
        inside = tracks.text(shown, bold=True, right=True, back=True)
        self._plain(f"{name}t", inside, f"output {name}", self._said(place))
        seed = value.known
        if seed is not None:
            seed = replace(seed, elements=(1.0,), nans=0, infinities=0)
        self._figures(name, value, seed, back=True)
        self._tracks(f"v{place}", name, name, "←", back=True, start=not value.rule)
        self._tracks(name, f"{name}t", name, "→", back=True, start=True, end=True)

    def _figures(
        self, name: str, value: Value, part: Summary | None, *, back: bool
    ) -> None:
        known = value.known or (_UNKNOWN if value.shape else None)
        row = Row(None, value.shape, "", known, part)
        inside = tracks.figures(row, back=back)
        self._plain(name, inside, f"tensor {name}", str(value.shape))

    def _plain(self, name: str, inside: str, kind: str, said: str) -> None:
        self.graph.node(
            name,
            label=f"<{inside}>",
            shape="plain",
            penwidth="0",  # for an engine that draws such a node as a box
            tooltip=tooltip([said]),
            **{"class": kind},
        )

    def _tracks(
        self,
        tail: str,
        head: str,
        name: str,
        arrows: str,
        *,
        back: bool,
        start: bool,
        end: bool | None = None,
        straight: bool = False,
    ) -> None:
        """Write one piece of a wire.

        Args:
            tail: The node at the left.
            head: The node at the right.
            name: The class of the wire.
            arrows: Which track ends here, "→" or "←".
            back: Whether there is a track for the gradient.
            start: Whether the left node has a port for each track.
            end: Whether the right one has; where it is None, unless "→" ends in it.
            straight: Whether it leads from op to op, as the main lines do.
        """
        ported = end if end is not None else arrows == "←"
        for port, color, direction, way in (
            ("b", p.GRADIENT, "back", "←"),
            ("f", p.INK, "forward", "→"),
        )[not back :]:
            self.graph.edge(
                f"{tail}:{port}:e" if start else tail,
                f"{head}:{port}:w" if ported else head,
                color=color,
                dir=direction if way in arrows else "none",
                weight="10" if straight else "1",
                tooltip=" ",
                **{"class": f"wire {direction} {name}"},
            )

    def _said(self, place: int) -> str:
        value = self.story.values[place]
        said = f"{self.names.of(place)}  {value.shape}"
        return said if not value.rule else f"{said}  {value.rule}"
