"""The listing: every row with its quartiles, then what W8 weighed, then the matrix."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from benchmarks import matrix
from benchmarks.figures import Row, Spread, number, rows
from benchmarks.harness import Result
from benchmarks.session import Run
from benchmarks.variants import Variant
from benchmarks.weight import Weighed, Weighing

_HEAD = ("", "× PyTorch", "quartiles", "CPU µs", "quartiles", "wall µs", "")
_WIDTHS = (26, 9, 13, 9, 17, 9, 0)


def whole(run: Run) -> str:
    """All there is to say of a run. The matrix stands last, where a terminal ends."""
    parts = [f"=== {run.variant.title} ===", listing(run)]
    parts += [notes(run), matrix.text(run)]
    return "\n\n".join(part for part in parts if part)


def listing(run: Run) -> str:
    """All rows of a run, W8's too."""
    measure, goals = run.variant.measure, run.variant.threads == 1
    parts = [table(run.results, measure, goals=goals)] if run.results else []
    parts += [weighed(weighing) for weighing in run.weighings]
    return "\n\n".join(parts)


def table(results: Sequence[Result], measure: str = "cpu", goals: bool = True) -> str:
    """All workloads, one below the other.

    Args:
        results: What was measured.
        measure: Whose ratio to show, "cpu" or "wall".
        goals: Whether to hold ours against the goals.
    """
    lines = [_line(_HEAD, _WIDTHS), ""]
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
        found = rows(result, goals=goals)
        lines += [_line(_fields(row, measure), _WIDTHS) for row in found]
        lines.append("")
    return "\n".join(lines[:-1])


def _fields(row: Row, measure: str) -> tuple[str, ...]:
    """A row as text."""
    wall = number(row.wall.middle) if row.wall else "-"
    return (
        f"  {row.contender}",
        *_spread(row.over_base(measure)),
        *_spread(row.cpu),
        wall,
        row.said,
    )


def _spread(spread: Spread | None) -> tuple[str, str]:
    """Median, and the quartiles."""
    if spread is None:
        return "-", ""
    return number(spread.middle), f"{number(spread.low)} to {number(spread.high)}"


def weighed(weighing: Weighing) -> str:
    """One part of W8."""
    widths = (26, 9, 17, 9, 0)
    lines = [f"{weighing.key}  {weighing.title} ({weighing.unit})"]
    lines += [_line(cells, widths) for cells in parts(weighing)]
    return "\n".join(lines)


def parts(weighing: Weighing) -> list[tuple[str, ...]]:
    """Head and rows of a part of W8: name, median, quartiles, wall time, remark."""
    wall = f"wall {weighing.unit}" if any(row.walls for row in weighing.rows) else ""
    found: list[tuple[str, ...]] = [("", weighing.unit, "quartiles", wall, "")]
    for row in weighing.rows:
        wall = number(median(row.walls)) if row.walls else ""
        name, remark = f"  {row.name}", _remark(row, weighing.unit)
        found.append((name, *_spread(Spread.of(row.values)), wall, remark))
    return found


def _remark(row: Weighed, unit: str) -> str:
    """Remark and goal in one line."""
    words = [row.remark] if row.remark else []
    if row.goal is not None and row.reached is not None:
        verdict = "reached" if row.reached else "not reached"
        words.append(f"goal {number(row.goal)} {unit}: {verdict}")
    return "; ".join(words)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Names to the left, numbers to the right."""
    first, *numbers, last = cells
    columns = [f"{first:<{widths[0]}}"]
    columns += [f"{text:>{w}}" for text, w in zip(numbers, widths[1:-1], strict=True)]
    return "  ".join([*columns, last]).rstrip()


def remarks(variant: Variant) -> list[str]:
    """How to read the figures of a variant."""
    lines = [
        f"Time of one step, {variant.title}; median and quartiles over the turns.",
        "× PyTorch: over the time of PyTorch eager in the same round.",
    ]
    if variant.measure == "wall":
        lines.append(
            "Ratios are of wall time here: CPU time is the sum over the threads."
        )
    else:
        lines.append(
            "Ratios are of CPU time. Goals were set on another processor "
            "(AMD Zen 5, 2 cores)."
        )
    return lines


def notes(run: Run) -> str:
    """What stands below the table: how it was measured, and on what."""
    width = max([0, *map(len, run.about)]) + 2
    lines = [f"{name:<{width}}{what}" for name, what in run.about.items()]
    return "\n".join([*remarks(run.variant), "", *lines]).rstrip()
