"""Trigonometric and hyperbolic functions and their inverses, elementwise. Radians."""

import numpy as np

from tinygrad_jp.ops.rule import Array, rule


@rule(vjp=lambda g, x: g * np.cos(x), elementwise=True)
def sin(x: Array, /) -> Array:
    """Elementwise sine. Array API ``sin``.

    Example:
        >>> tg.sin(tg.Tensor([0.0, np.pi / 2]))
        Tensor([0., 1.])
    """
    return np.sin(x)


@rule(vjp=lambda g, x: -g * np.sin(x), elementwise=True)
def cos(x: Array, /) -> Array:
    """Elementwise cosine. Array API ``cos``.

    Example:
        >>> tg.cos(tg.Tensor([0.0, np.pi]))
        Tensor([ 1., -1.])
    """
    return np.cos(x)


@rule(vjp=lambda g, out: g + g * (out * out), elementwise=True)
def tan(x: Array, /) -> Array:
    """Elementwise tangent. Array API ``tan``.

    Example:
        >>> tg.tan(tg.Tensor([0.0, np.pi / 4]))
        Tensor([0., 1.])
    """
    return np.tan(x)


def _leg(x: Array) -> Array:
    """``sqrt(1 - x**2)``, exact near -1 and 1 too."""
    return np.sqrt((1.0 - x) * (1.0 + x))


@rule(vjp=lambda g, x: g / _leg(x), elementwise=True, domain="unit")
def asin(x: Array, /) -> Array:
    """Elementwise arcsine, from -π/2 to π/2. Array API ``asin``.

    At -1 and 1 the gradient is inf, with NumPy's warning.

    Example:
        >>> tg.asin(tg.Tensor([0.0, 1.0]))
        Tensor([0.        , 1.57079633])
    """
    return np.arcsin(x)


@rule(vjp=lambda g, x: -g / _leg(x), elementwise=True, domain="unit")
def acos(x: Array, /) -> Array:
    """Elementwise arccosine, from 0 to π. Array API ``acos``.

    At -1 and 1 the gradient is -inf, with NumPy's warning.

    Example:
        >>> tg.acos(tg.Tensor([1.0, 0.0]))
        Tensor([0.        , 1.57079633])
    """
    return np.arccos(x)


def _over_square(g: Array, length: Array) -> Array:
    """``g / length**2``, where the square alone could overflow."""
    return g / length / length


@rule(vjp=lambda g, x: _over_square(g, np.hypot(x, 1.0)), elementwise=True)
def atan(x: Array, /) -> Array:
    """Elementwise arctangent, from -π/2 to π/2. Array API ``atan``.

    Example:
        >>> tg.atan(tg.Tensor([0.0, 1.0]))
        Tensor([0.        , 0.78539816])
    """
    return np.arctan(x)


def _distance(x: Array, y: Array) -> Array:
    """From (0, 0) to the point (x, y); 1 in place of 0."""
    length = np.hypot(x, y)
    return length + (length == 0)


@rule(
    vjp=(
        lambda g, x, y: _over_square(g * y, _distance(x, y)),
        lambda g, x, y: _over_square(-g * x, _distance(x, y)),
    ),
    elementwise=True,
    domain=("nonzero", "real"),
)
def atan2(x: Array, y: Array, /) -> Array:
    """Elementwise angle of the point (`y`, `x`), from -π to π. Array API ``atan2``.

    The height comes first: ``atan2(x, y)`` is the arctangent of ``x / y``, in the
    right quadrant. The gradient at (0, 0) is 0.

    Example:
        >>> tg.atan2(tg.Tensor([1.0, -1.0]), tg.Tensor([0.0, 0.0]))
        Tensor([ 1.57079633, -1.57079633])
    """
    return np.arctan2(x, y)


@rule(vjp=lambda g, x: g * np.cosh(x), elementwise=True)
def sinh(x: Array, /) -> Array:
    """Elementwise hyperbolic sine. Array API ``sinh``.

    Example:
        >>> tg.sinh(tg.Tensor([0.0, 1.0]))
        Tensor([0.        , 1.17520119])
    """
    return np.sinh(x)


@rule(vjp=lambda g, x: g * np.sinh(x), elementwise=True)
def cosh(x: Array, /) -> Array:
    """Elementwise hyperbolic cosine. Array API ``cosh``.

    Example:
        >>> tg.cosh(tg.Tensor([0.0, 1.0]))
        Tensor([1.        , 1.54308063])
    """
    return np.cosh(x)


@rule(vjp=lambda g, out: g - g * (out * out), elementwise=True)
def tanh(x: Array, /) -> Array:
    """Elementwise hyperbolic tangent. Array API ``tanh``.

    Example:
        >>> tg.tanh(tg.Tensor([0.0, 100.0]))
        Tensor([0., 1.])
    """
    return np.tanh(x)


@rule(vjp=lambda g, x: g / np.hypot(x, 1.0), elementwise=True)
def asinh(x: Array, /) -> Array:
    """Elementwise inverse hyperbolic sine. Array API ``asinh``.

    Example:
        >>> tg.asinh(tg.Tensor([0.0, 1.0]))
        Tensor([0.        , 0.88137359])
    """
    return np.arcsinh(x)


@rule(
    vjp=lambda g, x: g / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0)),
    elementwise=True,
    domain="above one",
)
def acosh(x: Array, /) -> Array:
    """Elementwise inverse hyperbolic cosine of numbers from 1 up. Array API ``acosh``.

    At 1 the gradient is inf, with NumPy's warning.

    Example:
        >>> tg.acosh(tg.Tensor([1.0, 2.0]))
        Tensor([0.       , 1.3169579])
    """
    return np.arccosh(x)


@rule(vjp=lambda g, x: g / ((1.0 - x) * (1.0 + x)), elementwise=True, domain="unit")
def atanh(x: Array, /) -> Array:
    """Elementwise inverse hyperbolic tangent. Array API ``atanh``.

    At -1 and 1 the value and the gradient are infinite, with NumPy's warnings.

    Example:
        >>> tg.atanh(tg.Tensor([0.0, 0.5]))
        Tensor([0.        , 0.54930614])
    """
    return np.arctanh(x)
