"""How a message is laid out: shapes in columns, sentences within the width."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import fill
from typing import TypeAlias

Shape: TypeAlias = tuple[int, ...]
Mark: TypeAlias = tuple[int, int, str]
"""Row, axis counted from the last (-1), and a note."""

WIDTH = 88


def columns(
    names: Sequence[str], shapes: Sequence[Shape], marks: Sequence[Mark] = ()
) -> str:
    """Lay shapes out below each other, aligned at the right as they broadcast.

    Args:
        names: What each row is called.
        shapes: The shapes.
        marks: Where to put carets, below a row.
    """
    depth = max([len(shape) for shape in shapes], default=0)
    backs = range(depth, 0, -1)
    held = [[s[-back] for s in shapes if len(s) >= back] for back in backs]
    widths = [max([len(str(n)) for n in lengths]) for lengths in held]
    longest = max([len(name) for name in names], default=0)
    lines = []
    for row, (name, shape) in enumerate(zip(names, shapes)):
        missing = depth - len(shape)
        cells = [str(n).rjust(width) for n, width in zip(shape, widths[missing:])]
        text = ", ".join(cells)
        number = text.lstrip()
        blank = sum(width + 2 for width in widths[:missing]) + len(text) - len(number)
        comma = "," if len(shape) == 1 else ""
        head = f"    {name.ljust(longest)}  "
        lines.append(f"{head}{' ' * blank}({number}{comma})")
        for _, axis, note in [mark for mark in marks if mark[0] == row]:
            column = depth + axis
            length = len(str(shape[axis])) if len(shape) >= -axis else widths[column]
            stop = len(head) + 1 + sum(width + 2 for width in widths[: column + 1]) - 2
            line = f"{' ' * (stop - length)}{'^' * length}"
            told = f"{line} {note}".rstrip()
            lines.append(told if len(told) <= WIDTH else line)
    return "\n".join(lines)


def said(headline: str, table: str = "", width: int = WIDTH) -> str:
    """A message: one sentence, wrapped where it is long, and its table."""
    # Shapes are not broken, nor are words: their blanks are held together meanwhile.
    text = re.sub(r"\([-\d, ]*\)", lambda m: m[0].replace(" ", "\0"), headline)
    text = fill(
        text,
        width,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    ).replace("\0", " ")
    return f"{text}\n{table}" if table else text


def counted(number: int, word: str) -> str:
    """``1 axis``, ``2 axes``, ``3 rows``."""
    plural = "axes" if word == "axis" else f"{word}s"
    return f"{number} {word if number == 1 else plural}"
