"""Running a function or a model on an example, to draw what it computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

import numpy as np

from tinygrad_jp import tree
from tinygrad_jp.debug import Note
from tinygrad_jp.errors import GraphError
from tinygrad_jp.errors.origin import user_line
from tinygrad_jp.graph import Node
from tinygrad_jp.mode import Watcher, enable_grad
from tinygrad_jp.record import watching
from tinygrad_jp.tensor import Tensor


class _Lines(Watcher):
    """Notes the user's line of every op."""

    def ran(self, rule: Any, operands: Any, keywords: Any, result: Any) -> None:
        if result._node is not None:
            result._node.site = Note(user_line(), (), None)


def traced(
    function: Callable[..., Any], args: Sequence[Any]
) -> tuple[list[Tensor], list[Node]]:
    """Run a function on examples, and return the results and the inputs' nodes.

    Args:
        function: Of tensors, such as a model.
        args: Tensors, or arrays, which become tensors named like the parameters.

    Raises:
        GraphError: It recorded nothing.
    """
    names = _names(function, len(args))
    inputs = [_input(arg, name) for arg, name in zip(args, names)]
    with enable_grad(), watching(_Lines()):
        result = function(*inputs)
    tensors = [leaf for leaf in tree.leaves(result) if isinstance(leaf, Tensor)]
    recorded = [t for t in tensors if t._node is not None and t._node.rule is not None]
    if not recorded:
        name = getattr(function, "__name__", type(function).__name__)
        raise GraphError(f"draw: {name} computed no tensor from its arguments")
    nodes = [t._node for t in inputs if isinstance(t, Tensor) and t._node is not None]
    return recorded, nodes


def _input(value: Any, name: str) -> Any:
    if isinstance(value, Tensor):
        return value
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        return value
    return Tensor(array, requires_grad=array.dtype.kind == "f", name=name)


def _names(function: Callable[..., Any], count: int) -> list[str]:
    """The names of a function's parameters."""
    called = getattr(function, "forward", function)
    try:
        names = list(signature(called).parameters)
    except (TypeError, ValueError):
        names = []
    return [*names, *[f"x{i}" for i in range(len(names), count)]][:count]
