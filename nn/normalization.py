"""Normalization of what goes through a network (book, chapter 6.3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import tinygrad_jp as tg
from nn import checks
from nn.contract import Contract
from nn.module import Module


class BatchNormalization(Module):
    """Each feature with mean 0 and variance 1 over the batch, then scaled and shifted.

    ``gamma * (x - mean) / sqrt(var + eps) + beta`` (Ioffe, Szegedy 2015; book, chapter
    6.3). In training, mean and variance are those of the batch, and so rows mix. For
    prediction, after `eval()`, they are running averages of those met in training:
    each row is treated for itself.

    Shapes:
        x: (batch, size), or (batch, size, ...) such as images, (batch, channels,
            height, width), of which each channel is one feature. The result: as x.

    Args:
        size: How many features.
        momentum: The part of the running averages that a batch leaves as it is; what
            PyTorch calls momentum is 1 minus this.
        eps: Added to the variance, so that a constant feature gives `beta`.
        dtype: Of parameters and running averages.

    Attributes:
        gamma: Scale, (size,); starts as ones.
        beta: Shift, (size,); starts as zeros.
        running_mean: Average of means, an array (size,); starts as zeros.
        running_var: Average of variances, an array (size,); starts as ones, so that
            a fresh layer predicts what comes in.

    Raises:
        ShapeError: Called with another number of features, or in training with a
            single number of each, whose variance says nothing.

    Example:
        >>> import nn
        >>> norm = nn.BatchNormalization(2)
        >>> x = np.array([[1.0, 50.0], [3.0, 90.0]])
        >>> norm(x).tolist()
        [[-0.9999995231628418, -1.0], [0.9999995231628418, 1.0]]
        >>> norm.running_mean
        array([0.2, 7. ], dtype=float32)
        >>> norm.eval()(x[:1]).shape
        (1, 2)
    """

    def __init__(
        self,
        size: int,
        *,
        momentum: float = 0.9,
        eps: float = 1e-6,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.size = checks.whole("BatchNormalization", "size", size)
        self.momentum = checks.real(
            "BatchNormalization", "momentum", momentum, zero=True
        )
        if self.momentum > 1:
            raise ValueError(
                f"BatchNormalization: momentum must be at most 1, got {momentum:g}"
            )
        self.eps = checks.real("BatchNormalization", "eps", eps)
        checks.floating("BatchNormalization", dtype)
        ones, zeros = np.ones(self.size, dtype), np.zeros(self.size, dtype)
        self.gamma = tg.Tensor(ones, requires_grad=True)
        self.beta = tg.Tensor(zeros, requires_grad=True)
        self.running_mean: NDArray[Any] = zeros
        self.running_var: NDArray[Any] = ones

    @property
    def contract(self) -> Contract:
        """In training rows mix, in any order alike; for prediction they do not."""
        shape = ("batch", self.size, ...)
        if not self.training:
            return Contract(shape, shape)
        return Contract(
            shape,
            shape,
            mixes_rows=True,
            laws=(
                ("permutation_equivariant", {"axis": 0}),
                ("duplicate_batch_invariant", {}),
            ),
        )

    def forward(self, x: Any) -> tg.Tensor:
        """Normalise each feature, and remember its mean and variance in training."""
        if not isinstance(x, tg.Tensor):
            x = tg.Tensor(x, dtype=self.gamma.dtype, name="x")
        self._check(x.shape)
        along = (1, self.size) + (1,) * (x.ndim - 2)
        if not self.training:
            centred = x - self.running_mean.reshape(along)
            variance = tg.asarray(self.running_var.reshape(along))
            return self._scaled(centred / tg.sqrt(variance + self.eps), along)
        axes = (0, *range(2, x.ndim))
        mean = tg.mean(x, axes, keepdims=True)
        centred = x - mean
        # By rounding, the mean of equal numbers may be off; what is left is not much.
        centred = centred - tg.mean(centred, axes, keepdims=True)
        variance = tg.mean(centred * centred, axes, keepdims=True)
        result = self._scaled(centred / tg.sqrt(variance + self.eps), along)
        self._remember(mean, variance)  # last: not if anything above has failed
        return result

    def _scaled(self, x: tg.Tensor, along: tuple[int, ...]) -> tg.Tensor:
        result: tg.Tensor = x * self.gamma.reshape(along) + self.beta.reshape(along)
        return result

    def _remember(self, mean: tg.Tensor, variance: tg.Tensor) -> None:
        """Move the running averages towards a batch; arrays, so nothing is recorded."""
        averages = []
        for average, new in ((self.running_mean, mean), (self.running_var, variance)):
            part = (1 - self.momentum) * new.data.reshape(self.size)
            averages.append((self.momentum * average + part).astype(average.dtype))
        self.running_mean, self.running_var = averages

    def _check(self, shape: tuple[int, ...]) -> None:
        size = self.size
        if len(shape) < 2 or shape[1] != size:
            repair = f"; use x.reshape(-1, {size})" if shape == (size,) else ""
            raise tg.ShapeError(
                f"BatchNormalization: x must have shape (batch, {size}) or (batch, "
                f"{size}, height, width), got {shape}{repair}"
            )
        count = shape[0] * int(np.prod(shape[2:]))
        if self.training and count < 2:
            raise tg.ShapeError(
                "BatchNormalization: in training x must hold two numbers or more of "
                f"each feature, got {count} in shape {shape}; use a larger batch, or "
                "eval() for prediction"
            )

    def arguments(self) -> str:
        """The number of features."""
        return f"{self.size}"
