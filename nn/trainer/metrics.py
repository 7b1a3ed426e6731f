"""What a Trainer measures besides the loss, and evaluation over all examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import tinygrad_jp as tg

Metrics = Mapping[str, Callable[[Any, Any], float]]


def accuracy(scores: Any, t: Any) -> float:
    """The part of the rows whose largest score is at their label.

    Args:
        scores: (..., classes).
        t: Integer labels (...), or one-hot rows, (..., classes).

    Raises:
        ShapeError: `t` has another shape.

    Example:
        >>> import nn
        >>> nn.accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
        0.5
    """
    given, labels = np.asarray(scores), np.asarray(t)
    if labels.shape == given.shape and given.ndim:
        labels = labels.argmax(axis=-1)
    if labels.shape != given.shape[:-1] or not labels.size:
        raise tg.ShapeError(
            f"accuracy: t must have shape {given.shape[:-1]} or {given.shape} for "
            f"scores of {given.shape}, got {labels.shape}"
        )
    return float(np.mean(given.argmax(axis=-1) == labels))


def usual(scores: tg.Tensor, t: Any) -> Metrics:
    """Accuracy where `t` holds whole numbers, one for each row of scores."""
    labels = np.asarray(t)
    fits = labels.shape == scores.shape[:-1] and scores.shape[-1] > 1
    return {"accuracy": accuracy} if fits and labels.dtype.kind in "iu" else {}


class Means:
    """Means over rows of what is measured batch by batch."""

    def __init__(self, rows: int = 0, totals: Mapping[str, float] | None = None):
        self.rows = rows
        self.totals = dict(totals or {})

    def add(self, rows: int, measured: Mapping[str, float]) -> None:
        """Take in a batch of this many rows."""
        self.rows += rows
        for name, value in measured.items():
            self.totals[name] = self.totals.get(name, 0.0) + rows * value

    def of(self, prefix: str = "") -> dict[str, float]:
        """The means by name."""
        return {prefix + n: total / self.rows for n, total in self.totals.items()}
