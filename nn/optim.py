"""Optimisers: how parameters follow their gradients (book, chapter 6.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tinygrad_jp as tg
from nn import checks


class Optimizer:
    """What all optimisers share: the parameters, and a learning rate that is checked.

    Args:
        parameters: Tensors with ``requires_grad=True``, as of `Module.parameters`.
        lr: Learning rate; finite and above 0. It may be changed between steps.

    Raises:
        TypeError: A parameter that is no Tensor, or an `lr` that is no number.
        ValueError: No parameter at all, one without ``requires_grad=True``, or an
            `lr` out of range.

    Example:
        >>> import nn
        >>> import tinygrad_jp as tg
        >>> class SignDescent(nn.Optimizer):
        ...     def step(self):
        ...         with tg.no_grad():
        ...             for parameter in self.parameters:
        ...                 parameter -= self.lr * tg.sign(parameter.grad)
        >>> x = tg.Tensor([3.0, -4.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> SignDescent([x], lr=1.0).step()
        >>> x.tolist()
        [2.0, -3.0]
    """

    def __init__(self, parameters: Iterable[tg.Tensor], lr: float) -> None:
        self.lr = lr
        name = type(self).__name__
        found: list[Any] = list(parameters)
        for position, parameter in enumerate(found):
            if not isinstance(parameter, tg.Tensor):
                kind = type(parameter).__name__
                raise TypeError(
                    f"{name}: parameters must be Tensors, got {kind} at {position}; "
                    "use model.parameters()"
                )
            if not parameter.requires_grad:
                raise ValueError(
                    f"{name}: parameters must have requires_grad=True, the one at "
                    f"{position} of shape {parameter.shape} has not"
                )
        if not found:
            raise ValueError(f"{name}: needs at least one parameter, got none")
        self.parameters = tuple(dict.fromkeys(found))

    @property
    def lr(self) -> float:
        """Learning rate."""
        return self._lr

    @lr.setter
    def lr(self, lr: float) -> None:
        self._lr = checks.real(type(self).__name__, "lr", lr)

    def zero_grad(self) -> None:
        """Forget all gradients, before the next are computed."""
        for parameter in self.parameters:
            parameter.grad = None


class SGD(Optimizer):
    """Stochastic gradient descent: ``p -= lr * grad`` (book, chapter 6.1.2).

    Example:
        >>> import nn
        >>> import tinygrad_jp as tg
        >>> p = tg.Tensor([1.0, 2.0], requires_grad=True)
        >>> sgd = nn.SGD([p], lr=0.1)
        >>> (p * p).sum().backward()
        >>> sgd.step()
        >>> p.tolist()
        [0.8, 1.6]
    """

    def step(self) -> None:
        """Move each parameter against its gradient; one without stays as it is."""
        with tg.no_grad():
            for parameter in self.parameters:
                if parameter.grad is not None:
                    parameter -= parameter.grad * self.lr
