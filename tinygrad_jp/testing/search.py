"""Look for what is wrong with a gradient: along directions, by element, at ties.

`search` is what a check does at one point, to whatever function: the user's, its
gradient, or a single op of its graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tinygrad_jp.testing.claim import Claim, kinks
from tinygrad_jp.testing.flat import FlatFunction
from tinygrad_jp.testing.slopes import STEPS, Slopes, Vector, signs

DIRECTIONS = 3
"""So many move every element at once: all by the same, and two at random."""

FEW = 64
"""Up to so many elements, each is moved on its own too, and ties are looked at."""

PAIRS = 16
"""Of elements that tie, so many pairs are looked at."""

CALLS = 2 * len(STEPS)
"""Of the function, for one direction."""


@dataclass(frozen=True)
class Finding:
    """What was seen at one point.

    Attributes:
        claim: The gradient for one random cotangent.
        directions: How many directions were measured.
        kinks: In how many of them a slope ahead differed from that behind.
        worst: The largest error, in units of the tolerance.
        direction: One along which the gradient is wrong, the simplest there is; None
            where it is right.
        tie: Says which elements do not share; None where all do.
    """

    claim: Claim
    directions: int
    kinks: int
    worst: float
    direction: Vector | None
    tie: str | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether anything is."""
        return self.direction is not None or self.tie is not None


def calls_needed(count: int, *, singly: bool) -> int:
    """How often a function of so many elements is called to search it."""
    return CALLS * (DIRECTIONS + (count if singly else 0))


def search(
    function: FlatFunction,
    rng: np.random.Generator,
    tolerance: float,
    *,
    singly: bool,
    shared: bool = False,
) -> Finding:
    """Compare a gradient with slopes.

    Args:
        function: At the point to look at.
        rng: Draws the cotangent and the directions.
        tolerance: Relative error to allow.
        singly: Move each element on its own too.
        shared: Demand that elements which tie share the gradient; needs `singly`.
    """
    count = function.at.size
    claim = Claim(function, signs(rng, function.value.shape), tolerance)
    together = np.vstack([np.ones(count), signs(rng, (DIRECTIONS - 1, count))])
    together /= np.sqrt(max(count, 1))  # many elements shall not go far at once
    looks = [_look(claim, together)]
    if singly:
        for start in range(0, count, FEW):
            elements = np.arange(start, min(start + FEW, count))
            looks.append(_look(claim, elements[:, None] == np.arange(count)))
            if looks[-1].wrong is not None:
                break
    # An element that is wrong by itself says more than all together.
    wrong = next((k.wrong for k in reversed(looks) if k.wrong is not None), None)
    tie = None
    if wrong is None and singly and shared and 0 < count <= FEW:
        tie = _unshared(claim, looks[1].slopes, rng)
    return Finding(
        claim,
        sum([len(look.times) for look in looks]),
        sum([look.kinks for look in looks]),
        max([float(look.times.max()) for look in looks]),
        wrong,
        tie,
    )


class _Look(NamedTuple):
    """What was seen along some directions."""

    slopes: Slopes
    times: Vector
    wrong: Vector | None
    kinks: int


def _look(claim: Claim, directions: Any) -> _Look:
    """Compare along some directions, until one is surely wrong."""
    directions = np.asarray(directions, dtype=np.float64)
    slopes = claim.measured(directions)
    verdict = claim.verdict(directions, slopes)
    times = verdict.times
    wrong = None
    suspects = np.flatnonzero(verdict.suspect | (times > 1))  # of NaN the latter
    for row in suspects[times[suspects].argsort()[::-1]]:
        times[row] = claim.second_look(directions[row]).times[0]
        if times[row] > 1:
            wrong = directions[row]
            break
    kinked = int(kinks(slopes).any(axis=1).sum())
    return _Look(slopes, times, wrong, kinked)


def _unshared(claim: Claim, singly: Slopes, rng: np.random.Generator) -> str | None:
    """Find two equal elements of which one takes the whole gradient.

    To move one up and the other down makes the same result as the reverse: a kink
    like that of ``abs``, with opposite slopes. A gradient that equals one of them
    gives all to one element.
    """
    function = claim.function
    at = function.at
    kinked = kinks(singly)
    joined = (at[:, None] == at) & (kinked @ kinked.T)
    pairs = np.argwhere(np.triu(joined, 1))
    for pair in rng.permutation(pairs)[:PAIRS]:
        apart = np.zeros((1, at.size))
        apart[0, pair] = 1.0, -1.0
        slopes = claim.measured(apart)
        tied = kinked[pair].all(axis=0) & kinks(slopes)[0]
        tied &= _close(slopes.ahead[0], -slopes.behind[0])
        tied &= _close(*singly.ahead[pair]) & _close(*singly.behind[pair])
        if tied.any():
            tied &= _interchangeable(function, pair, rng)
        for result in np.flatnonzero(tied)[:1]:
            shares = function.gradient(one_hot(function, result))[pair]
            if abs(shares[0] - shares[1]) < 0.99 * abs(slopes.ahead[0, result]):
                continue
            one, other = (function.written(element) for element in pair)
            return (
                f"{function.name}: {one} and {other} tie, and "
                f"{function.result_place(result)} treats them alike, but one takes the "
                f"whole gradient: {shares[0]:.6g} and {shares[1]:.6g}; share it "
                "evenly, or pass ties='any' if one winner is meant"
            )
    return None


def one_hot(function: FlatFunction, result: int) -> Vector:
    """The cotangent that picks one result."""
    cotangent = np.zeros_like(function.value)
    cotangent[result] = 1.0
    return cotangent


def _close(a: Vector, b: Vector) -> NDArray[np.bool_]:
    return np.isclose(a, b, rtol=1e-6, atol=0.0)


def _interchangeable(
    function: FlatFunction, pair: Any, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """For each result whether it stays the same when two inputs change places."""
    same = np.full(function.value.shape, True)
    for _ in range(8):
        here = function.at + STEPS[0] * signs(rng, function.at.shape)
        there = here.copy()
        there[pair] = here[pair[::-1]]
        same &= _close(function.values(here), function.values(there))
    return same
