"""How large the gradients in a graph are, without touching any `.grad`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

import numpy as np

from tinygrad_jp.backward import backpropagate
from tinygrad_jp.draw.picture import Gradients
from tinygrad_jp.graph import Leaf, Node


def norm_of(array: Any) -> float:
    """Frobenius norm, without overflow on the way. NaN if anything is NaN."""
    flat = np.abs(np.asarray(array, np.float64)).ravel()
    largest = float(flat.max(initial=0.0))
    if not 0.0 < largest < np.inf:
        return largest
    flat /= largest
    return largest * float(np.sqrt(flat @ flat))


def norms_of(
    roots: Sequence[Node], wanted: Iterable[Node]
) -> tuple[dict[Node, float], Gradients]:
    """The norms of the gradients of `roots`' sum.

    Where that cannot be had, because a root is no scalar or the graph was released,
    those that `backward` has left in the leaves.
    """
    wanted = list(wanted)
    live = [root for root in roots if root.live]
    if live and are_scalars(roots):
        seeds = [(root, np.ones(root.shape, root.dtype)) for root in live]
        try:
            with np.errstate(all="ignore"):  # a NaN shall be seen in the picture
                found = backpropagate(seeds, retain=True, wanted=wanted)
                return {node: norm_of(g) for node, g in found.items()}, "all"
        except Exception:  # noqa: S110  # a picture without gradients is better than none
            pass
    norms = {}
    for node in wanted:
        grad = _accumulated(node)
        if grad is not None:
            norms[node] = norm_of(grad)
    return norms, "leaves" if norms else "none"


def are_scalars(roots: Sequence[Node]) -> bool:
    """Whether each root has one element, so that it can be differentiated."""
    return all(prod(root.shape) == 1 for root in roots)


def _accumulated(node: Node) -> Any:
    owner = node.owner if isinstance(node, Leaf) else None
    tensor = owner() if owner is not None else None
    return None if tensor is None or tensor.grad is None else tensor.grad.data
