"""What the book's networks share: scores, loss, accuracy and both gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from copy import deepcopy
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

import tinygrad_jp as tg
from nn import checks
from nn.contract import Contract
from nn.losses import SoftmaxWithLoss
from nn.module import Module, Sequential

_STEP = 1e-7
"""Half the width of a central difference in float64. The book's 1e-4 is so wide
that it often reaches across the kink of some ReLU."""


class Params(MutableMapping[str, tg.Tensor]):
    """Parameters under the book's names (W1, b1, ...); assigning replaces one.

    Args:
        places: For each name the layer and its attribute.
    """

    def __init__(self, places: dict[str, tuple[Module, str]]) -> None:
        self._places = places

    def __getitem__(self, name: str) -> tg.Tensor:
        layer, attribute = self._places[name]
        tensor: tg.Tensor = getattr(layer, attribute)
        return tensor

    def __setitem__(self, name: str, tensor: tg.Tensor) -> None:
        layer, attribute = self._places[name]
        before = self[name]
        if not isinstance(tensor, tg.Tensor) or tensor.shape != before.shape:
            got = getattr(tensor, "shape", type(tensor).__name__)
            raise tg.ShapeError(
                f"params[{name!r}]: needs a Tensor of shape {before.shape}, got {got}"
            )
        setattr(layer, attribute, tensor)

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"params[{name!r}]: a parameter cannot be deleted")

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        shapes = [f"{name} {tensor.shape}" for name, tensor in self.items()]
        return f"Params({', '.join(shapes)})"


class Network(Module):
    """Layers one after the other, and a SoftmaxWithLoss to train them with.

    Args:
        layers: What turns a batch into scores.
        weight_decay_lambda: The loss has ``0.5 * lambda * sum(W**2)`` of each `W` added
            to it (book, chapter 6.4.2); 0 for none.
        example_shape: Of one example, where the layers do not tell.

    Attributes:
        layers: A Sequential.
        last_layer: The SoftmaxWithLoss.

    Example:
        >>> import nn
        >>> layers = [nn.Affine(4, 3, rng=np.random.default_rng(0)), nn.Tanh()]
        >>> net = nn.Network(layers)
        >>> net.params
        Params(W1 (4, 3), b1 (3,))
        >>> net.predict(np.zeros((2, 4))).shape
        (2, 3)
    """

    def __init__(
        self,
        layers: Sequential | list[Module] | tuple[Module, ...],
        *,
        weight_decay_lambda: float = 0.0,
        example_shape: tuple[int, ...] | None = None,
    ) -> None:
        owner = type(self).__name__
        self.example_shape = example_shape
        self.layers = layers if isinstance(layers, Sequential) else Sequential(*layers)
        self.last_layer = SoftmaxWithLoss()
        self.last_layer.name = "SoftmaxWithLoss"
        self.weight_decay_lambda = checks.real(
            owner, "weight_decay_lambda", weight_decay_lambda, zero=True
        )
        self._params = Params(self._places())
        for name, parameter in self.params.items():
            parameter.name = name

    @property
    def params(self) -> Params:
        """The parameters by the book's names: W1, b1, gamma1, beta1, W2, ..."""
        return self._params

    def _places(self) -> dict[str, tuple[Module, str]]:
        """Where the parameters are, by kind and number."""
        places: dict[str, tuple[Module, str]] = {}
        for _, layer in self.layers.named_modules():
            for attribute, value in vars(layer).items():
                if isinstance(value, tg.Tensor) and value.requires_grad:
                    number = 1
                    while f"{attribute}{number}" in places:
                        number += 1
                    places[f"{attribute}{number}"] = (layer, attribute)
        return places

    @property
    def contract(self) -> Contract | None:
        """Scores for each example by itself."""
        known = self.layers.contract
        if known is None or self.example_shape is None:
            return known
        return replace(known, takes=("batch", *self.example_shape))

    def forward(self, x: Any) -> tg.Tensor:
        """The same as `predict`."""
        return self.predict(x)

    def predict(self, x: Any) -> tg.Tensor:
        """Scores, (batch, classes), of a batch."""
        for layer in self.layers:
            x = layer(x)
        scores: tg.Tensor = x
        return scores

    def loss(self, x: Any, t: Any) -> tg.Tensor:
        """Mean cross entropy of a batch `x` with labels or one-hot rows `t`."""
        loss: tg.Tensor = self.last_layer(self.predict(x), t)
        if self.weight_decay_lambda:
            with tg.scope("weight decay"):
                for name, parameter in self.params.items():
                    if name.startswith("W"):
                        decay = 0.5 * self.weight_decay_lambda
                        loss = loss + decay * (parameter * parameter).sum()
        return loss

    def accuracy(self, x: Any, t: Any, *, batch_size: int = 1000) -> float:
        """The part of the examples whose largest score is at their label.

        Predicted as after `eval()`, and by batches, so that many pictures fit into
        memory.

        Args:
            x: Examples.
            t: Labels or one-hot rows.
            batch_size: How many are predicted at a time.

        Raises:
            ShapeError: Not one label for each example, or none at all.
        """
        checks.whole("accuracy", "batch_size", batch_size)
        labels = np.asarray(t)
        if labels.ndim == 2:
            labels = labels.argmax(axis=1)
        given = np.shape(x)
        if labels.shape != given[:1] or not labels.size:
            raise tg.ShapeError(
                f"accuracy: needs one label for each example, got t of {np.shape(t)} "
                f"and x of {given}"
            )
        before = [(module, module.training) for _, module in self.named_modules()]
        self.eval()
        right = 0
        dtype = next(iter(self.params.values())).dtype
        try:
            with tg.no_grad():
                for start in range(0, len(labels), batch_size):
                    part = slice(start, start + batch_size)
                    # Nothing is recorded, so nothing keeps `x`: it need not be copied.
                    scores = self.predict(tg.asarray(x[part], dtype=dtype)).data
                    right += int((scores.argmax(axis=-1) == labels[part]).sum())
        finally:
            for module, training in before:
                module.training = training
        return right / len(labels)

    def gradient(self, x: Any, t: Any) -> dict[str, NDArray[Any]]:
        """The loss's gradient by each of `params`, by backpropagation.

        What `Tensor.grad` of the parameters holds stays as it is.
        """
        before = {name: p.grad for name, p in self.params.items()}
        found = {}
        try:
            for parameter in self.params.values():
                parameter.grad = None
            self.loss(x, t).backward()
            for name, parameter in self.params.items():
                found[name] = np.array(parameter.grad)
        finally:
            for name, parameter in self.params.items():
                parameter.grad = before[name]
        return found

    def numerical_gradient(self, x: Any, t: Any) -> dict[str, NDArray[np.float64]]:
        """The same by central differences: two forward passes for each number.

        Computed in float64, whatever the dtype of the network (book, chapter 4.4).
        Each pass draws the same random numbers, those that `gradient` would draw next;
        nothing in the network changes.
        """
        twin = self.astype(np.float64)
        x = tg.Tensor(x, dtype=np.float64)
        generators = [
            (value, value.bit_generator.state)
            for _, module in twin.named_modules()
            for value in vars(module).values()
            if isinstance(value, np.random.Generator)
        ]

        def loss() -> float:
            for generator, state in generators:
                generator.bit_generator.state = state
            return float(twin.loss(x, t).item())

        found = {}
        values = {}
        for name, parameter in twin.params.items():
            values[name] = np.array(parameter)
            twin.params[name] = tg.asarray(values[name])  # sees what is written there
        with tg.no_grad():
            for name in values:
                found[name] = _slopes(loss, values[name])
        return found

    def astype(self, dtype: DTypeLike) -> Self:
        """A copy whose parameters and running averages have another dtype.

        For prediction in half precision (book, chapter 8.3), for example.

        Raises:
            TypeError: Not float16, float32 or float64.

        Example:
            >>> import nn
            >>> net = nn.TwoLayerNet(64, 50, 10, rng=np.random.default_rng(0))
            >>> net.astype(np.float16).predict(np.zeros((1, 64))).dtype
            dtype('float16')
        """
        wanted = checks.floating(type(self).__name__, dtype)
        copy = deepcopy(self)
        for module, attribute, value in copy.state_places().values():
            if value.dtype.kind != "f":
                continue
            if isinstance(value, tg.Tensor):
                new: Any = tg.Tensor(
                    value,
                    dtype=wanted,
                    requires_grad=value.requires_grad,
                    name=value.name,
                )
            else:
                new = value.astype(wanted)
            setattr(module, attribute, new)
        return copy


def _slopes(
    function: Callable[[], float], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Central differences of a function that reads `values`, for each of them."""
    slopes = np.empty_like(values)
    for index in np.ndindex(values.shape):
        here = values[index]
        values[index] = here + _STEP
        above = function()
        values[index] = here - _STEP
        below = function()
        values[index] = here
        slopes[index] = (above - below) / (2 * _STEP)
    return slopes
