"""Along what a sweep grows: the problems, and the models that foretell their cost.

The models stand here, before anything is measured: a price per op, per row, per
activation, per weight. `benchmarks.growth` finds the prices, `benchmarks.sweeps` runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import problems
from benchmarks.problems import Problem


@dataclass(frozen=True)
class Axis:
    """One way to grow.

    Attributes:
        key: How `--only` and the plot's file call it.
        what: What is timed.
        label: What stands below the plot.
        sizes: From small to large.
        fitted: The largest size that the model sees; `10 * fitted` is foretold.
        terms: The model, as keys of `growth.TERMS`.
        words: What the terms are.
        make: The problem of a size and a seed.
    """

    key: str
    what: str
    label: str
    sizes: tuple[int, ...]
    fitted: int
    terms: tuple[str, ...]
    words: str
    make: Callable[[int, int], Problem]

    @property
    def foretold(self) -> int:
        """The size that the model must foretell."""
        return 10 * self.fitted

    @property
    def model(self) -> str:
        """The model as a formula, such as ``a + b·n``."""
        pairs = zip("abc", self.terms)
        return " + ".join(a if term == "1" else f"{a}·{term}" for a, term in pairs)


def _network(seed: int, sizes: Sequence[int], batch: int, dtype: type) -> Problem:
    """A net whose weights keep the size of what passes, however deep it is.

    It learns at rate 0, which costs as much as any other and leaves it where it is.
    """
    return problems.network(
        seed,
        sizes=sizes,
        batch=batch,
        scale=(2 / sizes[0]) ** 0.5,
        activation="relu",
        lr=0.0,
        dtype=dtype,
    )


def _batch(n: int, seed: int) -> Problem:
    return _network(seed, (784, 50, 10), n, np.float32)


def _width(n: int, seed: int) -> Problem:
    return _network(seed, (n, n, n, 10), 100, np.float32)


def _depth(n: int, seed: int) -> Problem:
    # float64: a thousand layers of float32 would differ by more than their rounding.
    return _network(seed, (16,) * (n + 1) + (10,), 16, np.float64)


def _ops(n: int, seed: int) -> Problem:
    return problems.chain(seed, length=n)


AXES = (
    Axis(
        "batch",
        "a training step of 784-50-10, float32",
        "rows in a batch",
        (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000),
        300,
        ("1", "n"),
        "a fixed price for every op, and one for every row",
        _batch,
    ),
    Axis(
        "width",
        "a training step of n-n-n-10, batch 100, float32",
        "units in a layer",
        (4, 10, 20, 40, 100, 200, 400, 1000, 2000),
        200,
        ("1", "n", "n²"),
        "a fixed price for every op, one for every activation, and one for every "
        "weight: its products, its gradient, its update",
        _width,
    ),
    Axis(
        "depth",
        "a training step of n layers of 16 and one of 10, batch 16, float64",
        "layers",
        (1, 3, 10, 30, 100, 300, 1000),
        100,
        ("1", "n"),
        "what the loss and the last layer cost, and a price for every layer below",
        _depth,
    ),
    Axis(
        "ops",
        "a chain of n ops on 4 numbers, as in W5",
        "ops in a chain",
        (10, 100, 1000, 10_000, 30_000, 100_000, 1_000_000),
        100_000,
        ("1", "n", "n·log₁₀(n/30k)"),
        "a fixed price, one for every op, and from some 30,000 ops on one that grows "
        "with their logarithm: Python's cyclic collector walks the whole graph again "
        "each time that it has grown by a quarter, and the graph outgrows the caches",
        _ops,
    ),
)
