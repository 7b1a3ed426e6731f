"""What a function has recorded, in a few bytes a node, to compare two runs of it.

A gradient is made of the ops that were recorded and of the arrays that they kept. If
these are the same in two runs, so is the gradient; if the results alone are the same,
it need not be: ``x * mask`` at x = 0 is 0 for every mask.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from tinygrad_jp.graph import Node
from tinygrad_jp.operands import Shared
from tinygrad_jp.tensor import Tensor


class _Line(NamedTuple):
    """One node, or one result of the function.

    Attributes:
        what: The op, or "result".
        kind: Shape and dtype.
        inputs: Which nodes it was computed from, by their places.
        held: What it keeps, by name: each array as a checksum.
    """

    what: str
    kind: tuple[tuple[int, ...], Any]
    inputs: tuple[int | None, ...]
    held: dict[str, Any]


def _fingerprint(
    nodes: Iterable[Node], sources: Iterable[Node], results: Iterable[Tensor]
) -> list[_Line]:
    """A line for each node, in the order of its creation, and for each result.

    Args:
        nodes: What a function has recorded.
        sources: The nodes that these were computed from.
        results: What it returned.
    """
    place: dict[Node, int] = {node: -i for i, node in enumerate(sources, start=1)}
    seen: dict[int, Any] = {}  # checksums by id: many arrays are kept twice
    lines = []
    for i, node in enumerate(nodes):
        place[node] = i
        inputs = tuple([place.get(u) for u in node.inputs])
        held = {
            name: _digest(value, seen)
            for name, value in node.slots().items()
            if not name.endswith("_node") and name not in Node.__slots__
        }
        what = "a variable" if node.rule is None else node.rule.name
        lines.append(_Line(what, (node.shape, node.dtype), inputs, held))
    for y in results:
        maker = None if y._node is None else place.get(y._node)
        held = {"value": _digest(y._data, seen)}
        lines.append(_Line("result", (y.shape, y.dtype), (maker,), held))
    return lines


def _digest(value: Any, seen: dict[int, Any]) -> Any:
    """Something small that is equal for equal values, bit for bit."""
    if isinstance(value, Shared):
        value = value.copy
    if isinstance(value, Tensor):
        value = value._data
    if isinstance(value, np.ndarray):
        if id(value) not in seen:
            seen[id(value)] = (
                value.shape,
                value.dtype,
                crc32(np.ascontiguousarray(value).data),
            )
        return seen[id(value)]
    if isinstance(value, (tuple, list)):
        return [_digest(part, seen) for part in value]
    return getattr(value, "lines", None) or repr(value)


def _difference(before: Sequence[_Line], now: Sequence[_Line]) -> str | None:
    """Say where two fingerprints differ; None where they do not."""
    if len(before) != len(now):
        return f"it recorded {'more' if len(now) > len(before) else 'fewer'} ops"
    for old, new in zip(before, now):
        if old.what != new.what:
            return f"it recorded {new.what} in place of {old.what}"
        if old.kind != new.kind:
            (shape, dtype), (was, before_dtype) = new.kind, old.kind
            return f"{old.what} is {shape} of {dtype}, and was {was} of {before_dtype}"
        if old.inputs != new.inputs:
            return f"{old.what} was computed from other results"
        for name, value in old.held.items():
            if new.held.get(name) != value:
                return f"{old.what} met another {name.rpartition('_')[0] or name}"
    return None
