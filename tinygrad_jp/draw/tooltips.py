"""What a browser shows while the pointer rests on a node or a wire, line by line."""

from __future__ import annotations

from tinygrad_jp.draw.basics import Color
from tinygrad_jp.draw.heat import written
from tinygrad_jp.draw.picture import Amount, Item, Row
from tinygrad_jp.draw.summary import Summary
from tinygrad_jp.draw.text import Words, number


def item_tooltip(item: Item, words: Words, *, color: Color | None = None) -> list[str]:
    """A node in words: what it is, its trouble, its arrays, the ops in it.

    Args:
        item: The node.
        words: Of the picture's language.
        color: What the colours of the picture say; see `Picture.color`.
    """
    role = getattr(words, item.kind.value)
    name = item.title or (item.rows[0].name if len(item.rows) == 1 else None)
    lines = [f"{name} ({role})" if name else role]
    if item.repeated:
        lines.append(words.drawn)
    lines += [f"⚠ {mark.detail}" for mark in item.marks]
    if item.amount is not None and item.amount.share is not None:
        lines.append(_cost(item.amount, words, color))
    rows = item.rows or item.made
    for row in rows:
        lines += row_tooltip(row, words, named=len(rows) > 1)
    lines += item.ops
    hidden = item.size - len(item.ops)
    if hidden > 0:
        lines.append(words.more.format(f"{hidden:,}"))
    return lines


def _cost(amount: Amount, words: Words, color: Color | None) -> str:
    """A time or a size: ``12 µs (forward 5 µs, backward 7 µs), 14 % of all``."""
    form = words.time_parts if color == "time" else words.memory_parts
    parts = form.format(*[written(part, color) for part in amount.parts])
    share = words.share.format(number(100 * (amount.share or 0.0)))
    return f"{written(amount.value, color)} ({parts}), {share}"


def row_tooltip(row: Row, words: Words, *, named: bool = True) -> list[str]:
    """An array in words: shape and dtype, its value, its gradient, its line."""
    head = f"{row.name}: " if named and row.name else ""
    lines = [f"{head}{words.shape} {row.shape}, {row.dtype}"]
    for title, summary in ((words.value, row.value), (words.gradient, row.grad)):
        if summary is not None and summary.size:
            lines += [f"{title}: {text}" for text in _statistics(summary, words)]
    if row.grad is not None:
        norm, rms = number(row.grad.norm, 6), number(row.grad.rms, 6)
        lines.append(f"{words.norm} {norm}, RMS {rms}")
    if row.site:
        lines.append(f"{words.line}: {row.site}")
    return lines


def _statistics(summary: Summary, words: Words) -> list[str]:
    if summary.size == 1:
        return [number(summary.elements[0], 6)]
    lines = []
    if summary.nans + summary.infinities < summary.size:
        figures = (summary.low, summary.mean, summary.high)
        lines.append(words.statistics.format(*[number(x, 4) for x in figures]))
    counts = (summary.zeros, summary.nans, summary.infinities)
    if any(counts):
        lines.append(words.counts.format(*[f"{count:,}" for count in counts]))
    return lines
