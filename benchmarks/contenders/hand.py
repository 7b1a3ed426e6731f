"""A backward pass written by hand, layer by layer, as the book teaches it.

No engine: plain NumPy, the gradient of each layer worked out on paper, softmax and
cross entropy joined so that their gradient is `y - t`. In the dtype of the data.
"""

from __future__ import annotations

import numpy as np

from benchmarks.contenders import base
from benchmarks.contenders.base import pairs
from benchmarks.workloads import Array, Network


def versions() -> dict[str, str]:
    """NumPy is named elsewhere."""
    return {}


class Affine:
    """``x @ weight + bias``."""

    def __init__(self, weight: Array, bias: Array) -> None:
        self.weight = weight
        self.bias = bias

    def forward(self, x: Array) -> Array:
        """Result, (batch, out)."""
        self.x = x
        return np.dot(x, self.weight) + self.bias

    def backward(self, g: Array) -> Array:
        """Gradient of the input; those of weight and bias are kept."""
        self.weight_gradient = np.dot(self.x.T, g)
        self.bias_gradient = np.sum(g, axis=0)
        return np.dot(g, self.weight.T)


class Relu:
    """``max(x, 0)``."""

    def forward(self, x: Array) -> Array:
        """Result."""
        self.mask = x > 0
        return x * self.mask

    def backward(self, g: Array) -> Array:
        """Gradient of the input."""
        return g * self.mask


class Sigmoid:
    """``1 / (1 + exp(-x))``, by way of tanh."""

    def forward(self, x: Array) -> Array:
        """Result."""
        self.out = np.tanh(x * 0.5) * 0.5 + 0.5
        return self.out

    def backward(self, g: Array) -> Array:
        """Gradient of the input."""
        return g * self.out * (1.0 - self.out)


class SoftmaxWithLoss:
    """Mean cross entropy of softmax, for integer labels."""

    def __init__(self, rows: Array, t: Array) -> None:
        self.rows = rows
        self.t = t

    def forward(self, x: Array) -> float:
        """The loss."""
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        self.y = e / np.sum(e, axis=1, keepdims=True)
        return -np.mean(np.log(self.y[self.rows, self.t]))

    def backward(self) -> Array:
        """Gradient of the scores."""
        g = self.y.copy()
        g[self.rows, self.t] -= 1.0
        return g / len(self.t)


ACTIVATIONS = {"relu": Relu, "sigmoid": Sigmoid}


class Training(base.Program):
    """Forward, backward, SGD."""

    def __init__(self, problem: Network) -> None:
        self.x = problem.x
        self.arrays = [p.copy() for p in problem.parameters]
        self.lr = problem.lr
        self.affine = [Affine(weight, bias) for weight, bias in pairs(self.arrays)]
        self.layers: list[Affine | Relu | Sigmoid] = []
        for affine in self.affine:
            self.layers += [affine, ACTIVATIONS[problem.activation]()]
        del self.layers[-1]
        self.loss = SoftmaxWithLoss(problem.rows, problem.t)

    def pass_through(self) -> float:
        """Forward and backward."""
        x = self.x
        for layer in self.layers:
            x = layer.forward(x)
        loss = self.loss.forward(x)
        g = self.loss.backward()
        for layer in reversed(self.layers):
            g = layer.backward(g)
        return loss

    def step(self) -> float:
        """One update."""
        loss = self.pass_through()
        for affine in self.affine:
            affine.weight -= self.lr * affine.weight_gradient
            affine.bias -= self.lr * affine.bias_gradient
        return loss

    def gradients(self) -> tuple[float, list[Array]]:
        """Loss and gradients; nothing is updated."""
        loss = self.pass_through()
        found = []
        for affine in self.affine:
            found += [affine.weight_gradient, affine.bias_gradient]
        return float(loss), found

    def parameters(self) -> list[Array]:
        """Copies of the parameters."""
        return [array.copy() for array in self.arrays]


network = Training
