"""Constants from nothing, and from the shape of something.

Of float64 where no dtype is given, as in NumPy. They are constants: make a parameter
of one with `tg.Tensor(tg.zeros(3), requires_grad=True)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tinygrad_jp.compose.arguments import ints_of
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import as_tensor, bare, constant, real_dtype

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from tinygrad_jp.tensor import Tensor

Operand = Any
_Shape: TypeAlias = int | Sequence[int]
_arange: Any = np.arange  # its annotations have a case for each kind of number


def _lengths(op: str, shape: _Shape) -> tuple[int, ...]:
    lengths = ints_of(op, "shape", shape)
    if min(lengths, default=0) < 0:
        raise ShapeError(f"{op}: shape must not be negative, got {shape}")
    return lengths


def _number(op: str, value: Operand) -> NDArray[Any]:
    """A value to fill with; whoever wants its gradient is told how."""
    if getattr(value, "requires_grad", False):
        raise TypeError(
            f"{op}: makes constants, but the value requires a gradient; use "
            "tg.broadcast_to(value, shape)"
        )
    return constant(op, value)


def empty(shape: _Shape, dtype: DTypeLike = np.float64) -> Tensor:
    """A Tensor of whatever stood in memory. Array API ``empty``.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.empty((2, 3)).shape
        (2, 3)
    """
    return bare(np.empty(_lengths("empty", shape), real_dtype(dtype)))


def zeros(shape: _Shape, dtype: DTypeLike = np.float64) -> Tensor:
    """Zeros. Array API ``zeros``.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.zeros(3)
        Tensor([0., 0., 0.])
    """
    return bare(np.zeros(_lengths("zeros", shape), real_dtype(dtype)))


def ones(shape: _Shape, dtype: DTypeLike = np.float64) -> Tensor:
    """Ones. Array API ``ones``.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.ones(2, dtype=tg.float32)
        Tensor([1., 1.], dtype=float32)
    """
    return bare(np.ones(_lengths("ones", shape), real_dtype(dtype)))


def full(shape: _Shape, fill_value: Operand, dtype: DTypeLike | None = None) -> Tensor:
    """One number everywhere, of its own dtype by default. Array API ``full``.

    Raises:
        TypeError: `fill_value` requires a gradient, which `broadcast_to` would keep.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.full((1, 2), 0.5)
        Tensor([[0.5, 0.5]])
    """
    value = _number("full", fill_value)
    wanted = real_dtype(value.dtype if dtype is None else dtype)
    try:
        return bare(np.full(_lengths("full", shape), value, wanted))
    except ValueError as error:
        raise ShapeError(f"full: {error}") from None


def eye(
    n_rows: int, n_cols: int | None = None, k: int = 0, dtype: DTypeLike = np.float64
) -> Tensor:
    """Zeros, with ones on the diagonal, or `k` places above it. Array API ``eye``.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.eye(2)
        Tensor([[1., 0.],
                [0., 1.]])
    """
    return bare(np.eye(n_rows, n_cols, k, real_dtype(dtype)))


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """Numbers from `start` up to before `stop`. Array API ``arange``.

    With one number, from 0 up to before it. Of ints these are integers, and have no
    gradient: write ``tg.arange(3.0)`` for floats.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.arange(3), tg.arange(1.0, 2.0, 0.5)
        (Tensor([0, 1, 2], dtype=int64), Tensor([1. , 1.5]))
    """
    if not step:
        raise ValueError("arange: step must not be 0")
    first, last = (0, start) if stop is None else (start, stop)
    wanted = None if dtype is None else real_dtype(dtype)
    return bare(constant("arange", _arange(first, last, step, wanted)).copy())


def linspace(
    start: float,
    stop: float,
    num: int = 50,
    endpoint: bool = True,
    dtype: DTypeLike = np.float64,
) -> Tensor:
    """`num` numbers at equal distances from `start` to `stop`. Array API.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.linspace(0.0, 1.0, 5)
        Tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    if num < 0:
        raise ValueError(f"linspace: num must not be negative, got {num}")
    wanted = real_dtype(dtype)
    return bare(np.linspace(start, stop, num, endpoint, dtype=wanted))


def _like(op: str, x: Operand, dtype: DTypeLike | None) -> tuple[Any, Any]:
    x = as_tensor(op, x)
    return x.shape, x.dtype if dtype is None else dtype


def empty_like(x: Operand, /, dtype: DTypeLike | None = None) -> Tensor:
    """A Tensor of x's shape and dtype, of whatever stood in memory. Array API.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.empty_like(tg.Tensor([1.0, 2.0])).shape
        (2,)
    """
    return empty(*_like("empty_like", x, dtype))


def zeros_like(x: Operand, /, dtype: DTypeLike | None = None) -> Tensor:
    """Zeros of x's shape and dtype. Array API ``zeros_like``.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.zeros_like(tg.Tensor([1.0, 2.0]))
        Tensor([0., 0.])
    """
    return zeros(*_like("zeros_like", x, dtype))


def ones_like(x: Operand, /, dtype: DTypeLike | None = None) -> Tensor:
    """Ones of x's shape and dtype. Array API ``ones_like``.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.ones_like(tg.Tensor([1.0, 2.0]))
        Tensor([1., 1.])
    """
    return ones(*_like("ones_like", x, dtype))


def full_like(
    x: Operand, /, fill_value: Operand, dtype: DTypeLike | None = None
) -> Tensor:
    """One number everywhere, in x's shape and dtype. Array API ``full_like``.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.full_like(tg.Tensor([1.0, 2.0]), 7)
        Tensor([7., 7.])
    """
    shape, wanted = _like("full_like", x, dtype)
    return full(shape, fill_value, wanted)
