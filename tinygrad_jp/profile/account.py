"""The account of memory: which arrays ops have allocated, and how long they live.

An array that an op returns, or that a backward pass hands on, is entered when it is
first seen, and struck out when Python frees it; a weak reference tells. Views, and what
was there before, take nothing.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from typing import Any, TypeAlias
from weakref import ref

from numpy import ndarray

from tinygrad_jp.graph import Node
from tinygrad_jp.operands import Shared
from tinygrad_jp.ops import Rule


class _Entry(ref):  # type: ignore[type-arg]  # a ref of an array, whatever it holds
    """An array that is alive."""

    __slots__ = ("kept", "key", "size")

    kept: bool
    key: int
    size: int


class Account:
    """Arrays that were allocated by ops, in bytes.

    Attributes:
        live: Of those that are alive.
    """

    __slots__ = ("_entries", "_slots", "live")

    def __init__(self) -> None:
        self.live = 0
        self._entries: dict[int, _Entry] = {}
        self._slots: dict[Rule[Any], tuple[str, ...]] = {}

    def close(self) -> None:
        """Look at nothing any more."""
        self._entries.clear()
        self.live = 0

    def made(self, array: Any, given: Sequence[Any]) -> int:
        """Enter what an op has returned; 0 for a view of what was given or is known.

        Args:
            array: The result.
            given: The arrays that it was made of.
        """
        base = array.base
        root = array if base is None else _owner(base)
        if id(root) in self._entries or type(root) is not ndarray:
            return 0
        for one in given:
            if one is root or one.base is root:
                return 0
        return self._enter(root)

    def kept(self, node: Node) -> tuple[int, int]:
        """Bytes of entered arrays that a new node keeps, each once; and of its copies.

        The first node that keeps an array is charged for it. Arrays that were there
        before, such as parameters, are not charged to anybody.
        """
        slots = self._slots.get(node.rule)
        if slots is None:
            rule = node.rule
            names = (*rule.signature.operands, "out")
            slots = tuple([f"{name}_kept" for name in names if rule.kept_for(name)])
            self._slots[rule] = slots
        kept = copies = 0
        for slot in slots:
            array = getattr(node, slot)
            if type(array) is Shared:
                copies += self._enter(array.copy)
                continue
            if array is None:
                continue
            root = array if array.base is None else _owner(array.base)
            entry = self._entries.get(id(root))
            if entry is not None and not entry.kept:
                entry.kept = True
                kept += entry.size
        return kept, copies

    def _enter(self, root: Any) -> int:
        entry = _Entry(root, self._gone)
        entry.key = id(root)
        entry.size = size = root.nbytes
        entry.kept = False
        self._entries[entry.key] = entry
        self.live += size
        return int(size)

    def _gone(self, entry: _Entry) -> None:
        if self._entries.pop(entry.key, None) is not None:
            self.live -= entry.size


def _owner(array: Any) -> Any:
    """Whose memory an array shows: the last of its bases."""
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


# --- what Python traces ------------------------------------------------------------

Span: TypeAlias = list[int]
"""Bytes when something began, and the most there were since."""


class Meter:
    """Peaks of all memory that Python traces, NumPy's arrays among it.

    Attributes:
        peak: The most bytes above those at the start.
    """

    def __init__(self) -> None:
        self.peak = 0
        self._base = 0
        self._started = False

    def start(self) -> None:
        """Trace, unless somebody does already."""
        self._started = not tracemalloc.is_tracing()
        if self._started:
            tracemalloc.start()
        self._base, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()

    def stop(self) -> None:
        """Trace no longer than before."""
        self._look(None)
        if self._started:
            tracemalloc.stop()

    def begin(self, around: Span | None) -> Span:
        """Something begins, inside of something else or not."""
        now = self._look(around)
        return [now, now]

    def end(self, span: Span, around: Span | None) -> int:
        """It has ended: the most bytes that it added for a while."""
        self._look(span)
        before, most = span
        if around is not None:
            around[1] = max(around[1], most)
        return most - before

    def _look(self, span: Span | None) -> int:
        now, peak = tracemalloc.get_traced_memory()
        self.peak = max(self.peak, peak - self._base)
        if span is not None:
            span[1] = max(span[1], peak)
        tracemalloc.reset_peak()
        return now
