"""A run of a function, op by op: what each was given, and where that came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tinygrad_jp.errors.origin import Line, user_line
from tinygrad_jp.graph import Node
from tinygrad_jp.mode import Watcher, enable_grad
from tinygrad_jp.operands import settle
from tinygrad_jp.ops import Rule
from tinygrad_jp.record import watching
from tinygrad_jp.tensor import Tensor
from tinygrad_jp.testing.inputs import Given, name_of
from tinygrad_jp.testing.parameters import set_parameter
from tinygrad_jp.tree import leaves, paths


class Step(NamedTuple):
    """An op that ran.

    Attributes:
        rule: Which op.
        arrays: Its array operands, as they were then.
        sources: For each of them the number of the step that made it; -1, -2, ... for
            the first, second, ... leaf; None for a constant.
        live: Which of them take a gradient from it.
        keywords: All of its metadata.
        result: What came out.
        line: The user's line that called it.
    """

    rule: Rule[Any]
    arrays: tuple[Any, ...]
    sources: tuple[int | None, ...]
    live: tuple[bool, ...]
    keywords: dict[str, Any]
    result: Any
    line: Line | None


class Leaf(NamedTuple):
    """A Tensor of floating-point numbers among the inputs."""

    label: str
    array: Any
    tensor: Tensor


class Result(NamedTuple):
    """A Tensor that the function returns; `source` is as that of an operand."""

    place: str
    tensor: Tensor
    source: int | None


@dataclass(frozen=True)
class Recording:
    """A function's run: its leaves, its steps, its results."""

    name: str
    leaves: Sequence[Leaf]
    steps: Sequence[Step]
    results: Sequence[Result]


def record(fn: Callable[..., Any], inputs: Sequence[Any]) -> Recording:
    """Run a function once, on copies of its inputs in the dtypes that they have.

    Raises:
        TypeError: It returns something that is neither a Tensor nor a container of
            Tensors.
    """
    name = name_of(fn)
    given = _Typed(name, fn, inputs)
    call = given.call(given.at, live=len(given.spots))
    for tensor, dtype in zip(call.tensors, given.own_dtypes()):
        if tensor.dtype != dtype:
            set_parameter(tensor, tensor.data.astype(dtype))
    watcher = _Watcher(call.tensors)
    found = [
        Leaf(spot.label, tensor.data.copy(), tensor)
        for spot, tensor in zip(given.spots, call.tensors)
    ]
    with watching(watcher), enable_grad(), np.errstate(all="ignore"):
        value = call.run()
    results = leaves(value)
    for result in results or [value]:
        if not isinstance(result, Tensor):
            raise TypeError(
                f"{name}: must return a Tensor, or a tuple, list or dict of them, got "
                f"{type(result).__name__}"
            )
    places = [
        Result(place, result, watcher.source(result))
        for place, result in zip(paths(value, "result"), results)
    ]
    return Recording(name, found, watcher.steps, places)


class _Typed(Given):
    """What a function is given, with the dtypes that its numbers have."""

    def _add(self, label: str, argument: int | None, value: Any) -> None:
        super()._add(label, argument, value)
        kind = None if isinstance(value, float) else np.asarray(value).dtype
        self._dtypes: list[Any] = [*getattr(self, "_dtypes", []), kind]

    def own_dtypes(self) -> list[Any]:
        """A dtype for each spot; a Python float takes that of the others."""
        found = getattr(self, "_dtypes", [])
        known = [dtype for dtype in found if dtype is not None]
        weak = np.result_type(*known) if known else np.dtype(np.float64)
        return [weak if dtype is None else dtype for dtype in found]


class _Watcher(Watcher):
    """Notes every op, and which Tensor came out of which."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self.steps: list[Step] = []
        self._kept: list[Any] = []  # so that no id is given twice
        self._made: dict[int | Node, tuple[int, Any]] = {}
        for i, tensor in enumerate(tensors):
            self._note(tensor, -1 - i, tensor.data.copy())

    def _note(self, tensor: Tensor, number: int, array: Any) -> None:
        self._kept.append(tensor)
        self._made[id(tensor)] = number, array
        if tensor._node is not None:
            self._made[tensor._node] = number, array

    def source(self, operand: Any) -> int | None:
        """Which step or leaf an operand is from, if it still holds what that gave."""
        if not isinstance(operand, Tensor):
            return None
        found = self._made.get(id(operand))
        if found is None and operand._node is not None:
            found = self._made.get(operand._node)
        if found is None:
            return None
        number, array = found
        kept = np.array_equal(array, operand.data, equal_nan=array.dtype.kind == "f")
        return number if kept else None

    def ran(
        self,
        rule: Any,
        operands: tuple[Any, ...],
        keywords: Mapping[str, Any],
        result: Any,
    ) -> None:
        signature = rule.signature
        count = len(operands) if signature.variadic else len(signature.operands)
        given, by_position = operands[:count], operands[count:]
        arrays = [np.array(data) for data, _ in settle(rule.name, given)]
        recorded = result._node is not None and result._node.live
        vjps = rule.vjps * count if signature.variadic else rule.vjps
        live = [
            recorded and vjp is not None and _is_live(operand)
            for vjp, operand in zip(vjps, given)
        ]
        step = Step(
            rule,
            tuple(arrays),
            tuple([self.source(operand) for operand in given]),
            tuple(live),
            {
                **signature.defaults,
                **dict(zip(signature.keywords, by_position)),
                **keywords,
            },
            result.data.copy(),
            user_line(),
        )
        self._note(result, len(self.steps), step.result)
        self.steps.append(step)


def _is_live(operand: Any) -> bool:
    if not isinstance(operand, Tensor) or operand._node is None:
        return False
    return operand._node.live
