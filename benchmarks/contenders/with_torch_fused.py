"""PyTorch eager at its best: with the ops that it fuses by hand, and no primitives."""

from __future__ import annotations

import torch
from torch.nn import functional

from benchmarks.contenders import with_torch
from benchmarks.contenders.base import pairs
from benchmarks.problems import Network

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


class Scores(with_torch.Scores):
    """The loss of scores that are given."""

    def loss(self) -> torch.Tensor:
        """In one op."""
        return functional.cross_entropy(self.z, self.t)


class Convolutional(with_torch.Convolutional):
    """SimpleConvNet."""

    def loss(self) -> torch.Tensor:
        """Cross entropy in one op, matrix product and bias in one."""
        _, _, W2, b2, W3, b3 = self.leaves
        h = torch.relu(torch.addmm(b2, self.features(), W2))
        return functional.cross_entropy(torch.addmm(b3, h, W3), self.t)


network = Training
cross_entropy = Scores
convnet = Convolutional
