"""One picture of all ratios: a panel each workload, a line each contender.

All panels share one scale, so that a look along a line compares workloads. The name
stands beside each line and the number behind it: there is no legend to go back to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmarks import drawing, matrix
from benchmarks.contenders import Contender
from benchmarks.figures import Row, Spread, number, rows
from benchmarks.harness import Result
from benchmarks.session import Run
from benchmarks.workloads import Workload

_COLUMNS = 3
_WIDTH = 8.3
"""Inches: 830 pixels at the size at which a page shows it."""

_LINE = 0.155
_TITLE = 0.5
_TICKS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


def save(run: Run, paths: Sequence[Path]) -> list[Path]:
    """Draw a run into files; their endings say of which kind.

    Raises:
        ValueError: Nobody was timed.
    """
    results = [r for r in run.results if any(cell.times for cell in r.cells)]
    if not results:
        raise ValueError("picture: nobody was timed")
    with drawing.style():
        return drawing.save(_figure(run, results), paths)


def _figure(run: Run, results: list[Result]) -> Figure:
    contenders = [c for c in matrix.order(results) if _was_timed(c, results)]
    found = [{row.contender: row for row in rows(result)} for result in results]
    limits = _limits(found, run.variant.measure)
    columns = min(_COLUMNS, len(results))
    deep = -(-len(results) // columns)
    height = deep * (_LINE * len(contenders) + 0.72) + 1.1
    figure = Figure(figsize=(_WIDTH, height))
    figure.set_layout_engine("constrained", rect=(0, 0, 1, 1 - _TITLE / height))
    panels = figure.subplots(deep, columns, sharex=True, sharey=True, squeeze=False)
    for i, axes in enumerate(panels.flat):
        if i >= len(results):
            axes.set_axis_off()
            continue
        _panel(axes, results[i].workload, contenders, found[i], run, limits)
        axes.tick_params(labelbottom=i + columns >= len(results))
    figure.supxlabel("× PyTorch eager (logarithmic)", fontsize=8)
    kind = "CPU" if run.variant.measure == "cpu" else "Wall"
    figure.text(
        0.012,
        1 - 0.12 / height,
        f"{kind} time over PyTorch eager's, {run.variant.title}",
        fontsize=11,
        fontweight="bold",
        va="top",
    )
    figure.text(
        0.012,
        1 - 0.33 / height,
        "Left of the line is faster. Dots are medians, bars the middle half of the "
        "rounds, green marks our goals.",
        color=drawing.FAINT,
        va="top",
    )
    return figure


def _was_timed(contender: Contender, results: Sequence[Result]) -> bool:
    return any(
        cell.times
        for result in results
        for cell in result.cells
        if cell.contender.key == contender.key
    )


def _limits(found: Sequence[dict[str, Row]], measure: str) -> tuple[float, float]:
    """The scale of all panels: everything that was measured, and a little more."""
    spreads = [row.over_base(measure) for panel in found for row in panel.values()]
    known = [spread for spread in spreads if spread is not None]
    low = min([0.5, *(spread.low for spread in known if spread.low > 0)])
    high = max([2.0, *(spread.high for spread in known)])
    return low / 1.3, high * 1.3


def _panel(
    axes: Axes,
    workload: Workload,
    contenders: Sequence[Contender],
    found: dict[str, Row],
    run: Run,
    limits: tuple[float, float],
) -> None:
    """One workload."""
    measure = run.variant.measure
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    axes.set_ylim(len(contenders) - 0.4, -0.6)
    ticks = [tick for tick in _TICKS if limits[0] <= tick <= limits[1]]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
    axes.grid(axis="x", color=drawing.GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    drawing.bare(axes)
    axes.set_yticks(range(len(contenders)), [c.title for c in contenders])
    for label, contender in zip(axes.get_yticklabels(), contenders):
        label.set_color(_colour(contender))
        label.set_fontweight("bold" if contender.ours else "normal")
    axes.axvline(1.0, color=drawing.TORCH, linewidth=0.9, zorder=1)
    axes.set_title(workload.key, loc="left", fontsize=9, fontweight="bold", pad=13)
    axes.annotate(
        _short(workload.title),
        (0, 1),
        xycoords="axes fraction",
        xytext=(0, 4),
        textcoords="offset points",
        fontsize=7,
        color=drawing.FAINT,
    )
    for i, contender in enumerate(contenders):
        row = found.get(contender.title)
        spread = row.over_base(measure) if row else None
        if contender.ours:
            axes.axhspan(i - 0.5, i + 0.5, color=drawing.BAND, zorder=0)
        if spread is not None:
            _mark(axes, i, contender, spread)
    if run.variant.threads == 1:
        _goal(axes, workload, contenders, found, measure)


def _mark(axes: Axes, i: int, contender: Contender, spread: Spread) -> None:
    """A median with its quartiles, and its number at the right edge."""
    colour = _colour(contender)
    axes.plot([spread.low, spread.high], [i, i], color=colour, linewidth=1.6, zorder=3)
    axes.plot(
        [spread.middle],
        [i],
        marker="o",
        markersize=4,
        color=colour,
        markerfacecolor=colour if contender.compared else "white",
        zorder=4,
    )
    axes.annotate(
        number(spread.middle),
        (1.0, i),
        xycoords=("axes fraction", "data"),
        xytext=(2, 0),
        textcoords="offset points",
        ha="left",
        va="center",
        color=colour,
        fontsize=7.5,
        fontweight="bold" if contender.ours else "normal",
        annotation_clip=False,
    )


def _goal(
    axes: Axes,
    workload: Workload,
    contenders: Sequence[Contender],
    found: dict[str, Row],
    measure: str,
) -> None:
    """Where our goal is; one in µs stands where PyTorch's time puts it."""
    goal = workload.ratio_goal
    ours = found.get(contenders[0].title) if contenders[0].ours else None
    if goal is None and workload.time_goal is not None and ours is not None:
        time, ratio = ours.time(measure), ours.over_base(measure)
        if time is not None and ratio is not None and time.middle > 0:
            goal = workload.time_goal * ratio.middle / time.middle
    if goal is not None:
        axes.plot(
            [goal],
            [0],
            marker="|",
            markersize=11,
            markeredgewidth=2.2,
            color=drawing.GOAL,
            zorder=5,
        )


def _short(title: str) -> str:
    """What a workload is, up to the first colon or comma that is no part of a number.

    Example:
        >>> _short("a chain of 10,000 ops, forward and backward")
        'a chain of 10,000 ops'
    """
    return re.split("[:,] ", title, maxsplit=1)[0]


def _colour(contender: Contender) -> str:
    if contender.ours:
        return drawing.OURS
    if not contender.compared:
        return drawing.FAINT
    return drawing.TORCH if contender.page.startswith("with_torch") else drawing.PEERS
