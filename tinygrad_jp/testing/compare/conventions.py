"""Where libraries may differ on purpose: at ties and kinks, found in the operands.

At such a point there is no single slope, or no single answer, and each library has
chosen one. Here is said which elements of an op's operands lie on one; nothing is said
of what is chosen there. A difference anywhere else is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from tinygrad_jp.testing.compare.recorded import Step

NEAR = 8.0
"""A quotient this many ulps from an integer may be rounded to either side of it."""

SINGULAR = 1e10
"""From this condition number on, half of the digits of an inverse are lost."""


class Kink(NamedTuple):
    """Where the operands of an op lie on a tie or a kink.

    Attributes:
        word: What it is.
        value: At which elements of the result the number is a matter of taste.
        gradients: At which elements of each operand the gradient is.
    """

    word: str
    value: Any
    gradients: tuple[Any, ...]


def kink_of(step: Step) -> Kink:
    """The kinks at which a step's operands lie; none where the rule has none."""
    find = KINKS.get(step.rule.name)
    word, value, gradient = ("", False, False) if find is None else find(step)
    value = np.broadcast_to(value, step.result.shape)
    masks = [_for_operand(gradient, a.shape) for a in step.arrays]
    return Kink(word, value, tuple(masks))


def _for_operand(mask: Any, shape: tuple[int, ...]) -> Any:
    """A mask of the result for an operand that was broadcast to it, or for a whole."""
    mask = np.asarray(mask)
    if mask.shape == shape:
        return mask
    try:
        if np.broadcast_shapes(mask.shape, shape) == shape:
            return np.broadcast_to(mask, shape)
    except ValueError:
        return np.broadcast_to(mask.any(), shape)
    lead = mask.ndim - len(shape)
    ones = tuple([i + lead for i, n in enumerate(shape) if n == 1])
    return mask.any(axis=(*range(lead), *ones)).reshape(shape)


Found = tuple[str, Any, Any]
"""A word, a mask for the result, and one that broadcasts with the operands."""


def _at(word: str, mask: Callable[..., Any]) -> Callable[[Step], Found]:
    """A kink that concerns gradients alone."""
    return lambda step: (word, False, mask(*step.arrays))


def _tied_extreme(step: Step) -> Found:
    x = step.arrays[0]
    best = {"max": np.max, "min": np.min}[step.rule.name]
    axis = step.keywords["axis"]
    if not x.size:
        return "tie", False, np.zeros(x.shape, bool)
    winners = x == best(x, axis=axis, keepdims=True)
    return "tie", False, winners & (winners.sum(axis=axis, keepdims=True) > 1)


def _zero_length(step: Step) -> Found:
    x, axis = step.arrays[0], step.keywords["axis"]
    return "0", False, (x == 0).all(axis=axis, keepdims=True) & (x == 0)


def _infinite_total(step: Step) -> Found:
    x, axis = step.arrays[0], step.keywords["axis"]
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return "infinity", False, np.isinf(top) | (x != x)


def _tied_place(step: Step) -> Found:
    x, axis, keepdims = step.arrays[0], step.keywords["axis"], step.keywords["keepdims"]
    best = {"argmax": np.max, "argmin": np.min}[step.rule.name]
    winners = x == best(x, axis=axis, keepdims=True)
    return "tie", winners.sum(axis=axis, keepdims=keepdims) > 1, False


def _equal_neighbours(step: Step) -> Found:
    """Ties anywhere along an axis: which of them comes first?"""
    x, axis = step.arrays[0], step.keywords["axis"]
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
    ties = np.diff(np.sort(x, axis=axis), axis=axis) == 0
    return "tie", ties.any(axis=axis, keepdims=True), False


def _on_a_step(step: Step) -> Found:
    x, y = step.arrays
    quotient = x / y
    off = np.abs(quotient - np.rint(quotient))
    ulp = np.finfo(step.result.dtype).eps if step.result.dtype.kind == "f" else 0.0
    mask = ~(off > NEAR * ulp * np.maximum(np.abs(quotient), 1.0))
    return "step", mask, mask


def _singular(step: Step) -> Found:
    x = step.arrays[0]
    if not x.size:
        return "singular matrix", False, np.zeros(x.shape, bool)
    numbers = np.linalg.cond(np.nan_to_num(x.astype(np.float64)))
    return "singular matrix", False, ~(numbers < SINGULAR)[..., None, None] & (x == x)


KINKS: Mapping[str, Callable[[Step], Found]] = {
    "abs": _at("0", lambda x: x == 0),
    "sign": _at("0", lambda x: x == 0),
    "maximum": _at("tie", lambda x, y: x == y),
    "minimum": _at("tie", lambda x, y: x == y),
    "max": _tied_extreme,
    "min": _tied_extreme,
    "argmax": _tied_place,
    "argmin": _tied_place,
    "argsort": _equal_neighbours,
    "norm": _zero_length,
    "hypot": _at("0", lambda x, y: (x == 0) & (y == 0)),
    "atan2": _at("0", lambda x, y: (x == 0) & (y == 0)),
    "pow": _at("base 0", lambda x, y: (x == 0) & (y == y)),
    "floor": _at("step", lambda x: x == np.rint(x)),
    "ceil": _at("step", lambda x: x == np.rint(x)),
    "trunc": _at("step", lambda x: x == np.rint(x)),
    "round": _at("step", lambda x: 2 * x == np.rint(2 * x)),
    "floor_divide": _on_a_step,
    "remainder": _on_a_step,
    "logaddexp": _at("infinity", lambda x, y: ~np.isfinite(np.maximum(x, y))),
    "logsumexp": _infinite_total,
    "det": _singular,
    "cofactors": _singular,
}
"""By the rule's name. A `clip` is maximum and minimum, a `relu` a `where`."""
