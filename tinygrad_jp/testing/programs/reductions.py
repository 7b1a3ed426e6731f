"""Steps that reduce over axes, or run along one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import numpy as np

from tinygrad_jp.testing.programs.figures import Array
from tinygrad_jp.testing.programs.fitting import (
    NONZERO,
    REAL,
    Domain,
    has_one_winner,
    is_ordered,
    spread,
    within,
)
from tinygrad_jp.testing.programs.writer import Entry, Writer


def over(w: Writer, x: int, **forms: bool) -> dict[str, Any]:
    """Keywords of a reduction; what is as by default is left out."""
    axis = w.axis(len(w.shape(x)), **forms)
    keywords: dict[str, Any] = {} if axis is None else {"axis": axis}
    return keywords | ({"keepdims": True} if w.flag() else {})


def reduction(op: str, domain: Domain = REAL, **forms: bool) -> Entry:
    """Over every form of axis."""

    def write(w: Writer) -> None:
        x = domain.fit_value(w, w.some())
        w.step(op, x, **over(w, x, **forms))

    return write


def extreme(op: str, sign: int) -> Entry:
    """A largest or smallest element, which ties may share by construction."""

    def write(w: Writer) -> None:
        x = w.some()
        keywords = over(w, x)
        holds = partial(has_one_winner, axis=keywords.get("axis"), sign=sign)
        w.step(op, spread(w, x, holds), **keywords)

    return write


def spread_out(op: str) -> Entry:
    """`var` and `std`, which need lines whose elements differ."""

    def write(w: Writer) -> None:
        x = w.pick(lambda shape: prod(shape) > 1)
        axes = [i for i, side in enumerate(w.shape(x)) if side > 1]
        axis = w.of([None, *axes, tuple(axes)])

        def holds(a: Array) -> bool:
            return bool((a.std(axis=axis) >= 0.1).all())

        keywords = {} if axis is None else {"axis": axis}
        if w.flag():
            keywords["keepdims"] = True
        if w.flag():
            keywords["correction"] = 1
        w.step(op, spread(w, x, holds), **keywords)

    return write


def vector_norm(w: Writer) -> None:
    """Of any order; where it has a kink at 0, away from there."""
    order = w.of((2, 1, 3, np.inf, -np.inf, 0.5))
    x = NONZERO.fit_value(w, w.some())
    keywords = over(w, x)
    if abs(order) == np.inf:

        def holds(a: Array) -> bool:
            sizes, sign = np.abs(a), 1 if order > 0 else -1
            return has_one_winner(sizes, keywords.get("axis"), sign)

        x = spread(w, x, holds)
        if not holds(w.array(x)):  # two of one size, on either side of 0
            order = 2
    w.step("vector_norm", x, **keywords, **({"ord": order} if order != 2 else {}))


def along(
    op: str, domain: Domain = REAL, prepare: Callable[..., int] | None = None
) -> Entry:
    """Along one axis of what has one."""

    def write(w: Writer) -> None:
        x = domain.fit_value(w, w.with_axes(1))
        axis = w.one_axis(len(w.shape(x)))
        if prepare is not None:
            x = prepare(w, x, axis)
        w.step(op, x, axis=axis)

    return write


def ordered(w: Writer, x: int, axis: int | None) -> int:
    """A value whose elements along an axis lie apart."""
    return spread(w, x, partial(is_ordered, axis=axis))


def cross_entropy(w: Writer) -> None:
    """With labels that are numbers of classes, or with probabilities."""
    x = within(5).fit_value(w, w.with_axes(1, 3))
    axis = w.one_axis(len(w.shape(x)))
    keywords: dict[str, Any] = {"axis": axis} if axis != -1 else {}
    if w.flag():
        keywords["reduction"] = w.of(("sum", "none"))
    if w.below(4) == 3:
        logits = within(5).fit_value(w, w.having(*w.shape(x)))
        labels = w.step("softmax", logits, axis=axis)
    else:
        shape = list(w.shape(x))
        classes = shape.pop(axis)
        numbers = np.arange(int(np.prod(shape))).reshape(shape) % classes
        labels = w.constant(numbers)
    w.step("cross_entropy", x, labels, **keywords)


REDUCTIONS: dict[str, Entry] = {
    "sum": reduction("sum"),
    "mean": reduction("mean"),
    "max": extreme("max", 1),
    "min": extreme("min", -1),
    "prod": reduction("prod", within(2)),
    "logsumexp": reduction("logsumexp", within(5)),
    "norm": reduction("norm", NONZERO),
    "vector_norm": vector_norm,
    "var": spread_out("var"),
    "std": spread_out("std"),
    "cumulative_sum": along("cumulative_sum"),
    "cumulative_prod": along("cumulative_prod", within(2)),
    "softmax": along("softmax", within(5)),
    "log_softmax": along("log_softmax", within(5)),
    "cross_entropy": cross_entropy,
}
