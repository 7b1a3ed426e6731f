"""Assignment without writing: `x.at[index].set(v)` is a new Tensor.

A Tensor is a value that graphs rely on, so nobody writes to it. What `x[index] = v`
means in NumPy stands here as a function of `x` and `v`, with a gradient in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp.compose.arguments import frozen, picked_shape, written_index
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import as_tensor
from tinygrad_jp.ops.indexing import picks_once

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any


class At:
    """A Tensor with other elements at some places: `x.at[index].set(v)`, `.add(v)`.

    The index may be anything that `x[index]` takes; `v` broadcasts to what it picks
    and takes the dtype of `x`.

    Example:
        >>> import tinygrad_jp as tg
        >>> x = tg.Tensor([1.0, 2.0, 3.0])
        >>> x.at[1].set(0.0)
        Tensor([1., 0., 3.])
        >>> x.at[[0, 0]].add(10.0)
        Tensor([21.,  2.,  3.])
    """

    __slots__ = ("_x",)

    def __init__(self, x: Operand) -> None:
        self._x = as_tensor("at", x)

    def __getitem__(self, index: Any) -> _Place:
        return _Place(self._x, index)


class _Place:
    """A Tensor and an index: what shall happen there."""

    __slots__ = ("_index", "_text", "_x")

    def __init__(self, x: Tensor, index: Any) -> None:
        self._x = x
        self._text = f"x.at[{written_index(index)}]"
        self._index = frozen(index)

    def set(self, value: Operand) -> Tensor:
        """`x` with `value` at the index; the gradient of what it replaces is 0.

        Where the index picks an element several times, the last one counts, as in
        NumPy's assignment, and the others get the gradient 0.
        """
        value = self._fitted("set", value)
        shape = self._x.shape
        if picks_once(self._index):
            replaced = np.zeros(shape, np.bool_)
            replaced[self._index] = True
            new = f.scatter_add(value, index=self._index, shape=shape)
        else:
            # Assign numbers instead of values to see which of them are left.
            last = np.full(shape, -1)
            last[self._index] = np.arange(value.size).reshape(value.shape)
            replaced = last >= 0
            winners = f.getitem(f.reshape(value, shape=(-1,)), index=last[replaced])
            new = f.scatter_add(winners, index=replaced, shape=shape)
        return f.where(replaced, new, self._x)

    def add(self, value: Operand) -> Tensor:
        """`x` with `value` added at the index, as often as it picks an element."""
        value = self._fitted("add", value)
        new = f.scatter_add(value, index=self._index, shape=self._x.shape)
        return f.add(self._x, new)

    def _fitted(self, method: str, value: Operand) -> Tensor:
        """The value in the shape that the index picks, and in x's dtype."""
        op = f"{self._text}.{method}"
        x = self._x
        picked = picked_shape(op, self._index, x.shape)
        new = as_tensor(op, value)
        if new.dtype.kind == "f" != x.dtype.kind:
            raise TypeError(
                f"{op}: x holds {x.dtype}, and the value is of {new.dtype}; use "
                f"x.astype({new.dtype}) first"
            )
        if new.dtype != x.dtype:
            new = f.astype(new, dtype=x.dtype)
        extra = max(new.ndim - len(picked), 0)
        if set(new.shape[:extra]) <= {1}:  # NumPy's assignment drops these
            new = f.reshape(new, shape=new.shape[extra:])
        if new.shape == picked:
            return new
        try:
            return f.broadcast_to(new, shape=picked)
        except ShapeError:
            raise ShapeError(
                f"{op}: the value must broadcast to {picked}, which the index picks of "
                f"x {x.shape}, got {new.shape}"
            ) from None
