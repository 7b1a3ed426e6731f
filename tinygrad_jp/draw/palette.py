"""Colours and shapes, for light pages and dark ones, told apart by everybody.

A picture is drawn in the colours of light pages, and each has a twin for dark ones in
`TWINS`, to which `theme` switches in the browser. So:

- A colour that occurs in a picture is made here, by `pair(light, dark)`. It is known
  by its light value alone: what needs another twin needs another light value, if only
  by one step (`CARD` is not `PAPER`).
- A ramp is `Ramp(light=(...), dark=(...))`: at least two colours each, from small to
  large, and `ramp.color(place)` for a place from 0 to 1. It has steps, so that each of
  its colours has a twin. Small is near the paper and large far from it: darker on light
  pages, brighter on dark ones. Where text stands on it, that is `INK`. A ramp that is
  added to `RAMPS` is tested for all of this.

Colours have six digits in lower case: Graphviz 2.43 draws those of three in black.
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

# --- colours -----------------------------------------------------------------------

TWINS: dict[str, str] = {}
"""Of each colour of light pages, that of dark ones."""


def pair(light: str, dark: str) -> str:
    """Note the twin of a colour, and return the colour."""
    if TWINS.setdefault(light, dark) != dark:
        raise ValueError(f"{light}: has two twins, {TWINS[light]} and {dark}")
    return light


PAPER = pair("#ffffff", "#11161f")
CARD = pair("#fefefe", "#2a3446")
INK = pair("#1e293b", "#e6ebf3")
QUIET = pair("#526077", "#a3b0c5")
PLAIN_WIRE = pair("#64748b", "#8795ab")
GRADIENT = pair("#b83a0b", "#ffa870")
ALARM = pair("#b0004f", "#ff6fb1")
ALARM_FILL = pair("#fbd9e8", "#5b1539")
FRAME = pair("#94a3b8", "#56657e")
FRAME_FILL = pair("#f3f5f9", "#1b2332")
UNSEEN = pair("#d3d9e2", "#4a5364")


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind of item is drawn."""

    shape: str
    style: str
    fill: str
    line: str


_OP_LINE = pair("#334155", "#b6c2d4")

LOOKS = {
    Kind.INPUT: Look(
        "box", "filled", pair("#dbeafe", "#1d3a66"), pair("#1d4ed8", "#7fb2ff")
    ),
    Kind.PARAMETER: Look(
        "cylinder", "filled", pair("#fde68a", "#573d0b"), pair("#a85508", "#f3bd4f")
    ),
    Kind.OP: Look("box", "rounded,filled", CARD, _OP_LINE),
    Kind.LAYER: Look("box", "rounded,filled", CARD, _OP_LINE),
    Kind.OUTPUT: Look(
        "box", "rounded,filled", pair("#bbf7d0", "#12492b"), pair("#15803d", "#54d388")
    ),
}

# --- ramps -------------------------------------------------------------------------


class Ramp:
    """Colours from small to large, in steps.

    Args:
        light: On light pages, from small to large.
        dark: On dark pages.
    """

    STEPS = 33

    def __init__(self, light: tuple[str, ...], dark: tuple[str, ...]) -> None:
        places = [step / (self.STEPS - 1) for step in range(self.STEPS)]
        self.colors = [pair(_mixed(light, p), _mixed(dark, p)) for p in places]

    def color(self, place: float) -> str:
        """The colour at a place from 0, the smallest, to 1, the largest."""
        return self.colors[round(place * (self.STEPS - 1))]


def _mixed(stops: tuple[str, ...], place: float) -> str:
    """The colour at a place from 0 to 1 between stops at equal distances."""
    step = min(int(place * (len(stops) - 1)), len(stops) - 2)
    part = place * (len(stops) - 1) - step
    ends = [bytes.fromhex(stop[1:]) for stop in stops[step : step + 2]]
    return "#" + bytes([round(a + (b - a) * part) for a, b in zip(*ends)]).hex()


WIRES = Ramp(
    light=("#e2974e", "#d2552c", "#a81c1c"), dark=("#7d5a44", "#d9703a", "#ff9f78")
)
"""Of the wires, by the norm of the gradient that comes back on them."""

FILLS = Ramp(
    light=("#fffaf0", "#fdcf8f", "#ea7a42"), dark=("#1f2733", "#6a4322", "#ab4a19")
)
"""Of nodes, by the size of their gradient, their time or their memory."""

RAMPS = {"wires": WIRES, "fills": FILLS}

# --- scales ------------------------------------------------------------------------

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
        return WIRES.color(self._place(norm))

    def width(self, norm: float | None) -> float:
        """In points."""
        if norm is None or norm == 0:
            return _THIN
        if not isfinite(norm):
            return _THICK
        return round(_THIN + (_THICK - _THIN) * self._place(norm), 2)
