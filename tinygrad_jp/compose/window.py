"""Windows that slide over the last axes, and their sum back.

Convolution and pooling, in pages of their own, are made of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from tinygrad_jp import functions as f
from tinygrad_jp.compose.arguments import axes_of, ints_of, padding_of, per_axis
from tinygrad_jp.compose.rearrange import flip, pad
from tinygrad_jp.compose.shape import moveaxis
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import as_tensor

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any
_Ints: TypeAlias = int | Sequence[int]
_Padding: TypeAlias = int | Sequence[int | tuple[int, int]]


def sliding_window_view(
    x: Operand,
    /,
    window_shape: _Ints,
    axis: _Ints | None = None,
    *,
    stride: _Ints = 1,
    padding: _Padding = 0,
    dilation: _Ints = 1,
) -> Tensor:
    """Every window over some axes. NumPy's function of that name, with more settings.

    It bears NumPy's name because the layout is NumPy's: the axes of the window come
    last. PyTorch's ``unfold`` has another, ``(N, C * size, windows)``.

    Shapes: ``(..., *spatial) -> (..., *counts, *window_shape)``.

    Args:
        x: Any shape.
        window_shape: Length of a window along each axis.
        axis: Over which axes; the last ones where it is None.
        stride: How far apart windows start: an int, or one per axis.
        padding: Zeros around `x`: an int, or an int or (before, after) per axis.
        dilation: How far apart the elements of a window are.

    Raises:
        ShapeError: A window that does not fit, or settings that do not.
        ValueError: A length, stride or dilation below 1, or a negative padding.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.sliding_window_view(tg.Tensor([1.0, 2.0, 3.0, 4.0]), 2)
        Tensor([[1., 2.],
                [2., 3.],
                [3., 4.]])
    """
    op = "sliding_window_view"
    x = as_tensor(op, x)
    size = ints_of(op, "window_shape", window_shape)
    count = len(size)
    size = per_axis(op, "window_shape", size, count)
    if count > x.ndim:
        raise ShapeError(f"{op}: a window of {size} has more axes than x {x.shape}")
    last = tuple(range(x.ndim - count, x.ndim))
    axes = last if axis is None else axes_of(op, ints_of(op, "axis", axis), x.ndim)
    if len(axes) != count:
        raise ShapeError(f"{op}: a window of {size} needs {count} axes, got {axis}")
    windows = f.sliding_window_view(
        x if axes == last else moveaxis(x, axes, last),
        window_shape=size,
        stride=per_axis(op, "stride", stride, count),
        padding=padding_of(op, padding, count),
        dilation=per_axis(op, "dilation", dilation, count),
    )
    return windows if axes == last else moveaxis(windows, last, axes)


def overlap_add(
    x: Operand,
    /,
    shape: _Ints,
    *,
    stride: _Ints = 1,
    padding: _Padding = 0,
    dilation: _Ints = 1,
) -> Tensor:
    """Windows added back to where they came from: what undoes `sliding_window_view`.

    The transpose of that function, and its gradient. Signal processing calls it
    overlap-add; PyTorch's ``fold`` does it in another layout, and the book's
    ``col2im`` (chapter 7.4) for pictures.

    Shapes: ``(..., *counts, *size) -> (..., *shape)``.

    Args:
        x: The windows.
        shape: Lengths of the axes that they slid over, without padding.
        stride: As in `sliding_window_view`, like the rest.
        padding: What lies there is dropped.
        dilation: How far apart the elements of a window are.

    Raises:
        ShapeError: Another number of windows than slide over `shape`.
        ValueError: A stride or dilation below 1, or a negative padding.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.overlap_add(tg.ones((3, 2)), 4)
        Tensor([1., 2., 2., 1.])
    """
    op = "overlap_add"
    lengths = ints_of(op, "shape", shape)
    count = len(lengths)
    return f.overlap_add(
        x,
        shape=lengths,
        stride=per_axis(op, "stride", stride, count),
        padding=padding_of(op, padding, count),
        dilation=per_axis(op, "dilation", dilation, count),
    )


def convolve(
    x: Operand, y: Operand, /, mode: Literal["full", "same", "valid"] = "full"
) -> Tensor:
    """Discrete convolution of two sequences. NumPy's ``np.convolve``.

    In mathematics' sense, with one of them turned round; `conv` does not turn.

    Args:
        x: One axis.
        y: One axis.
        mode: "full": wherever the two overlap; "valid": where the shorter lies wholly
            inside; "same": the middle of "full", as long as the longer.

    Raises:
        ShapeError: Not one axis each, or no element.
        ValueError: Another mode.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.convolve(tg.Tensor([1.0, 2.0, 3.0]), [1.0, 1.0])
        Tensor([1., 3., 5., 3.])
    """
    x, y = as_tensor("convolve", x), as_tensor("convolve", y)
    if x.ndim != 1 or y.ndim != 1 or not x.size or not y.size:
        raise ShapeError(
            f"convolve: needs two arrays of one axis with elements, got {x.shape} and "
            f"{y.shape}"
        )
    if y.size > x.size:
        x, y = y, x
    over = y.size - 1
    ends = {
        "full": (over, over),
        "same": (over - over // 2, over // 2),
        "valid": (0, 0),
    }
    if mode not in ends:
        raise ValueError(
            f"convolve: mode must be one of {', '.join(ends)}, got {mode!r}"
        )
    return f.matmul(sliding_window_view(pad(x, ends[mode]), y.size), flip(y))
