"""図を描く / The plots of the examples, as PNG files.

ラベルは日本語フォントがあれば日英併記、なければ英語だけ。
Labels are in Japanese and English where a Japanese font is found, else in English.
"""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

_FONT = "IPAexGothic"
INK, FAINT, PALE = "#1e293b", "#94a3b8", "#e2e8f0"
BLUE, RED, GREEN = "#2563eb", "#dc2626", "#15803d"
_COLUMNS = 10


def has_japanese() -> bool:
    """日本語フォントがあるか / Whether labels can be in Japanese."""
    return _FONT in font_manager.get_font_names()


def both(japanese: str, english: str) -> str:
    """日英併記 / Both languages where there is a Japanese font, else English."""
    return f"{japanese} {english}" if has_japanese() else english


def style() -> Any:
    """図の見た目 / How all plots look, as a context manager."""
    # 欧文フォントを先に / The Latin face first: that of the Japanese font is plain.
    family = ["DejaVu Sans", _FONT] if has_japanese() else ["DejaVu Sans"]
    return mpl.rc_context(
        {
            "axes.edgecolor": FAINT,
            "axes.labelcolor": INK,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "font.family": family,
            "font.size": 11,
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )


def save(figure: Figure, path: Path) -> None:
    """ファイルに書く / Write a figure to a file."""
    with style():
        figure.savefig(path, dpi=150)


def loss_curve(losses: list[float]) -> Figure:
    """損失の推移 / The loss of every mini-batch, and the mean over some of them."""
    width = max(len(losses) // 50, 1)
    mean = np.convolve(losses, np.full(width, 1 / width), mode="valid")
    places = np.arange(len(mean)) + (width - 1) / 2
    each = both("ミニバッチごと", "each mini-batch")
    with style():
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.subplots()
        axes.plot(
            losses, color=BLUE, alpha=0.25 if width > 1 else 1, lw=0.8, label=each
        )
        if width > 1:
            smooth = both(f"{width} 回の平均", f"mean of {width}")
            axes.plot(places, mean, color=BLUE, lw=2, label=smooth)
        if max(losses) > 10 * min(losses) > 0:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
            axes.yaxis.set_minor_formatter("")
        axes.set_xlim(0, max(len(losses), 2))
        axes.grid(axis="y", color=PALE)
        axes.set_xlabel(both("繰り返し", "iteration"))
        axes.set_ylabel(both("損失", "loss"))
        axes.legend(frameon=False, loc="upper right")
    return figure


def predictions(
    images: NDArray[Any], labels: NDArray[Any], probabilities: NDArray[Any]
) -> Figure:
    """テスト画像と予測 / The first test images, and below the first that went wrong.

    Args:
        images: One row for each, of rows times columns numbers from 0 to 1.
        labels: What they show.
        probabilities: (images, classes), as predicted.
    """
    predicted = probabilities.argmax(axis=1)
    missed = np.flatnonzero(predicted != labels)
    first = np.arange(min(2 * _COLUMNS, len(labels)))
    title = both(
        "テスト画像：上は予測と確率、下は正解",
        "test images: prediction above, label below",
    )
    groups = [(title, first)]
    if len(missed):
        title = both("間違えた画像", "misclassified")
        title += f" ({len(missed):,} / {len(labels):,})"
        groups.append((title, missed[:_COLUMNS]))
    rows = [-(-len(group) // _COLUMNS) for _, group in groups]
    side = round(images.shape[1] ** 0.5)
    with style():
        figure = Figure(figsize=(10, 1.55 * sum(rows) + 0.6), layout="constrained")
        figure.get_layout_engine().set(h_pad=0.08, w_pad=0.06)
        parts = figure.subfigures(len(groups), 1, height_ratios=rows, squeeze=False)
        for part, (title, group), count in zip(parts[:, 0], groups, rows):
            part.suptitle(title, x=0.005, ha="left", fontsize=13)
            grid = part.subplots(count, _COLUMNS, squeeze=False)
            for axes in grid.flat[len(group) :]:
                axes.set_axis_off()
            for axes, i in zip(grid.flat, group):
                image = images[i].reshape(side, side)
                guess = int(predicted[i])
                _tile(axes, image, int(labels[i]), guess, probabilities[i, guess])
    return figure


def _tile(
    axes: Axes, image: NDArray[Any], label: int, guess: int, probability: float
) -> None:
    """1 枚の画像 / One image, with prediction and probability above, label below."""
    color = INK if guess == label else RED
    axes.imshow(image, cmap="gray_r", vmin=0, vmax=1, interpolation="bilinear")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(PALE if guess == label else RED)
    axes.set_title(f"{guess}  {probability:.0%}", color=color, fontsize=11, pad=4)
    axes.set_xlabel(both("正解", "label") + f" {label}", fontsize=8, color=color)


def class_probabilities(
    images: NDArray[Any], labels: NDArray[Any], probabilities: NDArray[Any]
) -> Figure:
    """各クラスの確率 / Pictures, and beneath each the probability of every class.

    Args:
        images: One row for each, of rows times columns numbers from 0 to 1.
        labels: What they show.
        probabilities: (images, classes), as predicted.
    """
    side = round(images.shape[1] ** 0.5)
    classes = range(probabilities.shape[1])
    rows = 2
    columns = -(-len(images) // rows)
    with style():
        figure = Figure(figsize=(2.1 * columns, 3.3 * rows), layout="constrained")
        grid = figure.subplots(2 * rows, columns, height_ratios=[3, 2] * rows)
        for i, (image, label) in enumerate(zip(images, labels)):
            row, column = divmod(i, columns)
            above, below = grid[2 * row, column], grid[2 * row + 1, column]
            guess = int(probabilities[i].argmax())
            _tile(
                above,
                image.reshape(side, side),
                int(label),
                guess,
                max(probabilities[i]),
            )
            above.set_xlabel("")
            colors = [GREEN if c == label else FAINT for c in classes]
            if guess != label:
                colors[guess] = RED
            below.bar(classes, probabilities[i], color=colors)
            below.set_ylim(0, 1)
            below.set_xticks(classes)
            below.tick_params(labelsize=8)
            below.set_yticks([0, 1] if not column else [])
    return figure
