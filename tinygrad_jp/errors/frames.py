"""The frames of a call: whose they are, and what their variables hold.

No frame is kept, and no value: a frame that outlives its call keeps all that it holds.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from linecache import getline
from os.path import basename, dirname, join
from typing import Any, NamedTuple

import numpy as np

from tinygrad_jp.errors.layout import WIDTH

_HOME = dirname(dirname(__file__))
_FOLDERS = (_HOME, join(dirname(_HOME), "nn"), dirname(np.__file__))
# `pathlib` would take half as long to import as all of this package.
_OURS = tuple(folder.replace("\\", "/") + "/" for folder in _FOLDERS)
_BETWEEN = ("contextlib", "functools", "hypothesis")
"""Between a decorated function, or a test of random examples, and its caller."""

_OPTIMIZED = 1  # `inspect.CO_OPTIMIZED`: the code of a function


class Line(NamedTuple):
    """A line of the user's, remembered at little cost."""

    title: str
    number: int

    def __str__(self) -> str:
        return self.shown()

    def shown(self) -> str:
        """``train.py:14: h = x @ W``; the text is missing where there is no source."""
        return shown_line(self.title, self.number, getline(self.title, self.number))


def user_line() -> Line | None:
    """The line of the user's that is running."""
    _, frame = user_frame(sys._getframe(1))
    return Line(frame.f_code.co_filename, frame.f_lineno) if frame else None


def user_frame(frame: Any) -> tuple[list[tuple[str, str]], Any]:
    """The first frame of the user from `frame` outwards, and what was passed.

    What was passed are pairs of a file and the name of a function in it.
    """
    passed = []
    while frame is not None:
        code = frame.f_code
        title = code.co_filename
        if not title.startswith(("<lifted ", "<rule ")):
            between = str(frame.f_globals.get("__name__")).split(".")[0] in _BETWEEN
            if not between and not title.replace("\\", "/").startswith(_OURS):
                break
            if not between:
                passed.append((title, code.co_name))
        frame = frame.f_back
    return passed, frame


def variables(frame: Any) -> dict[str, Any]:
    """A frame's variables, in a dict that nobody else holds.

    Before Python 3.13 a function's frame keeps the dict that it has handed out, and so
    every value in it, as long as it runs; that one is emptied, unless the user holds
    it too (``locals()`` is the same dict).
    """
    held = frame.f_locals
    found = dict(held)
    snapshot = sys.version_info < (3, 13) and frame.f_code.co_flags & _OPTIMIZED
    frame_and_here = 3  # and the argument of getrefcount
    if snapshot and sys.getrefcount(held) == frame_and_here:
        held.clear()
    return found


def visible(frame: Any) -> dict[str, Any]:
    """What a frame's names stand for: its own, then its module's."""
    return {**frame.f_globals, **variables(frame)}


def module_line(frame: Any) -> int | None:
    """The line that runs in the module of a function's frame, if it still does."""
    title = frame.f_code.co_filename
    for outer in _outwards(frame):
        if outer.f_code.co_name == "<module>" and outer.f_code.co_filename == title:
            return int(outer.f_lineno)
    return None


def _outwards(frame: Any) -> Iterator[Any]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def shown_line(title: str, line: int, text: str) -> str:
    """``train.py:14: h = x @ W``; the cell of a notebook has no name worth showing."""
    name = "cell" if "ipykernel_" in title else basename(title)
    return cut(f"{name}:{line}: {text.strip()}")


def cut(text: str) -> str:
    """A line that is not too wide."""
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 4].rstrip()} ..."
