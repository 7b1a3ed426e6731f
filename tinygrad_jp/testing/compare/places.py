"""Which element stands where: indices and windows, said in flat places.

Libraries know fewer kinds of indices than NumPy, and windows of other kinds. Gathering
and scattering by flat places they all know; which places, NumPy says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def picked(shape: Sequence[int], index: Any) -> Any:
    """The flat place of each element of ``x[index]``, for an `x` of a shape."""
    numbers = np.arange(int(np.prod(shape))).reshape(tuple(shape))
    return np.array(numbers[index])


def windowed(
    shape: Sequence[int],
    size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
) -> Any:
    """One more than the flat place of each element of each window; 0 is the padding."""
    count = len(size)
    numbers = 1 + np.arange(int(np.prod(shape))).reshape(tuple(shape))
    numbers = np.pad(numbers, ((0, 0),) * (len(shape) - count) + tuple(padding))
    reach = tuple([(k - 1) * gap + 1 for k, gap in zip(size, dilation)])
    axes = tuple(range(-count, 0))
    found = np.lib.stride_tricks.sliding_window_view(numbers, reach, axis=axes)
    steps: list[Any] = [slice(None, None, step) for step in (*stride, *dilation)]
    return np.array(found[(..., *steps)])
