"""Initial values of weights (book, chapter 6.2).

    nn.Affine(784, 50, rng=rng, init=nn.init.xavier)
    nn.Affine(784, 50, rng=rng, init=nn.init.std(0.01))

An initialiser is a function of a shape, of how many numbers each result of the layer is
a sum of (`fan_in`), and of a Generator. One of your own fits in the same place. Biases
start as zeros everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod, sqrt
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

import tinygrad_jp as tg
from nn import checks


class Initializer(Protocol):
    """A function that draws weights."""

    def __call__(
        self, shape: tuple[int, ...], *, fan_in: int, rng: np.random.Generator
    ) -> NDArray[Any]:
        """Weights of this shape, in float64."""


Init: TypeAlias = Initializer | float | str
"""An initialiser, a standard deviation, or a key of `NAMES`."""


def std(value: float) -> Initializer:
    """An initialiser: normal random numbers of mean 0 and this standard deviation.

    Example:
        >>> draw = nn.init.std(0.01)
        >>> W = draw((784, 50), fan_in=784, rng=np.random.default_rng(0))
        >>> round(W.std().item(), 4)
        0.01
    """
    width = checks.real("init.std", "value", value, zero=True)

    def draw(
        shape: tuple[int, ...], *, fan_in: int, rng: np.random.Generator
    ) -> NDArray[Any]:
        return width * rng.standard_normal(shape)

    return draw


def he(
    shape: tuple[int, ...], *, fan_in: int, rng: np.random.Generator
) -> NDArray[Any]:
    """Normal random numbers of standard deviation ``sqrt(2 / fan_in)``.

    With a ReLU behind them, signals keep their size from layer to layer (He et al.
    2015; book, chapter 6.2.3).

    Example:
        >>> W = nn.init.he((800, 50), fan_in=800, rng=np.random.default_rng(0))
        >>> round(W.std().item(), 3)
        0.05
    """
    return sqrt(2 / fan_in) * rng.standard_normal(shape)


def xavier(
    shape: tuple[int, ...], *, fan_in: int, rng: np.random.Generator
) -> NDArray[Any]:
    """Normal random numbers of standard deviation ``sqrt(1 / fan_in)``.

    For sigmoid and tanh, as the book has it (chapter 6.2.2). Glorot and Bengio (2010),
    and PyTorch, count outputs too: ``nn.init.std(sqrt(2 / (fan_in + fan_out)))``.

    Example:
        >>> W = nn.init.xavier((400, 50), fan_in=400, rng=np.random.default_rng(0))
        >>> round(W.std().item(), 3)
        0.05
    """
    return sqrt(1 / fan_in) * rng.standard_normal(shape)


def orthogonal(
    shape: tuple[int, ...], *, fan_in: int, rng: np.random.Generator
) -> NDArray[Any]:
    """A matrix whose rows, or columns, whichever are fewer, are orthonormal.

    Every such matrix is equally likely (Saxe et al. 2014). Of more than two axes all
    but the first are one: each filter of a convolution is a row. NumPy's
    ``np.linalg.qr``.

    Example:
        >>> W = nn.init.orthogonal((4, 3), fan_in=4, rng=np.random.default_rng(0))
        >>> np.allclose(W.T @ W, np.eye(3))
        True
    """
    rows, columns = shape[0], prod(shape[1:])
    tall = rng.standard_normal((max(rows, columns), min(rows, columns)))
    Q, R = np.linalg.qr(tall)
    # The signs that QR chooses are not random; those of R's diagonal make them so.
    Q = Q * np.where(np.diagonal(R) < 0, -1.0, 1.0)
    found: NDArray[Any] = (Q if rows >= columns else Q.T).reshape(shape)
    return found


NAMES: Mapping[str, Initializer] = {
    "he": he,
    "relu": he,
    "xavier": xavier,
    "sigmoid": xavier,
    "orthogonal": orthogonal,
}
"""The book's words for them: "relu" and "sigmoid" say what stands behind the layer."""


def initializer(owner: str, init: Any) -> Initializer:
    """The initialiser that is meant: by itself, its name, or a standard deviation.

    Raises:
        TypeError: Something else.
        ValueError: An unknown name, or a standard deviation out of range.
    """
    if callable(init):
        found: Initializer = init
        return found
    if isinstance(init, str):
        return NAMES[checks.choice(owner, "init", init.lower(), *NAMES)]
    return std(checks.real(owner, "init", init, zero=True))


def weights(
    owner: str,
    shape: tuple[int, ...],
    *,
    fan_in: int,
    rng: np.random.Generator,
    init: Init | None,
    dtype: DTypeLike,
    std: float | None = None,
    default: Init = he,
    count: int = 1,
) -> tg.Tensor:
    """A parameter that starts as `init` or `std` says.

    Args:
        owner: Who asks, for errors.
        shape: Of the weights.
        fan_in: How many numbers each result is a sum of.
        rng: Draws them.
        init: How.
        dtype: Of the parameter.
        std: A standard deviation, in place of `init`.
        default: How, where neither is given.
        count: So many of that shape, drawn one by one and joined at the last axis.

    Raises:
        TypeError: No generator, dtype or initialiser.
        ValueError: Both `init` and `std`, or one out of range.
        ShapeError: An initialiser that returns another shape.
    """
    checks.generator(owner, rng)
    dtype = checks.floating(owner, dtype)
    if init is not None and std is not None:
        raise ValueError(f"{owner}: takes init or std, got both {init!r} and {std!r}")
    if std is not None:
        init = checks.real(owner, "std", std, zero=True)
    draw = initializer(owner, default if init is None else init)
    drawn = [np.asarray(draw(shape, fan_in=fan_in, rng=rng)) for _ in range(count)]
    if drawn[0].shape != shape:
        raise tg.ShapeError(
            f"{owner}: init must return shape {shape}, got {drawn[0].shape}"
        )
    # Drawn in float64, so that every dtype starts from the same numbers.
    joined = np.concatenate(drawn, axis=-1)
    return tg.Tensor(joined, dtype=dtype, requires_grad=True)


def zeros(shape: tuple[int, ...], dtype: DTypeLike) -> tg.Tensor:
    """A parameter that starts as zeros."""
    return tg.Tensor(np.zeros(shape), dtype=dtype, requires_grad=True)
