"""What a layer bends its numbers with."""

from __future__ import annotations

from math import pi, sqrt
from typing import TYPE_CHECKING, Any

from tinygrad_jp import functions as f
from tinygrad_jp.compose.elementwise import clip
from tinygrad_jp.operands import as_tensor, bare, weak
from tinygrad_jp.ops.reduction import Axis

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any


def _up_to_zero(x: Tensor) -> Tensor:
    """``min(x, 0)``, whose gradient at 0 is 1: with that of relu, 1 everywhere."""
    zero = bare(*weak(0.0, x.dtype))
    return f.where(f.greater(x, zero), zero, x)


def leaky_relu(x: Operand, /, negative_slope: float = 0.01) -> Tensor:
    """`x` where it is above 0, else ``negative_slope * x``; at 0 the latter.

    PyTorch's ``leaky_relu``.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.leaky_relu(tg.Tensor([-1.0, 0.0, 2.0]))
        Tensor([-0.01,  0.  ,  2.  ])
    """
    x = as_tensor("leaky_relu", x)
    one, slope = (bare(*weak(c, x.dtype)) for c in (1.0, float(negative_slope)))
    return f.multiply(x, f.where(f.greater(x, 0.0), one, slope))


def elu(x: Operand, /, alpha: float = 1.0) -> Tensor:
    """`x` where it is above 0, else ``alpha * (exp(x) - 1)``; at 0 the latter.

    Clevert et al., 2015. With alpha 1 the gradient has no jump.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.elu(tg.Tensor([-1000.0, 0.0, 2.0]))
        Tensor([-1.,  0.,  2.])
    """
    x = as_tensor("elu", x)
    return f.add(f.relu(x), f.multiply(f.expm1(_up_to_zero(x)), float(alpha)))


def selu(x: Operand, /) -> Tensor:
    """``1.0507 * elu(x, 1.6733)``, which keeps mean 0 and variance 1.

    Klambauer et al., 2017. The gradient at 0 is that from below, 1.7581.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.selu(tg.Tensor([-1000.0, 0.0, 1.0]))
        Tensor([-1.75809934,  0.        ,  1.05070099])
    """
    return f.multiply(elu(x, 1.6732632423543772), 1.0507009873554805)


def gelu(x: Operand, /, approximate: str = "none") -> Tensor:
    """`x` times the probability that a normal number is below it.

    Hendrycks and Gimpel, 2016: ``x * (1 + erf(x / √2)) / 2``. With
    ``approximate="tanh"``, ``x * (1 + tanh(√(2/π) * (x + 0.044715 * x**3))) / 2``.
    NaN at -inf.

    Raises:
        ValueError: `approximate` is neither "none" nor "tanh".

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.gelu(tg.Tensor([-1.0, 0.0, 1.0]))
        Tensor([-0.15865525,  0.        ,  0.84134475])
    """
    x = as_tensor("gelu", x)
    if approximate == "none":
        bent = f.erf(f.multiply(x, sqrt(0.5)))
    elif approximate == "tanh":
        # Beyond 10 it is 1 to the last digit, and float16 cannot hold a cube.
        near = clip(x, -10.0, 10.0)
        cube = f.multiply(f.multiply(near, near), f.multiply(near, 0.044715))
        bent = f.tanh(f.multiply(f.add(near, cube), sqrt(2 / pi)))
    else:
        raise ValueError(
            f'gelu: approximate must be "none" or "tanh", got {approximate!r}'
        )
    return f.multiply(x, f.add(f.multiply(bent, 0.5), 0.5))


def softplus(x: Operand, /) -> Tensor:
    """``log(1 + exp(x))``, a smooth relu, without overflow.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.softplus(tg.Tensor([-1000.0, 0.0, 1000.0]))
        Tensor([0.00000000e+00, 6.93147181e-01, 1.00000000e+03])
    """
    return f.logaddexp(as_tensor("softplus", x), 0.0)


def silu(x: Operand, /) -> Tensor:
    """``x * sigmoid(x)``, also known as swish. Elfwing et al., 2017. NaN at -inf.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.silu(tg.Tensor([-1000.0, 0.0, 1000.0]))
        Tensor([  -0.,    0., 1000.])
    """
    x = as_tensor("silu", x)
    return f.multiply(x, sigmoid(x))


def mish(x: Operand, /) -> Tensor:
    """``x * tanh(softplus(x))``. Misra, 2019. NaN at -inf.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.mish(tg.Tensor([-1000.0, 0.0, 1000.0]))
        Tensor([  -0.,    0., 1000.])
    """
    x = as_tensor("mish", x)
    return f.multiply(x, f.tanh(softplus(x)))


def hard_sigmoid(x: Operand, /) -> Tensor:
    """``clip(x / 6 + 1/2, 0, 1)``: a sigmoid of three straight lines.

    PyTorch's ``hardsigmoid``. The gradient at the kinks, -3 and 3, is half of 1/6.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.hard_sigmoid(tg.Tensor([-4.0, 0.0, 4.0]))
        Tensor([0. , 0.5, 1. ])
    """
    return clip(f.add(f.divide(x, 6.0), 0.5), 0.0, 1.0)


def hard_tanh(x: Operand, /) -> Tensor:
    """``clip(x, -1, 1)``: a tanh of three straight lines. The kinks' gradient is 1/2.

    PyTorch's ``hardtanh``.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.hard_tanh(tg.Tensor([-4.0, 0.5, 4.0]))
        Tensor([-1. ,  0.5,  1. ])
    """
    return clip(x, -1.0, 1.0)


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

    Book, chapter 3.5; by default over the last axis, so each row for itself. A row of
    nothing but -inf gives NaN.

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

    It is exact for large offsets, since the maximum goes first. A row of nothing but
    -inf gives NaN.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.log_softmax(tg.Tensor([1000.0, 0.0]))
        Tensor([    0., -1000.])
    """
    z = _below_max(as_tensor("log_softmax", x), axis)
    return f.subtract(z, f.log(f.sum(f.exp(z), axis=axis, keepdims=True)))
