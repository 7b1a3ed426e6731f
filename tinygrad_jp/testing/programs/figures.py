"""The numbers in a program: of few digits, so that it reads well."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


def readable() -> Array:
    """Numbers of few digits, none of them 0 and no two of one size."""
    k = np.arange(1900)
    sizes = (1 + (4 + 7 * k) % 19) / 10 + k // 19 % 10 / 100 + k // 190 / 1000
    return np.round(sizes * np.where(k % 3 == 1, -1, 1), 3)


def random(seed: int) -> Array:
    """Numbers of three digits, none of them 0 and no two of one size."""
    rng = np.random.default_rng(seed)
    sizes = (2 * rng.permutation(1000) + 1) / 1000
    return np.asarray(sizes * rng.choice([-1, 1], 1000))


def one_digit(number: float) -> float:
    """A positive number rounded down to its first digit."""
    digit, exponent = f"{number:.9e}".split("e")
    return float(f"{digit[0]}e{exponent}")
