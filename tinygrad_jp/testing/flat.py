"""A function of Tensors, seen as a function from one vector of numbers to another.

`FlatFunction` strings all floating-point inputs together to one float64 vector and
all results to another, so that a checker need not know of arguments and shapes. It
also finds what makes a function impossible to check: results that no gradient can
reach, results that change from call to call, inputs that are written to.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_jp.errors import GraphError
from tinygrad_jp.mode import enable_grad
from tinygrad_jp.ops import Rule
from tinygrad_jp.tensor import Tensor
from tinygrad_jp.testing.errors import GradientError
from tinygrad_jp.testing.slopes import Vector, signs

Function = Callable[..., Any]


class FlatFunction:
    """A function and a point at which to look at it.

    Args:
        fn: A function of Tensors that returns a Tensor, or several.
        inputs: Tensors, arrays and floats, which are copied as float64; whatever
            else there is, integer arrays among it, is passed through as data.
        name: What errors call the function; its own name where it is None.
        labels: What errors call the inputs; the function's parameters by default.

    Attributes:
        at: The floating-point inputs as one vector.
        shapes: The shapes of the results.
        precision: Relative spacing of the results' numbers.
        value: The results at this point as one vector.

    Raises:
        TypeError: No input is of floating-point numbers.
        GradientError: The function cannot be checked; it says why.
    """

    def __init__(
        self,
        fn: Function,
        inputs: Sequence[Any],
        *,
        name: str | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        self.fn = fn
        self.name = name or name_of(fn)
        self.labels = labels or _labels(fn, len(inputs))
        floats = [_as_float64(value) for value in inputs]
        self._inputs = inputs
        self._points = {i: a for i, a in enumerate(floats) if a is not None}
        if not self._points:
            kinds = ", ".join(type(value).__name__ for value in inputs) or "no input"
            raise TypeError(
                f"{self.name}: needs at least one input of floating-point numbers "
                f"to differentiate by, got {kinds}; write 2.0 for 2"
            )
        self.at = _strung(list(self._points.values()))
        if not np.isfinite(self.at).all():
            raise ValueError(f"{self.name}: the inputs must be finite, got inf or NaN")
        results = self._look()
        self.shapes = [result.shape for result in results]
        self.value = _strung([result.data for result in results])
        self.precision = max(float(np.finfo(r.dtype).eps) for r in results)
        self._look_again()

    def values(self, at: Vector) -> Vector:
        """The results at another point; what they warn of there is not ours."""
        with np.errstate(all="ignore"):
            results = _results(self.name, self.fn(*self._arguments(at)))
        if [result.shape for result in results] != self.shapes:
            raise GradientError(
                f"{self.name}: the results' shapes changed from {self.shapes} to "
                f"{[r.shape for r in results]} when the inputs moved a little"
            )
        return _strung([result.data for result in results])

    def gradient(self, cotangent: Vector) -> Vector:
        """What backward says for a cotangent of the results.

        Raises:
            GradientError: Backward fails.
        """
        arguments = self._arguments(self.at, requires_grad=True)
        results = _results(self.name, self.fn(*arguments))
        try:
            for result, piece in zip(results, self.cotangents(cotangent)):
                if result.requires_grad:
                    result.backward(piece, retain_graph=True)
        except GraphError as error:
            raise GradientError(f"{self.name}: backward failed: {error}") from error
        grads = [arguments[i].grad for i in self._points]
        return _strung(
            [
                np.zeros(point.shape) if grad is None else grad.data
                for point, grad in zip(self._points.values(), grads)
            ]
        )

    def cotangents(self, cotangent: Vector) -> list[Any]:
        """One array for each result, from all of them in one vector."""
        sizes = [int(np.prod(shape)) for shape in self.shapes]
        pieces = np.split(cotangent, np.cumsum(sizes)[:-1])
        return [p.reshape(shape) for p, shape in zip(pieces, self.shapes)]

    def place(self, element: int) -> tuple[int, tuple[int, ...]]:
        """Argument and index of an element of the input vector."""
        for argument, point in self._points.items():
            if element < point.size:
                index = np.unravel_index(element, point.shape)
                return argument, tuple(int(i) for i in index)
            element -= point.size
        raise IndexError(element)

    def result_place(self, element: int) -> str:
        """How to write an element of the result vector."""
        for number, shape in enumerate(self.shapes):
            size = int(np.prod(shape))
            if element < size:
                index = ", ".join(str(i) for i in np.unravel_index(element, shape))
                which = "result" if len(self.shapes) == 1 else f"result {number}"
                return f"{which}[{index}]" if shape else which
            element -= size
        raise IndexError(element)

    def derivative(self, rng: np.random.Generator) -> FlatFunction:
        """The function of inputs and cotangents that backward computes.

        Checking its gradient checks second derivatives. The cotangents are random.
        """
        cotangents = self.cotangents(signs(rng, self.value.shape))
        inputs = [self._points.get(i, x) for i, x in enumerate(self._inputs)]
        numbers = [""] if len(cotangents) == 1 else range(len(cotangents))
        return FlatFunction(
            _derivative(self.name, self.fn, len(inputs)),
            [*inputs, *cotangents],
            name=f"gradient of {self.name}",
            labels=[*self.labels, *(f"cotangent {n}".strip() for n in numbers)],
        )

    def _arguments(self, at: Vector, *, requires_grad: bool = False) -> list[Any]:
        arguments = []
        start = 0
        for i, value in enumerate(self._inputs):
            if i in self._points:
                point = self._points[i]
                piece = at[start : start + point.size].reshape(point.shape)
                arguments.append(Tensor(piece, requires_grad=requires_grad))
                start += point.size
            else:
                arguments.append(_copied(value))
        return arguments

    def _look(self) -> list[Tensor]:
        """Run it once as it will be differentiated, and look at what comes out."""
        arguments = self._arguments(self.at, requires_grad=True)
        results = _results(self.name, self.fn(*arguments))
        for i, before in enumerate(self._inputs):
            after = arguments[i]
            before = self._points.get(i, before)
            if _is_array(before) and not _same(before, after):
                raise GradientError(
                    f"{self.name}: writes to its argument {i} ({self.labels[i]}); "
                    "work on a copy"
                )
        for result in results:
            if result.dtype.kind != "f":
                raise GradientError(
                    f"{self.name}: returns {result.dtype}, and only floating-point "
                    "results have a gradient"
                )
            if not np.isfinite(result.data).all():
                raise GradientError(
                    f"{self.name}: the result holds inf or NaN at this point, where "
                    "there is no slope to compare with"
                )
        if not any(result.requires_grad for result in results):
            raise GradientError(
                f"{self.name}: no gradient can flow back from the result: it is cut "
                "off from the inputs (by detach(), .data, no_grad() or a rule without "
                "vjp), or does not use them"
            )
        return results

    def _look_again(self) -> None:
        """Find out whether the same input gives the same result."""
        again = self.values(self.at)
        rounding = 1e-12 * float(np.abs(self.value).max(initial=0.0))
        if not np.allclose(again, self.value, rtol=1e-10, atol=rounding):
            worst = np.abs(again - self.value).argmax()
            raise GradientError(
                f"{self.name}: not deterministic: {self.result_place(int(worst))} was "
                f"{self.value[worst]:.6g} and then {again[worst]:.6g} for the same "
                "input; give it a random generator of a fixed seed"
            )


def name_of(fn: Function) -> str:
    """What errors call a function, or an object that is called like one."""
    return str(getattr(fn, "__name__", type(fn).__name__))


def _derivative(name: str, fn: Function, count: int) -> Function:
    """Make the function that runs `fn` on its first `count` inputs, and backward."""

    def derivative(*given: Any) -> list[Tensor]:
        leaves = [_leaf(value) for value in given[:count]]
        recorded = any(_is_live(value) for value in given)
        with enable_grad():
            for result, g in zip(_results(name, fn(*leaves)), given[count:]):
                if result.requires_grad:
                    result.backward(g, create_graph=recorded, retain_graph=True)
        grads = []
        for leaf in leaves:
            if _is_live(leaf):
                zero = Tensor(np.zeros(leaf.shape))
                grads.append(zero if leaf.grad is None else leaf.grad)
                leaf.grad = None  # the outer backward pass will add to it
        return grads

    return derivative


def _leaf(value: Any) -> Any:
    """An input that backward can leave a gradient in."""
    if isinstance(value, Tensor) and value.dtype.kind == "f" and not _is_live(value):
        return Tensor(value, requires_grad=True)
    return value


def _is_live(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad


def _is_array(value: Any) -> bool:
    return isinstance(value, (Tensor, np.ndarray))


def _same(before: Any, after: Any) -> bool:
    return np.array_equal(np.asarray(before), np.asarray(after))


def _copied(value: Any) -> Any:
    """Data for one call, so that a function that writes to it spoils no other."""
    if isinstance(value, Tensor):
        return Tensor(value)
    return value.copy() if isinstance(value, np.ndarray) else value


def _as_float64(value: Any) -> Any:
    """A copy to differentiate by; None where the value is data."""
    if isinstance(value, (float, np.floating)) or (
        _is_array(value) and value.dtype.kind == "f"
    ):
        return np.array(value, dtype=np.float64)
    return None


def _labels(fn: Function, count: int) -> list[str]:
    """The names of a function's positional parameters, as far as they are known."""
    try:
        signature = inspect.signature(fn.forward if isinstance(fn, Rule) else fn)
    except (TypeError, ValueError):  # some builtins have none
        signature = inspect.Signature()
    plain = [
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.kind
        in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    return [*plain, *(f"input {i}" for i in range(len(plain), count))]


def _results(name: str, value: Any) -> list[Tensor]:
    """The Tensors that a function returned, one by one."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, (tuple, list)) or not value:
        raise GradientError(
            f"{name}: must return a Tensor, or a tuple, list or dict of them, got "
            f"{type(value).__name__}; an array or a number is cut off from the inputs"
        )
    return [result for part in value for result in _results(name, part)]


def _strung(arrays: Sequence[Any]) -> Vector:
    """All elements of several arrays in one float64 vector."""
    return np.concatenate([np.ravel(a) for a in arrays]).astype(np.float64, copy=False)
