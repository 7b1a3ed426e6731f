"""The methods of a Tensor, a line an op.

Each is the function of the same name in `tinygrad_jp`; so `x.exp()` and `tg.exp(x)`
are one thing. What a Tensor holds, and `backward`, stands in `tinygrad_jp.tensor`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinygrad_jp import functions as f
from tinygrad_jp.compose import (
    activation,
    elementwise,
    indexing,
    joining,
    linalg,
    product,
    reduction,
)
from tinygrad_jp.compose import norm as norms
from tinygrad_jp.compose import shape as shapes
from tinygrad_jp.compose.assignment import At
from tinygrad_jp.display import html_of
from tinygrad_jp.operands import bare, real_dtype
from tinygrad_jp.operators import Operators

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from tinygrad_jp.tensor import Tensor


class Methods(Operators):
    """What one can do with a Tensor by name."""

    __slots__ = ()

    # --- elementwise -----------------------------------------------------------

    abs = f.abs
    ceil = f.ceil
    clip = elementwise.clip
    cos = f.cos
    exp = f.exp
    floor = f.floor
    log = f.log
    pow = f.pow
    relu = f.relu
    round = f.round
    sigmoid = activation.sigmoid
    sign = f.sign
    sin = f.sin
    softmax = activation.softmax
    log_softmax = activation.log_softmax
    sqrt = f.sqrt
    square = elementwise.square
    tan = f.tan
    tanh = f.tanh

    # --- reductions ------------------------------------------------------------

    all = f.all
    any = f.any
    argmax = f.argmax
    argmin = f.argmin
    cumprod = reduction.cumulative_prod
    cumsum = reduction.cumulative_sum
    logsumexp = f.logsumexp
    max = f.max
    mean = f.mean
    min = f.min
    norm = norms.norm
    prod = reduction.prod
    std = reduction.std
    sum = f.sum
    var = reduction.var

    # --- linear algebra --------------------------------------------------------

    diagonal = linalg.diagonal
    dot = product.dot
    trace = linalg.trace

    # --- shape and indexing ----------------------------------------------------

    argsort = f.argsort
    expand_dims = shapes.expand_dims
    flatten = shapes.flatten
    nonzero = indexing.nonzero
    ravel = shapes.flatten
    repeat = joining.repeat
    sort = indexing.sort
    squeeze = shapes.squeeze
    swapaxes = shapes.swapaxes
    take = indexing.take
    unsqueeze = shapes.expand_dims

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements in another shape: `x.reshape(2, 3)` or a tuple."""
        return f.reshape(self, shape=_flat(shape))

    def transpose(self, *axes: Any) -> Tensor:
        """Axes in another order; reversed where none is given."""
        order = _flat(axes) or tuple(reversed(range(self.ndim)))
        return f.permute_dims(self, axes=order)

    permute = transpose

    def astype(self, dtype: DTypeLike) -> Tensor:
        """The values in another dtype; recorded between floating dtypes."""
        if real_dtype(dtype).kind == "f":
            return f.astype(self, dtype=dtype)
        values: NDArray[Any] = self.numpy()
        return bare(values.astype(dtype))

    @property
    def T(self) -> Tensor:
        """The axes reversed, as in NumPy."""
        return self.transpose()

    @property
    def mT(self) -> Tensor:
        """The last two axes swapped. Array API."""
        return shapes.matrix_transpose(self)

    @property
    def at(self) -> At:
        """Assignment as a function: `x.at[index].set(v)`, `x.at[index].add(v)`."""
        return At(self)

    # --- notebooks -------------------------------------------------------------

    def _repr_html_(self) -> str | None:
        """What a notebook shows: the value and, if it is small, the graph beneath."""
        return html_of(self)


def _flat(numbers: tuple[Any, ...]) -> tuple[Any, ...]:
    """`(2, 3)` of both `f(2, 3)` and `f((2, 3))`."""
    if len(numbers) == 1 and isinstance(numbers[0], (tuple, list)):
        return tuple(numbers[0])
    return numbers
