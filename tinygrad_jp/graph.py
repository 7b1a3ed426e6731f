"""The graph: which value was computed from which, and the one walk over it.

A recorded value is a `Node`. Nodes point to the nodes that they were computed
from, never back, so a graph is freed by reference counting as soon as its last
value is dropped. This page knows neither NumPy nor Tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from operator import attrgetter
from typing import Any, ClassVar

tick: Callable[[], int] = count().__next__
"""The next creation number. An input is always older than what is made of it."""


class Node:
    """One value in the graph.

    Attributes:
        order: Creation number; sorting by it is a topological sort.
        scope: Where it was made (`tinygrad_jp.mode.Scope`), for pictures.
        shape: Shape of the value.
        dtype: Dtype of the value.
        name: What the user calls it; unset until it is given.
        rule: The op that made it; None for a leaf.
        live: Whether gradients flow into it: true of every result that is recorded.
        pull: Carries a cotangent on to the inputs; see `tinygrad_jp.ops.rule`, which
            makes the class of each op's nodes.
        pull_tensors: The same, recorded.
    """

    __slots__ = ("dtype", "live", "name", "order", "scope", "shape")

    order: int
    scope: Any
    shape: tuple[int, ...]
    dtype: Any
    name: str | None
    live: bool
    rule: ClassVar[Any] = None

    pull: ClassVar[Callable[..., None]]
    pull_tensors: ClassVar[Callable[..., None]]

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The nodes that this one was computed from, in operand order."""
        return ()


class Leaf(Node):
    """A value that no op made: a parameter, an input or a constant.

    Attributes:
        owner: A weak reference to the Tensor that takes the gradient, or None. Weak,
            because that gradient may be a graph that leads back to this leaf.
    """

    __slots__ = ("owner",)

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: Any,
        *,
        live: bool = False,
        name: str | None = None,
        scope: Any = None,
    ) -> None:
        self.order = tick()
        self.scope = scope
        self.shape = shape
        self.dtype = dtype
        self.name = name
        self.live = live
        self.owner: Callable[[], Any] | None = None


_by_order = attrgetter("order")


def walk(roots: Iterable[Node], *, live_only: bool = False) -> list[Node]:
    """List every node that `roots` were computed from, each once, oldest first.

    Iterative, so the depth of a graph is limited by memory alone. Reversed, the
    list visits every node after all of its users: the order of backpropagation.

    Args:
        roots: Where to start; they are part of the list.
        live_only: Leave out what no gradient flows into.
    """
    seen = set(roots)
    waiting = list(seen)
    add, wait = seen.add, waiting.append
    while waiting:
        for node in waiting.pop().inputs:
            if node not in seen and (node.live or not live_only):
                add(node)
                wait(node)
    return sorted(seen, key=_by_order)


def copy_graph(roots: Iterable[Node], memo: dict[int, Any]) -> None:
    """Copy all that `roots` were computed from; `memo` maps each id to its copy.

    Kept arrays are shared between graph and copy: the engine never writes to one.
    """
    for node in walk(roots):
        if id(node) in memo:
            continue
        new = memo[id(node)] = object.__new__(type(node))
        for kind in type(node).__mro__:
            for slot in getattr(kind, "__slots__", ()):
                if hasattr(node, slot):
                    setattr(new, slot, _renewed(getattr(node, slot), memo))
        if isinstance(new, Leaf):
            new.owner = None  # the copied Tensor takes its place there itself


def _renewed(value: Any, memo: dict[int, Any]) -> Any:
    if isinstance(value, Node):
        return memo[id(value)]
    if isinstance(value, tuple) and value and isinstance(value[0], Node):
        return tuple([memo[id(node)] for node in value])
    return value


def name_of(node: Node) -> str | None:
    """The user's name for a node, or None."""
    return getattr(node, "name", None)
