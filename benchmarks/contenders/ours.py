"""tinygrad_jp, composed of tensor ops."""

from __future__ import annotations

import numpy as np

import tinygrad_jp as tg
from benchmarks import machine
from benchmarks.contenders.base import Recorded, Repeated, pairs
from benchmarks.problems import (
    Array,
    Chain,
    ConvNet,
    CrossEntropy,
    Elementwise,
    Network,
)


def softmax_cross_entropy(z: tg.Tensor, t: Array, rows: Array) -> tg.Tensor:
    """Its mean."""
    return -tg.log_softmax(z, axis=1)[rows, t].mean()


ACTIVATIONS = {"relu": tg.relu, "sigmoid": tg.sigmoid}


def versions() -> dict[str, str]:
    """What it computes with; its own version is that of this tree."""
    return {"NumPy": np.__version__, "BLAS": machine.blas()}


class Training(Recorded):
    """Forward, backward, SGD."""

    def __init__(self, problem: Network) -> None:
        self.x = tg.Tensor(problem.x)
        self.t = problem.t
        self.rows = problem.rows
        self.leaves = [tg.Tensor(p, requires_grad=True) for p in problem.parameters]
        *self.hidden, self.last = pairs(self.leaves)
        self.activation = ACTIVATIONS[problem.activation]
        self.lr = problem.lr

    def loss(self) -> tg.Tensor:
        """Forward pass."""
        h = self.x
        for weight, bias in self.hidden:
            h = self.activation(h @ weight + bias)
        weight, bias = self.last
        return softmax_cross_entropy(h @ weight + bias, self.t, self.rows)

    def step(self) -> tg.Tensor:
        """One update."""
        for p in self.leaves:
            p.grad = None
        loss = self.loss()
        loss.backward()
        with tg.no_grad():
            for p in self.leaves:
                p -= self.lr * p.grad
        return loss


class Ops(Repeated):
    """A chain."""

    def __init__(self, problem: Chain) -> None:
        self.leaves = [tg.Tensor(problem.x, requires_grad=True)]
        self.factor = tg.Tensor(problem.factor)
        self.term = tg.Tensor(problem.term)
        self.length = problem.length

    def loss(self) -> tg.Tensor:
        """Forward pass."""
        factor, term = self.factor, self.term
        h = self.leaves[0]
        for _ in range(self.length // 2):
            h = h * factor
            h = h + term
        return h.sum()


class Formula(Repeated):
    """Elementwise ops, and a sum."""

    def __init__(self, problem: Elementwise) -> None:
        self.x = tg.Tensor(problem.x, requires_grad=True)
        self.leaves = [self.x]
        self.a = float(problem.a)
        self.b = float(problem.b)

    def loss(self) -> tg.Tensor:
        """Forward pass."""
        x = self.x
        return (tg.tanh(x * self.a + self.b) * tg.exp(-(x * x))).sum()


class Scores(Repeated):
    """The loss of scores that are given."""

    def __init__(self, problem: CrossEntropy) -> None:
        self.z = tg.Tensor(problem.z, requires_grad=True)
        self.leaves = [self.z]
        self.t = problem.t
        self.rows = problem.rows

    def loss(self) -> tg.Tensor:
        """Forward pass."""
        return softmax_cross_entropy(self.z, self.t, self.rows)


class Convolutional(Repeated):
    """SimpleConvNet."""

    def __init__(self, problem: ConvNet) -> None:
        self.x = tg.Tensor(problem.x)
        self.t = problem.t
        self.rows = problem.rows
        self.leaves = [tg.Tensor(p, requires_grad=True) for p in problem.parameters]

    def loss(self) -> tg.Tensor:
        """Forward pass."""
        W1, b1, W2, b2, W3, b3 = self.leaves
        h = tg.max_pool(tg.relu(tg.conv(self.x, W1, b1)), 2)
        h = tg.relu(h.reshape(len(self.t), -1) @ W2 + b2)
        return softmax_cross_entropy(h @ W3 + b3, self.t, self.rows)


network = Training
chain = Ops
elementwise = Formula
cross_entropy = Scores
convnet = Convolutional
