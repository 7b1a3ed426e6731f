"""Ops that need no gradient of their own, because they are made of others."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import as_tensor, bare, weak
from tinygrad_jp.ops.reduction import Axis

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any


def axes_of(op: str, axis: Axis, ndim: int) -> tuple[int, ...]:
    """Axes as non-negative numbers, checked.

    Raises:
        ShapeError: An axis out of range or given twice.
    """
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, tuple) else (axis,)
    found = []
    for i in given:
        if not -ndim <= index(i) < ndim:
            raise ShapeError(
                f"{op}: axis {i} is out of range for {ndim} axes "
                f"(0 to {ndim - 1}, or {-ndim} to -1)"
                if ndim
                else f"{op}: axis {i} given, but a scalar has no axis"
            )
        found.append(index(i) % ndim)
    if len(set(found)) < len(found):
        raise ShapeError(f"{op}: an axis is given twice in {axis}")
    return tuple(found)


# --- shape -----------------------------------------------------------------------


def expand_dims(x: Operand, /, *, axis: int | tuple[int, ...] = 0) -> Tensor:
    """`x` with an axis of length 1 put in at each place `axis` of the result.

    Array API ``expand_dims``.

    Raises:
        ShapeError: A place out of range, or given twice.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.expand_dims(tg.Tensor([1.0, 2.0]), axis=1).shape
        (2, 1)
    """
    x = as_tensor("expand_dims", x)
    count = len(axis) if isinstance(axis, tuple) else 1
    new = axes_of("expand_dims", axis, x.ndim + count)
    old = iter(x.shape)
    shape = tuple([1 if i in new else next(old) for i in range(x.ndim + count)])
    return f.reshape(x, shape=shape)


def squeeze(x: Operand, /, *, axis: Axis = None) -> Tensor:
    """`x` without its axes of length 1, all of them or those named.

    Array API ``squeeze``; ``axis=None`` as in NumPy.

    Raises:
        ShapeError: An axis of another length, out of range, or given twice.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.squeeze(tg.Tensor([[1.0, 2.0]]), axis=0).shape
        (2,)
    """
    x = as_tensor("squeeze", x)
    gone = axes_of("squeeze", axis, x.ndim)
    if axis is None:
        gone = tuple([i for i in gone if x.shape[i] == 1])
    for i in gone:
        if x.shape[i] != 1:
            raise ShapeError(
                f"squeeze: axis {i} must have length 1, got {x.shape[i]} in {x.shape}"
            )
    kept = tuple([n for i, n in enumerate(x.shape) if i not in gone])
    return f.reshape(x, shape=kept)


def matrix_transpose(x: Operand, /) -> Tensor:
    """`x` with its last two axes swapped. Array API ``matrix_transpose``.

    Raises:
        ShapeError: Fewer than two axes.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.matrix_transpose(tg.Tensor([[1.0, 2.0]])).shape
        (2, 1)
    """
    x = as_tensor("matrix_transpose", x)
    if x.ndim < 2:
        raise ShapeError(
            f"matrix_transpose: needs at least 2 axes, got shape {x.shape}"
        )
    axes = (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)
    return f.permute_dims(x, axes=axes)


def concat(arrays: Sequence[Operand], /, *, axis: int = 0) -> Tensor:
    """Tensors joined along an axis that they have. Array API ``concat``.

    Raises:
        ShapeError: No tensor, or shapes that differ at another axis.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.concat([tg.Tensor([1.0]), tg.Tensor([2.0, 3.0])])
        Tensor([1., 2., 3.])
    """
    return f.concat(*arrays, axis=axis)


# --- statistics ------------------------------------------------------------------


def mean(x: Operand, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Mean over `axis`. Array API ``mean``. The mean of nothing is NaN.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.mean(tg.Tensor([[1.0, 3.0], [2.0, 6.0]]), axis=1)
        Tensor([2., 4.])
    """
    x = as_tensor("mean", x)
    total = f.sum(x, axis=axis, keepdims=keepdims)
    if not x.size:
        return f.multiply(total, np.nan)
    return f.multiply(total, total.size / x.size)


# --- activations -----------------------------------------------------------------


def relu(x: Operand, /) -> Tensor:
    """Elementwise ``max(x, 0)``, with relu'(0) = 0 as in the book (chapter 5.5).

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.relu(tg.Tensor([-1.0, 0.0, 2.0]))
        Tensor([0., 0., 2.])
    """
    # A comparison with `<=` lets NaN through, where `x > 0` would make it 0.
    x = as_tensor("relu", x)
    zero = bare(*weak(0.0, x.dtype))
    return f.where(f.less_equal(x, zero), zero, x)


def sigmoid(x: Operand, /) -> Tensor:
    """Elementwise ``1 / (1 + exp(-x))``, written with tanh: it never overflows.

    Book, chapter 3.2.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.sigmoid(tg.Tensor([-1000.0, 0.0, 1000.0]))
        Tensor([0. , 0.5, 1. ])
    """
    return f.add(f.multiply(f.tanh(f.multiply(x, 0.5)), 0.5), 0.5)


def _below_max(x: Tensor, axis: Axis) -> Tensor:
    """`x` minus its maximum, so that exp cannot overflow.

    Softmax is the same for every shift, so the maximum is a constant: the gradient
    through it would be zero.
    """
    return f.subtract(x, f.max(x.detach(), axis=axis, keepdims=True))


def softmax(x: Operand, /, *, axis: Axis = -1) -> Tensor:
    """Numbers above 0 that sum to 1 over `axis`: ``exp(x) / sum(exp(x))``.

    Book, chapter 3.5; by default over the last axis, so each row for itself.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.softmax(tg.Tensor([[0.0, 0.0], [1000.0, 0.0]]))
        Tensor([[0.5, 0.5],
                [1. , 0. ]])
    """
    e = f.exp(_below_max(as_tensor("softmax", x), axis))
    return f.divide(e, f.sum(e, axis=axis, keepdims=True))


def log_softmax(x: Operand, /, *, axis: Axis = -1) -> Tensor:
    """``log(softmax(x))``, computed without taking the log of a 0.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.log_softmax(tg.Tensor([1000.0, 0.0]))
        Tensor([    0., -1000.])
    """
    z = _below_max(as_tensor("log_softmax", x), axis)
    return f.subtract(z, f.log(f.sum(f.exp(z), axis=axis, keepdims=True)))
