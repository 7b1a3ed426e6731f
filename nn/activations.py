"""Activations: what stands between layers and bends their numbers.

The book's ReLU, Sigmoid, Tanh and Softmax (chapters 3 and 5), and those that came after
it. Each is a Module made of tensor ops; the engine knows their gradients.
"""

from __future__ import annotations

from typing import Any

import tinygrad_jp as tg
from nn import checks
from nn.contract import Contract
from nn.module import Module

_EACH = ("permutation_equivariant", {"axis": -1})
"""Each element for itself: the law that tells."""


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
        return Contract(laws=(("monotone", {}), ("homogeneous", {"degree": 1}), _EACH))

    def forward(self, x: Any) -> tg.Tensor:
        """Keep what is above 0."""
        return tg.relu(x)


class LeakyReLU(Module):
    """`x` where it is above 0, else ``negative_slope * x``; at 0 the latter.

    Maas et al. 2013; PyTorch's ``LeakyReLU``.

    Args:
        negative_slope: At least 0 and below 1.

    Example:
        >>> import nn
        >>> nn.LeakyReLU()([-1.0, 0.0, 2.0])
        Tensor([-0.01,  0.  ,  2.  ])
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = checks.below_one(
            "LeakyReLU", "negative_slope", negative_slope
        )

    @property
    def contract(self) -> Contract:
        """Each element for itself; larger ones give no smaller results."""
        return Contract(laws=(("monotone", {}), ("homogeneous", {"degree": 1}), _EACH))

    def forward(self, x: Any) -> tg.Tensor:
        """Keep what is above 0, and a little of the rest."""
        return tg.leaky_relu(x, self.negative_slope)

    def arguments(self) -> str:
        """The slope."""
        return f"{self.negative_slope:g}"


class ELU(Module):
    """`x` where it is above 0, else ``alpha * (exp(x) - 1)`` (Clevert et al. 2015).

    With alpha 1 the gradient has no jump; else at 0 it is alpha.

    Args:
        alpha: How far below 0 it can go; above 0.

    Example:
        >>> import nn
        >>> nn.ELU()([-1000.0, 0.0, 2.0])
        Tensor([-1.,  0.,  2.])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = checks.real("ELU", "alpha", alpha)

    @property
    def contract(self) -> Contract:
        """Each element for itself; larger ones give no smaller results."""
        return Contract(laws=(("monotone", {}), _EACH))

    def forward(self, x: Any) -> tg.Tensor:
        """Keep what is above 0, and bend the rest towards -alpha."""
        return tg.elu(x, self.alpha)

    def arguments(self) -> str:
        """How far below 0 it can go."""
        return f"{self.alpha:g}"


class GELU(Module):
    """`x` times the probability that a normal number is below it.

    Hendrycks and Gimpel 2016.

    Args:
        approximate: "none", or "tanh" for the formula with it, as some published
            networks were trained with.

    Example:
        >>> import nn
        >>> nn.GELU()([-1.0, 0.0, 1.0])
        Tensor([-0.15865525,  0.        ,  0.84134475])
    """

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = checks.choice(
            "GELU", "approximate", approximate, "none", "tanh"
        )

    @property
    def contract(self) -> Contract:
        """Each element for itself."""
        return Contract(laws=(_EACH,))

    def forward(self, x: Any) -> tg.Tensor:
        """Weigh each number with its probability."""
        return tg.gelu(x, self.approximate)

    def arguments(self) -> str:
        """The formula, if it is not the exact one."""
        return "" if self.approximate == "none" else f'"{self.approximate}"'


class SiLU(Module):
    """``x * sigmoid(x)``, also known as swish (Elfwing et al. 2017).

    Example:
        >>> import nn
        >>> nn.SiLU()([-1000.0, 0.0, 1000.0])
        Tensor([  -0.,    0., 1000.])
    """

    @property
    def contract(self) -> Contract:
        """Each element for itself."""
        return Contract(laws=(_EACH,))

    def forward(self, x: Any) -> tg.Tensor:
        """Weigh each number with its sigmoid."""
        return tg.silu(x)


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
        return Contract(laws=(("monotone", {}), _EACH))

    def forward(self, x: Any) -> tg.Tensor:
        """Squeeze each number to between 0 and 1."""
        return tg.sigmoid(x)


class Tanh(Module):
    """``tanh(x)``, element by element: a sigmoid from -1 to 1 (book, chapter 6.2.2).

    Example:
        >>> import nn
        >>> nn.Tanh()([-1000.0, 0.0, 1000.0])
        Tensor([-1.,  0.,  1.])
    """

    @property
    def contract(self) -> Contract:
        """Each element for itself; larger ones give no smaller results."""
        return Contract(laws=(("monotone", {}), _EACH))

    def forward(self, x: Any) -> tg.Tensor:
        """Squeeze each number to between -1 and 1."""
        return tg.tanh(x)


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
        self.axis = checks.axis("Softmax", axis)

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
