"""Steps of windows that slide: convolution and pooling."""

from __future__ import annotations

from typing import Any

from tinygrad_jp.testing.programs.fitting import within
from tinygrad_jp.testing.programs.reductions import ordered
from tinygrad_jp.testing.programs.writer import Entry, Shape, Writer

EASY = within(4)
SIGNALS: tuple[Shape, ...] = ((1, 1, 3), (1, 2, 4), (2, 1, 3))
PICTURES: tuple[Shape, ...] = ((1, 1, 3, 3), (1, 2, 2, 3), (2, 1, 3, 2))


def _batch(w: Writer) -> int:
    """A value that has channels and one or two spatial axes: an old or a new one."""
    ndim = w.of((3, 4))
    if w.flag():
        fits = [
            n for n in w.pool if len(w.shape(n)) == ndim and min(w.shape(n)[2:]) > 1
        ]
        if fits:
            return EASY.fit_value(w, w.of(fits))
    return w.fresh(w.of(SIGNALS if ndim == 3 else PICTURES), live=True)


def _settings(w: Writer, count: int) -> dict[str, Any]:
    """Strides and paddings in all their forms, each left out where it is as usual."""
    keywords: dict[str, Any] = {}
    stride = w.of((1, 2, (2,) * count))
    if stride != 1:
        keywords["stride"] = stride
    padding = w.of((0, 1, ((1, 0),) * count))
    if padding != 0:
        keywords["padding"] = padding
    return keywords


def conv(w: Writer) -> None:
    """With and without a bias, groups, and gaps."""
    x = _batch(w)
    channels, *spatial = w.shape(x)[1:]
    keywords = _settings(w, len(spatial))
    groups = channels if w.below(4) == 3 else 1
    if groups > 1:
        keywords["groups"] = groups
    filters = groups * w.of((1, 2))
    size = [min(side, 1 + w.below(2)) for side in spatial]
    if min(spatial) > 2 and w.below(4) == 3:
        keywords["dilation"] = 2
    W = EASY.fit_value(w, w.having(filters, channels // groups, *size))
    bias = [w.having(filters)] if w.flag() else []
    w.step("conv", x, W, *bias, **keywords)


def conv_transpose(w: Writer) -> None:
    """From few places to many."""
    x = _batch(w)
    channels, *spatial = w.shape(x)[1:]
    keywords: dict[str, Any] = {}
    if w.flag():
        keywords["stride"] = 2
        if w.flag():
            keywords["output_padding"] = 1
    if w.flag():
        keywords["padding"] = 1
    W = EASY.fit_value(w, w.having(channels, 1, *[2] * len(spatial)))
    bias = [w.having(1)] if w.flag() else []
    w.step("conv_transpose", x, W, *bias, **keywords)


def pooling(op: str) -> Entry:
    """Windows that may overlap, or reach over the ends."""

    def write(w: Writer) -> None:
        x = _batch(w)
        spatial = w.shape(x)[2:]
        size = min(2, *spatial)
        keywords: dict[str, Any] = {
            "size": (size,) * len(spatial) if w.flag() else size
        }
        if w.flag():
            keywords["stride"] = w.of((1, 2))
        if size > 1 and w.flag():
            keywords["padding"] = 1
        if op == "max_pool":
            x = ordered(w, x, None)
        w.step(op, x, **keywords)

    return write


def convolve(w: Writer) -> None:
    """Two lines, of any lengths."""
    x, y = (EASY.fit_value(w, w.with_axes(1, 1)) for _ in range(2))
    mode = w.of(("full", "valid", "same"))
    w.step("convolve", x, y, **({} if mode == "full" else {"mode": mode}))


def sliding_window_view(w: Writer) -> None:
    """Over the last axis, or any one."""
    x = w.pick(lambda shape: 0 < len(shape) < 4 and min(shape) > 1)
    keywords = _settings(w, 1)
    if w.flag():
        keywords["axis"] = w.one_axis(len(w.shape(x)))
    w.step("sliding_window_view", x, window_shape=w.of((2, 1)), **keywords)


def overlap_add(w: Writer) -> None:
    """Windows of two, back into a line."""
    keywords = w.of(({}, {"stride": 2}, {"padding": 1}))
    length = w.of((4, 3))
    whole = length + 2 * keywords.get("padding", 0)
    count = (whole - 2) // keywords.get("stride", 1) + 1
    w.step("overlap_add", w.having(count, 2), shape=length, **keywords)


WINDOWS: dict[str, Entry] = {
    "conv": conv,
    "conv_transpose": conv_transpose,
    "convolve": convolve,
    "max_pool": pooling("max_pool"),
    "avg_pool": pooling("avg_pool"),
    "sliding_window_view": sliding_window_view,
    "overlap_add": overlap_add,
}
