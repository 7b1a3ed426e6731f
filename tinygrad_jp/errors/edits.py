"""Edits: an operand put differently, as Python and as the shape that it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import NamedTuple, TypeAlias

from tinygrad_jp.errors.layout import Shape
from tinygrad_jp.errors.origin import Operand


class Edit(NamedTuple):
    """An operand put differently."""

    text: str
    shape: Shape


def keep(x: Operand) -> Iterator[Edit]:
    """A reduction that keeps its axis, with length 1."""
    if x.keeping is not None:
        text, axis = x.keeping
        places = len(x.shape) + 1
        if -places <= axis < places:
            axis %= places
            yield Edit(text, (*x.shape[:axis], 1, *x.shape[axis:]))


def new_axis(x: Operand) -> Iterator[Edit]:
    """An axis of length 1 more, at each place; two or three of them at the end."""
    count = len(x.shape)
    for i in range(count, -1, -1):
        inside = "..., None" if i == count > 1 else ":, " * i + "None"
        yield Edit(f"{x.text}[{inside}]", (*x.shape[:i], 1, *x.shape[i:]))
    for more in (2, 3):
        inside = ":" if count == 1 else "..."
        nones = ", None" * more
        yield Edit(f"{x.text}[{inside}{nones}]", (*x.shape, *[1] * more))


def transpose(x: Operand) -> Iterator[Edit]:
    """The last two axes exchanged."""
    if len(x.shape) == 2:
        yield Edit(f"{x.text}.T", x.shape[::-1])
    elif len(x.shape) > 2:
        *lead, n, m = x.shape
        axes = (*range(len(lead)), len(lead) + 1, len(lead))
        text = "mT" if x.flips else f"transpose{axes}"
        yield Edit(f"{x.text}.{text}", (*lead, m, n))


def flatten(x: Operand) -> Iterator[Edit]:
    """The last axes, two or more of them, made one: images into rows."""
    for i in range(1, len(x.shape) - 1):
        size = prod(x.shape[i:])
        lead: tuple[int, ...] = x.shape[:i]
        shown = (-1,) if i == 1 and size else lead
        yield Edit(f"{x.text}.reshape{(*shown, size)}", (*lead, size))


def ravel(x: Operand) -> Iterator[Edit]:
    """One axis alone; or one row of a matrix."""
    if len(x.shape) > 1:
        size = prod(x.shape)
        yield Edit(f"{x.text}.reshape(-1)", (size,))
        yield Edit(f"{x.text}.reshape{(1, size)}", (1, size))


def squeeze(x: Operand) -> Iterator[Edit]:
    """An axis of length 1 taken out."""
    for i, length in enumerate(x.shape):
        if length == 1:
            yield Edit(f"{x.text}.squeeze({i})", x.shape[:i] + x.shape[i + 1 :])


def channels(x: Operand) -> Iterator[Edit]:
    """The channels of images moved from the last place to the first, or back."""
    count = len(x.shape)
    if count in (3, 4):
        batch = tuple(range(count - 3))
        height, width, depth = range(count - 3, count)
        for order in ((depth, height, width), (width, depth, height)):
            axes = (*batch, *order)
            yield Edit(f"{x.text}.transpose{axes}", tuple([x.shape[i] for i in axes]))


Kind: TypeAlias = Callable[[Operand], Iterator[Edit]]
"""A way to put an operand; the tuples below hold those worth trying, best first."""

ELEMENTWISE: tuple[Kind, ...] = (
    keep,
    new_axis,
    transpose,
    squeeze,
    flatten,
    ravel,
    channels,
)
MATRICES: tuple[Kind, ...] = (flatten, transpose, ravel, squeeze)
JOINED: tuple[Kind, ...] = (new_axis, transpose, flatten, squeeze, channels)
