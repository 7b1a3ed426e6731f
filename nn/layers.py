"""Layers that every network has: Affine, Flatten, Dropout and Embedding.

Each is a Module made of tensor ops; the engine knows their gradients.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import tinygrad_jp as tg
from nn import checks
from nn.contract import Contract
from nn.init import Init, he, weights, zeros
from nn.init import std as normal
from nn.module import Module


class Affine(Module):
    """``x @ W + b``, a fully connected layer (book, chapter 5.6).

    `b` starts as zeros, and `W`, if not told otherwise, as normal random numbers of
    standard deviation ``sqrt(2 / in_size)``, which suits a ReLU behind it (He et al.
    2015; book, chapter 6.2.3).

    Shapes:
        x: (batch, in_size), or any (..., in_size); the result: (..., out_size).

    Args:
        in_size: Numbers per row that come in.
        out_size: Numbers per row that go out.
        rng: Draws `W`.
        init: How `W` starts: a function of `nn.init`, its name ("he", "xavier",
            "orthogonal"), or a standard deviation.
        std: The latter, in place of `init`.
        dtype: Of the parameters. An array that is no Tensor is taken in it too.

    Attributes:
        W: Weights, (in_size, out_size).
        b: Bias, (out_size,).

    Raises:
        ShapeError: Called with rows of another length than in_size.

    Example:
        >>> import nn
        >>> import numpy as np
        >>> affine = nn.Affine(784, 50, rng=np.random.default_rng(0))
        >>> affine(np.zeros((100, 784))).shape
        (100, 50)
        >>> affine(np.zeros((100, 28, 28)))
        Traceback (most recent call last):
            ...
        tinygrad_jp.errors.ShapeError: Affine: x must have shape (batch, 784), \
got (100, 28, 28); use x.reshape(-1, 784)
    """

    def __init__(
        self,
        in_size: int,
        out_size: int,
        *,
        rng: np.random.Generator,
        init: Init | None = None,
        std: float | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.in_size = checks.whole("Affine", "in_size", in_size)
        self.out_size = checks.whole("Affine", "out_size", out_size)
        self.W = weights(
            "Affine",
            (self.in_size, self.out_size),
            fan_in=self.in_size,
            rng=rng,
            init=init,
            std=std,
            default=he,
            dtype=dtype,
        )
        self.b = zeros((self.out_size,), dtype)

    @property
    def contract(self) -> Contract:
        """Each row for itself."""
        return Contract(("batch", ..., self.in_size), ("batch", ..., self.out_size))

    def forward(self, x: Any) -> tg.Tensor:
        """Weigh and sum each row, and add the bias."""
        x = checks.tensor(x, self.W.dtype)
        if x.ndim == 0 or x.shape[-1] != self.in_size:
            raise self._misfit(x.shape)
        result: tg.Tensor
        if x.ndim <= 2:
            result = x @ self.W + self.b
            return result
        # One product of matrices takes less than one for each row of the batch.
        rows = x.reshape(-1, self.in_size)
        result = (rows @ self.W + self.b).reshape(*x.shape[:-1], self.out_size)
        return result

    def _misfit(self, shape: tuple[int, ...]) -> tg.ShapeError:
        size = self.in_size
        repair = ""
        if size in (prod(shape), prod(shape[1:])):
            repair = f"; use x.reshape(-1, {size})"
        elif len(shape) == 2 and shape[0] == size:
            repair = "; use x.T"
        return tg.ShapeError(
            f"{checks.who('Affine', self.name)}: x must have shape (batch, {size}), "
            f"got {shape}{repair}"
        )

    def arguments(self) -> str:
        """The sizes."""
        return f"{self.in_size}, {self.out_size}"


class Flatten(Module):
    """All numbers of a row in one line: (batch, ...) becomes (batch, size).

    Between convolutions and an Affine (book, chapter 7.5).

    Raises:
        ShapeError: Called with a scalar, which has no batch.

    Example:
        >>> import nn
        >>> nn.Flatten()(np.zeros((100, 1, 28, 28))).shape
        (100, 784)
    """

    @property
    def contract(self) -> Contract:
        """Each row for itself, its numbers unchanged."""
        return Contract(
            gives=lambda shape: (shape[0], prod(shape[1:])),
            laws=(("homogeneous", {"degree": 1}),),
        )

    def forward(self, x: Any) -> tg.Tensor:
        """Give each row one axis."""
        x = checks.tensor(x)
        if x.ndim == 0:
            raise tg.ShapeError("Flatten: x must have shape (batch, ...), got ()")
        # Not -1: it cannot be told from a batch without rows.
        result: tg.Tensor = x.reshape(x.shape[0], prod(x.shape[1:]))
        return result


class Dropout(Module):
    """In training each number is dropped, made 0, with a probability of `ratio`.

    Srivastava et al. 2014; book, chapter 6.4.3. Those that are left are divided by
    ``1 - ratio``, so that the mean stays, and prediction, after `eval()`, needs nothing
    (the book multiplies by ``1 - ratio`` there instead).

    Args:
        ratio: The probability; at least 0 and below 1. The book's `dropout_ratio`.
        rng: Draws what is dropped, anew in each call.

    Attributes:
        rng: The Generator.

    Example:
        >>> import nn
        >>> dropout = nn.Dropout(0.5, rng=np.random.default_rng(0))
        >>> dropout(np.ones(6)).tolist()
        [2.0, 2.0, 2.0, 0.0, 0.0, 0.0]
        >>> dropout.eval()(np.ones(6)).tolist()
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, ratio: float = 0.5, *, rng: np.random.Generator) -> None:
        self.ratio = checks.below_one("Dropout", "ratio", ratio)
        self.rng = checks.generator("Dropout", rng)

    @property
    def contract(self) -> Contract:
        """In training, what is drawn goes by the place within the batch."""
        if not self.training or not self.ratio:
            return Contract(laws=(("homogeneous", {"degree": 1}),))
        return Contract(
            laws=(("homogeneous", {"degree": 1}),),
            random=True,
            without=("takes one row", "splits"),
        )

    def forward(self, x: Any) -> tg.Tensor:
        """Drop some, and scale the rest."""
        result = checks.tensor(x)
        if self.training and self.ratio:
            result = result * self._mask(result.shape, result.dtype)
        return result

    def _mask(self, shape: tuple[int, ...], dtype: Any) -> tg.Tensor:
        """What to multiply each number with: 0, or what keeps the mean."""
        kept = self.rng.random(shape, np.float32) >= self.ratio
        dtype = dtype if dtype.kind == "f" else np.float64
        mask = tg.asarray(kept * np.asarray(1 / (1 - self.ratio), dtype))
        mask.name = "mask"  # in pictures
        return mask

    def arguments(self) -> str:
        """The ratio."""
        return f"{self.ratio:g}"


class Embedding(Module):
    """A vector for each of `count` things, such as words: row i of `W` for i.

    What ``one_hot(i) @ W`` gives, without the product.

    Shapes:
        ids: whole numbers of any shape (...); the result: (..., size).

    Args:
        count: How many things.
        size: Numbers per vector.
        rng: Draws `W`.
        init: How `W` starts, as in `Affine`; by default with standard deviation 0.01.
        std: A standard deviation, in place of `init`.
        dtype: Of the parameter.

    Attributes:
        W: The vectors, (count, size). The gradient of one that comes several times is
            the sum of all.

    Raises:
        TypeError: Called with something else than integers.
        ValueError: Called with a number that is none of 0 to count - 1.

    Example:
        >>> import nn
        >>> words = nn.Embedding(1000, 8, rng=np.random.default_rng(0))
        >>> words([[3, 14, 15], [9, 2, 6]]).shape
        (2, 3, 8)
        >>> words([1000])
        Traceback (most recent call last):
            ...
        ValueError: Embedding: ids must be 0 to 999, got 1000 at (0,)
    """

    def __init__(
        self,
        count: int,
        size: int,
        *,
        rng: np.random.Generator,
        init: Init | None = None,
        std: float | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.count = checks.whole("Embedding", "count", count)
        self.size = checks.whole("Embedding", "size", size)
        self.W = weights(
            "Embedding",
            (self.count, self.size),
            fan_in=1,  # of a one-hot row, all but one are 0
            rng=rng,
            init=init,
            std=std,
            default=normal(0.01),
            dtype=dtype,
        )

    @property
    def contract(self) -> Contract:
        """Each number for itself."""
        return Contract(gives=("batch", ..., self.size), integers=self.count)

    def forward(self, ids: Any) -> tg.Tensor:
        """Look up the vectors."""
        result: tg.Tensor = self.W[self._checked(ids)]
        return result

    def _checked(self, ids: Any) -> NDArray[Any]:
        found: NDArray[Any] = np.asarray(ids)
        who = checks.who("Embedding", self.name)
        if not found.size and found.dtype.kind == "f":  # as [] is
            found = found.astype(np.int64)
        if found.dtype.kind not in "iu":
            raise TypeError(f"{who}: ids must be integers, got {found.dtype}")
        wrong = (found < 0) | (found >= self.count)
        if wrong.any():
            place = tuple(np.argwhere(wrong)[0].tolist())
            raise ValueError(
                f"{who}: ids must be 0 to {self.count - 1}, got {found[place]}"
                + (f" at {place}" if place else "")
            )
        return found

    def arguments(self) -> str:
        """The sizes."""
        return f"{self.count}, {self.size}"
