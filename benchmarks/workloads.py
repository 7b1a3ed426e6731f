"""What is timed: the table of workloads, their rounds and goals.

A new workload is a problem (see `benchmarks.problems`), a line here, and a function
in each contender that takes part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks import problems
from benchmarks.problems import Array, Problem

__all__ = ["WORKLOADS", "Array", "Problem", "Workload", "chosen"]


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
            problems.network,
            sizes=(784, 50, 10),
            batch=100,
            scale=0.01,
            activation="relu",
            lr=0.1,
            dtype=np.float32,
        ),
        rounds=(60, 12),
        starts=3,
        ratio_goal=0.60,
    ),
    Workload(
        "W2",
        "a wide training step: 784-1024-1024-10, ReLU, batch 256, SGD, float32",
        partial(
            problems.network,
            sizes=(784, 1024, 1024, 10),
            batch=256,
            scale=0.01,
            activation="relu",
            lr=0.1,
            dtype=np.float32,
            # One: only where they start are the parameters known to be clear of kinks,
            # of which this net has 500,000.
            steps_to_check=1,
        ),
        rounds=(30, 5),
        starts=3,
        ratio_goal=0.82,
    ),
    Workload(
        "W3",
        "XOR's training step: 2-4-2, sigmoid, batch 4, SGD, float64",
        problems.xor,
        rounds=(60, 12),
        starts=3,
        ratio_goal=0.40,
    ),
    Workload(
        "W4",
        "sum(tanh(x·a + b) · exp(-x²)), 1000x1000, float32, forward and backward",
        partial(problems.elementwise, shape=(1000, 1000), dtype=np.float32),
        rounds=(40, 8),
        starts=3,
        ratio_goal=0.55,
    ),
    Workload(
        "W5.10k",
        "a chain of 10,000 ops on 4 numbers, forward and backward",
        partial(problems.chain, length=10_000),
        rounds=(15, 4),
        starts=3,
        block=0.0,
        nodes=10_000,
        time_goal=1.5,
    ),
    Workload(
        "W5.100k",
        "a chain of 100,000 ops",
        partial(problems.chain, length=100_000),
        rounds=(6, 2),
        starts=2,
        block=0.0,
        nodes=100_000,
        previous="W5.10k",
    ),
    Workload(
        "W5.1M",
        "a chain of 1,000,000 ops",
        partial(problems.chain, length=1_000_000),
        rounds=(3, 1),
        starts=1,
        block=0.0,
        nodes=1_000_000,
        time_goal=2.5,
        must_survive=True,
        previous="W5.100k",
    ),
    Workload(
        "W6",
        "softmax cross entropy, (256, 10000), float32, forward and backward",
        partial(problems.cross_entropy, batch=256, classes=10_000, dtype=np.float32),
        rounds=(30, 6),
        starts=3,
        ratio_goal=0.77,
    ),
    Workload(
        "W7",
        "the book's SimpleConvNet, batch 100, float32, forward and backward",
        partial(
            problems.convnet,
            shape=(100, 1, 28, 28),
            filters=30,
            size=5,
            hidden=100,
            classes=10,
            scale=0.01,
            dtype=np.float32,
        ),
        rounds=(20, 5),
        starts=2,
        ratio_goal=0.80,
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
