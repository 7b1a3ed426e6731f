"""How all pictures of the benchmark look: fonts, colours, files that stay small."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK = "#1f2933"
FAINT = "#7b8794"
GRID = "#e4e7eb"
BAND = "#f5f7fa"
OURS = "#0072b2"
TORCH = "#d55e00"
GOAL = "#009e73"
PEERS = "#5f6b7a"
"""After Okabe and Ito: told apart by those who see fewer colours, and in grey."""

_STYLE = {
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 8,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.7,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": "white",
    "svg.fonttype": "none",  # text stays text, and the file small
    "svg.hashsalt": "benchmarks",  # the same figures give the same file
}


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Pictures that are made meanwhile look so."""
    with matplotlib.rc_context(_STYLE):
        yield


def bare(axes: Axes) -> None:
    """Take away the frame but for the line below."""
    axes.spines[["top", "left", "right"]].set_visible(False)
    axes.tick_params(length=0)


def save(figure: Figure, paths: Sequence[Path]) -> list[Path]:
    """Write the files; the SVG with no date in it, the PNG at twice the size."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # a second pass would move everything a little
    for path in paths:
        svg = path.suffix == ".svg"
        figure.savefig(path, dpi=200, metadata={"Date": None} if svg else None)
    return list(paths)
