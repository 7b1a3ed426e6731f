"""数のマス目の図 / Grids of numbers side by side, as the book draws convolutions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from _plots import FAINT, both, style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

TINTS = ("#bfdbfe", "#fed7aa", "#a7f3d0", "#fbcfe8")
"""Of windows 0, 1, 2, 3."""
STRONG = ("#1d4ed8", "#c2410c", "#0f766e", "#be185d")
"""The same for outlines and for small numbers."""
GREY = "#f1f5f9"
_INCH = 0.44
_GAP = 0.7


@dataclass
class Grid:
    """数のマス目 / A grid of numbers.

    Attributes:
        numbers: Rows and columns; what is NaN is left blank.
        title: Above.
        note: Below.
        tints: Colours of cells, by (row, column).
        boxes: Outlines: (row, column, height, width, colour).
        small: A second text in a corner of cells, by (row, column).
    """

    numbers: Any
    title: str = ""
    note: str = ""
    tints: Mapping[tuple[int, int], str] = field(default_factory=dict)
    boxes: Sequence[tuple[int, int, int, int, str]] = ()
    small: Mapping[tuple[int, int], str] = field(default_factory=dict)


def sheet(rows: Sequence[Sequence[Grid | str]]) -> Figure:
    """マス目を並べる / Rows of grids, and of the signs between them."""
    widths = [sum(_width(item) + _GAP for item in row) + _GAP for row in rows]
    heights = [_height(row) for row in rows]
    size = (max(widths) * _INCH, sum(heights) * _INCH)
    with style():
        figure = Figure(figsize=size)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, max(widths))
        axes.set_ylim(sum(heights), 0)
        axes.set_axis_off()
        top = 0.0
        for row, height in zip(rows, heights):
            tallest = max(_lines(item)[0] for item in row)
            left = _GAP
            for item in row:
                middle = top + 1.1 + tallest / 2
                _draw(axes, item, left, middle)
                left += _width(item) + _GAP
            top += height
    return figure


def written(number: float) -> str:
    """数を書く / A number with a minus sign that is no hyphen."""
    return f"{number:g}".replace("-", "−")


def _lines(item: Grid | str) -> tuple[int, int]:
    return (1, 1) if isinstance(item, str) else np.shape(item.numbers)


def _width(item: Grid | str) -> float:
    if isinstance(item, str):
        return 0.24 * len(item)
    titles = [item.title, *item.note.split("\n")]
    wide = max(sum(0.17 + 0.12 * (ord(c) > 255) for c in title) for title in titles)
    return max(_lines(item)[1], wide)


def _height(row: Sequence[Grid | str]) -> float:
    notes = [len(g.note.split("\n")) * bool(g.note) for g in row if isinstance(g, Grid)]
    return 1.6 + max(_lines(item)[0] for item in row) + 0.42 * max(notes, default=0)


def _draw(axes: Axes, item: Grid | str, left: float, middle: float) -> None:
    """One grid, or a sign, with its middle at this height."""
    if isinstance(item, str):
        where = (left + _width(item) / 2, middle)
        axes.text(*where, item, ha="center", va="center", fontsize=15)
        return
    numbers = np.asarray(item.numbers, float)
    rows = len(numbers)
    top = middle - rows / 2
    axes.text(left, top - 0.25, item.title, va="bottom", fontsize=10)
    axes.text(left, top + rows + 0.2, item.note, va="top", fontsize=10)
    for (row, column), number in np.ndenumerate(numbers):
        x, y = left + column, top + row
        color = item.tints.get((row, column), "white")
        axes.add_patch(Rectangle((x, y), 1, 1, fc=color, ec=FAINT, lw=0.8))
        if not np.isnan(number):
            axes.text(x + 0.5, y + 0.52, written(number), ha="center", va="center")
        if (row, column) in item.small:
            text = item.small[row, column]
            axes.text(x + 0.93, y + 0.93, text, ha="right", va="bottom", fontsize=6.5)
    for row, column, height, width, color in item.boxes:
        corner = left + column, top + row
        axes.add_patch(Rectangle(corner, width, height, fill=False, ec=color, lw=2.5))


# --- 畳み込み / convolution -----------------------------------------------------------


def steps(x: NDArray[Any], W: NDArray[Any], out: NDArray[Any]) -> Figure:
    """窓が動く / Every step of a convolution, with its sum written out."""
    rows: list[list[Grid | str]] = [
        [
            Grid(x, both("入力", "input x")),
            "∗",
            Grid(W, both("フィルタ", "filter W")),
            "=",
            Grid(out, both("出力", "output"), tints=dict(_colored(out.shape))),
        ]
    ]
    places = list(np.ndindex(out.shape))
    for first in range(0, len(places), 2):
        row: list[Grid | str] = []
        for step, place in enumerate(places[first : first + 2], first):
            seen = np.full(out.shape, np.nan)
            seen.flat[: step + 1] = out.flat[: step + 1]
            result = Grid(seen, tints={place: TINTS[step]})
            row += [_step(x, W, out[place], place, step), "→", result]
        rows.append(row)
    return sheet(rows)


def _step(
    x: NDArray[Any], W: NDArray[Any], total: float, place: tuple[int, ...], step: int
) -> Grid:
    """The input with one window, and under it the sum of its products."""
    i, j = place
    height, width = W.shape
    window = x[i : i + height, j : j + width]
    products = [
        f"{written(a)}·" + (written(b) if b >= 0 else f"({written(b)})")
        for a, b in zip(window.flat, W.flat, strict=True)
    ]
    lines = [" + ".join(products[n : n + width]) for n in range(0, W.size, width)]
    return Grid(
        x,
        both(f"窓 {step + 1}", f"window {step + 1}"),
        note="\n+ ".join(["  " + lines[0], *lines[1:]]) + f" = {written(total)}",
        tints=dict.fromkeys(_cells(W.shape, place), TINTS[step]),
        boxes=[(i, j, height, width, STRONG[step])],
        small={(i + a, j + b): f"×{written(W[a, b])}" for a, b in np.ndindex(W.shape)},
    )


def _cells(shape: tuple[int, ...], place: tuple[int, ...] = (0, 0)) -> Any:
    """The cells of a window that starts at a place."""
    return [(place[0] + a, place[1] + b) for a, b in np.ndindex(shape)]


def _colored(shape: tuple[int, ...]) -> Any:
    """Cells in their order, each with the colour of its window."""
    return zip(np.ndindex(shape), TINTS)


def settings(
    x: NDArray[Any], size: int, results: Mapping[tuple[int, int], NDArray[Any]]
) -> Figure:
    """パディングとストライド / Padded inputs with their first two windows, and results.

    Args:
        x: The input, square.
        size: Of the filter.
        results: The outputs by padding and stride.
    """
    rows: list[list[Grid | str]] = []
    for (padding, stride), out in results.items():
        padded = np.pad(x, padding)
        border = [c for c in np.ndindex(padded.shape) if not _within(c, x, padding)]
        sides = both("パディング", "padding") + f" {padding}, "
        sides += both("ストライド", "stride") + f" {stride}"
        length = f"⌊({len(x)} + 2·{padding} − {size}) / {stride}⌋ + 1 = {len(out)}"
        boxes = [(0, n * stride, size, size, STRONG[n]) for n in (1, 0)]
        tints = {(0, 0): TINTS[0], (0, 1): TINTS[1]}
        grid = Grid(padded, sides, tints=dict.fromkeys(border, GREY), boxes=boxes)
        rows.append([grid, "→", Grid(out, length, tints=tints)])
    return sheet(rows)


def _within(cell: tuple[int, ...], x: NDArray[Any], padding: int) -> bool:
    return all(padding <= i < padding + n for i, n in zip(cell, x.shape))


def product(columns: NDArray[Any], W: NDArray[Any], out: NDArray[Any]) -> Figure:
    """行列の積として / Windows as rows, times the filter as a column."""
    count, length = columns.shape
    tints = {(i, j): TINTS[i] for i in range(count) for j in range(length)}
    line = {(i, 0): TINTS[i] for i in range(count)}
    shape = f"({count}, {length})"
    return sheet(
        [
            [
                Grid(
                    columns, both("窓を行に", "windows as rows ") + shape, tints=tints
                ),
                "@",
                Grid(W.reshape(-1, 1), f"W ({W.size}, 1)"),
                "=",
                Grid(out.reshape(-1, 1), f"({count}, 1)", tints=line),
                "→",
                Grid(out, f"{out.shape}", tints=dict(_colored(out.shape))),
            ]
        ]
    )


def overlaps(g: NDArray[Any], W: NDArray[Any], total: NDArray[Any]) -> Figure:
    """逆伝播 / What each output gives back to its window, and their sum."""
    gradient, filters = both("出力の勾配", "gradient of the output"), "W"
    given = Grid(g, gradient, tints=dict(_colored(g.shape)))
    parts: list[Grid | str] = []
    for place, color in _colored(g.shape):
        part = np.full(total.shape, np.nan)
        cells = _cells(W.shape, place)
        part[tuple(np.transpose(cells))] = (g[place] * W).ravel()
        parts += [Grid(part, f"{g[place]:g}·W", tints=dict.fromkeys(cells, color)), "+"]
    summed = Grid(total, both("和＝入力の勾配", "sum: gradient of the input"))
    return sheet(
        [
            [given, "", Grid(W, filters)],
            parts[:4],
            [*parts[4:-1], "=", summed],
        ]
    )


def pools(
    x: NDArray[Any], pooled: Mapping[str, tuple[NDArray[Any], NDArray[Any]]]
) -> Figure:
    """プーリング / Pooled windows of a grid, and the gradient of their sum.

    Args:
        x: The input.
        pooled: By name the output, and the gradient of its sum by the input.
    """
    rows: list[list[Grid | str]] = []
    for name, (out, gradient) in pooled.items():
        size = len(x) // len(out)
        tints = {
            cell: color
            for (i, j), color in _colored(out.shape)
            for cell in _cells((size, size), (i * size, j * size))
        }
        given = {cell: color for cell, color in tints.items() if gradient[cell]}
        slope = both("和の勾配", "gradient of the sum")
        rows.append(
            [
                Grid(x, both("入力", "input"), tints=tints),
                "→",
                Grid(out, name, tints=dict(_colored(out.shape))),
                "←",
                Grid(gradient, slope, tints=given),
            ]
        )
    return sheet(rows)
