"""The html page: one file, in which a graph can be moved, searched, folded and opened.

Python writes the data and the words; the page lays the graph out by itself, so it needs
no Graphviz, and nothing from the network. Names reach the page as data and are put
into it as text, never as markup.
"""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from tinygrad_jp.draw.basics import Options
from tinygrad_jp.draw.page.buttons import buttons
from tinygrad_jp.draw.page.data import page_data
from tinygrad_jp.draw.page.look import variables
from tinygrad_jp.draw.page.words import PAGE_WORDS

if TYPE_CHECKING:
    from tinygrad_jp.draw.picture import Picture

SCRIPTS = (
    "graph",
    "layers",
    "coordinates",
    "layout",
    "positions",
    "shapes",
    "wires",
    "view",
    "chart",
    "panel",
    "search",
    "legend",
    "main",
)
"""The pages of the script, in the order in which they are put together."""


def write(picture: Picture, whole: Picture | None, options: Options) -> str:
    """The page of a graph. The same graph gives the same text.

    Args:
        picture: The picture for paper; the page starts like it.
        whole: The picture with every scope open; None where that is too large.
        options: What was asked for.
    """
    drawn = whole if whole is not None and options.style == "scopes" else picture
    data = page_data(drawn, picture, options)
    data["too_large"] = whole is None
    words = PAGE_WORDS[options.lang]
    script = "\n".join([_part(f"{name}.js") for name in SCRIPTS])
    pieces = {name: escape(text) for name, text in words.items()}
    pieces |= {
        "lang": options.lang,
        "style": f"{variables(data['colors'])}\n{_part('page.css')}",
        "buttons": buttons(words),
        "data": embedded(data),
        "script": f'(() => {{\n"use strict";\n{script}}})();',
    }
    return Template(_part("page.html")).substitute(pieces)


def _part(name: str) -> str:
    return files(__name__).joinpath(name).read_text("utf-8")


def embedded(data: object) -> str:
    """JSON that ends no script element, whatever a name holds."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for mark in "<>&":  # json has escaped all that is not ASCII
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text
