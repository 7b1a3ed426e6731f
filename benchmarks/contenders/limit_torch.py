"""The same products as `limit_numpy`, by the BLAS that PyTorch brings along."""

from __future__ import annotations

import torch

from benchmarks.contenders import base, limit_numpy, with_torch
from benchmarks.problems import ConvNet, Network

versions = with_torch.versions


class Products(base.Program):
    """The calls of a `limit_numpy.Products`, on the same memory."""

    def __init__(self, calls: list[limit_numpy.Call]) -> None:
        self.calls = [tuple(torch.from_numpy(a) for a in call) for call in calls]

    def step(self) -> None:
        """All products once."""
        for x, y, out in self.calls:
            torch.mm(x, y, out=out)


def network(problem: Network) -> Products:
    """Of a network."""
    return Products(limit_numpy.Training(problem).calls)


def convnet(problem: ConvNet) -> Products:
    """Of SimpleConvNet."""
    return Products(limit_numpy.Convolutional(problem).calls)
