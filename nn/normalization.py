"""Normalization of what goes through a network (book, chapter 6.3)."""

from __future__ import annotations

from collections.abc import Sequence
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
            height, width), of which each channel is one feature; or with the features
            at another `axis`. The result: as x.

    Args:
        size: How many features.
        axis: Where the features lie; -1 for images with channels last. Not 0, the
            batch.
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
        axis: int = 1,
        momentum: float = 0.9,
        eps: float = 1e-6,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.size = checks.whole("BatchNormalization", "size", size)
        self.axis = checks.axis("BatchNormalization", axis)
        if not self.axis:
            raise ValueError("BatchNormalization: axis must not be 0, the batch")
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
        shape = self._layout()
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
        x = checks.tensor(x, self.gamma.dtype)
        self._check(x.shape)
        place = self.axis % x.ndim
        along = tuple([self.size if i == place else 1 for i in range(x.ndim)])
        if not self.training:
            centred = x - self.running_mean.reshape(along)
            variance = tg.asarray(self.running_var.reshape(along))
            return self._scaled(centred / tg.sqrt(variance + self.eps), along)
        axes = tuple([i for i in range(x.ndim) if i != place])
        normal, mean, variance = _normalised(x, axes, self.eps)
        result = self._scaled(normal, along)
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

    def _layout(self) -> tuple[Any, ...]:
        """The shape of a batch, with names for the axes that must be there."""
        count = abs(self.axis) - 1
        if self.axis > 0:
            return ("batch", *[f"axis{i}" for i in range(1, count + 1)], self.size, ...)
        return ("batch", ..., self.size, *[f"axis{i}" for i in range(-count, 0)])

    def _check(self, shape: tuple[int, ...]) -> None:
        size, ndim = self.size, len(shape)
        inside = -ndim < self.axis < ndim
        if not inside or shape[self.axis] != size:
            raise self._misfit(shape)
        count = int(np.prod(shape)) // size
        if self.training and count < 2:
            raise tg.ShapeError(
                f"{self._who()}: in training x must hold two numbers or more of "
                f"each feature, got {count} in shape {shape}; use a larger batch, or "
                "eval() for prediction"
            )

    def _misfit(self, shape: tuple[int, ...]) -> tg.ShapeError:
        size = self.size
        needed = {
            1: f"(batch, {size}) or (batch, {size}, height, width)",
            -1: f"(batch, {size}) or (batch, height, width, {size})",
        }.get(self.axis, f"(batch, ...) with length {size} at axis {self.axis}")
        repair = ""
        if shape == (size,) and abs(self.axis) == 1:
            repair = f"; use x.reshape(-1, {size})"
        elif len(shape) > 2 and self.axis == 1 and shape[-1] == size:
            repair = f"; use BatchNormalization({size}, axis=-1)"
        return tg.ShapeError(
            f"{self._who()}: x must have shape {needed}, got {shape}{repair}"
        )

    def _who(self) -> str:
        return checks.who("BatchNormalization", self.name)

    def arguments(self) -> str:
        """The number of features, and where they are, if not at axis 1."""
        return f"{self.size}" + (f", axis={self.axis}" if self.axis != 1 else "")


class LayerNormalization(Module):
    """Each row's own numbers with mean 0 and variance 1, then scaled and shifted.

    ``gamma * (x - mean) / sqrt(var + eps) + beta`` (Ba et al. 2016), with mean and
    variance over the last axes of each row: rows do not mix, and training and
    prediction are alike.

    Shapes:
        x: (..., size), or (..., *size) where several axes are normalised together. The
            result: as x.

    Args:
        size: Length of the last axis, or lengths of the last axes.
        eps: Added to the variance, so that a constant row gives `beta`.
        dtype: Of the parameters. An array that is no Tensor is taken in it too.

    Attributes:
        gamma: Scale, of shape `size`; starts as ones.
        beta: Shift, of shape `size`; starts as zeros.

    Raises:
        ShapeError: Called with other last axes.

    Example:
        >>> import nn
        >>> norm = nn.LayerNormalization(2, eps=1e-12)
        >>> norm(np.array([[1.0, 3.0], [50.0, 90.0]])).tolist()
        [[-1.0, 1.0], [-1.0, 1.0]]
    """

    def __init__(
        self,
        size: int | Sequence[int],
        *,
        eps: float = 1e-5,
        dtype: DTypeLike = np.float32,
    ) -> None:
        kind = "LayerNormalization"
        lengths = tuple(size) if isinstance(size, Sequence) else (size,)
        if not lengths:
            raise ValueError(f"{kind}: size must have one length or more, got ()")
        self.size = tuple([checks.whole(kind, "size", length) for length in lengths])
        self.eps = checks.real(kind, "eps", eps)
        dtype = checks.floating(kind, dtype)
        self.gamma = tg.Tensor(np.ones(self.size, dtype), requires_grad=True)
        self.beta = tg.Tensor(np.zeros(self.size, dtype), requires_grad=True)

    @property
    def contract(self) -> Contract:
        """Each row for itself."""
        shape = ("batch", ..., *self.size)
        return Contract(shape, shape)

    def forward(self, x: Any) -> tg.Tensor:
        """Normalise over the last axes."""
        x = checks.tensor(x, self.gamma.dtype)
        count = len(self.size)
        if x.shape[-count:] != self.size:
            sizes = ", ".join([str(length) for length in self.size])
            raise tg.ShapeError(
                f"{checks.who('LayerNormalization', self.name)}: x must have shape "
                f"(batch, ..., {sizes}), got {x.shape}"
            )
        axes = tuple(range(x.ndim - count, x.ndim))
        result: tg.Tensor = _normalised(x, axes, self.eps)[0] * self.gamma + self.beta
        return result

    def arguments(self) -> str:
        """The size."""
        return f"{self.size[0] if len(self.size) == 1 else self.size}"


def _normalised(
    x: tg.Tensor, axes: tuple[int, ...], eps: float
) -> tuple[tg.Tensor, tg.Tensor, tg.Tensor]:
    """`x` with mean 0 and variance 1 over some axes; its mean and its variance."""
    mean = tg.mean(x, axes, keepdims=True)
    centred = x - mean
    # By rounding, the mean of equal numbers may be off; what is left is not much.
    centred = centred - tg.mean(centred, axes, keepdims=True)
    variance = tg.mean(centred * centred, axes, keepdims=True)
    return centred / tg.sqrt(variance + eps), mean, variance
