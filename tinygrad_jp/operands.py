"""Operands: what may stand beside a Tensor, and what a graph keeps of it.

A Python scalar is weak: it takes the precision of its partner. An array is a
constant that passes through untouched, but the memory behind it belongs to the
caller, who may write to it; so whatever of it is kept is watched.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from math import copysign
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy import ndarray

from tinygrad_jp.errors import GraphError
from tinygrad_jp.graph import Leaf, Node, name_of

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from tinygrad_jp.tensor import Tensor

space: dict[str, Any] = {}
"""What recording functions refer to by name, the class Tensor among it."""


def make_results(tensor: type) -> None:
    """Name the class of what lifted ops return: called once, by `tensor.py`."""
    space["Tensor"] = tensor


# --- operands --------------------------------------------------------------------

COMPLEX = (
    "; a complex function need not have a derivative, and its gradient is a matter of "
    "convention: compute with x.real and x.imag"
)

_weak: dict[tuple[float, float, type, Any], tuple[Any, Leaf]] = {}
floats: dict[tuple[float, Any], tuple[Any, Leaf]] = {}
"""Those of floats other than 0, whose sign a look-up cannot see: by value and dtype."""

_PLAIN = (float, int, bool)


def weak(value: float, dtype: Any) -> tuple[Any, Leaf]:
    """A Python scalar as an operand beside `dtype`, whose precision it takes.

    Arrays of a few recent scalars are kept: NumPy takes 170 ns longer for a
    Python scalar than for a 0-d array.
    """
    key = (value, value == 0 and copysign(1.0, value), type(value), dtype)
    found = _weak.get(key)
    if found is not None:
        return found
    if dtype.kind != "f":
        if type(value) is float:
            dtype = np.dtype(np.float64)
        elif dtype.kind == "b":
            dtype = np.dtype(type(value))
    made = np.array(value, dtype), Leaf((), dtype, name=repr(value))
    if len(_weak) >= 256:
        _weak.clear()
        floats.clear()
    _weak[key] = made
    if type(value) is float and value:
        floats[value, key[3]] = made
    return made


def constant(op: str, value: object) -> ndarray[Any, Any]:
    """An operand that is not a Tensor, as a read-only array that shares its memory.

    Raises:
        TypeError: It is not an array of numbers.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise TypeError(f"{op}: needs an array of numbers, got {error}") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{op}: needs real numbers or booleans, got {type(value).__name__} "
            f"of dtype {array.dtype}" + COMPLEX * (array.dtype.kind == "c")
        )
    view = array.view(ndarray)
    view.flags.writeable = False
    return view


def settle(op: str, operands: Sequence[Any]) -> list[tuple[Any, Node | None]]:
    """Array and node of each operand where not every operand is a plain Tensor."""
    tensor = space["Tensor"]
    found: list[Any] = []
    dtype = None
    for operand in operands:
        if type(operand) is tensor or isinstance(operand, tensor):
            pair = operand._data, operand._node
        elif type(operand) in _PLAIN:
            found.append(None)
            continue
        else:
            data = constant(op, operand)
            pair = data, Leaf(data.shape, data.dtype)
            if type(operand) is ndarray:
                pair[1].owner = weakref.ref(operand)
        found.append(pair)
        known = pair[0].dtype
        if dtype is None or dtype.kind == "b":  # a condition says nothing of precision
            dtype = known
        elif known is not dtype and known.kind != "b":
            dtype = np.promote_types(dtype, known)
    for i, operand in enumerate(operands):
        if found[i] is None:
            found[i] = weak(operand, dtype or np.asarray(operand).dtype)
    return found


def real_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """A dtype that a Tensor can have.

    Raises:
        TypeError: It is not one of NumPy's real dtypes of up to 64 bits.
    """
    found = np.dtype(dtype)
    if found.kind not in "fiub" or found.itemsize > 8:
        raise TypeError(
            "Tensor: needs float16, float32, float64, integers or booleans, "
            f"got {found}" + COMPLEX * (found.kind == "c")
        )
    return found


# --- what is kept ----------------------------------------------------------------


class Shared:
    """A kept array whose memory the user can write to, and what it held.

    Inside the engine no array is ever written to, and what it hands out is
    read-only; so only memory that came from outside (`tg.asarray`, an ndarray as
    an operand) needs watching. The engine marks it by read-only views, which every
    view of a view inherits. Comparing with a copy is exact, and costs two passes.
    """

    __slots__ = ("array", "copy", "name")

    def __init__(self, array: ndarray[Any, Any], name: str) -> None:
        self.array = array
        self.copy = array.copy()
        self.name = name

    def unchanged(self) -> bool:
        """Whether the memory still holds what it held, NaN for NaN."""
        return np.array_equal(
            self.array, self.copy, equal_nan=self.array.dtype.kind == "f"
        )


def keep_view(array: ndarray[Any, Any], name: str) -> ndarray[Any, Any] | Shared:
    """A view, as a graph keeps it: watched where it shows memory from outside."""
    return array if array.flags.writeable else Shared(array, name)


def reopen(node: Node, kept: Shared | None) -> ndarray[Any, Any]:
    """A kept array that is not plainly there: check it, or say why it is gone."""
    if kept is None:
        raise GraphError(
            f"{node.rule.name}: the arrays kept for its gradient were released by an "
            "earlier backward pass; call backward(retain_graph=True) the first time, "
            "or record the computation again"
        )
    if not kept.unchanged():
        owner = getattr(node, f"{kept.name}_node", node)
        name = name_of(owner)
        called = f" ({name!r})" if name else ""
        raise GraphError(
            f"{node.rule.name}: operand {kept.name}{called} of shape "
            f"{kept.array.shape} was changed in place after the op had been recorded, "
            "so its gradient would be wrong; change a copy instead, or record the "
            "computation again"
        )
    return kept.copy


# --- results ---------------------------------------------------------------------


def bare(data: Any, node: Node | None = None) -> Tensor:
    """A Tensor around an array of the engine, which is not copied or checked."""
    result: Tensor = object.__new__(space["Tensor"])
    result._data = data if type(data) is ndarray else np.asarray(data)
    result._node = node
    return result


def as_tensor(op: str, value: object) -> Tensor:
    """An operand as a Tensor; one that shares memory where it was an array."""
    if isinstance(value, space["Tensor"]):
        return cast("Tensor", value)
    return bare(constant(op, value))


def node_of(value: Any) -> Leaf:
    """Give a constant Tensor its place in the graph, so that a picture shows it."""
    leaf = value._node = Leaf(value._data.shape, value._data.dtype)
    leaf.owner = weakref.ref(value)  # for pictures: an op may not keep the value
    return leaf
