"""Laws that a function of batches must keep, each with a name.

A law looks at a `Subject` (a function and a batch to try it on) and says in words
what is wrong, or None. A law of your own is one more `Law`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_jp.tensor import Tensor, asarray
from tinygrad_jp.testing.errors import SemanticsError
from tinygrad_jp.testing.flat import name_of

Array = NDArray[Any]

MOVES = (1.0, 3.0, -3.0)
"""How far a row is moved, in units of the largest number: to above and below all."""


class Subject:
    """A function, a batch to try it on, and what laws need to look at them.

    Attributes:
        name: What errors call the function.
        x: The batch: at least two rows, no two of them equal.
        batch_axis: The axis along which the rows lie, in the batch and in the result.
        rng: For what a law draws.
        keeps_dtype: Whether a float32 batch must give a float32 result.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        x: Array,
        batch_axis: int,
        rng: np.random.Generator,
        *,
        keeps_dtype: bool = True,
    ) -> None:
        self.fn = fn
        self.name = name_of(fn)
        self.x = x
        self.batch_axis = batch_axis
        self.rng = rng
        self.keeps_dtype = keeps_dtype

    @property
    def count(self) -> int:
        """How many rows the batch has."""
        return int(self.x.shape[self.batch_axis])

    def __call__(self, batch: Array) -> Array:
        """The result for a batch, which it gets as a read-only Tensor."""
        with np.errstate(all="ignore"):  # a moved row may leave the domain
            result = self.fn(asarray(batch))
        if not isinstance(result, Tensor):
            raise SemanticsError(
                f"{self.name}: must return a Tensor, got {type(result).__name__}"
            )
        return result.data

    def rows(self, array: Array, where: Any) -> Array:
        """Some rows of a batch or of a result; a slice or a list of numbers."""
        index: list[Any] = [slice(None)] * array.ndim
        index[self.batch_axis] = where
        found: Array = array[tuple(index)]
        return found

    def some_rows(self) -> list[int]:
        """A few row numbers: 1, 0, the last and one between, as far as there are."""
        between = int(self.rng.integers(self.count))
        return list(dict.fromkeys([1, 0, self.count - 1, between]))

    def differing(self, result: Array, expected: Array) -> list[int]:
        """The rows in which two results differ by more than rounding."""
        off = apart(result, expected)
        axes = tuple(i for i in range(off.ndim) if i != self.batch_axis % off.ndim)
        return [int(i) for i in np.flatnonzero(off.any(axis=axes))]


@dataclass(frozen=True)
class Law:
    """Something that a function of batches must do.

    Attributes:
        name: What to call it, for instance in `SemanticsError.law`.
        broken: Looks at a subject and returns what is wrong, or None.
        of_rows: Whether a function that mixes rows on purpose is free of it.

    Example:
        >>> from tinygrad_jp.testing import Law, check_semantics
        >>> def broken(subject):
        ...     if (subject(subject.x) < 0).any():
        ...         return "returns negative numbers"
        >>> check_semantics(tg.tanh, laws=[Law("not negative", broken)])
        Traceback (most recent call last):
            ...
        tinygrad_jp.testing.errors.SemanticsError: tanh: returns negative numbers
    """

    name: str
    broken: Callable[[Subject], str | None]
    of_rows: bool = False


def apart(result: Array, expected: Array) -> NDArray[np.bool_]:
    """Where two results differ by more than rounding.

    That is, in the first half of the digits that the narrower dtype of the two has.
    NaN equals NaN.
    """
    kinds = [a.dtype for a in (result, expected) if a.dtype.kind == "f"]
    epsilon = max((float(np.finfo(kind).eps) for kind in kinds), default=0.0)
    finite = np.abs(expected[np.isfinite(expected)].astype(np.float64))
    allowed = np.sqrt(epsilon) * finite.max(initial=0.0)
    return ~np.isclose(
        result.astype(np.float64), expected, rtol=0.0, atol=allowed, equal_nan=True
    )


def _gives_numbers(subject: Subject) -> str | None:
    if np.isnan(subject(subject.x)).any():
        return "returns NaN for this batch, so that its rows cannot be compared"
    return None


def _deterministic(subject: Subject) -> str | None:
    result, again = subject(subject.x), subject(subject.x)
    if result.shape != again.shape or subject.differing(again, result):
        return (
            "is not deterministic: the same batch gave two results; give it a random "
            "generator of a fixed seed, or switch it to prediction"
        )
    return None


def _leaves_input_alone(subject: Subject) -> str | None:
    given = subject.x.copy()
    batch = Tensor(given)
    subject.fn(batch)
    if not np.array_equal(batch.data, given, equal_nan=given.dtype.kind == "f"):
        return "writes to its input; work on a copy"
    return None


def _layouts(x: Array) -> Iterable[tuple[str, Array]]:
    """The same numbers, laid out in memory in other ways."""
    yield "in Fortran order", np.asfortranarray(x)
    backwards = tuple(slice(None, None, -1) for _ in x.shape)
    yield "with negative strides", x[backwards].copy()[backwards]
    spread = np.repeat(x, 2, axis=-1) if x.ndim else x
    yield "in every second place", spread[..., ::2]


def _ignores_layout(subject: Subject) -> str | None:
    expected = subject(subject.x)
    for words, same in _layouts(subject.x):
        result = subject(same)
        if result.shape != expected.shape or subject.differing(result, expected):
            return f"gives another result for the same numbers {words}"
    return None


def _works_in_float32(subject: Subject) -> str | None:
    if subject.x.dtype.kind != "f":
        return None
    narrow = subject.x.astype(np.float32)
    result = subject(narrow)
    expected = subject(narrow.astype(np.float64))
    if expected.dtype.kind != "f":
        return None
    if subject.keeps_dtype and result.dtype != np.float32:
        return (
            f"returns {result.dtype} for a float32 batch: a float64 array takes part "
            "in it; make it float32, or pass keeps_dtype=False"
        )
    if result.shape != expected.shape:
        return (
            f"returns shape {result.shape} in float32 and {expected.shape} in float64"
        )
    places = np.argwhere(apart(result.astype(np.float32), expected))
    if places.size:
        place = tuple(int(i) for i in places[0])
        return (
            f"loses its digits in float32: gives {result[place]:.6g} at index {place}, "
            f"where float64 gives {expected[place]:.6g}"
        )
    return None


def _has_batch_axis(subject: Subject) -> str | None:
    shape = subject(subject.x).shape
    axis = subject.batch_axis
    if not -len(shape) <= axis < len(shape) or shape[axis] != subject.count:
        return (
            f"returns shape {shape} for a batch of {subject.count} rows (shape "
            f"{subject.x.shape}): axis {axis} must have length {subject.count}; a "
            "function that reduces over the batch declares mixes_rows=True"
        )
    return None


def other_numbers(
    rows: Array, size: float, batch: Array, rng: np.random.Generator
) -> Array:
    """Other numbers of the same kind: positive stays positive, integers stay known."""
    if batch.dtype.kind != "f":
        known = np.unique(batch)
        steps = rng.integers(1, max(len(known), 2), rows.shape)
        return np.asarray(known[(np.searchsorted(known, rows) + steps) % len(known)])
    step = size * (1 + 0.25 * rng.normal(size=rows.shape))
    if (batch > 0).all():
        return np.asarray(rows * np.exp(step / 2))
    return np.asarray(rows + step * (np.abs(batch).max() or 1.0))


def _rows_do_not_mix(subject: Subject) -> str | None:
    expected = subject(subject.x)
    for moved in subject.some_rows():
        for size in MOVES:
            batch = subject.x.copy()
            row = subject.rows(batch, slice(moved, moved + 1))
            row[...] = other_numbers(row, size, subject.x, subject.rng)
            result = subject(batch)
            others = [i for i in subject.differing(result, expected) if i != moved]
            if others:
                return _mixed(subject, others, moved, result, expected)
    return None


def _mixed(
    subject: Subject, others: list[int], moved: int, result: Array, expected: Array
) -> str:
    first, *more = others
    rows = [subject.rows(a, [first]).astype(np.float64) for a in (result, expected)]
    change = np.abs(rows[0] - rows[1]).max()
    also = f" (so did {len(more)} more)" if more else ""
    return (
        f"row {first} moved when only row {moved} changed, by {change:.3g}{also}; look "
        "for a sum, mean or maximum without axis=, or over the batch axis "
        f"{subject.batch_axis}; if rows shall mix, declare mixes_rows=True"
    )


def _differs_alone(subject: Subject, start: int, stop: int) -> str | None:
    """What is wrong with the result for some of the rows without the others."""
    part = slice(start, stop)
    expected = subject.rows(subject(subject.x), part)
    result = subject(subject.rows(subject.x, part))
    if result.shape != expected.shape:
        return f"have the shape {result.shape}, which must be {expected.shape}"
    rows = subject.differing(result, expected)
    return f"differ in row {start + rows[0]}" if rows else None


def _splits(subject: Subject) -> str | None:
    for cut in sorted({1, subject.count // 2, subject.count - 1}):
        for start, stop in ((0, cut), (cut, subject.count)):
            problem = _differs_alone(subject, start, stop)
            if problem:
                return (
                    f"rows {start} to {stop - 1} as a batch of their own {problem}: "
                    "the result for a batch must be those for its parts, joined"
                )
    return None


def _takes_one_row(subject: Subject) -> str | None:
    for row in subject.some_rows():
        problem = _differs_alone(subject, row, row + 1)
        if problem:
            return f"the results for row {row} as a batch of one {problem}"
    return None


LAWS = (
    Law("leaves its input alone", _leaves_input_alone),
    Law("deterministic", _deterministic),
    Law("gives numbers", _gives_numbers),
    Law("has a batch axis", _has_batch_axis, of_rows=True),
    Law("rows do not mix", _rows_do_not_mix, of_rows=True),
    Law("takes one row", _takes_one_row, of_rows=True),
    Law("splits", _splits, of_rows=True),
    Law("ignores the memory layout", _ignores_layout),
    Law("works in float32", _works_in_float32),
)
"""What is checked, in this order."""
