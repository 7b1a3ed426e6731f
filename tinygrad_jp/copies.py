"""Copies of graphs: `copy.deepcopy` and `pickle`, however deep the graph is.

Both list the nodes oldest first, so that what a node was computed from is there
before it, and no call goes as deep as the graph.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp.graph import PRIVATE, Leaf, Node, tick, walk
from tinygrad_jp.operands import bare

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor


def copy_graph(roots: Iterable[Node], memo: dict[int, Any]) -> None:
    """Copy all that `roots` were computed from; `memo` maps each id to its copy.

    Kept arrays are shared between graph and copy: the engine never writes to one.
    """
    for node in walk(roots):
        if id(node) in memo:
            continue
        new = memo[id(node)] = object.__new__(type(node))
        for name, value in node.slots().items():
            if name not in PRIVATE:
                setattr(new, name, _renewed(value, memo))
        new.order = tick()  # no two nodes have one number: it tells whose turn it is
        if isinstance(new, Leaf):
            new.owner = None  # the copied Tensor takes its place there itself


def _renewed(value: Any, memo: dict[int, Any]) -> Any:
    if isinstance(value, Node):
        return memo[id(value)]
    if isinstance(value, tuple) and value and isinstance(value[0], Node):
        return tuple([memo[id(node)] for node in value])
    return value


def reduced(tensor: Tensor) -> tuple[Any, ...]:
    """What `pickle` writes of a Tensor: its values, its graph and its gradient."""
    nodes = [] if tensor._node is None else walk([tensor._node])
    return _restored, (np.array(tensor._data), nodes, tensor.grad)


def _restored(data: Any, nodes: list[Node], grad: Tensor | None) -> Tensor:
    tensor = bare(data, nodes[-1] if nodes else None)
    tensor._grad = grad
    if isinstance(tensor._node, Leaf):
        tensor._node.owner = weakref.ref(tensor)
    return tensor
