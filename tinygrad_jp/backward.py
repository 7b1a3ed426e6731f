"""Backpropagation: the walk, and the laws that no op can break.

Every cotangent is fitted: it gets the shape of the value that it belongs to, summed
where the value was broadcast, and its dtype. Nothing is mutated: cotangents are added
into new arrays, and live in a dict of this call until their node has been visited.

A cotangent may stay *narrow*, with length 1 (or no axis) where its value repeats
one number, as below a sum; it is widened only where an op needs its full shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from math import prod
from sys import getrefcount
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import getweakrefcount

import numpy as np

from tinygrad_jp.errors import GraphError
from tinygrad_jp.graph import Line, Node, walk
from tinygrad_jp.mode import Mirror, current, within
from tinygrad_jp.operands import reopen
from tinygrad_jp.ops.reduction import add_reduce

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SMALL = 4096  # elements; below, widening once costs less than staying narrow
_LONG = 1024  # elements; beyond, BLAS adds up less exactly than NumPy's pairs

Cotangent: TypeAlias = Any
"""An ndarray, or a Tensor where the backward pass itself is recorded."""

Adapter: TypeAlias = Callable[[Cotangent], Cotangent]


class MisfitError(Exception):
    """A vjp returned something that does not broadcast with its operand."""


@lru_cache(maxsize=4096)
def _way(have: tuple[int, ...], want: tuple[int, ...], recorded: bool) -> Adapter:
    """What brings a cotangent from one shape to another, worked out once."""
    extra = max(len(have) - len(want), 0)
    left = have[extra:]
    offset = len(want) - len(left)
    pairs = list(zip(left, want[offset:]))
    if any(n != m and 1 not in (n, m) for n, m in pairs):
        raise MisfitError(f"a vjp returned shape {have} for an operand of {want}")
    shortened = tuple(i for i, (n, m) in enumerate(pairs) if n != 1 == m)
    narrow = offset > 0 or any(n == 1 != m for n, m in pairs)
    if len(have) == 2 and not narrow and not recorded:
        if extra == 1 and not shortened:
            return _column_sums
        if shortened == (1,):
            return _row_sums
    dropped = tuple(range(extra))
    widened = narrow and prod(want) <= _SMALL and not recorded

    def adapt(g: Cotangent) -> Cotangent:
        if dropped:
            g = add_reduce(g, dropped)
        if shortened:
            g = add_reduce(g, shortened, None, None, True)
        return widen(g, want) if widened else g

    return adapt


def _column_sums(g: Cotangent) -> Cotangent:
    """The gradient of a bias: BLAS does it in two thirds of NumPy's time."""
    if g.dtype.char not in "fd":
        return add_reduce(g, 0)
    return _ones(g.shape[0], g.dtype).dot(g)


def _row_sums(g: Cotangent) -> Cotangent:
    """The gradient of what was the same for a row; as quick."""
    if g.dtype.char not in "fd" or g.shape[1] > _LONG:
        return add_reduce(g, 1, None, None, True)
    return g.dot(_column_of_ones(g.shape[1], g.dtype))


@lru_cache(maxsize=64)
def _ones(count: int, dtype: Any) -> NDArray[Any]:
    return np.ones(count, dtype)


@lru_cache(maxsize=64)
def _column_of_ones(count: int, dtype: Any) -> NDArray[Any]:
    return np.ones((count, 1), dtype)


def widen(g: Cotangent, shape: tuple[int, ...]) -> Cotangent:
    """Repeat a narrow cotangent to its full shape."""
    if not isinstance(g, (np.ndarray, np.generic)):
        return np.broadcast_to(g, shape)
    wide = np.empty(shape, g.dtype)
    wide[...] = g
    return wide


def _takes_narrow(node: Node) -> bool:
    """Whether a node's vjps may be given a cotangent that is not widened."""
    return (
        not node.takes
        and node.rule.elementwise
        and all(u.shape == node.shape for u in node.inputs if u.live)
    )


class Cotangents(dict[Node, Cotangent]):
    """The cotangents of the nodes that wait for their turn, complete when it comes.

    Attributes:
        line: Those nodes.
        wait: Puts a node there that has got its first.
        narrow: The nodes whose cotangent is not widened yet.
    """

    __slots__ = ("_recorded", "line", "narrow", "wait")

    def __init__(self, *, recorded: bool) -> None:
        self.line = Line()
        self.wait = self.line.came.append
        self.narrow: set[Node] = set()
        self._recorded = recorded

    def give(self, g: Cotangent, node: Node) -> None:
        """Add a cotangent to that of a node."""
        g = self.fitted(g, node)
        if node in self:
            self.add(g, node)
        else:
            self[node] = g
            if node.rule is not None:
                self.wait(node)

    def fitted(self, g: Cotangent, node: Node) -> Cotangent:
        """The law of shape and dtype: no op can break it."""
        if g.shape != node.shape:
            g = _way(g.shape, node.shape, self._recorded)(g)
            if g.shape != node.shape:
                self.narrow.add(node)
        return g if g.dtype == node.dtype else g.astype(node.dtype)

    def add(self, g: Cotangent, node: Node) -> None:
        """Add a cotangent that fits to the one that is there.

        Into its own memory where nobody else holds that: nobody sees a difference, and
        every new array of megabytes is fetched from afar.
        """
        total = self.pop(node)
        if (
            type(total) is np.ndarray
            and total.nbytes >= _LARGE
            and total.flags.owndata
            and total.flags.writeable
            and total.shape == node.shape
            and getrefcount(total) == _ALONE
            and not getweakrefcount(total)
        ):
            np.add(total, g, total)
            self[node] = total
        else:
            self[node] = total + g


def _references() -> int:
    array = np.empty(0)
    return getrefcount(array)


_ALONE = _references()
_LARGE = 1 << 16  # bytes; below, a new array costs less than looking


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
            continue
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


_FOUND = _references_as_found()
