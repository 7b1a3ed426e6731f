"""Elementwise arithmetic. Operands broadcast; the engine sums cotangents back."""

import numpy as np

from tinygrad_jp.ops.rule import Array, rule


@rule(vjp=(lambda g: g, lambda g: g), elementwise=True, symbol="+")
def add(x: Array, y: Array, /) -> Array:
    """Elementwise sum, ``x + y``. Array API ``add``.

    Example:
        >>> tg.add(tg.Tensor([1.0, 2.0]), 10.0)
        Tensor([11., 12.])
    """
    return np.add(x, y)


@rule(vjp=(lambda g: g, lambda g: -g), elementwise=True, symbol="-")
def subtract(x: Array, y: Array, /) -> Array:
    """Elementwise difference, ``x - y``. Array API ``subtract``.

    Example:
        >>> tg.subtract(tg.Tensor([1.0, 2.0]), 10.0)
        Tensor([-9., -8.])
    """
    return np.subtract(x, y)


@rule(
    vjp=(lambda g, y: g * y, lambda g, x: g * x),
    elementwise=True,
    symbol="×",
)
def multiply(x: Array, y: Array, /) -> Array:
    """Elementwise product, ``x * y``. Array API ``multiply``.

    Example:
        >>> tg.multiply(tg.Tensor([1.0, 2.0]), 10.0)
        Tensor([10., 20.])
    """
    return np.multiply(x, y)


@rule(
    vjp=(lambda g, y: g / y, lambda g, y, out: -(g * out) / y),
    elementwise=True,
    symbol="÷",
    domain=("real", "nonzero"),
)
def divide(x: Array, y: Array, /) -> Array:
    """Elementwise quotient, ``x / y``. Array API ``divide``.

    Example:
        >>> tg.divide(tg.Tensor([1.0, 2.0]), 4.0)
        Tensor([0.25, 0.5 ])
    """
    return np.divide(x, y)


@rule(vjp=lambda g: -g, elementwise=True, symbol="-")
def negative(x: Array, /) -> Array:
    """Elementwise ``-x``. Array API ``negative``.

    Example:
        >>> tg.negative(tg.Tensor([1.0, -2.0]))
        Tensor([-1.,  2.])
    """
    return np.negative(x)


def _nonzero_base(x: Array, y: Array) -> Array:
    """`x` with a one in place of each zero whose exponent `y` is zero too."""
    if y.ndim == 0 and y != 0:
        return x
    return x + ((x == 0) & (y == 0))


@rule(
    vjp=(
        lambda g, x, y: g * y * _nonzero_base(x, y) ** (y - 1),
        lambda g, x, out: g * out * np.log(x + (x == 0)),
    ),
    elementwise=True,
    symbol="^",
    domain=("positive", "real"),
)
def pow(x: Array, y: Array, /) -> Array:
    """Elementwise power, ``x ** y``. Array API ``pow``.

    At ``x = 0`` the gradient of ``x ** 0`` is 0, and that in `y` is 0 (its limit
    for positive `y`). A negative `x` has no gradient in `y`: NaN.

    Example:
        >>> tg.pow(tg.Tensor([1.0, 2.0, 3.0]), 2)
        Tensor([1., 4., 9.])
    """
    # NumPy's power takes about fifty times as long as a multiplication.
    if y.ndim == 0 and y in (2, 3):
        return x * x if y == 2 else x * x * x
    return np.power(x, y)


@rule(vjp=lambda g, x: g * np.sign(x), elementwise=True, symbol="|·|")
def abs(x: Array, /) -> Array:
    """Elementwise absolute value. Array API ``abs``. The gradient at 0 is 0.

    Example:
        >>> tg.abs(tg.Tensor([-1.0, 2.0]))
        Tensor([1., 2.])
    """
    return np.abs(x)


def _winner(g: Array, x: Array, y: Array) -> Array:
    """`g` where ``x > y``, half of it where they tie, 0 elsewhere."""
    half = g * 0.5
    return half * (x > y) + half * (x >= y)


@rule(
    vjp=(lambda g, x, y: _winner(g, x, y), lambda g, x, y: _winner(g, y, x)),
    elementwise=True,
    symbol="max",
)
def maximum(x: Array, y: Array, /) -> Array:
    """Elementwise larger of two. Array API ``maximum``. A tie shares evenly.

    Example:
        >>> tg.maximum(tg.Tensor([-1.0, 2.0]), 0.0)
        Tensor([0., 2.])
    """
    return np.maximum(x, y)


@rule(
    vjp=(lambda g, x, y: _winner(g, y, x), lambda g, x, y: _winner(g, x, y)),
    elementwise=True,
    symbol="min",
)
def minimum(x: Array, y: Array, /) -> Array:
    """Elementwise smaller of two. Array API ``minimum``. A tie shares evenly.

    Example:
        >>> tg.minimum(tg.Tensor([-1.0, 2.0]), 0.0)
        Tensor([-1.,  0.])
    """
    return np.minimum(x, y)


@rule(vjp=lambda g, out: g * ~(out <= 0), elementwise=True)
def relu(x: Array, /) -> Array:
    """Elementwise ``max(x, 0)``, with relu'(0) = 0 as in the book (chapter 5.5).

    A NaN passes, and its gradient too.

    Example:
        >>> tg.relu(tg.Tensor([-1.0, 0.0, 2.0]))
        Tensor([0., 0., 2.])
    """
    return np.maximum(x, x.dtype.type(0))


@rule(
    vjp=(
        None,
        lambda g, condition: g * condition,
        lambda g, condition: g * ~condition,
    ),
    elementwise=True,
    domain=("boolean", "real", "real"),
)
def where(condition: Array, x: Array, y: Array, /) -> Array:
    """Elementwise ``x`` where `condition` holds, else ``y``. Array API ``where``.

    The branch that is not taken gets the gradient 0, even if it is inf or NaN. No
    gradient flows into `condition`. But what that branch was computed from gets
    that 0 times a derivative, and ``0 * inf`` is NaN: choose before computing too,
    ``where(ok, f(where(ok, x, 1)), 0)`` for ``where(ok, f(x), 0)``.

    Example:
        >>> tg.where(np.array([True, False]), tg.Tensor([1.0, 2.0]), 0.0)
        Tensor([1., 0.])
        >>> root = lambda x: tg.where(x > 0, tg.sqrt(tg.where(x > 0, x, 1)), 0)
        >>> tg.grad(root)(0.0), tg.grad(root)(4.0)
        (Tensor(0.), Tensor(0.25))
    """
    return np.where(condition, x, y)


@rule(
    vjp=(lambda g: g, lambda g, x, y: -g * np.floor_divide(x, y)),
    elementwise=True,
    symbol="mod",
)
def remainder(x: Array, y: Array, /) -> Array:
    """Elementwise ``x - floor(x / y) * y``, with the sign of `y`. Array API.

    The gradient is that of the piece `x` is on: (1, -floor(x / y)), also where
    `x` is a multiple of `y` and the value jumps.

    Example:
        >>> tg.remainder(tg.Tensor([5.0, -5.0]), 3.0)
        Tensor([2., 1.])
    """
    return np.remainder(x, y)


def unit(x: Array, length: Array) -> Array:
    """``x / length``; 0, and so is its gradient, where `length` is 0."""
    nothing = length == 0
    return x * ~nothing / (length + nothing)


@rule(
    vjp=(lambda g, x, out: g * unit(x, out), lambda g, y, out: g * unit(y, out)),
    elementwise=True,
)
def hypot(x: Array, y: Array, /) -> Array:
    """Elementwise ``sqrt(x**2 + y**2)``, without overflow. Array API ``hypot``.

    The gradient at (0, 0) is 0.

    Example:
        >>> tg.hypot(tg.Tensor([3.0, 3e200]), tg.Tensor([4.0, 4e200]))
        Tensor([5.e+000, 5.e+200])
    """
    return np.hypot(x, y)
