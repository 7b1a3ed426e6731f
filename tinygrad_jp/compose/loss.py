"""Losses: one number that says how wrong the scores are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp.compose.activation import log_softmax
from tinygrad_jp.compose.arguments import axes_of
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import as_tensor

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any

_REDUCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": f.mean,
    "sum": f.sum,
    "none": lambda losses: losses,
}


def cross_entropy(
    logits: Operand, labels: Operand, /, axis: int = -1, reduction: str = "mean"
) -> Tensor:
    """``-log(softmax(logits))`` of the right classes, stable for any logits.

    Args:
        logits: Scores, before any softmax, with the classes along `axis`.
        labels: Integers, in the shape of `logits` without `axis`; or floating-point
            probabilities in the shape of `logits`, weighted with which the logs are
            added (a class of probability 0 counts 0, even if its log is -inf).
        axis: Of the classes.
        reduction: "mean" or "sum" over all labels, or "none" to leave one for each.

    Raises:
        ShapeError: Shapes that do not belong together.
        TypeError: Labels that are neither integers nor floating-point numbers.
        ValueError: A label that is no class, or an unknown reduction.

    Example:
        >>> import tinygrad_jp as tg
        >>> scores = tg.Tensor([[0.0, 0.0], [1000.0, 0.0]])
        >>> tg.cross_entropy(scores, [0, 1], reduction="none")
        Tensor([6.93147181e-01, 1.00000000e+03])
        >>> tg.cross_entropy(scores, [[0.5, 0.5], [1.0, 0.0]], reduction="sum")
        Tensor(0.69314718)
    """
    if reduction not in _REDUCTIONS:
        raise ValueError(
            f'cross_entropy: reduction must be "mean", "sum" or "none", '
            f"got {reduction!r}"
        )
    logits = as_tensor("cross_entropy", logits)
    labels = as_tensor("cross_entropy", labels)
    (axis,) = axes_of("cross_entropy", axis, logits.ndim)
    if labels.dtype.kind == "f":
        losses = _of_probabilities(logits, labels, axis)
    else:
        losses = _of_classes(logits, labels, axis)
    return _REDUCTIONS[reduction](losses)


def _of_probabilities(logits: Tensor, labels: Tensor, axis: int) -> Tensor:
    if labels.shape != logits.shape:
        raise ShapeError(
            f"cross_entropy: probabilities must have the logits' shape {logits.shape}, "
            f"got {labels.shape}"
        )
    if labels.dtype != logits.dtype and logits.dtype.kind == "f":
        labels = f.astype(labels, logits.dtype)
    log_p = log_softmax(logits, axis)
    nothing = f.bitwise_and(f.equal(labels, 0.0), f.equal(log_p, -np.inf))
    log_p = f.where(nothing, 0.0, log_p)
    return f.negative(f.sum(f.multiply(labels, log_p), axis=axis))


def _of_classes(logits: Tensor, labels: Tensor, axis: int) -> Tensor:
    if labels.dtype.kind not in "iu":
        raise TypeError(
            "cross_entropy: labels must be integers, or probabilities in floating "
            f"point, got {labels.dtype}"
        )
    rows = (*logits.shape[:axis], *logits.shape[axis + 1 :])
    if labels.shape != rows:
        hint = "; for one-hot rows use labels.astype(logits.dtype)"
        raise ShapeError(
            f"cross_entropy: integer labels for logits of shape {logits.shape} must "
            f"have shape {rows}, got {labels.shape}"
            + (hint if labels.shape == logits.shape else "")
        )
    numbers = np.array(labels)
    classes = logits.shape[axis]
    wrong = np.argwhere((numbers < 0) | (numbers >= classes))
    if len(wrong):
        place = tuple(wrong[0].tolist())
        raise ValueError(
            f"cross_entropy: labels must be 0 to {classes - 1} for {classes} classes, "
            f"got {numbers[place]} at {place} ({len(wrong)} of {numbers.size} wrong)"
        )
    places = np.indices(rows, sparse=True)
    index = (*places[:axis], numbers, *places[axis:])
    return f.negative(f.getitem(log_softmax(logits, axis), index=index))
