"""A backward pass written by hand, layer by layer, as the book teaches it.

No engine: plain NumPy, the gradient of each layer worked out on paper, softmax and
cross entropy joined so that their gradient is `y - t`. In the dtype of the data.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.contenders import base
from benchmarks.contenders.base import pairs
from benchmarks.contenders.hand_layers import (
    ACTIVATIONS,
    Affine,
    Convolution,
    Flatten,
    Pooling,
    Relu,
    SoftmaxWithLoss,
)
from benchmarks.problems import Array, ConvNet, CrossEntropy, Elementwise, Network


def versions() -> dict[str, str]:
    """NumPy is named elsewhere."""
    return {}


def forward_and_backward(layers: list[Any], loss: SoftmaxWithLoss, x: Array) -> float:
    """The loss of a batch; each layer keeps its gradients."""
    for layer in layers:
        x = layer.forward(x)
    value = loss.forward(x)
    g = loss.backward()
    for layer in reversed(layers):
        g = layer.backward(g)
    return value


class Training(base.Program):
    """Forward, backward, SGD."""

    def __init__(self, problem: Network) -> None:
        self.x = problem.x
        self.arrays = [p.copy() for p in problem.parameters]
        self.lr = problem.lr
        self.affine = [Affine(weight, bias) for weight, bias in pairs(self.arrays)]
        self.layers: list[Any] = []
        for affine in self.affine:
            self.layers += [affine, ACTIVATIONS[problem.activation]()]
        del self.layers[-1]
        self.loss = SoftmaxWithLoss(problem.rows, problem.t)

    def step(self) -> float:
        """One update."""
        loss = forward_and_backward(self.layers, self.loss, self.x)
        for affine in self.affine:
            affine.weight -= self.lr * affine.weight_gradient
            affine.bias -= self.lr * affine.bias_gradient
        return loss

    def gradients(self) -> tuple[float, list[Array]]:
        """Loss and gradients; nothing is updated."""
        loss = forward_and_backward(self.layers, self.loss, self.x)
        found = []
        for affine in self.affine:
            found += [affine.weight_gradient, affine.bias_gradient]
        return float(loss), found

    def parameters(self) -> list[Array]:
        """Copies of the parameters."""
        return [array.copy() for array in self.arrays]


class Repeated(base.Program):
    """Forward and backward from the same place."""

    def step(self) -> object:
        """Value and gradients."""
        raise NotImplementedError

    def parameters(self) -> list[Array]:
        """Nothing is trained."""
        return []


class Formula(Repeated):
    """``sum(tanh(x·a + b) · exp(-x²))``."""

    def __init__(self, problem: Elementwise) -> None:
        self.x = problem.x
        self.a = float(problem.a)
        self.b = float(problem.b)

    def step(self) -> tuple[float, Array]:
        """Value and gradient."""
        x, a = self.x, self.a
        t = np.tanh(x * a + self.b)
        e = np.exp(-(x * x))
        return np.sum(t * e), e * (a * (1.0 - t * t) - 2.0 * x * t)

    def gradients(self) -> tuple[float, list[Array]]:
        """Value and gradient."""
        value, gradient = self.step()
        return float(value), [gradient]


class Scores(Repeated):
    """The loss of scores that are given."""

    def __init__(self, problem: CrossEntropy) -> None:
        self.z = problem.z
        self.loss = SoftmaxWithLoss(problem.rows, problem.t)

    def step(self) -> tuple[float, Array]:
        """Value and gradient."""
        return self.loss.forward(self.z), self.loss.backward()

    def gradients(self) -> tuple[float, list[Array]]:
        """Value and gradient."""
        value, gradient = self.step()
        return float(value), [gradient]


class Convolutional(Repeated):
    """SimpleConvNet."""

    def __init__(self, problem: ConvNet) -> None:
        self.x = problem.x
        W1, b1, W2, b2, W3, b3 = problem.parameters
        convolution, hidden, last = Convolution(W1, b1), Affine(W2, b2), Affine(W3, b3)
        self.trained: list[Any] = [convolution, hidden, last]
        self.layers: list[Any] = [convolution, Relu(), Pooling(2), Flatten()]
        self.layers += [hidden, Relu(), last]
        self.loss = SoftmaxWithLoss(problem.rows, problem.t)

    def step(self) -> float:
        """The loss; each layer keeps its gradients."""
        return forward_and_backward(self.layers, self.loss, self.x)

    def gradients(self) -> tuple[float, list[Array]]:
        """Loss and gradients."""
        loss = self.step()
        found = []
        for layer in self.trained:
            found += [layer.weight_gradient, layer.bias_gradient]
        return float(loss), found


network = Training
elementwise = Formula
cross_entropy = Scores
convnet = Convolutional
