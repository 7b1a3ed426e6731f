"""Optimisers that scale each element by the gradients it has had (chapter 6.1.5)."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tinygrad_jp as tg
from nn import checks
from nn.optim import Memory, Optimizer


class AdaGrad(Optimizer):
    """``h += grad**2; p -= lr * grad / (sqrt(h) + eps)`` (Duchi et al. 2011; 6.1.5).

    Args:
        parameters: What it moves, as of `Module.parameters`.
        lr: Learning rate.
        eps: Added to the root, so that a gradient of 0 divides nothing by 0.
        weight_decay: L2 penalty.

    Example:
        >>> import nn
        >>> import tinygrad_jp as tg
        >>> p = tg.Tensor([1.0, 1.0], requires_grad=True)
        >>> (p * [1.0, 100.0]).sum().backward()
        >>> nn.AdaGrad([p], lr=0.1).step()
        >>> p.data.round(6).tolist()  # both by the learning rate, at first
        [0.9, 0.9]
    """

    keeps = ("h",)
    hyperparameters: tuple[str, ...] = ("lr", "weight_decay", "eps")

    def __init__(
        self,
        parameters: Iterable[tg.Tensor],
        lr: float = 0.01,
        *,
        eps: float = 1e-7,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay)
        self.eps = checks.real(type(self).__name__, "eps", eps)

    def change(self, gradient: NDArray[Any], memory: Memory) -> NDArray[Any]:
        """Against the gradient, less where gradients have been large."""
        memory["h"] = memory["h"] + gradient * gradient
        return _over_root(gradient * -self.lr, memory["h"], self.eps)


class RMSProp(AdaGrad):
    """AdaGrad that forgets: ``h = rho * h + (1 - rho) * grad**2`` (Hinton 2012).

    Args:
        parameters: What it moves, as of `Module.parameters`.
        lr: Learning rate.
        decay_rate: How much of `h` is kept, `rho`, from 0 to below 1.
        eps: Added to the root, so that a gradient of 0 divides nothing by 0.
        weight_decay: L2 penalty.

    Example:
        >>> import nn
        >>> import tinygrad_jp as tg
        >>> p = tg.Tensor([1.0], requires_grad=True)
        >>> p.sum().backward()
        >>> nn.RMSProp([p], lr=0.1).step()
        >>> round(p.item(), 6)  # 1 - 0.1 / sqrt(0.01)
        1e-06
    """

    hyperparameters = ("lr", "weight_decay", "eps", "decay_rate")

    def __init__(
        self,
        parameters: Iterable[tg.Tensor],
        lr: float = 0.01,
        decay_rate: float = 0.99,
        *,
        eps: float = 1e-7,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, eps=eps, weight_decay=weight_decay)
        name = type(self).__name__
        self.decay_rate = checks.below_one(name, "decay_rate", decay_rate)

    def change(self, gradient: NDArray[Any], memory: Memory) -> NDArray[Any]:
        """Against the gradient, less where gradients have been large of late."""
        memory["h"] = _moved(memory["h"], gradient * gradient, self.decay_rate)
        return _over_root(gradient * -self.lr, memory["h"], self.eps)


class Adam(Optimizer):
    """Averages of the gradient and of its square, each corrected for its start at 0.

    ``m = beta1 * m + (1 - beta1) * grad; v = beta2 * v + (1 - beta2) * grad**2`` and,
    in step `t`, ``p -= lr * m_hat / (sqrt(v_hat) + eps)`` with ``m_hat = m /
    (1 - beta1**t)``, ``v_hat = v / (1 - beta2**t)`` (Kingma, Ba 2015; chapter 6.1.6).
    `t` counts the gradients of each parameter by itself.

    Args:
        parameters: What it moves, as of `Module.parameters`.
        lr: Learning rate.
        beta1: How much of `m` is kept, from 0 to below 1.
        beta2: How much of `v` is kept, from 0 to below 1.
        eps: Added to the root, so that a gradient of 0 divides nothing by 0.
        weight_decay: L2 penalty; see `AdamW`.

    Example:
        >>> import nn
        >>> import tinygrad_jp as tg
        >>> p = tg.Tensor([1.0, 1.0], requires_grad=True)
        >>> (p * [1.0, 100.0]).sum().backward()
        >>> nn.Adam([p]).step()
        >>> p.data.round(6).tolist()  # both by the learning rate, at first
        [0.999, 0.999]
    """

    keeps = ("m", "v")
    hyperparameters = ("lr", "weight_decay", "beta1", "beta2", "eps")

    def __init__(
        self,
        parameters: Iterable[tg.Tensor],
        lr: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        *,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay)
        name = type(self).__name__
        self.beta1 = checks.below_one(name, "beta1", beta1)
        self.beta2 = checks.below_one(name, "beta2", beta2)
        self.eps = checks.real(name, "eps", eps)

    def _fresh(self, parameter: tg.Tensor) -> Memory:
        return {**super()._fresh(parameter), "steps": np.zeros((), np.int64)}

    def change(self, gradient: NDArray[Any], memory: Memory) -> NDArray[Any]:
        """Against the average gradient, less where gradients vary."""
        steps = int(memory["steps"]) + 1
        memory["steps"] = np.array(steps)
        memory["m"] = _moved(memory["m"], gradient, self.beta1)
        memory["v"] = _moved(memory["v"], gradient * gradient, self.beta2)
        # The corrections are numbers; taken out of the root they cost no pass.
        root = sqrt(1 - self.beta2**steps)
        rate = self.lr * root / (1 - self.beta1**steps)
        return _over_root(memory["m"] * -rate, memory["v"], self.eps * root)


class AdamW(Adam):
    """Adam with weight decay apart from the gradient (Loshchilov, Hutter 2019).

    ``p -= lr * weight_decay * p`` comes on top of Adam's step, so the penalty is not
    scaled by it.

    Args:
        parameters: What it moves, as of `Module.parameters`.
        lr: Learning rate.
        beta1: How much of `m` is kept, from 0 to below 1.
        beta2: How much of `v` is kept, from 0 to below 1.
        eps: Added to the root, so that a gradient of 0 divides nothing by 0.
        weight_decay: How much of each parameter goes, times `lr`.

    Example:
        >>> import nn
        >>> import tinygrad_jp as tg
        >>> p = tg.Tensor([1.0], requires_grad=True)
        >>> (p * 0).sum().backward()
        >>> nn.AdamW([p], lr=0.1, weight_decay=0.5).step()
        >>> p.tolist()
        [0.95]
    """

    def __init__(
        self,
        parameters: Iterable[tg.Tensor],
        lr: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        *,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(
            parameters, lr, beta1, beta2, eps=eps, weight_decay=weight_decay
        )

    def moved(
        self, parameter: tg.Tensor, gradient: NDArray[Any], memory: Memory
    ) -> NDArray[Any]:
        """Adam's change, and the decay."""
        change = self.change(gradient, memory)
        change -= self.lr * self.weight_decay * np.atleast_1d(parameter.data)
        return change


def _moved(average: NDArray[Any], new: NDArray[Any], kept: float) -> NDArray[Any]:
    """``kept * average + (1 - kept) * new``, as a new array."""
    result: NDArray[Any] = average * kept
    result += new * (1 - kept)
    return result


def _over_root(
    numerator: NDArray[Any], squares: NDArray[Any], eps: float
) -> NDArray[Any]:
    """``numerator / (sqrt(squares) + eps)``; the numerator's array may be used up."""
    root = np.sqrt(squares)
    root += eps
    change: NDArray[Any] = np.divide(numerator, root, out=root)
    return change
