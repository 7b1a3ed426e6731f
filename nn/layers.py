"""Layers: what the book calls Affine, ReLU, Sigmoid and Softmax (chapters 3 and 5).

Each is a Module made of tensor ops; the engine knows their gradients.
"""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import tinygrad_jp as tg
from nn import checks
from nn.contract import Contract
from nn.module import Module


class Affine(Module):
    """``x @ W + b``, a fully connected layer (book, chapter 5.6).

    `W` starts as normal random numbers of mean 0, `b` as zeros.

    Shapes:
        x: (batch, in_size), or any (..., in_size); the result: (..., out_size).

    Args:
        in_size: Numbers per row that come in.
        out_size: Numbers per row that go out.
        rng: Draws `W`.
        std: Standard deviation of `W`. Where it is None, ``sqrt(2 / in_size)``, which
            suits a ReLU behind it (He et al. 2015; book, chapter 6.2.3).
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
        std: float | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.in_size = checks.whole("Affine", "in_size", in_size)
        self.out_size = checks.whole("Affine", "out_size", out_size)
        checks.generator("Affine", rng)
        checks.floating("Affine", dtype)
        if std is None:
            std = sqrt(2 / self.in_size)
        std = checks.real("Affine", "std", std, zero=True)
        # Drawn in float64, so that every dtype starts from the same numbers.
        W = std * rng.standard_normal((self.in_size, self.out_size))
        self.W = tg.Tensor(W, dtype=dtype, requires_grad=True)
        self.b = tg.Tensor(np.zeros(self.out_size), dtype=dtype, requires_grad=True)

    @property
    def contract(self) -> Contract:
        """Each row for itself."""
        return Contract(("batch", ..., self.in_size), ("batch", ..., self.out_size))

    def forward(self, x: Any) -> tg.Tensor:
        """Weigh and sum each row, and add the bias."""
        if not isinstance(x, tg.Tensor):
            x = tg.Tensor(x, dtype=self.W.dtype, name="x")
        if x.ndim == 0 or x.shape[-1] != self.in_size:
            raise self._misfit(x.shape)
        result: tg.Tensor = x @ self.W + self.b
        return result

    def _misfit(self, shape: tuple[int, ...]) -> tg.ShapeError:
        size = self.in_size
        repair = ""
        if size in (prod(shape), prod(shape[1:])):
            repair = f"; use x.reshape(-1, {size})"
        elif len(shape) == 2 and shape[0] == size:
            repair = "; use x.T"
        name = self.name or "Affine"
        prefix = name if name.startswith("Affine") else f"Affine ({name})"
        return tg.ShapeError(
            f"{prefix}: x must have shape (batch, {size}), got {shape}{repair}"
        )

    def arguments(self) -> str:
        """The sizes."""
        return f"{self.in_size}, {self.out_size}"


class ReLU(Module):
    """``max(x, 0)``, element by element, with relu'(0) = 0 (book, chapter 5.5.1).

    Example:
        >>> import nn
        >>> nn.ReLU()([-1.0, 0.0, 2.0])
        Tensor([0., 0., 2.])
    """

    @property
    def contract(self) -> Contract:
        """Each element for itself; larger ones give no smaller results."""
        return Contract(
            laws=(
                ("monotone", {}),
                ("homogeneous", {"degree": 1}),
                ("permutation_equivariant", {"axis": -1}),
            )
        )

    def forward(self, x: Any) -> tg.Tensor:
        """Keep what is above 0."""
        return tg.relu(x)


class Sigmoid(Module):
    """``1 / (1 + exp(-x))``, element by element (book, chapter 5.5.2).

    Example:
        >>> import nn
        >>> nn.Sigmoid()([-1000.0, 0.0, 1000.0])
        Tensor([0. , 0.5, 1. ])
    """

    @property
    def contract(self) -> Contract:
        """Each element for itself; larger ones give no smaller results."""
        return Contract(
            laws=(("monotone", {}), ("permutation_equivariant", {"axis": -1}))
        )

    def forward(self, x: Any) -> tg.Tensor:
        """Squeeze each number to between 0 and 1."""
        return tg.sigmoid(x)


class Softmax(Module):
    """Scores to probabilities that sum to 1 over `axis` (book, chapter 3.5).

    To train with, take `nn.SoftmaxWithLoss` on the scores themselves instead.

    Args:
        axis: The axis of the classes; the last one, so each row for itself.

    Example:
        >>> import nn
        >>> nn.Softmax()([[0.0, 0.0], [1000.0, 0.0]])
        Tensor([[0.5, 0.5],
                [1. , 0. ]])
    """

    def __init__(self, axis: int = -1) -> None:
        if not isinstance(axis, int) or isinstance(axis, bool):
            raise TypeError(f"Softmax: axis must be a whole number, got {axis!r}")
        self.axis = axis

    @property
    def contract(self) -> Contract:
        """Probabilities over `axis`; over the first one, rows mix."""
        axis = self.axis
        shape: tuple[Any, ...] = ("batch", ..., "classes")
        if axis != -1:
            count = max(2, axis + 1 if axis >= 0 else -axis)
            shape = ("batch", *(f"axis{i}" for i in range(1, count)))
        laws = ("sums_to_one", "shift_invariant", "permutation_equivariant")
        return Contract(
            shape,
            shape,
            mixes_rows=axis != -1 and axis % len(shape) == 0,
            laws=tuple((law, {"axis": axis}) for law in laws),
        )

    def forward(self, x: Any) -> tg.Tensor:
        """Normalise the exponentials."""
        return tg.softmax(x, axis=self.axis)

    def arguments(self) -> str:
        """The axis."""
        return f"axis={self.axis}"
