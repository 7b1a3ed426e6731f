"""Numbers on which to try an op: what `domain` means, and how values are drawn.

Values come from a seeded generator. In part of the draws they are small integers, so
that zeros, ones and ties occur all the time: kinks are test points, not accidents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Domain:
    """A kind of numbers that an operand may have.

    Attributes:
        meaning: Which numbers these are.
        made_of: Turns any real numbers into such; equal ones stay equal.
    """

    meaning: str
    made_of: Callable[[Array], Array]


def _dominant(x: Array) -> Array:
    """Matrices whose diagonal outweighs the rest of its row, with both signs."""
    n = x.shape[-1]
    small = x / (1 + np.abs(x)) / (n or 1)
    signs = np.where(x[..., :1] < 0, -1.0, 1.0)
    return np.asarray(signs * (1.5 * np.eye(n) + small))


def _definite(x: Array) -> Array:
    small = x / (1 + np.abs(x))
    turned = np.swapaxes(small, -1, -2)
    eye = np.eye(x.shape[-1])
    return np.asarray(small @ turned + 0.5 * eye + 0.25 * (small - turned))


DOMAINS: Mapping[str, Domain] = {
    "real": Domain("any number", lambda x: x),
    "positive": Domain("above 0, at least 1/8", lambda x: np.abs(x) + 0.125),
    "nonzero": Domain(
        "at least 1/8 away from 0", lambda x: x + np.where(x < 0, -0.125, 0.125)
    ),
    "unit": Domain("between -7/8 and 7/8", lambda x: 0.875 * x / (1 + np.abs(x))),
    "above one": Domain("at least 9/8", lambda x: np.abs(x) + 1.125),
    "off the steps": Domain(
        "at least 1/8 away from integers and halves",
        lambda x: np.floor(x) + 0.125 + 0.25 * (x - np.floor(x)),
    ),
    "boolean": Domain("True or False", lambda x: x > 0),
    "distinct": Domain("any number, ties too", lambda x: x),
    "invertible": Domain("matrices far from singular ones", _dominant),
    "positive definite": Domain(
        "matrices whose symmetric part has eigenvalues of at least 1/2", _definite
    ),
}
"""What the words in a rule's `domain` stand for."""

KINDS: Mapping[str, Callable[[np.random.Generator, tuple[int, ...]], Array]] = {
    "grid": lambda rng, shape: rng.integers(-2, 3, shape).astype(np.float64),
    "normal": lambda rng, shape: rng.normal(size=shape),
    "sparse": lambda rng, shape: rng.normal(size=shape) * rng.integers(0, 2, shape),
    "wide": lambda rng, shape: (
        rng.normal(size=shape) * 10.0 ** rng.uniform(-3, 1, shape)
    ),
}
"""How real numbers are drawn: with ties and kinks, without, half zeros, all sizes."""


def sample(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    *,
    domain: str = "real",
    kind: str = "normal",
    dtype: Any = np.float64,
) -> Array:
    """An array of numbers of a domain.

    Example:
        >>> import numpy as np
        >>> from tinygrad_jp.testing.samples import sample
        >>> sample(np.random.default_rng(0), (3,), domain="positive", kind="grid")
        array([2.125, 1.125, 0.125])
    """
    values = np.asarray(DOMAINS[domain].made_of(KINDS[kind](rng, shape)))
    return values if values.dtype.kind == "b" else values.astype(dtype)
