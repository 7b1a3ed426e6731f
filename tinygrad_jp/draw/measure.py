"""What each op costs: the time that it takes, and the memory.

Either a profile has seen the ops run, or every op is run again by itself. An operand
whose value is not known is stood in for by ones: that changes its time little, and its
memory not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from tinygrad_jp.backward import backpropagate
from tinygrad_jp.draw.again import is_small, once_more, unwatched
from tinygrad_jp.draw.basics import Color, Measured
from tinygrad_jp.draw.facts import Facts
from tinygrad_jp.graph import Leaf, Node
from tinygrad_jp.operands import Shared, bare

ROUNDS = 7
"""How often every op is run; the median counts."""

SECONDS = 1.0
"""After which no further round begins."""

Parts = tuple[float, float]


def measured(
    order: Sequence[Node], profile: Measured, color: Color | None
) -> dict[Node, Parts]:
    """What a profile has measured: seconds for "time", bytes for "memory".

    Ops that it did not see are left out. Leaves take memory as in `memory`.

    Args:
        order: All nodes, oldest first.
        profile: Who has seen them run.
        color: What to ask for.
    """
    found: dict[Node, Parts] = {}
    for node in order:
        if node.rule is None:
            if color == "memory":
                found[node] = float(_bytes(node)), 0.0
            continue
        ask = profile.seconds_of if color == "time" else profile.bytes_of
        parts = ask(node)
        if parts is not None:
            found[node] = parts
    return found


def times(order: Sequence[Node], facts: Facts) -> dict[Node, Parts]:
    """Seconds that each op takes, forward and backward.

    All ops are run in turn, `ROUNDS` times, as a training step runs them, but no new
    round begins after `SECONDS`; the first does not count where there are others.
    Backward is run where a gradient flows. In a graph of more than `again.OPS` nodes,
    or of more than `again.BYTES`, nothing is measured.

    Args:
        order: All nodes, oldest first.
        facts: What is known of them.
    """
    if not is_small(order):
        return {}
    operands = _Operands(facts)
    rounds: dict[Node, list[Parts]] = {node: [] for node in order if node.rule}
    start = perf_counter()
    with unwatched(), np.errstate(all="ignore"):
        for _ in range(ROUNDS):
            for node in list(rounds):
                try:
                    rounds[node].append(_timed(node, operands, facts))
                except Exception:  # ones are no operand for every op
                    del rounds[node]
            if perf_counter() - start > SECONDS:
                break
    settled = {node: found[1:] or found for node, found in rounds.items()}
    return {
        node: (median([f for f, _ in found]), median([b for _, b in found]))
        for node, found in settled.items()
    }


def _timed(node: Node, operands: _Operands, facts: Facts) -> Parts:
    tensors = operands.of(node)
    start = perf_counter()
    result = once_more(node, tensors)
    forward = perf_counter() - start
    g = facts.grads.get(node)
    end: Any = result._node
    g = np.ones(node.shape, node.dtype) if g is None else g
    start = perf_counter()
    backpropagate([(end, g)], retain=True)
    return forward, perf_counter() - start


class _Operands:
    """Tensors around the values of nodes, with ones where a value is not known."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def of(self, op: Node) -> list[Any]:
        """The operands of an op; the same Tensor for the same node."""
        made: dict[Node, Any] = {}
        for node in op.inputs:
            if node not in made:
                leaf = Leaf(node.shape, node.dtype, live=node.live)
                made[node] = bare(self._value(node), leaf)
        return [made[node] for node in op.inputs]

    def _value(self, node: Node) -> Any:
        value = self._facts.values.get(node)
        return np.ones(node.shape, node.dtype) if value is None else value


# --- memory ------------------------------------------------------------------------


def memory(order: Sequence[Node], facts: Facts) -> dict[Node, Parts]:
    """Bytes of each node's own value, and of copies that the op keeps beside it.

    A view of an operand takes none. What an op keeps of its operands is counted once:
    where it was made. So the sum is what the graph takes while it is all there. The
    limits are those of `times`.

    Args:
        order: All nodes, oldest first.
        facts: What is known of them.
    """
    if not is_small(order):
        return {}
    operands = _Operands(facts)
    found: dict[Node, Parts] = {}
    with unwatched(), np.errstate(all="ignore"):
        for node in order:
            if node.rule is None:
                found[node] = float(_bytes(node)), 0.0
                continue
            tensors = operands.of(node)
            try:
                result = once_more(node, tensors)
            except Exception:  # noqa: S112  # ones are no operand for every op
                continue
            arrays = [tensor._data for tensor in tensors]
            shared = any(np.may_share_memory(result._data, array) for array in arrays)
            found[node] = float(0 if shared else _bytes(node)), _copies(node)
    return found


def _bytes(node: Node) -> int:
    return prod(node.shape) * int(np.dtype(node.dtype).itemsize)


def _copies(node: Any) -> float:
    """Bytes of memory from outside, of which a graph keeps a copy to compare with."""
    names = (*node.rule.signature.operands, "out")
    kept = [getattr(node, f"{name}_kept", None) for name in names]
    return float(sum([one.copy.nbytes for one in kept if isinstance(one, Shared)]))
