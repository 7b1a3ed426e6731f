"""From times to figures: medians, quartiles, ratios, and how they stand to goals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from benchmarks.contenders import BASE
from benchmarks.harness import Cell, Result
from benchmarks.session import Run
from benchmarks.worker import Times
from benchmarks.workloads import Workload


@dataclass(frozen=True)
class Spread:
    """Median and quartiles."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """Of some values; None where there is no value.

        Example:
            >>> Spread.of([1.0, 2.0, 3.0, 4.0, 50.0])
            Spread(low=2.0, middle=3.0, high=4.0)
        """
        if not values:
            return None
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, _, high = quantiles(values, n=4, method="inclusive")
        return cls(low, median(values), high)


@dataclass(frozen=True)
class Verdict:
    """A goal of ours, and whether it was reached.

    Attributes:
        key: Of the workload, or of the part of W8.
        goal: What was to be reached at most.
        value: The median that was.
        unit: Of both; empty for a ratio.
        reached: Whether it was.
    """

    key: str
    goal: float
    value: float
    unit: str = ""

    @property
    def reached(self) -> bool:
        """Whether the value is within the goal."""
        return self.value <= self.goal

    def __str__(self) -> str:
        word = "reached" if self.reached else "not reached"
        return f"goal {self.goal:.2f}{self.unit}: {word}"


@dataclass(frozen=True)
class Row:
    """A line of the table; times in µs, of a step or of a node.

    Attributes:
        workload: Its key.
        contender: Its title.
        rounds: How many turns it had.
        ratio: CPU time over PyTorch eager's of the same round.
        wall_ratio: The same of wall time.
        cpu: CPU time.
        wall: Wall time.
        verdicts: How it stands to its goals.
        remark: What else a reader must know, or why there is no time.
    """

    workload: str
    contender: str
    rounds: int
    ratio: Spread | None = None
    wall_ratio: Spread | None = None
    cpu: Spread | None = None
    wall: Spread | None = None
    verdicts: tuple[Verdict, ...] = ()
    remark: str = ""

    def time(self, measure: str) -> Spread | None:
        """Time by "cpu" or "wall"."""
        return self.cpu if measure == "cpu" else self.wall

    def over_base(self, measure: str) -> Spread | None:
        """Ratio by "cpu" or "wall"."""
        return self.ratio if measure == "cpu" else self.wall_ratio

    @property
    def said(self) -> str:
        """Remark and verdicts in one line."""
        words = [self.remark, *(str(verdict) for verdict in self.verdicts)]
        return "; ".join(word for word in words if word)


def rows(result: Result, *, goals: bool = True) -> list[Row]:
    """The lines of a workload.

    Args:
        result: What was measured.
        goals: Whether to hold ours against the goals, which are for one thread.
    """
    base = next((c.times for c in result.cells if c.contender.key == BASE), {})
    return [_row(result.workload, cell, base, goals) for cell in result.cells]


def _row(workload: Workload, cell: Cell, base: dict[int, Times], goals: bool) -> Row:
    times = cell.times
    both = [
        (times[i], base[i])
        for i in sorted(times.keys() & base.keys())
        if base[i].cpu and base[i].wall
    ]
    micro = 1e6 / workload.nodes
    ratio = Spread.of([t.cpu / b.cpu for t, b in both])
    cpu = Spread.of([t.cpu * micro for t in times.values()])
    remark = cell.remark
    verdicts: tuple[Verdict, ...] = ()
    if cell.contender.ours and goals:
        verdicts = tuple(_verdicts(workload, ratio, cpu))
        if workload.must_survive and (cpu is not None or cell.out):
            word = "not reached" if cpu is None or cell.out else "reached"
            remark = "; ".join(filter(None, [remark, f"goal no failure: {word}"]))
    return Row(
        workload=workload.key,
        contender=cell.contender.title,
        rounds=len(times),
        ratio=ratio,
        wall_ratio=Spread.of([t.wall / b.wall for t, b in both]),
        cpu=cpu,
        wall=Spread.of([t.wall * micro for t in times.values()]),
        verdicts=verdicts,
        remark=remark,
    )


def _verdicts(
    workload: Workload, ratio: Spread | None, cpu: Spread | None
) -> list[Verdict]:
    """What was to be reached, and whether it was."""
    found = []
    for goal, spread, unit in (
        (workload.ratio_goal, ratio, ""),
        (workload.time_goal, cpu, " µs"),
    ):
        if goal is not None and spread is not None:
            found.append(Verdict(workload.key, goal, spread.middle, unit))
    return found


def verdicts(run: Run) -> list[Verdict]:
    """How our engine stands to its goals, W8 included; none with several threads."""
    if run.variant.threads != 1:
        return []
    found: list[Verdict] = []
    for result in run.results:
        ours = [c.contender.title for c in result.cells if c.contender.ours][:1]
        for row in rows(result):
            if row.contender in ours:
                found += row.verdicts
    for weighing in run.weighings:
        for weighed in [row for row in weighing.rows if row.ours][:1]:
            if weighed.goal is not None and weighed.values:
                value = median(weighed.values)
                unit = f" {weighing.unit}"
                found.append(Verdict(weighing.key, weighed.goal, value, unit))
    return found


def number(value: float) -> str:
    """Three digits that count: "0.85", "18.2", "409".

    Example:
        >>> number(0.851), number(18.24), number(408.9)
        ('0.85', '18.2', '409')
    """
    return f"{value:.{2 if abs(value) < 10 else 1 if abs(value) < 100 else 0}f}"
