"""Checks of what layers are given: each says who asked, what it needs and what came."""

from __future__ import annotations

from math import isfinite
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import tinygrad_jp as tg


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


def axis(owner: str, value: Any) -> int:
    """An axis, as an int; a negative one counts from the last.

    Raises:
        TypeError: Not a whole number.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{owner}: axis must be a whole number, got {value!r}")
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


def below_one(owner: str, name: str, value: Any) -> float:
    """A share: a number of at least 0 and below 1, as a float.

    Raises:
        TypeError: Not a real number.
        ValueError: Out of range.
    """
    share = real(owner, name, value, zero=True)
    if share >= 1:
        raise ValueError(f"{owner}: {name} must be below 1, got {share:g}")
    return share


def choice(owner: str, name: str, value: Any, *known: str) -> str:
    """One of a few words.

    Raises:
        ValueError: Anything else.
    """
    if not isinstance(value, str) or value not in known:
        words = [f'"{word}"' for word in known]
        raise ValueError(
            f"{owner}: {name} must be {', '.join(words[:-1])} or {words[-1]}, "
            f"got {value!r}"
        )
    return value


def who(kind: str, name: str | None) -> str:
    """What errors call a module: its kind, and its name, where that tells more."""
    if name is None or name.startswith(kind):
        return name or kind
    return f"{kind} ({name})"


def tensor(x: Any, dtype: DTypeLike | None = None, name: str = "x") -> tg.Tensor:
    """A Tensor as it is; anything else as a new one of this dtype and name."""
    return x if isinstance(x, tg.Tensor) else tg.Tensor(x, dtype=dtype, name=name)


def in_dtype(t: tg.Tensor, dtype: Any) -> tg.Tensor:
    """Targets in the dtype of what they are compared with: float32 stays float32."""
    if t.dtype == dtype:
        return t
    if t.requires_grad:
        return t.astype(dtype)
    return tg.Tensor(t, dtype=dtype, name=t.name)
