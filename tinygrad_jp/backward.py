"""Backpropagation: the walk.

Nothing is mutated that anybody sees: cotangents live in a dict of this call until their
node has had its turn (`cotangents.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from tinygrad_jp.cotangents import Cotangent, Cotangents, MisfitError, widen
from tinygrad_jp.errors import GraphError
from tinygrad_jp.graph import Node, walk
from tinygrad_jp.mode import Mirror, current, within
from tinygrad_jp.operands import reopen


def backpropagate(
    roots: Sequence[tuple[Node, Cotangent]],
    *,
    retain: bool,
    wrap: Callable[[Any, Node], Any] | None = None,
    wanted: Iterable[Node] | None = None,
    visit: Callable[[Node, Cotangent], Cotangent] | None = None,
    since: int = 0,
) -> dict[Node, Cotangent]:
    """Carry cotangents from the roots to what they were computed from.

    Args:
        roots: Nodes, and the cotangents to start with.
        retain: Keep the saved arrays, so that the graph can be used again.
        wrap: Makes a Tensor of a kept array and its node. With it the vjps run on
            Tensors, and the backward pass is a graph itself.
        wanted: The nodes whose cotangents to return; where it is None, all leaves and
            the results that keep theirs.
        visit: Called with each node that has hooks, and its cotangent, for another.
        since: Go no further than to nodes whose creation number is smaller, and return
            their cotangents.

    Returns:
        The complete cotangents of those that a gradient flows into. No two share
        memory, with each other or with anything else.
    """
    cotangents = Cotangents(recorded=wrap is not None)
    found: dict[Node, Cotangent] = {}

    def reopen_tensor(node: Node, kept: Any, owner: Node) -> Any:
        if type(kept) is not np.ndarray:
            kept = reopen(node, kept)
        return wrap(kept, owner)  # type: ignore[misc]  # only called where it is given

    mirror = None if wrap is None else Mirror(current().scope)
    watchers = current().watchers
    for node, g in roots:
        cotangents.give(g, node)
    narrow, take, wait = cotangents.narrow, cotangents.pop, cotangents.wait
    targets = None if wanted is None else set(wanted)
    useful = None if targets is None else _leading_to(targets, cotangents)

    def arrived(node: Node, g: Cotangent) -> Cotangent:
        if node.order < since:
            found[node] = g
            return g
        if visit is not None and hasattr(node, "hooks"):
            g = visit(node, g)
        if hasattr(node, "owner") if targets is None else node in targets:
            found[node] = g
        return g

    line = cotangents.line
    came, waiting = line.came, line.waiting
    while came or waiting:
        node = line.youngest() if waiting or len(came) > 1 else came.pop()
        if since and node.order < since:
            continue  # its cotangent is handed out below
        g = take(node)
        if useful is not None and node not in useful:
            continue
        if narrow and node in narrow and not (targets is None and _takes_narrow(node)):
            g = widen(g, node.shape)
        if node.takes or targets is not None:
            g = arrived(node, g)
        try:
            if mirror is None:
                if watchers:
                    for watcher in watchers:
                        watcher.pulls(node)
                node.pull(g, cotangents, wait, reopen, retain)
            else:
                with within(mirror.of(node.scope)):
                    for watcher in watchers:
                        watcher.pulls(node)
                    node.pull_tensors(g, cotangents, wait, reopen_tensor, retain)
            if watchers:
                for watcher in watchers:
                    watcher.pulled(node, g, cotangents)
        except MisfitError as error:
            raise GraphError(f"{node.rule.name}: {error}") from None
    for node, g in cotangents.items():  # leaves, and what is older than `since`
        if useful is None or node in useful:
            arrived(node, widen(g, node.shape) if node in narrow else g)
    if wrap is not None:
        return found
    cotangents.clear()  # so that `found` holds each array alone
    g = None
    return _unshared(found)


def _takes_narrow(node: Node) -> bool:
    """Whether a node's vjps may be given a cotangent that is not widened."""
    return (
        not node.takes
        and node.rule.elementwise
        and all(u.shape == node.shape for u in node.inputs if u.live)
    )


def _leading_to(targets: set[Node], roots: Iterable[Node]) -> set[Node]:
    """What lies on a way from the roots to the targets."""
    useful = set(targets)
    for node in walk(roots, live_only=True):
        if node not in useful and not useful.isdisjoint(node.inputs):
            useful.add(node)
    return useful


def _unshared(found: dict[Node, Cotangent]) -> dict[Node, Cotangent]:
    """Copy each array that is a view, or that somebody else holds too."""
    for node, g in found.items():
        if type(g) is not np.ndarray or g.base is not None or getrefcount(g) > _FOUND:
            found[node] = np.array(g)
    return found


def _references_as_found() -> int:
    count = 0
    for _, array in {0: np.empty(0)}.items():
        count = getrefcount(array)
    return count


_FOUND = _references_as_found()  # of what one dict holds, in a loop over it
