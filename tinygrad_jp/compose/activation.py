"""What a layer bends its numbers with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinygrad_jp import functions as f
from tinygrad_jp.operands import as_tensor, bare, weak
from tinygrad_jp.ops.reduction import Axis

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any


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


def softmax(x: Operand, /, axis: Axis = -1) -> Tensor:
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


def log_softmax(x: Operand, /, axis: Axis = -1) -> Tensor:
    """``log(softmax(x))``, computed without taking the log of a 0.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.log_softmax(tg.Tensor([1000.0, 0.0]))
        Tensor([    0., -1000.])
    """
    z = _below_max(as_tensor("log_softmax", x), axis)
    return f.subtract(z, f.log(f.sum(f.exp(z), axis=axis, keepdims=True)))
