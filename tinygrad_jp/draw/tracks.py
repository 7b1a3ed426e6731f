"""The pieces of a picture in the book's style: figures over and under two tracks.

The track through a piece is a row of coloured cells, so that the wires which dot draws
from one piece to the next go on in it.
"""

from __future__ import annotations

from tinygrad_jp.draw.labels import cell, table
from tinygrad_jp.draw.palette import ALARM, GRADIENT, INK, PAPER
from tinygrad_jp.draw.picture import Item, Kind, Row
from tinygrad_jp.draw.plain import lines_of, written
from tinygrad_jp.draw.summary import Summary
from tinygrad_jp.draw.text import label

THICK = 2  # points
_APART = 8  # points between the tracks
_END = 3  # points
_LINE = 18  # points: the height of a line of figures
_SIZE = 14.0


def figures(row: Row, *, back: bool, blank: bool = False) -> str:
    """The value above the tracks and the gradient beneath, both equally high.

    The ports of the tracks are "f", forward, and "b", back.

    Args:
        row: The array.
        back: Whether there is a track for its gradient.
        blank: Draw the tracks alone.
    """
    above = [] if blank else _lines(row.value, row, INK)
    beneath = _lines(row.grad, row, GRADIENT) if back and not blank else []
    blanks = [_row("", f' HEIGHT="{_LINE}"')]
    height = max(len(above), len(beneath))
    above = blanks * (height - len(above)) + above
    beneath += blanks * (height - len(beneath))
    rails = [_rail("f", INK)]
    if back:
        rails += [_row("", f' HEIGHT="{_APART}"'), _rail("b", GRADIENT)]
    return table([*above, *rails, *beneath])


def text(title: str, *, bold: bool, right: bool, back: bool) -> str:
    """A name where tracks start or end, with a port for each of them.

    Args:
        title: The name.
        bold: Whether it is written in bold letters.
        right: It stands at the right end.
        back: Whether there is a track for the gradient.
    """
    name = cell(
        label(title, bold=bold, color=INK, size=_SIZE), f' ROWSPAN="{1 + back}"'
    )
    look = f' WIDTH="4" HEIGHT="{_APART + THICK}"'
    port = cell("", f' PORT="f"{look}')
    first = f"{port}{name}" if right else f"{name}{port}"
    return table([first, cell("", f' PORT="b"{look}')] if back else [first])


def is_number(source: Item, row: Row) -> bool:
    """Whether a leaf was written into the formula: the engine names it by `repr`."""
    if source.kind is not Kind.INPUT or row.shape or row.value is None:
        return False
    try:
        return float(row.name or "") == row.value.elements[0]
    except ValueError:
        return row.name in ("True", "False")


def number_text(row: Row) -> str:
    """How such a number reads."""
    if row.value is None or row.name in ("True", "False"):
        return row.name or ""
    return written(row.value.elements[0])


def _lines(summary: Summary | None, row: Row, color: str) -> list[str]:
    """Figures in cells, a line each; NaN and infinity shout."""
    if summary is None:
        return []
    loud = bool(summary.nans or summary.infinities)
    bold = loud or color == GRADIENT
    size = f' HEIGHT="{_LINE}"' + (f' BGCOLOR="{ALARM}"' if loud else "")
    ink = PAPER if loud else color
    return [
        _row(label(line, bold=bold, color=ink, size=_SIZE), size)
        for line in lines_of(summary, row.shape)
    ]


def _rail(port: str, color: str) -> str:
    """A piece of track.

    Its port is not at its ends: dot lets an edge end a point before a port at the
    border of a node, and a gap would be seen.
    """
    look = f' HEIGHT="{THICK}" BGCOLOR="{color}"'
    return _row("", f'{look} PORT="{port}"', look)


def _row(content: str, attributes: str, ends: str = "") -> str:
    """A row of three cells, of which those at the ends are narrow."""
    end = cell("", f'{ends} WIDTH="{_END}"')
    return f"{end}{cell(content, attributes)}{end}"
