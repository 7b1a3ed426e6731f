"""XOR の図 / The picture of a plateau: curves, hidden units, and the boundary."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from _plots import BLUE, FAINT, INK, PALE, RED, both, style
from _plots_lines import strokes
from matplotlib.figure import Figure
from numpy.typing import NDArray


def plateau(
    seen: Sequence[dict[str, Any]],
    stuck: Sequence[int],
    points: NDArray[Any],
    decide: Callable[[NDArray[Any]], NDArray[Any]],
) -> Figure:
    """停滞の図 / The whole story in one figure.

    Args:
        seen: What was noted while it learned.
        stuck: The steps at which outputs were near 0.5.
        points: The four inputs, (4, 2).
        decide: From points (n, 2) to the probability of "different".
    """
    steps = [now["step"] for now in seen]
    with style():
        figure = Figure(figsize=(11, 7.6), layout="constrained")
        curves, below = figure.subfigures(2, 1, height_ratios=[1, 1])
        left, right = curves.subplots(1, 2)
        loss = both("損失", "loss")
        left.plot(steps, [now["loss"] for now in seen], color=BLUE, lw=2)
        left.set_ylabel(loss)
        right.plot(steps, [now["gradient"] for now in seen], color=RED, lw=2)
        right.set_ylabel(both("勾配のノルム", "norm of the gradient"))
        for axes in (left, right):
            axes.set_xlabel(both("繰り返し", "iteration"))
            axes.set_ylim(bottom=0)
            axes.grid(color=PALE)
            if stuck:
                axes.axvspan(stuck[0], stuck[-1], color=FAINT, alpha=0.25, lw=0)
        first, second, third, last = below.subplots(1, 4, width_ratios=[1, 1, 1, 1.25])
        middle = stuck[len(stuck) // 2] if stuck else steps[len(steps) // 2]
        places = [0, steps.index(middle), len(steps) - 1]
        for axes, place in zip((first, second, third), places):
            units = seen[place]["units"]
            for unit, (color, dashes) in zip(units.T, strokes()):
                axes.plot(range(4), unit, "o", color=color, linestyle=dashes, lw=1.5)
            axes.set_xticks(range(4), [f"{a:g}{b:g}" for a, b in points.tolist()])
            axes.set_ylim(-0.05, 1.05)
            axes.set_title(f"{steps[place]:,}")
            axes.grid(axis="y", color=PALE)
        first.set_ylabel(both("隠れ層", "hidden units"))
        second.set_xlabel(both("入力", "input"))
        _boundary(last, points, decide)
    return figure


def _boundary(axes: Any, points: NDArray[Any], decide: Any) -> None:
    ticks = np.linspace(-0.4, 1.4, 121)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    heights = decide(grid).reshape(len(ticks), -1)
    axes.contourf(ticks, ticks, heights, levels=np.linspace(0, 1, 11), cmap="Blues")
    axes.contour(ticks, ticks, heights, levels=[0.5], colors=INK)
    colors = ["white" if a == b else BLUE for a, b in points.tolist()]
    axes.scatter(*points.T, c=colors, edgecolors=INK, s=90, zorder=3)
    axes.set_title(both("境界", "boundary"))
    axes.set_xticks([0, 1])
    axes.set_yticks([0, 1])
    axes.set_aspect("equal")
