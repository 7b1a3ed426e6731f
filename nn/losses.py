"""Losses: one number that says how wrong the scores are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import tinygrad_jp as tg
from nn import checks
from nn.contract import Contract
from nn.module import Module

_SUM_TOLERANCE = 1e-3  # what float16 needs for rows of a few hundred classes


class SoftmaxWithLoss(Module):
    """Mean cross entropy of softmax(scores) over the batch (book, chapter 5.6.3).

    Shapes:
        scores: (batch, classes), before any softmax.
        t: integer labels (batch,), or one row of probabilities for each row of
            scores, (batch, classes): one-hot rows, or soft ones.
        The result: a scalar of the scores' dtype.

    Raises:
        ShapeError: Shapes that do not belong together, or an empty batch.
        ValueError: A label that is no class, or a row of t that is negative or does
            not sum to 1.
        TypeError: Labels that are no integers.

    Example:
        >>> import nn
        >>> loss = nn.SoftmaxWithLoss()
        >>> scores = [[0.0, 0.0], [5.0, 0.0]]
        >>> round(loss(scores, [0, 0]).item(), 4)
        0.3499
        >>> round(loss(scores, [[1, 0], [1, 0]]).item(), 4)
        0.3499
        >>> loss(scores, [0, 2])
        Traceback (most recent call last):
            ...
        ValueError: SoftmaxWithLoss: labels must be 0 to 1 for 2 classes, \
got 2 in row 1
    """

    @property
    def contract(self) -> Contract:
        """A mean over the rows, and of each row only the scores' differences count."""
        return Contract(
            takes=("batch", "classes"),
            gives=(),
            mixes_rows=True,
            laws=(
                ("duplicate_batch_invariant", {}),
                ("permutation_invariant", {"axis": 0}),
                ("shift_invariant", {"axis": -1}),
            ),
            labels={"t": "classes"},
        )

    def forward(self, scores: Any, t: Any) -> tg.Tensor:
        """``-sum(t * log(softmax(scores))) / batch``."""
        scores = checks.tensor(scores, name="scores")
        t = checks.tensor(t, name="t")
        _check(scores.shape, t)
        log_y = tg.log_softmax(scores)
        if t.ndim == 1:
            picked = log_y[np.arange(len(t)), t]
        else:
            picked = log_y * checks.in_dtype(t, scores.dtype)
        return tg.sum(picked) * (-1.0 / len(t))


def _check(shape: tuple[int, ...], t: tg.Tensor) -> None:
    """Refuse a target that does not belong to scores of this shape."""
    if len(shape) != 2 or 0 in shape:
        raise tg.ShapeError(
            f"SoftmaxWithLoss: scores must have shape (batch, classes), got {shape}"
            + ("; use scores.reshape(1, -1)" if len(shape) == 1 else "")
        )
    batch, classes = shape
    if t.shape == (batch,):
        _check_labels(t.data, classes)
    elif t.shape == shape:
        _check_rows(t.data)
    else:
        hint = "; use t.reshape(-1)" if t.size == batch else ""
        raise tg.ShapeError(
            f"SoftmaxWithLoss: t must have shape ({batch},) or {shape} "
            f"for scores of {shape}, got {t.shape}{hint}"
        )


def _check_labels(t: NDArray[Any], classes: int) -> None:
    if t.dtype.kind not in "iu":
        raise TypeError(
            f"SoftmaxWithLoss: labels must be integers, got {t.dtype}; "
            "use t.astype(np.int64)"
        )
    if np.minimum.reduce(t) < 0 or np.maximum.reduce(t) >= classes:
        row = int(np.argmax((t < 0) | (t >= classes)))
        raise ValueError(
            f"SoftmaxWithLoss: labels must be 0 to {classes - 1} for {classes} "
            f"classes, got {t[row]} in row {row}"
        )


def _check_rows(t: NDArray[Any]) -> None:
    sums = np.add.reduce(t, 1)
    # Written so that a NaN is refused too.
    if not np.minimum.reduce(t, None) >= 0:
        row = int(np.argmax(~(t >= 0).all(axis=1)))
        raise ValueError(
            f"SoftmaxWithLoss: each row of t must hold numbers from 0 to 1, "
            f"got {t[row].min():g} in row {row}"
        )
    if not np.maximum.reduce(np.abs(sums - 1)) <= _SUM_TOLERANCE:
        row = int(np.argmax(np.abs(sums - 1)))
        raise ValueError(
            f"SoftmaxWithLoss: each row of t must sum to 1, "
            f"got {sums[row]:g} in row {row}"
        )
