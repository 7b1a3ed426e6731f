"""Pooling: one number for each window, over any number of spatial axes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp.compose.arguments import (
    counts_of,
    features_of,
    padding_of,
    per_axis,
)
from tinygrad_jp.compose.rearrange import pad
from tinygrad_jp.errors import ShapeError

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any
_Ints: TypeAlias = int | Sequence[int]
_Padding: TypeAlias = int | Sequence[int | tuple[int, int]]


def max_pool(
    x: Operand, /, size: _Ints, stride: _Ints | None = None, padding: _Padding = 0
) -> Tensor:
    """The largest element of each window. Book, chapter 7.3.

    Elements of a window that tie share its gradient. Padding never wins.

    Shapes: ``(N, C, *spatial) -> (N, C, *counts)``.

    Args:
        x: A batch of features.
        size: Length of a window: an int, or one per spatial axis.
        stride: How far apart windows start; `size` where it is None.
        padding: How far windows may reach over the ends, less than `size`.

    Raises:
        ShapeError: Settings that do not fit, or a window larger than `x`.
        ValueError: A size or stride below 1, or a negative padding.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.max_pool(tg.arange(16.0).reshape(1, 1, 4, 4), 2)
        Tensor([[[[ 5.,  7.],
                  [13., 15.]]]])
    """
    columns = _columns("max_pool", x, size, stride, padding, lowest=True)
    return f.max(columns, axis=0)


def avg_pool(
    x: Operand, /, size: _Ints, stride: _Ints | None = None, padding: _Padding = 0
) -> Tensor:
    """The mean of each window; zeros in the padding count, as PyTorch has it.

    Shapes: ``(N, C, *spatial) -> (N, C, *counts)``.

    Args:
        x: A batch of features.
        size: Length of a window: an int, or one per spatial axis.
        stride: How far apart windows start; `size` where it is None.
        padding: Zeros around `x`, fewer than `size`.

    Raises:
        ShapeError: Settings that do not fit, or a window larger than `x`.
        ValueError: A size or stride below 1, or a negative padding.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.avg_pool(tg.arange(16.0).reshape(1, 1, 4, 4), 2)
        Tensor([[[[ 2.5,  4.5],
                  [10.5, 12.5]]]])
    """
    columns = _columns("avg_pool", x, size, stride, padding)
    return f.divide(f.sum(columns, axis=0), columns.shape[0])


def _columns(
    op: str,
    x: Operand,
    size: _Ints,
    stride: _Ints | None,
    padding: _Padding,
    lowest: bool = False,
) -> Tensor:
    """The elements of each window along axis 0, for what reduces over them.

    That axis stands first, so a reduction takes whole arrays at a time.
    """
    x = features_of(op, x)
    count = x.ndim - 2
    window = per_axis(op, "size", size, count)
    steps = window if stride is None else per_axis(op, "stride", stride, count)
    ends = padding_of(op, padding, count)
    for k, pair in zip(window, ends):
        if max(pair) >= k:  # such a window would hold nothing but padding
            raise ShapeError(
                f"{op}: padding must be less than the window, got {max(pair)} for a "
                f"window of {k}"
            )
    ones = (1,) * count
    counts = counts_of(op, x.shape[2:], window, steps, ends, ones)
    if lowest and any(map(any, ends)):
        kind = np.finfo if x.dtype.kind == "f" else np.iinfo
        least = -np.inf if x.dtype.kind == "f" else kind(x.dtype).min
        x = pad(x, ((0, 0), (0, 0), *ends), constant_values=least)
        ends = ((0, 0),) * count
    windows = f.sliding_window_view(x, window, steps, ends, ones)
    places, inside = range(2 + count), range(2 + count, 2 + 2 * count)
    first = f.permute_dims(windows, axes=(*inside, *places))
    return f.reshape(first, shape=(prod(window), *x.shape[:2], *counts))
