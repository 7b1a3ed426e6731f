"""The layers of `hand`: each computes, and passes the gradient back.

Convolution and pooling lay their windows out as the rows of a matrix, as the book
teaches it (chapter 7.4), and add them up again on the way back.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.problems import Array


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


class Flatten:
    """Pictures as rows."""

    def forward(self, x: Array) -> Array:
        """Result, (batch, channels * height * width)."""
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, g: Array) -> Array:
        """Gradient of the input."""
        return g.reshape(self.shape)


def rows_of_windows(x: Array, size: int, stride: int) -> Array:
    """Windows of pictures: (batch, out height, out width, channels, size, size)."""
    windows = sliding_window_view(x, (size, size), axis=(2, 3))
    return windows[:, :, ::stride, ::stride].transpose(0, 2, 3, 1, 4, 5)


def summed_windows(windows: Array, shape: tuple[int, ...], stride: int) -> Array:
    """Pictures of `shape` in which each window was added where it had been taken."""
    x = np.zeros(shape, windows.dtype)
    height, width = (stride * n for n in windows.shape[1:3])
    size = windows.shape[-1]
    for i in range(size):
        for j in range(size):
            part = x[:, :, i : i + height : stride, j : j + width : stride]
            part += windows[..., i, j].transpose(0, 3, 1, 2)
    return x


class Convolution:
    """Filters that slide over pictures one by one."""

    def __init__(self, weight: Array, bias: Array) -> None:
        self.weight = weight
        self.bias = bias

    def forward(self, x: Array) -> Array:
        """Result, (batch, filters, out height, out width)."""
        filters, _, size, _ = self.weight.shape
        windows = rows_of_windows(x, size, 1)
        self.input_shape = x.shape
        self.windows_shape = windows.shape
        self.rows = windows.reshape(np.prod(windows.shape[:3]), -1)
        out = np.dot(self.rows, self.weight.reshape(filters, -1).T) + self.bias
        return out.reshape(*windows.shape[:3], filters).transpose(0, 3, 1, 2)

    def backward(self, g: Array) -> Array:
        """Gradient of the input; those of weight and bias are kept."""
        filters = len(self.weight)
        g = g.transpose(0, 2, 3, 1).reshape(-1, filters)
        self.weight_gradient = np.dot(g.T, self.rows).reshape(self.weight.shape)
        self.bias_gradient = np.sum(g, axis=0)
        rows = np.dot(g, self.weight.reshape(filters, -1))
        return summed_windows(rows.reshape(self.windows_shape), self.input_shape, 1)


class Pooling:
    """The largest of each window; windows stand side by side."""

    def __init__(self, size: int) -> None:
        self.size = size

    def forward(self, x: Array) -> Array:
        """Result, (batch, channels, out height, out width)."""
        windows = rows_of_windows(x, self.size, self.size)
        self.input_shape = x.shape
        self.windows_shape = windows.shape
        rows = windows.reshape(-1, self.size * self.size)
        self.largest = np.argmax(rows, axis=1)
        return np.max(rows, axis=1).reshape(windows.shape[:4]).transpose(0, 3, 1, 2)

    def backward(self, g: Array) -> Array:
        """Gradient of the input: all of it to the first of the largest."""
        rows = np.zeros((g.size, self.size * self.size), g.dtype)
        rows[np.arange(g.size), self.largest] = g.transpose(0, 2, 3, 1).ravel()
        windows = rows.reshape(self.windows_shape)
        return summed_windows(windows, self.input_shape, self.size)


ACTIVATIONS = {"relu": Relu, "sigmoid": Sigmoid}
