"""Convolution: filters that slide over pictures (book, chapter 7)."""

from __future__ import annotations

from math import isqrt, prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import tinygrad_jp as tg
from nn import checks
from nn.contract import Contract
from nn.init import Init, he, weights, zeros
from nn.windows import AXES, Lengths, Padding, Windows


class Convolution(Windows):
    """Each filter, slid over each picture of a batch (book, chapters 7.2 and 7.4).

    `b` starts as zeros and `W`, if not told otherwise, as He et al. (2015) have it,
    with `fan_in` the numbers under a filter.

    Shapes:
        x: (batch, in_channels, height, width); the result: (batch, out_channels,
            height, width), the latter two ``(length + padding - size) // stride + 1``.

    Args:
        in_channels: Channels of a picture: 1 if it is grey.
        out_channels: How many filters; each gives a channel of the result.
        size: Of a filter: an int, or (height, width); with one length or three,
            signals or volumes are taken in place of pictures.
        stride: How far apart windows start: an int, or one for each axis.
        padding: Zeros around each picture: an int, for each axis an int or (before,
            after), or "same": so many that the result has ``ceil(length / stride)``
            places, an odd one of them at the end.
        rng: Draws `W`.
        init: How `W` starts, as in `Affine`.
        std: A standard deviation, in place of `init`.
        dtype: Of the parameters. An array that is no Tensor is taken in it too.

    Attributes:
        W: Filters, (out_channels, in_channels, height, width).
        b: Bias, (out_channels,).

    Raises:
        ShapeError: Called with other axes or channels, or pictures below the size.

    Example:
        >>> import nn
        >>> rng = np.random.default_rng(0)
        >>> nn.Convolution(1, 30, 5, rng=rng)(np.zeros((100, 1, 28, 28))).shape
        (100, 30, 24, 24)
        >>> nn.Convolution(3, 16, (3, 3), padding="same", rng=rng)
        Convolution(3, 16, 3, padding="same")  448 parameters
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: Lengths,
        stride: Lengths = 1,
        padding: Padding = 0,
        *,
        rng: np.random.Generator,
        init: Init | None = None,
        std: float | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.in_channels = checks.whole("Convolution", "in_channels", in_channels)
        self.out_channels = checks.whole("Convolution", "out_channels", out_channels)
        super().__init__(size, stride, padding, within=False)
        self.W = weights(
            "Convolution",
            (self.out_channels, self.in_channels, *self.size),
            fan_in=self.in_channels * prod(self.size),
            rng=rng,
            init=init,
            std=std,
            default=he,
            dtype=dtype,
        )
        self.b = zeros((self.out_channels,), dtype)

    @property
    def contract(self) -> Contract:
        """Each picture for itself."""
        axes = AXES[len(self.size)]
        return Contract(
            ("batch", self.in_channels, *axes), self._gives, least=self.least()
        )

    def _gives(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        counts = self.counts(shape[2:], self.ends(shape[2:]))
        return (shape[0], self.out_channels, *counts)

    def forward(self, x: Any) -> tg.Tensor:
        """Multiply each window with each filter, sum, and add the bias."""
        x = checks.tensor(x, self.W.dtype)
        if x.ndim != len(self.size) + 2 or x.shape[1] != self.in_channels:
            raise self._misfit(x.shape)
        ends = self.ends(x.shape[2:])
        self.counts(x.shape[2:], ends)
        return tg.conv(x, self.W, self.b, stride=self.stride, padding=ends)

    def _misfit(self, shape: tuple[int, ...]) -> tg.ShapeError:
        count, channels = len(self.size), self.in_channels
        repair = ""
        if len(shape) == count + 2 and shape[-1] == channels:
            repair = "; use np.moveaxis(x, -1, 1)"
        elif len(shape) == count + 1 and channels == 1:
            repair = "; use x[:, None]"
        elif len(shape) == count + 1 and shape[0] == channels:
            repair = "; use x[None]"
        elif len(shape) == 2 == count and not shape[1] % channels:
            side = isqrt(shape[1] // channels)
            if side and side * side * channels == shape[1]:
                repair = f"; use x.reshape(-1, {channels}, {side}, {side})"
        return tg.ShapeError(
            f"{checks.who('Convolution', self.name)}: x must have shape (batch, "
            f"{channels}, {', '.join(AXES[count])}), got {shape}{repair}"
        )

    def arguments(self) -> str:
        """Channels, and how the filters slide."""
        settings = self.settings((1,) * len(self.size))
        return f"{self.in_channels}, {self.out_channels}, {settings}"
