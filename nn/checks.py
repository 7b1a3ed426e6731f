"""Checks of hyper-parameters: each says who asked, what it needs and what came."""

from __future__ import annotations

from math import isfinite
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike


def whole(owner: str, name: str, value: Any, *, least: int = 1) -> int:
    """A whole number of at least `least`, as an int.

    Raises:
        TypeError: Not a whole number.
        ValueError: Too small.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{owner}: {name} must be a whole number, got {value!r}")
    if value < least:
        raise ValueError(f"{owner}: {name} must be at least {least}, got {value}")
    return int(value)


def real(owner: str, name: str, value: Any, *, zero: bool = False) -> float:
    """A finite number above 0 (or 0 itself where `zero`), as a float.

    Raises:
        TypeError: Not a real number.
        ValueError: Infinite, NaN, or out of range.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{owner}: {name} must be a number, got {value!r}")
    number = float(value)
    if not isfinite(number) or number < 0 or (number == 0 and not zero):
        bound = "at least 0" if zero else "above 0"
        raise ValueError(f"{owner}: {name} must be finite and {bound}, got {number:g}")
    return number


def generator(owner: str, rng: object) -> np.random.Generator:
    """An explicit source of randomness.

    Raises:
        TypeError: Anything else, such as a seed.
    """
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"{owner}: rng must be a numpy.random.Generator, got {rng!r}; "
            f"pass rng=np.random.default_rng({rng if type(rng) is int else 0})"
        )
    return rng


def floating(owner: str, dtype: DTypeLike) -> np.dtype[Any]:
    """A dtype that parameters can have: float16, float32 or float64.

    Raises:
        TypeError: Any other dtype.
    """
    found = np.dtype(dtype)
    if found not in (np.float16, np.float32, np.float64):
        raise TypeError(
            f"{owner}: dtype must be float16, float32 or float64, got {found}"
        )
    return found
