"""フィルタと特徴マップと間違い / Filters, what they see, and what went wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from _plots import FAINT, both, style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

_COLUMNS = 10
_INCH = 0.8
_NEGATIVE_TO_POSITIVE = "PuOr"  # 色覚によらず / for every kind of colour vision


def filters(groups: Mapping[str, NDArray[Any]]) -> Figure:
    """フィルタ / Groups of filters (n, height, width), each group in its own scale."""
    rows = [-(-len(group) // _COLUMNS) for group in groups.values()]
    with style():
        figure, axes = _canvas(_COLUMNS + 0.2, sum(rows) + 0.6 * len(rows))
        top = 0.0
        for count, (name, group) in zip(rows, groups.items()):
            reach = np.abs(group).max()
            label = f"{name}   −{reach:.2g} … {reach:.2g}"
            axes.text(0.1, top + 0.3, label, va="center")
            for i, weights in enumerate(group):
                row, column = divmod(i, _COLUMNS)
                _tile(axes, weights, column + 0.1, top + 0.6 + row, reach)
            top += count + 0.6
    return figure


def layer_by_layer(
    image: NDArray[Any], weights: NDArray[Any], maps: Mapping[str, NDArray[Any]]
) -> Figure:
    """特徴マップ / What some filters make of a picture, a row for each layer.

    Each row has its own scale.

    Args:
        image: Rows and columns.
        weights: The filters, (n, height, width).
        maps: By layer, (n, height, width).
    """
    rows = {both("フィルタ", "filters"): weights, **maps}
    with style():
        figure, axes = _canvas(len(weights) + 4.6, len(rows) + 0.5)
        middle = (len(rows) + 0.5) / 2
        axes.text(0.2, middle - 1.05, both("入力", "input"), va="bottom")
        _tile(axes, image, 0.2, middle - 0.95, side=1.9)
        for row, (name, pictures) in enumerate(rows.items()):
            height, width = pictures.shape[1:]
            label = f"{name}\n{height} × {width}"
            axes.text(4.3, row + 0.7, label, ha="right", va="center", fontsize=9)
            reach = np.abs(pictures).max()
            for column, picture in enumerate(pictures):
                _tile(axes, picture, column + 4.5, row + 0.25, reach)
    return figure


def mistakes(
    images: NDArray[Any], labels: Sequence[int], guesses: Sequence[int]
) -> Figure:
    """間違えた数字をすべて / Every picture that was taken for something else.

    Args:
        images: (n, rows, columns), of those that went wrong.
        labels: What they are.
        guesses: What they were taken for.
    """
    rows = max(-(-len(images) // _COLUMNS), 1)
    with style():
        figure, axes = _canvas(_COLUMNS + 0.2, 1.35 * rows + 0.6)
        words = both(f"間違い {len(images)} 個：", f"{len(images)} mistakes: ")
        words += both("正解", "label") + " → " + both("予測", "prediction")
        axes.text(0.1, 0.3, words, va="center")
        for i, (image, label, guess) in enumerate(zip(images, labels, guesses)):
            row, column = divmod(i, _COLUMNS)
            left, top = column + 0.1, 1.35 * row + 0.9
            axes.text(left + 0.47, top - 0.13, f"{label} → {guess}", ha="center")
            _tile(axes, image, left, top)
    return figure


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure whose one unit is a tile, from the top left: quicker than many axes."""
    figure = Figure(figsize=(width * _INCH, height * _INCH))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_axis_off()
    return figure, axes


def _tile(
    axes: Axes,
    picture: NDArray[Any],
    left: float,
    top: float,
    reach: float | None = None,
    side: float = 0.94,
) -> None:
    """A picture in grey from 0 to 1, or in colours from -reach to reach."""
    signed = reach is not None
    axes.imshow(
        picture,
        cmap=_NEGATIVE_TO_POSITIVE if signed else "gray_r",
        vmin=-reach if signed else 0,
        vmax=reach if signed else 1,
        extent=(left, left + side, top + side, top),
        aspect="auto",
    )
    frame = Rectangle((left, top), side, side, fill=False, ec=FAINT, lw=0.6)
    axes.add_patch(frame)
