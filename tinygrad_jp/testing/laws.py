"""The laws that every function of batches must keep, each with a name.

What a law is stands in `subject.py`; those that only some functions keep, such as
rows that sum to one, are in `declared.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_jp.tensor import Tensor
from tinygrad_jp.testing.subject import (
    Array,
    Law,
    Subject,
    difference,
    other_numbers,
    two_numbers,
)

MOVES = (1.0, 3.0, -3.0)
"""How far a row is moved, in units of the largest number: to above and below all."""

# --- any function ------------------------------------------------------------------


def _leaves_input_alone(subject: Subject) -> str | None:
    for name, (before, after) in subject.on_copies().items():
        nan = before.dtype.kind == "f"
        if not np.array_equal(after, before, equal_nan=nan):
            return f"writes to its input {name}: {difference(after, before)}"
    return None


def _deterministic(subject: Subject) -> str | None:
    found = difference(subject(subject.x), subject(subject.x))
    if found is None:
        return None
    return f"is not deterministic: the same batch gave two results, {found}"


def _gives_numbers(subject: Subject) -> str | None:
    places = np.argwhere(np.isnan(subject(subject.x)))
    if not len(places):
        return None
    index = ", ".join(str(i) for i in places[0])
    return f"returns NaN at [{index}] for this batch, so its rows cannot be compared"


def _layouts(x: Array) -> Iterable[tuple[str, Any]]:
    """The same numbers, laid out in memory in other ways."""
    yield "in Fortran order", np.asfortranarray(x)
    backwards = tuple(slice(None, None, -1) for _ in x.shape)
    yield "with negative strides", x[backwards].copy()[backwards]
    yield "in every second place", np.repeat(x, 2, axis=-1)[..., ::2]
    yield "in memory that can be written to", Tensor(x)


def _ignores_layout(subject: Subject) -> str | None:
    expected = subject(subject.x)
    for words, same in _layouts(subject.x):
        found = difference(subject(same), expected)
        if found:
            return f"gives another result for the same numbers {words}: {found}"
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
        return f"returns {result.dtype} for a float32 batch"
    if result.dtype.itemsize > 4:
        result = result.astype(np.float32)
    found = difference(result, expected)
    return found and f"loses its digits in float32: gives {found} in float64"


def _widens_no_float16(subject: Subject) -> str | None:
    # Its numbers are not compared: of three digits, an honest sum may lose two.
    # float32 may take part, as parameters that a network was trained with.
    if subject.x.dtype.kind != "f" or not subject.keeps_dtype:
        return None
    dtype = subject(subject.x.astype(np.float16)).dtype
    return "returns float64 for a float16 batch" if dtype == np.float64 else None


# --- functions that treat each row for itself --------------------------------------


def _has_batch_axis(subject: Subject) -> str | None:
    result = subject(subject.x)
    if subject.has_rows(result):
        return None
    return (
        f"returns shape {result.shape} for shape {subject.x.shape}: axis "
        f"{subject.batch_axis} must have length {subject.count}, a row for each row"
    )


def _rows_do_not_mix(subject: Subject) -> str | None:
    expected = subject(subject.x)
    chosen = subject.some_rows()
    alone = [[row] for row in chosen]
    # What one row alone may not move, a median for instance, the others together do.
    together = [[i for i in range(subject.count) if i != row] for row in chosen]
    for moved in alone + together:
        for size in MOVES:
            batch = subject.x.copy()
            rows = np.moveaxis(batch, subject.batch_axis, 0)  # a view
            rows[moved] = other_numbers(rows[moved], size, subject.x, subject.rng)
            problem = _mixed(subject, moved, subject(batch), expected)
            if problem:
                return problem
    return None


def _mixed(
    subject: Subject, moved: list[int], result: Array, expected: Array
) -> str | None:
    if result.shape != expected.shape:
        return difference(result, expected)
    stirred = [i for i in subject.differing(result, expected) if i not in moved]
    if not stirred:
        return None
    first, *more = stirred
    rows = [subject.rows(a, first).astype(np.float64) for a in (result, expected)]
    with np.errstate(all="ignore"):
        gap = np.abs(rows[0] - rows[1])
    worst = np.unravel_index(int(np.argmax(gap)), gap.shape)  # a NaN comes first
    now, before = two_numbers(rows[0][worst], rows[1][worst])
    index = [str(int(i)) for i in worst]
    index.insert(subject.batch_axis % expected.ndim, str(first))
    also = f" (so did {len(more)} more)" if more else ""
    changed = f"row {moved[0]}" if len(moved) == 1 else f"the rows other than {first}"
    return (
        f"row {first} moved when only {changed} changed, by {gap[worst]:.3g}{also}: "
        f"[{', '.join(index)}] was {before} and became {now}; rows lie along batch "
        f"axis {subject.batch_axis}"
    )


def _differs_alone(subject: Subject, start: int, stop: int) -> str | None:
    """What is wrong with the result for some of the rows without the others."""
    part = slice(start, stop)
    expected = subject.rows(subject(subject.x), part)
    result = subject.alone(part)
    if result.shape != expected.shape:
        return f"have the shape {result.shape}, which must be {expected.shape}"
    rows = subject.differing(result, expected)
    if not rows:
        return None
    return f"differ in row {start + rows[0]}: {difference(result, expected)}"


def _takes_one_row(subject: Subject) -> str | None:
    for row in subject.some_rows():
        problem = _differs_alone(subject, row, row + 1)
        if problem:
            return f"the results for row {row} as a batch of one {problem}"
    return None


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


def _takes_no_rows(subject: Subject) -> str | None:
    whole = subject(subject.x)
    expected = subject.rows(whole, slice(0))
    result = subject.alone(slice(0))
    if result.shape == expected.shape and result.dtype == expected.dtype:
        return None
    return (
        f"returns {result.dtype} of shape {result.shape} for a batch without rows, "
        f"which must be {expected.dtype} of shape {expected.shape}"
    )


LAWS = (
    Law(
        "leaves its input alone",
        _leaves_input_alone,
        "an in-place operation (+=, out=, sort()); work on a copy",
    ),
    Law(
        "deterministic",
        _deterministic,
        "randomness in a network that is not switched to prediction, by eval(); or a "
        "generator without fixed seed",
    ),
    Law("gives numbers", _gives_numbers, "a batch outside of the function's domain"),
    Law(
        "has a batch axis",
        _has_batch_axis,
        "axis= missing in a sum, mean or max, or a squeeze() too many; a function that "
        "reduces over the batch declares mixes_rows=True",
        of_rows=True,
    ),
    Law(
        "rows do not mix",
        _rows_do_not_mix,
        "axis= missing in a sum, mean or max, or naming the batch axis; if rows shall "
        "mix, declare mixes_rows=True",
        of_rows=True,
    ),
    Law(
        "takes one row",
        _takes_one_row,
        "squeeze() without axis=, or a statistic of the batch",
        of_rows=True,
    ),
    Law(
        "splits",
        _splits,
        "something that depends on a row's place, or on the size of the batch",
        of_rows=True,
    ),
    Law(
        "takes an empty batch",
        _takes_no_rows,
        "a max without axis=, a mean over the batch, or reshape(-1, ...), which cannot "
        "tell the size of nothing; if empty batches are refused on purpose, pass "
        'without=["takes an empty batch"]',
        of_rows=True,
    ),
    Law(
        "ignores the memory layout",
        _ignores_layout,
        "reshape or ravel with order='A' or 'K', or a look at flags or strides",
    ),
    Law(
        "works in float32",
        _works_in_float32,
        "a float64 array that takes part (np.ones, np.eye: pass dtype=), or a "
        "difference of large numbers; if the dtype shall change, keeps_dtype=False",
    ),
    Law(
        "makes no float64 of float16",
        _widens_no_float16,
        "a float64 array or np.float64 number that takes part; if the dtype shall "
        "change, keeps_dtype=False",
    ),
)
"""What is checked, in this order."""
