"""Check the meaning of a function of batches: each row is treated for itself.

    check_semantics(fn, x)

A softmax that takes the sum over the whole batch has the right gradient of the wrong
function, so no gradient check finds it. What it breaks is a law: row 0 of the result
moves when only row 1 of the input did. This page holds such laws, each with a name,
and a function that tries them one by one on rows that all differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_jp.testing.errors import SemanticsError
from tinygrad_jp.testing.laws import LAWS, Array, Law, Subject, other_numbers


def check_semantics(
    fn: Callable[..., Any],
    x: Any = None,
    batch_axis: int = 0,
    *,
    shape: tuple[int, ...] = (4, 3),
    mixes_rows: bool = False,
    keeps_dtype: bool = True,
    laws: Iterable[Law] = (),
    seed: int | np.random.Generator = 0,
) -> tuple[str, ...]:
    """Check that a function of batches treats each row for itself.

    Moving one row of the input must move no other row of the result; a batch in two
    parts, or row by row, must give what it gives at once. Besides: the same input
    gives the same result, is not written to, and neither its memory layout nor
    float32 makes a difference.

    Args:
        fn: A function of a Tensor that returns a Tensor.
        x: A batch to try it on; it is copied as float64, and made to have two rows or
            more, all different. Random numbers where it is None.
        batch_axis: The axis along which the rows lie, in `x` and in the result.
        shape: Of the random batch.
        mixes_rows: Declare that rows are mixed on purpose, as a mean over the batch
            or batch normalization in training does: the laws of rows are left out.
        keeps_dtype: Whether float32 must give float32.
        laws: More of them, checked after `LAWS`.
        seed: Of what is drawn.

    Returns:
        The names of the laws that hold.

    Raises:
        SemanticsError: A law is broken; says which, and names the rows.
        ValueError: The batch has no such axis, or its rows cannot be made to differ.

    Example:
        >>> import tinygrad_jp as tg
        >>> from tinygrad_jp.testing import check_semantics
        >>> "rows do not mix" in check_semantics(tg.softmax)
        True
    """
    rng = np.random.default_rng(seed)
    batch = np.array(rng.normal(size=shape) if x is None else x)
    if batch.dtype.kind == "f":
        batch = batch.astype(np.float64)
    if not -batch.ndim <= batch_axis < batch.ndim:
        raise ValueError(
            f"check_semantics: a batch of shape {batch.shape} has no axis {batch_axis}"
        )
    batch = _with_different_rows(batch, batch_axis, rng)
    subject = Subject(fn, batch, batch_axis, rng, keeps_dtype=keeps_dtype)
    checked = []
    for law in (*LAWS, *laws):
        if law.of_rows and mixes_rows:
            continue
        problem = law.broken(subject)
        if problem is not None:
            raise SemanticsError(f"{subject.name}: {problem}", law.name)
        checked.append(law.name)
    return tuple(checked)


def _with_different_rows(
    batch: Array, batch_axis: int, rng: np.random.Generator
) -> Array:
    """A batch of at least two rows; of equal ones all but the first are changed."""
    rows = np.moveaxis(batch, batch_axis, 0)
    if not rows.size:
        raise ValueError(
            f"check_semantics: the batch must not be empty, got shape {batch.shape}"
        )
    if len(rows) == 1:
        rows = np.repeat(rows, 3, axis=0)
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
    return np.moveaxis(rows, 0, batch_axis)
