"""PyTorch, compiled: forward and backward of the eager programs by `torch.compile`.

Its default backend writes C++ and compiles it when a program first runs, which is when
answers are compared; what is timed later is the compiled code alone. `fullgraph` makes
it an error if some part could not be compiled.
"""

from __future__ import annotations

import shutil
from typing import Any

import torch
from torch._inductor import config

from benchmarks.contenders import with_torch

config.compile_threads = 1  # else a pool of processes beside the one that is timed

_COMPILERS = [name for name in config.cpp.cxx if name]
if not any(map(shutil.which, _COMPILERS)):
    raise ImportError(f"needs a C++ compiler ({' or '.join(_COMPILERS)})")

versions = with_torch.versions


class Compiled:
    """A program whose loss is compiled, and with it its gradient."""

    def __init__(self, problem: Any) -> None:
        super().__init__(problem)
        self.loss = torch.compile(self.loss, fullgraph=True)


class Training(Compiled, with_torch.Training):
    """Forward, backward, SGD; only the update is not compiled: that made it slower."""

    def step(self) -> torch.Tensor:
        """One update."""
        for p in self.leaves:
            p.grad = None
        loss = self.loss()
        loss.backward()
        with torch.no_grad():
            for p in self.leaves:
                p.sub_(p.grad, alpha=self.lr)
        return loss


class Formula(Compiled, with_torch.Formula):
    """Elementwise ops, and a sum."""


class Scores(Compiled, with_torch.Scores):
    """The loss of scores that are given."""


class Convolutional(Compiled, with_torch.Convolutional):
    """SimpleConvNet."""


network = Training
elementwise = Formula
cross_entropy = Scores
convnet = Convolutional
