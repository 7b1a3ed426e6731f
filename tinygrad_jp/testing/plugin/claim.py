"""What a `@gradtest` claims of a function, checked at one point."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from tinygrad_jp.mode import no_grad
from tinygrad_jp.tensor import Tensor, asarray
from tinygrad_jp.testing.errors import GradientError, SemanticsError
from tinygrad_jp.testing.gradcheck import gradcheck
from tinygrad_jp.testing.inputs import name_of
from tinygrad_jp.testing.parameters import is_module, parameters_of
from tinygrad_jp.testing.plugin.signature import (
    Argument,
    Axis,
    Signature,
    SignatureError,
    lengths,
)
from tinygrad_jp.testing.semantics import check_semantics
from tinygrad_jp.testing.subject import Array, Law, data_axis
from tinygrad_jp.tree import leaves

NUMBERS = "'N,D in positive'"


class Fitted(NamedTuple):
    """A signature and the parameters of a function, in the function's order.

    Attributes:
        arguments: The arrays.
        names: The parameters that take them.
        rest: The other parameters that must be given: pytest's fixtures.
    """

    arguments: list[Argument]
    names: list[str]
    rest: list[str]


@dataclass(frozen=True)
class Claim:
    """A signature, and what else is said of a function; see `gradtest`."""

    signature: Signature
    order: int
    batch_axis: int | None
    mixes_rows: bool | None
    laws: tuple[Law, ...]
    without: tuple[str, ...]
    ties: Literal["shared", "any"]
    tolerance: float

    def fit(self, function: Any, parameters: Sequence[inspect.Parameter]) -> Fitted:
        """Find the parameters of a function that the signature speaks of.

        Raises:
            SignatureError: The function has no such parameter, or needs more arrays.
        """
        arguments = self.signature.arguments
        either = (inspect.Parameter.POSITIONAL_ONLY, _EITHER)
        found = [p.name for p in parameters if p.kind in either]
        if any(p.kind is p.VAR_POSITIONAL for p in parameters):
            found += [f"x{i}" for i in range(len(found), len(arguments))]
        found = [name for name in found if name != "self"]
        named = {argument.name for argument in arguments}
        free = iter([name for name in found if name not in named])
        names = [argument.name or next(free, None) for argument in arguments]
        first = found[: len(names)]
        for i, name in enumerate(names):
            if name not in first or names.index(name) != i:
                raise self._misfit(function, found, i)
        required = [
            p.name for p in parameters if p.default is p.empty and p.kind in _OWN
        ]
        rest = [name for name in required if name not in names]
        if rest and is_module(function):
            raise self._misfit(function, found, None)
        by_name = dict(zip(names, arguments))
        return Fitted([by_name[name] for name in first], first, rest)

    def _misfit(self, function: Any, found: list[str], i: int | None) -> SignatureError:
        """An error at the argument `i`, or behind the last one."""
        text = self.signature.text
        pieces = text.partition("->")[0].split(";")
        takes = f"{name_of(function)} takes {', '.join(found) or 'no array'}"
        if i is None:
            end = len(";".join(pieces).rstrip())
            return SignatureError(f"{takes}, more than is said here", text, end, end)
        start = sum([len(piece) + 1 for piece in pieces[:i]])
        start += len(pieces[i]) - len(pieces[i].lstrip())
        problem = f"{takes}, which leaves no place for this argument"
        return SignatureError(problem, text, start, start + len(pieces[i].strip()))

    def check(
        self,
        function: Callable[..., Any],
        arguments: Sequence[Argument],
        arrays: Mapping[str, Any],
    ) -> None:
        """Check one point.

        Args:
            function: Of Tensors.
            arguments: What it takes.
            arrays: What it gets, by the names of its parameters, in their order.

        Raises:
            GradientError: A gradient is wrong.
            SemanticsError: The meaning is.
            ValueError: The arrays do not fit the signature.
        """
        known: dict[Axis, Any] = {}
        for argument, (name, array) in zip(arguments, arrays.items()):
            wanted = lengths(argument.axes, np.shape(array), known)
            if wanted is not None:
                raise ValueError(
                    f"{name_of(function)}: {name} must have shape {_shown(wanted)}, "
                    f"as {self.signature.text!r} says, got {_shown(np.shape(array))}"
                )
        count = self._check_shapes(function, arrays, known)
        try:
            gradcheck(
                function,
                *arrays.values(),
                order=self.order,
                ties=self.ties,
                tolerance=self.tolerance,
                # Each call copies a module; many examples stand for many directions.
                every_element=False if _widths(function) else None,
            )
        except GradientError as error:
            if error.kind == "nonfinite":
                error.add_note(
                    f"The signature can say which numbers to draw, as in {NUMBERS}."
                )
            raise
        for number in range(count):
            self._check_meaning(function, arguments, arrays, known, number, count)

    def _check_shapes(
        self,
        function: Callable[..., Any],
        arrays: Mapping[str, Any],
        known: dict[Axis, Any],
    ) -> int:
        """Compare the results' shapes with the signature; tell how many they are."""
        own = deepcopy(function) if is_module(function) else function
        with no_grad(), np.errstate(all="ignore"):
            results = leaves(own(*map(_given, arrays.values())))
        name, wanted = name_of(function), self.signature.results
        if wanted is None:
            return len(results)
        if len(results) != len(wanted):
            raise SemanticsError(
                f"{name}: returns {len(results)} results, and {self.signature.text!r} "
                f"names {len(wanted)}",
                "signature",
            )
        for axes, result in zip(wanted, results):
            shape = lengths(axes, np.shape(result), dict(known))
            if shape is not None:
                came = ", ".join(
                    [f"{k} {_shown(np.shape(a))}" for k, a in arrays.items()]
                )
                raise SemanticsError(
                    f"{name}: returns shape {_shown(np.shape(result))} for {came}; "
                    f"{self.signature.text!r} says {_shown(shape)}",
                    "signature",
                )
        return len(results)

    def _check_meaning(
        self,
        function: Callable[..., Any],
        arguments: Sequence[Argument],
        arrays: Mapping[str, Any],
        known: Mapping[Axis, Any],
        number: int,
        count: int,
    ) -> None:
        """Check one of the results along the axis of the batch, if there is one."""
        axis = self.batch_axis
        batch, *others = arrays.values()
        row = _axis_of(arguments[0], axis)
        if axis is None or not isinstance(row, (str, type(...))) or not known.get(row):
            return
        if batch.dtype.kind != "f" and len(np.unique(batch, axis=axis)) == 1:
            return  # of labels that are all equal nothing can be learned
        mixes = self.mixes_rows
        if mixes is None:
            results = self.signature.results
            mixes = results is not None and row not in results[number]
        own = deepcopy(function) if is_module(function) else function
        moving, names = {}, list(arrays)
        for argument, name, array in zip(arguments[1:], names[1:], others):
            if _axis_of(argument, data_axis(np.ndim(array), axis)) == row:
                moving[name] = _given(array)

        def rows(x: Tensor, **data: Any) -> Any:
            given = [data.get(name, arrays[name]) for name in names[1:]]
            results = own(x, *[_like(array, x) for array in given])
            return leaves(results)[number] if count > 1 else results

        rows.__name__ = name_of(function)
        check_semantics(
            rows,
            batch,
            axis,
            data=moving,
            mixes_rows=mixes,
            keeps_dtype=np.float64 not in _widths(function),
            laws=self.laws,
            without=self.without,
        )


_EITHER = inspect.Parameter.POSITIONAL_OR_KEYWORD
_OWN = (inspect.Parameter.POSITIONAL_ONLY, _EITHER, inspect.Parameter.KEYWORD_ONLY)


def _axis_of(argument: Argument, axis: int | None) -> Axis | None:
    """What stands at an axis; None where nothing does."""
    axes = argument.axes
    inside = axis is not None and -len(axes) <= axis < len(axes)
    return axes[axis] if inside and axis is not None else None


def _given(array: Array) -> Any:
    """Numbers as a Tensor; labels and masks as they are."""
    return asarray(array) if np.asarray(array).dtype.kind == "f" else array


def _like(array: Any, x: Tensor) -> Any:
    """Numbers in the dtype of the batch."""
    if np.asarray(array).dtype.kind != "f" or x.dtype.kind != "f":
        return array
    return asarray(np.asarray(array).astype(x.dtype))


def _widths(function: Any) -> set[Any]:
    """The dtypes of a module's parameters; of float64 ones, a float32 batch widens."""
    owner = getattr(function, "__self__", function)
    found = parameters_of(owner) if is_module(owner) else []
    return {parameter.dtype for _, parameter in found}


def _shown(shape: tuple[Any, ...]) -> str:
    sides = ", ".join([str(side) for side in shape])
    return f"({sides},)" if len(shape) == 1 else f"({sides})"
