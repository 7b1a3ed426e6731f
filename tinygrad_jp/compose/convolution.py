"""Convolution and its transpose, over any number of spatial axes.

The spatial axes stand last: a batch of pictures is (N, C, H, W).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from tinygrad_jp import functions as f
from tinygrad_jp.compose.arguments import (
    counts_of,
    features_of,
    padding_of,
    per_axis,
)
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import as_tensor

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any
_Ints: TypeAlias = int | Sequence[int]
_Padding: TypeAlias = int | Sequence[int | tuple[int, int]]


def conv(
    x: Operand,
    W: Operand,
    /,
    b: Operand = None,
    stride: _Ints = 1,
    padding: _Padding = 0,
    dilation: _Ints = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution over any number of axes, as neural networks mean it: no flip.

    Book, chapter 7.2: the windows laid out as columns, times a matrix of filters.

    Shapes: x ``(N, C, *spatial)``, W ``(out, C / groups, *size)``, b ``(out,)``
    -> ``(N, out, *counts)``.

    Args:
        x: A batch of signals, pictures or volumes.
        W: The filters.
        b: What to add to each output channel.
        stride: How far apart windows start: an int, or one per spatial axis.
        padding: Zeros around `x`: an int, or an int or (before, after) per axis.
        dilation: How far apart the elements of a window are.
        groups: In how many parts to take the channels, each with its own filters.

    Raises:
        ShapeError: Channels or axes that do not fit, or a window larger than `x`.
        ValueError: A stride or dilation below 1, or a negative padding.

    Example:
        >>> import tinygrad_jp as tg
        >>> x = tg.Tensor([[[1.0, 2.0, 3.0, 4.0]]])
        >>> tg.conv(x, [[[1.0, 0.0, -1.0]]], padding=1)
        Tensor([[[-2., -2., -2.,  3.]]])
    """
    W = as_tensor("conv", W)
    count = W.ndim - 2
    if count < 1:
        raise ShapeError(
            f"conv: W must have shape (out, C / groups, *size), got {W.shape}"
        )
    x = features_of("conv", x, count)
    (N, C), (filters, depth), size = x.shape[:2], W.shape[:2], W.shape[2:]
    _check_channels("conv", C, depth, filters, groups)
    settings = (
        per_axis("conv", "kernel size", size, count),
        per_axis("conv", "stride", stride, count),
        padding_of("conv", padding, count),
        per_axis("conv", "dilation", dilation, count),
    )
    counts = counts_of("conv", x.shape[2:], *settings)
    windows = f.sliding_window_view(x, *settings)
    # Windows before places: the product then comes out as (N, out, places), with no
    # transpose, and long rows are copied whole.
    places, inside = range(2, 2 + count), range(2 + count, 2 + 2 * count)
    columns = f.permute_dims(windows, axes=(0, 1, *inside, *places))
    stack = () if groups == 1 else (groups,)
    columns = f.reshape(columns, shape=(N, *stack, depth * prod(size), prod(counts)))
    rows = f.reshape(W, shape=(*stack, filters // groups, depth * prod(size)))
    out = f.reshape(f.matmul(rows, columns), shape=(N, filters, *counts))
    return _with_bias("conv", out, b)


def _check_channels(op: str, C: int, depth: int, filters: int, groups: int) -> None:
    if groups < 1 or C % groups or filters % groups:
        raise ShapeError(
            f"{op}: groups must divide the channels of x ({C}) and the filters of W "
            f"({filters}), got groups={groups}"
        )
    if depth * groups != C:
        raise ShapeError(
            f"{op}: x has {C} channels, but W takes {depth * groups}"
            + (f" ({depth} in each of {groups} groups)" if groups > 1 else "")
        )


def _with_bias(op: str, out: Tensor, b: Operand) -> Tensor:
    if b is None:
        return out
    b = as_tensor(op, b)
    if b.shape != out.shape[1:2]:
        raise ShapeError(
            f"{op}: b must have shape {out.shape[1:2]}, one number for each output "
            f"channel, got {b.shape}"
        )
    return f.add(out, f.reshape(b, shape=(-1, *[1] * (out.ndim - 2))))


def conv_transpose(
    x: Operand,
    W: Operand,
    /,
    b: Operand = None,
    stride: _Ints = 1,
    padding: _Padding = 0,
    output_padding: _Ints = 0,
    dilation: _Ints = 1,
    groups: int = 1,
) -> Tensor:
    """The transpose of `conv`, from its output's shape to its input's.

    Each element of `x` puts a filter, scaled by it, into the result. PyTorch's
    ``conv_transpose2d``, for any number of axes.

    Shapes: x ``(N, C, *spatial)``, W ``(C, out / groups, *size)``, b ``(out,)``
    -> ``(N, out, *lengths)``, each length ``(spatial - 1) * stride + (size - 1) *
    dilation + 1 + output_padding`` less the padding.

    Args:
        x: A batch.
        W: The filters, as for the `conv` that it is the transpose of.
        b: What to add to each output channel.
        stride: As in `conv`, like the rest.
        padding: How much to cut off at the ends.
        output_padding: How much longer the result is, at the end of each axis: `conv`
            with a stride gives one result for several lengths.
        dilation: How far apart the elements of a filter are put.
        groups: In how many parts to take the channels.

    Raises:
        ShapeError: Channels or axes that do not fit, or nothing left by the padding.
        ValueError: A stride or dilation below 1, or a negative padding.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.conv_transpose([[[1.0, 2.0]]], [[[1.0, 1.0, 1.0]]], stride=2)
        Tensor([[[1., 1., 3., 2., 2.]]])
    """
    op = "conv_transpose"
    W = as_tensor(op, W)
    count = W.ndim - 2
    if count < 1:
        raise ShapeError(
            f"{op}: W must have shape (C, out / groups, *size), got {W.shape}"
        )
    x = features_of(op, x, count)
    (N, C), spatial = x.shape[:2], x.shape[2:]
    depth, size = W.shape[1], W.shape[2:]
    if W.shape[0] != C:
        raise ShapeError(f"{op}: x has {C} channels, but W takes {W.shape[0]}")
    if groups < 1 or C % groups:
        raise ShapeError(f"{op}: groups={groups} must divide the channels of x ({C})")
    steps = per_axis(op, "stride", stride, count)
    ends = padding_of(op, padding, count)
    gaps = per_axis(op, "dilation", dilation, count)
    more = per_axis(op, "output_padding", output_padding, count, least=0)
    lengths = tuple(
        [
            (n - 1) * step + (k - 1) * gap + 1 + extra - sum(cut)
            for n, step, k, gap, extra, cut in zip(
                spatial, steps, size, gaps, more, ends
            )
        ]
    )
    if min(lengths) < 1:
        raise ShapeError(
            f"{op}: padding {padding} leaves nothing of the result: {lengths}"
        )
    if any(extra >= step for extra, step in zip(more, steps)):
        raise ShapeError(
            f"{op}: output_padding {more} must be less than the stride {steps}"
        )
    stack = () if groups == 1 else (groups,)
    values = f.reshape(x, shape=(N, *stack, C // groups, prod(spatial)))
    filters = f.reshape(W, shape=(*stack, C // groups, depth * prod(size)))
    flipped = f.permute_dims(filters, axes=(*range(len(stack)), -1, -2))
    columns = f.matmul(flipped, values)
    columns = f.reshape(columns, shape=(N, groups * depth, *size, *spatial))
    inside, places = range(2, 2 + count), range(2 + count, 2 + 2 * count)
    windows = f.permute_dims(columns, axes=(0, 1, *places, *inside))
    out = f.overlap_add(windows, lengths, steps, ends, gaps)
    return _with_bias(op, out, b)
