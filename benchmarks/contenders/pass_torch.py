"""The same pass as `pass_numpy`, by PyTorch."""

from __future__ import annotations

import torch

from benchmarks.contenders import base, with_torch
from benchmarks.problems import Array, CrossEntropy, Elementwise

versions = with_torch.versions


class Pass(base.Program):
    """Into memory that is there already."""

    def __init__(self, x: Array) -> None:
        self.x = torch.tensor(x)
        self.out = torch.empty_like(self.x)

    def step(self) -> None:
        """All numbers once."""
        torch.mul(self.x, 0.5, out=self.out)


def elementwise(problem: Elementwise) -> Pass:
    """Over its matrix."""
    return Pass(problem.x)


def cross_entropy(problem: CrossEntropy) -> Pass:
    """Over the scores."""
    return Pass(problem.z)
