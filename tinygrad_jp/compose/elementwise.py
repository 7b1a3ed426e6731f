"""Elementwise ops made of others: squares, bounds, logic, and what is finite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp.operands import as_tensor

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any


def square(x: Operand, /) -> Tensor:
    """Elementwise ``x * x``. Array API ``square``.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.square(tg.Tensor([-2.0, 3.0]))
        Tensor([4., 9.])
    """
    x = as_tensor("square", x)
    return f.multiply(x, x)


def reciprocal(x: Operand, /) -> Tensor:
    """Elementwise ``1 / x``, of integers too. Array API ``reciprocal``.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.reciprocal(tg.Tensor([2.0, 4.0]))
        Tensor([0.5 , 0.25])
    """
    return f.divide(1.0, as_tensor("reciprocal", x))


def positive(x: Operand, /) -> Tensor:
    """``+x``: the same Tensor. Array API ``positive``.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.positive(tg.Tensor([-2.0]))
        Tensor([-2.])
    """
    return as_tensor("positive", x)


def clip(x: Operand, /, min: Operand = None, max: Operand = None) -> Tensor:
    """``minimum(maximum(x, min), max)``. Array API ``clip``.

    A bound is a number, an array or a Tensor, or None: there is none. Where `x`
    equals a bound the two share the gradient, so that x's is halved.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.clip(tg.Tensor([-2.0, 0.5, 2.0]), -1.0, 1.0)
        Tensor([-1. ,  0.5,  1. ])
    """
    x = as_tensor("clip", x)
    if min is not None:
        x = f.maximum(x, min)
    return x if max is None else f.minimum(x, max)


# --- logic: no gradient ------------------------------------------------------------


def _truth(op: str, x: Operand) -> Tensor:
    x = as_tensor(op, x)
    return x if x.dtype.kind == "b" else f.not_equal(x, 0)


def logical_and(x: Operand, y: Operand, /) -> Tensor:
    """Elementwise ``x and y``; a number holds if it is not 0. Array API. No gradient.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.logical_and(tg.Tensor([0.0, 2.0]), True)
        Tensor([False,  True], dtype=bool)
    """
    return f.bitwise_and(_truth("logical_and", x), _truth("logical_and", y))


def logical_or(x: Operand, y: Operand, /) -> Tensor:
    """Elementwise ``x or y``; a number holds if it is not 0. Array API. No gradient.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.logical_or(tg.Tensor([0.0, 2.0]), False)
        Tensor([False,  True], dtype=bool)
    """
    return f.bitwise_or(_truth("logical_or", x), _truth("logical_or", y))


def logical_xor(x: Operand, y: Operand, /) -> Tensor:
    """Elementwise whether just one holds. Array API ``logical_xor``. No gradient.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.logical_xor(tg.Tensor([0.0, 2.0]), True)
        Tensor([ True, False], dtype=bool)
    """
    return f.bitwise_xor(_truth("logical_xor", x), _truth("logical_xor", y))


def logical_not(x: Operand, /) -> Tensor:
    """Elementwise ``not x``: whether it is 0. Array API ``logical_not``. No gradient.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.logical_not(tg.Tensor([0.0, 2.0]))
        Tensor([ True, False], dtype=bool)
    """
    return f.bitwise_invert(_truth("logical_not", x))


# --- what is finite ----------------------------------------------------------------


def isnan(x: Operand, /) -> Tensor:
    """Elementwise whether it is NaN. Array API ``isnan``. No gradient.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.isnan(tg.Tensor([1.0, np.nan, np.inf]))
        Tensor([False,  True, False], dtype=bool)
    """
    x = as_tensor("isnan", x)
    return f.not_equal(x, x)


def isinf(x: Operand, /) -> Tensor:
    """Elementwise whether it is inf or -inf. Array API ``isinf``. No gradient.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.isinf(tg.Tensor([1.0, np.nan, -np.inf]))
        Tensor([False, False,  True], dtype=bool)
    """
    return f.equal(f.abs(as_tensor("isinf", x).detach()), np.inf)


def isfinite(x: Operand, /) -> Tensor:
    """Elementwise whether it is neither NaN nor infinite. Array API. No gradient.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.isfinite(tg.Tensor([1.0, np.nan, np.inf]))
        Tensor([ True, False, False], dtype=bool)
    """
    return f.less(f.abs(as_tensor("isfinite", x).detach()), np.inf)


def nan_to_num(
    x: Operand,
    /,
    nan: float = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Tensor:
    """`x` with numbers in place of NaN and infinities. NumPy's ``np.nan_to_num``.

    For None, the largest and the least number of the dtype are taken. What is
    replaced gets the gradient 0.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.nan_to_num(tg.Tensor([1.0, np.nan, -np.inf]), neginf=-9.0)
        Tensor([ 1.,  0., -9.])
    """
    y = as_tensor("nan_to_num", x)
    if y.dtype.kind != "f":
        return y
    limit = float(np.finfo(y.dtype).max)
    above, below = f.equal(y, np.inf), f.equal(y, -np.inf)
    y = f.where(isnan(y), nan, y)
    y = f.where(above, limit if posinf is None else posinf, y)
    return f.where(below, -limit if neginf is None else neginf, y)


def allclose(
    x: Operand,
    y: Operand,
    /,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    equal_nan: bool = False,
) -> bool:
    """Whether ``isclose`` holds everywhere. NumPy's ``np.allclose``.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.allclose(tg.Tensor([1.0, 2.0]), [1.000001, 2.0])
        True
    """
    return bool(f.all(f.isclose(x, y, rtol=rtol, atol=atol, equal_nan=equal_nan)))
