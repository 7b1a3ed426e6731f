"""The same products as `limit_numpy`, by the BLAS that PyTorch brings along."""

from __future__ import annotations

import torch

from benchmarks.contenders import base, limit_numpy, with_torch
from benchmarks.workloads import Network

versions = with_torch.versions


class Products(base.Program):
    """The calls of `limit_numpy.Products`, on the same memory."""

    def __init__(self, problem: Network) -> None:
        calls = limit_numpy.Products(problem).calls
        self.calls = [tuple(torch.from_numpy(a) for a in call) for call in calls]

    def step(self) -> None:
        """All products once."""
        for x, y, out in self.calls:
            torch.mm(x, y, out=out)


network = Products
