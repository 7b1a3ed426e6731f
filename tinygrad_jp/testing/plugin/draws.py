"""Hypothesis strategies for the arrays of a signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from hypothesis import strategies as st

from tinygrad_jp.testing.plugin.signature import ANY, Argument
from tinygrad_jp.testing.samples import DOMAINS, Array
from tinygrad_jp.testing.strategies import arrays, shapes

Shape: TypeAlias = tuple[int, ...]


def drawn(
    arguments: Sequence[Argument],
    names: Sequence[str],
    sizes: Mapping[str, Sequence[int]],
) -> dict[str, st.SearchStrategy[Array]]:
    """A strategy for each argument; lengths of one name are drawn once an example."""
    lengths = {
        name: st.shared(st.sampled_from(list(choices)), key=f"length of {name}")
        for name, choices in sizes.items()
    }
    further = st.shared(shapes(max_dims=2, max_side=3), key="further axes")
    return {
        name: _array(argument, lengths, further)
        for name, argument in zip(names, arguments)
    }


@st.composite
def _array(
    draw: st.DrawFn,
    argument: Argument,
    lengths: Mapping[str, st.SearchStrategy[int]],
    further: st.SearchStrategy[Shape],
) -> Array:
    shape: list[int] = []
    for axis in argument.axes:
        if isinstance(axis, str):
            shape.append(draw(st.integers(1, 4) if axis == ANY else lengths[axis]))
        elif isinstance(axis, int):
            shape.append(axis)
        else:
            shape += draw(further)
    within = argument.within
    if within is None or within in DOMAINS:
        domain = "real" if within is None else str(within)
        return draw(arrays(shape=tuple(shape), domain=domain))
    classes = draw(lengths[within]) if isinstance(within, str) else within
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return np.asarray(rng.integers(0, classes, shape))
