"""Attention: each step of a sequence looks at all others (Vaswani et al. 2017)."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import tinygrad_jp as tg
from nn import checks
from nn.contract import Contract
from nn.init import Init, xavier
from nn.layers import Affine
from nn.module import Module


class MultiHeadAttention(Module):
    """Each step asks, all steps answer, and it takes the mean of what fits best.

    Of a sequence `x` are made queries, and of a `context` keys and values; the context
    is `x` itself where it is not given. Cut into heads::

        softmax(queries @ keys.T / sqrt(size / heads)) @ values

    Shapes:
        x: (batch, time, size).
        context: (batch, steps, size); its `steps` may differ from `time`.
        mask: Booleans, True where a step of `x` may look at one of the context: (time,
            steps), (batch, time, steps) or (batch, heads, time, steps), each length
            perhaps 1. A step that may look nowhere sees zeros.
        The result: (batch, time, size).

    Args:
        size: Numbers per step.
        heads: How many; they share out `size`.
        causal: Whether no step may look at a later one.
        rng: Draws the weights.
        init: How weights start, as in `Affine`; "xavier" by default.
        dtype: Of the parameters. An array that is no Tensor is taken in it too.

    Attributes:
        query: The Affine that makes queries of `x`.
        key: The one that makes keys of the context.
        value: The one that makes values of the context.
        output: The one that puts the heads together.

    Raises:
        ShapeError: Shapes that do not fit, or a causal one called with a context that
            is not as long as `x`.
        TypeError: A mask that does not hold booleans.

    Example:
        >>> import nn
        >>> attention = nn.MultiHeadAttention(8, 2, rng=np.random.default_rng(0))
        >>> x = np.zeros((3, 5, 8))
        >>> attention(x).shape
        (3, 5, 8)
        >>> attention(x, np.zeros((3, 7, 8)), np.ones((3, 1, 7), bool)).shape
        (3, 5, 8)
        >>> attention.weights(x).shape
        (3, 2, 5, 5)
    """

    def __init__(
        self,
        size: int,
        heads: int,
        *,
        causal: bool = False,
        rng: np.random.Generator,
        init: Init = xavier,
        dtype: DTypeLike = np.float32,
    ) -> None:
        kind = "MultiHeadAttention"
        self.size = checks.whole(kind, "size", size)
        self.heads = checks.whole(kind, "heads", heads)
        if self.size % self.heads:
            raise ValueError(
                f"{kind}: heads must divide size, got {self.heads} for {self.size}"
            )
        if not isinstance(causal, bool):
            raise TypeError(f"{kind}: causal must be True or False, got {causal!r}")
        self.causal = causal
        checks.generator(kind, rng)

        def affine() -> Affine:
            return Affine(size, size, rng=rng, init=init, dtype=dtype)

        self.query = affine()
        self.key = affine()
        self.value = affine()
        self.output = affine()

    @property
    def contract(self) -> Contract:
        """Each sequence for itself; without `causal`, steps in any order."""
        shape = ("batch", "time", self.size)
        laws = () if self.causal else (("permutation_equivariant", {"axis": 1}),)
        return Contract(shape, shape, laws=laws)

    def forward(self, x: Any, context: Any = None, mask: Any = None) -> tg.Tensor:
        """Answer each step of `x` by what fits best in `context`."""
        x, context = self._given(x, context)
        weights = self._weights(x, context, mask)
        answers = weights @ self._in_heads(self.value(context))
        joined = tg.permute_dims(answers, (0, 2, 1, 3)).reshape(x.shape)
        result: tg.Tensor = self.output(joined)
        return result

    def weights(self, x: Any, context: Any = None, mask: Any = None) -> tg.Tensor:
        """How much each step looks at each other: (batch, heads, time, steps).

        They sum to 1 over the last axis, unless a step may look nowhere.
        """
        return self._weights(*self._given(x, context), mask)

    def _weights(self, x: tg.Tensor, context: tg.Tensor, mask: Any) -> tg.Tensor:
        asked = self._in_heads(self.query(x)) * (1 / sqrt(self.size // self.heads))
        keys = self._in_heads(self.key(context))
        scores = asked @ tg.matrix_transpose(keys)
        allowed = self._allowed(mask, scores.shape)
        if allowed is None:
            return tg.softmax(scores)
        # Not -inf: of a step that may look nowhere, that would make NaN.
        lowest = float(np.finfo(scores.dtype).min) / 2
        weights = tg.softmax(tg.where(allowed, scores, lowest))
        return tg.where(allowed, weights, 0.0)

    def _in_heads(self, x: tg.Tensor) -> tg.Tensor:
        """(batch, time, size) to (batch, heads, time, size / heads)."""
        batch, time, size = x.shape
        parts = x.reshape(batch, time, self.heads, size // self.heads)
        return tg.permute_dims(parts, (0, 2, 1, 3))

    def _allowed(self, mask: Any, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
        """Where to look, of a shape that broadcasts to (batch, heads, time, steps)."""
        allowed = None if mask is None else self._masked(mask, shape)
        if not self.causal:
            return allowed
        earlier: NDArray[np.bool_] = np.tri(shape[2], dtype=bool)
        return earlier if allowed is None else earlier & allowed

    def _masked(self, mask: Any, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        found = np.array(mask)
        if found.dtype != np.bool_:
            raise TypeError(
                f"{self._who()}: mask must hold booleans, True where a step may look, "
                f"got {found.dtype}; use mask != 0"
            )
        wide = found[:, None] if found.ndim == 3 else found
        axes = zip(wide.shape[::-1], shape[::-1])
        if wide.ndim not in (2, 4) or any(n not in (1, full) for n, full in axes):
            batch, _, time, steps = shape
            raise tg.ShapeError(
                f"{self._who()}: mask must have shape {(time, steps)}, "
                f"{(batch, time, steps)} or {shape}, got {found.shape}"
                + (
                    "; use mask[:, None]"
                    if found.shape == (batch, steps) != (time, steps)
                    else ""
                )
            )
        return wide

    def _given(self, x: Any, context: Any) -> tuple[tg.Tensor, tg.Tensor]:
        x = checks.tensor(x, self.query.W.dtype)
        shape = x.shape
        if x.ndim != 3 or shape[2] != self.size:
            raise tg.ShapeError(
                f"{self._who()}: x must have shape (batch, time, {self.size}), "
                f"got {shape}" + ("; use x[None]" if shape[1:] == (self.size,) else "")
            )
        if context is None:
            return x, x
        context = checks.tensor(context, self.query.W.dtype, "context")
        if context.ndim != 3 or (*context.shape[::2],) != (shape[0], self.size):
            raise tg.ShapeError(
                f"{self._who()}: context must have shape ({shape[0]}, steps, "
                f"{self.size}) for x of {shape}, got {context.shape}"
            )
        if self.causal and context.shape != shape:
            raise tg.ShapeError(
                f"{self._who()}: with causal=True, context must be as long as x, "
                f"{shape[1]} steps, got {context.shape[1]}; pass a mask instead"
            )
        return x, context

    def _who(self) -> str:
        return checks.who("MultiHeadAttention", self.name)

    def arguments(self) -> str:
        """Size and heads."""
        return f"{self.size}, {self.heads}" + (", causal=True" if self.causal else "")
