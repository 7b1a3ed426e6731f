"""HIPS autograd: plain NumPy code, and a function that returns its gradient."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import autograd.numpy as np
from autograd import value_and_grad
from autograd.tracer import getval
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.contenders import base
from benchmarks.contenders.base import pairs
from benchmarks.problems import (
    Array,
    Chain,
    ConvNet,
    CrossEntropy,
    Elementwise,
    Network,
)


def versions() -> dict[str, str]:
    """Name and version."""
    return {"HIPS autograd": version("autograd")}


def relu(x: Any) -> Any:
    """``max(x, 0)``, in the quickest of the ways to write it here."""
    return x * (x > 0)


def sigmoid(x: Any) -> Any:
    """The logistic function, of the same primitives as ours."""
    return np.tanh(x * 0.5) * 0.5 + 0.5


def softmax_cross_entropy(z: Any, t: Array, rows: Array) -> Any:
    """Its mean; the shift by the largest score is a constant."""
    z = z - getval(z).max(1, keepdims=True)
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(log_p[rows, t])


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
            return softmax_cross_entropy(z, problem.t, problem.rows)

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


class Repeated(base.Program):
    """Forward and backward from the same place: `value_and_grad` of some `leaves`."""

    leaves: Any
    value_and_grad: Any

    def step(self) -> None:
        """Record, backpropagate, free."""
        self.value_and_grad(self.leaves)

    def gradients(self) -> tuple[float, list[Array]]:
        """Value and gradients."""
        value, found = self.value_and_grad(self.leaves)
        return float(value), found if isinstance(found, list) else [found]

    def parameters(self) -> list[Array]:
        """Nothing is trained."""
        return []


class Ops(Repeated):
    """A chain."""

    def __init__(self, problem: Chain) -> None:
        factor, term = problem.factor, problem.term

        def loss(x: Any) -> Any:
            h = x
            for _ in range(problem.length // 2):
                h = h * factor
                h = h + term
            return np.sum(h)

        self.leaves = problem.x
        self.value_and_grad = value_and_grad(loss)


class Formula(Repeated):
    """Elementwise ops, and a sum."""

    def __init__(self, problem: Elementwise) -> None:
        a, b = float(problem.a), float(problem.b)

        def loss(x: Any) -> Any:
            return np.sum(np.tanh(x * a + b) * np.exp(-np.square(x)))

        self.leaves = problem.x
        self.value_and_grad = value_and_grad(loss)


class Scores(Repeated):
    """The loss of scores that are given."""

    def __init__(self, problem: CrossEntropy) -> None:
        t, rows = problem.t, problem.rows
        self.leaves = problem.z
        self.value_and_grad = value_and_grad(
            lambda z: softmax_cross_entropy(z, t, rows)
        )


class Convolutional(Repeated):
    """SimpleConvNet.

    Pictures are constants, so their windows are plain NumPy's and the convolution is
    one matrix product: its own ``scipy.signal.convolve`` takes three times as long.
    """

    def __init__(self, problem: ConvNet) -> None:
        t, rows = problem.t, problem.rows

        def loss(parameters: Any) -> Any:
            W1, b1, W2, b2, W3, b3 = parameters
            windows = sliding_window_view(problem.x, W1.shape[2:], axis=(2, 3))
            h = np.tensordot(windows, W1, [(1, 4, 5), (1, 2, 3)])
            h = relu(np.transpose(h, (0, 3, 1, 2)) + b1[:, None, None])
            batch, filters, height, width = h.shape
            h = h.reshape(batch, filters, height // 2, 2, width // 2, 2)
            h = np.max(h, axis=(3, 5)).reshape(batch, -1)
            h = relu(np.dot(h, W2) + b2)
            return softmax_cross_entropy(np.dot(h, W3) + b3, t, rows)

        self.leaves = list(problem.parameters)
        self.value_and_grad = value_and_grad(loss)


network = Training
chain = Ops
elementwise = Formula
cross_entropy = Scores
convnet = Convolutional
