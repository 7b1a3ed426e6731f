"""The legend: one line that says what shapes, colours and numbers mean."""

from __future__ import annotations

from tinygrad_jp.draw.labels import cell
from tinygrad_jp.draw.palette import GRADIENT, LOOKS, QUIET
from tinygrad_jp.draw.picture import Kind, Picture
from tinygrad_jp.draw.text import Words, label


def legend(picture: Picture, words: Words) -> str:
    """The legend of a picture: only what occurs in it."""
    kinds = {item.kind for item in picture.items}
    cells = []
    for kind in (Kind.INPUT, Kind.PARAMETER, Kind.OP, Kind.LAYER, Kind.OUTPUT):
        if kind in kinds:
            cells.append(cell(_swatch(kind)))
            text = label(getattr(words, kind.value), color=QUIET, size=11)
            cells.append(cell(f"{text}", ' ALIGN="LEFT"'))
            cells.append(cell("", ' WIDTH="8"'))
    remarks = _remarks(picture, words)
    if any(item.repeated for item in picture.items):
        remarks.append((f"· {words.dashed}", QUIET))
    for text, color in remarks:
        cells.append(cell(label(text, color=color, size=11)))
    line = "".join(cells)
    return (
        '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="4" CELLPADDING="0">'
        f'<TR><TD HEIGHT="4"></TD></TR><TR>{line}</TR></TABLE>'
    )


def _remarks(picture: Picture, words: Words) -> list[tuple[str, str]]:
    if picture.gradients == "all":
        return [(words.legend, GRADIENT)]
    if picture.gradients == "none":
        return [(words.redraw if picture.scalar else words.not_scalar, QUIET)]
    found = [(words.accumulated, GRADIENT)]
    if picture.scalar:
        found.append((f"· {words.redraw}", QUIET))
    return found


def _swatch(kind: Kind) -> str:
    """A small picture of a kind's shape in its colours."""
    look = LOOKS[kind]
    size = ' FIXEDSIZE="TRUE" WIDTH="18" HEIGHT="12"'
    if kind is Kind.OP:
        return label("○", color=look.line, size=15)
    style = ' STYLE="ROUNDED"' if kind is not Kind.INPUT else ""
    colors = f' COLOR="{look.line}" BGCOLOR="{look.fill}"'
    frame = f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"{style}'
    inside = f"{frame}{colors}><TR><TD{size}></TD></TR></TABLE>"
    if kind is Kind.PARAMETER:
        inside = (
            f'{frame}{colors}><TR><TD FIXEDSIZE="TRUE" WIDTH="16" HEIGHT="3"></TD></TR>'
            f'<HR/><TR><TD FIXEDSIZE="TRUE" WIDTH="16" HEIGHT="11"></TD></TR></TABLE>'
        )
    if kind is Kind.OUTPUT:
        inside = (
            f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1"{style}'
            f' COLOR="{look.line}"><TR><TD>{inside}</TD></TR></TABLE>'
        )
    return inside
