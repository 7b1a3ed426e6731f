"""Strategies for shapes and axes that fit together; public in `strategies`."""

from __future__ import annotations

from typing import Any, TypeAlias

from hypothesis import strategies as st

Shape: TypeAlias = tuple[int, ...]
Draw: TypeAlias = st.DrawFn

seeds = st.integers(0, 2**32 - 1)


def shapes(
    *, min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4
) -> st.SearchStrategy[Shape]:
    """Shapes, from () up; with `min_side=0` empty ones too.

    They shrink to few axes and short ones.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> find(st.shapes(), lambda shape: True)
        ()
        >>> find(st.shapes(), lambda shape: sum(shape) > 4)
        (1, 4)
    """
    sides = st.integers(min_side, max_side)
    return st.lists(sides, min_size=min_dims, max_size=max_dims).map(tuple)


def chosen(draw: Draw, shape: Shape | st.SearchStrategy[Shape]) -> Shape:
    """A shape that is given, or drawn from a strategy that is."""
    return shape if isinstance(shape, tuple) else draw(shape)


@st.composite
def narrowed(draw: Draw, shape: Shape) -> Shape:
    """Shapes that broadcast to `shape`: axes of length 1, leading axes left out."""
    kept = draw(st.integers(0, len(shape)))
    return tuple(
        1 if draw(st.booleans()) else side for side in shape[len(shape) - kept :]
    )


@st.composite
def broadcastable_shapes(
    draw: Draw,
    count: int = 2,
    *,
    max_dims: int = 3,
    min_side: int = 1,
    max_side: int = 3,
) -> tuple[Shape, ...]:
    """Tuples of `count` shapes that broadcast together, 0-d and length 1 among them.

    With `min_side=0` empty ones too. They shrink to few axes and short ones.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> find(st.broadcastable_shapes(2), lambda pair: pair[0] != pair[1])
        ((1,), ())
    """
    whole = draw(shapes(max_dims=max_dims, min_side=min_side, max_side=max_side))
    narrow = st.just(whole) | narrowed(whole)
    return tuple(draw(narrow) for _ in range(count))


@st.composite
def axes(
    draw: Draw, ndim: int, *, none: bool = True, tuples: bool = True
) -> int | tuple[int, ...] | None:
    """An axis argument for an array of `ndim` axes: None, an int or a tuple.

    Negative ones too, and the empty tuple. They shrink to None, then to 0. With neither
    `none` nor `tuples` the array must have an axis.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> find(st.axes(3, none=False), lambda axis: axis != 0)
        1
    """
    kinds: list[st.SearchStrategy[Any]] = [st.none()] if none else []
    if ndim:
        kinds.append(st.integers(-ndim, ndim - 1))
    if tuples:
        places = (
            st.lists(st.integers(0, ndim - 1), unique=True) if ndim else st.just([])
        )
        signed = places.flatmap(
            lambda found: st.tuples(*[st.sampled_from([i, i - ndim]) for i in found])
        )
        kinds.append(signed)
    axis: int | tuple[int, ...] | None = draw(st.one_of(kinds))
    return axis
