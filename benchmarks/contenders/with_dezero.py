"""DeZero 0.0.13, whose source is patched as it is imported.

It was written for NumPy 1 and names `np.int`, which NumPy 2 no longer has; here
that reads `int`. Its Python scalars would be float64 arrays in NumPy 2's eyes and
turn a float32 network into a float64 one, so constants are given the data's dtype.
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

from benchmarks.contenders.base import Recorded, pairs
from benchmarks.workloads import Array, Chain, Network


class _Loader(SourceFileLoader):
    """Reads a module's source, never its cache, and mends it."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        source = re.sub(r"\bnp\.int\b", "int", self.get_data(path).decode())
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

REMARKS = dict.fromkeys(("network", "chain"), "np.int in its source patched")

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
        self.share = problem.x.dtype.type(-1 / len(problem.t))
        self.lr = problem.lr

    def sigmoid(self, x: Any) -> Any:
        """The logistic function, of the same primitives as ours."""
        return F.tanh(x * self.half) * self.half + self.half

    def loss(self) -> Any:
        """Softmax cross entropy."""
        h: Any = self.x
        for weight, bias in self.hidden:
            h = self.activation(F.matmul(h, weight) + bias)
        weight, bias = self.last
        z = F.matmul(h, weight) + bias
        z = z - z.data.max(axis=1, keepdims=True)
        log_p = z - F.log(F.sum(F.exp(z), axis=1, keepdims=True))
        return F.sum(log_p[self.rows, self.t]) * self.share

    def step(self) -> Any:
        """One update."""
        self.clear()
        loss = self.loss()
        loss.backward()
        for p in self.leaves:
            p.data -= self.lr * p.grad.data
        return loss


class Ops(Program):
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

    def step(self) -> None:
        """Record, backpropagate, free."""
        self.clear()
        self.loss().backward()

    def parameters(self) -> list[Array]:
        """Nothing is trained."""
        return []


network = Training
chain = Ops
