"""What a function is given: its numbers as one vector, and a fresh call from any other.

Inputs may be Tensors, arrays, floats, modules (whatever has `named_parameters()` or
`parameters()`), and tuples, lists and dicts of all these. `Given` finds every
floating-point number in them, and makes a `Call` with any other numbers in their
places. A call gets copies of everything: neither a function that writes to what it
gets, nor a module that counts its calls, changes anything for the caller or the next.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from tinygrad_jp.ops import Rule
from tinygrad_jp.tensor import Tensor
from tinygrad_jp.testing.parameters import (
    is_module,
    is_parameter,
    parameters_of,
    set_parameter,
)
from tinygrad_jp.testing.slopes import Vector
from tinygrad_jp.tree import leaves, paths, rebuild

Function: TypeAlias = Callable[..., Any]
_Role: TypeAlias = Literal["module", "point", "data"]


class Spot(NamedTuple):
    """A floating-point Tensor among what a function gets.

    Attributes:
        label: What errors call it: ``x``, ``params["W"]``, ``W of layer1``.
        argument: Which argument it is in; None for a parameter of the function itself.
        point: Its numbers, as float64.
    """

    label: str
    argument: int | None
    point: Any


class Call(NamedTuple):
    """A function and its arguments, ready to be called once.

    Attributes:
        function: The function, or its copy, if it is a module.
        arguments: What to call it with.
        tensors: The Tensor of each spot.
    """

    function: Function
    arguments: list[Any]
    tensors: list[Tensor]

    def run(self) -> Any:
        """Make the call."""
        return self.function(*self.arguments)


class Given:
    """A function and its inputs, taken apart.

    Args:
        name: What errors call the function.
        fn: The function; a module, or a method of one, brings its parameters along.
        inputs: As on this page's head. Whatever holds no floating-point numbers is
            data: copied, where it is an array or a random generator, and passed on.
        labels: What errors call the inputs; the function's parameters by default.

    Attributes:
        spots: Where the floating-point numbers are.
        at: All of them as one vector.

    Raises:
        TypeError: A module's parameter is not a Tensor or not a leaf, or the module
            cannot be copied.
    """

    def __init__(
        self,
        name: str,
        fn: Function,
        inputs: Sequence[Any],
        labels: Sequence[str] | None = None,
    ) -> None:
        self.name = name
        self._fn = fn
        self._inputs = list(inputs)
        self._labels = labels or _labels(fn, len(inputs))
        self._owner = _owner(fn)
        self._modules = [] if self._owner is None else [self._owner]
        self._modules += [x for tree in inputs for x in leaves(tree) if is_module(x)]
        self.spots: list[Spot] = []
        self._met: set[int] = set()
        if self._owner is not None:
            self._add_parameters(self._owner, "", None)
        self._leaves: list[list[tuple[_Role, Any]]] = []
        for i, (tree, label) in enumerate(zip(self._inputs, self._labels)):
            self._leaves.append([(_role(leaf), leaf) for leaf in leaves(tree)])
            for path, (role, leaf) in zip(paths(tree, label), self._leaves[i]):
                if role == "module":
                    self._add_parameters(leaf, path, i)
                elif role == "point":
                    self._add(path, i, leaf)

    def _add(self, label: str, argument: int | None, value: Any) -> None:
        self.spots.append(Spot(label, argument, np.array(value, dtype=np.float64)))

    def _add_parameters(self, module: Any, path: str, argument: int | None) -> None:
        for name, parameter in parameters_of(module):
            if id(parameter) in self._met:  # shared with a module before
                continue
            self._met.add(id(parameter))
            layer, _, last = name.rpartition(".")
            home = ".".join([part for part in (path, layer) if part])
            label = f"{last} of {home or type(module).__name__}"
            if not isinstance(parameter, Tensor) or not parameter.is_leaf:
                kind = type(parameter).__name__
                came = "a result" if isinstance(parameter, Tensor) else f"a {kind}"
                raise TypeError(
                    f"{self.name}: {label} must be a leaf Tensor, got {came}"
                )
            if is_parameter(parameter):
                self._add(label, argument, parameter)

    @property
    def at(self) -> Vector:
        """The floating-point inputs as one vector."""
        return strung([spot.point for spot in self.spots])

    def kinds(self) -> str:
        """What the inputs are, for an error that there is nothing to differentiate."""
        return ", ".join([type(x).__name__ for x in self._inputs]) or "no input"

    def extended(self, points: Sequence[Any], labels: Sequence[str]) -> Given:
        """The same with more points, which are no arguments of the function."""
        more = copy.copy(self)
        last = len(self._inputs)
        new = [Spot(n, last + i, x) for i, (n, x) in enumerate(zip(labels, points))]
        more.spots = [*self.spots, *new]
        return more

    def call(self, at: Vector, *, live: int) -> Call:
        """A call with other numbers; the first `live` Tensors record what is done.

        A module's parameters always do.
        """
        pieces = iter(self._split(at))
        tensors: list[Tensor] = []
        modules = iter(self._copied_modules())

        def next_tensor() -> Tensor:
            tensor = Tensor(next(pieces), requires_grad=len(tensors) < live)
            tensors.append(tensor)
            return tensor

        def filled(module: Any) -> Any:
            before = {id(tensor) for tensor in tensors}
            for _, parameter in parameters_of(module):
                if is_parameter(parameter) and id(parameter) not in before:
                    set_parameter(parameter, next(pieces))
                    tensors.append(parameter)
            return module

        def made(role: _Role, leaf: Any) -> Any:
            if role == "module":
                return filled(next(modules))
            return next_tensor() if role == "point" else _copied(leaf)

        function = self._fn
        if self._owner is not None:
            function = filled(next(modules))
            if isinstance(self._fn, MethodType):
                function = MethodType(self._fn.__func__, function)
        arguments = [
            rebuild(tree, [made(*leaf) for leaf in found])
            for tree, found in zip(self._inputs, self._leaves)
        ]
        tensors += [
            Tensor(piece, requires_grad=len(tensors) < live) for piece in pieces
        ]
        return Call(function, arguments, tensors)

    def changed(self, call: Call, at: Vector) -> str | None:
        """What a call has written to, as errors call it; None where it is nothing."""
        for spot, tensor, piece in zip(self.spots, call.tensors, self._split(at)):
            if not np.array_equal(piece, tensor.data):
                if spot.argument is None:
                    return f"its own parameter {spot.label}"
                return f"its argument {spot.argument} ({spot.label})"
        handed = {id(tensor) for tensor in call.tensors}
        for i, label in enumerate(self._labels[: len(self._inputs)]):
            after = leaves(call.arguments[i])
            before = self._leaves[i]
            same = len(before) == len(after) and all(
                id(there) in handed if role == "point" else _same(here, there)
                for (role, here), there in zip(before, after)
            )
            if not same:
                return f"its argument {i} ({label})"
        return None

    def _split(self, at: Vector) -> list[Any]:
        pieces = []
        start = 0
        for _, _, point in self.spots:
            pieces.append(at[start : start + point.size].reshape(point.shape))
            start += point.size
        return pieces

    def _copied_modules(self) -> Any:
        if not self._modules:
            return []
        try:
            return copy.deepcopy(self._modules)  # at once: what they share stays shared
        except Exception as error:
            kinds = ", ".join([type(module).__name__ for module in self._modules])
            raise TypeError(
                f"{self.name}: needs copies of its modules ({kinds}), because a check "
                f"moves their parameters; copy.deepcopy failed: {error}"
            ) from error


def name_of(fn: Function) -> str:
    """What errors call a function, or an object that is called like one."""
    return str(getattr(fn, "__name__", type(fn).__name__))


def strung(arrays: Sequence[Any]) -> Vector:
    """All elements of several arrays in one float64 vector."""
    flat = [array.reshape(-1) for array in arrays] or [np.empty(0)]
    return np.concatenate(flat, dtype=np.float64)


def _owner(fn: Function) -> Any:
    """The module that a function is, or is a method of."""
    if isinstance(fn, MethodType):
        return fn.__self__ if is_module(fn.__self__) else None
    return fn if is_module(fn) else None


def _role(leaf: Any) -> _Role:
    if is_module(leaf):
        return "module"
    return "point" if _is_point(leaf) else "data"


def _is_point(value: Any) -> bool:
    """Whether it holds floating-point numbers to differentiate by."""
    if isinstance(value, (tuple, list)):  # of numbers: one array
        return np.asarray(value).dtype.kind == "f"
    if isinstance(value, (Tensor, np.ndarray)):
        return bool(value.dtype.kind == "f")
    return isinstance(value, (float, np.floating))


def _copied(value: Any) -> Any:
    """Data for one call, so that a function that changes it spoils no other."""
    if isinstance(value, Tensor):
        return Tensor(value)
    if isinstance(value, (np.ndarray, np.random.Generator)):
        return copy.deepcopy(value)
    return value


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, (Tensor, np.ndarray)):
        return np.array_equal(np.asarray(before), np.asarray(after))
    return True


def _labels(fn: Function, count: int) -> list[str]:
    """The names of a function's positional parameters, as far as they are known."""
    inner = isinstance(fn, Rule) or is_module(fn)
    plain = getattr(fn, "forward", fn) if inner else fn
    try:
        signature = inspect.signature(plain)
    except (TypeError, ValueError):  # some builtins have none
        signature = inspect.Signature()
    names = [
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.kind
        in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    return [*names, *(f"input {i}" for i in range(len(names), count))]
