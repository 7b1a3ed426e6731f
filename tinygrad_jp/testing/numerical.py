"""The book's numerical differentiation, and a sharper one: gradients by measurement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from tinygrad_jp.errors import ShapeError
from tinygrad_jp.tensor import Tensor
from tinygrad_jp.testing.complex_step import complex_gradient
from tinygrad_jp.testing.slopes import Vector, signs

Method: TypeAlias = Literal["central", "forward", "complex"]
STEP = {"central": 1e-4, "forward": 1e-4, "complex": 1e-20}


def numerical_gradient(
    f: Callable[[Any], Any],
    x: Any,
    eps: float | None = None,
    *,
    method: Method = "central",
) -> NDArray[np.float64]:
    """The gradient of `f` at `x` by differences (book, chapter 4.3 and 4.4).

    Every element is moved by h on its own, and `f` is called each time:

    - "central": (f(x + h) - f(x - h)) / 2h, the book's way. The error falls with h²
      until rounding takes over: there is a best h, and no better one.
    - "forward": (f(x + h) - f(x)) / h, the definition. The error falls with h only.
    - "complex": Im f(x + ih) / h. Nothing is subtracted, so h may be as small as one
      likes, and the error is that of `f` itself.

    The largest relative error for the sum of exp(x) sin(x), at x from 0 to 2:

        h        forward  central  complex
        1e-2     1e-2     9e-5     9e-5
        1e-4     1e-4     9e-9     9e-9
        1e-8     8e-8     8e-8     2e-16
        1e-20    1        1        2e-16

    Args:
        f: Gets `x` with one element moved: a Tensor if `x` is one, else an array.
            It must use what it gets: `x` itself is never written to, unlike in the
            book. Returns one number: a float, an array or Tensor of one element. For
            "complex" a function of NumPy arrays that is smooth.
        x: Numbers of any shape. Integers count as float64: in an integer array, as in
            the book's trap, x + h would be cut off to x, and every slope be 0.
        eps: How far to move: h. Where it is None, 1e-4, and 1e-20 for "complex".
        method: As above.

    Returns:
        A float64 array of x's shape.

    Raises:
        ShapeError: `f` returns more than one number.
        TypeError: For "complex", a Tensor, or an `f` that drops the imaginary part,
            such as one that calls ``np.abs`` or compares; names it.
        ValueError: Another method, or an `eps` that is not above 0.

    Example:
        >>> from tinygrad_jp.testing import numerical_gradient
        >>> numerical_gradient(lambda x: (x * x).sum(), [3, 4]).round(6)
        array([6., 8.])
        >>> numerical_gradient(lambda x: np.exp(x).sum(), 0.0, method="complex")
        array(1.)
    """
    if method not in get_args(Method):
        raise ValueError(
            f"numerical_gradient: method must be one of {', '.join(get_args(Method))}, "
            f"got {method!r}"
        )
    step = STEP[method] if eps is None else float(eps)
    if not step > 0:
        raise ValueError(f"numerical_gradient: eps must be above 0, got {eps}")
    as_tensor = isinstance(x, Tensor)
    point = np.array(x, dtype=np.float64)

    def value(at: Vector) -> float:
        found = np.asarray(f(Tensor(at) if as_tensor else at))
        if found.size != 1:
            raise ShapeError(
                f"numerical_gradient: f must return one number, got shape {found.shape}"
            )
        return float(found.reshape(()))

    if method == "complex":
        if as_tensor:
            raise TypeError(
                "numerical_gradient: method='complex' needs a function of arrays; "
                "got a Tensor, which holds real numbers, so use method='central'"
            )
        gradient = complex_gradient(f, point, step)
        _compare(value, point, gradient)
        return gradient
    gradient = np.empty_like(point)
    here = value(point.copy()) if method == "forward" else 0.0
    for index in np.ndindex(point.shape):
        ahead, behind = point.copy(), point.copy()
        ahead[index] += step
        behind[index] -= step
        if method == "forward":
            gradient[index] = (value(ahead) - here) / step
        else:
            gradient[index] = (value(ahead) - value(behind)) / (2 * step)
    return gradient


def _compare(value: Callable[[Vector], float], point: Vector, gradient: Vector) -> None:
    """Refuse a complex step that disagrees with a difference along one direction."""
    direction = signs(np.random.default_rng(0), point.shape)
    moves = [value(point + h * direction) for h in (1e-5, -1e-5, 2e-5, -2e-5)]
    near, far = (moves[0] - moves[1]) / 2e-5, (moves[2] - moves[3]) / 4e-5
    claimed = float((gradient * direction).sum())
    size = float(np.abs(gradient * direction).sum())
    doubt = abs(near - far) + 1e-10 * max(map(abs, moves), default=0.0) / 1e-5
    if abs(claimed - near) > 1e-4 * max(size, abs(near)) + 10 * doubt:
        raise TypeError(
            f"numerical_gradient: method='complex' gives a slope of {claimed:.6g}, and "
            f"f has {near:.6g}: it drops the imaginary part of a number somewhere, so "
            "it is not complex-analytic; use method='central'"
        )
