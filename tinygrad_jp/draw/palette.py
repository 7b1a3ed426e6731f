"""Colours and shapes. Kinds differ in both, and colours also without hue.

Colours have six digits: Graphviz 2.43 draws those of three in black.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, log10

from tinygrad_jp.draw.picture import Kind

FONTS = (
    "DejaVu Sans,Verdana,IPAexGothic,Noto Sans CJK JP,Hiragino Sans,Yu Gothic,Meiryo,"
    "sans-serif"
)
"""A Latin face first, then a Japanese one of each system."""

PAPER = "#ffffff"
INK = "#1e293b"
QUIET = "#526077"
PLAIN_WIRE = "#64748b"
GRADIENT = "#b83a0b"
ALARM = "#b0004f"
FRAME = "#94a3b8"
FRAME_FILL = "#f3f5f9"


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind of item is drawn."""

    shape: str
    style: str
    fill: str
    line: str


LOOKS = {
    Kind.INPUT: Look("box", "filled", "#dbeafe", "#1d4ed8"),
    Kind.PARAMETER: Look("cylinder", "filled", "#fde68a", "#a85508"),
    Kind.OP: Look("box", "rounded,filled", "#ffffff", "#334155"),
    Kind.LAYER: Look("box", "rounded,filled", "#ffffff", "#334155"),
    Kind.OUTPUT: Look("box", "rounded,filled", "#bbf7d0", "#15803d"),
}

_RAMP = ((0xF2, 0xA8, 0x65), (0xD9, 0x5F, 0x33), (0xB0, 0x1E, 0x1E))
_DECADES = 3.0  # the least that the ramp spans, so that equal norms look equal
_THIN, _THICK = 1.3, 3.8


class Scale:
    """Colour and width of a wire from its gradient's norm, among those of a picture."""

    def __init__(self, norms: Iterable[float | None]) -> None:
        logs = [log10(n) for n in norms if n is not None and isfinite(n) and n > 0]
        self._top = max(logs, default=0.0)
        self._span = max(self._top - min(logs, default=0.0), _DECADES)

    def _place(self, norm: float) -> float:
        """0 for the smallest norm, 1 for the largest, by logarithm."""
        if norm <= 0:
            return 0.0
        return min(1.0, max(0.0, 1 + (log10(norm) - self._top) / self._span))

    def color(self, norm: float | None) -> str:
        """From light orange to dark red; grey without gradient; loud for NaN."""
        if norm is None or norm == 0:
            return PLAIN_WIRE
        if not isfinite(norm):
            return ALARM
        place = self._place(norm) * (len(_RAMP) - 1)
        step = min(int(place), len(_RAMP) - 2)
        low, high = _RAMP[step], _RAMP[step + 1]
        part = place - step
        mixed = [round(a + (b - a) * part) for a, b in zip(low, high)]
        return "#{:02x}{:02x}{:02x}".format(*mixed)

    def width(self, norm: float | None) -> float:
        """In points."""
        if norm is None or norm == 0:
            return _THIN
        if not isfinite(norm):
            return _THICK
        return round(_THIN + (_THICK - _THIN) * self._place(norm), 2)
