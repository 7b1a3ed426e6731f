"""Products of vectors, matrices and tensors."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from tinygrad_jp import functions as f
from tinygrad_jp.compose.arguments import axes_of
from tinygrad_jp.compose.shape import moveaxis
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import as_tensor

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any
_Axes: TypeAlias = int | Sequence[int]


def _pair(op: str, x: Operand, y: Operand) -> tuple[Tensor, Tensor]:
    return as_tensor(op, x), as_tensor(op, y)


def _axis_last(op: str, x: Tensor, axis: int) -> Tensor:
    (place,) = axes_of(op, axis, x.ndim)
    if place == x.ndim - 1:
        return x
    return f.permute_dims(x, (*[i for i in range(x.ndim) if i != place], place))


def vecdot(x: Operand, y: Operand, /, axis: int = -1) -> Tensor:
    """The sum of ``x * y`` over an axis. Array API ``vecdot``.

    Shapes: ``(..., n), (..., n) -> (...)``, the other axes broadcasting.

    Raises:
        ShapeError: The axis is not there, or not equally long in both.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.vecdot(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 10.0]))
        Tensor([21., 43.])
    """
    x, y = _pair("vecdot", x, y)
    if axis != -1:
        x, y = _axis_last("vecdot", x, axis), _axis_last("vecdot", y, axis)
    if not x.ndim or not y.ndim or x.shape[-1] != y.shape[-1]:
        raise ShapeError(
            f"vecdot: axis {axis} must be there and equally long in x and y, "
            f"got {x.shape} and {y.shape} with that axis last"
        )
    rows = f.reshape(x, (*x.shape[:-1], 1, x.shape[-1]))
    columns = f.reshape(y, (*y.shape, 1))
    product = f.matmul(rows, columns)
    return f.reshape(product, product.shape[:-2])


def dot(x: Operand, y: Operand, /) -> Tensor:
    """NumPy's ``np.dot``: over the last axis of `x` and the second last of `y`.

    For vectors and matrices the same as ``x @ y``; for scalars their product; beyond,
    every row of `x` meets every matrix of `y`: ``(..., k), (*, k, m) -> (..., *, m)``.

    Raises:
        ShapeError: These axes are not equally long.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.dot(tg.Tensor([1.0, 2.0]), np.array([3.0, 4.0]))
        Tensor(11.)
    """
    x, y = _pair("dot", x, y)
    if not x.ndim or not y.ndim:
        return f.multiply(x, y)
    if y.ndim <= 2:
        return f.matmul(x, y)
    return _contracted("dot", x, y, (x.ndim - 1,), (y.ndim - 2,))


def inner(x: Operand, y: Operand, /) -> Tensor:
    """NumPy's ``np.inner``: over the last axis of both; a product for a scalar.

    Shapes: ``(..., k), (*, k) -> (..., *)``.

    Raises:
        ShapeError: The last axes are not equally long.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.inner(tg.Tensor([[1.0, 0.0], [0.0, 2.0]]), np.array([3.0, 4.0]))
        Tensor([3., 8.])
    """
    x, y = _pair("inner", x, y)
    if not x.ndim or not y.ndim:
        return f.multiply(x, y)
    return _contracted("inner", x, y, (x.ndim - 1,), (y.ndim - 1,))


def vdot(x: Operand, y: Operand, /) -> Tensor:
    """The sum of all ``x * y``, both read as one long vector. NumPy's ``np.vdot``.

    Raises:
        ShapeError: They have different numbers of elements.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.vdot(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), np.ones((2, 2)))
        Tensor(10.)
    """
    x, y = _pair("vdot", x, y)
    if x.size != y.size:
        raise ShapeError(
            f"vdot: x and y must have as many elements, got {x.shape} and {y.shape}"
        )
    return f.matmul(f.reshape(x, (x.size,)), f.reshape(y, (y.size,)))


def outer(x: Operand, y: Operand, /) -> Tensor:
    """Every element of `x` times every element of `y`. NumPy's ``np.outer``.

    Shapes: ``(n,), (m,) -> (n, m)``; what has other axes is read as one long vector.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.outer(tg.Tensor([1.0, 2.0]), np.array([1.0, 10.0]))
        Tensor([[ 1., 10.],
                [ 2., 20.]])
    """
    x, y = _pair("outer", x, y)
    return f.multiply(f.reshape(x, (x.size, 1)), f.reshape(y, (1, y.size)))


def tensordot(x: Operand, y: Operand, /, axes: int | tuple[_Axes, _Axes] = 2) -> Tensor:
    """Sum of products over axes of `x` and `y` in pairs. Array API ``tensordot``.

    Args:
        x: One operand.
        y: The other.
        axes: How many of the last axes of `x` meet the first of `y`; or a pair, the
            axes of `x` and those of `y`, each an int or a sequence.

    Returns:
        The remaining axes of `x`, then those of `y`.

    Raises:
        ShapeError: The axes are not there, or a pair of them is not equally long.

    Example:
        >>> import tinygrad_jp as tg
        >>> x = tg.Tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> tg.tensordot(x, np.array([1.0, 10.0]), axes=([0], [0]))
        Tensor([31., 42.])
    """
    x, y = _pair("tensordot", x, y)
    if isinstance(axes, int):
        if not 0 <= axes <= min(x.ndim, y.ndim):
            raise ShapeError(
                f"tensordot: axes={axes}, but x has {x.ndim} axes and y {y.ndim}"
            )
        pairs = tuple(range(x.ndim - axes, x.ndim)), tuple(range(axes))
    else:
        given = [(a,) if isinstance(a, int) else tuple(a) for a in axes]
        if len(given) != 2 or len(given[0]) != len(given[1]):
            raise ShapeError(
                "tensordot: axes must be an int, or as many axes of x as of y, "
                f"got {axes}"
            )
        first, second = given
        pairs = (
            axes_of("tensordot", first, x.ndim),
            axes_of("tensordot", second, y.ndim),
        )
    return _contracted("tensordot", x, y, *pairs)


def _contracted(
    op: str, x: Tensor, y: Tensor, x_axes: tuple[int, ...], y_axes: tuple[int, ...]
) -> Tensor:
    """Sum over pairs of axes, as one product of two matrices."""
    for i, j in zip(x_axes, y_axes):
        if x.shape[i] != y.shape[j]:
            raise ShapeError(
                f"{op}: axis {i} of x ({x.shape[i]}) and axis {j} of y ({y.shape[j]}) "
                f"must be equally long, got x {x.shape} and y {y.shape}"
            )
    x_rest = tuple([i for i in range(x.ndim) if i not in x_axes])
    y_rest = tuple([j for j in range(y.ndim) if j not in y_axes])
    summed = prod([x.shape[i] for i in x_axes])
    x_shape = tuple([x.shape[i] for i in x_rest])
    y_shape = tuple([y.shape[j] for j in y_rest])
    rows = f.reshape(f.permute_dims(x, x_rest + x_axes), (prod(x_shape), summed))
    columns = f.reshape(f.permute_dims(y, y_axes + y_rest), (summed, prod(y_shape)))
    return f.reshape(f.matmul(rows, columns), x_shape + y_shape)


def kron(x: Operand, y: Operand, /) -> Tensor:
    """`y` times every element of `x`, laid out in blocks. NumPy's ``np.kron``.

    Shapes: ``(n, m), (p, q) -> (n p, m q)``, for any number of axes; the operand with
    fewer gets axes of length 1 in front.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.kron(tg.Tensor([1.0, 10.0]), np.array([1.0, 2.0, 3.0]))
        Tensor([ 1.,  2.,  3., 10., 20., 30.])
    """
    x, y = _pair("kron", x, y)
    ndim = max(x.ndim, y.ndim)
    x_shape = (1,) * (ndim - x.ndim) + x.shape
    y_shape = (1,) * (ndim - y.ndim) + y.shape
    blocks = f.multiply(
        f.reshape(x, tuple([side for n in x_shape for side in (n, 1)])),
        f.reshape(y, tuple([side for m in y_shape for side in (1, m)])),
    )
    return f.reshape(blocks, tuple([n * m for n, m in zip(x_shape, y_shape)]))


def cross(x: Operand, y: Operand, /, axis: int = -1) -> Tensor:
    """The cross product of vectors of length 3. Array API ``linalg.cross``.

    Shapes: ``(..., 3), (..., 3) -> (..., 3)``, the other axes broadcasting.

    Raises:
        ShapeError: The axis is not there, or its length is not 3.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.cross(tg.Tensor([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
        Tensor([0., 0., 1.])
    """
    x, y = _pair("cross", x, y)
    x, y = _axis_last("cross", x, axis), _axis_last("cross", y, axis)
    if x.shape[-1] != 3 or y.shape[-1] != 3:
        raise ShapeError(
            f"cross: axis {axis} must have length 3, got {x.shape[-1]} in x and "
            f"{y.shape[-1]} in y"
        )
    # Component i is x[i+1] y[i+2] - x[i+2] y[i+1]: with both moved on by one place,
    # that is component i+2 of what stands here.
    across = f.subtract(f.multiply(x, _turned(y)), f.multiply(_turned(x), y))
    return moveaxis(_turned(across), -1, axis)


def _turned(x: Tensor) -> Tensor:
    """The components y, z, x of vectors x, y, z."""
    return f.concat(x[..., 1:], x[..., :1], axis=-1)
