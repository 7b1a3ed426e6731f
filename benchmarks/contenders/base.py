"""What most programs do alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def pairs(parameters: list[Any]) -> list[tuple[Any, Any]]:
    """Weights and biases that stand in turn, as one pair a layer."""
    return list(zip(parameters[::2], parameters[1::2], strict=True))


class Program:
    """Work that is done when `step` returns."""

    def wait(self) -> None:
        """Nothing is left to wait for."""


class Recorded(Program):
    """A program of a library that records, and leaves gradients in `p.grad`.

    Its `loss` runs the forward pass, and `leaves` are what gets gradients.
    """

    leaves: list[Any]

    def loss(self) -> Any:
        """Forward pass."""
        raise NotImplementedError

    def clear(self) -> None:
        """Forget the gradients."""
        for p in self.leaves:
            p.grad = None

    def gradients(self) -> tuple[float, list[NDArray[Any]]]:
        """Value and gradients; nothing is updated."""
        self.clear()
        loss = self.loss()
        loss.backward()
        return self.number(loss), [self.array(p.grad) for p in self.leaves]

    def parameters(self) -> list[NDArray[Any]]:
        """Copies of the parameters."""
        return [self.array(p) for p in self.leaves]

    def array(self, value: Any) -> NDArray[Any]:
        """A copy as an ndarray."""
        return np.array(value)

    def number(self, value: Any) -> float:
        """A scalar as a Python number."""
        return float(value)


class Repeated(Recorded):
    """A program that trains nothing: forward and backward from the same place."""

    def step(self) -> None:
        """Record, backpropagate, free."""
        self.clear()
        self.loss().backward()

    def parameters(self) -> list[NDArray[Any]]:
        """Nothing is trained."""
        return []
