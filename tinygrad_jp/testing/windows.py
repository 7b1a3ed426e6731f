"""Operands and keywords for the rules of sliding windows, which must fit each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from tinygrad_jp.ops.window import window_counts
from tinygrad_jp.testing.samples import Array
from tinygrad_jp.testing.strategies import Draw, Shape, arrays, shapes

Settings = dict[str, tuple[Any, ...]]
Operands = tuple[tuple[Array, ...], dict[str, Any]]


@st.composite
def window_settings(draw: Draw) -> tuple[Shape, Shape, Settings]:
    """Lengths of axes, of a window that fits them, and how it slides."""
    count = draw(st.integers(1, 2))
    size, stride, dilation = (
        tuple([draw(st.integers(1, most)) for _ in range(count)]) for most in (3, 3, 2)
    )
    ends = st.integers(0, 2)
    padding = tuple([(draw(ends), draw(ends)) for _ in range(count)])
    least = [
        max((k - 1) * gap + 1 - sum(pair), 1)
        for k, gap, pair in zip(size, dilation, padding)
    ]
    spatial = tuple([n + draw(st.integers(0, 3)) for n in least])
    return spatial, size, {"stride": stride, "padding": padding, "dilation": dilation}


@st.composite
def _sliding_window_view(draw: Draw, dtype: Any) -> Operands:
    spatial, size, settings = draw(window_settings())
    lead = draw(shapes(max_dims=2, max_side=2))
    x = draw(arrays(shape=lead + spatial, dtype=dtype))
    return (x,), {"window_shape": size, **settings}


@st.composite
def _overlap_add(draw: Draw, dtype: Any) -> Operands:
    spatial, size, settings = draw(window_settings())
    counts = window_counts(spatial, size, **settings)
    lead = draw(shapes(max_dims=1, max_side=2))
    x = draw(arrays(shape=lead + counts + size, dtype=dtype))
    return (x,), {"shape": spatial, **settings}


WINDOWS: Mapping[str, Callable[[Any], st.SearchStrategy[Operands]]] = {
    "sliding_window_view": _sliding_window_view,
    "overlap_add": _overlap_add,
}
"""Strategies for `tinygrad_jp.testing.cases`, by the rule's name."""
