"""Rules without a gradient: comparisons, logic and places."""

import numpy as np

from tinygrad_jp.ops.reduction import Axis
from tinygrad_jp.ops.rule import Array, rule


@rule(vjp=None, elementwise=True, symbol="=")
def equal(x: Array, y: Array, /) -> Array:
    """Elementwise ``x == y``. Array API ``equal``. No gradient.

    Example:
        >>> tg.equal(tg.Tensor([1.0, 2.0]), 2.0)
        Tensor([False,  True], dtype=bool)
    """
    return np.equal(x, y)


@rule(vjp=None, elementwise=True, symbol="≠")
def not_equal(x: Array, y: Array, /) -> Array:
    """Elementwise ``x != y``. Array API ``not_equal``. No gradient.

    Example:
        >>> tg.not_equal(tg.Tensor([1.0, 2.0]), 2.0)
        Tensor([ True, False], dtype=bool)
    """
    return np.not_equal(x, y)


@rule(vjp=None, elementwise=True, symbol="<")
def less(x: Array, y: Array, /) -> Array:
    """Elementwise ``x < y``. Array API ``less``. No gradient.

    Example:
        >>> tg.less(tg.Tensor([1.0, 2.0]), 2.0)
        Tensor([ True, False], dtype=bool)
    """
    return np.less(x, y)


@rule(vjp=None, elementwise=True, symbol="≤")
def less_equal(x: Array, y: Array, /) -> Array:
    """Elementwise ``x <= y``. Array API ``less_equal``. No gradient.

    Example:
        >>> tg.less_equal(tg.Tensor([1.0, 2.0]), 2.0)
        Tensor([ True,  True], dtype=bool)
    """
    return np.less_equal(x, y)


@rule(vjp=None, elementwise=True, symbol=">")
def greater(x: Array, y: Array, /) -> Array:
    """Elementwise ``x > y``. Array API ``greater``. No gradient.

    Example:
        >>> tg.greater(tg.Tensor([1.0, 2.0]), 1.0)
        Tensor([False,  True], dtype=bool)
    """
    return np.greater(x, y)


@rule(vjp=None, elementwise=True, symbol="≥")
def greater_equal(x: Array, y: Array, /) -> Array:
    """Elementwise ``x >= y``. Array API ``greater_equal``. No gradient.

    Example:
        >>> tg.greater_equal(tg.Tensor([1.0, 2.0]), 1.0)
        Tensor([ True,  True], dtype=bool)
    """
    return np.greater_equal(x, y)


@rule(vjp=None, elementwise=True, symbol="≈")
def isclose(
    x: Array,
    y: Array,
    /,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    equal_nan: bool = False,
) -> Array:
    """Elementwise ``|x - y| <= atol + rtol * |y|``. NumPy's. No gradient.

    Example:
        >>> tg.isclose(tg.Tensor([1.0, 2.0]), [1.000001, 2.1])
        Tensor([ True, False], dtype=bool)
    """
    return np.isclose(x, y, rtol, atol, equal_nan)


@rule(vjp=None, elementwise=True, symbol="and", domain="boolean")
def bitwise_and(x: Array, y: Array, /) -> Array:
    """Elementwise ``x & y`` of booleans or integers. Array API. No gradient.

    Example:
        >>> tg.bitwise_and(tg.Tensor([True, False]), True)
        Tensor([ True, False], dtype=bool)
    """
    return np.bitwise_and(x, y)


@rule(vjp=None, elementwise=True, symbol="or", domain="boolean")
def bitwise_or(x: Array, y: Array, /) -> Array:
    """Elementwise ``x | y`` of booleans or integers. Array API. No gradient.

    Example:
        >>> tg.bitwise_or(tg.Tensor([True, False]), True)
        Tensor([ True,  True], dtype=bool)
    """
    return np.bitwise_or(x, y)


@rule(vjp=None, elementwise=True, symbol="xor", domain="boolean")
def bitwise_xor(x: Array, y: Array, /) -> Array:
    """Elementwise ``x ^ y`` of booleans or integers. Array API. No gradient.

    Example:
        >>> tg.bitwise_xor(tg.Tensor([True, False]), True)
        Tensor([False,  True], dtype=bool)
    """
    return np.bitwise_xor(x, y)


@rule(vjp=None, elementwise=True, symbol="not", domain="boolean")
def bitwise_invert(x: Array, /) -> Array:
    """Elementwise ``~x`` of booleans or integers. Array API. No gradient.

    Example:
        >>> tg.bitwise_invert(tg.Tensor([True, False]))
        Tensor([False,  True], dtype=bool)
    """
    return np.invert(x)


@rule(vjp=None)
def argmax(x: Array, /, axis: int | None = None, keepdims: bool = False) -> Array:
    """Index of the first largest element over `axis`. Array API. No gradient.

    Example:
        >>> tg.argmax(tg.Tensor([1.0, 3.0, 2.0]))
        Tensor(1, dtype=int64)
    """
    return np.argmax(x, axis, keepdims=keepdims)


@rule(vjp=None)
def argmin(x: Array, /, axis: int | None = None, keepdims: bool = False) -> Array:
    """Index of the first smallest element over `axis`. Array API. No gradient.

    Example:
        >>> tg.argmin(tg.Tensor([1.0, 3.0, 2.0]))
        Tensor(0, dtype=int64)
    """
    return np.argmin(x, axis, keepdims=keepdims)


@rule(vjp=None, domain="boolean")
def all(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether all elements over `axis` hold. Array API ``all``. No gradient.

    Example:
        >>> tg.all(tg.Tensor([True, False]))
        Tensor(False, dtype=bool)
    """
    return np.all(x, axis=axis, keepdims=keepdims)


@rule(vjp=None, domain="boolean")
def any(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether any element over `axis` holds. Array API ``any``. No gradient.

    Example:
        >>> tg.any(tg.Tensor([True, False]))
        Tensor(True, dtype=bool)
    """
    return np.any(x, axis=axis, keepdims=keepdims)
