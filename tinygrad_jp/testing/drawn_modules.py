"""A strategy for random networks; public in `strategies`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_jp.tensor import Tensor
from tinygrad_jp.testing.drawn_shapes import Draw, seeds

BETWEEN = ("ReLU", "Sigmoid", "Softmax", "BatchNormalization")
"""Layers that may stand behind an Affine: names in `nn`."""

SIZED = ("BatchNormalization",)
"""Those of them that are told how many features come."""


@st.composite
def modules(
    draw: Draw,
    *,
    in_size: int | None = None,
    out_size: int | None = None,
    max_depth: int = 3,
    max_width: int = 4,
    between: Sequence[str] = BETWEEN,
    dtype: Any = np.float32,
) -> Any:
    """Random networks: an `nn.Sequential` of Affine layers with others between them.

    Takes (batch, in_size), gives (batch, out_size); its `contract` says both. All
    weights and biases are random. They shrink to a single ``Affine(1, 1)``. Needs the
    package `nn`, which is imported when the first is drawn.

    Args:
        draw: Given by Hypothesis.
        in_size: Numbers per row that come in; 1 to `max_width` where it is None.
        out_size: Numbers per row that go out; 1 to `max_width` where it is None.
        max_depth: How many Affine layers at most.
        max_width: How many numbers per row between the layers at most.
        between: Names of layers of `nn` that may stand behind an Affine.
        dtype: Of the parameters.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> find(st.modules(in_size=3), lambda module: len(module) > 1)
        Sequential()  4 parameters
          Affine1: Affine(3, 1)  4 parameters
          ReLU1: ReLU()
    """
    nn = import_module("nn")
    width = st.integers(1, max_width)
    depth = draw(st.integers(1, max_depth))
    sizes = [draw(width) if in_size is None else in_size]
    sizes += [draw(width) for _ in range(depth - 1)]
    sizes.append(draw(width) if out_size is None else out_size)
    rng = np.random.default_rng(draw(seeds))
    layers = []
    for size, next_size in pairwise(sizes):
        affine = nn.Affine(size, next_size, rng=rng, dtype=dtype)
        bias = rng.normal(size=next_size).astype(dtype)
        affine.b = Tensor(bias, requires_grad=True, name="b")
        layers.append(affine)
        name = draw(st.sampled_from([None, *between]))
        if name in SIZED:
            layers.append(getattr(nn, name)(next_size, dtype=dtype))
        elif name is not None:
            layers.append(getattr(nn, name)())
    return nn.Sequential(*layers)
