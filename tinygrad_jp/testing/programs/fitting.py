"""Operands made to fit an op: of a domain, and away from its kinks.

A value that fits is taken as it is. One that does not is repaired by ordinary steps.
Away from a kink means by `MARGIN` at least, or on it, like ``maximum(a, a)``, by
construction: then the op meets its kink wherever its operands move, and the gradient
is well defined. Where an op jumps, as `floor` does, only the first will do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_jp.testing.programs.figures import Array, one_digit
from tinygrad_jp.testing.programs.writer import (
    LARGE,
    MARGIN,
    SAME,
    SCALARS,
    Value,
    Writer,
)


@dataclass(frozen=True)
class Domain:
    """A kind of numbers.

    Attributes:
        holds: Whether all elements of an array are such numbers.
        repair: Writes steps that turn a value into one that is.
    """

    holds: Callable[[Array], bool]
    repair: Callable[[Writer, int], int]

    def fit(self, w: Writer, value: Value) -> Value:
        """A value made to fit; for a constant another one."""
        if isinstance(value, int):
            return self.fit_value(w, value)
        if self.holds(np.asarray(value)):
            return value
        return next(c for c in SCALARS if self.holds(np.asarray(c)))

    def fit_value(self, w: Writer, value: int) -> int:
        """The same of a value that is no constant number."""
        return value if self.holds(w.array(value)) else self.repair(w, value)


def within(limit: float) -> Domain:
    """Numbers of at most some size; others are scaled."""

    def scaled(w: Writer, x: int) -> int:
        largest = float(np.abs(w.array(x)).max())
        return w.step("multiply", x, one_digit(0.9 * limit / largest))

    return Domain(lambda a: bool((np.abs(a) <= limit).all()), scaled)


def between(least: float, most: float = LARGE) -> Domain:
    """Numbers between two positive bounds; others are squared."""

    def squared(w: Writer, x: int) -> int:
        x = within((0.8 * (most - least)) ** 0.5).fit_value(w, x)
        return w.step("add", w.step("multiply", x, x), 1.1 * least)

    return Domain(lambda a: bool(((least <= a) & (a <= most)).all()), squared)


REAL = within(LARGE)
POSITIVE = between(0.3)
NONZERO = Domain(lambda a: bool((np.abs(a) >= 0.3).all()), POSITIVE.repair)


def away_from(
    *points: float, period: float | None = None, jumps: bool = False
) -> Domain:
    """Numbers that are not near some points, or their multiples; others are moved.

    With `jumps` not on these points either.
    """

    def clear(a: Array) -> Array:
        far = np.full(a.shape, True)
        for point in points:
            gap = a - point
            if period is not None:
                gap = gap - period * np.round(gap / period)
            gap = np.abs(gap)
            far &= (gap >= MARGIN) | ((gap < SAME) & (not jumps))
        return far

    return Domain(lambda a: bool(clear(a).all()), lambda w, x: moved(w, x, clear))


def moved(w: Writer, x: int, clear: Callable[[Array], Array]) -> int:
    """Write what adds a constant to `x`, so that `clear` holds for every element.

    `clear` may return an array to which `x` broadcasts.
    """
    a = w.array(x)
    for offset in OFFSETS:
        if clear(a + offset).all():
            return w.step("add", x, offset)
    shape = clear(a).shape
    whole = np.broadcast_to(a, shape)
    offsets = np.zeros(shape)
    for offset in OFFSETS:
        offsets = np.where(clear(whole + offsets), offsets, offset)
    return w.step("add", x, w.constant(offsets))


OFFSETS = (0.1, -0.1, 0.17, -0.17, 0.06, -0.06, 0.23, -0.23)


def apart(w: Writer, x: Value, y: Value, *, jumps: bool = False) -> tuple[Value, Value]:
    """Two values nowhere close to each other; equal by construction unless `jumps`."""
    if not isinstance(x, int):
        y, x = apart(w, y, x, jumps=jumps)
        return x, y
    other = w.array(y)

    def clear(a: Array) -> Array:
        gap = np.abs(a - other)
        return np.asarray((gap >= MARGIN) | ((gap < SAME) & (not jumps)))

    if clear(w.array(x)).all():
        return x, y
    return moved(w, x, clear), y


def has_one_winner(a: Array, axis: Any, sign: int = 1) -> bool:
    """Whether the largest of each line is larger than the rest, or the same number."""
    largest = (sign * a).max(axis=axis, keepdims=True)
    behind = largest - sign * a
    return bool(((behind >= MARGIN) | (behind < SAME)).all())


def is_ordered(a: Array, axis: int | None) -> bool:
    """Whether no two elements of a line are close, unless they are the same number."""
    gaps = np.diff(np.sort(a, axis=axis), axis=-1 if axis is None else axis)
    return bool(((gaps >= MARGIN) | (gaps < SAME)).all())


def spread(w: Writer, x: int, holds: Callable[[Array], bool]) -> int:
    """Write what moves the elements of `x` apart, if `holds` asks for it."""
    a = w.array(x)
    if holds(a):
        return x
    size = a.size
    steps = np.arange(size) * 7 % size if size % 7 else np.arange(size)
    ramp = np.round((steps - size // 2) * 0.2, 1).reshape(a.shape)
    small = within(0.08).fit_value(w, x)
    return w.step("add", small, w.constant(ramp))
