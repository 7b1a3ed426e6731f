"""Rules that move elements about, and change their dtype."""

from typing import Any

import numpy as np

from tinygrad_jp.ops.rule import Array, rule


@rule(vjp=lambda g, x_shape: g.reshape(x_shape))
def reshape(x: Array, /, shape: tuple[int, ...]) -> Array:
    """The same elements in another shape; one length may be -1. Array API.

    Example:
        >>> tg.reshape(tg.Tensor([1.0, 2.0, 3.0, 4.0]), shape=(2, -1))
        Tensor([[1., 2.],
                [3., 4.]])
    """
    return x.reshape(shape)


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=lambda i: axes[i] % len(axes)))


@rule(vjp=lambda g, axes: g.transpose(_inverse(axes)), symbol="ᵀ")
def permute_dims(x: Array, /, axes: tuple[int, ...]) -> Array:
    """Axes in another order: axis i of the result is `axes[i]` of x. Array API.

    Example:
        >>> tg.permute_dims(tg.Tensor([[1.0, 2.0]]), axes=(1, 0))
        Tensor([[1.],
                [2.]])
    """
    return x.transpose(axes)


@rule(vjp=lambda g: g)
def broadcast_to(x: Array, /, shape: tuple[int, ...]) -> Array:
    """`x` repeated along new axes and axes of length 1. Array API.

    Example:
        >>> tg.broadcast_to(tg.Tensor([1.0, 2.0]), shape=(2, 2))
        Tensor([[1., 2.],
                [1., 2.]])
    """
    return np.broadcast_to(x, shape)


def _split(g: Array, shapes: tuple[tuple[int, ...], ...], axis: int) -> list[Array]:
    axis %= g.ndim
    pieces = []
    start = 0
    for shape in shapes:
        stop = start + shape[axis]
        pieces.append(g[(slice(None),) * axis + (slice(start, stop),)])
        start = stop
    return pieces


@rule(vjp=lambda g, arrays_shape, axis: _split(g, arrays_shape, axis))
def concat(*arrays: Array, axis: int = 0) -> Array:
    """Join arrays along an axis that they have. Array API ``concat``."""
    return np.concatenate(arrays, axis)


@rule(vjp=lambda g: g)
def astype(x: Array, /, dtype: Any) -> Array:
    """The same values in another floating dtype. The gradient keeps x's dtype.

    Example:
        >>> tg.astype(tg.Tensor([0.1]), dtype=np.float32)
        Tensor([0.1], dtype=float32)
    """
    return x.astype(dtype)
