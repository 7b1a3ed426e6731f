"""What is solved: shapes and data. Knows NumPy and no library that is compared.

A problem is data alone. Its `kind` names the function by which a contender turns it
into a program (see `benchmarks.contenders`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.random import default_rng  # loaded with this page, before memory is weighed
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Network:
    """One step of training: forward, backward and SGD, on one batch.

    Attributes:
        x: Inputs, (batch, in).
        t: Labels, (batch,), integers.
        rows: 0 to batch - 1, to pick the label's column of each row.
        parameters: Weights (in, out) and biases (out,) in turn, layer by layer.
        activation: Between layers, "relu" or "sigmoid".
        lr: Learning rate of SGD.
        steps_to_check: After how many steps the parameters are compared.
    """

    kind: ClassVar[str] = "network"

    x: Array
    t: Array
    rows: Array
    parameters: tuple[Array, ...]
    activation: str
    lr: float
    steps_to_check: int = 3


@dataclass(frozen=True)
class Chain:
    """Many ops in a row: ``h = h * factor``, ``h = h + term``, and so on; a sum.

    Attributes:
        x: Where the chain starts; gets the gradient.
        factor: A constant so near to 1 that a million ops neither grow nor fade.
        term: A constant.
        length: Number of ops, even.
    """

    kind: ClassVar[str] = "chain"
    steps_to_check: ClassVar[int] = 0

    x: Array
    factor: Array
    term: Array
    length: int


@dataclass(frozen=True)
class Elementwise:
    """``sum(tanh(x·a + b) · exp(-x²))``, forward and backward.

    Attributes:
        x: A matrix; gets the gradient.
        a: A constant, a scalar of the dtype of `x`.
        b: Another.
    """

    kind: ClassVar[str] = "elementwise"
    steps_to_check: ClassVar[int] = 0

    x: Array
    a: Any
    b: Any


@dataclass(frozen=True)
class CrossEntropy:
    """The mean cross entropy of softmax, composed of primitives, and its gradient.

    Attributes:
        z: Scores, (batch, classes); get the gradient.
        t: Labels, (batch,), integers.
        rows: 0 to batch - 1.
    """

    kind: ClassVar[str] = "cross_entropy"
    steps_to_check: ClassVar[int] = 0

    z: Array
    t: Array
    rows: Array


@dataclass(frozen=True)
class ConvNet:
    """Forward and backward of the book's SimpleConvNet (chapter 7.5), on one batch.

    Convolution (stride 1, no padding), ReLU, max pooling of 2x2, affine, ReLU, affine,
    cross entropy of softmax.

    Attributes:
        x: Pictures, (batch, channels, height, width).
        t: Labels, (batch,), integers.
        rows: 0 to batch - 1.
        parameters: Filters (filters, channels, size, size) and their biases
            (filters,); weights (in, out) and biases (out,) of both affine layers.
    """

    kind: ClassVar[str] = "convnet"
    steps_to_check: ClassVar[int] = 0

    x: Array
    t: Array
    rows: Array
    parameters: tuple[Array, ...]


Problem = Network | Chain | Elementwise | CrossEntropy | ConvNet

NEAR = 1e-6
"""What is nearer to a kink of ReLU than this, in standard deviations, is rounding's.

In float32 some 1e-7 of rounding decides there on which side a number falls, and with
it on one row's share of a gradient: contenders would rightly differ.
"""


def network(
    seed: int,
    *,
    sizes: Sequence[int],
    batch: int,
    scale: float,
    activation: str,
    lr: float,
    dtype: type,
    steps_to_check: int = 3,
) -> Network:
    """Random inputs, labels and weights for layers of `sizes`, clear of kinks."""
    rng = default_rng(seed)
    while True:
        problem = Network(
            x=rng.random((batch, sizes[0])).astype(dtype),
            t=rng.integers(0, sizes[-1], batch),
            rows=np.arange(batch),
            parameters=_affine(rng, sizes, scale, dtype),
            activation=activation,
            lr=lr,
            steps_to_check=steps_to_check,
        )
        if activation != "relu" or not _near_a_kink(problem):
            return problem


def _affine(
    rng: np.random.Generator, sizes: Sequence[int], scale: float, dtype: type
) -> tuple[Array, ...]:
    """Random weights and zero biases in turn."""
    parameters: list[Array] = []
    for before, after in pairwise(sizes):
        parameters.append((scale * rng.standard_normal((before, after))).astype(dtype))
        parameters.append(np.zeros(after, dtype))
    return tuple(parameters)


def _near_a_kink(problem: Network) -> bool:
    """Whether rounding decides on which side of 0 some hidden number falls."""
    h = problem.x.astype(np.float64)
    for weight in problem.parameters[:-2:2]:
        z = h @ weight
        if np.abs(z).min() < NEAR * z.std():
            return True
        h = np.maximum(z, 0)
    return False


def xor(seed: int) -> Network:
    """The four rows of XOR, for a net 2-4-2."""
    rng = default_rng(seed)
    return Network(
        x=np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]),
        t=np.array([0, 1, 1, 0]),
        rows=np.arange(4),
        parameters=(
            rng.random((2, 4)),
            rng.standard_normal(4),
            rng.random((4, 2)),
            rng.standard_normal(2),
        ),
        activation="sigmoid",
        lr=0.01,
    )


def chain(seed: int, *, length: int) -> Chain:
    """A chain on four float64 numbers."""
    rng = default_rng(seed)
    return Chain(
        x=rng.random(4),
        factor=np.full(4, 1 - 1e-6),
        term=np.full(4, 1e-6),
        length=length,
    )


def elementwise(seed: int, *, shape: tuple[int, ...], dtype: type) -> Elementwise:
    """Normally distributed numbers."""
    rng = default_rng(seed)
    x: Array = rng.standard_normal(shape).astype(dtype)
    return Elementwise(x, dtype(0.7), dtype(0.3))


def cross_entropy(seed: int, *, batch: int, classes: int, dtype: type) -> CrossEntropy:
    """Scores so far apart that in each row a few classes share the probability.

    Were they near to each other, all probabilities would be small beside the labels'
    share of the gradient, and comparing with the largest number would not see them.
    """
    rng = default_rng(seed)
    z: Array = (3 * rng.standard_normal((batch, classes))).astype(dtype)
    return CrossEntropy(z, rng.integers(0, classes, batch), np.arange(batch))


def convnet(
    seed: int,
    *,
    shape: tuple[int, int, int, int],
    filters: int,
    size: int,
    hidden: int,
    classes: int,
    scale: float,
    dtype: type,
) -> ConvNet:
    """Random pictures, labels and weights.

    Ties and near ties in a window of the pooling need no care: where ReLU gave zeros,
    its slope is 0 whichever of them is taken, and a positive one that rounding decides
    is one of some 57,600 places over which a filter's gradient is summed.
    """
    rng = default_rng(seed)
    batch, channels, height, width = shape
    places = ((height - size + 1) // 2) * ((width - size + 1) // 2)
    kernel = scale * rng.standard_normal((filters, channels, size, size))
    return ConvNet(
        x=rng.random(shape).astype(dtype),
        t=rng.integers(0, classes, batch),
        rows=np.arange(batch),
        parameters=(
            kernel.astype(dtype),
            np.zeros(filters, dtype),
            *_affine(rng, (filters * places, hidden, classes), scale, dtype),
        ),
    )
