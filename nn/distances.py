"""Losses that compare number by number: results with targets of the same shape.

They take the mean over all numbers, or the sum with ``reduction="sum"``. Shapes that
NumPy would broadcast are refused: (batch, 1) against (batch,) would compare every
number with every other.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

import tinygrad_jp as tg
from nn import checks
from nn.contract import Contract
from nn.module import Module


class Distance(Module):
    """What the losses of this page share: shapes, dtypes, and mean or sum.

    Args:
        reduction: "mean" or "sum" over all numbers.
    """

    _targets: ClassVar[str] = "real"

    def __init__(self, *, reduction: str = "mean") -> None:
        kind = type(self).__name__
        self.reduction = checks.choice(kind, "reduction", reduction, "mean", "sum")

    @property
    def contract(self) -> Contract:
        """A mean or a sum over the rows, in any order."""
        laws: tuple[Any, ...] = (("permutation_invariant", {"axis": 0}),)
        if self.reduction == "mean":
            laws = (("duplicate_batch_invariant", {}), *laws)
        return Contract(
            gives=(), mixes_rows=True, laws=laws, targets={"t": self._targets}
        )

    def forward(self, y: Any, t: Any) -> tg.Tensor:
        """One number, for results `y` and targets `t` of one shape."""
        y = checks.tensor(y, name="y")
        t = checks.tensor(t, name="t")
        if y.dtype.kind != "f":
            y = y.astype("float64")
        self._check(y, t)
        each = self._each(y, checks.in_dtype(t, y.dtype))
        return tg.mean(each) if self.reduction == "mean" else tg.sum(each)

    def _each(self, y: tg.Tensor, t: tg.Tensor) -> tg.Tensor:
        """The loss of each number."""
        raise TypeError(f"{type(self).__name__}: needs a method _each")

    def _check(self, y: tg.Tensor, t: tg.Tensor) -> None:
        kind = checks.who(type(self).__name__, self.name)
        if y.shape != t.shape:
            shape = ", ".join(str(length) for length in y.shape)
            hint = f"; use t.reshape({shape})" if t.size == y.size and shape else ""
            raise tg.ShapeError(
                f"{kind}: t must have the shape of y, {y.shape}, got {t.shape}{hint}"
            )
        if not y.size:
            raise tg.ShapeError(f"{kind}: y must not be empty, got shape {y.shape}")

    def arguments(self) -> str:
        """The reduction, if it is not the mean."""
        return "" if self.reduction == "mean" else f'reduction="{self.reduction}"'


class MeanSquaredError(Distance):
    """``mean((y - t) ** 2)``, as PyTorch's ``MSELoss``.

    The book's (chapter 4.2.1) is half the sum: ``0.5 * sum((y - t) ** 2)``, which is
    ``0.5 * nn.MeanSquaredError(reduction="sum")(y, t)``.

    Shapes:
        y: results of any shape.
        t: targets of the same.
        The result: a scalar of y's dtype.

    Args:
        reduction: "mean" or "sum" over all numbers.

    Raises:
        ShapeError: Shapes that differ, or no number at all.

    Example:
        >>> import nn
        >>> nn.MeanSquaredError()([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.0, 2.0]])
        Tensor(1.)
        >>> nn.MeanSquaredError()([[1.0], [2.0]], [1.0, 2.0])
        Traceback (most recent call last):
            ...
        tinygrad_jp.errors.ShapeError: MeanSquaredError: t must have the shape of y, \
(2, 1), got (2,); use t.reshape(2, 1)
    """

    def _each(self, y: tg.Tensor, t: tg.Tensor) -> tg.Tensor:
        difference = y - t
        squares: tg.Tensor = difference * difference
        return squares


class L1(Distance):
    """``mean(abs(y - t))``, the mean absolute error; PyTorch's ``L1Loss``.

    An outlier counts by its distance, not by its square. The gradient is 0 where `y`
    equals `t`.

    Shapes:
        y: results of any shape.
        t: targets of the same.
        The result: a scalar of y's dtype.

    Args:
        reduction: "mean" or "sum" over all numbers.

    Raises:
        ShapeError: Shapes that differ, or no number at all.

    Example:
        >>> import nn
        >>> nn.L1()([1.0, 2.0, 3.0], [1.0, 2.0, 6.0])
        Tensor(1.)
    """

    def _each(self, y: tg.Tensor, t: tg.Tensor) -> tg.Tensor:
        return tg.abs(y - t)


class Huber(Distance):
    """Half the square of small differences, and for larger ones a straight line.

    ``0.5 * d**2`` where ``abs(d) <= delta``, else ``delta * (abs(d) - 0.5 * delta)``,
    with ``d = y - t`` (Huber 1964); PyTorch's ``HuberLoss``.

    Shapes:
        y: results of any shape.
        t: targets of the same.
        The result: a scalar of y's dtype.

    Args:
        delta: Where the line begins; above 0.
        reduction: "mean" or "sum" over all numbers.

    Raises:
        ShapeError: Shapes that differ, or no number at all.

    Example:
        >>> import nn
        >>> nn.Huber()([1.0, 0.0], [0.0, 3.0])
        Tensor(1.5)
    """

    def __init__(self, delta: float = 1.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.delta = checks.real("Huber", "delta", delta)

    def _each(self, y: tg.Tensor, t: tg.Tensor) -> tg.Tensor:
        difference = y - t
        near = tg.clip(difference, -self.delta, self.delta)
        losses: tg.Tensor = near * (difference - 0.5 * near)
        return losses

    def arguments(self) -> str:
        """Where the line begins, and the reduction."""
        return ", ".join(filter(None, (f"{self.delta:g}", super().arguments())))


class SigmoidWithLoss(Distance):
    """Mean binary cross entropy of sigmoid(scores), for answers of yes or no.

    ``-(t * log(p) + (1 - t) * log(1 - p))`` with ``p = sigmoid(score)``, computed from
    the scores themselves so that no log of 0 is taken (book, second volume, chapter
    4.2); PyTorch's ``BCEWithLogitsLoss``. Each number is a question of its own.

    Shapes:
        scores: any shape, before any sigmoid.
        t: labels 0 and 1, booleans, or probabilities; of the same shape.
        The result: a scalar of the scores' dtype.

    Args:
        reduction: "mean" or "sum" over all numbers.

    Raises:
        ShapeError: Shapes that differ, or no number at all.
        ValueError: A target that is not from 0 to 1.

    Example:
        >>> import nn
        >>> nn.SigmoidWithLoss()([1000.0, -1000.0, 0.0], [1, 0, 1])
        Tensor(0.23104906)
    """

    _targets = "probability"

    def _each(self, y: tg.Tensor, t: tg.Tensor) -> tg.Tensor:
        losses: tg.Tensor = t * tg.softplus(-y) + (1.0 - t) * tg.softplus(y)
        return losses

    def _check(self, y: tg.Tensor, t: tg.Tensor) -> None:
        super()._check(y, t)
        # Written so that a NaN is refused too.
        if not (np.minimum.reduce(t.data, None) >= 0 and t.data.max() <= 1):
            place = tuple(np.argwhere(~((t.data >= 0) & (t.data <= 1)))[0].tolist())
            raise ValueError(
                f"{checks.who('SigmoidWithLoss', self.name)}: t must hold numbers from "
                f"0 to 1, got {t.data[place]:g}" + (f" at {place}" if place else "")
            )
