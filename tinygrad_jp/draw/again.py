"""The values of a graph's nodes: what it keeps, and what its ops give once more.

A graph keeps only what its gradients need, and nothing after `backward` has released
it. So the ops are run again, from leaves that surely hold what they held. What cannot
be known is left out: a constant whose Tensor is gone, memory that the caller may have
written to, a parameter that has been updated since.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp.graph import Leaf, Node, name_of
from tinygrad_jp.mode import Mode, Switch
from tinygrad_jp.operands import Shared, bare
from tinygrad_jp.record import lift

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

OPS = 5_000
"""Ops above which none is run again for a picture."""

BYTES = 2**30
"""The same for the bytes of their results together."""


class unwatched(Switch):
    """Record, outside of all scopes, and show it to nobody who watches the user."""

    def _changed(self, mode: Mode) -> Mode:
        return Mode(True, None, (), mode)


def is_small(order: Sequence[Node]) -> bool:
    """Whether the ops of a graph may be run again for a picture."""
    if len(order) > OPS:
        return False
    sizes = [prod(node.shape) * np.dtype(node.dtype).itemsize for node in order]
    return bool(sum(sizes) <= BYTES)


def around(order: Sequence[Node], seen: Sequence[Node]) -> list[Node]:
    """The nodes that are seen, and the ops that use them."""
    wanted = set(seen)
    return [n for n in order if n in wanted or not wanted.isdisjoint(n.inputs)]


def kept(order: Sequence[Node], tensors: Sequence[Tensor]) -> dict[Node, Any]:
    """The values that a graph keeps for its gradients, and those of the outputs.

    All results, where they were noted.
    """
    found: dict[Node, Any] = {}
    several: set[Node] = set()  # of which ops saw different values
    for node in order:
        if node.rule is None:
            continue
        noted = getattr(getattr(node, "site", None), "result", None)
        if noted is not None:
            found[node] = noted
        for name in (*node.rule.signature.operands, "out"):
            array = getattr(node, f"{name}_kept", None)
            if isinstance(array, Shared):
                array = array.copy
            whose = node if name == "out" else getattr(node, f"{name}_node")
            if not isinstance(array, np.ndarray) or not isinstance(whose, Node):
                continue
            before = found.setdefault(whose, array)
            if before is not array and not same(before, array):
                several.add(whose)
    for tensor in tensors:
        if tensor._node is not None:
            found[tensor._node] = tensor._data
    return {node: array for node, array in found.items() if node not in several}


def leaves(order: Sequence[Node], *, fresh: bool) -> dict[Node, Any]:
    """The values of the leaves that still hold what the ops saw.

    Args:
        order: All nodes, oldest first.
        fresh: The graph was recorded just now, so nothing has changed since.
    """
    used: dict[Node, int] = {}
    found: dict[Node, Any] = {}
    for node in order:
        for leaf in node.inputs:
            used.setdefault(leaf, node.order)
        if fresh:
            noted = getattr(getattr(node, "site", None), "operands", ())
            found.update([(u, a) for u, a in zip(node.inputs, noted) if not u.rule])
    for node in order:
        if isinstance(node, Leaf):
            value = _literal(node) if node.owner is None else owned(node, fresh=fresh)
            changed = getattr(node, "changed", -1) > used.get(node, node.order)
            if value is not None and value.shape == node.shape and not changed:
                found[node] = value
    return found


def owned(leaf: Leaf, *, fresh: bool) -> Any:
    """What the owner of a leaf holds; None where that may be something else by now."""
    owner = owner_of(leaf)
    if isinstance(owner, np.ndarray):
        return owner if fresh else None
    if owner is None or owner._node is not leaf:
        return None
    data = owner._data  # read-only where the memory is not the Tensor's own
    return data if fresh or data.flags.writeable else None


def owner_of(node: Node) -> Any:
    """Who holds the value of a leaf: a Tensor or an array; None where it is gone."""
    reference = node.owner if isinstance(node, Leaf) else None
    return None if reference is None else reference()


def _literal(leaf: Leaf) -> Any:
    """A number of a formula, which the engine names by `repr` and nobody owns."""
    name = name_of(leaf)
    if leaf.live or leaf.shape or name is None:
        return None
    try:
        value = name == "True" if name in ("True", "False") else float(name)
    except ValueError:
        return None
    return np.array(value, leaf.dtype)


def run(order: Sequence[Node], held: dict[Node, Any]) -> dict[Node, Tensor]:
    """Run every op whose operands are known, into a graph of its own.

    Args:
        order: All nodes, oldest first.
        held: Values of leaves; and of results, from which the way goes on where an op
            could not be run.
    """
    made: dict[Node, Tensor] = {}
    with unwatched(), np.errstate(all="ignore"):
        for node in order:
            result = _once_more(node, made) if node.rule is not None else None
            if result is None and node in held:
                leaf = Leaf(node.shape, node.dtype, live=node.live)
                result = bare(held[node], leaf)
            if result is not None:
                made[node] = result
    return made


def _once_more(node: Node, made: dict[Node, Tensor]) -> Tensor | None:
    if not made.keys() >= set(node.inputs):
        return None
    try:
        result = once_more(node, [made[u] for u in node.inputs])
    except Exception:  # a rule of the user's; the rest is shown
        return None
    same = result.shape == node.shape and result.dtype == node.dtype
    return result if same and result._node is not None else None


def once_more(node: Node, operands: Sequence[Any]) -> Tensor:
    """Run a node's op on other operands."""
    names = node.rule.signature.keywords
    keywords = {name: getattr(node, f"{name}_given") for name in names}
    op: Callable[..., Tensor] = lift(node.rule)
    return op(*operands, **keywords)


def agree(again: dict[Node, Tensor], before: dict[Node, Any]) -> bool:
    """Whether the ops gave once more what is still there of the first time."""
    return all(
        same(again[node]._data, array)
        for node, array in before.items()
        if node in again
    )


def same(now: Any, before: Any) -> bool:
    """Whether two arrays are equal, but for rounding; NaN is equal to NaN."""
    if before.dtype.kind != "f":
        return bool(np.array_equal(now, before))
    slack = 100 * np.finfo(before.dtype).eps  # BLAS may round otherwise
    with np.errstate(all="ignore"):
        return bool(np.allclose(now, before, rtol=slack, atol=slack, equal_nan=True))
