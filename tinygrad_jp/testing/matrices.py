"""Operands of the rules of linear algebra: square matrices, also singular ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_jp.testing.samples import Array
from tinygrad_jp.testing.strategies import (
    Draw,
    Shape,
    arrays,
    broadcastable_shapes,
    shapes,
)

Operands = tuple[tuple[Array, ...], dict[str, Any]]


@st.composite
def _stacks(draw: Draw, most: int = 3) -> Shape:
    """Shapes ``(..., n, n)``, n = 0 and empty stacks among them."""
    n = draw(st.integers(0, most))
    return (*draw(shapes(max_dims=1, min_side=0, max_side=2)), n, n)


@st.composite
def _invertible(draw: Draw, dtype: Any) -> Operands:
    return (draw(arrays(shape=_stacks(), dtype=dtype, domain="invertible")),), {}


@st.composite
def _any_rank(draw: Draw, dtype: Any) -> Operands:
    """Square matrices of every rank, with small integers where it is not full."""
    shape = draw(_stacks())
    rank = draw(st.integers(0, shape[-1]))
    x = draw(arrays(shape=shape, dtype=dtype))
    if rank < shape[-1]:
        x = np.clip(np.rint(x), -1, 1)
        x = x[..., :rank] @ x[..., :rank, :]
    return (x,), {}


@st.composite
def _solve(draw: Draw, dtype: Any) -> Operands:
    n = draw(st.integers(0, 3))
    stacks = draw(broadcastable_shapes(2, max_dims=2, max_side=2))
    shape = (*stacks[0], n, n)
    x = draw(arrays(shape=shape, dtype=dtype, domain="invertible"))
    matrix = (*stacks[1], n, draw(st.sampled_from([1, 2, 0])))
    y = draw(arrays(shape=draw(st.sampled_from([matrix, (n,)])), dtype=dtype))
    return (x, y), {}


@st.composite
def _cholesky(draw: Draw, dtype: Any) -> Operands:
    x = draw(arrays(shape=_stacks(), dtype=dtype, domain="positive definite"))
    return (x,), {"upper": draw(st.booleans())}


@st.composite
def _directions(draw: Draw, dtype: Any, count: int) -> Operands:
    """A matrix to move, and matrices to move it along."""
    # Cofactors are of degree n - 1: moved along two, those of 3 x 3 are constant.
    shape = draw(_stacks(most=2 + count))
    x = draw(arrays(shape=shape, dtype=dtype, domain="invertible"))
    along = arrays(shape=shape, dtype=dtype, domain="unit")
    return (x, *[draw(along) for _ in range(count)]), {}


MATRICES: Mapping[str, Callable[[Any], st.SearchStrategy[Operands]]] = {
    "cholesky": _cholesky,
    "cofactors": _invertible,
    "cofactors_along": partial(_directions, count=1),
    "cofactors_along_two": partial(_directions, count=2),
    "det": _any_rank,
    "logabsdet": _invertible,
    "signdet": _invertible,
    "solve": _solve,
}
"""Strategies of operands and keywords by the rule's name, given a dtype."""
