"""Hypothesis strategies for arrays, and for shapes and axes that fit together.

    from hypothesis import given
    from tinygrad_jp.testing import strategies as st

    @given(st.arrays(shape=st.shapes(min_dims=2, max_dims=2)))
    def test_rows_sum_to_one(x): ...

Hypothesis draws shapes, and one seed for the values: large arrays cost it nothing,
and a failing example shrinks to a small shape. Needs `hypothesis`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from tinygrad_jp.testing.samples import KINDS, Array, sample

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError(
        "tinygrad_jp.testing.strategies needs hypothesis; install it with "
        "pip install 'tinygrad_jp[testing]'"
    ) from error

__all__ = [
    "arrays",
    "axes",
    "batches",
    "broadcastable_shapes",
    "labels",
    "matmul_operands",
    "shapes",
]

Shape: TypeAlias = tuple[int, ...]
Draw: TypeAlias = st.DrawFn

seeds = st.integers(0, 2**32 - 1)


def shapes(
    *, min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4
) -> st.SearchStrategy[Shape]:
    """Shapes, from () up; with `min_side=0` empty ones too.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> find(st.shapes(max_dims=1), lambda shape: shape != (1,))
        ()
    """
    sides = st.integers(min_side, max_side)
    return st.lists(sides, min_size=min_dims, max_size=max_dims).map(tuple)


@st.composite
def arrays(
    draw: Draw,
    *,
    shape: Shape | st.SearchStrategy[Shape] | None = None,
    dtype: Any = np.float64,
    domain: str = "real",
) -> Array:
    """Arrays of numbers: often with ties, zeros and integers, often without.

    Args:
        draw: Given by Hypothesis.
        shape: A shape or a strategy of shapes; any small one where it is None.
        dtype: Of the numbers.
        domain: Which numbers: a key of `samples.DOMAINS`.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> find(st.arrays(shape=(2,)), lambda x: x[0] == x[1]).shape
        (2,)
    """
    if shape is None:
        shape = shapes()
    if not isinstance(shape, tuple):
        shape = draw(shape)
    kind = draw(st.sampled_from(list(KINDS)))
    rng = np.random.default_rng(draw(seeds))
    return sample(rng, shape, domain=domain, kind=kind, dtype=dtype)


@st.composite
def narrowed(draw: Draw, shape: Shape) -> Shape:
    """Shapes that broadcast to `shape`: axes of length 1, leading axes left out."""
    sides = [1 if draw(st.booleans()) else side for side in shape]
    return tuple(sides[draw(st.integers(0, len(shape))) :])


@st.composite
def broadcastable_shapes(
    draw: Draw,
    count: int = 2,
    *,
    max_dims: int = 3,
    min_side: int = 1,
    max_side: int = 3,
) -> tuple[Shape, ...]:
    """Tuples of shapes that broadcast together, 0-d and length 1 among them.

    With `min_side=0` empty ones too.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> find(st.broadcastable_shapes(2), lambda pair: pair[1] == (2, 3))[1]
        (2, 3)
    """
    whole = draw(shapes(max_dims=max_dims, min_side=min_side, max_side=max_side))
    narrow = st.just(whole) | narrowed(whole)
    return tuple(draw(narrow) for _ in range(count))


@st.composite
def axes(
    draw: Draw, ndim: int, *, none: bool = True, tuples: bool = True
) -> int | tuple[int, ...] | None:
    """An axis argument for an array of `ndim` axes: None, an int or a tuple.

    Negative ones too, and the empty tuple. With neither `none` nor `tuples` the array
    must have an axis.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> find(st.axes(3, none=False), lambda axis: axis == -1)
        -1
    """
    kinds: list[st.SearchStrategy[Any]] = [st.none()] if none else []
    if ndim:
        one = st.integers(-ndim, ndim - 1)
        kinds.append(one)
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


@st.composite
def matmul_operands(
    draw: Draw, *, dtype: Any = np.float64, max_side: int = 3
) -> tuple[Array, Array]:
    """Two arrays for ``x @ y``: vectors, matrices, and stacks that broadcast.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> x, y = find(st.matmul_operands(), lambda pair: pair[0].ndim == 3)
        >>> x.shape[-1] == y.shape[-2 if y.ndim > 1 else 0]
        True
    """
    sides = st.integers(1, max_side)
    n, k, m = draw(sides), draw(sides), draw(sides)
    stacks = draw(broadcastable_shapes(2, max_dims=2, max_side=max_side))
    x_shape = draw(st.sampled_from([(n, k), (k,), (*stacks[0], n, k)]))
    y_shape = draw(st.sampled_from([(k, m), (k,), (*stacks[1], k, m)]))
    x = draw(arrays(shape=x_shape, dtype=dtype))
    return x, draw(arrays(shape=y_shape, dtype=dtype))


@st.composite
def batches(
    draw: Draw,
    *,
    features: Shape | st.SearchStrategy[Shape] | None = None,
    min_rows: int = 2,
    max_rows: int = 5,
    dtype: Any = np.float64,
) -> Array:
    """Batches whose rows all differ, by construction.

    Args:
        draw: Given by Hypothesis.
        features: The shape of one row, without empty axes; (1,) to (4,) by default.
        min_rows: How many rows at least.
        max_rows: How many rows at most.
        dtype: Of the numbers.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> x = find(st.batches(features=(3,)), lambda x: True)
        >>> x.shape, bool((x[0] != x[1]).all())
        ((2, 3), True)
    """
    if features is None:
        features = shapes(min_dims=1, max_dims=1)
    if not isinstance(features, tuple):
        features = draw(features)
    count = draw(st.integers(min_rows, max_rows))
    batch = draw(arrays(shape=(count, *features), dtype=dtype))
    # In quarters, each row moved by its own part of a quarter: no two rows have an
    # element in common.
    order = np.random.default_rng(draw(seeds)).permutation(count)
    places = order.reshape(count, *[1] * len(features)) / count
    return np.asarray((np.round(batch * 4) + places) / 4, dtype=dtype)


@st.composite
def labels(draw: Draw, count: int, classes: int, *, one_hot: bool = False) -> Array:
    """Labels of `count` rows: integers below `classes`, or rows with a single 1.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> find(st.labels(3, 10), lambda t: True).shape
        (3,)
    """
    numbers = np.random.default_rng(draw(seeds)).integers(0, classes, count)
    return np.eye(classes)[numbers] if one_hot else numbers


@st.composite
def cotangents(draw: Draw, result: Any) -> Array:
    """Arrays of a result's shape and dtype, without zeros."""
    shape: Sequence[int] = np.shape(result)
    rng = np.random.default_rng(draw(seeds))
    signs = rng.choice([-1.0, 1.0], shape)
    return np.asarray(rng.uniform(0.5, 1.5, shape) * signs, dtype=result.dtype)
