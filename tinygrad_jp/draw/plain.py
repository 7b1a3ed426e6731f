"""Arrays and names as plain text: as a person writes them, and safe in a terminal."""

from __future__ import annotations

import unicodedata

from tinygrad_jp.draw.summary import Summary
from tinygrad_jp.draw.text import number

_DIGITS = 4  # significant; a price of 12,345 yen keeps its fifth
_EXACT = 1e7  # below, all digits before the point are written
_FIGURE_SPACE = "\u2007"  # as wide as a digit

# --- numbers -----------------------------------------------------------------------


def written(value: float) -> str:
    """A number as a person writes it.

    Example:
        >>> from tinygrad_jp.draw.plain import written
        >>> [written(v) for v in (220.00000000000003, 1.1, 12345.0, 1 / 3, -0.0)]
        ['220', '1.1', '12345', '0.3333', '0']
    """
    if 10.0 ** (_DIGITS - 1) <= abs(value) < _EXACT:
        return str(round(value))
    return number(value, _DIGITS)


def lines_of(summary: Summary, shape: tuple[int, ...]) -> list[str]:
    """An array in one line, or a line for each row of a small matrix.

    Its elements where they are few, otherwise its shape, and whether it holds NaN.

    Example:
        >>> import numpy as np
        >>> from tinygrad_jp.draw.plain import lines_of
        >>> from tinygrad_jp.draw.summary import summary_of
        >>> lines_of(summary_of(np.eye(2)), (2, 2))
        ['[1 0]', '[0 1]']
        >>> lines_of(summary_of(np.zeros((3, 4))), (3, 4))
        ['(3, 4)']
    """
    if len(shape) > 2 or not summary.elements:
        lost = [("NaN", summary.nans), ("∞", summary.infinities)]
        return [" ".join([str(shape), *[mark for mark, count in lost if count]])]
    figures = [written(float(value)) for value in summary.elements]
    if not shape:
        return figures
    if len(shape) == 1:
        return [f"[{' '.join(figures)}]"]
    width = max([len(figure) for figure in figures])
    figures = [figure.rjust(width, _FIGURE_SPACE) for figure in figures]
    rows = [
        f"[{' '.join(figures[start : start + shape[-1]])}]"
        for start in range(0, len(figures), shape[-1])
    ]
    return rows if len(rows) > 1 else [f"[{rows[0]}]"]


# --- terminals ---------------------------------------------------------------------

_WIDE = frozenset({"W", "F"})
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
_ZERO = frozenset({"Mn", "Me"})


def safe(text: str) -> str:
    r"""Put U+FFFD in the place of what could move the cursor or turn the direction.

    Example:
        >>> from tinygrad_jp.draw.plain import safe
        >>> safe("red: \x1b[31m")
        'red: �[31m'
    """
    return "".join([_safe(letter) for letter in text])


def _safe(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in _UNSEEN:
        return "\ufffd"
    return " " if category == "Zs" else letter


def columns(text: str) -> int:
    """How many columns a terminal gives to a text: two for a Japanese letter.

    Example:
        >>> from tinygrad_jp.draw.plain import columns
        >>> columns("x 入力")
        6
    """
    return sum([_columns(letter) for letter in text])


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in _ZERO:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in _WIDE else 1


def cut(text: str, most: int) -> str:
    """A text of no more than so many columns; an ellipsis stands for the rest."""
    if columns(text) <= most:
        return text
    kept = ""
    left = most - 1
    for letter in text:
        left -= _columns(letter)
        if left < 0:
            break
        kept += letter
    return f"{kept}…"


def padded(text: str, width: int) -> str:
    """A text with spaces behind it, so many columns wide."""
    return text + " " * max(0, width - columns(text))
