"""The graph: which value was computed from which, and the one walk over it.

A recorded value is a `Node`. Nodes point to the nodes that they were computed
from, never back, so a graph is freed by reference counting as soon as its last
value is dropped. This page knows neither NumPy nor Tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from heapq import heappop, heappush
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
            A slot nevertheless, which is read sooner than an attribute of the class.
        site: The user's line that made it; unset unless a debug mode notes it.
        owner: A weak reference to the Tensor that takes the gradient, or of a constant
            to what holds it; None or unset where there is none. Weak, because that
            gradient may be a graph that leads back.
        hooks: What is called with the gradient; unset where there are none.
        takes: Whether the backward pass has more to do here than to go on: for leaves,
            and results that keep their gradient or have hooks (`hooks.py`).
        pull: Carries a cotangent on to the inputs; see `tinygrad_jp.ops.rule`, which
            makes the class of each op's nodes.
        pull_tensors: The same, recorded.
    """

    __slots__ = (
        "dtype",
        "hooks",
        "live",
        "name",
        "order",
        "owner",
        "scope",
        "shape",
        "site",
    )

    order: int
    scope: Any
    shape: tuple[int, ...]
    dtype: Any
    name: str | None
    site: Any
    owner: Callable[[], Any] | None
    hooks: dict[int, Callable[[Any], Any]]
    live: bool
    rule: ClassVar[Any] = None
    takes: ClassVar[bool] = False

    pull: ClassVar[Callable[..., None]]
    pull_tensors: ClassVar[Callable[..., None]]

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The nodes that this one was computed from, in operand order."""
        return ()

    def slots(self) -> dict[str, Any]:
        """What the node holds, by name."""
        names = [
            n for kind in type(self).__mro__ for n in getattr(kind, "__slots__", ())
        ]
        return {name: getattr(self, name) for name in names if hasattr(self, name)}

    def __reduce__(self) -> tuple[Any, ...]:
        held = {name: v for name, v in self.slots().items() if name not in PRIVATE}
        return _remade, (self.rule or type(self), held)


class Leaf(Node):
    """A value that no op made: a parameter, an input or a constant.

    Attributes:
        changed: When its Tensor got other values, on the clock of `order`; unset
            where it never did. An older op saw others than are there now.
    """

    __slots__ = ("changed",)

    changed: int
    takes = True

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
        self.owner = None


PRIVATE = {"owner", "hooks", "changed"}
"""What a copy of a node does not take along: whose gradient it is, and who listens,
and when that changed."""


def _remade(kind: Any, held: dict[str, Any]) -> Node:
    """Unpickle a node, younger than its inputs, which are there already."""
    node: Node = object.__new__(kind if isinstance(kind, type) else kind.node)
    for name, value in held.items():
        setattr(node, name, value)
    if isinstance(node, Leaf):
        node.owner = None
    node.order = tick()
    return node


_by_order = attrgetter("order")


def walk(
    roots: Iterable[Node], *, live_only: bool = False, since: int = 0
) -> list[Node]:
    """List every node that `roots` were computed from, each once, oldest first.

    Iterative, so the depth of a graph is limited by memory alone. Reversed, the
    list visits every node after all of its users: the order of backpropagation.

    Args:
        roots: Where to start; they are part of the list.
        live_only: Leave out what no gradient flows into.
        since: Do not look below nodes whose creation number is smaller.
    """
    seen = set(roots)
    waiting = list(seen)
    add, wait = seen.add, waiting.append
    if since:
        waiting = [node for node in seen if node.order >= since]
        wait = partial(_wait_if_young, waiting, since)
    while waiting:
        for node in waiting.pop().inputs:
            if node not in seen and (node.live or not live_only):
                add(node)
                wait(node)
    return sorted(seen, key=_by_order)


def _wait_if_young(waiting: list[Node], since: int, node: Node) -> None:
    if node.order >= since:
        waiting.append(node)


class Line:
    """Results that wait for their turn in backpropagation.

    All that a node was used for is younger than it is. So if the youngest always comes
    first, all of its users have had their turn, and no list of the whole graph is
    needed.

    Attributes:
        came: Those that came since the last was called; append a node to it. In a
            chain it is the only one there is, and may be popped at once.
        waiting: The others, by creation number.
    """

    __slots__ = ("_orders", "came", "waiting")

    def __init__(self) -> None:
        self.came: list[Node] = []
        self.waiting: dict[int, Node] = {}
        self._orders: list[int] = []  # negative ones: a heap gives the smallest

    def youngest(self) -> Node:
        """Take out the one whose turn it is."""
        for node in self.came:
            order = node.order
            self.waiting[order] = node
            heappush(self._orders, -order)
        self.came.clear()
        return self.waiting.pop(-heappop(self._orders))


def name_of(node: Node) -> str | None:
    """The user's name for a node, or None."""
    return getattr(node, "name", None)
