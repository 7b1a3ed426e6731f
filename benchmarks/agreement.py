"""Whether contenders computed the same, before anybody is timed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, zip_longest

import numpy as np

from benchmarks.problems import Array
from benchmarks.worker import Answer

TOLERANCE = {np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-9}
"""Largest difference allowed, as a share of the largest number in the array."""


@dataclass
class Agreement:
    """How near to each other some answers are.

    Attributes:
        compared: How many answers there were.
        largest: The largest difference, as a share of the array's largest number.
        differing: For each pair that differs by more than its dtype allows, a line on
            the first array in which it does.
    """

    compared: int
    largest: float = 0.0
    differing: list[str] = field(default_factory=list)


def compare(answers: Sequence[tuple[str, Answer]]) -> Agreement:
    """Compare everybody's value, gradients and trained parameters with everybody's."""
    found = Agreement(len(answers))
    for (one, left), (other, right) in combinations(answers, 2):
        wrong = []
        for what, x, y in _arrays(left, right):
            difference, allowed = _difference(x, y)
            found.largest = max(found.largest, difference)
            if difference > allowed:
                wrong.append(
                    f"{one} and {other} differ in {what} by {difference:.1e} (allowed: "
                    f"{allowed:.0e}); {x.dtype} {x.shape} and {y.dtype} {y.shape}"
                )
        found.differing += wrong[:1]
    return found


def _arrays(left: Answer, right: Answer) -> Iterator[tuple[str, Array, Array]]:
    """Pairs of arrays that should be the same, and what they are."""
    dtype = left.gradients[0].dtype
    yield "value", np.array(left.value, dtype), np.array(right.value, dtype)
    nothing = np.zeros(0)
    for what, some, others in (
        ("gradient", left.gradients, right.gradients),
        ("trained parameter", left.parameters, right.parameters),
    ):
        for i, (x, y) in enumerate(zip_longest(some, others, fillvalue=nothing)):
            yield f"{what} {i}", x, y


def _difference(x: Array, y: Array) -> tuple[float, float]:
    """The largest difference as a share of the largest number, and what is allowed."""
    if x.shape != y.shape or x.dtype != y.dtype:
        return float("inf"), 0.0
    scale = max(float(np.abs(x).max()), float(np.abs(y).max()), 1e-30)
    share = float(np.abs(x - y).max()) / scale
    return share if share == share else float("inf"), TOLERANCE[x.dtype]
