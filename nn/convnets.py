"""Convolutional networks as the book has them (chapters 7.5 and 8.1)."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import DTypeLike

import tinygrad_jp as tg
from nn import checks
from nn.activations import ReLU
from nn.convolution import Convolution
from nn.layers import Affine, Dropout, Flatten
from nn.module import Module, Sequential
from nn.network import Network
from nn.pooling import Pooling


class SimpleConvNet(Network):
    """Convolution, ReLU, Pooling, Affine, ReLU, Affine (book, chapter 7.5).

    Args:
        input_shape: Of a picture: (channels, height, width).
        filters: How many filters.
        filter_size: Their height and width.
        padding: Zeros around each picture.
        stride: How far the filters step.
        hidden_size: Neurons of the hidden Affine.
        output_size: Classes.
        weight_init_std: Standard deviation of the weights at the start.
        rng: Draws the weights.
        dtype: Of the parameters.

    Raises:
        ValueError: A picture that is too small for the filters and the pooling.

    Example:
        >>> import nn
        >>> import numpy as np
        >>> net = nn.SimpleConvNet(rng=np.random.default_rng(0))
        >>> net.predict(np.zeros((2, 1, 28, 28))).shape
        (2, 10)
        >>> list(net.params)
        ['W1', 'b1', 'W2', 'b2', 'W3', 'b3']
    """

    def __init__(
        self,
        input_shape: Sequence[int] = (1, 28, 28),
        *,
        filters: int = 30,
        filter_size: int = 5,
        padding: int = 0,
        stride: int = 1,
        hidden_size: int = 100,
        output_size: int = 10,
        weight_init_std: float = 0.01,
        rng: np.random.Generator,
        dtype: DTypeLike = np.float32,
    ) -> None:
        owner = "SimpleConvNet"
        shape = _picture(owner, input_shape)
        std = checks.real(owner, "weight_init_std", weight_init_std, zero=True)
        features = [
            Convolution(
                *(shape[0], filters, filter_size, stride, padding),
                rng=rng,
                std=std,
                dtype=dtype,
            ),
            ReLU(),
            Pooling(2),
            Flatten(),
        ]
        size = _size_behind(owner, features, shape, dtype)
        first = Affine(size, hidden_size, rng=rng, std=std, dtype=dtype)
        second = Affine(hidden_size, output_size, rng=rng, std=std, dtype=dtype)
        super().__init__([*features, first, ReLU(), second], example_shape=shape)


class DeepConvNet(Network):
    """Six convolutions in three stages, and two Affines with Dropout (chapter 8.1).

    Each stage is Convolution, ReLU, Convolution, ReLU, Pooling, with 16, 32 and 64
    filters of 3x3. All weights start as He et al. (2015) have it.

    Args:
        input_shape: Of a picture: (channels, height, width).
        hidden_size: Neurons of the hidden Affine.
        output_size: Classes.
        dropout_ratio: Of both Dropouts.
        rng: Draws the weights, and what is dropped.
        dtype: Of the parameters.

    Raises:
        ValueError: A picture that is too small for three stages.

    Example:
        >>> import nn
        >>> import numpy as np
        >>> net = nn.DeepConvNet(rng=np.random.default_rng(0))
        >>> net.predict(np.zeros((2, 1, 28, 28))).shape
        (2, 10)
        >>> sum(parameter.size for parameter in net.parameters())
        123552
    """

    def __init__(
        self,
        input_shape: Sequence[int] = (1, 28, 28),
        *,
        hidden_size: int = 50,
        output_size: int = 10,
        dropout_ratio: float = 0.5,
        rng: np.random.Generator,
        dtype: DTypeLike = np.float32,
    ) -> None:
        owner = "DeepConvNet"
        shape = _picture(owner, input_shape)
        features: list[Module] = []
        channels = shape[0]
        # The book pads the fourth by 2: 28 pixels become 14, 16, 8 and 4.
        for filters, paddings in ((16, (1, 1)), (32, (1, 2)), (64, (1, 1))):
            for padding in paddings:
                features += [
                    Convolution(channels, filters, 3, 1, padding, rng=rng, dtype=dtype),
                    ReLU(),
                ]
                channels = filters
            features.append(Pooling(2))
        features.append(Flatten())
        size = _size_behind(owner, features, shape, dtype)
        layers = [
            *features,
            Affine(size, hidden_size, rng=rng, dtype=dtype),
            ReLU(),
            Dropout(dropout_ratio, rng=rng),
            Affine(hidden_size, output_size, rng=rng, dtype=dtype),
            Dropout(dropout_ratio, rng=rng),
        ]
        super().__init__(layers, example_shape=shape)


def _picture(owner: str, shape: Sequence[int]) -> tuple[int, int, int]:
    """The shape of a picture, checked."""
    if len(shape) != 3:
        raise ValueError(
            f"{owner}: input_shape must be (channels, height, width), got {shape}"
        )
    channels, height, width = (
        checks.whole(owner, f"input_shape[{i}]", n) for i, n in enumerate(shape)
    )
    return channels, height, width


def _size_behind(
    owner: str, layers: list[Module], shape: tuple[int, ...], dtype: DTypeLike
) -> int:
    """How many numbers layers make of a picture."""
    picture = np.zeros((1, *shape), dtype)
    try:
        with tg.no_grad():
            return prod(Sequential(*layers)(picture).shape)
    except ValueError as error:
        raise ValueError(
            f"{owner}: pictures of {shape[1]} x {shape[2]} are too small: {error}"
        ) from error
