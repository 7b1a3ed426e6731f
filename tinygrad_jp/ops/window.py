"""Windows that slide over the last axes, and their sum back.

The two are each other's transpose: one reads every window out of an array, the other
adds every window back into its place. Convolutions and pooling are made of them.
"""

from itertools import product
from math import prod
from typing import Any, TypeAlias

import numpy as np

from tinygrad_jp.ops.rule import Array, rule

Lengths: TypeAlias = tuple[int, ...]
Pairs: TypeAlias = tuple[tuple[int, int], ...]


def window_counts(
    spatial: Lengths, size: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths
) -> Lengths:
    """How many windows fit along each axis.

    Raises:
        ValueError: A window that is larger than the padded axis.
    """
    counts = []
    axis = -len(spatial)
    for n, k, step, ends, gap in zip(spatial, size, stride, padding, dilation):
        whole = n + sum(ends)
        reach = (k - 1) * gap + 1
        if reach > whole:
            dilated = f" (with dilation {gap}: {reach})" if gap > 1 else ""
            padded = f" (with padding: {whole})" if sum(ends) else ""
            raise ValueError(
                f"a window of {k}{dilated} does not fit axis {axis} of length "
                f"{n}{padded}"
            )
        counts.append((whole - reach) // step + 1)
        axis += 1
    return tuple(counts)


def _middle(spatial: Lengths, padding: Pairs) -> tuple[Any, ...]:
    return (..., *[slice(a, a + n) for n, (a, _) in zip(spatial, padding)])


def _wide(spatial: Lengths, padding: Pairs) -> Lengths:
    return tuple([n + a + b for n, (a, b) in zip(spatial, padding)])


def _put_back(
    g: Array,
    x_shape: Lengths,
    window_shape: Lengths,
    stride: Lengths,
    padding: Pairs,
    dilation: Lengths,
) -> Array:
    spatial = x_shape[len(x_shape) - len(window_shape) :]
    return overlap_add(g, spatial, stride, padding, dilation)


@rule(vjp=_put_back)
def sliding_window_view(
    x: Array,
    /,
    window_shape: Lengths,
    stride: Lengths,
    padding: Pairs,
    dilation: Lengths,
) -> Array:
    """Every window over the last axes, each keyword with an entry for each of them.

    Shapes: ``(..., *spatial) -> (..., *counts, *window_shape)``. Without padding this
    is a view: nothing is copied until somebody needs the windows side by side.
    """
    count = len(window_shape)
    lead, spatial = x.shape[: x.ndim - count], x.shape[x.ndim - count :]
    counts = window_counts(spatial, window_shape, stride, padding, dilation)
    if any(map(any, padding)):
        padded = np.zeros(lead + _wide(spatial, padding), x.dtype)
        padded[_middle(spatial, padding)] = x
        x = padded
    strides = x.strides[len(lead) :]
    outer = tuple([s * step for s, step in zip(strides, stride)])
    inner = tuple([s * gap for s, gap in zip(strides, dilation)])
    return np.lib.stride_tricks.as_strided(
        x, lead + counts + window_shape, x.strides[: len(lead)] + outer + inner
    )


def _take_out(
    g: Array,
    x_shape: Lengths,
    shape: Lengths,
    stride: Lengths,
    padding: Pairs,
    dilation: Lengths,
) -> Array:
    size = x_shape[len(x_shape) - len(shape) :]
    return sliding_window_view(g, size, stride, padding, dilation)


@rule(vjp=_take_out)
def overlap_add(
    x: Array, /, shape: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths
) -> Array:
    """Windows added back to where they slid, each keyword with an entry per axis.

    Shapes: ``(..., *counts, *size) -> (..., *shape)``. What lies in the padding is
    dropped.
    """
    count = len(shape)
    if x.ndim < 2 * count:
        raise ValueError(f"needs {count} axes of windows and {count} of their elements")
    lead = x.shape[: x.ndim - 2 * count]
    counts, size = x.shape[len(lead) : -count], x.shape[-count:]
    expected = window_counts(shape, size, stride, padding, dilation)
    if counts != expected:
        raise ValueError(f"{expected} windows slide over {shape}, but x holds {counts}")
    reach = [(k - 1) * gap + 1 for k, gap in zip(size, dilation)]
    apart = all(step >= n for step, n in zip(stride, reach))  # as in most pooling
    whole = _wide(shape, padding)
    filled = apart and prod(counts) * prod(size) == prod(whole)
    out = (np.empty if filled else np.zeros)(lead + whole, x.dtype)
    # A loop over the few places in a window: each is one strided addition.
    for place in product(*map(range, size)):
        starts = [p * gap for p, gap in zip(place, dilation)]
        covered: list[Any] = [
            slice(start, start + (n - 1) * step + 1, step)
            for start, n, step in zip(starts, counts, stride)
        ]
        if apart:
            out[(..., *covered)] = x[(..., *place)]
        else:
            out[(..., *covered)] += x[(..., *place)]
    return out[_middle(shape, padding)] if any(map(any, padding)) else out
