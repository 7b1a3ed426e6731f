"""Updates of parameters: `p -= lr * p.grad` inside `no_grad()`.

`p.data = values` gives a leaf other values, bit for bit.

Copy on write: the array is written to only where nobody else holds it, no graph and
no view. So a recorded graph keeps the values that it saw, and its gradient is right.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import getrefcount
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp.errors import GraphError, ShapeError
from tinygrad_jp.graph import Leaf, tick
from tinygrad_jp.mode import current
from tinygrad_jp.operands import as_tensor

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor


def updated(
    tensor: Any,
    function: Callable[..., Tensor],
    ufunc: np.ufunc,
    other: Any,
    sign: str,
) -> Tensor:
    """A new Tensor; of a parameter inside `no_grad()`, itself with a new value.

    Raises:
        GraphError: A parameter outside of `no_grad()`.
        ShapeError: The step does not broadcast to the parameter's shape.
    """
    node = tensor._node
    if type(node) is not Leaf or not node.live:
        return function(tensor, other)
    if current().grad:
        raise GraphError(
            f"{sign}: a tensor with requires_grad=True is updated outside of the "
            "graph; put the line inside `with no_grad():`"
        )
    if type(other) is np.ndarray and other.dtype.kind == "f":
        step = other
    else:
        step = (other if type(other) is type(tensor) else as_tensor(sign, other))._data
    new = tensor._data if held_once(tensor) else np.empty_like(tensor._data)
    try:
        tensor._data = ufunc(tensor._data, step, new)
    except ValueError:
        raise ShapeError(
            f"{sign}: needs shape {tensor.shape} or one that broadcasts to it, "
            f"got {step.shape}"
        ) from None
    node.changed = tick()
    result: Tensor = tensor
    return result


def replace(tensor: Any, values: Any) -> None:
    """Give a leaf a copy of other values, of the same shape and dtype.

    Raises:
        GraphError: A result, whose values follow from its graph.
        ShapeError: Another shape or dtype.
    """
    if not tensor.is_leaf:
        raise GraphError("data: only a leaf takes other values; this is a result")
    array = as_tensor("data", values)._data
    if array.shape != tensor.shape or array.dtype != tensor.dtype:
        raise ShapeError(
            f"data: needs shape {tensor.shape} and {tensor.dtype}, "
            f"got {array.shape} and {array.dtype}"
        )
    # A new array, so that a recorded graph keeps the values that it saw.
    tensor._data = array.copy()
    if tensor._node is not None:
        tensor._node.changed = tick()


class _Holder:
    __slots__ = ("_data",)

    def __init__(self) -> None:
        self._data = np.empty(1)


def _count_references(holder: Any) -> int:
    return getrefcount(holder._data)


_ALONE = _count_references(_Holder())


def held_once(tensor: Tensor) -> bool:
    """Whether a Tensor's array is its own, and in nobody else's hands."""
    return tensor._data.base is None and _count_references(tensor) == _ALONE
