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
_INK, _FAINT, _PALE = "#1e293b", "#94a3b8", "#e2e8f0"
_BLUE, _RED = "#2563eb", "#dc2626"
_COLUMNS = 10


def has_japanese() -> bool:
    """日本語フォントがあるか / Whether labels can be in Japanese."""
    return _FONT in font_manager.get_font_names()


def _label(japanese: str, english: str) -> str:
    return f"{japanese} {english}" if has_japanese() else english


def _style() -> Any:
    # 欧文フォントを先に / The Latin face first: that of the Japanese font is plain.
    family = ["DejaVu Sans", _FONT] if has_japanese() else ["DejaVu Sans"]
    return mpl.rc_context(
        {
            "axes.edgecolor": _FAINT,
            "axes.labelcolor": _INK,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "font.family": family,
            "font.size": 11,
            "text.color": _INK,
            "xtick.color": _INK,
            "ytick.color": _INK,
        }
    )


def loss_curve(losses: list[float], path: Path) -> None:
    """損失の推移 / The loss of every mini-batch, and the mean over some of them."""
    width = max(len(losses) // 50, 1)
    mean = np.convolve(losses, np.full(width, 1 / width), mode="valid")
    places = np.arange(len(mean)) + (width - 1) / 2
    each = _label("ミニバッチごと", "each mini-batch")
    with _style():
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.subplots()
        axes.plot(
            losses, color=_BLUE, alpha=0.25 if width > 1 else 1, lw=0.8, label=each
        )
        if width > 1:
            smooth = _label(f"{width} 回の平均", f"mean of {width}")
            axes.plot(places, mean, color=_BLUE, lw=2, label=smooth)
        if max(losses) > 10 * min(losses) > 0:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
            axes.yaxis.set_minor_formatter("")
        axes.set_xlim(0, max(len(losses), 2))
        axes.grid(axis="y", color=_PALE)
        axes.set_xlabel(_label("繰り返し", "iteration"))
        axes.set_ylabel(_label("損失", "loss"))
        axes.legend(frameon=False, loc="upper right")
        figure.savefig(path, dpi=150)


def predictions(
    images: NDArray[Any], labels: NDArray[Any], probabilities: NDArray[Any], path: Path
) -> None:
    """テスト画像と予測 / The first test images, and below the first that went wrong.

    Args:
        images: One row for each, of rows times columns numbers from 0 to 1.
        labels: What they show.
        probabilities: (images, classes), as predicted.
        path: The file to write.
    """
    predicted = probabilities.argmax(axis=1)
    missed = np.flatnonzero(predicted != labels)
    first = np.arange(min(2 * _COLUMNS, len(labels)))
    title = _label(
        "テスト画像：上は予測と確率、下は正解",
        "test images: prediction above, label below",
    )
    groups = [(title, first)]
    if len(missed):
        title = _label("間違えた画像", "misclassified")
        title += f" ({len(missed):,} / {len(labels):,})"
        groups.append((title, missed[:_COLUMNS]))
    rows = [-(-len(group) // _COLUMNS) for _, group in groups]
    side = round(images.shape[1] ** 0.5)
    with _style():
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
        figure.savefig(path, dpi=150)


def _tile(
    axes: Axes, image: NDArray[Any], label: int, guess: int, probability: float
) -> None:
    """1 枚の画像 / One image, with prediction and probability above, label below."""
    color = _INK if guess == label else _RED
    axes.imshow(image, cmap="gray_r", vmin=0, vmax=1, interpolation="bilinear")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(_PALE if guess == label else _RED)
    axes.set_title(f"{guess}  {probability:.0%}", color=color, fontsize=11, pad=4)
    axes.set_xlabel(_label("正解", "label") + f" {label}", fontsize=8, color=color)
