"""A gradient as a claim about slopes, and the verdict on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinygrad_jp.testing.flat import FlatFunction
from tinygrad_jp.testing.slopes import (
    KINK,
    RATIO,
    STEPS,
    Slopes,
    Vector,
    measure,
    slopes_nearby,
)

FINER: tuple[Vector, ...] = (STEPS * RATIO**-5, STEPS * RATIO**-10)
"""For functions that bend within less than that, as log does near 0."""


@dataclass(frozen=True)
class Verdict:
    """One number for each direction; results are summed, weighted by the cotangent.

    Attributes:
        claimed: What the gradient says the slope is.
        low: The least that it can be, as measured.
        high: The most.
        outside: How far `claimed` lies outside of these.
        asked: How far it may, had the slopes been measured exactly.
        allowed: How far it may, as they were measured.
    """

    claimed: Vector
    low: Vector
    high: Vector
    outside: Vector
    asked: Vector
    allowed: Vector

    @property
    def times(self) -> Vector:
        """How far `claimed` lies outside, in units of what is allowed."""
        with np.errstate(all="ignore"):
            times = np.where(self.outside == 0, 0.0, self.outside / self.allowed)
        return np.where(np.isnan(times), np.inf, times)

    @property
    def suspect(self) -> NDArray[np.bool_]:
        """What is wrong, or right only because the measurement is in doubt."""
        return np.asarray((self.outside > self.asked) & (self.times > 1e-6))


class Claim:
    """What backward says for one cotangent.

    Attributes:
        gradient: It, for every element of the inputs.
    """

    def __init__(
        self, function: FlatFunction, cotangent: Vector, tolerance: float
    ) -> None:
        self.function = function
        self.cotangent = cotangent
        self.tolerance = tolerance
        self.gradient = function.gradient(cotangent)

    def measured(self, directions: Vector, steps: Vector = STEPS) -> Slopes:
        """The slopes of each result along each direction."""
        function = self.function
        return measure(
            function.values,
            function.at,
            directions,
            steps=steps,
            precision=function.precision,
        )

    def verdict(self, directions: Vector, slopes: Slopes) -> Verdict:
        """Compare the claim with slopes that were measured along `directions`."""
        return self._judge(directions, slopes.low, slopes.high, slopes.doubt)

    def second_look(self, direction: Vector) -> Verdict:
        """Judge one direction by every means there is; the mildest verdict counts."""
        row = direction[None]
        scales = [STEPS, *FINER]
        slopes = [self.measured(row, steps) for steps in scales]
        verdicts = [self.verdict(row, found) for found in slopes]
        allowed = [float(verdict.allowed[0]) for verdict in verdicts]
        best = int(np.argmin(allowed))
        # Others may know better, if they are sharp enough to tell right from wrong.
        outside = verdicts[best].outside[0]
        telling = [v for v, a in zip(verdicts, allowed) if a < outside]
        verdict = min([verdicts[best], *telling], key=lambda v: float(v.times[0]))
        if verdict.times[0] > 1:
            nearby = self._nearby(direction, slopes[best], scales[best][4])
            verdict = nearby if nearby.times[0] <= 1 else verdict
        return verdict

    def is_wrong(self, direction: Vector) -> bool:
        """Whether the claim is wrong along a direction, by every means there is."""
        return bool(self.second_look(direction).times[0] > 1)

    def _nearby(self, direction: Vector, slopes: Slopes, reach: float) -> Verdict:
        """Judge kinked results by the slopes close by, where the kinks lie apart."""
        function = self.function
        low, high = slopes_nearby(
            function.values,
            function.at,
            direction,
            np.random.default_rng(0),  # a verdict does not change when it is repeated
            reach=reach,
            precision=function.precision,
        )
        smooth = np.isnan(low)
        low = np.where(smooth, slopes.low, low)
        high = np.where(smooth, slopes.high, high)
        return self._judge(direction[None], low, high, slopes.doubt * smooth)

    def _judge(
        self, directions: Vector, low: Vector, high: Vector, doubt: Vector
    ) -> Verdict:
        g = self.cotangent
        claimed = directions @ self.gradient
        ends = g * low, g * high
        low, high = np.minimum(*ends).sum(axis=1), np.maximum(*ends).sum(axis=1)
        size = np.sqrt((np.maximum(*np.abs(ends)) ** 2).sum(axis=1))
        asked = self.tolerance * size
        asked += 1e-12 * (np.abs(directions) @ np.abs(self.gradient))
        outside = np.maximum(np.maximum(low - claimed, claimed - high), 0.0)
        allowed = asked + doubt @ np.abs(g)
        return Verdict(claimed, low, high, outside, asked, allowed)


def kinks(slopes: Slopes) -> NDArray[np.bool_]:
    """Where the slope ahead differs from that behind."""
    difference = np.abs(slopes.ahead - slopes.behind)
    size = np.maximum(np.abs(slopes.ahead), np.abs(slopes.behind))
    return np.asarray(difference > 2 * slopes.doubt + KINK * size)
