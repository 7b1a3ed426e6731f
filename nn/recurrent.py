"""Recurrent layers read a sequence step by step: RNN here, LSTM and GRU in `gated`.

They take (batch, time, features) and are called with a sequence, and with the state to
start from, zeros by default. They return the hidden state of every step, and the state
after the last: what to start from if the sequence goes on. ``returns="hidden"`` gives
the former alone and ``returns="last"`` the hidden state of the last step, for a
`Sequential`. To cut the gradient between two pieces of a long sequence, pass
``state.detach()``.

Names and the order of gates are those of the book's second volume (chapters 5 and 6).
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

import tinygrad_jp as tg
from nn import checks
from nn.contract import Contract
from nn.init import Init, weights, xavier, zeros
from nn.module import Module

State: TypeAlias = tuple[tg.Tensor, ...]
Gates: TypeAlias = list[tuple[tg.Tensor, tg.Tensor, tg.Tensor]]
"""Wx, Wh and b of each gate."""

_PIECES = 8
"""Into how many pieces a sequence is cut at a time."""


class Recurrent(Module):
    """What RNN, LSTM and GRU share: parameters, the loop over time, and what returns.

    Args:
        in_size: Features that come in at each step.
        hidden_size: Numbers of the hidden state.
        rng: Draws the weights.
        returns: "both", "hidden" or "last", as on this page's head.
        init: How weights start, as in `Affine`, for each gate by itself; "xavier" by
            default. Biases start as zeros.
        dtype: Of the parameters. An array that is no Tensor is taken in it too.
    """

    _gates: ClassVar[int] = 1
    _states: ClassVar[tuple[str, ...]] = ("h",)

    def __init__(
        self,
        in_size: int,
        hidden_size: int,
        *,
        rng: np.random.Generator,
        returns: str = "both",
        init: Init = xavier,
        dtype: DTypeLike = np.float32,
    ) -> None:
        kind = type(self).__name__
        self.in_size = checks.whole(kind, "in_size", in_size)
        self.hidden_size = checks.whole(kind, "hidden_size", hidden_size)
        self.returns = checks.choice(kind, "returns", returns, "both", "hidden", "last")

        def drawn(rows: int) -> tg.Tensor:
            return weights(
                kind,
                (rows, self.hidden_size),
                fan_in=rows,
                rng=rng,
                init=init,
                dtype=dtype,
                count=self._gates,
            )

        self.Wx = drawn(self.in_size)
        self.Wh = drawn(self.hidden_size)
        self.b = zeros((self._gates * self.hidden_size,), dtype)

    @property
    def contract(self) -> Contract:
        """Each sequence for itself."""
        last = ("batch", self.hidden_size)
        every = ("batch", "time", self.hidden_size)
        gives: Any = {
            "last": last,
            "hidden": every,
            "both": [every] + [last] * len(self._states),
        }
        return Contract(("batch", "time", self.in_size), gives[self.returns])

    def forward(self, x: Any, state: Any = None) -> Any:
        """Read a sequence, (batch, time, in_size), from its first step to its last."""
        x = checks.tensor(x, self.Wx.dtype)
        self._check(x.shape)
        now = self._start(state, len(x))
        # Cut here, once: the gradient of each slice is as large as the whole.
        gates = list(
            zip(
                tg.split(self.Wx, self._gates, axis=1),
                tg.split(self.Wh, self._gates, axis=1),
                tg.split(self.b, self._gates),
            )
        )
        hidden = []
        for row in _steps(x):
            now = self._step(row, now, gates)
            hidden.append(now[0])
        if self.returns == "last":
            return now[0]
        every = tg.stack(hidden, axis=1)
        if self.returns == "hidden":
            return every
        return every, now if len(now) > 1 else now[0]

    def _step(self, x: tg.Tensor, state: State, gates: Gates) -> State:
        """The next state, from one step and Wx, Wh and b of each gate."""
        raise TypeError(f"{type(self).__name__}: needs a method _step")

    def _check(self, shape: tuple[int, ...]) -> None:
        size = self.in_size
        if len(shape) != 3 or shape[2] != size or not shape[1]:
            repair = "; use x[None]" if len(shape) == 2 and shape[1] == size else ""
            raise tg.ShapeError(
                f"{self._who()}: x must have shape (batch, time, {size}), with one "
                f"step or more, got {shape}{repair}"
            )

    def _start(self, state: Any, batch: int) -> State:
        """The state to start from, checked: zeros where it is None."""
        shape, dtype = (batch, self.hidden_size), self.Wx.dtype
        names = self._states
        if state is None:
            return tuple([tg.zeros(shape, dtype=dtype) for _ in names])
        if len(names) == 1:
            state = (state,)
        elif not isinstance(state, (tuple, list)) or len(state) != len(names):
            raise TypeError(
                f"{self._who()}: state must be ({', '.join(names)}), "
                f"got {type(state).__name__}"
            )
        found = []
        for name, value in zip(names, state):
            start = checks.tensor(value, dtype, name)
            if start.shape != shape:
                raise tg.ShapeError(
                    f"{self._who()}: {name} of the state must have shape {shape}, "
                    f"got {start.shape}"
                )
            found.append(start)
        return tuple(found)

    def _who(self) -> str:
        return checks.who(type(self).__name__, self.name)

    def arguments(self) -> str:
        """The sizes, and what it returns, if not both."""
        more = "" if self.returns == "both" else f', returns="{self.returns}"'
        return f"{self.in_size}, {self.hidden_size}{more}"


class RNN(Recurrent):
    """``h = tanh(x @ Wx + h @ Wh + b)`` at every step (Elman 1990).

    Shapes:
        x: (batch, time, in_size).
        state: h, (batch, hidden_size); zeros where it is None.
        The result: hidden, (batch, time, hidden_size), and h after the last step.

    Args:
        in_size: Features that come in at each step.
        hidden_size: Numbers of the hidden state.
        rng: Draws the weights.
        returns: "both" of the above, "hidden" alone, or h of the "last" step alone.
        init: How weights start, as in `Affine`; "xavier" by default.
        dtype: Of the parameters. An array that is no Tensor is taken in it too.

    Attributes:
        Wx: Weights of the input, (in_size, hidden_size).
        Wh: Weights of the state, (hidden_size, hidden_size).
        b: Bias, (hidden_size,).

    Raises:
        ShapeError: Called with another shape, no step, or a state that does not fit.

    Example:
        >>> import nn
        >>> rnn = nn.RNN(3, 5, rng=np.random.default_rng(0))
        >>> hidden, h = rnn(np.zeros((2, 7, 3)))
        >>> hidden.shape, h.shape
        ((2, 7, 5), (2, 5))
        >>> more, h = rnn(np.zeros((2, 4, 3)), h)
    """

    def _step(self, x: tg.Tensor, state: State, gates: Gates) -> State:
        (h,) = state
        ((Wx, Wh, b),) = gates
        return (tg.tanh(x @ Wx + h @ Wh + b),)


def _steps(x: tg.Tensor) -> list[tg.Tensor]:
    """``x[:, 0]``, ``x[:, 1]`` and so on, cut by and by into smaller pieces.

    The gradient of each slice is as large as what it was cut from. Of n slices cut from
    the whole, that makes n times the whole; this way it is 8 times its log to base 8.
    """
    pieces = [x]
    while pieces[0].shape[1] > 1:
        length = -(-pieces[0].shape[1] // _PIECES)
        pieces = [
            piece[:, start : start + length]
            for piece in pieces
            for start in range(0, piece.shape[1], length)
        ]
    return [piece.reshape(piece.shape[0], piece.shape[2]) for piece in pieces]
