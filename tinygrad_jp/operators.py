"""The operators of a Tensor, and what Python and NumPy ask of it.

What each does is the function of the same meaning in `tinygrad_jp`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp import numpy_protocol
from tinygrad_jp.compose import elementwise
from tinygrad_jp.compose.arguments import frozen, written_index
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.exchange import exported
from tinygrad_jp.record import apply_rule
from tinygrad_jp.update import updated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tinygrad_jp.tensor import Tensor

Operand: TypeAlias = Any
"""A Tensor, or a constant: a Python or NumPy scalar, an ndarray, nested lists."""


def _reflected(op: Callable[[Any, Any], Tensor]) -> Callable[[Any, Any], Tensor]:
    """What stands at the right of an operator, behind a number or an array."""

    def call(self: Any, other: Any) -> Tensor:
        return op(other, self)

    return call


class Operators:
    """What one can do with a Tensor by operators, and hand it to."""

    __slots__ = ()

    if TYPE_CHECKING:
        _data: NDArray[Any]

        @property
        def data(self) -> NDArray[Any]:
            """See `Tensor`."""

        @property
        def dtype(self) -> Any:
            """See `Tensor`."""

        @property
        def ndim(self) -> int:
            """See `Tensor`."""

        @property
        def shape(self) -> tuple[int, ...]:
            """See `Tensor`."""

        @property
        def size(self) -> int:
            """See `Tensor`."""

        def numpy(self) -> NDArray[Any]:
            """See `Tensor`."""

    # --- operators -------------------------------------------------------------

    __add__ = f.add
    __sub__ = f.subtract
    __mul__ = f.multiply
    __truediv__ = f.divide
    __pow__ = f.pow
    __matmul__ = f.matmul
    __neg__ = f.negative
    __abs__ = f.abs
    __lt__ = f.less
    __le__ = f.less_equal
    __gt__ = f.greater
    __ge__ = f.greater_equal
    __eq__ = f.equal  # type: ignore[assignment]  # elementwise, as in NumPy
    __ne__ = f.not_equal  # type: ignore[assignment]  # elementwise, as in NumPy
    __and__ = f.bitwise_and
    __or__ = f.bitwise_or
    __invert__ = f.bitwise_invert
    __xor__ = f.bitwise_xor
    __mod__ = f.remainder
    __floordiv__ = f.floor_divide
    __hash__ = object.__hash__
    __pos__ = elementwise.positive

    __radd__ = _reflected(f.add)
    __rsub__ = _reflected(f.subtract)
    __rmul__ = _reflected(f.multiply)
    __rtruediv__ = _reflected(f.divide)
    __rpow__ = _reflected(f.pow)
    __rmatmul__ = _reflected(f.matmul)
    __rmod__ = _reflected(f.remainder)
    __rfloordiv__ = _reflected(f.floor_divide)
    __rand__ = _reflected(f.bitwise_and)
    __ror__ = _reflected(f.bitwise_or)
    __rxor__ = _reflected(f.bitwise_xor)

    def __iadd__(self, other: Operand) -> Tensor:
        return updated(self, f.add, np.add, other, "+=")

    def __isub__(self, other: Operand) -> Tensor:
        return updated(self, f.subtract, np.subtract, other, "-=")

    def __imul__(self, other: Operand) -> Tensor:
        return updated(self, f.multiply, np.multiply, other, "*=")

    def __itruediv__(self, other: Operand) -> Tensor:
        return updated(self, f.divide, np.divide, other, "/=")

    def __getitem__(self, index: Any) -> Tensor:
        return f.getitem(self, index=frozen(index))

    def __setitem__(self, index: Any, value: Operand) -> None:
        raise TypeError(
            f"x[{written_index(index)}] = v: a Tensor is never written to; "
            f"x = x.at[{written_index(index)}].set(v) makes another"
        )

    # --- Python and NumPy ------------------------------------------------------

    __apply_rule__ = staticmethod(apply_rule)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any
    ) -> Any:
        return numpy_protocol.array_ufunc(ufunc, method, inputs, keywords)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Any:
        return numpy_protocol.array_function(function, args, keywords)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy or (dtype is not None and np.dtype(dtype) != self.dtype):
            return self._data.astype(self.dtype if dtype is None else dtype)
        return self.data

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return sys.modules["tinygrad_jp"]

    def __dlpack__(self, **keywords: Any) -> Any:
        return exported(cast("Tensor", self), **keywords)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._data.__dlpack_device__()

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len: a tensor of shape () has no axis")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ShapeError(
                f"bool: needs one element, got shape {self.shape}; "
                "use x.all() or x.any()"
            )
        return bool(self._data.item())

    def __float__(self) -> float:
        return float(self._data.item())

    def __int__(self) -> int:
        return int(self._data.item())

    def __index__(self) -> int:
        if self.ndim or self.dtype.kind not in "iu":
            raise TypeError(f"index: needs an integer, got {self!r}")
        return int(self._data)

    def __format__(self, spec: str) -> str:
        return format(self._data.item() if spec else str(self), spec)
