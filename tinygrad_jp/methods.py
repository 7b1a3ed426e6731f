"""The operators and methods of a Tensor, a line an op where it can be.

Each is the function of the same name in `tinygrad_jp`; so `x.exp()` and `tg.exp(x)`
are one thing. What a Tensor holds, and `backward`, stands in `tinygrad_jp.tensor`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp import numpy_protocol
from tinygrad_jp.compose import activation, reduction
from tinygrad_jp.compose import shape as shapes
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import bare, real_dtype
from tinygrad_jp.record import apply_rule
from tinygrad_jp.update import updated

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from tinygrad_jp.tensor import Tensor

Operand: TypeAlias = Any
"""A Tensor, or a constant: a Python or NumPy scalar, an ndarray, nested lists."""


class Methods:
    """What one can do with a Tensor."""

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
    __hash__ = object.__hash__

    def __radd__(self, other: Operand) -> Tensor:
        return f.add(other, self)

    def __rsub__(self, other: Operand) -> Tensor:
        return f.subtract(other, self)

    def __rmul__(self, other: Operand) -> Tensor:
        return f.multiply(other, self)

    def __rtruediv__(self, other: Operand) -> Tensor:
        return f.divide(other, self)

    def __rpow__(self, other: Operand) -> Tensor:
        return f.pow(other, self)

    def __rmatmul__(self, other: Operand) -> Tensor:
        return f.matmul(other, self)

    def __iadd__(self, other: Operand) -> Tensor:
        return updated(self, f.add, np.add, other, "+=")

    def __isub__(self, other: Operand) -> Tensor:
        return updated(self, f.subtract, np.subtract, other, "-=")

    def __imul__(self, other: Operand) -> Tensor:
        return updated(self, f.multiply, np.multiply, other, "*=")

    def __itruediv__(self, other: Operand) -> Tensor:
        return updated(self, f.divide, np.divide, other, "/=")

    def __getitem__(self, index: Any) -> Tensor:
        return f.getitem(self, index=_frozen(index))

    def __setitem__(self, index: Any, value: Operand) -> None:
        raise TypeError(
            "x[index] = value: a Tensor is never written to; use "
            "tg.where(condition, value, x), or change the array before it is a Tensor"
        )

    # --- methods ---------------------------------------------------------------

    exp = f.exp
    log = f.log
    sqrt = f.sqrt
    tanh = f.tanh
    relu = activation.relu
    sigmoid = activation.sigmoid

    sum = f.sum
    max = f.max
    min = f.min
    mean = reduction.mean
    argmax = f.argmax
    all = f.all
    any = f.any

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements in another shape: `x.reshape(2, 3)` or a tuple."""
        return f.reshape(self, shape=_flat(shape))

    def transpose(self, *axes: Any) -> Tensor:
        """Axes in another order; reversed where none is given."""
        order = _flat(axes) or tuple(reversed(range(self.ndim)))
        return f.permute_dims(self, axes=order)

    squeeze = shapes.squeeze

    def astype(self, dtype: DTypeLike) -> Tensor:
        """The values in another dtype; recorded between floating dtypes."""
        if real_dtype(dtype).kind == "f":
            return f.astype(self, dtype=dtype)
        values: NDArray[Any] = self.numpy()
        return bare(values.astype(dtype))

    def dot(self, other: Operand) -> Tensor:
        """Matrix product, as `np.dot(self, other)`."""
        product: Tensor = numpy_protocol.dot(self, other)
        return product

    @property
    def T(self) -> Tensor:
        """The axes reversed, as in NumPy."""
        return self.transpose()

    @property
    def mT(self) -> Tensor:
        """The last two axes swapped. Array API."""
        return shapes.matrix_transpose(self)

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


def _flat(numbers: tuple[Any, ...]) -> tuple[Any, ...]:
    """`(2, 3)` of both `f(2, 3)` and `f((2, 3))`."""
    if len(numbers) == 1 and isinstance(numbers[0], (tuple, list)):
        return tuple(numbers[0])
    return numbers


def _frozen(index: Any) -> Any:
    """An index whose arrays nobody else can change, with Tensors as arrays."""
    if isinstance(index, tuple):
        return tuple([_frozen(part) for part in index])
    if isinstance(index, (Methods, np.ndarray, list)):
        array = np.array(index)
        if array.dtype.kind not in "iub" and array.size:
            raise TypeError(
                f"x[index]: an index array must hold integers or booleans, "
                f"got {array.dtype}"
            )
        return array if array.size else array.astype(np.intp)
    return index
