"""PyTorch eager, composed of the same primitives as ours: what all are divided by."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.contenders.base import Recorded, pairs
from benchmarks.workloads import Array, Chain, Network

torch.set_num_threads(1)


def versions() -> dict[str, str]:
    """Name and version."""
    return {"PyTorch": torch.__version__}


def sigmoid(x: torch.Tensor) -> torch.Tensor:
    """The logistic function, of the same primitives as ours."""
    return torch.tanh(x * 0.5) * 0.5 + 0.5


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
        """Softmax cross entropy; the shift by the largest score is a constant."""
        h = self.x
        for weight, bias in self.hidden:
            h = self.activation(h @ weight + bias)
        weight, bias = self.last
        z = h @ weight + bias
        z = z - z.detach().amax(1, keepdim=True)
        log_p = z - torch.log(torch.exp(z).sum(1, keepdim=True))
        return -log_p[self.rows, self.t].mean()

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


class Ops(Program):
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

    def step(self) -> None:
        """Record, backpropagate, free."""
        self.clear()
        self.loss().backward()

    def parameters(self) -> list[Array]:
        """Nothing is trained."""
        return []


network = Training
chain = Ops
