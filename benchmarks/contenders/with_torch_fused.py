"""PyTorch eager at its best: with the ops that it fuses by hand, and no primitives."""

from __future__ import annotations

import torch
from torch.nn import functional

from benchmarks.contenders import with_torch
from benchmarks.contenders.base import pairs
from benchmarks.workloads import Network

versions = with_torch.versions

ACTIVATIONS = {"relu": torch.relu, "sigmoid": torch.sigmoid}


class Training(with_torch.Training):
    """Forward, backward, SGD."""

    def __init__(self, problem: Network) -> None:
        super().__init__(problem)
        *self.hidden, self.last = pairs(self.leaves)
        self.activation = ACTIVATIONS[problem.activation]

    def loss(self) -> torch.Tensor:
        """Softmax cross entropy in one op, matrix product and bias in one."""
        h = self.x
        for weight, bias in self.hidden:
            h = self.activation(torch.addmm(bias, h, weight))
        weight, bias = self.last
        return functional.cross_entropy(torch.addmm(bias, h, weight), self.t)

    def step(self) -> torch.Tensor:
        """One update."""
        for p in self.leaves:
            p.grad = None
        loss = self.loss()
        loss.backward()
        with torch.no_grad():
            for p in self.leaves:
                p.sub_(p.grad, alpha=self.lr)
        return loss


network = Training
