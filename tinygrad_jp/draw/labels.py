"""What stands in nodes and on wires, as HTML-like labels, and in their tooltips."""

from __future__ import annotations

from collections.abc import Iterable

from tinygrad_jp.draw.palette import ALARM, GRADIENT, INK, LOOKS, PAPER, QUIET, Look
from tinygrad_jp.draw.picture import Item, Kind, Row, Wire
from tinygrad_jp.draw.text import Words, is_trouble, label, number, short

_TITLE = 13.0
_SMALL = 10.0
_ROWS = 4  # of a card; more are summed up

_KNOWN_ROLES = {"t": "教師", "loss": "損失"}


def table(rows: Iterable[str], attributes: str = "") -> str:
    """Rows of cells below each other."""
    body = "".join([f"<TR>{row}</TR>" for row in rows])
    return (
        f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"{attributes}>'
        f"{body}</TABLE>"
    )


def cell(content: str, attributes: str = "") -> str:
    """One cell of a row."""
    return f"<TD{attributes}>{content}</TD>"


def norm_cell(norm: float, attributes: str = "") -> str:
    """The norm of a gradient; NaN and infinity shout."""
    text = f"∇ {number(norm)}"
    if is_trouble(norm):
        return _alarm(text, attributes)
    return cell(label(text, color=GRADIENT, size=_SMALL), attributes)


def _alarm(text: str, attributes: str = "") -> str:
    loud = label(f" {text} ", bold=True, color=PAPER, size=_TITLE)
    return cell(loud, f'{attributes} CELLPADDING="2" BGCOLOR="{ALARM}"')


def shape_text(row: Row) -> str:
    """A shape as Python writes it; nothing for a scalar."""
    return str(row.shape) if row.shape else ""


# --- items -------------------------------------------------------------------------


def title_of(item: Item, words: Words) -> str:
    """An item's name, with its role in Japanese: "x 入力"."""
    name = item.title or (item.rows[0].name if len(item.rows) == 1 else None)
    role = {
        Kind.INPUT: words.input,
        Kind.PARAMETER: words.parameter,
        Kind.OUTPUT: words.output,
    }.get(item.kind, "")
    if not name:
        return role
    if not words.roles or item.kind in (Kind.PARAMETER, Kind.OP, Kind.LAYER):
        return short(name)
    return f"{short(name)} {_KNOWN_ROLES.get(name, role)}"


def item_label(item: Item, words: Words, *, down: bool) -> str:
    """The label of a node, in a picture that runs down the page or across it."""
    if len(item.rows) > 1:
        return _card(item, words, down=down)
    is_op = item.kind in (Kind.OP, Kind.LAYER)
    size = 16.0 if is_symbol(item) else _TITLE
    title = label(title_of(item, words), bold=not is_op, color=INK, size=size)
    lines = [cell(title)]
    if item.kind is Kind.LAYER and item.size > 1:
        text = words.ops.format(f"{item.size:,}")
        lines.append(cell(label(text, color=QUIET, size=_SMALL)))
    for row in () if item.repeated else item.rows:
        if item.value is not None:
            lines.append(_value_cell(item.value))
        elif shape_text(row):
            lines.append(cell(label(shape_text(row), color=INK, size=_SMALL)))
        if row.norm is not None and item.kind is not Kind.OUTPUT:
            lines.append(norm_cell(row.norm))
    if item.kind is Kind.OUTPUT:
        return _framed(table(lines), LOOKS[item.kind])
    return table(_rimmed(lines) if item.kind is Kind.PARAMETER else lines)


def _value_cell(value: float) -> str:
    text = number(value, 4)
    if is_trouble(value):
        return _alarm(text)
    return cell(label(text, color=INK, size=_TITLE))


def _card(item: Item, words: Words, *, down: bool) -> str:
    """Several parameters: a line each, or two where the picture runs across."""
    lines = []
    left = ' ALIGN="LEFT"'
    gap = cell("", ' WIDTH="6"')
    for row in item.rows[:_ROWS]:
        name = short(row.name or words.parameter)
        cells = [cell(label(name, bold=True, color=INK, size=12), left)]
        if not item.repeated:
            cells.append(cell(label(str(row.shape), color=INK, size=_SMALL), left))
            if row.norm is not None:
                cells.append(norm_cell(row.norm, left))
        if not down and len(cells) > 2:
            lines += [gap.join(cells[:2]), cell("") + gap + cells[2]]
        else:
            lines.append(gap.join(cells))
    hidden = len(item.rows) - _ROWS
    if hidden > 0:
        text = label(words.more.format(hidden), color=INK, size=_SMALL)
        lines.append(cell(text, f'{left} COLSPAN="5"'))
    return table(_rimmed(lines))


def _rimmed(lines: list[str]) -> list[str]:
    """Leave room for the rim of a cylinder, of which Graphviz does not think."""
    return [cell("", f' HEIGHT="{2 * len(lines) + 1}"'), *lines]


def _framed(inside: str, look: Look) -> str:
    """A second border, filled. With `peripheries` arrows would show between the two."""
    return (
        f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="5" '
        f'STYLE="ROUNDED" COLOR="{look.line}" BGCOLOR="{look.fill}">'
        f"<TR><TD>{inside}</TD></TR></TABLE>"
    )


def is_symbol(item: Item) -> bool:
    """Whether an op is drawn as a circle around its symbol."""
    return item.kind is Kind.OP and len(item.title) <= 2


def item_tooltip(item: Item, words: Words) -> list[str]:
    """What a browser shows while the pointer rests on a node."""
    role = getattr(words, item.kind.value)
    name = item.title or (item.rows[0].name if len(item.rows) == 1 else None)
    lines = [f"{name} ({role})" if name else role]
    if item.repeated:
        lines.append(words.drawn)
    for row in item.rows:
        lines += row_tooltip(row, words, named=len(item.rows) > 1)
    lines += item.ops
    hidden = item.size - len(item.ops)
    if hidden > 0:
        lines.append(words.more.format(f"{hidden:,}"))
    return lines


def row_tooltip(row: Row, words: Words, *, named: bool = True) -> list[str]:
    """An array in words."""
    head = f"{row.name}: " if named and row.name else ""
    lines = [f"{head}{words.shape} {row.shape}, {row.dtype}"]
    if row.norm is not None:
        lines.append(f"{words.norm} {number(row.norm, 6)}")
    return lines


# --- wires -------------------------------------------------------------------------


def wire_label(wire: Wire, *, down: bool) -> str:
    """Name, shape and gradient norm of the tensor on a wire; "" for nothing.

    Args:
        wire: The wire.
        down: The wire runs down the left side of the label, not below it.
    """
    row = wire.rows[0]
    cells = []
    if row.name:
        cells.append(cell(label(short(row.name), bold=True, color=INK, size=11)))
    if shape_text(row):
        cells.append(cell(label(shape_text(row), color=QUIET, size=_SMALL)))
    if row.norm is not None:
        cells.append(norm_cell(row.norm))
    if not cells:
        return ""
    if down:
        gap = cell("", ' WIDTH="5"')
        return table([gap.join(["", *cells, ""])])
    return table([*cells, cell("", ' HEIGHT="3"')])
