"""The numbers of a graph: values and gradients of its nodes, as far as they are known.

A graph keeps only what its gradients need, and nothing after `backward` has released
it. So the ops are run again, from leaves whose Tensors are still alive. Where that
does not lead to the value that the result holds, because a parameter has been updated
since, what it gave is thrown away. No `.grad` is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp.backward import backpropagate
from tinygrad_jp.draw.picture import Gradients
from tinygrad_jp.draw.reading import literal
from tinygrad_jp.graph import Leaf, Node, name_of
from tinygrad_jp.mode import enable_grad
from tinygrad_jp.operands import Shared, bare
from tinygrad_jp.record import lift

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

_OPS = 5_000  # that are run again for a picture
_BYTES = 2**30  # of their results together


@dataclass(slots=True)
class Facts:
    """What is known of the nodes of a graph.

    Attributes:
        values: What nodes hold.
        grads: The gradients of the sum of the outputs.
        gradients: Which of them are known.
    """

    values: dict[Node, Any] = field(default_factory=dict)
    grads: dict[Node, Any] = field(default_factory=dict)
    gradients: Gradients = "none"


def facts_of(
    tensors: Sequence[Tensor], order: Sequence[Node], wanted: Iterable[Node]
) -> Facts:
    """Collect what is known of a graph.

    Args:
        tensors: The outputs. Each has a node.
        order: All nodes, oldest first.
        wanted: Those whose gradients are asked for.
    """
    wanted = list(wanted)
    kept = _kept(order, tensors)
    again = _run_again(order, _owned(order) | kept) if _is_small(order) else {}
    if not _agree(again, kept):
        again = {}
    facts = Facts({node: tensor._data for node, tensor in again.items()} | kept)
    roots = [tensor._node for tensor in tensors if tensor._node is not None]
    live = [root for root in roots if root.live]
    if live and are_scalars(roots):
        same = {node: node for node in wanted}
        new = {node: again[node]._node for node in wanted if node in again}
        complete = len(again) == len(order)
        for ways in (same, new) if complete else (same,):
            ends = live if ways is same else [again[root]._node for root in live]
            found = _gradients(ends, {v: k for k, v in ways.items() if v is not None})
            if found is not None:
                facts.grads, facts.gradients = found, "all"
                return facts
    for node in wanted:
        grad = _accumulated(node)
        if grad is not None:
            facts.grads[node], facts.gradients = grad, "leaves"
    return facts


def are_scalars(roots: Sequence[Node]) -> bool:
    """Whether each root has one element, so that it can be differentiated."""
    return all(prod(root.shape) == 1 for root in roots)


def _gradients(ends: Sequence[Any], wanted: dict[Any, Node]) -> dict[Node, Any] | None:
    """The gradients of nodes, by the node that each stands for; None if none."""
    seeds = [(end, np.ones(end.shape, end.dtype)) for end in ends]
    try:
        with np.errstate(all="ignore"):  # a NaN shall be seen in the picture
            found = backpropagate(seeds, retain=True, wanted=wanted)
    except Exception:  # a picture without gradients is better than none
        return None
    return {wanted[node]: g for node, g in found.items()}


def _accumulated(node: Node) -> Any:
    owner = _owner(node)
    grad = getattr(owner, "grad", None) if node.live else None
    return None if grad is None else grad.data


def _owner(node: Node) -> Any:
    reference = node.owner if isinstance(node, Leaf) else None
    return None if reference is None else reference()


# --- values ------------------------------------------------------------------------


def _is_small(order: Sequence[Node]) -> bool:
    if len(order) > _OPS:
        return False
    sizes = [prod(node.shape) * np.dtype(node.dtype).itemsize for node in order]
    return bool(sum(sizes) <= _BYTES)


def _owned(order: Sequence[Node]) -> dict[Node, Any]:
    """The values of leaves that the user still holds, or wrote into the formula."""
    found: dict[Node, Any] = {}
    for node in order:
        if node.rule is not None:
            continue
        owner = _owner(node)
        if literal(node) is not None:
            name = str(name_of(node))
            value = name == "True" if name in ("True", "False") else float(name)
            found[node] = np.array(value, node.dtype)
        elif owner is not None and owner.shape == node.shape:
            found[node] = getattr(owner, "_data", owner)
    return found


def _kept(order: Sequence[Node], tensors: Sequence[Tensor]) -> dict[Node, Any]:
    """The values that the graph keeps for its gradients, and those of the outputs."""
    found: dict[Node, Any] = {}
    for node in order:
        if node.rule is None:
            continue
        for name in (*node.rule.signature.operands, "out"):
            kept = getattr(node, f"{name}_kept", None)
            if isinstance(kept, Shared):
                kept = kept.copy
            whose = node if name == "out" else getattr(node, f"{name}_node")
            if isinstance(kept, np.ndarray) and isinstance(whose, Node):
                found[whose] = kept
    for tensor in tensors:
        if tensor._node is not None:
            found[tensor._node] = tensor._data
    return found


def _run_again(order: Sequence[Node], held: dict[Node, Any]) -> dict[Node, Tensor]:
    """Run every op whose operands are known, into a graph of its own."""
    made: dict[Node, Tensor] = {}
    with enable_grad(), np.errstate(all="ignore"):
        for node in order:
            if node.rule is None:
                if node in held:
                    leaf = Leaf(node.shape, node.dtype, live=node.live)
                    made[node] = bare(held[node], leaf)
                continue
            if not made.keys() >= set(node.inputs):
                if node in held:  # the way goes on from here
                    leaf = Leaf(node.shape, node.dtype, live=node.live)
                    made[node] = bare(held[node], leaf)
                continue
            operands = [made[u] for u in node.inputs]
            names = node.rule.signature.keywords
            keywords = {name: getattr(node, f"{name}_given") for name in names}
            try:
                op: Callable[..., Tensor] = lift(node.rule)
                made[node] = op(*operands, **keywords)
            except Exception:  # noqa: S112  # a rule of the user's; the rest is shown
                continue
    return made


def _agree(again: dict[Node, Tensor], kept: dict[Node, Any]) -> bool:
    """Whether the ops gave once more what is still there of the first time."""
    for node, before in kept.items():
        if node not in again:
            continue
        now = again[node]._data
        if before.dtype.kind != "f":
            same = np.array_equal(now, before)
        else:
            slack = 100 * np.finfo(before.dtype).eps  # BLAS may round otherwise
            with np.errstate(all="ignore"):
                same = np.allclose(now, before, rtol=slack, atol=slack, equal_nan=True)
        if not same:
            return False
    return True
