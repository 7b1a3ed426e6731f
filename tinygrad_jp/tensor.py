"""The Tensor: an array that remembers how it was computed.

A Tensor is a value: what it holds never changes under a graph that was recorded
from it. Ops make new Tensors; `p -= step` inside `no_grad()` gives `p` a new array.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp.accumulate import accumulate
from tinygrad_jp.copies import copy_graph, reduced
from tinygrad_jp.errors import GraphError, ShapeError
from tinygrad_jp.graph import Leaf, Node, name_of
from tinygrad_jp.heap import keep_freed
from tinygrad_jp.hooks import HookHandle, add_hook, keep_grad
from tinygrad_jp.methods import Methods
from tinygrad_jp.operands import bare, constant, make_results, node_of, real_dtype
from tinygrad_jp.operators import Operand
from tinygrad_jp.update import replace

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray


class Tensor(Methods):
    """An n-dimensional array of numbers that records what is computed from it.

    Args:
        data: Numbers; copied. `tinygrad_jp.asarray` shares memory instead.
        dtype: float16, float32 or float64, an integer dtype or bool; NumPy's choice
            where it is None.
        requires_grad: Whether `backward` shall leave a gradient in `grad`.
        name: What pictures and errors call it.

    Raises:
        TypeError: Ragged, object or complex data, or a gradient asked of integers.

    Example:
        >>> from tinygrad_jp import Tensor
        >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        Tensor([2., 4., 6.])
    """

    __slots__ = ("__weakref__", "_data", "_grad", "_node")

    _data: NDArray[Any]
    _node: Node | None
    _grad: Tensor | None

    def __init__(
        self,
        data: Operand,
        *,
        dtype: DTypeLike | None = None,
        requires_grad: bool = False,
        name: str | None = None,
    ) -> None:
        array = data._data if isinstance(data, Tensor) else constant("Tensor", data)
        self._data = array.astype(real_dtype(array.dtype if dtype is None else dtype))
        self._node = None
        self._grad = None
        if name is not None:
            self.name = name
        if requires_grad:
            self.requires_grad = True

    # --- what it holds ---------------------------------------------------------

    @property
    def data(self) -> NDArray[Any]:
        """The values, as a read-only view; others can be assigned to a leaf."""
        view = self._data.view()
        view.flags.writeable = False
        return view

    @data.setter
    def data(self, values: Operand) -> None:
        replace(self, values)

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self._data.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._data.size

    @property
    def dtype(self) -> Any:
        """The NumPy dtype of the elements."""
        return self._data.dtype

    @property
    def name(self) -> str | None:
        """What pictures and errors call it."""
        return None if self._node is None else name_of(self._node)

    @name.setter
    def name(self, name: str | None) -> None:
        (self._node or node_of(self)).name = name

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow into it."""
        return self._node is not None and self._node.live

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        node = self._node or node_of(self)
        if not isinstance(node, Leaf):
            if not wanted:
                raise GraphError("requires_grad: this tensor is a result; use detach()")
            return
        if wanted and self._data.dtype.kind != "f":
            raise TypeError(
                f"requires_grad: only floating-point tensors have gradients, got "
                f"{self._data.dtype}; use Tensor(data, dtype=np.float64)"
            )
        if node.live != wanted:
            # A graph that was recorded from the constant goes on without gradient.
            node = self._node = Leaf(
                self.shape, self.dtype, live=wanted, name=node.name
            )
        node.owner = weakref.ref(self)

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` has accumulated; None before the first."""
        return getattr(self, "_grad", None)

    @grad.setter
    def grad(self, grad: Tensor | None) -> None:
        if grad is not None:
            if not isinstance(grad, Tensor):
                raise TypeError(
                    f"grad: needs a Tensor or None, got {type(grad).__name__}"
                )
            if grad.shape != self.shape or grad.dtype != self.dtype:
                raise ShapeError(
                    f"grad: needs shape {self.shape} and {self.dtype}, "
                    f"got {grad.shape} and {grad.dtype}"
                )
        self._grad = grad

    @property
    def is_leaf(self) -> bool:
        """Whether no op made it: a parameter, an input, a constant, a detached one."""
        return self._node is None or isinstance(self._node, Leaf)

    def detach(self) -> Tensor:
        """The same values as a constant, cut off from the graph."""
        return bare(self._data)

    def item(self) -> Any:
        """The one element as a Python number."""
        return self._data.item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return self._data.tolist()

    def numpy(self) -> NDArray[Any]:
        """The values, as a read-only view; `np.array(t)` copies."""
        return self.data

    # --- backpropagation -------------------------------------------------------

    def backward(
        self,
        cotangent: Operand | None = None,
        *,
        inputs: Tensor | Sequence[Tensor] | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
    ) -> None:
        """Add the gradient of this tensor to `grad` of every leaf that asked for it.

        Results that were told to `retain_grad` get theirs too. If anything fails, no
        `grad` has changed.

        Args:
            cotangent: What to multiply the Jacobian with, of this tensor's shape; 1
                for a tensor with one element where it is None.
            inputs: If given, only these tensors get a gradient, leaves or results.
            retain_graph: Keep the saved arrays for another backward pass; by default
                as `create_graph`.
            create_graph: Record the backward pass, so that it can be differentiated.

        Raises:
            GraphError: Nothing here requires a gradient, or the graph was released.
            ShapeError: Not a scalar and no cotangent, or one of another shape.
        """
        retain = create_graph if retain_graph is None else retain_graph
        accumulate(self, cotangent, inputs, retain=retain, create_graph=create_graph)

    def retain_grad(self) -> None:
        """Have `backward` leave the gradient of this result in `grad`, as of a leaf.

        Raises:
            GraphError: No gradient flows into this tensor.

        Example:
            >>> x = Tensor([1.0, 2.0], requires_grad=True)
            >>> h = x * 3
            >>> h.retain_grad()
            >>> (h * h).sum().backward()
            >>> h.grad
            Tensor([ 6., 12.])
        """
        keep_grad(self)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> HookHandle:
        """Have each backward pass call `hook` with the whole gradient of this tensor.

        It is called once a pass, before the gradient goes on or is added to `grad`. If
        it returns a Tensor, that takes the gradient's place. Hooks run in the order in
        which they were registered, and before what `retain_grad` keeps.

        Returns:
            A handle: `remove()` takes the hook out; so does the end of a `with`.

        Raises:
            GraphError: No gradient flows into this tensor.

        Example:
            >>> x = Tensor([1.0, 2.0], requires_grad=True)
            >>> with x.register_hook(lambda g: g * 10):
            ...     (x * 3).sum().backward()
            >>> x.grad
            Tensor([30., 30.])
        """
        return add_hook(self, hook)

    # --- Python and NumPy ------------------------------------------------------

    def __repr__(self) -> str:
        text = np.array2string(self._data, separator=", ", prefix="Tensor(")
        if self.dtype != np.float64:
            text += f", dtype={self.dtype}"
        if self.name is not None:
            text += f", name={self.name!r}"
        return f"Tensor({text}{', requires_grad=True' if self.requires_grad else ''})"

    def __reduce__(self) -> tuple[Any, ...]:
        return reduced(self)

    def __copy__(self) -> Tensor:
        """Another Tensor of the same value: a leaf of its own, or the same result."""
        new = bare(self._data, self._node)
        if isinstance(self._node, Leaf):
            new._node = None
            new.name = self.name
            new.requires_grad = self.requires_grad
        return new

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        """A copy of the values and of the whole graph, however deep."""
        new = memo[id(self)] = bare(self._data.copy())
        if self._node is not None:
            copy_graph([self._node], memo)
            new._node = memo[id(self._node)]
            if getattr(self._node, "owner", None) is not None:
                new._node.owner = weakref.ref(new)
        new._grad = copy.deepcopy(self.grad, memo)
        return new


make_results(Tensor)
keep_freed()


def asarray(data: Operand, *, dtype: DTypeLike | None = None) -> Tensor:
    """A constant Tensor that shares memory with an array where it can.

    Whoever writes to the array changes the Tensor. An op that has kept it notices:
    `backward` then raises instead of giving a wrong gradient.

    Example:
        >>> import numpy as np
        >>> import tinygrad_jp as tg
        >>> a = np.array([1.0, 2.0])
        >>> x = tg.asarray(a)
        >>> a[0] = 5.0
        >>> x
        Tensor([5., 2.])
    """
    if isinstance(data, Tensor):
        return data if dtype in (None, data.dtype) else data.astype(dtype)
    array = constant("asarray", data)
    return bare(array if dtype is None else array.astype(dtype, copy=False))
