"""The numbers of a graph: values and gradients of its nodes, as far as they are known.

Nothing is guessed: what is shown is what the graph computed, or nothing. No `.grad` is
touched, and no hook is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp.backward import backpropagate
from tinygrad_jp.draw import again
from tinygrad_jp.draw.picture import Gradients
from tinygrad_jp.graph import Node

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor


@dataclass(slots=True)
class Facts:
    """What is known of the nodes of a graph.

    Attributes:
        values: What nodes hold.
        grads: The gradients of the sum of the outputs.
        gradients: Which of them are known.
        looked: The nodes that were looked at, oldest first: of a small graph all, and
            else those that are seen in the picture.
        again: The nodes of the ops that were run again; empty unless all were.
    """

    values: dict[Node, Any] = field(default_factory=dict)
    grads: dict[Node, Any] = field(default_factory=dict)
    gradients: Gradients = "none"
    looked: Sequence[Node] = ()
    again: dict[Node, Any] = field(default_factory=dict)


def facts_of(
    tensors: Sequence[Tensor],
    order: Sequence[Node],
    wanted: Iterable[Node],
    *,
    fresh: bool = False,
) -> Facts:
    """Collect what is known of a graph.

    Ops are run again where there are no more than `again.OPS` nodes of no more than
    `again.BYTES` together. For a larger graph only what it keeps is known.

    Args:
        tensors: The outputs. Each has a node.
        order: All nodes, oldest first.
        wanted: Those that are seen in the picture.
        fresh: The graph was recorded just now, so nothing has changed since.
    """
    small = again.is_small(order)
    indices = set(wanted).difference(order)  # these are no operands
    seen = sorted(set(wanted).difference(indices), key=attrgetter("order"))
    looked = order if small else seen
    kept = again.kept(order if small else again.around(order, seen), tensors)
    known = {**again.leaves(order, fresh=fresh), **kept} if small else {}
    made = again.run(order, known) if small else {}
    if not again.agree(made, kept):
        made = {}
    facts = Facts({node: tensor._data for node, tensor in made.items()} | kept)
    facts.looked = looked
    if len(made) == len(order):
        facts.again = {node: tensor._node for node, tensor in made.items()}
    for node in indices:
        facts.values[node] = again.owner_of(node)
    roots = [tensor._node for tensor in tensors if tensor._node is not None]
    live = [node for node in looked if node.live]
    found = _gradients(roots, live, made if len(made) == len(order) else {})
    if found is not None:
        facts.grads, facts.gradients = found, "all"
        return facts
    for node in seen:
        grad = getattr(again.owner_of(node), "grad", None) if node.live else None
        if grad is not None:
            facts.grads[node], facts.gradients = grad.data, "leaves"
    return facts


def are_scalars(roots: Sequence[Node]) -> bool:
    """Whether each root has one element, so that it can be differentiated."""
    return all(prod(root.shape) == 1 for root in roots)


def _gradients(
    roots: Sequence[Node], asked: Sequence[Node], made: dict[Node, Tensor]
) -> dict[Node, Any] | None:
    """The gradients of nodes: by the graph itself, or else as it was run again."""
    live = [root for root in roots if root.live]
    if not live or not are_scalars(roots):
        return None
    found = _carried(live, {node: node for node in asked})
    if found is None and made:
        new = {made[node]._node: node for node in asked}
        found = _carried([made[root]._node for root in live], new)
    return found


def _carried(ends: Sequence[Any], wanted: dict[Any, Node]) -> dict[Node, Any] | None:
    """The gradients of nodes, by the node that each stands for; None if none."""
    seeds = [(end, np.ones(end.shape, end.dtype)) for end in ends]
    try:
        # A NaN shall be seen in the picture, so nobody stops at it.
        with again.unwatched(), np.errstate(all="ignore"):
            found = backpropagate(seeds, retain=True, wanted=wanted)
    except Exception:  # a picture without gradients is better than none
        return None
    return {wanted[node]: g for node, g in found.items()}
