"""Fully connected networks as the book has them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from nn import checks
from nn.activations import ELU, GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Tanh
from nn.init import Init
from nn.layers import Affine, Dropout
from nn.module import Module
from nn.network import Network
from nn.normalization import BatchNormalization

ACTIVATIONS: dict[str, type[Module]] = {
    "relu": ReLU,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "gelu": GELU,
    "silu": SiLU,
}
"""What a network can be asked for by name."""

_SATURATING = ("sigmoid", "tanh")


class TwoLayerNet(Network):
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
        std = checks.real("TwoLayerNet", "weight_init_std", weight_init_std, zero=True)
        first = Affine(input_size, hidden_size, rng=rng, std=std, dtype=dtype)
        second = Affine(hidden_size, output_size, rng=rng, std=std, dtype=dtype)
        super().__init__([first, ReLU(), second])


class MultiLayerNet(Network):
    """Any number of hidden layers, each an Affine and an activation (book, chapter 6).

    With ``use_batchnorm=True`` a BatchNormalization stands between the two, and with
    ``use_dropout=True`` a Dropout behind them: the book's MultiLayerNetExtend.

    Args:
        input_size: Numbers per image.
        hidden_size_list: Neurons of each hidden layer, such as ``[100] * 5``.
        output_size: Classes.
        activation: One of `nn.models.ACTIVATIONS`: "relu", "sigmoid", "tanh", ...
        weight_init_std: How the weights start: "he" or "relu", "xavier" or "sigmoid", a
            standard deviation, or an initialiser of `nn.init`. Where it is None, what
            suits the activation: Xavier for sigmoid and tanh, else He.
        weight_decay_lambda: Strength of the weight decay; 0 for none.
        use_dropout: Whether numbers are dropped in training.
        dropout_ratio: How many.
        use_batchnorm: Whether hidden layers are normalised.
        rng: Draws the weights, and what is dropped.
        dtype: Of the parameters.

    Raises:
        ValueError: No hidden layer, an unknown name, or a number out of range.

    Example:
        >>> import nn
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> net = nn.MultiLayerNet(784, [100, 100], 10, use_batchnorm=True, rng=rng)
        >>> list(net.params)[:4], len(net.layers)
        (['W1', 'b1', 'gamma1', 'beta1'], 7)
        >>> nn.MultiLayerNet(784, [100], 10, weight_init_std="sigmoid", rng=rng).layers
        Sequential()  79,510 parameters
          Affine1: Affine(784, 100)  78,500 parameters
          ReLU1: ReLU()
          Affine2: Affine(100, 10)  1,010 parameters
    """

    def __init__(
        self,
        input_size: int,
        hidden_size_list: Sequence[int],
        output_size: int,
        *,
        activation: str = "relu",
        weight_init_std: Init | None = None,
        weight_decay_lambda: float = 0.0,
        use_dropout: bool = False,
        dropout_ratio: float = 0.5,
        use_batchnorm: bool = False,
        rng: np.random.Generator,
        dtype: DTypeLike = np.float32,
    ) -> None:
        owner = "MultiLayerNet"
        activation = checks.choice(owner, "activation", activation, *ACTIVATIONS)
        sizes = list(hidden_size_list)
        if not sizes:
            raise ValueError(
                f"{owner}: hidden_size_list needs one size or more, got []"
            )
        for position, size in enumerate(sizes):
            checks.whole(owner, f"hidden_size_list[{position}]", size)
        checks.below_one(owner, "dropout_ratio", dropout_ratio)
        init = weight_init_std
        if init is None:
            init = "xavier" if activation in _SATURATING else "he"
        layers: list[Module] = []
        for come, go in zip([input_size, *sizes], sizes):
            layers.append(Affine(come, go, rng=rng, init=init, dtype=dtype))
            if use_batchnorm:
                layers.append(BatchNormalization(go, dtype=dtype))
            layers.append(ACTIVATIONS[activation]())
            if use_dropout:
                layers.append(Dropout(dropout_ratio, rng=rng))
        layers.append(Affine(sizes[-1], output_size, rng=rng, init=init, dtype=dtype))
        super().__init__(layers, weight_decay_lambda=weight_decay_lambda)
