"""From times to one table: ratios to PyTorch eager, and their spread."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles

from benchmarks.contenders import BASE
from benchmarks.harness import Cell, Result
from benchmarks.worker import Times
from benchmarks.workloads import Workload


@dataclass(frozen=True)
class Spread:
    """Median and quartiles."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one value."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, _, high = quantiles(values, n=4, method="inclusive")
        return cls(low, median(values), high)


@dataclass(frozen=True)
class Row:
    """A line of the table; times in µs.

    Attributes:
        workload: Its key.
        contender: Its title.
        rounds: How many turns it had.
        ratio: CPU time over PyTorch eager's of the same round.
        wall_ratio: The same of wall time.
        cpu: CPU time.
        wall: Wall time.
        remark: How it stands to a goal, or why there is no time.
    """

    workload: str
    contender: str
    rounds: int
    ratio: Spread | None
    wall_ratio: Spread | None
    cpu: Spread | None
    wall: Spread | None
    remark: str


def rows(result: Result) -> list[Row]:
    """The lines of a workload."""
    base = next((c.times for c in result.cells if c.contender.key == BASE), {})
    return [_row(result.workload, cell, base) for cell in result.cells]


def _row(workload: Workload, cell: Cell, base: dict[int, Times]) -> Row:
    times = cell.times
    both = sorted(times.keys() & base.keys())
    micro = 1e6 / workload.nodes
    cpu = Spread.of([t.cpu * micro for t in times.values()]) if times else None
    wall = Spread.of([t.wall * micro for t in times.values()]) if times else None
    ratio = wall_ratio = None
    if both:
        ratio = Spread.of([times[i].cpu / base[i].cpu for i in both])
        wall_ratio = Spread.of([times[i].wall / base[i].wall for i in both])
    remarks = [cell.remark] if cell.remark else []
    if cell.contender.ours:
        remarks += _goals(workload, ratio, cpu)
    return Row(
        workload=workload.key,
        contender=cell.contender.title,
        rounds=len(times),
        ratio=ratio,
        wall_ratio=wall_ratio,
        cpu=cpu,
        wall=wall,
        remark="; ".join(remarks),
    )


def _goals(workload: Workload, ratio: Spread | None, cpu: Spread | None) -> list[str]:
    """What was to be reached, and whether it was."""
    found = []
    for goal, reached, unit in (
        (workload.ratio_goal, ratio, ""),
        (workload.time_goal, cpu, " µs"),
    ):
        if goal is not None and reached is not None:
            verdict = "reached" if reached.middle <= goal else "not reached"
            found.append(f"goal {goal:.2f}{unit}: {verdict}")
    if workload.must_survive and cpu is not None:
        found.append("goal no failure: reached")
    return found


# --- the table -------------------------------------------------------------------

_HEAD = ("", "× PyTorch", "quartiles", "CPU µs", "quartiles", "wall µs", "")
_WIDTHS = (26, 9, 13, 9, 17, 9, 0)


def table(results: Sequence[Result]) -> str:
    """All workloads, one below the other."""
    lines = [_line(_HEAD), ""]
    for result in results:
        workload = result.workload
        lines.append(f"{workload.key}  {workload.title} ({workload.unit})")
        agreement = result.agreement
        if agreement is not None and agreement.differing:
            lines += [f"  NOT TIMED, {line}" for line in agreement.differing]
        elif agreement is not None and agreement.compared > 1:
            lines.append(
                f"  values, gradients and trained parameters of {agreement.compared} "
                + (
                    f"agree within {agreement.largest:.0e}"
                    if agreement.largest
                    else "are equal"
                )
            )
        lines += [_line(_fields(row)) for row in rows(result)]
        lines.append("")
    return "\n".join(lines[:-1])


def _fields(row: Row) -> tuple[str, ...]:
    """A row as text."""
    cells = [f"  {row.contender}"]
    if row.ratio is None:
        cells += ["-", ""]
    else:
        cells += [
            f"{row.ratio.middle:.2f}",
            f"{row.ratio.low:.2f} to {row.ratio.high:.2f}",
        ]
    if row.cpu is None or row.wall is None:
        cells += ["-", "", "-"]
    else:
        cells += [
            _number(row.cpu.middle),
            f"{_number(row.cpu.low)} to {_number(row.cpu.high)}",
            _number(row.wall.middle),
        ]
    return (*cells, row.remark)


def _number(value: float) -> str:
    """Three digits that count."""
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


def _line(cells: Sequence[str]) -> str:
    """Names to the left, numbers to the right."""
    first, *numbers, last = cells
    columns = [f"{first:<{_WIDTHS[0]}}"]
    columns += [f"{text:>{w}}" for text, w in zip(numbers, _WIDTHS[1:-1], strict=True)]
    return "  ".join([*columns, last]).rstrip()


def notes(about: dict[str, str]) -> str:
    """What stands below the table: how it was measured, and on what."""
    width = max(len(name) for name in about) + 2
    return "\n".join(
        [
            "CPU time of one step, one thread; median and quartiles over the turns.",
            "× PyTorch: over the time of PyTorch eager in the same round.",
            "Goals were set on another processor (AMD Zen 5, 2 cores).",
            "",
            *(f"{name:<{width}}{what}" for name, what in about.items()),
        ]
    )


# --- files -----------------------------------------------------------------------


def write_json(path: Path, results: Sequence[Result], about: dict[str, str]) -> None:
    """Everything, every turn included."""
    content = {
        "about": about,
        "rows": [asdict(row) for result in results for row in rows(result)],
        "turns": [
            {
                "workload": result.workload.key,
                "contender": cell.contender.key,
                "round": number,
                **asdict(times),
            }
            for result in results
            for cell in result.cells
            for number, times in sorted(cell.times.items())
        ],
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def write_csv(path: Path, results: Sequence[Result]) -> None:
    """The table, one line a row."""
    spreads = ("ratio", "wall_ratio", "cpu", "wall")
    names = ["workload", "contender", "rounds"]
    names += [f"{s}_{part}" for s in spreads for part in ("low", "middle", "high")]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "remark"])
        for row in (row for result in results for row in rows(result)):
            line: list[object] = [row.workload, row.contender, row.rounds]
            for name in spreads:
                spread: Spread | None = getattr(row, name)
                line += ["", "", ""]
                if spread is not None:
                    line[-3:] = [spread.low, spread.middle, spread.high]
            writer.writerow([*line, row.remark])
