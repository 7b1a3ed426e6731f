"""Matrices: their diagonals and triangles, inverses and powers."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp.compose.arguments import axes_of
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import as_tensor

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any


# --- diagonals and triangles -------------------------------------------------------


def _diagonal_of(rows: int, columns: int, offset: int) -> slice:
    """Where a diagonal lies in a matrix that is written row after row."""
    count = min(rows + min(offset, 0), columns - max(offset, 0))
    start = offset if offset >= 0 else -offset * columns
    step = columns + 1
    return slice(start, start + count * step, step) if count > 0 else slice(0, 0)


def diagonal(x: Operand, /, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonal of two axes, as the result's last axis. NumPy's ``np.diagonal``.

    Shapes: ``(n, n, ...) -> (..., n)``. A positive `offset` takes the elements above
    the main diagonal, a negative one those below. For the last two axes, as in the
    Array API's ``linalg.diagonal``, pass ``axis1=-2, axis2=-1``.

    Raises:
        ShapeError: An axis out of range, or the same one twice.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.diagonal(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]))
        Tensor([1., 4.])
    """
    x = as_tensor("diagonal", x)
    down, across = axes_of("diagonal", (axis1, axis2), x.ndim)
    rest = [i for i in range(x.ndim) if i not in (down, across)]
    rows, columns = x.shape[down], x.shape[across]
    x = f.permute_dims(x, (*rest, down, across))
    flat = f.reshape(x, (*x.shape[:-2], rows * columns))
    return f.getitem(flat, (..., _diagonal_of(rows, columns, index(offset))))


def trace(x: Operand, /, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal, see `diagonal`. NumPy's ``np.trace``.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.trace(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]))
        Tensor(5.)
    """
    return f.sum(diagonal(as_tensor("trace", x), offset, axis1, axis2), axis=-1)


def diag(x: Operand, /, k: int = 0) -> Tensor:
    """A square matrix with `x` on its k-th diagonal; of a matrix, that diagonal.

    NumPy's ``np.diag``.

    Raises:
        ShapeError: `x` has neither one axis nor two.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.diag(tg.Tensor([1.0, 2.0]))
        Tensor([[1., 0.],
                [0., 2.]])
    """
    x = as_tensor("diag", x)
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise ShapeError(f"diag: needs a vector or a matrix, got shape {x.shape}")
    n = x.shape[0] + abs(k)
    flat = f.scatter_add(x, _diagonal_of(n, n, index(k)), (n * n,))
    return f.reshape(flat, (n, n))


def _where_lower(op: str, x: Operand, k: int, *, keep: bool) -> Tensor:
    x = as_tensor(op, x)
    if x.ndim < 2:
        raise ShapeError(f"{op}: needs at least 2 axes, got shape {x.shape}")
    zero = np.zeros((), x.dtype)
    rows, columns = x.shape[-2:]
    lower = np.tri(rows, columns, k, dtype=bool)
    return f.where(lower if keep else ~lower, x, zero)


def tril(x: Operand, /, k: int = 0) -> Tensor:
    """Each matrix with zeros above its k-th diagonal. Array API ``tril``.

    Shapes: ``(..., n, m)``. Zeros replace infinities and NaNs too.

    Raises:
        ShapeError: Fewer than two axes.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.tril(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]))
        Tensor([[1., 0.],
                [3., 4.]])
    """
    return _where_lower("tril", x, index(k), keep=True)


def triu(x: Operand, /, k: int = 0) -> Tensor:
    """Each matrix with zeros below its k-th diagonal. Array API ``triu``.

    See `tril`.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.triu(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]))
        Tensor([[1., 2.],
                [0., 4.]])
    """
    return _where_lower("triu", x, index(k) - 1, keep=False)


# --- square matrices ---------------------------------------------------------------


def _square(op: str, x: Operand) -> Tensor:
    tensor = as_tensor(op, x)
    if tensor.ndim < 2 or tensor.shape[-1] != tensor.shape[-2]:
        raise ShapeError(
            f"{op}: x must hold square matrices, shape (..., n, n), got {tensor.shape}"
        )
    return tensor


def _eye(x: Tensor) -> Any:
    """The identity beside a square matrix, in its dtype."""
    return np.eye(x.shape[-1], dtype=x.dtype)


def inv(x: Operand, /) -> Tensor:
    """The inverse of each matrix, ``(..., n, n)``. Array API ``linalg.inv``.

    To solve equations, `solve` is faster and more exact than ``inv(x) @ y``.

    Raises:
        LinAlgError: A matrix is singular.
        ShapeError: The matrices are not square.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.inv(tg.Tensor([[2.0, 0.0], [0.0, 4.0]]))
        Tensor([[0.5 , 0.  ],
                [0.  , 0.25]])
    """
    x = _square("inv", x)
    try:
        return f.solve(x, _eye(x))
    except np.linalg.LinAlgError as error:
        text = str(error).replace("solve: ", "inv: ", 1)
        raise np.linalg.LinAlgError(text) from None


class SlogdetResult(NamedTuple):
    """What `slogdet` returns.

    Example:
        >>> import tinygrad_jp as tg
        >>> sign, logabsdet = tg.slogdet(tg.Tensor([[-1.0]]))
        >>> sign
        Tensor(-1.)
    """

    sign: Tensor
    logabsdet: Tensor


def slogdet(x: Operand, /) -> SlogdetResult:
    """Sign, and log of the absolute value, of each determinant, without overflow.

    Array API ``linalg.slogdet``: ``det(x) = sign * exp(logabsdet)``. The sign is a
    constant. A singular matrix has sign 0 and log -inf, and no gradient.

    Shapes: ``(..., n, n) -> (...)``, both.

    Raises:
        LinAlgError: In the backward pass, where a matrix is singular.
        ShapeError: The matrices are not square.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.slogdet(tg.Tensor([[-1.0, 0.0], [0.0, 1.0]]))
        SlogdetResult(sign=Tensor(-1.), logabsdet=Tensor(0.))
    """
    x = _square("slogdet", x)
    return SlogdetResult(f.signdet(x), f.logabsdet(x))


def matrix_power(x: Operand, n: int, /) -> Tensor:
    """Each matrix times itself, n times; of its inverse where n is below 0.

    Array API ``linalg.matrix_power``. Shapes: ``(..., k, k)``. The power 0 is the
    identity, a constant.

    Raises:
        LinAlgError: n is below 0, and a matrix is singular.
        ShapeError: The matrices are not square.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.matrix_power(tg.Tensor([[1.0, 1.0], [0.0, 1.0]]), 5)
        Tensor([[1., 5.],
                [0., 1.]])
    """
    x = _square("matrix_power", x)
    left = index(n)
    square = inv(x) if left < 0 else x
    left = abs(left)
    power = None
    while left:  # the binary digits of n say which squares to multiply
        if left % 2:
            power = square if power is None else f.matmul(power, square)
        left //= 2
        square = f.matmul(square, square) if left else square
    return f.broadcast_to(_eye(x), x.shape) if power is None else power
