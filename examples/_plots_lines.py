"""線と平面の図 / Plots of lines and of the plane: curves, errors, fields and ways.

色だけでなく線の形でも見分けられます / Lines differ in colour and in their dashes.
"""

from collections.abc import Callable, Mapping
from itertools import cycle
from typing import Any

import numpy as np
from _plots import BLUE, FAINT, INK, PALE, RED, both, style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

COLORS = ("#2563eb", "#d97706", "#0f766e", "#be185d", "#6d28d9", "#475569")
DASHES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (8, 3)))


def strokes() -> Any:
    """線の見た目を順に / Colours and dashes, one after the other."""
    return cycle(zip(COLORS, DASHES))


def planes(functions: dict[str, Any], points: NDArray[Any]) -> Figure:
    """平面の分け方 / How functions of two inputs to 0 or 1 cut the plane.

    Args:
        functions: By name; each takes points (n, 2) and returns n numbers.
        points: Points to mark, filled where the function gives 1.
    """
    ticks = np.linspace(-0.5, 1.5, 201)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1)
    with style():
        figure = Figure(figsize=(3 * len(functions), 3.4), layout="constrained")
        for axes, (name, function) in zip(
            np.atleast_1d(figure.subplots(1, len(functions))), functions.items()
        ):
            values = np.asarray(function(grid.reshape(-1, 2))).reshape(grid.shape[:2])
            axes.contourf(
                ticks, ticks, values, levels=[-1, 0.5, 2], colors=["white", "#dbeafe"]
            )
            marks = np.asarray(function(points))
            colors = [BLUE if mark > 0.5 else "white" for mark in marks]
            axes.scatter(*points.T, c=colors, edgecolors=INK, s=90, zorder=3)
            axes.set_title(name)
            axes.set_xticks([0, 1])
            axes.set_yticks([0, 1])
            axes.set_aspect("equal")
    return figure


def curves_with_slopes(
    x: NDArray[Any], curves: dict[str, tuple[NDArray[Any], NDArray[Any]]]
) -> Figure:
    """関数と勾配 / Functions of one number above, their gradients below.

    Args:
        x: Where they were computed.
        curves: By name values and gradients.
    """
    half = -(-len(curves) // 2)
    with style():
        figure = Figure(figsize=(2.9 * half, 9), layout="constrained")
        rows = figure.subfigures(2, 1)
        items = list(curves.items())
        for row, some in zip(rows, (items[:half], items[half:])):
            grid = row.subplots(2, half, sharex=True, sharey="row", squeeze=False)
            for (above, below), (name, (values, slopes)) in zip(grid.T, some):
                above.plot(x, values, color=BLUE, lw=2)
                below.plot(x, slopes, color=RED, lw=2)
                above.set_title(name)
                above.set_ylim(-1.5, 4)
                below.set_ylim(-0.25, 1.35)
                for axes in (above, below):
                    axes.grid(color=PALE)
                    axes.axhline(0, color=FAINT, lw=0.8)
            grid[0, 0].set_ylabel(both("値", "value"))
            grid[1, 0].set_ylabel(both("勾配", "gradient"))
    return figure


def lines(
    curves: Mapping[str, Any],
    xlabel: str,
    ylabel: str,
    *,
    x: Any = None,
    log: bool = False,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """いくつかの線 / Several lines over the same steps.

    Args:
        curves: Numbers by name.
        xlabel: What is counted.
        ylabel: What is measured.
        x: Where the numbers stand; 0, 1, 2, ... where it is None.
        log: Whether the axis of the numbers is logarithmic.
        limits: Of that axis.
    """
    with style():
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.subplots()
        draw_lines(axes, curves, x)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        if log:
            axes.set_yscale("log")
        if limits:
            axes.set_ylim(*limits)
    return figure


def draw_lines(axes: Axes, curves: Mapping[str, Any], x: Any = None) -> None:
    """線と凡例を描く / Draw lines with their legend."""
    for (name, values), (color, dashes) in zip(curves.items(), strokes()):
        places = range(len(values)) if x is None else x
        axes.plot(places, values, color=color, linestyle=dashes, lw=2, label=name)
    axes.grid(color=PALE)
    axes.margins(x=0.01)
    axes.legend(frameon=False)


def errors_over_steps(steps: NDArray[Any], errors: Mapping[str, Any]) -> Figure:
    """刻み幅と誤差 / Errors over the step, from large to small ones."""
    with style():
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.subplots()
        seen = {name: np.maximum(values, 1e-17) for name, values in errors.items()}
        draw_lines(axes, seen, steps)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.invert_xaxis()
        axes.set_xlabel("h")
        axes.set_ylabel(both("誤差", "error"))
    return figure


def contours(
    axes: Axes,
    function: Callable[[NDArray[Any]], NDArray[Any]],
    across: tuple[float, float],
    up: tuple[float, float],
) -> None:
    """等高線 / Contours of a function of points (..., 2)."""
    xs, ys = np.linspace(*across, 200), np.linspace(*up, 200)
    heights = function(np.stack(np.meshgrid(xs, ys), axis=-1))
    levels = np.linspace(heights.min() ** 0.5, heights.max() ** 0.5, 12) ** 2
    axes.contour(xs, ys, heights, levels=levels, colors=FAINT, linewidths=0.8)
    axes.plot(0, 0, "+", color=INK, ms=10)
    axes.set_xlim(*across)
    axes.set_ylim(*up)


def field(
    points: NDArray[Any],
    arrows: NDArray[Any],
    function: Callable[[NDArray[Any]], NDArray[Any]],
) -> Figure:
    """矢印の場 / A field of arrows at points, over the contours of a function."""
    with style():
        figure = Figure(figsize=(6, 6), layout="constrained")
        axes = figure.subplots()
        reach = np.abs(points).max() * 1.08
        contours(axes, function, (-reach, reach), (-reach, reach))
        axes.quiver(*points.T, *arrows.T, angles="xy", color=BLUE, width=0.004)
        axes.set_aspect("equal")
        axes.set_xlabel("$x_0$")
        axes.set_ylabel("$x_1$")
    return figure


def descents(
    paths: Mapping[str, NDArray[Any]],
    function: Callable[[NDArray[Any]], NDArray[Any]],
    across: tuple[float, float],
    up: tuple[float, float],
) -> Figure:
    """道筋 / Ways of places (steps, 2) over a contour map, side by side."""
    columns = min(len(paths), 2 if len(paths) in (2, 4) else 3)
    rows = -(-len(paths) // columns)
    with style():
        figure = Figure(figsize=(4.6 * columns, 3.4 * rows), layout="constrained")
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes in grid.flat[len(paths) :]:
            axes.set_axis_off()
        for axes, (name, places) in zip(grid.flat, paths.items()):
            contours(axes, function, across, up)
            axes.plot(*places.T, "o-", color=BLUE, ms=4, lw=1.2)
            axes.plot(*places[0], "o", color=RED, ms=7)
            axes.set_title(name)
    return figure
