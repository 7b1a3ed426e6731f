"""Elementwise rules. Operands broadcast; the engine sums cotangents back."""

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


@rule(vjp=lambda g, out: g * out, elementwise=True)
def exp(x: Array, /) -> Array:
    """Elementwise exponential, ``e ** x``. Array API ``exp``.

    Example:
        >>> tg.exp(tg.Tensor([0.0, 1.0]))
        Tensor([1.        , 2.71828183])
    """
    return np.exp(x)


@rule(vjp=lambda g, x: g / x, elementwise=True, domain="positive")
def log(x: Array, /) -> Array:
    """Elementwise natural logarithm. Array API ``log``.

    At 0 the value is -inf and the gradient inf, with NumPy's warnings.

    Example:
        >>> tg.log(tg.Tensor([1.0, np.e]))
        Tensor([0., 1.])
    """
    return np.log(x)


@rule(
    vjp=lambda g, out: g / (out + out), elementwise=True, symbol="√", domain="positive"
)
def sqrt(x: Array, /) -> Array:
    """Elementwise square root. Array API ``sqrt``. The gradient at 0 is inf.

    Example:
        >>> tg.sqrt(tg.Tensor([4.0, 9.0]))
        Tensor([2., 3.])
    """
    return np.sqrt(x)


@rule(vjp=lambda g, out: g - g * (out * out), elementwise=True)
def tanh(x: Array, /) -> Array:
    """Elementwise hyperbolic tangent. Array API ``tanh``.

    Example:
        >>> tg.tanh(tg.Tensor([0.0, 100.0]))
        Tensor([0., 1.])
    """
    return np.tanh(x)


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

    The branch that is not taken gets the gradient 0. No gradient flows into
    `condition`.

    Example:
        >>> tg.where(np.array([True, False]), tg.Tensor([1.0, 2.0]), 0.0)
        Tensor([1., 0.])
    """
    return np.where(condition, x, y)
