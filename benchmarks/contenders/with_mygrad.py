"""MyGrad, with its memory guard off.

The guard locks every array that a graph has seen; a step of W1 takes a fifth longer
with it. Constants are plain arrays.
"""

from __future__ import annotations

from typing import Any

import mygrad as mg
import numpy as np
from mygrad.nnet.activations import relu
from mygrad.nnet.layers import conv_nd, max_pool

from benchmarks.contenders.base import Recorded, Repeated, pairs
from benchmarks.problems import (
    Array,
    Chain,
    ConvNet,
    CrossEntropy,
    Elementwise,
    Network,
)

mg.turn_memory_guarding_off()

REMARKS = {"convnet": "its own conv_nd and max_pool"}


def versions() -> dict[str, str]:
    """Name and version."""
    return {"MyGrad": mg.__version__}


def sigmoid(x: mg.Tensor) -> mg.Tensor:
    """The logistic function, of the same primitives as ours."""
    return mg.tanh(x * 0.5) * 0.5 + 0.5


def softmax_cross_entropy(z: mg.Tensor, t: Array, rows: Array) -> mg.Tensor:
    """Its mean; the shift by the largest score is a constant."""
    z = z - z.data.max(1, keepdims=True)
    log_p = z - mg.log(mg.exp(z).sum(1, keepdims=True))
    return -log_p[rows, t].mean()


ACTIVATIONS = {"relu": relu, "sigmoid": sigmoid}


class Program(Recorded):
    """How arrays come out of MyGrad, and how gradients are forgotten."""

    def array(self, value: Any) -> Array:
        """A copy as an ndarray."""
        return np.array(value.data if isinstance(value, mg.Tensor) else value)

    def number(self, value: mg.Tensor) -> float:
        """A scalar as a Python number."""
        return value.item()

    def clear(self) -> None:
        """Nothing: a tensor forgets its gradient when the next graph takes it in."""


class Training(Program):
    """Forward, backward, SGD."""

    def __init__(self, problem: Network) -> None:
        self.x = problem.x
        self.t = problem.t
        self.rows = problem.rows
        self.leaves = [mg.tensor(p) for p in problem.parameters]
        *self.hidden, self.last = pairs(self.leaves)
        self.activation = ACTIVATIONS[problem.activation]
        self.lr = problem.lr

    def loss(self) -> mg.Tensor:
        """Forward pass."""
        h: Any = self.x
        for weight, bias in self.hidden:
            h = self.activation(mg.matmul(h, weight) + bias)
        weight, bias = self.last
        z = mg.matmul(h, weight) + bias
        return softmax_cross_entropy(z, self.t, self.rows)

    def step(self) -> mg.Tensor:
        """One update."""
        loss = self.loss()
        loss.backward()
        for p in self.leaves:
            p.data -= self.lr * p.grad
        return loss


class Ops(Program, Repeated):
    """A chain."""

    def __init__(self, problem: Chain) -> None:
        self.leaves = [mg.tensor(problem.x)]
        self.factor = problem.factor
        self.term = problem.term
        self.length = problem.length

    def loss(self) -> mg.Tensor:
        """Forward pass."""
        factor, term = self.factor, self.term
        h = self.leaves[0]
        for _ in range(self.length // 2):
            h = h * factor
            h = h + term
        return h.sum()


class Formula(Program, Repeated):
    """Elementwise ops, and a sum."""

    def __init__(self, problem: Elementwise) -> None:
        self.x = mg.tensor(problem.x)
        self.leaves = [self.x]
        self.a = problem.a
        self.b = problem.b

    def loss(self) -> mg.Tensor:
        """Forward pass."""
        x = self.x
        return (mg.tanh(x * self.a + self.b) * mg.exp(-mg.square(x))).sum()


class Scores(Program, Repeated):
    """The loss of scores that are given."""

    def __init__(self, problem: CrossEntropy) -> None:
        self.z = mg.tensor(problem.z)
        self.leaves = [self.z]
        self.t = problem.t
        self.rows = problem.rows

    def loss(self) -> mg.Tensor:
        """Forward pass."""
        return softmax_cross_entropy(self.z, self.t, self.rows)


class Convolutional(Program, Repeated):
    """SimpleConvNet."""

    def __init__(self, problem: ConvNet) -> None:
        self.x = problem.x
        self.t = problem.t
        self.rows = problem.rows
        self.leaves = [mg.tensor(p) for p in problem.parameters]

    def loss(self) -> mg.Tensor:
        """Forward pass."""
        W1, b1, W2, b2, W3, b3 = self.leaves
        h = relu(conv_nd(self.x, W1, stride=1) + b1.reshape(1, -1, 1, 1))
        h = max_pool(h, (2, 2), 2).reshape(len(self.t), -1)
        h = relu(mg.matmul(h, W2) + b2)
        return softmax_cross_entropy(mg.matmul(h, W3) + b3, self.t, self.rows)


network = Training
chain = Ops
elementwise = Formula
cross_entropy = Scores
convnet = Convolutional
