"""HIPS autograd: plain NumPy code, and a function that returns its gradient."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import autograd.numpy as np
from autograd import value_and_grad
from autograd.tracer import getval

from benchmarks.contenders import base
from benchmarks.contenders.base import pairs
from benchmarks.workloads import Array, Chain, Network


def versions() -> dict[str, str]:
    """Name and version."""
    return {"HIPS autograd": version("autograd")}


def relu(x: Any) -> Any:
    """``max(x, 0)``, in the quickest of the ways to write it here."""
    return x * (x > 0)


def sigmoid(x: Any) -> Any:
    """The logistic function, of the same primitives as ours."""
    return np.tanh(x * 0.5) * 0.5 + 0.5


ACTIVATIONS = {"relu": relu, "sigmoid": sigmoid}


class Training(base.Program):
    """Forward, backward, SGD."""

    def __init__(self, problem: Network) -> None:
        self.values = [p.copy() for p in problem.parameters]
        self.lr = problem.lr
        activation = ACTIVATIONS[problem.activation]

        def loss(parameters: Any) -> Any:
            *hidden, last = pairs(parameters)
            h = problem.x
            for weight, bias in hidden:
                h = activation(np.dot(h, weight) + bias)
            weight, bias = last
            z = np.dot(h, weight) + bias
            z = z - getval(z).max(1, keepdims=True)
            log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
            return -np.mean(log_p[problem.rows, problem.t])

        self.value_and_grad = value_and_grad(loss)

    def step(self) -> Any:
        """One update."""
        loss, gradients = self.value_and_grad(self.values)
        for p, g in zip(self.values, gradients):
            p -= self.lr * g
        return loss

    def gradients(self) -> tuple[float, list[Array]]:
        """Loss and gradients; nothing is updated."""
        loss, found = self.value_and_grad(self.values)
        return float(loss), found

    def parameters(self) -> list[Array]:
        """Copies of the parameters."""
        return [p.copy() for p in self.values]


class Ops(base.Program):
    """A chain."""

    def __init__(self, problem: Chain) -> None:
        factor, term = problem.factor, problem.term

        def loss(x: Any) -> Any:
            h = x
            for _ in range(problem.length // 2):
                h = h * factor
                h = h + term
            return np.sum(h)

        self.x = problem.x
        self.value_and_grad = value_and_grad(loss)

    def step(self) -> None:
        """Record, backpropagate, free."""
        self.value_and_grad(self.x)

    def gradients(self) -> tuple[float, list[Array]]:
        """Value and gradient."""
        value, gradient = self.value_and_grad(self.x)
        return float(value), [gradient]

    def parameters(self) -> list[Array]:
        """Nothing is trained."""
        return []


network = Training
chain = Ops
