"""A whole message: what clashes, where it was written, and what would fit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from operator import index
from typing import Any, TypeAlias

import numpy as np
from numpy.exceptions import AxisError

from tinygrad_jp.errors import clash, repair
from tinygrad_jp.errors.layout import said
from tinygrad_jp.errors.origin import Origin
from tinygrad_jp.errors.repair import Repair

Told: TypeAlias = tuple[str, list[Repair]]
_NOTHING: Told = ("", [])
_LONGEST = 60


def tell(
    rule: Any, error: Exception, origin: Origin, keywords: Mapping[str, Any]
) -> str:
    """The message of an error that a rule's forward function raised."""
    text, repairs = _NOTHING
    if isinstance(error, (ValueError, IndexError)):
        text, repairs = _clash(rule, error, origin, keywords)
    if not text:
        reason = str(error).rstrip(".")
        got = _got(rule.signature.operands, origin, reason)
        got += [f"{name}={_short(value)}" for name, value in keywords.items()]
        text = said(f"{rule.name}: {reason}; got {', '.join(got) or 'no operand'}")
    return "\n".join([text, *origin.lines, *repair.told(_usable(repairs, origin))])


def _got(names: Sequence[str], origin: Origin, reason: str) -> list[str]:
    """The operands; under the op's names too, where the reason speaks of those."""
    told = [f"{operand.label} {operand.shape}" for operand in origin.operands]
    spoken = any(re.search(rf"\b{name}\b", reason) for name in names)
    if not spoken or len(names) != len(told):  # *arrays has one name for all
        return told
    return [
        text if operand.label == name else f"{name} = {text}"
        for name, operand, text in zip(names, origin.operands, told)
    ]


def _usable(repairs: list[Repair], origin: Origin) -> list[Repair]:
    """None, where an operand cannot be written down by the user."""
    for operand in origin.operands:
        inner = origin.through is not None or not operand.label.isidentifier()
        if operand.text is None and inner:
            return []
    return repairs


def _clash(
    rule: Any, error: Exception, origin: Origin, keywords: Mapping[str, Any]
) -> Told:
    """What does not fit, and what would; nothing where the shapes are not to blame."""
    told = _NOTHING
    if rule.elementwise:
        told = _elementwise(rule.name, origin)
    elif rule.forward.__module__.startswith("tinygrad_jp."):  # not a user's namesake
        told = _TOLD.get(rule.name, _other)(error, origin, keywords)
    if not told[0] and isinstance(error, AxisError):
        return _axis(rule.name, error, origin, keywords)
    return told


def _elementwise(op: str, origin: Origin) -> Told:
    text = clash.broadcast(op, *_named(origin))
    return (text, repair.elementwise(op, origin)) if text else _NOTHING


def _axis(
    op: str, error: AxisError, origin: Origin, keywords: Mapping[str, Any]
) -> Told:
    axis = keywords.get("axis", error.axis)
    for operand in origin.operands:
        if len(operand.shape) == error.ndim:
            return clash.axis_range(op, operand.label, operand.shape, axis), []
    return _NOTHING


def _matmul(error: Exception, origin: Origin, keywords: Mapping[str, Any]) -> Told:
    text = clash.matmul(*_named(origin))
    return (text, repair.matmul(origin)) if text else _NOTHING


def _concat(error: Exception, origin: Origin, keywords: Mapping[str, Any]) -> Told:
    axis = _numbers(keywords["axis"])
    if axis is None or len(axis) != 1:
        return _NOTHING
    text = clash.concat(*_named(origin), axis[0])
    return (text, repair.concat(origin, axis[0])) if text else _NOTHING


def _reshape(error: Exception, origin: Origin, keywords: Mapping[str, Any]) -> Told:
    (x,), wanted = origin.operands, _numbers(keywords["shape"])
    text = clash.reshape(x.label, x.shape, wanted) if wanted else ""
    return (text, repair.reshape(x, wanted)) if text and wanted else _NOTHING


def _broadcast_to(
    error: Exception, origin: Origin, keywords: Mapping[str, Any]
) -> Told:
    (x,), wanted = origin.operands, _numbers(keywords["shape"])
    if wanted is None:
        return _NOTHING
    text = clash.broadcast_to(x.label, x.shape, wanted)
    return text, repair.broadcast_to(x, wanted, origin.space) if text else []


def _permute_dims(
    error: Exception, origin: Origin, keywords: Mapping[str, Any]
) -> Told:
    (x,), axes = origin.operands, _numbers(keywords["axes"])
    if axes is None:
        return _NOTHING
    return clash.permute_dims(x.label, x.shape, axes), repair.permute_dims(x, axes)


def _getitem(error: Exception, origin: Origin, keywords: Mapping[str, Any]) -> Told:
    (x,) = origin.operands
    return clash.indexing(x.label, x.shape, str(error)), []


def _other(error: Exception, origin: Origin, keywords: Mapping[str, Any]) -> Told:
    return _NOTHING


_TOLD = {
    "broadcast_to": _broadcast_to,
    "concat": _concat,
    "getitem": _getitem,
    "matmul": _matmul,
    "permute_dims": _permute_dims,
    "reshape": _reshape,
}


def _named(origin: Origin) -> tuple[list[str], list[tuple[int, ...]]]:
    operands = origin.operands
    return [x.label for x in operands], [x.shape for x in operands]


def _numbers(value: Any) -> tuple[int, ...] | None:
    """An int, or a sequence of them, as a tuple; None for anything else."""
    given = value if isinstance(value, (tuple, list)) else (value,)
    if all(hasattr(number, "__index__") for number in given):
        return tuple([index(number) for number in given])
    return None


def _short(value: Any) -> str:
    """A keyword's value; the contents of arrays would hide the rest."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} array {value.shape}"
    if isinstance(value, tuple):
        inner = ", ".join([_short(part) for part in value])
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
