"""The NumPy calls of our ops and of their gradients, in a row, without any engine.

No graph, no Tensor, no check; every array is dropped when it has served, and freed
memory is kept as we keep it. What an eager engine on NumPy takes more than this is its
own; less would take other calls.
"""

from __future__ import annotations

import numpy as np

from benchmarks.contenders import base
from benchmarks.contenders.base import pairs
from benchmarks.problems import Array, CrossEntropy, Elementwise, Network
from tinygrad_jp.heap import keep_freed

keep_freed()

add_reduce = np.add.reduce


def versions() -> dict[str, str]:
    """NumPy is named elsewhere."""
    return {}


def softmax_cross_entropy(z: Array, rows: Array, t: Array) -> tuple[Array, Array]:
    """Mean loss, and its gradient by the scores."""
    short = len(z) >= 32 and z.shape[1] <= 32
    if short:  # as our maximum goes through short rows
        top = np.maximum.reduce(z.T.copy(), 0)[:, None]
    else:
        top = np.maximum.reduce(z, 1, keepdims=True)
    shifted = np.subtract(z, top)
    e = np.exp(shifted)
    total = add_reduce(e, 1, keepdims=True)
    log_p = np.subtract(shifted, np.log(total))
    del shifted
    loss = -(add_reduce(log_p[rows, t]) / len(t))
    del log_p
    g = np.zeros(z.shape, z.dtype)
    np.add.at(g, (rows, t), np.array(-1 / len(t), z.dtype))
    g_total = np.divide(add_reduce(-g, 1, keepdims=True), total)
    e *= g_total
    g += e
    return loss, g


class Training(base.Program):
    """Forward, backward, SGD."""

    def __init__(self, problem: Network) -> None:
        self.x = problem.x
        self.t = problem.t
        self.rows = problem.rows
        self.arrays = [p.copy() for p in problem.parameters]
        self.relu = problem.activation == "relu"
        dtype = problem.x.dtype
        self.zero, self.half, self.one = (np.array(c, dtype) for c in (0.0, 0.5, 1.0))
        self.lr = np.array(problem.lr, dtype)
        self.ones = np.ones(len(problem.x), dtype)

    def pass_through(self) -> tuple[Array, list[Array]]:
        """Loss and gradients."""
        *hidden, last = pairs(self.arrays)
        inputs = [self.x]
        kept = []
        for weight, bias in hidden:
            h = np.add(inputs[-1].dot(weight), bias)
            if self.relu:
                h = np.maximum(h, self.zero)
                kept.append(h)
            else:
                kept.append(np.tanh(np.multiply(h, self.half)))
                h = np.add(np.multiply(kept[-1], self.half), self.half)
            inputs.append(h)
        z = np.add(inputs[-1].dot(last[0]), last[1])
        loss, g = softmax_cross_entropy(z, self.rows, self.t)
        found: list[Array] = []
        for weight, _ in reversed([*hidden, last]):
            x = inputs.pop()
            found = [x.T.dot(g), self.ones.dot(g), *found]
            if not inputs:
                break
            g = g.dot(weight.T)
            out = kept.pop()
            if self.relu:
                g = np.multiply(g, np.greater(out, self.zero))
            else:
                g = np.multiply(g, self.half)
                g = np.multiply(g, np.subtract(self.one, np.multiply(out, out)))
                g = np.multiply(g, self.half)
        return loss, found

    def step(self) -> Array:
        """One update."""
        loss, gradients = self.pass_through()
        for p, g in zip(self.arrays, gradients, strict=True):
            np.subtract(p, np.multiply(g, self.lr), p)
        return loss

    def gradients(self) -> tuple[float, list[Array]]:
        """Loss and gradients; nothing is updated."""
        loss, found = self.pass_through()
        return float(loss), found

    def parameters(self) -> list[Array]:
        """Copies of the parameters."""
        return [array.copy() for array in self.arrays]


class Formula(base.Program):
    """Elementwise ops, and a sum."""

    def __init__(self, problem: Elementwise) -> None:
        self.x, self.a, self.b = problem.x, problem.a, problem.b

    def step(self) -> tuple[Array, Array]:
        """Value and gradient."""
        x, a, one = self.x, self.a, np.array(1, self.x.dtype)
        u = np.multiply(x, a)
        u = np.add(u, self.b)
        t = np.tanh(u)
        del u
        n = np.multiply(x, x)
        n = np.negative(n)
        e = np.exp(n)
        del n
        y = np.multiply(t, e)
        value = add_reduce(y, None)
        del y
        g_t = np.multiply(one, e)
        g_e = np.multiply(one, t)
        g_n = np.multiply(g_e, e)
        del g_e, e
        g_n = np.negative(g_n)
        g = np.multiply(g_n, x)
        g += np.multiply(g_n, x)
        del g_n
        g_u = np.multiply(g_t, np.subtract(one, np.multiply(t, t)))
        del g_t, t
        g += np.multiply(g_u, a)
        return value, g

    def gradients(self) -> tuple[float, list[Array]]:
        """Value and gradient."""
        value, g = self.step()
        return float(value), [g]

    def parameters(self) -> list[Array]:
        """Nothing is trained."""
        return []


class Scores(base.Program):
    """The loss of scores that are given."""

    def __init__(self, problem: CrossEntropy) -> None:
        self.z, self.rows, self.t = problem.z, problem.rows, problem.t

    def step(self) -> tuple[Array, Array]:
        """Loss and gradient."""
        return softmax_cross_entropy(self.z, self.rows, self.t)

    def gradients(self) -> tuple[float, list[Array]]:
        """Loss and gradient."""
        loss, g = self.step()
        return float(loss), [g]

    def parameters(self) -> list[Array]:
        """Nothing is trained."""
        return []


network = Training
elementwise = Formula
cross_entropy = Scores
