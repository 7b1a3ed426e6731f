"""Cotangents that wait, and the laws that no op can break.

Every cotangent is fitted: it gets the shape of the value that it belongs to, summed
where the value was broadcast, and its dtype. It may stay *narrow*, with length 1 (or no
axis) where its value repeats one number, as below a sum; it is widened only where an
op needs its full shape.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import prod
from sys import getrefcount
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import getweakrefcount

import numpy as np

from tinygrad_jp.graph import Line, Node
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

        Into its own memory where nobody else holds that, so nobody sees a difference: a
        large sum then takes two arrays, not three.
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


_ALONE = _references()  # of what one variable holds
_LARGE = 1 << 16  # bytes; below, a new array costs less than looking
