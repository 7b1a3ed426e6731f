"""Strategies for arrays, Tensors, batches and labels; public in `strategies`.

Of a small array every number is drawn, so that a failing one shrinks to zeros, with a
small integer where it takes one. Of a large array a seed is drawn, which costs
Hypothesis nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_jp.tensor import Tensor
from tinygrad_jp.testing.drawn_shapes import (
    Draw,
    Shape,
    broadcastable_shapes,
    chosen,
    seeds,
    shapes,
)
from tinygrad_jp.testing.samples import DOMAINS, KINDS, Array, sample

SMALL = 32
"""Up to so many elements, each is drawn by itself."""


def _sizes(codes: Array) -> Array:
    """From 0 up to 10, small ones more often: sizes of a Laplace distribution."""
    return np.asarray(-np.log1p(-codes / 2**15))


READINGS: Mapping[str, Callable[[Array], Array]] = {
    "grid": lambda codes: codes % 3.0,
    "normal": _sizes,
    "sparse": lambda codes: np.where(codes % 2, _sizes(codes), 0.0),
    "wide": lambda codes: np.where(codes, 10.0 ** (codes / 2**13 - 3), 0.0),
}
"""Numbers without sign that 15 bits stand for, for each of `samples.KINDS`.

0 stands for 0 in all of them, and 1 for a number above. So what fails on one kind and
has shrunk to the least codes fails on the first kind too: on integers.
"""

codes = st.integers(0, 2**16 - 1)


@st.composite
def arrays(
    draw: Draw,
    *,
    shape: Shape | st.SearchStrategy[Shape] | None = None,
    dtype: Any = np.float64,
    domain: str = "real",
) -> Array:
    """Arrays of numbers: often with ties, zeros and integers, often without.

    They shrink to few axes, short ones, and zeros (or what of `domain` is next to 0).

    Args:
        draw: Given by Hypothesis.
        shape: A shape or a strategy of shapes; any small one where it is None.
        dtype: Of the numbers.
        domain: Which numbers: a key of `samples.DOMAINS`.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> find(st.arrays(shape=(3,)), lambda x: x[1] > 0)
        array([0., 1., 0.])
    """
    shape = chosen(draw, shapes() if shape is None else shape)
    kind = draw(st.sampled_from(list(KINDS)))
    count = prod(shape)
    if count > SMALL:
        rng = np.random.default_rng(draw(seeds))
        return sample(rng, shape, domain=domain, kind=kind, dtype=dtype)
    drawn = np.array(draw(st.lists(codes, min_size=count, max_size=count)), np.int64)
    signs = np.where(drawn % 2, -1.0, 1.0)
    values = (signs * READINGS[kind](drawn // 2)).reshape(shape) + 0.0  # no -0
    found = np.asarray(DOMAINS[domain].made_of(values))
    return found if found.dtype.kind == "b" else found.astype(dtype)


@st.composite
def tensors(
    draw: Draw,
    *,
    shape: Shape | st.SearchStrategy[Shape] | None = None,
    dtype: Any = np.float64,
    domain: str = "real",
    requires_grad: bool = True,
) -> Tensor:
    """Tensors of a shape, leaves to differentiate by; otherwise as `arrays`.

    Args:
        draw: Given by Hypothesis.
        shape: A shape or a strategy of shapes; any small one where it is None.
        dtype: Of the numbers.
        domain: Which numbers: a key of `samples.DOMAINS`.
        requires_grad: Whether `backward` shall leave a gradient in them.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> find(st.tensors(shape=(2,)), lambda x: True)
        Tensor([0., 0.], requires_grad=True)
    """
    array = draw(arrays(shape=shape, dtype=dtype, domain=domain))
    return Tensor(array, requires_grad=requires_grad and array.dtype.kind == "f")


@st.composite
def matmul_operands(
    draw: Draw, *, dtype: Any = np.float64, max_side: int = 3
) -> tuple[Array, Array]:
    """Two arrays for ``x @ y``: vectors, matrices, and stacks that broadcast.

    Shapes (..., n, k) or (k,), and (..., k, m) or (k,). They shrink to (1, 1) zeros.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> find(st.matmul_operands(), lambda pair: pair[1].ndim == 1)
        (array([[0.]]), array([0.]))
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
    """Batches, (rows, *features), of which no two rows have an element in common.

    They shrink to two rows in order.

    Args:
        draw: Given by Hypothesis.
        features: The shape of one row, without empty axes, or a strategy of such
            shapes; (1,) to (4,) by default.
        min_rows: How many rows at least.
        max_rows: How many rows at most.
        dtype: Of the numbers.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> find(st.batches(features=(3,)), lambda x: True)
        array([[0.   , 0.   , 0.   ],
               [0.125, 0.125, 0.125]])
    """
    if features is None:
        features = shapes(min_dims=1, max_dims=1)
    features = chosen(draw, features)
    count = draw(st.integers(min_rows, max_rows))
    batch = draw(arrays(shape=(count, *features)))
    # In quarters, and each row moved by its own part of a quarter, in steps that the
    # dtype can tell apart: no two rows have an element in common.
    steps = 2 ** max(count - 1, 1).bit_length()
    order = np.array(draw(st.permutations(range(count))), dtype=np.float64)
    places = order.reshape(count, *[1] * len(features)) / steps
    most = 2.0 ** np.finfo(dtype).nmant / steps
    quarters = np.clip(np.round(batch * 4), -most, most - 1)
    return np.asarray((quarters + places) / 4, dtype=dtype)


@st.composite
def labels(
    draw: Draw, count: int, classes: int, *, one_hot: bool = False, dtype: Any = None
) -> Array:
    """Labels of `count` rows: integers below `classes`, or rows with a single 1.

    Shape (count,), or (count, classes) where `one_hot`. They shrink to zeros: to the
    first class.

    Args:
        draw: Given by Hypothesis.
        count: How many rows.
        classes: How many classes.
        one_hot: Rows with a single 1 instead of integers.
        dtype: Of the labels: int64 by default, float64 where `one_hot`.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> find(st.labels(3, 10), lambda t: t[1] > 4)
        array([0, 5, 0])
    """
    if count > SMALL:
        numbers = np.random.default_rng(draw(seeds)).integers(0, classes, count)
    else:
        label = st.integers(0, classes - 1)
        each = draw(st.lists(label, min_size=count, max_size=count))
        numbers = np.array(each, dtype=np.int64)
    if one_hot:
        return np.asarray(np.eye(classes)[numbers], dtype=dtype)
    return np.asarray(numbers, dtype=dtype)


@st.composite
def cotangents(draw: Draw, result: Any) -> Array:
    """Arrays of a result's shape and dtype, without zeros."""
    shape: Sequence[int] = np.shape(result)
    rng = np.random.default_rng(draw(seeds))
    signs = rng.choice([-1.0, 1.0], shape)
    return np.asarray(rng.uniform(0.5, 1.5, shape) * signs, dtype=result.dtype)
