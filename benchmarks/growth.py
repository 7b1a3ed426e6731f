"""How cost grows with size: models that are fitted to small sizes and foretell large.

A model is a sum of terms such as ``a + b·n``. Its coefficients are fitted to small
sizes, none below zero, so that it can foretell a larger one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

TERMS: dict[str, Callable[[float], float]] = {
    "1": lambda n: 1.0,
    "n": lambda n: n,
    "n²": lambda n: n * n,
    "n·log₁₀(n/30k)": lambda n: n * max(0.0, float(np.log10(n / 30_000))),
}
"""What a model can be made of. The logarithm counts only from 30,000 on."""


@dataclass(frozen=True)
class Fit:
    """A model with its coefficients.

    Attributes:
        terms: Keys of `TERMS`.
        coefficients: One for each, none below zero.
    """

    terms: tuple[str, ...]
    coefficients: tuple[float, ...]

    def __call__(self, n: float) -> float:
        """What it foretells for size `n`, in the unit of the times it was fitted to."""
        return float(
            sum(c * TERMS[term](n) for term, c in zip(self.terms, self.coefficients))
        )


def fit(terms: Sequence[str], sizes: Sequence[float], times: Sequence[float]) -> Fit:
    """The coefficients, none below zero, with the least relative error.

    Every choice of terms is solved by least squares; of those whose coefficients are
    all positive the best one is the answer, and terms that were not chosen are zero.

    Args:
        terms: Keys of `TERMS`.
        sizes: At least as many as there are terms.
        times: What each took, above zero.

    Raises:
        ValueError: There are too few sizes, or a time that is not above zero.

    Example:
        >>> found = fit(("1", "n"), [1, 10, 100], [5.0, 23.0, 203.0])
        >>> [round(c, 6) for c in found.coefficients], round(found(1000), 6)
        ([3.0, 2.0], 2003.0)
    """
    if len(sizes) != len(times) or len(sizes) < len(terms):
        raise ValueError(
            f"fit: {len(terms)} terms need as many sizes and times, "
            f"got {len(sizes)} and {len(times)}"
        )
    wanted = np.asarray(times, float)
    if not (wanted > 0).all():
        raise ValueError(f"fit: times must be above zero, got {min(times)}")
    shares = np.array([[TERMS[t](n) / y for t in terms] for n, y in zip(sizes, wanted)])
    best = np.inf, np.zeros(len(terms))
    for count in range(1, len(terms) + 1):
        for kept in map(list, combinations(range(len(terms)), count)):
            scale = np.linalg.norm(shares[:, kept], axis=0)
            scale[scale == 0] = 1.0
            found, *_ = np.linalg.lstsq(shares[:, kept] / scale, np.ones(len(wanted)))
            error = float(np.sum((shares[:, kept] @ (found / scale) - 1) ** 2))
            if (found >= 0).all() and error < best[0]:
                coefficients = np.zeros(len(terms))
                coefficients[kept] = found / scale
                best = error, coefficients
    return Fit(tuple(terms), tuple(map(float, best[1])))
