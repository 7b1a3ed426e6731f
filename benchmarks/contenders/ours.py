"""tinygrad_jp, composed of tensor ops."""

from __future__ import annotations

import numpy as np

import tinygrad_jp as tg
from benchmarks import machine
from benchmarks.contenders.base import Recorded, pairs
from benchmarks.workloads import Array, Chain, Network

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
        """Softmax cross entropy."""
        h = self.x
        for weight, bias in self.hidden:
            h = self.activation(h @ weight + bias)
        weight, bias = self.last
        log_p = tg.log_softmax(h @ weight + bias, axis=1)
        return -log_p[self.rows, self.t].mean()

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


class Ops(Recorded):
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

    def step(self) -> None:
        """Record, backpropagate, free."""
        self.clear()
        self.loss().backward()

    def parameters(self) -> list[Array]:
        """Nothing is trained."""
        return []


network = Training
chain = Ops
