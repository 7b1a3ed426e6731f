"""DeZero 0.0.13, whose source is patched as it is imported.

It was written for NumPy 1 and names `np.int`, which NumPy 2 no longer has; here
that reads `int`. It makes 0-d arrays of Python scalars, its own ``1 - y * y`` for
tanh among them; NumPy 1 let the other operand decide on the dtype, where NumPy 2
turns a float32 network into a float64 one. Here they are made with that dtype.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType
from typing import Any

import numpy as np

from benchmarks.contenders.base import Recorded, Repeated, pairs
from benchmarks.problems import (
    Array,
    Chain,
    ConvNet,
    CrossEntropy,
    Elementwise,
    Network,
)

_PATCHES = (
    (r"\bnp\.int\b", "int"),
    (
        r"= as_array\(x1, dezero\.cuda\.get_array_module\(x0\.data\)\)",
        "= np.asarray(x1, np.result_type(x0.data, x1)) if np.isscalar(x1) else x1",
    ),
)
"""What is looked for in its source, and what stands there instead."""


class _Loader(SourceFileLoader):
    """Reads a module's source, never its cache, and mends it."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        source = self.get_data(path).decode()
        for pattern, ours in _PATCHES:
            source = re.sub(pattern, ours, source)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # `x is 'text'`
            return self.source_to_code(source.encode(), path)


class _Finder(MetaPathFinder):
    """Finds the modules of DeZero."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: Any = None
    ) -> ModuleSpec | None:
        if fullname.split(".")[0] != "dezero":
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


sys.meta_path.insert(0, _Finder())

REMARKS = dict.fromkeys(
    ("network", "chain", "elementwise", "cross_entropy", "convnet"),
    "source patched for NumPy 2: np.int, dtype of scalars",
)

import dezero  # noqa: E402  # the finder must be there first
import dezero.functions as F  # noqa: E402, N812  # the name in its own book


def versions() -> dict[str, str]:
    """Name and version."""
    return {"DeZero": dezero.__version__}


class Program(Recorded):
    """How arrays come out of DeZero."""

    def array(self, value: Any) -> Array:
        """A copy as an ndarray."""
        return np.array(value.data)

    def number(self, value: Any) -> float:
        """A scalar as a Python number."""
        return float(value.data)


def softmax_cross_entropy(z: Any, t: Array, rows: Array) -> Any:
    """Its mean; the shift by the largest score is a constant."""
    z = z - z.data.max(axis=1, keepdims=True)
    log_p = z - F.log(F.sum(F.exp(z), axis=1, keepdims=True))
    return F.sum(log_p[rows, t]) * (-1 / len(t))


class Training(Program):
    """Forward, backward, SGD."""

    def __init__(self, problem: Network) -> None:
        self.x = dezero.Variable(problem.x)
        self.t = problem.t
        self.rows = problem.rows
        self.leaves = [dezero.Parameter(p.copy()) for p in problem.parameters]
        *self.hidden, self.last = pairs(self.leaves)
        self.activation = F.relu if problem.activation == "relu" else self.sigmoid
        self.half = problem.x.dtype.type(0.5)
        self.lr = problem.lr

    def sigmoid(self, x: Any) -> Any:
        """The logistic function, of the same primitives as ours."""
        return F.tanh(x * self.half) * self.half + self.half

    def loss(self) -> Any:
        """Forward pass."""
        h: Any = self.x
        for weight, bias in self.hidden:
            h = self.activation(F.matmul(h, weight) + bias)
        weight, bias = self.last
        z = F.matmul(h, weight) + bias
        return softmax_cross_entropy(z, self.t, self.rows)

    def step(self) -> Any:
        """One update."""
        self.clear()
        loss = self.loss()
        loss.backward()
        for p in self.leaves:
            p.data -= self.lr * p.grad.data
        return loss


class Ops(Program, Repeated):
    """A chain."""

    def __init__(self, problem: Chain) -> None:
        self.leaves = [dezero.Variable(problem.x)]
        self.factor = problem.factor
        self.term = problem.term
        self.length = problem.length

    def loss(self) -> Any:
        """Forward pass."""
        factor, term = self.factor, self.term
        h = self.leaves[0]
        for _ in range(self.length // 2):
            h = h * factor
            h = h + term
        return F.sum(h)


class Formula(Program, Repeated):
    """Elementwise ops, and a sum."""

    def __init__(self, problem: Elementwise) -> None:
        self.x = dezero.Variable(problem.x)
        self.leaves = [self.x]
        self.a = problem.a
        self.b = problem.b

    def loss(self) -> Any:
        """Forward pass."""
        x = self.x
        return F.sum(F.tanh(x * self.a + self.b) * F.exp(-(x**2)))


class Scores(Program, Repeated):
    """The loss of scores that are given."""

    def __init__(self, problem: CrossEntropy) -> None:
        self.z = dezero.Variable(problem.z)
        self.leaves = [self.z]
        self.t = problem.t
        self.rows = problem.rows

    def loss(self) -> Any:
        """Forward pass."""
        return softmax_cross_entropy(self.z, self.t, self.rows)


class Convolutional(Program, Repeated):
    """SimpleConvNet."""

    def __init__(self, problem: ConvNet) -> None:
        self.x = dezero.Variable(problem.x)
        self.t = problem.t
        self.rows = problem.rows
        self.leaves = [dezero.Parameter(p.copy()) for p in problem.parameters]

    def loss(self) -> Any:
        """Forward pass."""
        W1, b1, W2, b2, W3, b3 = self.leaves
        h = F.pooling(F.relu(F.conv2d(self.x, W1, b1)), 2, 2)
        h = F.relu(F.matmul(F.reshape(h, (len(self.t), -1)), W2) + b2)
        return softmax_cross_entropy(F.matmul(h, W3) + b3, self.t, self.rows)


network = Training
chain = Ops
elementwise = Formula
cross_entropy = Scores
convnet = Convolutional
