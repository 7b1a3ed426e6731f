"""What a step of a film says: sections of sentences and tables."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """A sentence.

    Attributes:
        text: What it says.
        look: "formula", "result", "quiet", or "" for plain text.
    """

    text: str
    look: str = ""


class Section(NamedTuple):
    """A part of a step's text.

    Attributes:
        head: Its heading.
        lines: Its sentences.
        table: Rows of cells below them, the first of which are headings.
    """

    head: str
    lines: list[Line]
    table: list[tuple[str, ...]] = []  # noqa: RUF012  # nobody adds to it


class Step(NamedTuple):
    """One step of a film.

    Attributes:
        kind: "intro", "forward", "seed", "visit" or "end".
        place: The node that it is about, in `Story.values`; None for all of them.
        title: Its heading.
        sections: Its text.
    """

    kind: str
    place: int | None
    title: str
    sections: list[Section]
