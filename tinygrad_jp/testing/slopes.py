"""Slopes, measured: how fast a result grows when its input moves.

The book's numerical differentiation (chapter 4.3) moves the input by h to both
sides at once. At a kink, such as the 0 of ReLU, the two sides differ, so here each
is measured for itself, along a direction d:

    ahead     (f(x + h d) - f(x)) / h
    behind    (f(x) - f(x - h d)) / h

for several h, from which the slope at h = 0 is extrapolated, together with how far
it can be trusted. A right gradient lies between the two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[np.float64]
Function: TypeAlias = Callable[[Vector], Vector]
"""A function from one flat vector to another."""

RATIO = 4.0
STEPS: Vector = RATIO ** -np.arange(2.0, 9.0)
"""From 1/16 down to 1/65536: long ones for smooth functions, short ones for kinks."""

EPSILON = float(np.finfo(np.float64).eps)
KINK = 1e-3
"""A slope that changes by less than this part of it makes no kink."""

LINES = np.array([1 / 16, 1 / 64, 1 / 512, 1 / 4096])
"""How far beside a point to look for kinks, as parts of how far along."""

POINTS = 4096
"""Of a line on which there is kink after kink, so many points are looked at."""

ROUNDING = 16.0  # units in the last place that a value of f may be off


@dataclass(frozen=True)
class Slopes:
    """One row for each direction, one column for each result.

    Attributes:
        behind: The slope just before the point; NaN where it cannot be measured.
        ahead: The slope just after it.
        doubt: How far the two may be off.
    """

    behind: Vector
    ahead: Vector
    doubt: Vector

    def __getitem__(self, directions: Any) -> Slopes:
        """Those along some of the directions."""
        parts = (self.behind, self.ahead, self.doubt)
        return Slopes(*[part[directions] for part in parts])

    @property
    def low(self) -> Vector:
        """The smaller of the two; the one that is known where one is NaN."""
        return np.asarray(np.fmin(self.behind, self.ahead))

    @property
    def high(self) -> Vector:
        """The larger of the two; the one that is known where one is NaN."""
        return np.asarray(np.fmax(self.behind, self.ahead))


def measure(
    function: Function,
    at: Vector,
    directions: Vector,
    *,
    steps: Vector = STEPS,
    precision: float = EPSILON,
) -> Slopes:
    """Measure the slopes of a function along each direction, on both sides.

    Args:
        function: From vector to vector.
        at: The point.
        directions: One a row.
        steps: How far to move, each a `RATIO`-th of the one before.
        precision: Relative spacing of the numbers that `function` computes with.
    """
    value = function(at)
    # Small results may be differences of numbers as large as the inputs.
    least = np.maximum(np.abs(value), min(1.0, np.abs(at).max(initial=0.0)))
    sides = []
    for sign in (-1.0, 1.0):
        moved = np.array(
            [[function(at + sign * h * d) for d in directions] for h in steps]
        )
        rounding = ROUNDING * precision * np.maximum(np.abs(moved), least)
        sides.append(_limit(moved - value, sign * steps, rounding))
    (behind, doubt_behind), (ahead, doubt_ahead) = sides
    doubts = [np.where(np.isinf(d), 0.0, d) for d in (doubt_behind, doubt_ahead)]
    return Slopes(behind, ahead, np.maximum(*doubts))


def _limit(changes: Vector, steps: Vector, rounding: Vector) -> tuple[Vector, Vector]:
    """The slope for steps that go to 0, and how far it may be off.

    Richardson's extrapolation: from the slopes for h and h/4, whose errors are in
    the ratio 4, follows one without that error; from two of these one without the
    next, and so on. Long steps suffer from curvature and short ones from rounding, so
    of all estimates the one is best that differs least from those it was made of.
    """
    best = np.full(changes.shape[1:], np.nan)
    doubt = np.full(changes.shape[1:], np.inf)
    before: list[Vector] = []
    with np.errstate(all="ignore"):  # inf and NaN, where a step left the domain
        for change, step, inexact in zip(changes, steps, rounding):
            row = [change / step]
            for order, older in enumerate(before, start=1):
                refined = row[-1] + (row[-1] - older) / (RATIO**order - 1)
                moves = np.abs(refined - row[-1]), np.abs(refined - older)
                error = np.maximum(*moves) + inexact / np.abs(step)
                best = np.where(error < doubt, refined, best)
                doubt = np.where(error < doubt, error, doubt)
                row.append(refined)
            before = row
    return best, doubt


def slopes_nearby(
    function: Function,
    at: Vector,
    direction: Vector,
    rng: np.random.Generator,
    *,
    reach: float = STEPS[4],
    precision: float = EPSILON,
) -> tuple[Vector, Vector]:
    """What gradients a function may have at a point where several kinks meet.

    In ``relu(x) - relu(y)`` two kinks meet at (0, 0), one up and one down. Along a
    line that passes *close by* they lie apart: the slope changes by one and then by
    the other. Each kink may contribute any part of its change, so a gradient lies
    between the slope at the line's start with all the falls and that with all the
    rises. Where the function jumps these are huge, and nothing can be said. Kinks
    that meet on every line, as in ``relu(x) - relu(-x)``, cannot be told from none.

    Args:
        function: From vector to vector.
        at: The point.
        direction: Of the lines.
        rng: Where to draw them.
        reach: How far they go to both sides.
        precision: Relative spacing of the numbers that `function` computes with.

    Returns:
        The two bounds for each result, over several such lines; NaN where there is
        no kink, or one alone, for which the slopes at the point itself say more.
    """
    low = high = np.full(function(at).shape, np.nan)
    with np.errstate(all="ignore"):
        for offset in reach * LINES:
            start = at + offset * signs(rng, at.shape)
            rounding = ROUNDING * precision * np.abs(function(start))
            places, values = _resolved(function, start, direction, reach, rounding)
            widths = np.diff(places)[:, None]
            slopes = np.diff(values, axis=0) / widths
            changes = np.diff(slopes, axis=0)
            sharp = (
                np.abs(changes)
                > 3 * KINK * np.abs(slopes).max(axis=0) + rounding / widths[1:]
            )
            bend = np.where(sharp, 0.0, np.abs(changes)).sum(axis=0)
            falls = np.where(sharp, np.minimum(changes, 0), 0.0).sum(axis=0)
            rises = np.where(sharp, np.maximum(changes, 0), 0.0).sum(axis=0)
            kinks = sharp[0] + (sharp[1:] & ~sharp[:-1]).sum(axis=0)
            several = (kinks > 1) | ((falls < 0) & (rises > 0))
            begin = np.where(several, slopes[0], np.nan)
            # A kink that hardly changes along the line may lie beyond: a small one.
            slack = bend + 0.02 * (rises - falls)
            low = np.fmin(low, begin + falls - slack)
            high = np.fmax(high, begin + rises + slack)
    return low, high


def _resolved(
    function: Function,
    start: Vector,
    direction: Vector,
    reach: float,
    rounding: Vector,
) -> tuple[Vector, Vector]:
    """Places on a line, close together around kinks only, and the values there."""

    def line(place: float) -> Vector:
        return function(start + place * direction)

    places = np.linspace(-reach, reach, 9)
    known = {place: line(place) for place in places}
    steepest = np.abs(np.diff(list(known.values()), axis=0)).max(axis=0) * 4 / reach
    waiting = list(pairwise(places))
    while waiting and len(known) < POINTS:
        left, right = waiting.pop(0)
        width = right - left
        middle = (left + right) / 2
        known[middle] = line(middle)
        bend = np.abs(known[middle] - (known[left] + known[right]) / 2)
        # In a smooth cell that is left as it is the slope changes by < 3 KINK.
        bends = (bend > KINK / 3 * steepest * width + rounding).any()
        if bends and width > reach / 2**17:
            waiting += [(left, middle), (middle, right)]
    places = np.array(sorted(known))
    return places, np.array([known[place] for place in places])


def signs(rng: np.random.Generator, shape: tuple[int, ...]) -> Vector:
    """Random numbers of both signs, none of them near 0."""
    sizes: Vector = rng.uniform(0.5, 1.5, shape)
    return np.asarray(sizes * rng.choice([-1.0, 1.0], shape))
