"""Functions from text that the project itself has written."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any


def compile_source(
    source: str, title: str, space: dict[str, Any]
) -> dict[str, Callable[..., Any]]:
    """Run generated text in `space` and return what it defines.

    Tracebacks show its lines.
    """
    linecache.cache[title] = (len(source), None, source.splitlines(True), title)
    defined: dict[str, Callable[..., Any]] = {}
    exec(compile(source, title, "exec"), space, defined)  # noqa: S102 - our own text
    return defined
