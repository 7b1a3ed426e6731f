"""The matrix products of a training step, and nothing else: no step is faster."""

from __future__ import annotations

import numpy as np

from benchmarks.contenders import base
from benchmarks.workloads import Network


def versions() -> dict[str, str]:
    """NumPy is named elsewhere."""
    return {}


class Products(base.Program):
    """Forward, for the weights and for the inputs; not for those of the first layer."""

    def __init__(self, problem: Network) -> None:
        weights = problem.parameters[::2]
        self.calls = []
        x = problem.x
        for i, weight in enumerate(weights):
            y = x @ weight
            self.calls.append((x, weight, np.empty_like(y)))
            self.calls.append((x.T, y, np.empty_like(weight)))
            if i:
                self.calls.append((y, weight.T, np.empty_like(x)))
            x = y

    def step(self) -> None:
        """All products once."""
        for x, y, out in self.calls:
            np.dot(x, y, out=out)


network = Products
