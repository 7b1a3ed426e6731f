"""Steps that pick elements, put them elsewhere, and sort them."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

import numpy as np

from tinygrad_jp.testing.programs.fitting import has_one_winner, spread
from tinygrad_jp.testing.programs.reductions import ordered
from tinygrad_jp.testing.programs.writer import SIZE, Entry, Shape, Writer


def an_index(w: Writer, shape: Shape) -> Any:
    """Of an array with axes: slices, None, Ellipsis, integers, repeats, masks."""
    length = shape[0]
    numbers = np.array([w.below(length) for _ in range(2 + w.below(2))])
    last = w.below(shape[-1])
    step = slice(None, None, -1)
    mask = np.arange(prod(shape)).reshape(shape) % 2 == 0
    forms: list[Any] = [
        0,
        numbers,
        slice(w.below(length), None),
        (Ellipsis, slice(0, 1)),
        (None, -1),
        mask,
        step,
        (Ellipsis, np.array([last, 0]), None),
        mask[(slice(None), *[0] * (len(shape) - 1))],
        numbers.reshape(-1, 1) - length,
        (Ellipsis, last),
    ]
    if len(shape) > 1:
        columns = np.array([w.below(shape[1])])
        forms += [(numbers, columns), (slice(None), columns), (numbers, None, 0)]
    return w.of(forms)


def getitem(w: Writer) -> None:
    """Every kind of index."""
    x = w.with_axes(1, 4)
    w.step("getitem", x, index=an_index(w, w.shape(x)))


def _target(w: Writer) -> tuple[Shape, Any, Shape]:
    """A shape, an index of it, and the shape that the index picks."""
    shape = w.of(((3,), (2, 3), (2, 1), (3, 2, 2)))
    index = an_index(w, shape)
    return shape, index, np.zeros(shape)[index].shape


def scatter_add(w: Writer) -> None:
    """Into zeros, at every kind of index."""
    shape, index, picked = _target(w)
    w.step("scatter_add", w.having(*picked), index=index, shape=shape)


def assigned(op: str) -> Entry:
    """``x.at[index].set(v)`` and ``.add(v)``, where v broadcasts."""

    def write(w: Writer) -> None:
        x = w.pick(lambda shape: 0 < len(shape) < 4)
        if not w.is_tensor(x):
            x = w.fresh(w.shape(x), live=True)
        index = an_index(w, w.shape(x))
        picked = np.zeros(w.shape(x))[index].shape
        value = w.having(*(picked if w.flag() else picked[1:]))
        w.step(op, x, value, index=index)

    return write


def take(w: Writer) -> None:
    """Along an axis, or of all; some elements twice, some not."""
    x = w.with_axes(1, 3)
    flat = w.below(4) == 3
    axis = None if flat else w.one_axis(len(w.shape(x)))
    length = prod(w.shape(x)) if axis is None else w.shape(x)[axis]
    picked = [w.below(length) - (length if w.flag() else 0) for _ in range(2)]
    indices = w.constant(np.array(w.of((picked, [picked], picked[0]))))
    w.step("take", x, indices, **({} if axis is None else {"axis": axis}))


def take_along_axis(w: Writer) -> None:
    """Each line its own elements: given ones, or the largest of another value."""
    x = w.with_axes(1)
    axis = w.one_axis(len(w.shape(x)))
    if w.below(4) == 3:
        y = spread(w, x, partial(has_one_winner, axis=axis))
        places = w.step("argmax", y, axis=axis, keepdims=True)
        w.step("take_along_axis", w.having(*w.shape(x)), places, axis=axis)
        return
    shape = list(w.shape(x))
    length, shape[axis] = shape[axis], 2
    size = prod(shape)
    if size > SIZE:
        shape[axis] = 1
        size = prod(shape)
    start = w.below(8)
    indices = (np.arange(size) * 5 + start) % 7 % length
    w.step("take_along_axis", x, w.constant(indices.reshape(shape)), axis=axis)


def sort(w: Writer) -> None:
    """Up or down, along an axis or all in one."""
    x = w.with_axes(1)
    axis = None if w.below(4) == 3 else w.one_axis(len(w.shape(x)))
    keywords = {"descending": True} if w.flag() else {}
    w.step("sort", ordered(w, x, axis), axis=axis, **keywords)


def topk(w: Writer) -> None:
    """The largest, or the smallest."""
    x = w.with_axes(1)
    axis = w.one_axis(len(w.shape(x)))
    k = 1 + w.below(w.shape(x)[axis])
    keywords = {"largest": False} if w.flag() else {}
    w.step("topk", ordered(w, x, axis), k=k, axis=axis, **keywords)


PICKING: dict[str, Entry] = {
    "getitem": getitem,
    "take": take,
    "take_along_axis": take_along_axis,
    "scatter_add": scatter_add,
    "at_set": assigned("at_set"),
    "at_add": assigned("at_add"),
    "sort": sort,
    "topk": topk,
}
