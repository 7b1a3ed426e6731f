"""Backpropagation: the walk, and the laws that no op can break.

Every cotangent passes through `fit`, which gives it the shape and dtype of the
value that it belongs to. Nothing is mutated: cotangents are added into new arrays,
and live in a dict of this call until their node has been visited.

A cotangent may stay *narrow*, with length 1 (or no axis) where its value repeats
one number, as below a sum; it is widened only where an op needs its full shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from tinygrad_jp.errors import GraphError
from tinygrad_jp.graph import Node, walk
from tinygrad_jp.record import reopen

_SMALL = 4096  # elements; below, widening once costs less than staying narrow

Cotangent = Any
"""An ndarray, or a Tensor where the backward pass itself is recorded."""


class Misfit(Exception):
    """A vjp returned something that does not broadcast with its operand."""


@lru_cache(maxsize=4096)
def _way(have: tuple[int, ...], want: tuple[int, ...]) -> tuple[Any, Any, bool]:
    """How to bring a cotangent from one shape to another.

    Returns:
        The leading axes to drop and the axes to shorten to 1, both by summing, and
        whether what is still narrow then is small enough to be widened at once.
    """
    extra = max(len(have) - len(want), 0)
    left = have[extra:]
    offset = len(want) - len(left)
    pairs = list(zip(left, want[offset:]))
    if any(n != m and 1 not in (n, m) for n, m in pairs):
        raise Misfit(f"a vjp returned shape {have} for an operand of {want}")
    long = tuple(i for i, (n, m) in enumerate(pairs) if n != 1 == m)
    narrow = offset > 0 or any(n == 1 != m for n, m in pairs)
    return tuple(range(extra)), long, narrow and prod(want) <= _SMALL


def fit(g: Cotangent, node: Node) -> Cotangent:
    """Give a cotangent its value's dtype, and sum it where the value was broadcast.

    Raises:
        Misfit: The two do not broadcast together.
    """
    if g.shape != node.shape:
        dropped, shortened, widen = _way(g.shape, node.shape)
        if dropped:
            g = np.add.reduce(g, dropped)
        if shortened:
            g = np.add.reduce(g, shortened, None, None, True)
        if widen and isinstance(g, (np.ndarray, np.generic)):
            g = _widen(g, node)
    return g if g.dtype == node.dtype else g.astype(node.dtype)


def _widen(g: Cotangent, node: Node) -> Cotangent:
    """Repeat a narrow cotangent to its full shape."""
    if g.shape == node.shape:
        return g
    if isinstance(g, (np.ndarray, np.generic)):
        wide = np.empty(node.shape, g.dtype)
        wide[...] = g
        return wide
    return np.broadcast_to(g, node.shape)


def _takes_narrow(node: Node) -> bool:
    """Whether a node's vjps may be given a cotangent that is not widened."""
    return node.rule.elementwise and all(
        u.shape == node.shape for u in node.inputs if u.live
    )


def backpropagate(
    roots: Sequence[tuple[Node, Cotangent]],
    *,
    retain: bool,
    wrap: Callable[[Any, Node], Any] | None = None,
    wanted: Iterable[Node] | None = None,
) -> dict[Node, Cotangent]:
    """Carry cotangents from the roots to what they were computed from.

    Args:
        roots: Nodes, and the cotangents to start with.
        retain: Keep the saved arrays, so that the graph can be used again.
        wrap: Makes a Tensor of a kept array and its node. With it the vjps run on
            Tensors, and the backward pass is a graph itself.
        wanted: The nodes whose cotangents to return; all leaves where it is None.

    Returns:
        The complete cotangents of those that a gradient flows into. No two share
        memory, with each other or with anything else.
    """
    cotangents: dict[Node, Cotangent] = {}
    found: dict[Node, Cotangent] = {}
    narrow: set[Node] = set()

    def fitted(g: Cotangent, node: Node) -> Cotangent:
        g = fit(g, node)
        if g.shape != node.shape:
            narrow.add(node)
        return g

    def reopen_tensor(node: Node, kept: Any, owner: Node) -> Any:
        if type(kept) is not np.ndarray:
            kept = reopen(node, kept)
        return wrap(kept, owner)  # type: ignore[misc]  # only called where it is given

    for node, g in roots:
        g = fit(g, node)
        cotangents[node] = cotangents[node] + g if node in cotangents else g
    order = walk(cotangents, live_only=True)
    targets = None if wanted is None else set(wanted)
    if targets is not None:
        order = _leading_to(targets, order)
    while order:
        node = order.pop()
        g = cotangents.pop(node, None)
        if g is None:  # no vjp led here
            continue
        is_leaf = node.rule is None
        if is_leaf if targets is None else node in targets:
            found[node] = _widen(g, node)
        if is_leaf:
            continue
        if node in narrow and not _takes_narrow(node):
            g = _widen(g, node)
        try:
            if wrap is None:
                node.pull(g, cotangents, fitted, reopen)
            else:
                node.pull_tensors(g, cotangents, fitted, reopen_tensor)
        except Misfit as error:
            raise GraphError(f"{node.rule.name}: {error}") from None
        if not retain:
            node.release()
    return found if wrap is not None else _unshared(found, roots)


def _leading_to(targets: set[Node], order: list[Node]) -> list[Node]:
    """Of a list that is oldest first, keep what was computed from the targets."""
    useful = set(targets)
    for node in order:
        if node not in useful and not useful.isdisjoint(node.inputs):
            useful.add(node)
    return [node for node in order if node in useful]


def _unshared(
    found: dict[Node, Cotangent], roots: Sequence[tuple[Node, Cotangent]]
) -> dict[Node, Cotangent]:
    """Copy each array that is a view, was handed in, or stands there twice."""
    taken = {id(g) for _, g in roots}
    for node, g in found.items():
        if type(g) is not np.ndarray or g.base is not None or id(g) in taken:
            g = found[node] = np.array(g)
        taken.add(id(g))
    return found
