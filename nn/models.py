"""Networks as the book has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import tinygrad_jp as tg
from nn.contract import Contract
from nn.layers import Affine, ReLU
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


class TwoLayerNet(Module):
    """Affine, ReLU, Affine, and SoftmaxWithLoss to train with (book, chapter 5.7.2).

    Args:
        input_size: Numbers per image.
        hidden_size: Neurons between the two layers.
        output_size: Classes.
        weight_init_std: Standard deviation of the weights at the start.
        rng: Draws the weights.
        dtype: Of the parameters.

    Example:
        >>> import nn
        >>> import numpy as np
        >>> net = nn.TwoLayerNet(784, 50, 10, rng=np.random.default_rng(0))
        >>> net
        TwoLayerNet()  39,760 parameters
          layers: Sequential()  39,760 parameters
            Affine1: Affine(784, 50)  39,250 parameters
            ReLU1: ReLU()
            Affine2: Affine(50, 10)  510 parameters
          last_layer: SoftmaxWithLoss()
        >>> net.params
        Params(W1 (784, 50), b1 (50,), W2 (50, 10), b2 (10,))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        *,
        weight_init_std: float = 0.01,
        rng: np.random.Generator,
        dtype: DTypeLike = np.float32,
    ) -> None:
        first = Affine(
            input_size, hidden_size, rng=rng, std=weight_init_std, dtype=dtype
        )
        second = Affine(
            hidden_size, output_size, rng=rng, std=weight_init_std, dtype=dtype
        )
        self.layers = Sequential(first, ReLU(), second)
        self.last_layer = SoftmaxWithLoss()
        self.last_layer.name = "SoftmaxWithLoss"
        for name, parameter in self.params.items():
            parameter.name = name

    @property
    def params(self) -> Params:
        """The parameters by the book's names: W1, b1, W2, b2."""
        first, _, second = self.layers
        return Params(
            {
                "W1": (first, "W"),
                "b1": (first, "b"),
                "W2": (second, "W"),
                "b2": (second, "b"),
            }
        )

    @property
    def contract(self) -> Contract | None:
        """Scores for each image by itself."""
        return self.layers.contract

    def forward(self, x: Any) -> tg.Tensor:
        """The same as `predict`."""
        return self.predict(x)

    def predict(self, x: Any) -> tg.Tensor:
        """Scores, (batch, output_size), of images, (batch, input_size)."""
        for layer in self.layers:
            x = layer(x)
        scores: tg.Tensor = x
        return scores

    def loss(self, x: Any, t: Any) -> tg.Tensor:
        """Mean cross entropy of images `x` with labels or one-hot rows `t`."""
        loss: tg.Tensor = self.last_layer(self.predict(x), t)
        return loss

    def accuracy(self, x: Any, t: Any) -> float:
        """The part of the images whose largest score is at their label."""
        labels = np.asarray(t)
        if labels.ndim == 2:
            labels = labels.argmax(axis=1)
        with tg.no_grad():
            # Nothing is recorded, so nothing keeps `x`: it need not be copied.
            images = tg.asarray(x, dtype=self.params["W1"].dtype)
            predicted = self.predict(images).data.argmax(axis=-1)
        if predicted.shape != labels.shape or not labels.size:
            raise tg.ShapeError(
                f"accuracy: needs one label for each image, got t of "
                f"{np.shape(t)} and x of {np.shape(x)}"
            )
        return float((predicted == labels).mean())

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
        """
        twin = deepcopy(self)
        x = tg.Tensor(x, dtype=np.float64)
        found = {}
        values = {}
        for name, parameter in self.params.items():
            values[name] = np.array(parameter, np.float64)
            twin.params[name] = tg.asarray(values[name])  # sees what is written there
        with tg.no_grad():
            for name in values:
                found[name] = _slopes(lambda: twin.loss(x, t).item(), values[name])
        return found


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
