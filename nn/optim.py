"""Optimisers: how parameters follow their gradients (book, chapter 6.1).

Here is what all share, and those that know one gradient after the other: SGD,
Momentum and Nesterov. Those that scale each element by itself are in `nn.adaptive`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tinygrad_jp as tg
from nn import checks
from nn.state import check, differences

Memory = dict[str, NDArray[Any]]


class Optimizer:
    """What all optimisers share; a subclass says in `change` how a parameter moves.

    Args:
        parameters: Tensors with ``requires_grad=True``, as of `Module.parameters`.
        lr: Learning rate; finite and above 0. It may be changed between steps.
        weight_decay: L2 penalty: this times the parameter is added to its gradient
            (book, chapter 6.4.2). It takes biases too.

    Attributes:
        keeps: Names of the arrays that `change` remembers of each parameter; they
            start as zeros, in the parameter's dtype, or float32 for float16.
        hyperparameters: Names of the attributes that belong to the state.
        memory: What is remembered, a dict of arrays for each parameter. `change` puts
            new arrays there and never writes to one: whoever holds the old ones can
            go back to them.

    Raises:
        TypeError: A parameter that is no Tensor, or an `lr` that is no number.
        ValueError: No parameter at all, one without ``requires_grad=True``, or a
            number out of range.

    Example:
        >>> import nn
        >>> import numpy as np
        >>> import tinygrad_jp as tg
        >>> class SignDescent(nn.Optimizer):
        ...     def change(self, gradient, memory):
        ...         return -self.lr * np.sign(gradient)
        >>> x = tg.Tensor([3.0, -4.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> SignDescent([x], lr=1.0).step()
        >>> x.tolist()
        [2.0, -3.0]
    """

    keeps: tuple[str, ...] = ()
    hyperparameters: tuple[str, ...] = ("lr", "weight_decay")

    def __init__(
        self,
        parameters: Iterable[tg.Tensor],
        lr: float = 0.01,
        *,
        weight_decay: float = 0.0,
    ) -> None:
        name = type(self).__name__
        self.lr = checks.real(name, "lr", lr)
        self.weight_decay = checks.real(name, "weight_decay", weight_decay, zero=True)
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
        self.memory = tuple([self._fresh(parameter) for parameter in self.parameters])

    def _fresh(self, parameter: tg.Tensor) -> Memory:
        dtype = _working(parameter.dtype)
        # One axis at least: an op on a 0-d array gives no array.
        shape = parameter.shape or (1,)
        return {name: np.zeros(shape, dtype) for name in self.keeps}

    @property
    def lr(self) -> float:
        """Learning rate; 0 where a schedule ends there."""
        return self._lr

    @lr.setter
    def lr(self, lr: float) -> None:
        self._lr = checks.real(type(self).__name__, "lr", lr, zero=True)

    def zero_grad(self) -> None:
        """Forget all gradients, before the next are computed."""
        for parameter in self.parameters:
            parameter.grad = None

    def change(self, gradient: NDArray[Any], memory: Memory) -> NDArray[Any]:
        """What is added to a parameter of this gradient. Each subclass writes its own.

        Args:
            gradient: Not to be written to; of one axis or more.
            memory: What was kept of this parameter; gets new arrays.
        """
        raise TypeError(f"{type(self).__name__}: an Optimizer needs a method change")

    def moved(
        self, parameter: tg.Tensor, gradient: NDArray[Any], memory: Memory
    ) -> NDArray[Any]:
        """What is added to a parameter: its `change`, with the penalty in its gradient.

        Args:
            parameter: Which.
            gradient: Its own, of one axis or more.
            memory: What was kept of it.
        """
        if self.weight_decay:
            penalty = self.weight_decay * np.atleast_1d(parameter.data)
            gradient = gradient + penalty
        return self.change(gradient, memory)

    def step(self) -> None:
        """Move each parameter by its gradient; one without stays as it is."""
        with tg.no_grad():
            for parameter, memory in zip(self.parameters, self.memory):
                grad = parameter.grad
                if grad is None:
                    continue
                gradient = grad.data
                if gradient.dtype == np.float16:
                    gradient = gradient.astype(np.float32)
                if not gradient.ndim:
                    gradient = gradient.reshape(1)
                change = self.moved(parameter, gradient, memory)
                parameter += change.reshape(parameter.shape)

    # --- state -------------------------------------------------------------------

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """What it needs to go on as if never stopped: hyper-parameters and memory.

        Example:
            >>> p = tg.Tensor([1.0, 2.0], requires_grad=True)
            >>> list(nn.Momentum([p]).state_dict())
            ['lr', 'weight_decay', 'momentum', '0.v']
        """
        state = {name: np.array(getattr(self, name)) for name in self.hyperparameters}
        for number, memory in enumerate(self.memory):
            for name, array in memory.items():
                state[f"{number}.{name}"] = np.array(array)
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave; all of it, or nothing.

        Raises:
            ValueError: Anything missing, unexpected, or of another shape or dtype, as
                of another kind of optimiser; the message lists all.
        """
        name = type(self).__name__
        check(name, differences(self.state_dict(), state))
        numbers = {n: float(np.asarray(state[n])) for n in self.hyperparameters}
        for n, number in numbers.items():
            checks.real(name, n, number, zero=True)
        for n, number in numbers.items():
            setattr(self, n, number)
        for place, memory in enumerate(self.memory):
            memory.update({n: np.array(state[f"{place}.{n}"]) for n in memory})

    def __repr__(self) -> str:
        shown = [f"{name}={getattr(self, name):g}" for name in self.hyperparameters]
        return f"{type(self).__name__}({', '.join(shown)})"


def _working(dtype: Any) -> Any:
    """The dtype to compute in: a square has no room in float16."""
    return np.float32 if dtype == np.float16 else dtype


class SGD(Optimizer):
    """Stochastic gradient descent: ``p -= lr * grad`` (book, chapter 6.1.2).

    Args:
        parameters: What it moves, as of `Module.parameters`.
        lr: Learning rate.
        weight_decay: L2 penalty.

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

    def change(self, gradient: NDArray[Any], memory: Memory) -> NDArray[Any]:
        """Against the gradient."""
        return gradient * -self.lr


class Momentum(Optimizer):
    """A ball that rolls: ``v = momentum * v - lr * grad; p += v`` (chapter 6.1.4).

    Args:
        parameters: What it moves, as of `Module.parameters`.
        lr: Learning rate.
        momentum: How much of the velocity is kept, from 0 to below 1.
        weight_decay: L2 penalty.

    Example:
        >>> import nn
        >>> import tinygrad_jp as tg
        >>> p = tg.Tensor([1.0], requires_grad=True)
        >>> momentum = nn.Momentum([p], lr=0.1)
        >>> for _ in range(2):
        ...     momentum.zero_grad()
        ...     p.sum().backward()
        ...     momentum.step()
        >>> round(1.0 - p.item(), 9)  # 0.1, and then 0.9 * 0.1 + 0.1
        0.29
    """

    keeps = ("v",)
    hyperparameters = ("lr", "weight_decay", "momentum")

    def __init__(
        self,
        parameters: Iterable[tg.Tensor],
        lr: float = 0.01,
        momentum: float = 0.9,
        *,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay)
        self.momentum = checks.below_one(type(self).__name__, "momentum", momentum)

    def change(self, gradient: NDArray[Any], memory: Memory) -> NDArray[Any]:
        """The velocity, which the gradient has changed."""
        memory["v"] = self.momentum * memory["v"] - self.lr * gradient
        return memory["v"]


class Nesterov(Momentum):
    """Momentum that looks ahead (Nesterov 1983, as in Bengio et al. 2012).

    ``v = momentum * v - lr * grad; p += momentum * v - lr * grad``: the gradient counts
    as if it were taken where the velocity leads.

    Example:
        >>> import nn
        >>> import tinygrad_jp as tg
        >>> p = tg.Tensor([1.0], requires_grad=True)
        >>> p.sum().backward()
        >>> nn.Nesterov([p], lr=0.1).step()
        >>> round(1.0 - p.item(), 9)  # 0.9 * 0.1 + 0.1
        0.19
    """

    def change(self, gradient: NDArray[Any], memory: Memory) -> NDArray[Any]:
        """The velocity's next part, and the gradient's."""
        push = self.lr * gradient
        memory["v"] = self.momentum * memory["v"] - push
        return self.momentum * memory["v"] - push
