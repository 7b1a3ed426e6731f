"""MyGrad, with its memory guard off.

The guard locks every array that a graph has seen; a step of W1 takes a fifth longer
with it. Constants are plain arrays.
"""

from __future__ import annotations

from typing import Any

import mygrad as mg
import numpy as np
from mygrad.nnet.activations import relu

from benchmarks.contenders.base import Recorded, pairs
from benchmarks.workloads import Array, Chain, Network

mg.turn_memory_guarding_off()


def versions() -> dict[str, str]:
    """Name and version."""
    return {"MyGrad": mg.__version__}


def sigmoid(x: mg.Tensor) -> mg.Tensor:
    """The logistic function, of the same primitives as ours."""
    return mg.tanh(x * 0.5) * 0.5 + 0.5


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
        """Softmax cross entropy."""
        h: Any = self.x
        for weight, bias in self.hidden:
            h = self.activation(mg.matmul(h, weight) + bias)
        weight, bias = self.last
        z = mg.matmul(h, weight) + bias
        z = z - z.data.max(1, keepdims=True)
        log_p = z - mg.log(mg.exp(z).sum(1, keepdims=True))
        return -log_p[self.rows, self.t].mean()

    def step(self) -> mg.Tensor:
        """One update."""
        loss = self.loss()
        loss.backward()
        for p in self.leaves:
            p.data -= self.lr * p.grad
        return loss


class Ops(Program):
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

    def step(self) -> None:
        """Record, backpropagate, free."""
        self.loss().backward()

    def parameters(self) -> list[Array]:
        """Nothing is trained."""
        return []


network = Training
chain = Ops
