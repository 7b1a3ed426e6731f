"""Laws that some functions keep, to be declared for those that do.

    check_semantics(tg.softmax, x, laws=[sums_to_one(), shift_invariant()])

Each function here makes a `Law`. They are what to tell a checker of a function besides
its gradient: of a softmax that its rows sum to one, of a loss that it is a mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from tinygrad_jp.testing.subject import (
    Array,
    Law,
    Subject,
    apart,
    difference,
    place,
    two_numbers,
)

Axis = int | tuple[int, ...]

FAR = 1e3
"""A shift that shows whether the largest number is subtracted before ``exp``."""

STEPS = 24
"""So many batches make the climb on which `monotone` is tried."""


def sums_to_one(axis: Axis = -1) -> Law:
    """The results sum to 1 over `axis`: probabilities.

    Example:
        >>> from tinygrad_jp.testing import check_semantics, sums_to_one
        >>> check_semantics(tg.softmax, laws=[sums_to_one()])[-1]
        'sums_to_one(axis=-1)'
    """

    def broken(subject: Subject) -> str | None:
        total = subject(subject.x).sum(axis=axis)
        found = difference(total, np.ones_like(total))
        return found and f"the results over axis {axis} sum to {found}"

    return Law(
        f"sums_to_one(axis={axis})",
        broken,
        f"axis={axis} missing in the sum that is divided by, or another axis there",
    )


def shift_invariant(axis: Axis = -1) -> Law:
    """One number added to all elements along `axis` changes nothing.

    Each line along `axis` is shifted by another number. A large shift is tried too: a
    softmax that does not subtract the largest number overflows there.

    Example:
        >>> from tinygrad_jp.testing import check_semantics, shift_invariant
        >>> check_semantics(tg.softmax, laws=[shift_invariant()])[-1]
        'shift_invariant(axis=-1)'
    """
    name = f"shift_invariant(axis={axis})"

    def broken(subject: Subject) -> str | None:
        x = subject.floats(name)
        expected = subject(x)
        lines = x.sum(axis=axis, keepdims=True).shape
        each = subject.scale() * subject.rng.uniform(0.5, 1.5, lines)
        far = np.full(lines, FAR)
        for words, shift in (("another number", each), (f"{FAR:g}", far)):
            found = difference(subject(x + shift), expected)
            if found:
                return (
                    f"{words} added to all elements along axis {axis} changed the "
                    f"result: {found}"
                )
        return None

    return Law(
        name,
        broken,
        f"axis={axis} missing in the max or mean that is subtracted, or no max "
        "subtracted before exp",
    )


def permutation_equivariant(axis: int = -1) -> Law:
    """Elements put in another order along `axis` give results in that order.

    By default the features are reordered: that tells something new of a softmax or of
    an elementwise function. The rows of a function that treats each for itself may
    always be reordered; with ``axis=0`` the law is for functions that mix rows and
    still know no order among them, as batch normalization in training.

    Example:
        >>> from tinygrad_jp.testing import check_semantics, permutation_equivariant
        >>> centred = lambda x: x - tg.mean(x, axis=0)
        >>> laws = [permutation_equivariant(axis=0)]
        >>> check_semantics(centred, mixes_rows=True, laws=laws)[-1]
        'permutation_equivariant(axis=0)'
    """

    def broken(subject: Subject) -> str | None:
        expected = subject(subject.x)
        length = subject.x.shape[axis]
        if expected.ndim == 0 or expected.shape[axis % -expected.ndim] != length:
            return (
                f"returns shape {expected.shape}, whose axis {axis} must have the "
                f"batch's length {length}"
            )
        for order in _orders(subject, length):
            found = difference(
                _reordered(subject, axis, order), np.take(expected, order, axis)
            )
            if found:
                return f"the order {order} along axis {axis} gives {found}"
        return None

    return Law(
        f"permutation_equivariant(axis={axis})",
        broken,
        f"an index or a weight that depends on the place along axis {axis}",
    )


def permutation_invariant(axis: int = 0) -> Law:
    """The order of elements along `axis`, by default of the rows, changes nothing.

    Data such as labels is put in the same order as the rows.

    Example:
        >>> from tinygrad_jp.testing import check_semantics, permutation_invariant
        >>> laws = [permutation_invariant()]
        >>> check_semantics(tg.mean, mixes_rows=True, laws=laws)[-1]
        'permutation_invariant(axis=0)'
    """

    def broken(subject: Subject) -> str | None:
        expected = subject(subject.x)
        for order in _orders(subject, subject.x.shape[axis]):
            found = difference(_reordered(subject, axis, order), expected)
            if found:
                return f"the order {order} along axis {axis} gives {found}"
        return None

    return Law(
        f"permutation_invariant(axis={axis})",
        broken,
        "a slice or an index that leaves some rows out, labels that are shifted "
        "against their rows, or a running sum",
    )


def _orders(subject: Subject, length: int) -> Iterator[list[int]]:
    """Orders other than the first: reversed, moved on by one, and random."""
    places = np.arange(length)
    yield from (places[::-1].tolist(), np.roll(places, 1).tolist())
    yield subject.rng.permutation(length).tolist()


def _reordered(subject: Subject, axis: int, order: list[int]) -> Array:
    ndim = subject.x.ndim
    if axis % ndim == subject.batch_axis % ndim:
        return subject.alone(order)
    return subject(np.take(subject.x, order, axis))


def duplicate_batch_invariant() -> Law:
    """Every row twice gives the same: a mean over the batch, not a sum.

    Of a function whose result has rows, each must come twice, unchanged. Data such as
    labels is doubled with its rows.

    Example:
        >>> from tinygrad_jp.testing import check_semantics, duplicate_batch_invariant
        >>> laws = [duplicate_batch_invariant()]
        >>> check_semantics(tg.mean, mixes_rows=True, laws=laws)[-1]
        'duplicate_batch_invariant()'
        >>> check_semantics(tg.sum, mixes_rows=True, laws=laws)
        Traceback (most recent call last):
            ...
        tinygrad_jp.testing.errors.SemanticsError: sum: every row given twice: \
0.529699 instead of 0.26485
          law: duplicate_batch_invariant()
          usual cause: a sum where a mean is meant, or a division by something else \
than the number of rows
    """

    def broken(subject: Subject) -> str | None:
        expected = subject(subject.x)
        twice = 2 * list(range(subject.count))
        result = subject.alone(twice)
        if result.shape != expected.shape and subject.has_rows(expected):
            expected = subject.rows(expected, twice)
        found = difference(result, expected)
        return found and f"every row given twice: {found}"

    return Law(
        "duplicate_batch_invariant()",
        broken,
        "a sum where a mean is meant, or a division by something else than the number "
        "of rows",
    )


def homogeneous(degree: float = 1) -> Law:
    """``f(c * x) == c**degree * f(x)`` for every c above 0.

    Example:
        >>> from tinygrad_jp.testing import check_semantics, homogeneous
        >>> check_semantics(tg.relu, laws=[homogeneous()])[-1]
        'homogeneous(degree=1)'
    """
    name = f"homogeneous(degree={degree:g})"

    def broken(subject: Subject) -> str | None:
        x = subject.floats(name)
        expected = subject(x)
        for factor in (2.0, 0.25, 3.0):
            found = difference(subject(factor * x), factor**degree * expected)
            if found:
                return f"{factor:g} times the batch: {found}"
        return None

    return Law(name, broken, "a constant that is added, or a power too many")


def monotone(*, increasing: bool = True) -> Law:
    """Larger elements give no smaller results; no larger ones, if not increasing.

    Example:
        >>> from tinygrad_jp.testing import check_semantics, monotone
        >>> check_semantics(tg.sigmoid, laws=[monotone()])[-1]
        'monotone(increasing=True)'
    """
    name = f"monotone(increasing={increasing})"

    def broken(subject: Subject) -> str | None:
        x = subject.floats(name)
        results = [subject(batch) for batch in _climb(subject, x)]
        for low, high in pairwise(results):
            with np.errstate(all="ignore"):
                wrong = (high < low) if increasing else (high > low)
            wrong &= apart(high, low)
            if wrong.any():
                worst = tuple(int(i) for i in np.argwhere(wrong)[0])
                one, other = two_numbers(low[worst], high[worst])
                return (
                    f"no element became smaller, and the result went from {one} to "
                    f"{other}{place(worst)}"
                )
        return None

    return Law(name, broken, "a sign turned round, or a square or abs of the input")


def _climb(subject: Subject, x: Array) -> Iterator[Array]:
    """Batches from far below to far above; no element becomes smaller on the way."""
    positive = bool((x > 0).all())
    at = x / 16 if positive else x - 4 * subject.scale()
    for step in range(STEPS):
        yield at
        part = subject.rng.random(x.shape) < (1.0, 0.5, 1 / x.size)[step % 3]
        up = part * subject.rng.uniform(0.1, 1.0, x.shape)
        at = at * np.exp(up) if positive else at + subject.scale() * up
