"""Layers that have stopped to work: dead units, saturation, outputs that are alike.

An activation is known by the ops that it is made of, so one that the user wrote by
hand is judged like ours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_jp.draw.reading import literal
from tinygrad_jp.graph import Node, walk

ROWS = 10
"""Rows from which one dead unit can be told from chance; all units: from 2."""

DEAD = 0.1
"""The share of a layer's units above which dead ones are marked."""

LOUD = 25
"""Per cent of dead units from which the mark is loud: fewer are common."""

LIMIT = 1e-3
"""How near to its limit a result is saturated."""

SATURATED = 0.5
"""The share of the results from which saturation is marked."""

ALIKE = 1e-4
"""How little the outputs of all rows differ, where they are marked."""


class Finding(NamedTuple):
    """What is wrong with the results of an op, with the figures of the message."""

    node: Node
    kind: str
    figures: dict[str, Any]


def findings(
    order: Sequence[Node], values: Mapping[Node, Any], inputs: Collection[Node] = ()
) -> Iterator[Finding]:
    """Judge every activation whose results are known.

    Units are on the last axis of two, and on axis 1 of images (batch, channels, height,
    width). A unit is dead that is 0 for every row of a batch: marked where all are and
    there are two rows, or more than a tenth of them, and ten rows.

    Saturation is looked for where a layer with parameters follows: what a trained
    network says at its end is rightly near 0 or 1. Of a softmax, rows are counted
    whose largest result is near 1.

    The outputs of a softmax are alike where all rows of a batch get the same, though
    their data differ.
    """
    hidden = _hidden(order, inputs)
    for node in order:
        if node.rule is None:
            continue
        if node not in hidden:
            chances = _chances(node, values)
            if _are_alike(chances) and _data_differ(node, values, len(chances)):
                yield Finding(node, "alike", {"rows": len(chances), "near": ALIKE})
        value = values.get(node)
        if not _is_finite(value):
            continue
        if _is_rectifier(node):
            figures = _dead(value)
            if figures:
                yield Finding(node, "dead", figures)
        elif node in hidden:
            share = _saturation(node, value)
            if share is not None and share >= SATURATED:
                yield Finding(node, "saturated", {"share": round(100 * share)})


def _is_finite(value: Any) -> bool:
    if value is None or value.dtype.kind != "f" or not value.size:
        return False
    return bool(np.isfinite(value).all())


def _hidden(order: Sequence[Node], inputs: Collection[Node]) -> set[Node]:
    """The nodes to whose results a later op adds a parameter."""
    found: set[Node] = set()
    for op in reversed(order):
        parameters = {u for u in op.inputs if u.rule is None and u.live}
        if op in found or parameters.difference(inputs):
            found.update([u for u in op.inputs if u.rule is not None])
    return found


# --- dead units --------------------------------------------------------------------


def _is_rectifier(op: Node) -> bool:
    """Whether it puts 0 in the place of some elements."""
    if op.rule.name == "relu":
        return True
    if op.rule.name == "where":
        return any(literal(u) == "0" for u in op.inputs[1:])
    if op.rule.name == "maximum":
        return any(literal(u) == "0" for u in op.inputs)
    masks = [u.dtype.kind == "b" for u in op.inputs]
    return bool(op.rule.name == "multiply" and any(masks))


def _dead(value: Any) -> dict[str, int] | None:
    if value.ndim not in (2, 4):
        return None
    rows = len(value)
    others = (0,) if value.ndim == 2 else (0, 2, 3)
    used = value.any(axis=others)
    units, dead = used.size, used.size - int(np.count_nonzero(used))
    enough = rows >= 2 if dead == units else rows >= ROWS and dead > DEAD * units
    if not dead or not enough:
        return None
    share = round(100 * dead / units)
    return {"dead": dead, "units": units, "rows": rows, "share": share}


# --- saturation --------------------------------------------------------------------


def _saturation(op: Node, value: Any) -> float | None:
    """The share of results at a limit; None where the op has none."""
    if op.rule.name == "tanh":
        return float(np.mean(np.abs(value) > 1 - LIMIT))
    if _is_softmax(op):
        axis = op.inputs[1].axis_given  # type: ignore[attr-defined]  # that of the sum
        return float(np.mean(value.max(axis=axis) > 1 - LIMIT))
    if _is_logistic(op):
        return float(np.mean((value < LIMIT) | (value > 1 - LIMIT)))
    return None


def _is_logistic(op: Node) -> bool:
    """Whether it is ``1 / (1 + exp(...))``."""
    if op.rule.name != "divide" or literal(op.inputs[0]) != "1":
        return False
    below = op.inputs[1]
    if not _is_op(below, "add"):
        return False
    pairs = (below.inputs, below.inputs[::-1])
    return any(literal(u) == "1" and _is_op(v, "exp") for u, v in pairs)


def _is_softmax(op: Node) -> bool:
    """Whether it is ``e / sum(e)`` of an exp."""
    if op.rule.name != "divide" or not _is_op(op.inputs[0], "exp"):
        return False
    return _is_op(op.inputs[1], "sum") and op.inputs[1].inputs[0] is op.inputs[0]


def _chances(op: Node, values: Mapping[Node, Any]) -> Any:
    """What a softmax gives, or what a log_softmax would without the log; or None."""
    if _is_softmax(op):
        return values.get(op)
    # That of ``z - log(sum(exp(z)))`` is seldom known itself, but its parts are kept.
    if op.rule.name != "subtract" or not _is_op(op.inputs[1], "log"):
        return None
    total = op.inputs[1].inputs[0]
    if not _is_op(total, "sum") or not _is_op(total.inputs[0], "exp"):
        return None
    above, below = values.get(total.inputs[0]), values.get(total)
    if above is None or below is None or total.inputs[0].inputs[0] is not op.inputs[0]:
        return None
    with np.errstate(all="ignore"):
        return above / below


def _is_op(node: Node, name: str) -> bool:
    return node.rule is not None and node.rule.name == name


# --- outputs that are alike ----------------------------------------------------------


def _are_alike(chances: Any) -> bool:
    if chances is None or chances.ndim != 2 or min(chances.shape) < 2:
        return False
    return bool((chances.max(axis=0) - chances.min(axis=0)).max() < ALIKE)


def _data_differ(op: Node, values: Mapping[Node, Any], rows: int) -> bool:
    """Whether it depends on an array of data whose rows are not all the same."""
    leaves = [values.get(node) for node in walk([op]) if node.rule is None]
    data = [leaf for leaf in leaves if leaf is not None and leaf.shape[:1] == (rows,)]
    return any((one != one[:1]).any() for one in data)
