"""What stands in nodes and on wires, as HTML-like labels."""

from __future__ import annotations

from collections.abc import Iterable

from tinygrad_jp.draw.heat import Heat
from tinygrad_jp.draw.palette import ALARM, GRADIENT, INK, LOOKS, PAPER, QUIET
from tinygrad_jp.draw.picture import Item, Kind, Row, Wire
from tinygrad_jp.draw.text import Words, is_trouble, label, number, short

_TITLE = 13.0
_SMALL = 10.0
_ROWS = 4  # of a card; more are summed up
_MARKS = 2  # of an item; its tooltip has all of them

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


def _norm_of(row: Row, attributes: str = "", *, quiet: bool = False) -> str:
    """The norm of a row's gradient, or the range of several; NaN and infinity shout.

    Args:
        row: Its norm is known.
        attributes: Of the cell.
        quiet: Even these are only coloured: an item says where they come from.
    """
    low, high = row.norms or (row.norm, row.norm)
    if low is None or high is None:
        raise AssertionError("a norm that is not known")
    text = f"∇ {number(low)}"
    if number(low) != number(high):
        text = f"{text} … {number(high)}"
    if not is_trouble(high):
        return cell(label(text, color=GRADIENT, size=_SMALL), attributes)
    if quiet:
        return cell(label(text, bold=True, color=ALARM, size=_SMALL), attributes)
    return _alarm(text, attributes)


def _alarm(text: str, attributes: str = "", size: float = _TITLE) -> str:
    loud = label(f" {text} ", bold=True, color=PAPER, size=size)
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


def item_label(
    item: Item, words: Words, *, down: bool, heat: Heat | None = None
) -> str:
    """The label of a node.

    Args:
        item: The node.
        words: Of the picture's language.
        down: The picture runs down the page, not across it.
        heat: The scale of a picture whose colours say something else than kinds.
    """
    if len(item.rows) > 1:
        return _card(item, words, down=down, heat=heat)
    is_op = item.kind in (Kind.OP, Kind.LAYER)
    size = 16.0 if is_symbol(item) else _TITLE
    title = label(title_of(item, words), bold=not is_op, color=INK, size=size)
    lines = [cell(title)]
    if item.kind is Kind.LAYER and item.size > 1:
        text = words.ops.format(f"{item.size:,}")
        lines.append(cell(label(text, color=INK if heat else QUIET, size=_SMALL)))
    for row in () if item.repeated else item.rows:
        if item.value is not None:
            lines.append(_value_cell(item.value))
        elif shape_text(row):
            lines.append(cell(label(shape_text(row), color=INK, size=_SMALL)))
        if heat is None and item.kind is not Kind.OUTPUT:
            lines += _norm_cells(item, row, heat)
    lines += _amount_cells(item, heat)
    lines += mark_cells(item, heat)
    if item.kind is Kind.OUTPUT:
        look = LOOKS[item.kind]
        fill = look.fill if heat is None else heat.fill(item.amount)
        return _framed(table(lines), look.line, fill)
    return table(_rimmed(lines) if item.kind is Kind.PARAMETER else lines)


def _norm_cells(
    item: Item, row: Row, heat: Heat | None, attributes: str = ""
) -> list[str]:
    """The size of a row's gradient, if it is known and no mark says it already."""
    if row.norm is None or row.grad is None or _is_marked(item, row.norm):
        return []
    if heat is None:
        return [_norm_of(row, attributes)]
    if not heat.by_gradient:
        return []
    text = label(heat.written(row.grad.rms), color=INK, size=_SMALL)
    return [cell(text, attributes)]


def _amount_cells(item: Item, heat: Heat | None, attributes: str = "") -> list[str]:
    """What the colour of an item says, if it is known and no mark says it already."""
    if heat is None or item.amount is None:
        return []
    if heat.by_gradient and _is_marked(item, item.amount.value):
        return []
    text = label(heat.written(item.amount.value), color=INK, size=_SMALL)
    return [cell(text, attributes)]


def _is_marked(item: Item, size: float) -> bool:
    """Whether a mark says already what is wrong with a gradient of such a size."""
    marked = any("gradient" in mark.kind for mark in item.marks)
    return marked and (size == 0 or is_trouble(size))


def mark_cells(item: Item, heat: Heat | None, attributes: str = "") -> list[str]:
    """A line for each mark: on a ground of its own where it is loud."""
    lines = []
    for mark in () if item.repeated else item.marks[:_MARKS]:
        if mark.loud:
            lines.append(cell("", f'{attributes} HEIGHT="3"'))
            lines.append(_alarm(f"⚠ {mark.text}", attributes, _SMALL))
        else:
            color = ALARM if heat is None else INK  # which is read on every fill
            text = label(mark.text, bold=True, color=color, size=_SMALL)
            lines.append(cell(text, attributes))
    return lines


def _value_cell(value: float) -> str:
    text = number(value, 4)
    if is_trouble(value):
        return _alarm(text)
    return cell(label(text, color=INK, size=_TITLE))


def _card(item: Item, words: Words, *, down: bool, heat: Heat | None) -> str:
    """Several parameters: a line each, or two where the picture runs across."""
    lines = []
    left = ' ALIGN="LEFT"'
    gap = cell("", ' WIDTH="6"')
    for row in item.rows[:_ROWS]:
        name = short(row.name or words.parameter)
        cells = [cell(label(name, bold=True, color=INK, size=12), left)]
        if not item.repeated:
            cells.append(cell(label(str(row.shape), color=INK, size=_SMALL), left))
            cells += _norm_cells(item, row, heat, left)
        if not down and len(cells) > 2:
            lines += [gap.join(cells[:2]), cell("") + gap + cells[2]]
        else:
            lines.append(gap.join(cells))
    hidden = len(item.rows) - _ROWS
    if hidden > 0:
        text = label(words.more.format(hidden), color=INK, size=_SMALL)
        lines.append(cell(text, f'{left} COLSPAN="5"'))
    if heat is not None and not heat.by_gradient:  # else each row has its own
        lines += _amount_cells(item, heat, f'{left} COLSPAN="5"')
    lines += mark_cells(item, heat, f'{left} COLSPAN="5"')
    return table(_rimmed(lines))


def _rimmed(lines: list[str]) -> list[str]:
    """Leave room for the rim of a cylinder, of which Graphviz does not think."""
    return [cell("", f' HEIGHT="{2 * len(lines) + 1}"'), *lines]


def _framed(inside: str, line: str, fill: str) -> str:
    """A second border, filled. With `peripheries` arrows would show between the two."""
    return (
        f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="5" '
        f'STYLE="ROUNDED" COLOR="{line}" BGCOLOR="{fill}">'
        f"<TR><TD>{inside}</TD></TR></TABLE>"
    )


def is_symbol(item: Item) -> bool:
    """Whether an op is drawn as a circle around its symbol, and nothing else."""
    alone = not item.marks and item.amount is None
    return item.kind is Kind.OP and len(item.title) <= 2 and alone


# --- wires -------------------------------------------------------------------------


def wire_label(wire: Wire, *, down: bool, quiet: bool = False) -> str:
    """Name, shape and gradient norm of the tensor on a wire; "" for nothing.

    Args:
        wire: The wire.
        down: The wire runs down the left side of the label, not below it.
        quiet: Without the norm.
    """
    row = wire.rows[0]
    cells = []
    if row.name:
        cells.append(cell(label(short(row.name), bold=True, color=INK, size=11)))
    if shape_text(row):
        cells.append(cell(label(shape_text(row), color=QUIET, size=_SMALL)))
    if row.norm is not None and not quiet:
        cells.append(_norm_of(row, quiet=True))
    if not cells:
        return ""
    if down:
        gap = cell("", ' WIDTH="5"')
        return table([gap.join(["", *cells, ""])])
    return table([*cells, cell("", ' HEIGHT="5"')])
