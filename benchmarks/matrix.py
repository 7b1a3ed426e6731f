"""The one table: contenders down, workloads across, our goals below our own row."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.contenders import Contender
from benchmarks.figures import Row, number, rows, verdicts
from benchmarks.harness import Result
from benchmarks.session import Run
from benchmarks.workloads import Workload

WIDTH = 100
"""Columns of a terminal that it fits into."""


@dataclass(frozen=True)
class Grid:
    """A table of text: names to the left, figures to the right of their columns.

    Attributes:
        head: What stands above; its first entry above the names.
        lines: The rows, each as long as `head`.
        strong: Numbers of the lines that a page prints in bold.
    """

    head: Sequence[str]
    lines: Sequence[Sequence[str]]
    strong: frozenset[int] = frozenset()

    def text(self) -> str:
        """For a terminal."""
        columns = list(zip(self.head, *self.lines))
        widths = [max(map(len, column)) for column in columns]
        return "\n".join(
            "  ".join(
                [
                    f"{line[0]:<{widths[0]}}",
                    *(f"{cell:>{w}}" for cell, w in zip(line[1:], widths[1:])),
                ]
            ).rstrip()
            for line in [self.head, *self.lines]
        )

    def markdown(self) -> str:
        """For a page."""
        lines = [list(self.head), ["---"] + ["---:"] * (len(self.head) - 1)]
        for i, line in enumerate(self.lines):
            cells = [cell.strip().replace("|", "\\|") for cell in line]
            if i in self.strong:
                cells = [f"**{cell}**" if cell else "" for cell in cells]
            lines.append(cells)
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def order(results: Sequence[Result]) -> list[Contender]:
    """Who took part in any of them: ours first, then the others in their order."""
    found: dict[str, Contender] = {}
    for result in results:
        for cell in result.cells:
            found[cell.contender.key] = cell.contender
    return sorted(found.values(), key=lambda contender: not contender.ours)


def grid(run: Run) -> Grid:
    """The table of a run. Chains stand as µs a node, everything else as ratio."""
    results = sorted(run.results, key=lambda result: result.workload.nodes > 1)
    goals = run.variant.threads == 1
    found = [{row.contender: row for row in rows(r, goals=goals)} for r in results]
    head = ["", *(_head(result.workload) for result in results)]
    lines: list[list[str]] = []
    strong = set()
    for i, contender in enumerate(order(results)):
        columns = list(zip(results, (column.get(contender.title) for column in found)))
        if i == 0 and contender.ours:
            strong.add(len(lines))
        lines.append(
            [contender.title, *(_figure(r.workload, row, run) for r, row in columns)]
        )
        if i == 0 and contender.ours and goals:
            goal = ["  goal", *(_goal(r.workload) for r, _ in columns)]
            if any(goal[1:]):
                reached = ["  reached", *(_reached(row) for _, row in columns)]
                lines += [goal, reached]
    return Grid(head, lines, frozenset(strong))


def _head(workload: Workload) -> str:
    return workload.key if workload.nodes == 1 else f"{workload.key} µs"


def _figure(workload: Workload, row: Row | None, run: Run) -> str:
    """What stands where a contender meets a workload; nothing where it has no part."""
    if row is None:
        return ""
    measure = run.variant.measure
    chain = workload.nodes > 1
    spread = row.time(measure) if chain else row.over_base(measure)
    return "-" if spread is None else number(spread.middle)


def _goal(workload: Workload) -> str:
    goal = workload.time_goal if workload.nodes > 1 else workload.ratio_goal
    return "" if goal is None else f"{goal:.2f}"


def _reached(row: Row | None) -> str:
    if row is None or not row.verdicts:
        return ""
    return "yes" if all(verdict.reached for verdict in row.verdicts) else "no"


def goals(run: Run) -> list[str]:
    """Which goals were reached and which were not: two sentences at most."""
    found = verdicts(run)
    lines = []
    for reached, words in ((True, "reached"), (False, "not reached")):
        named = [
            f"{v.key} {number(v.value)} (goal {number(v.goal)}{v.unit})"
            for v in found
            if v.reached is reached
        ]
        if named:
            lines.append(f"Goals {words}: {', '.join(named)}.")
    return lines


def text(run: Run) -> str:
    """The table for a terminal, with what stands above and below it."""
    above = "Time over PyTorch eager's; chains (W5): µs a node."
    parts = [f"{above} {_whose(run)}\n\n{grid(run).text()}"] if run.results else []
    said = [textwrap.fill(line, WIDTH, subsequent_indent="  ") for line in goals(run)]
    return "\n\n".join([*parts, "\n".join(said)]).rstrip()


def _whose(run: Run) -> str:
    return f"{'CPU' if run.variant.measure == 'cpu' else 'Wall'} time, medians."
