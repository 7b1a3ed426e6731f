"""What is timed: shapes, data, goals. Knows NumPy and no library that is compared.

A problem is data alone. Its `kind` names the function by which a contender turns
it into a program (see `benchmarks.contenders`), so a new workload is a problem, a
line in `WORKLOADS`, and a function in each contender that takes part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Network:
    """One step of training: forward, backward and SGD, on one batch.

    Attributes:
        x: Inputs, (batch, in).
        t: Labels, (batch,), integers.
        rows: 0 to batch - 1, to pick the label's column of each row.
        parameters: Weights (in, out) and biases (out,) in turn, layer by layer.
        activation: Between layers, "relu" or "sigmoid".
        lr: Learning rate of SGD.
    """

    kind: ClassVar[str] = "network"
    steps_to_check: ClassVar[int] = 3

    x: Array
    t: Array
    rows: Array
    parameters: tuple[Array, ...]
    activation: str
    lr: float


@dataclass(frozen=True)
class Chain:
    """Many ops in a row: ``h = h * factor``, ``h = h + term``, and so on; a sum.

    Attributes:
        x: Where the chain starts; gets the gradient.
        factor: A constant so near to 1 that a million ops neither grow nor fade.
        term: A constant.
        length: Number of ops, even.
    """

    kind: ClassVar[str] = "chain"
    steps_to_check: ClassVar[int] = 0

    x: Array
    factor: Array
    term: Array
    length: int


Problem = Network | Chain


def network(
    seed: int,
    *,
    sizes: Sequence[int],
    batch: int,
    scale: float,
    activation: str,
    lr: float,
    dtype: type,
) -> Network:
    """Random inputs, labels and weights for layers of `sizes`."""
    rng = np.random.default_rng(seed)
    parameters: list[Array] = []
    for before, after in pairwise(sizes):
        parameters.append((scale * rng.standard_normal((before, after))).astype(dtype))
        parameters.append(np.zeros(after, dtype))
    return Network(
        x=rng.random((batch, sizes[0])).astype(dtype),
        t=rng.integers(0, sizes[-1], batch),
        rows=np.arange(batch),
        parameters=tuple(parameters),
        activation=activation,
        lr=lr,
    )


def xor(seed: int) -> Network:
    """The four rows of XOR, for a net 2-4-2."""
    rng = np.random.default_rng(seed)
    return Network(
        x=np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]),
        t=np.array([0, 1, 1, 0]),
        rows=np.arange(4),
        parameters=(
            rng.random((2, 4)),
            rng.standard_normal(4),
            rng.random((4, 2)),
            rng.standard_normal(2),
        ),
        activation="sigmoid",
        lr=0.01,
    )


def chain(seed: int, *, length: int) -> Chain:
    """A chain on four float64 numbers."""
    rng = np.random.default_rng(seed)
    return Chain(
        x=rng.random(4),
        factor=np.full(4, 1 - 1e-6),
        term=np.full(4, 1e-6),
        length=length,
    )


@dataclass(frozen=True)
class Workload:
    """One group of rows in the table.

    Attributes:
        key: How `--only` calls it; `W5` means all of `W5.10k`, `W5.100k`, ...
        title: What it is, for the table.
        make: Makes the problem of a seed.
        rounds: How often each contender has its turn: in full, and quick.
        starts: Over how many fresh starts of all processes the rounds are spread.
        block: Seconds of CPU that one turn lasts; 0 for a single step.
        nodes: By how many graph nodes to divide a step's time, or 1.
        ratio_goal: Our time over PyTorch eager's.
        time_goal: Our time in µs.
        must_survive: Whether it is our goal not to fail.
        previous: A smaller one, from which the time of a step is foretold.
    """

    key: str
    title: str
    make: Callable[[int], Problem]
    rounds: tuple[int, int]
    starts: int
    block: float = 0.03
    nodes: int = 1
    ratio_goal: float | None = None
    time_goal: float | None = None
    must_survive: bool = False
    previous: str | None = None

    @property
    def unit(self) -> str:
        """Unit of the times in the table."""
        return "µs a step" if self.nodes == 1 else "µs a node"


WORKLOADS = (
    Workload(
        "W1",
        "the book's training step: 784-50-10, ReLU, batch 100, SGD, float32",
        partial(
            network,
            sizes=(784, 50, 10),
            batch=100,
            scale=0.01,
            activation="relu",
            lr=0.1,
            dtype=np.float32,
        ),
        rounds=(60, 12),
        starts=3,
        ratio_goal=0.65,
    ),
    Workload(
        "W3",
        "XOR's training step: 2-4-2, sigmoid, batch 4, SGD, float64",
        xor,
        rounds=(60, 12),
        starts=3,
        ratio_goal=0.45,
    ),
    Workload(
        "W5.10k",
        "a chain of 10,000 ops on 4 numbers, forward and backward",
        partial(chain, length=10_000),
        rounds=(15, 4),
        starts=3,
        block=0.0,
        nodes=10_000,
    ),
    Workload(
        "W5.100k",
        "a chain of 100,000 ops",
        partial(chain, length=100_000),
        rounds=(6, 2),
        starts=2,
        block=0.0,
        nodes=100_000,
        time_goal=2.0,
        previous="W5.10k",
    ),
    Workload(
        "W5.1M",
        "a chain of 1,000,000 ops",
        partial(chain, length=1_000_000),
        rounds=(3, 1),
        starts=1,
        block=0.0,
        nodes=1_000_000,
        must_survive=True,
        previous="W5.100k",
    ),
)


def chosen(keys: Sequence[str]) -> list[Workload]:
    """The workloads that `keys` name, all where there is none.

    Raises:
        ValueError: A key that names nothing.
    """
    found = []
    for key in keys:
        named = [w for w in WORKLOADS if key in (w.key, w.key.split(".")[0])]
        if not named:
            known = ", ".join(w.key for w in WORKLOADS)
            raise ValueError(f"no workload is called {key!r}; there are {known}")
        found += named
    return [w for w in WORKLOADS if w in found] if keys else list(WORKLOADS)
