"""A plot of each sweep: time over size, both logarithmic, with the model as a line.

What our model has seen is a filled dot, what it foretold without having seen it a
hollow one; the nearer to the line, the better it knows. PyTorch eager is dotted.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from benchmarks import drawing
from benchmarks.contenders import BASE, CONTENDERS
from benchmarks.sweeps import OURS, Sweep

_SIZE = (5.4, 3.3)
_COLOURS = {OURS: drawing.OURS, BASE: drawing.TORCH}


def save(sweep: Sweep, paths: Sequence[Path]) -> list[Path]:
    """Draw a sweep into files; their endings say of which kind."""
    with drawing.style():
        figure = Figure(figsize=_SIZE, layout="constrained")
        _draw(figure.subplots(), sweep)
        return drawing.save(figure, paths)


def _draw(axes: Axes, sweep: Sweep) -> None:
    axis = sweep.axis
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_title(axis.what, loc="left", fontsize=9, fontweight="bold")
    axes.set_xlabel(f"{axis.label} (n)")
    axes.set_ylabel("CPU time of a step")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda s, _: duration(s)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(color=drawing.GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    drawing.bare(axes)
    axes.axvline(axis.fitted, color=drawing.FAINT, linewidth=0.7, linestyle=(0, (2, 3)))
    axes.annotate(
        "foretold ▸",
        (axis.fitted, 0),
        xycoords=("data", "axes fraction"),
        xytext=(4, 5),
        textcoords="offset points",
        color=drawing.FAINT,
        fontsize=7,
    )
    titles = {c.key: c.title for c in CONTENDERS}
    for key, times in sweep.seconds.items():
        colour = _COLOURS.get(key, drawing.PEERS)
        if key == OURS:
            _points(axes, times, axis.fitted, colour)
        else:
            axes.plot(
                *zip(*sorted(times.items())),
                color=colour,
                linewidth=0.9,
                linestyle=(0, (1, 2)),
                marker="o",
                markersize=3,
            )
    if sweep.complete(OURS):
        model = sweep.model(OURS)
        sizes = np.geomspace(axis.sizes[0], axis.sizes[-1], 60)
        axes.plot(sizes, [model(n) for n in sizes], color=_COLOURS[OURS], linewidth=0.9)
    _names(axes, sweep, titles)


def _points(axes: Axes, times: dict[int, float], fitted: int, colour: str) -> None:
    for seen in (True, False):
        sizes = [n for n in times if (n <= fitted) == seen]
        axes.plot(
            sizes,
            [times[n] for n in sizes],
            linestyle="",
            marker="o",
            markersize=4.2,
            color=colour,
            markerfacecolor=colour if seen else "white",
            zorder=4,
        )


def _names(axes: Axes, sweep: Sweep, titles: dict[str, str]) -> None:
    """Names where no curve that rises can be: in the corner, the slower one above."""
    slower = sorted(
        sweep.seconds, key=lambda key: -max(sweep.seconds[key].values(), default=0.0)
    )
    for rank, key in enumerate(slower):
        axes.annotate(
            titles[key],
            (0, 1),
            xycoords="axes fraction",
            xytext=(6, -12 - 12 * rank),
            textcoords="offset points",
            color=_COLOURS.get(key, drawing.PEERS),
            fontweight="bold",
        )
    axes.margins(y=0.12)


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them.

    Example:
        >>> duration(0.0001), duration(0.01), duration(10.0)
        ('100 µs', '10 ms', '10 s')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:,.3g} {unit}"
    return f"{seconds * 1e6:,.3g} µs"
