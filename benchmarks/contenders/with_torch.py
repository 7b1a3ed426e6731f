"""PyTorch eager, composed of the same primitives as ours: what all are divided by."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch.nn import functional

from benchmarks.contenders.base import Recorded, Repeated, pairs
from benchmarks.problems import (
    Array,
    Chain,
    ConvNet,
    CrossEntropy,
    Elementwise,
    Network,
)

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


def versions() -> dict[str, str]:
    """Name and version."""
    return {"PyTorch": torch.__version__}


def sigmoid(x: torch.Tensor) -> torch.Tensor:
    """The logistic function, of the same primitives as ours."""
    return torch.tanh(x * 0.5) * 0.5 + 0.5


def softmax_cross_entropy(
    z: torch.Tensor, t: torch.Tensor, rows: torch.Tensor
) -> torch.Tensor:
    """Its mean; the shift by the largest score is a constant."""
    z = z - z.detach().amax(1, keepdim=True)
    log_p = z - torch.log(torch.exp(z).sum(1, keepdim=True))
    return -log_p[rows, t].mean()


ACTIVATIONS = {"relu": torch.relu, "sigmoid": sigmoid}


class Program(Recorded):
    """How arrays come out of PyTorch."""

    def array(self, value: torch.Tensor) -> Array:
        """A copy as an ndarray."""
        return value.detach().numpy().copy()

    def number(self, value: torch.Tensor) -> float:
        """A scalar as a Python number."""
        return value.item()


class Training(Program):
    """Forward, backward, SGD."""

    def __init__(self, problem: Network) -> None:
        self.x = torch.tensor(problem.x)
        self.t = torch.tensor(problem.t)
        self.rows = torch.tensor(problem.rows)
        self.leaves = [torch.tensor(p, requires_grad=True) for p in problem.parameters]
        *self.hidden, self.last = pairs(self.leaves)
        self.activation = ACTIVATIONS[problem.activation]
        self.lr = problem.lr

    def loss(self) -> torch.Tensor:
        """Forward pass."""
        h = self.x
        for weight, bias in self.hidden:
            h = self.activation(h @ weight + bias)
        weight, bias = self.last
        return softmax_cross_entropy(h @ weight + bias, self.t, self.rows)

    def step(self) -> torch.Tensor:
        """One update."""
        for p in self.leaves:
            p.grad = None
        loss = self.loss()
        loss.backward()
        with torch.no_grad():
            for p in self.leaves:
                p -= self.lr * p.grad
        return loss


class Ops(Program, Repeated):
    """A chain."""

    def __init__(self, problem: Chain) -> None:
        self.leaves = [torch.tensor(problem.x, requires_grad=True)]
        self.factor = torch.tensor(problem.factor)
        self.term = torch.tensor(problem.term)
        self.length = problem.length

    def loss(self) -> torch.Tensor:
        """Forward pass."""
        factor, term = self.factor, self.term
        h: Any = self.leaves[0]
        for _ in range(self.length // 2):
            h = h * factor
            h = h + term
        return h.sum()


class Formula(Program, Repeated):
    """Elementwise ops, and a sum."""

    def __init__(self, problem: Elementwise) -> None:
        self.x = torch.tensor(problem.x, requires_grad=True)
        self.leaves = [self.x]
        self.a = float(problem.a)
        self.b = float(problem.b)

    def loss(self) -> torch.Tensor:
        """Forward pass."""
        x = self.x
        return (torch.tanh(x * self.a + self.b) * torch.exp(-(x * x))).sum()


class Scores(Program, Repeated):
    """The loss of scores that are given."""

    def __init__(self, problem: CrossEntropy) -> None:
        self.z = torch.tensor(problem.z, requires_grad=True)
        self.leaves = [self.z]
        self.t = torch.tensor(problem.t)
        self.rows = torch.tensor(problem.rows)

    def loss(self) -> torch.Tensor:
        """Forward pass."""
        return softmax_cross_entropy(self.z, self.t, self.rows)


class Convolutional(Program, Repeated):
    """SimpleConvNet. PyTorch's own convolution and pooling are its primitives."""

    def __init__(self, problem: ConvNet) -> None:
        self.x = torch.tensor(problem.x)
        self.t = torch.tensor(problem.t)
        self.rows = torch.tensor(problem.rows)
        self.leaves = [torch.tensor(p, requires_grad=True) for p in problem.parameters]

    def features(self) -> torch.Tensor:
        """What the convolution finds in each picture, in a row."""
        filters, bias = self.leaves[:2]
        h = torch.relu(functional.conv2d(self.x, filters, bias))
        return functional.max_pool2d(h, 2).flatten(1)

    def loss(self) -> torch.Tensor:
        """Forward pass."""
        _, _, W2, b2, W3, b3 = self.leaves
        h = torch.relu(self.features() @ W2 + b2)
        return softmax_cross_entropy(h @ W3 + b3, self.t, self.rows)


network = Training
chain = Ops
elementwise = Formula
cross_entropy = Scores
convnet = Convolutional
