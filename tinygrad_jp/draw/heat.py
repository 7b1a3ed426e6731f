"""The colour modes: which colour an item has by its amount, and how that is written.

Gradients are told apart by their power of ten, because they vanish and explode by
powers; times and bytes by their size, because what matters is the largest.
"""

from __future__ import annotations

from math import ceil, floor, isfinite, log10

from tinygrad_jp.draw.basics import Color
from tinygrad_jp.draw.palette import ALARM_FILL, CARD, FILLS, UNSEEN
from tinygrad_jp.draw.picture import Amount, Picture
from tinygrad_jp.draw.text import number

_DECADES = 3  # the least that the scale of gradients spans: equal ones look equal
_STEPS = 5  # of a scale in the legend
_TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_SIZES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B"))


class Heat:
    """The scale of a picture's amounts.

    Args:
        picture: With its `color`, and the amounts of its items.

    Attributes:
        color: What it tells of.
        by_gradient: Whether that are gradients.
        known: Whether anything is known of it.
        measured: Whether it comes from a profile.
    """

    def __init__(self, picture: Picture) -> None:
        self.color = picture.color
        self.measured = picture.measured
        self.by_gradient = picture.color == "grad"
        found = [i.amount.value for i in picture.items if i.amount is not None]
        known = [value for value in found if isfinite(value) and value > 0]
        self.known = bool(found)
        self._low, self._high = 0.0, max(known, default=1.0)
        if self.by_gradient:
            self._high = ceil(log10(self._high) - 1e-9)
            least = floor(log10(min(known, default=1.0)) + 1e-9)
            self._low = min(least, self._high - _DECADES)

    def fill(self, amount: Amount | None, *, op: bool = False) -> str:
        """The colour of an item; that of paper where nothing is known of it.

        Args:
            amount: What is known.
            op: Whether it is an op or a layer: grey if a profile did not see it.
        """
        if amount is None:
            return UNSEEN if op and self.measured else CARD
        if not isfinite(amount.value):
            return ALARM_FILL
        return FILLS.color(self.place(amount.value))

    def place(self, value: float) -> float:
        """Where a value stands: from 0, the smallest, to 1, the largest."""
        if self.by_gradient:
            if value <= 0:
                return 0.0
            value = log10(value)
        place = (value - self._low) / (self._high - self._low)
        return min(1.0, max(0.0, place))

    def written(self, value: float) -> str:
        """A value with its unit."""
        return written(value, self.color)

    def steps(self) -> list[tuple[str, str]]:
        """Colours and their values for the legend, from small to large."""
        span = self._high - self._low
        found = []
        for step in range(_STEPS):
            value = self._low + span * step / (_STEPS - 1)
            if self.by_gradient:
                power = round(value)
                place = (power - self._low) / span
                text = "1" if power == 0 else f"1e{power}"
                found.append((FILLS.color(place), text))
            else:
                found.append((FILLS.color(self.place(value)), self.written(value)))
        return list(dict.fromkeys(found))


def written(value: float, color: Color | None) -> str:
    """An amount with its unit.

    Example:
        >>> written(1.2e-5, "grad"), written(1.2e-5, "time"), written(3.1e6, "memory")
        ('∇ 1.2e-5', '12 µs', '3.1 MB')
    """
    if color == "grad":
        return f"∇ {number(value)}"
    if not value:
        return "0"
    units = _TIMES if color == "time" else _SIZES
    for size, unit in units:
        if value >= 0.9995 * size:
            return f"{number(value / size, _digits(value / size))} {unit}"
    size, unit = units[-1]
    return f"{number(value / size)} {unit}"


def _digits(value: float) -> int:
    """Two, or all that stand before the point."""
    return max(2, floor(log10(value)) + 1)
