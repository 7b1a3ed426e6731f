"""Tables for a terminal: times and sizes in one unit each, names aligned by width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args
from unicodedata import combining, east_asian_width

from tinygrad_jp.profile.reading import Reading
from tinygrad_jp.profile.rows import Row, ScopeRow

WIDTH = 100
"""Columns of a terminal that a table takes at most."""

By = Literal["op", "scope", "line"]
Sort = Literal["total", "forward", "backward", "runs", "memory", "kept", "name"]

_TIMES = ((10.0, "s", 1.0), (0.01, "ms", 1e-3), (0.0, "µs", 1e-6))
_SIZES = ((1e10, "GB", 1e9), (1e7, "MB", 1e6), (1e4, "kB", 1e3), (0.0, "B", 1.0))
_LONGEST = 60  # of a name

KEYS: dict[str, Callable[[Row], Any]] = {
    "total": lambda row: -row.seconds,
    "forward": lambda row: -row.forward,
    "backward": lambda row: -row.backward,
    "runs": lambda row: -row.runs,
    "memory": lambda row: -row.results - row.gradients,
    "kept": lambda row: -row.kept,
    "name": lambda row: row.name,
}
"""What rows can be sorted by: the largest first, and names by the alphabet."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit for all times, or all sizes, of a table."""

    name: str
    size: float
    digits: int

    @classmethod
    def of_time(cls, seconds: float) -> Unit:
        """The unit for a table of so many seconds altogether."""
        name, size = next((n, s) for least, n, s in _TIMES if seconds >= least)
        return cls(name, size, 1 if name == "µs" else 3)

    @classmethod
    def of_bytes(cls, most: int) -> Unit:
        """The unit for a table whose largest size is this."""
        name, size = next((n, s) for least, n, s in _SIZES if most >= least)
        return cls(name, size, 0 if name == "B" else 1)

    def written(self, value: float) -> str:
        """A value in this unit, without its name."""
        return f"{value / self.size:,.{self.digits}f}"

    def named(self, value: float) -> str:
        """A value in this unit, with its name."""
        return f"{self.written(value)} {self.name}"


def check(by: str, sort: str, rows: int) -> None:
    """Refuse what no table can be made of.

    Raises:
        ValueError: Another word than is known, or a negative number of rows.
    """
    for name, value, kind in (("by", by, By), ("sort", sort, Sort)):
        known = get_args(kind)
        if value not in known:
            raise ValueError(
                f"profile.table: {name} must be one of {', '.join(known)}, "
                f"got {value!r}"
            )
    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 0:
        raise ValueError(
            f"profile.table: rows must be a number of 0 or more, got {rows!r}"
        )


def write(
    reading: Reading,
    rows: Sequence[Row],
    by: By,
    sort: Sort,
    most: int,
    traced: int | None,
) -> str:
    """Write a table, whose times add up to those of the blocks.

    Args:
        reading: Whose times they are.
        rows: All rows; those of scopes outer ones first, after that outside of all.
        by: What a row stands for.
        sort: A key of `KEYS`.
        most: Rows to show; the others are added up in one.
        traced: The most bytes that Python had; None if nobody asked.
    """
    if by == "scope":
        shown = _tree([row for row in rows if isinstance(row, ScopeRow)], sort)
    else:
        shown = sorted(rows, key=KEYS[sort])
    lines = _Lines(reading, shown, by)
    for row in shown[:most]:
        lines.add_row(row)
    if by == "scope":
        if shown[most:]:
            hidden = [row.own for row in shown[most:] if isinstance(row, ScopeRow)]
            lines.add(f"(and {len(hidden):,} more)", own=sum(hidden))
        lines.add("(outside of scopes)", rows[0].seconds)
    elif shown[most:]:
        seconds = sum([row.seconds for row in shown[most:]])
        lines.add(f"(and {len(shown) - most:,} more)", seconds)
    between = reading.between
    parts = between.forward, between.backward
    lines.add("(between ops)", sum(parts), parts=parts)
    lines.add("(elsewhere)", between.elsewhere)
    lines.add("(the profile itself)", reading.recorder, shares=False)
    lines.add("(in all)", reading.wall + reading.others, shares=False)
    alive = Unit.of_bytes(reading.live).named(reading.live)
    last = (
        f"times in {lines.time.name}, sizes in {lines.size.name}; at most {alive} alive"
    )
    if traced is not None:
        last += f", {Unit.of_bytes(traced).named(traced)} traced"
    return "\n".join([*_aligned(lines.lines), last])


class _Lines:
    """The lines of a table in the making, cell by cell.

    Attributes:
        time: The unit of all times.
        size: The unit of all sizes.
        lines: What there is so far, the names of the columns first.
    """

    def __init__(self, reading: Reading, rows: Sequence[Row], by: By) -> None:
        total = reading.wall + reading.others
        self._useful = total - reading.recorder  # that says nothing of the program
        self._traced = any(row.spike is not None for row in rows)
        sizes = [max(_memory(row), row.kept, row.spike or 0) for row in rows]
        self.time = Unit.of_time(total)
        self.size = Unit.of_bytes(max(sizes, default=0))
        self._own = ["own"] if by == "scope" else []
        runs = "ops" if by == "scope" else "runs"  # of which a scope has many
        head = [by, runs, "forward", "backward", "total", *self._own, "share"]
        self.lines = [[*head, "memory", "kept", *(["spike"] if self._traced else [])]]

    def add_row(self, row: Row) -> None:
        """Add what an op, a scope or a line took."""
        title = row.name
        times = [row.forward, row.backward, row.seconds]
        if isinstance(row, ScopeRow):
            title = "  " * (len(row.path) - 1) + row.name
            times.append(row.own)
        sizes = [_memory(row), row.kept, *([row.spike or 0] if self._traced else [])]
        cells = [title, f"{row.runs:,}", *map(self.time.written, times)]
        cells.append(self._share(row.seconds))
        self.lines.append([*cells, *map(self.size.written, sizes)])

    def add(
        self,
        title: str,
        seconds: float | None = None,
        *,
        parts: Sequence[float] = (),
        own: float | None = None,
        shares: bool = True,
    ) -> None:
        """Add what is no row of its own; parts are forward and backward."""
        cells = [title]
        if own is not None:
            cells += ["", "", "", "", self.time.written(own)]
        if seconds is not None:
            cells += ["", *(map(self.time.written, parts) if parts else ("", ""))]
            cells += [self.time.written(seconds), *[""] * len(self._own)]
            cells.append(self._share(seconds) if shares else "")
        self.lines.append(cells)

    def _share(self, seconds: float) -> str:
        return f"{100 * seconds / self._useful if self._useful else 0:.1f} %"


def _memory(row: Row) -> int:
    return row.results + row.gradients


def _tree(rows: Sequence[ScopeRow], sort: Sort) -> list[Row]:
    """Rows of scopes, sorted among those of one parent; without that outside of all."""
    inside: dict[tuple[str, ...], list[ScopeRow]] = {}
    for row in rows:
        if row.path:
            inside.setdefault(row.path[:-1], []).append(row)
    for some in inside.values():
        some.sort(key=KEYS[sort])
    found: list[Row] = []
    waiting = list(reversed(inside.get((), [])))
    while waiting:
        row = waiting.pop()
        found.append(row)
        waiting += reversed(inside.get(row.path, []))
    return found


# --- columns -----------------------------------------------------------------------


def _aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Put lines under each other: names to the left, numbers to the right."""
    count = max([len(line) for line in lines])
    full = [[*line, *[""] * (count - len(line))] for line in lines]
    widths = [max([width(line[i]) for line in full]) for i in range(1, count)]
    room = max(WIDTH - sum(widths) - 2 * len(widths), 12)
    names = [fitted(line[0], min(room, _LONGEST)) for line in full]
    first = max(map(width, names))
    found = []
    for name, line in zip(names, full):
        cells = [cell.rjust(w) for cell, w in zip(line[1:], widths)]
        head = name + " " * (first - width(name))
        found.append("  ".join([head, *cells]).rstrip())
    return found


def width(text: str) -> int:
    """The columns of a terminal that a text takes: two for a Japanese letter."""
    wide = [2 if east_asian_width(c) in "WF" else 1 for c in text if not combining(c)]
    return sum(wide)


def fitted(text: str, room: int) -> str:
    """A text on one line that is not too wide; what cannot be printed is replaced."""
    text = "".join([c if c.isprintable() else "\ufffd" for c in text])
    if width(text) <= room:
        return text
    while width(text) > room - 1:
        text = text[:-1]
    return f"{text}…"
