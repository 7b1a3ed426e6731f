"""Check the meaning of a function of batches: each row is treated for itself.

    check_semantics(fn, x)
    check_semantics(loss, scores, data={"t": labels}, mixes_rows=True,
                    laws=[duplicate_batch_invariant()])

A softmax that takes the sum over the whole batch has the right gradient of the wrong
function, so no gradient check finds it. What it breaks is a law: row 0 of the result
moves when only row 1 of the input did. The laws that all functions keep stand in
`laws.py`, those that some declare in `declared.py`; here they are tried one by one, on
rows that all differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from tinygrad_jp.tensor import Tensor, asarray
from tinygrad_jp.testing.laws import LAWS
from tinygrad_jp.testing.subject import (
    Array,
    Law,
    Subject,
    along,
    data_axis,
    other_numbers,
)


def check_semantics(
    fn: Callable[..., Any],
    x: Any = None,
    batch_axis: int = 0,
    *,
    data: Mapping[str, Any] | None = None,
    shape: tuple[int, ...] = (4, 3),
    mixes_rows: bool = False,
    keeps_dtype: bool = True,
    laws: Iterable[Law] = (),
    without: Iterable[str] = (),
    seed: int | np.random.Generator = 0,
) -> tuple[str, ...]:
    """Check that a function of batches treats each row for itself.

    Moving one row of the input must move no other row of the result; a batch in two
    parts, row by row, or without rows, must give what it gives at once. Besides: the
    same input gives the same result, is not written to, and neither its memory layout
    nor float32 makes a difference.

    Args:
        fn: A function of a Tensor that returns a Tensor or an array.
        x: A batch to try it on; it is copied as float64, and made to have two rows or
            more, all different. Random numbers where it is None.
        batch_axis: The axis along which the rows lie, in `x` and in the result.
        data: Arrays that `fn` takes by name, such as labels. Their rows move with those
            of `x`; they lie along `batch_axis`, in a vector along its only axis.
        shape: Of the random batch.
        mixes_rows: Declare that rows are mixed on purpose, as a mean over the batch
            or batch normalization in training does: the laws of rows are left out.
        keeps_dtype: Whether float32 must give float32.
        laws: More of them, checked after `LAWS`: `sums_to_one()`, one of your own.
        without: Names of laws to leave out.
        seed: Of what is drawn.

    Returns:
        The names of the laws that hold.

    Raises:
        SemanticsError: A law is broken; names it, the rows and both numbers.
        ValueError: The batch has no such axis, its rows cannot be made to differ, the
            data has other rows, or no law is called as `without` says.

    Example:
        >>> from tinygrad_jp.testing import check_semantics, sums_to_one
        >>> "rows do not mix" in check_semantics(tg.softmax)
        True
        >>> check_semantics(lambda x: tg.softmax(x, axis=0))
        Traceback (most recent call last):
            ...
        tinygrad_jp.testing.errors.SemanticsError: <lambda>: row 0 moved when only row \
1 changed, by 0.14 (so did 2 more): [0, 2] was 0.3896 and became 0.249647; rows lie \
along batch axis 0
          law: rows do not mix
          usual cause: axis= missing in a sum, mean or max, or naming the batch axis; \
if rows shall mix, declare mixes_rows=True
    """
    rng = np.random.default_rng(seed)
    batch = np.array(rng.normal(size=shape) if x is None else x, order="C")
    if batch.dtype.kind == "f":
        batch = batch.astype(np.float64)
    if not -batch.ndim <= batch_axis < batch.ndim:
        raise ValueError(
            f"check_semantics: a batch of shape {batch.shape} has no axis {batch_axis}"
        )
    data = _checked(data or {}, batch.shape[batch_axis], batch_axis)
    batch, data = _with_different_rows(batch, batch_axis, data, rng)
    subject = Subject(fn, batch, batch_axis, rng, data=data, keeps_dtype=keeps_dtype)
    wanted = _without([*LAWS, *laws], without)
    subject.on_copies()  # a function that fails here fails with its own error
    checked = []
    for law in wanted:
        if not (law.of_rows and mixes_rows):
            law.check(subject)
            checked.append(law.name)
    return tuple(checked)


def _without(laws: list[Law], names: Iterable[str]) -> list[Law]:
    left_out = [names] if isinstance(names, str) else list(names)
    known = [law.name for law in laws]
    for name in left_out:
        if name not in known:
            raise ValueError(
                f"check_semantics: without names no law {name!r}; there are "
                f"{', '.join(repr(one) for one in known)}"
            )
    return [law for law in laws if law.name not in left_out]


def _checked(data: Mapping[str, Any], count: int, batch_axis: int) -> dict[str, Any]:
    """Data whose rows are as many as those of the batch."""
    for name, array in data.items():
        shape = np.shape(array)
        axis = data_axis(len(shape), batch_axis)
        if not -len(shape) <= axis < len(shape) or shape[axis] != count:
            raise ValueError(
                f"check_semantics: {name} must have {count} rows along axis {axis}, as "
                f"the batch has, got shape {shape}"
            )
    return dict(data)


def _first_thrice(array: Any, batch_axis: int) -> Any:
    values = np.asarray(array)
    values = along(values, data_axis(values.ndim, batch_axis), [0, 0, 0])
    return asarray(values) if isinstance(array, Tensor) else values


def _with_different_rows(
    batch: Array, batch_axis: int, data: dict[str, Any], rng: np.random.Generator
) -> tuple[Array, dict[str, Any]]:
    """A batch of at least two rows; of equal ones all but the first are changed."""
    rows = np.moveaxis(batch, batch_axis, 0)
    if not rows.size:
        raise ValueError(
            f"check_semantics: the batch must not be empty, got shape {batch.shape}"
        )
    if len(rows) == 1:
        rows = np.repeat(rows, 3, axis=0)
        data = {key: _first_thrice(array, batch_axis) for key, array in data.items()}
    rows = rows.copy()
    if rows.dtype.kind == "f":
        _, first = np.unique(rows, axis=0, return_index=True)
        equal = np.setdiff1d(np.arange(len(rows)), first)
        rows[equal] = other_numbers(rows[equal], 0.1, rows, rng)
    elif (rows == rows[:1]).all():
        # Which other integers would be in order, only the caller knows.
        raise ValueError(
            f"check_semantics: the {len(rows)} rows of {rows.dtype} are all equal; "
            "give it rows that differ"
        )
    return np.ascontiguousarray(np.moveaxis(rows, 0, batch_axis)), data
