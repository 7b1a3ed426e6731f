"""学習の図 / Plots of trainings: many curves, spreads of activations, and searches."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from _plots import BLUE, INK, PALE, both, style
from _plots_lines import draw_lines, strokes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

_HIGHEST = 15  # % of the values in a bar


def losses(curves: Mapping[str, NDArray[Any]], *, log: bool = False) -> Figure:
    """損失の推移 / Losses by name: geometric means; of few curves each loss, faint."""
    with style():
        figure = Figure(figsize=(8, 4.8), layout="constrained")
        axes = figure.subplots()
        means = {}
        places = np.arange(0)
        for (name, values), (color, _) in zip(curves.items(), strokes()):
            width = max(len(values) // 50, 1)
            window = np.full(width, 1 / width)
            logs = np.log(np.maximum(values, 1e-9))
            means[name] = np.exp(np.convolve(logs, window, mode="valid"))
            places = np.arange(len(means[name])) + (width - 1) / 2
            if len(curves) < 4:
                axes.plot(values, color=color, alpha=0.15, lw=0.7)
        draw_lines(axes, means, places)
        highest = max(mean.max() for mean in means.values())
        lowest = min(mean.min() for mean in means.values())
        axes.set_ylim(0, 1.1 * highest)
        if log:
            axes.set_yscale("log")
            axes.set_ylim(0.7 * lowest, 1.4 * highest)
            axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
        axes.set_xlabel(both("繰り返し", "iteration"))
        axes.set_ylabel(both("損失", "loss"))
    return figure


def accuracies(groups: Mapping[str, Mapping[str, Any]], *, columns: int = 4) -> Figure:
    """正解率の推移を並べる / Accuracies over the epochs, in small plots side by side.

    Args:
        groups: By title the lines of each, in percent; their names are the same in all.
        columns: How many stand in a row, at most.
    """
    columns = min(columns, len(groups))
    rows = -(-len(groups) // columns)
    size = 3.6 if len(groups) < 4 else 2.3
    with style():
        figure = Figure(
            figsize=(size * columns + 0.5, 0.8 * size * rows + 0.9),
            layout="constrained",
        )
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes in grid.flat[len(groups) :]:
            axes.set_axis_off()
        for axes, (title, curves) in zip(grid.flat, groups.items()):
            draw_lines(axes, curves)
            axes.get_legend().remove()
            axes.set_title(title, fontsize=11)
            axes.set_ylim(0, 103)
        handles, names = grid[0, 0].get_legend_handles_labels()
        figure.legend(
            handles, names, loc="outside upper center", ncols=len(names), frameon=False
        )
        figure.supxlabel(both("エポック", "epoch"), fontsize=11)
        figure.supylabel(both("正解率", "accuracy") + " [%]", fontsize=11)
    return figure


def histograms(
    layers: Mapping[str, Sequence[NDArray[Any]]], limits: tuple[float, float]
) -> Figure:
    """出力の分布 / Histograms: a row for each name, a column for each layer.

    Higher bars than `_HIGHEST` are cut off, as otherwise nothing else would be seen.

    Args:
        layers: By name the outputs of the layers.
        limits: Of the values shown; the share of the others is told above.
    """
    columns = len(next(iter(layers.values())))
    with style():
        figure = Figure(figsize=(2.2 * columns, 1.85 * len(layers)))
        figure.subplots_adjust(0.09, 0.04, 0.98, 0.94, wspace=0.12, hspace=0.32)
        grid = figure.subplots(
            len(layers), columns, sharex=True, sharey=True, squeeze=False
        )
        for row, (name, found) in zip(grid, layers.items()):
            row[0].set_ylabel(name)
            for axes, values in zip(row, found):
                counts, edges = np.histogram(values, 30, range=limits)
                shares = 100 * counts / values.size
                axes.stairs(shares, edges, fill=True, color=BLUE)
                axes.set_title(_spread(values, limits), fontsize=9, pad=3)
        for axes, number in zip(grid[0], range(1, columns + 1)):
            layer = both(f"第 {number} 層", f"layer {number}")
            axes.set_title(f"{layer}\n{axes.get_title()}", fontsize=9, pad=3)
        axes.set_xlim(*limits)
        middle = sum(limits) / 2
        axes.set_xticks([limits[0], middle, limits[1]])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.set_ylim(0, _HIGHEST)
        axes.set_yticks([0, _HIGHEST], ["0 %", f"{_HIGHEST} %"])
    return figure


def _spread(values: NDArray[Any], limits: tuple[float, float]) -> str:
    spread = values.std()
    text = f"σ = {spread:,.0f}" if spread >= 10 else f"σ = {spread:.2g}"
    outside = ((values < limits[0]) | (values > limits[1])).mean()
    if outside < 0.005:
        return text
    return f"{text}, {both('枠外', 'beyond')} {outside:.0%}"


def search(
    rates: Sequence[float], decays: Sequence[float], accuracies: Sequence[float]
) -> Figure:
    """探した点 / Learning rates and weight decays that were tried, by accuracy."""
    with style():
        figure = Figure(figsize=(7, 4.6), layout="constrained")
        axes = figure.subplots()
        dots = axes.scatter(
            rates, decays, c=accuracies, cmap="viridis", s=60, edgecolors=INK, lw=0.5
        )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.grid(color=PALE)
        axes.set_axisbelow(True)
        axes.set_xlabel(both("学習率", "learning rate"))
        axes.set_ylabel(both("荷重減衰", "weight decay") + " λ")
        label = both("検証の正解率", "accuracy in validation") + " [%]"
        figure.colorbar(dots, ax=axes, label=label)
    return figure


def race(runs: Mapping[str, Mapping[str, Any]]) -> Figure:
    """競争 / Test errors while each learns, and beside them what each comes to.

    Args:
        runs: By name: "steps", and at each of them "errors" in percent; "test", the
            accuracy at the end in percent.
    """
    with style():
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
        for (name, run), (color, dashes) in zip(runs.items(), strokes()):
            left.plot(
                run["steps"], run["errors"], color=color, ls=dashes, lw=2, label=name
            )
        left.set_yscale("log")
        left.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
        left.yaxis.set_minor_formatter("")
        left.set_yticks([1, 2, 5, 10, 20, 50, 100])
        lowest = min(min(run["errors"]) for run in runs.values())
        left.set_ylim(max(0.8 * lowest, 0.5), 110)
        left.grid(color=PALE)
        left.margins(x=0.01)
        left.set_xlabel(both("繰り返し", "iteration"))
        left.set_ylabel(both("テストの誤り", "error on test data") + " [%]")
        figure.legend(loc="outside upper center", ncols=3, frameon=False)
        tests = [run["test"] for run in runs.values()]
        places = range(len(runs))
        colors = [color for _, (color, _) in zip(runs, strokes())]
        right.barh(places, tests, color=colors, height=0.6)
        for place, test in zip(places, tests):
            inside = test > 30
            right.text(
                test - 1 if inside else test + 1,
                place,
                f"{test:.2f} %",
                color="white" if inside else INK,
                ha="right" if inside else "left",
                va="center",
            )
        right.set_yticks(places, list(runs))
        right.set_ylim(max(len(runs), 4) - 0.5, -0.5)  # the first one on top
        right.set_xlim(0, 100)
        right.set_xlabel(both("テストの正解率", "accuracy on test data") + " [%]")
    return figure


def scores(before: NDArray[Any], after: NDArray[Any]) -> Figure:
    """ソフトマックスの前と後 / Scores, and the probabilities that they become."""
    with style():
        figure = Figure(figsize=(7, 3.4), layout="constrained")
        titles = both("得点", "scores"), both("確率", "probabilities")
        for axes, title, values in zip(figure.subplots(1, 2), titles, (before, after)):
            bars = axes.bar(range(len(values)), values, color=BLUE, width=0.6)
            axes.bar_label(bars, [f"{value:.4g}" for value in values], padding=3)
            axes.set_xticks(range(len(values)))
            axes.margins(y=0.15)
            axes.set_title(title)
            axes.set_xlabel(both("クラス", "class"))
    return figure
