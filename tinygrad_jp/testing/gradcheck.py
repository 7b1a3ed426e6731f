"""Check gradients: what backward says against slopes that are measured.

    gradcheck(fn, x, y)

A gradient tells how fast the result grows when the inputs move in some direction:
by gradient · direction. So move them, measure (`slopes.py`), and compare:

1. The results are weighted with a random cotangent g, so a backward that forgets g
   cannot pass.
2. First in a few directions that move every element at once. This costs a dozen
   calls a direction, however many elements there are.
3. Then, if there are few, element by element.
4. At a kink the slope ahead differs from that behind, and the gradient must lie
   between the two. No point is left out.
5. Where two elements tie, as in ``max([3, 3])``, they share the gradient.

What disagrees is measured again with shorter steps and, where kinks meet, close by.
What is still wrong then is wrong, and is named down to one element.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tinygrad_jp.testing.blame import blame, one_hot, written
from tinygrad_jp.testing.claim import Claim, kinks
from tinygrad_jp.testing.errors import GradientError
from tinygrad_jp.testing.flat import FlatFunction
from tinygrad_jp.testing.slopes import STEPS, Slopes, Vector, signs

FEW = 64
"""Up to so many elements, each is moved on its own."""

PAIRS = 16
"""Of elements that tie, so many pairs are looked at."""


@dataclass(frozen=True)
class Report:
    """What a passed check looked at.

    Attributes:
        directions: How many directions were measured.
        kinks: In how many of them a slope ahead differed from that behind.
        worst: The largest error met, in units of the tolerance: at most 1.
    """

    directions: int
    kinks: int
    worst: float

    def __add__(self, other: Report) -> Report:
        return Report(
            self.directions + other.directions,
            self.kinks + other.kinks,
            max(self.worst, other.worst),
        )


def gradcheck(
    fn: Callable[..., Any],
    *inputs: Any,
    order: int = 1,
    seed: int | np.random.Generator = 0,
    tolerance: float = 1e-6,
    ties: Literal["shared", "any"] = "shared",
) -> Report:
    """Check the gradient of `fn` at a point, in float64.

    Where kinks fall on one another, as in ``relu(x) - relu(-x)`` or all ReLUs of a
    network without bias at x = 0, the convention relu'(0) = 0 need not give a number
    between the slopes. That is reported too; look at a point beside it.

    Args:
        fn: A function of Tensors. Returns a Tensor, or several.
        inputs: Tensors, arrays and floats to differentiate by, which are copied as
            float64. Anything else, integer arrays among it, is passed on as data.
        order: 2 checks second derivatives too (backward through backward), and so on.
        seed: Of the random cotangents and directions.
        tolerance: Relative error to allow, besides what the measurement is unsure of.
        ties: Whether equal elements that a kink joins must share the gradient
            ("shared"), or one may take all ("any"), as with argmax and indexing.

    Returns:
        What was checked: `directions`, `kinks`, and the `worst` error.

    Raises:
        GradientError: A gradient is wrong: names argument, index and both values. Or
            there is none to check: the function returns integers, is cut off from its
            inputs, writes to them, or is not deterministic.
        TypeError: There is no floating-point input.
        ValueError: An input is not finite, or `order` or `ties` is none of the above.

    Example:
        >>> import numpy as np
        >>> import tinygrad_jp as tg
        >>> from tinygrad_jp.testing import gradcheck
        >>> report = gradcheck(tg.relu, np.array([-1.0, 0.0, 2.0]))
        >>> report.worst <= 1
        True
    """
    if order < 1:
        raise ValueError(f"gradcheck: order must be 1 or more, got {order}")
    if ties not in ("shared", "any"):
        raise ValueError(f"gradcheck: ties must be 'shared' or 'any', got {ties!r}")
    rng = np.random.default_rng(seed)
    function = FlatFunction(fn, inputs)
    report = _check(function, rng, tolerance, ties)
    for _ in range(order - 1):
        function = function.derivative(rng)
        report += _check(function, rng, tolerance)
    return report


def _check(
    function: FlatFunction,
    rng: np.random.Generator,
    tolerance: float,
    ties: str | None = None,
) -> Report:
    """Check one order; `ties` is None above the first, where each call costs more."""
    count = function.at.size
    claim = Claim(function, signs(rng, function.value.shape), tolerance)
    directions = np.vstack([np.ones(count), signs(rng, (2, count))])
    directions /= np.sqrt(max(count, 1))  # many elements shall not go far together
    singly = ties is not None and count <= FEW
    if singly:
        directions = np.vstack([directions, np.eye(count)])
    slopes = claim.measured(directions)
    verdict = claim.verdict(directions, slopes)
    times = verdict.times
    for row in np.flatnonzero(verdict.suspect):
        times[row] = claim.second_look(directions[row]).times[0]
    if times.max() > 1:
        single = times[3:].max(initial=0.0) > 1
        worst = times[3:].argmax() + 3 if single else times.argmax()
        raise blame(claim, directions[worst])
    if singly and ties == "shared":
        _check_ties(claim, slopes[3:], rng)
    kinked = kinks(slopes).any(axis=1)
    return Report(len(directions), int(kinked.sum()), float(times.max()))


def _check_ties(claim: Claim, singly: Slopes, rng: np.random.Generator) -> None:
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
            one, other = (written(function, element) for element in pair)
            raise GradientError(
                f"{function.name}: {one} and {other} tie, and "
                f"{function.result_place(result)} treats them alike, but one takes the "
                f"whole gradient: {shares[0]:.6g} and {shares[1]:.6g}; share it "
                "evenly, or pass ties='any' if one winner is meant"
            )


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
