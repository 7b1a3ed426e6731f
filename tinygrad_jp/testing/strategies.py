"""Hypothesis strategies for arrays, Tensors, networks, and shapes that fit together.

    from hypothesis import given
    from tinygrad_jp.testing import strategies as st

    @given(st.arrays(shape=st.shapes(min_dims=2, max_dims=2)))
    def test_rows_sum_to_one(x): ...

What fails shrinks to small shapes and simple numbers; large arrays come from a seed
and cost Hypothesis nothing. Needs `hypothesis`.
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("hypothesis") is None:
    raise ImportError(
        "tinygrad_jp.testing.strategies needs hypothesis; install it with "
        "pip install 'tinygrad_jp[testing]'"
    )

from tinygrad_jp.testing.drawn_arrays import (
    arrays,
    batches,
    labels,
    matmul_operands,
    tensors,
)
from tinygrad_jp.testing.drawn_arrays import cotangents as cotangents
from tinygrad_jp.testing.drawn_graphs import graphs
from tinygrad_jp.testing.drawn_modules import modules
from tinygrad_jp.testing.drawn_shapes import Draw as Draw
from tinygrad_jp.testing.drawn_shapes import Shape as Shape
from tinygrad_jp.testing.drawn_shapes import axes, broadcastable_shapes, shapes
from tinygrad_jp.testing.drawn_shapes import narrowed as narrowed
from tinygrad_jp.testing.drawn_shapes import seeds as seeds

__all__ = [
    "arrays",
    "axes",
    "batches",
    "broadcastable_shapes",
    "graphs",
    "labels",
    "matmul_operands",
    "modules",
    "shapes",
    "tensors",
]
