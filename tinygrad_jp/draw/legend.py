"""The legend: one line that says what shapes, colours and numbers mean."""

from __future__ import annotations

from tinygrad_jp.draw.heat import Heat
from tinygrad_jp.draw.labels import cell
from tinygrad_jp.draw.palette import ALARM, CARD, GRADIENT, INK, LOOKS, QUIET
from tinygrad_jp.draw.picture import Kind, Picture
from tinygrad_jp.draw.text import Words, label


def legend(picture: Picture, words: Words) -> str:
    """The legend of a picture: only what occurs in it."""
    kinds = {item.kind for item in picture.items}
    cells = []
    for kind in (Kind.INPUT, Kind.PARAMETER, Kind.OP, Kind.LAYER, Kind.OUTPUT):
        if kind in kinds:
            cells.append(cell(_swatch(kind, plain=picture.color is not None)))
            text = label(getattr(words, kind.value), color=QUIET, size=11)
            cells.append(cell(f"{text}", ' ALIGN="LEFT"'))
            cells.append(cell("", ' WIDTH="8"'))
    remarks = _remarks(picture, words)
    if picture.color is not None:
        heat = Heat(picture)
        cells += _scale(heat, words)
        remarks = [] if heat.known else [_unknown(picture, words)]
        if picture.unseen:
            remarks = [(words.unseen, QUIET)]
    if any(item.repeated for item in picture.items):
        remarks.append((f"· {words.dashed}", QUIET))
    count = len(picture.problems)
    if count:
        text = words.problem if count == 1 else words.problems.format(count)
        remarks.append((f"· {text}", ALARM))
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


def _scale(heat: Heat, words: Words) -> list[str]:
    """The colours of a colour mode, small to large, each with its value in it."""
    text = getattr(words, f"{heat.color}_scale")
    cells = [cell(label(text, color=QUIET, size=11)), cell("", ' WIDTH="4"')]
    if heat.known:
        for color, value in heat.steps():
            inside = label(f" {value} ", color=INK, size=10)
            cells.append(cell(inside, f' BGCOLOR="{color}" CELLPADDING="2"'))
    return [*cells, cell("", ' WIDTH="8"')]


def _unknown(picture: Picture, words: Words) -> tuple[str, str]:
    """Why there are no colours."""
    if picture.color != "grad":
        return words.unmeasured, QUIET
    return words.run if picture.scalar else words.not_scalar, QUIET


def _swatch(kind: Kind, *, plain: bool) -> str:
    """A small picture of a kind's shape in its colours; plain: without its fill."""
    look = LOOKS[kind]
    fill = CARD if plain else look.fill
    size = ' FIXEDSIZE="TRUE" WIDTH="18" HEIGHT="12"'
    if kind is Kind.OP:
        return label("○", color=look.line, size=15)
    style = ' STYLE="ROUNDED"' if kind is not Kind.INPUT else ""
    colors = f' COLOR="{look.line}" BGCOLOR="{fill}"'
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
