"""Put a broken rule in the place of a right one, for a while.

A rule is an object that many hold: lifted functions, methods, other rules. So it stays
what it is, and its parts are exchanged: forward function, vjps, the class of its nodes,
and the code of its lifted function, which all Tensors run.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from types import FunctionType
from typing import Any, cast

from tinygrad_jp.operands import space
from tinygrad_jp.ops import Rule

# A lifted function is written once; only here is it written again.
from tinygrad_jp.record import (
    _plain,
    _watch_lock,
    _watched_call,
    _watches,
    _write,
    lift,
)

_PARTS = ("forward", "vjps", "keeps", "node")

_one = Lock()


@contextmanager
def exchanged(rule: Rule[Any], other: Rule[Any]) -> Iterator[None]:
    """Let a rule do what another of the same signature does, as long as the block runs.

    Everything is put back at its end, also when it raises. What was recorded before is
    pulled as it was recorded. All threads see the exchange, so there is one at a time.

    Raises:
        RuntimeError: Another exchange is going on, in this thread or another.
    """
    if not _one.acquire(blocking=False):
        raise RuntimeError(
            f"{rule.name}: a rule is broken already, here or in another thread; one "
            "mutant at a time"
        )
    try:
        with _exchanged(rule, other):
            yield
    finally:
        _one.release()


@contextmanager
def _exchanged(rule: Rule[Any], other: Rule[Any]) -> Iterator[None]:
    lifted = cast("FunctionType", lift(rule))
    if rule not in _plain:
        _write(rule)
    # Nodes that outlive the block, or were there before, need no rule to be written.
    title = f"<rule {rule.name}>"
    if rule.node.pull.__name__ != "pull":  # it stands in for what is not written yet
        rule.write()
    text = linecache.cache[title]
    other.write()
    other.node.rule = rule
    parts = {name: getattr(rule, name) for name in _PARTS}
    plain = _plain[rule]
    written: set[str] = set()
    try:
        for name in _PARTS:
            setattr(rule, name, getattr(other, name))
        before = set(space)
        _write(rule)
        written = set(space) - before
        yield
    finally:
        for name, part in parts.items():
            setattr(rule, name, part)
        linecache.cache[title] = text
        with _watch_lock:
            _plain[rule] = plain
            lifted.__code__ = _watched_call.__code__ if _watches else plain.__code__
        for name in written:
            del space[name]
