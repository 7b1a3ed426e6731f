"""The matrix products of a training step, and nothing else: no step is faster.

Those of a convolution are made of windows that are laid out beforehand.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.contenders import base
from benchmarks.problems import Array, ConvNet, Network

Call = tuple[Array, Array, Array]
"""Two matrices, and where their product goes."""


def versions() -> dict[str, str]:
    """NumPy is named elsewhere."""
    return {}


class Products(base.Program):
    """Forward, for the weights and for the inputs; not for those of the first layer."""

    calls: list[Call]

    def add_layers(self, x: Array, weights: tuple[Array, ...], first: bool) -> None:
        """The products of affine layers; `first` says that `x` is data."""
        for weight in weights:
            y = x @ weight
            self.calls.append((x, weight, np.empty_like(y)))
            self.calls.append((x.T, y, np.empty_like(weight)))
            if not first:
                self.calls.append((y, weight.T, np.empty_like(x)))
            first = False
            x = y

    def step(self) -> None:
        """All products once."""
        for x, y, out in self.calls:
            np.dot(x, y, out=out)


class Training(Products):
    """Of a network."""

    def __init__(self, problem: Network) -> None:
        self.calls = []
        self.add_layers(problem.x, problem.parameters[::2], first=True)


class Convolutional(Products):
    """Of SimpleConvNet."""

    def __init__(self, problem: ConvNet) -> None:
        filters, *weights = problem.parameters[::2]
        batch = len(problem.x)
        windows = sliding_window_view(problem.x, filters.shape[2:], axis=(2, 3))
        columns = windows.transpose(1, 4, 5, 0, 2, 3).reshape(filters[0].size, -1)
        rows = filters.reshape(len(filters), -1)
        out = rows @ columns
        self.calls = [
            (rows, columns, np.empty_like(out)),
            (out, columns.T, np.empty_like(rows)),
        ]
        pooled = np.ascontiguousarray(out.reshape(-1, 4)[:, 0].reshape(batch, -1))
        self.add_layers(pooled, tuple(weights), first=False)


network = Training
convnet = Convolutional
