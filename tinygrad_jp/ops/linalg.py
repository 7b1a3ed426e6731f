"""Matrix products."""

import numpy as np

from tinygrad_jp.ops.rule import Array, rule


def _product(x: Array, y: Array) -> Array:
    # For two matrices `dot` takes less than half of matmul's call.
    return x.dot(y) if x.ndim == 2 == y.ndim else np.matmul(x, y)


def _flip(x: Array) -> Array:
    return x.T if x.ndim == 2 else np.swapaxes(x, -1, -2)


def _matmul_x(g: Array, y: Array, x_shape: tuple[int, ...]) -> Array:
    if len(x_shape) == 1:
        return g * y if y.ndim == 1 else _product(y, g[..., None])[..., 0]
    return g[..., None] * y if y.ndim == 1 else _product(g, _flip(y))


def _matmul_y(g: Array, x: Array, y_shape: tuple[int, ...]) -> Array:
    if len(y_shape) == 1:
        return g * x if x.ndim == 1 else _product(_flip(x), g[..., None])[..., 0]
    return x[:, None] * g[..., None, :] if x.ndim == 1 else _product(_flip(x), g)


@rule(
    vjp=(
        lambda g, y, x_shape: _matmul_x(g, y, x_shape),
        lambda g, x, y_shape: _matmul_y(g, x, y_shape),
    ),
    symbol="@",
)
def matmul(x: Array, y: Array, /) -> Array:
    """Matrix product, ``x @ y``. Array API ``matmul``.

    Shapes: ``(..., n, k) @ (..., k, m) -> (..., n, m)``, the leading axes
    broadcasting; a 1-D `x` is a row, a 1-D `y` a column, and that axis is dropped.

    Example:
        >>> tg.matmul(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 1.0]))
        Tensor([3., 7.])
    """
    return _product(x, y)
