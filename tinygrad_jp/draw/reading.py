"""How one op reads: which of its operands are drawn, and what stands in its circle.

Drawn are results, parameters, whatever has a name, and arrays of data. Not drawn
are the numbers of a formula (the 0.5 of ``x * 0.5``), masks, and what an op is
shifted or scaled by: these are said in the op's label instead.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any
from weakref import ref

import numpy as np

from tinygrad_jp.draw.text import number, short
from tinygrad_jp.graph import Leaf, Node, name_of

_COMMUTATIVE = frozenset({"add", "multiply", "maximum", "minimum"})
_MINUS = "−"  # the sign, as long as a plus


def literal(node: Node) -> str | None:
    """The text of a number that was written into the formula, or None.

    The engine names its leaf by `repr`.
    """
    name = name_of(node)
    if node.rule is not None or node.live or node.shape or name is None:
        return None
    return _as_number(name)


@lru_cache(maxsize=1024)
def _as_number(name: str) -> str | None:
    if name in ("True", "False"):
        return name
    try:
        return number(float(name), 4)
    except ValueError:
        return None


def is_data(node: Node, op: Node) -> bool:
    """Whether an operand of `op` is drawn."""
    if node.rule is not None or node.live:
        return True
    if literal(node) is not None:
        return False
    if name_of(node) is not None or not _is_aside(node, op):
        return True
    others = [other for other in op.inputs if other is not node]
    return all(literal(u) is not None or _is_aside(u, op) for u in others)


def _is_aside(node: Node, op: Node) -> bool:
    """Whether an operand is an unnamed mask, or narrower than the result."""
    if node.rule is not None or node.live or name_of(node) is not None:
        return False
    narrow = prod(node.shape) < prod(op.shape) or not node.shape
    return op.rule.elementwise and (narrow or node.dtype.kind == "b")


def index_leaves(op: Node) -> list[Leaf]:
    """A leaf for each array of labels or places by which an op picks.

    Row numbers (0, 1, 2, ...) say nothing, and are left out.
    """
    if op.rule.name != "getitem":
        return []
    index = op.index_given  # type: ignore[attr-defined]  # a slot of its node
    leaves = []
    for part in index if isinstance(index, tuple) else (index,):
        if not isinstance(part, np.ndarray) or part.dtype.kind not in "iu":
            continue
        if part.ndim and not np.array_equal(part, np.arange(part.size)):
            name = "t" if in_loss(op) else None  # the book's name for labels
            leaf = Leaf(part.shape, part.dtype, name=name)
            leaf.owner = ref(part)
            leaves.append(leaf)
    return leaves


def in_loss(node: Node) -> bool:
    """Whether a loss computed it, by the name of a scope."""
    scope = node.scope
    while scope is not None:
        if "loss" in scope.name.lower() or "損失" in scope.name:
            return True
        scope = scope.parent
    return False


def op_label(op: Node, *, everything: bool = False) -> str:
    """The op's symbol, with the operands that are not drawn: ``× 0.5``, ``1 −``."""
    symbol = op.rule.symbol or op.rule.name.replace("_", " ")
    symbol = _MINUS if symbol == "-" else symbol
    if everything or len(op.inputs) != 2:
        return symbol
    said = [None if is_data(node, op) else _operand(node) for node in op.inputs]
    before, after = said
    if before and after:
        return f"{before} {symbol} {after}"
    if before and op.rule.name not in _COMMUTATIVE:
        return f"{before} {symbol}"
    either = before or after
    return f"{symbol} {either}" if either else symbol


def call_form(op: Node) -> str:
    """The op as a call, for a tooltip: ``sum(·, axis=1)``."""
    parts = [_operand(node) for node in op.inputs]
    for keyword in op.rule.signature.keywords:
        parts.append(f"{keyword}={brief(getattr(op, f'{keyword}_given'))}")
    return f"{op.rule.name}({', '.join(parts)})"


def _operand(node: Node) -> str:
    constant = node.rule is None and not node.live
    return literal(node) or short(name_of(node) or ("const" if constant else "·"))


def brief(value: Any) -> str:
    """A keyword's value, with arrays by their shape alone."""
    if isinstance(value, tuple):
        inside = ", ".join([brief(part) for part in value[:8]])
        return f"({inside}{', …' if len(value) > 8 else ''})"
    if isinstance(value, np.ndarray):
        return f"array {value.shape}"
    return short(repr(value))
