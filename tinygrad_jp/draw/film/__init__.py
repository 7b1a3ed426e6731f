"""The film of a backward pass: a page that goes through it node by node.

`story` follows the pass and keeps numbers alone, `telling` puts its steps into
sentences, `stage` draws the graph, and the page shows what has happened so far. It is
one file that asks the network for nothing.
"""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from tinygrad_jp.draw import engines
from tinygrad_jp.draw.basics import Language
from tinygrad_jp.draw.film import stage
from tinygrad_jp.draw.film.story import Story
from tinygrad_jp.draw.film.telling import steps_of
from tinygrad_jp.draw.film.text import Step
from tinygrad_jp.draw.film.words import FILM_WORDS
from tinygrad_jp.draw.page import embedded
from tinygrad_jp.draw.page.look import variables
from tinygrad_jp.draw.plain import lines_of
from tinygrad_jp.draw.text import clean
from tinygrad_jp.draw.theme import themed

_BUTTONS = {
    "first": '<path d="M4 3v10M13 3L6 8l7 5z"/>',
    "previous": '<path d="M11 3L4 8l7 5z"/>',
    "play": '<path class="go" d="M4 2.5l9 5.5-9 5.5z"/>'
    '<path class="stop" d="M5 3v10M11 3v10"/>',
    "next": '<path d="M5 3l7 5-7 5z"/>',
    "last": '<path d="M12 3v10M3 3l7 5-7 5z"/>',
    "backward": '<path d="M14 8H3M7 4L3 8l4 4"/>',
    "theme": (
        '<circle cx="8" cy="8" r="6"/><path class="full" d="M8 2a6 6 0 0 1 0 12z"/>'
    ),
}
"""What stands on each button, in an SVG of 16 by 16."""


def write(story: Story, lang: Language) -> str:
    """The page of a story. The same story gives the same text.

    Raises:
        EngineError: Graphviz, which places the nodes, is missing or failed.
    """
    words = FILM_WORDS[lang]
    steps = steps_of(story, lang)
    pieces = {name: escape(text) for name, text in words.items()}
    pieces |= {
        "lang": lang,
        "style": f"{variables([])}\n{_part('film.css')}",
        "svg": themed(engines.svg(stage.write(story, lang))),
        "buttons": "\n".join([_button(name, words[name]) for name in _BUTTONS]),
        "most": str(len(steps) - 1),
        "data": embedded(_data(story, steps, words)),
        "script": f'(() => {{\n"use strict";\n{_part("film.js")}}})();',
    }
    return Template(_part("film.html")).substitute(pieces)


def _data(story: Story, steps: list[Step], words: dict[str, str]) -> dict[str, Any]:
    """What happens at which step, and what is said there."""
    made = {step.place: i for i, step in enumerate(steps) if step.kind == "forward"}
    visited = {step.place: i for i, step in enumerate(steps) if step.kind == "visit"}
    (seed,) = [i for i, step in enumerate(steps) if step.kind == "seed"]
    return {
        "words": {name: words[name] for name in ("step", "play", "pause")},
        "seed": seed,
        "steps": [_step(step) for step in steps],
        "values": [
            {
                "made": made.get(place, 0),
                "visit": visited.get(place),
                "seed": value.seed,
                "lines": len(lines_of(value.known, value.shape)) if value.known else 0,
                "parts": story.parts(place),
            }
            for place, value in enumerate(story.values)
        ],
        "uses": [
            {
                "source": use.source,
                "user": use.user,
                "given": None if use.part is None else visited[use.user],
            }
            for use in story.uses
        ],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "place": step.place,
        "title": clean(step.title),
        "sections": [
            {
                "head": clean(section.head),
                "lines": [[clean(line.text), line.look] for line in section.lines],
                "table": [list(map(clean, row)) for row in section.table],
            }
            for section in step.sections
        ],
    }


def _button(name: str, words: str) -> str:
    said = escape(words)
    return (
        f'<button id="{name}" type="button" title="{said}" aria-label="{said}">'
        f'<svg viewBox="0 0 16 16" aria-hidden="true">{_BUTTONS[name]}</svg></button>'
    )


def _part(name: str) -> str:
    return files(__name__).joinpath(name).read_text("utf-8")
