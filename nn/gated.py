"""Recurrent layers with gates: LSTM and GRU, called and returning as `recurrent` says.

Names and the order of gates are those of the book's second volume (chapter 6).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

import tinygrad_jp as tg
from nn import checks
from nn.init import Init, xavier, zeros
from nn.recurrent import Gates, Recurrent, State


class LSTM(Recurrent):
    """Long short-term memory, with gates for what to forget, to add and to show.

    Hochreiter and Schmidhuber 1997; Gers et al. 2000. At every step, with ``a = x @ Wx
    + h @ Wh + b`` cut into four::

        f, g, i, o = sigmoid(a1), tanh(a2), sigmoid(a3), sigmoid(a4)
        c = f * c + g * i
        h = o * tanh(c)

    PyTorch has the gates in the order i, f, g, o, and weights transposed.

    Shapes:
        x: (batch, time, in_size).
        state: (h, c), each (batch, hidden_size); zeros where it is None.
        The result: hidden, (batch, time, hidden_size), and (h, c) after the last step.

    Args:
        in_size: Features that come in at each step.
        hidden_size: Numbers of the hidden state and of the memory cell.
        rng: Draws the weights.
        returns: "both" of the above, "hidden" alone, or h of the "last" step alone.
        init: How weights start, as in `Affine`, for each gate by itself; "xavier" by
            default.
        dtype: Of the parameters. An array that is no Tensor is taken in it too.

    Attributes:
        Wx: Weights of the input, (in_size, 4 * hidden_size).
        Wh: Weights of the state, (hidden_size, 4 * hidden_size).
        b: Bias, (4 * hidden_size,).

    Raises:
        ShapeError: Called with another shape, no step, or a state that does not fit.
        TypeError: A state that is not (h, c).

    Example:
        >>> import nn
        >>> lstm = nn.LSTM(3, 5, rng=np.random.default_rng(0))
        >>> hidden, (h, c) = lstm(np.zeros((2, 7, 3)))
        >>> hidden.shape, h.shape, c.shape
        ((2, 7, 5), (2, 5), (2, 5))
    """

    _gates = 4
    _states = ("h", "c")

    def _step(self, x: tg.Tensor, state: State, gates: Gates) -> State:
        h, c = state
        f, g, i, o = [x @ Wx + h @ Wh + b for Wx, Wh, b in gates]
        c = tg.sigmoid(f) * c + tg.tanh(g) * tg.sigmoid(i)
        return tg.sigmoid(o) * tg.tanh(c), c


class GRU(Recurrent):
    """A gated recurrent unit: an LSTM without a cell of its own (Cho et al. 2014).

    At every step, with z, r and n for the columns of `Wx`, `Wh` and `b`::

        z, r = sigmoid(x @ Wx + h @ Wh + b)
        n = tanh(x @ Wx + (r * h) @ Wh + b)
        h = (1 - z) * h + z * n

    With ``reset="after"``, ``n = tanh(x @ Wx + r * (h @ Wh + bh) + b)``, as PyTorch has
    it. There the columns stand in the order r, z, n, and z is 1 minus ours: its weights
    and its bias have the other sign.

    Shapes:
        x: (batch, time, in_size).
        state: h, (batch, hidden_size); zeros where it is None.
        The result: hidden, (batch, time, hidden_size), and h after the last step.

    Args:
        in_size: Features that come in at each step.
        hidden_size: Numbers of the hidden state.
        rng: Draws the weights.
        reset: Whether r weighs the state "before" or "after" its product with `Wh`.
        returns: "both" of the above, "hidden" alone, or h of the "last" step alone.
        init: How weights start, as in `Affine`, for each gate by itself; "xavier" by
            default.
        dtype: Of the parameters. An array that is no Tensor is taken in it too.

    Attributes:
        Wx: Weights of the input, (in_size, 3 * hidden_size).
        Wh: Weights of the state, (hidden_size, 3 * hidden_size).
        b: Bias, (3 * hidden_size,).
        bh: Bias of the state, (hidden_size,), with ``reset="after"`` alone.

    Raises:
        ShapeError: Called with another shape, no step, or a state that does not fit.

    Example:
        >>> import nn
        >>> gru = nn.GRU(3, 5, rng=np.random.default_rng(0))
        >>> hidden, h = gru(np.zeros((2, 7, 3)))
        >>> hidden.shape, h.shape
        ((2, 7, 5), (2, 5))
    """

    _gates = 3

    def __init__(
        self,
        in_size: int,
        hidden_size: int,
        *,
        rng: np.random.Generator,
        reset: str = "before",
        returns: str = "both",
        init: Init = xavier,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(
            in_size, hidden_size, rng=rng, returns=returns, init=init, dtype=dtype
        )
        self.reset = checks.choice("GRU", "reset", reset, "before", "after")
        if self.reset == "after":
            self.bh = zeros((self.hidden_size,), dtype)

    def _step(self, x: tg.Tensor, state: State, gates: Gates) -> State:
        (h,) = state
        z, r = [tg.sigmoid(x @ Wx + h @ Wh + b) for Wx, Wh, b in gates[:2]]
        Wx, Wh, b = gates[2]
        if self.reset == "before":
            n = tg.tanh(x @ Wx + (r * h) @ Wh + b)
        else:
            n = tg.tanh(x @ Wx + r * (h @ Wh + self.bh) + b)
        return (h + z * (n - h),)

    def arguments(self) -> str:
        """The sizes, and what is not as usual."""
        said = super().arguments()
        return said if self.reset == "before" else f'{said}, reset="after"'
