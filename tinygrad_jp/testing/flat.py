"""A function of Tensors, seen as a function from one vector of numbers to another.

`FlatFunction` strings all floating-point inputs together to one float64 vector and
all results to another, so that a checker need not know of arguments and shapes. It
also finds what makes a function impossible to check: results that no gradient can
reach, results that change from call to call, inputs that are written to.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import numpy as np

from tinygrad_jp.debug import detect_anomaly
from tinygrad_jp.errors import GraphError, NonFiniteError
from tinygrad_jp.graph import walk
from tinygrad_jp.tensor import Tensor
from tinygrad_jp.testing.errors import GradientError
from tinygrad_jp.testing.inputs import Call, Function, Given, name_of, strung
from tinygrad_jp.testing.slopes import Vector
from tinygrad_jp.tree import leaves, paths

__all__ = ["FlatFunction", "name_of", "others_untouched"]


class FlatFunction:
    """A function and a point at which to look at it.

    Args:
        fn: A function of Tensors that returns a Tensor, or a container of them.
        inputs: What it is called with; see `inputs.py`.
        name: What errors call the function; its own name where it is None.
        labels: What errors call the inputs; the function's parameters by default.

    Attributes:
        at: The floating-point inputs as one vector.
        given: Where each of them comes from.
        order: 1; that of a `Derivative` is higher.
        shapes: The shapes of the results.
        places: What errors call each result.
        precision: Relative spacing of the results' numbers.
        value: The results at this point as one vector.
        cut: The results, by number, that no gradient can flow back from.
        seconds: How long one call takes.

    Raises:
        TypeError: No input is of floating-point numbers.
        ValueError: An input is not finite.
        GradientError: The function cannot be checked; it says why.
    """

    order = 1

    def __init__(
        self,
        fn: Function,
        inputs: Sequence[Any],
        *,
        name: str | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        name = name or name_of(fn)
        self.begin(name, Given(name, fn, inputs, labels))

    def begin(self, name: str, given: Given) -> None:
        """Look at the function at its point for the first time."""
        self.name = name
        self.given = given
        if not given.spots:
            raise TypeError(
                f"{name}: needs at least one input of floating-point numbers "
                f"to differentiate by, got {given.kinds()}; write 2.0 for 2"
            )
        self.at = given.at
        if not np.isfinite(self.at).all():
            raise ValueError(f"{name}: the inputs must be finite, got inf or NaN")
        results = self._look()
        self.shapes = [result.shape for result in results]
        self.value = strung([result.data for result in results])
        self.precision = max(float(np.finfo(r.dtype).eps) for r in results)
        self.cut = [i for i, r in enumerate(results) if not r.requires_grad]
        self._look_again()

    def values(self, at: Vector) -> Vector:
        """The results at another point; what they warn of there is not ours."""
        with np.errstate(all="ignore"):
            results = self.run(self.given.call(at, live=self.least_live()))
        if [result.shape for result in results] != self.shapes:
            raise GradientError(
                f"{self.name}: the results' shapes changed from {self.shapes} to "
                f"{[r.shape for r in results]} when the inputs moved a little",
                kind="shapes",
            )
        return strung([result.data for result in results])

    def gradient(self, cotangent: Vector) -> Vector:
        """What backward says for a cotangent of the results.

        Raises:
            GradientError: Backward fails.
        """
        grads = self.gradients(cotangent)
        points = [spot.point for spot in self.given.spots]
        return strung(
            [np.zeros(p.shape) if g is None else g for p, g in zip(points, grads)]
        )

    def gradients(self, cotangent: Vector) -> list[Any]:
        """The same, spot by spot; None where no gradient arrives at all."""
        call = self.given.call(self.at, live=len(self.given.spots))
        results = self.run(call, recorded=True)
        with others_untouched(results, call.tensors):
            try:
                for result, piece in zip(results, self.cotangents(cotangent)):
                    if result.requires_grad:
                        result.backward(piece, retain_graph=True)
            except GraphError as error:
                raise GradientError(
                    f"{self.name}: backward failed: {error}", kind="backward"
                ) from error
            grads = [tensor.grad for tensor in call.tensors]
        return [None if grad is None else grad.data for grad in grads]

    def cotangents(self, cotangent: Vector) -> list[Any]:
        """One array for each result, from all of them in one vector."""
        sizes = [int(np.prod(shape)) for shape in self.shapes]
        pieces = np.split(cotangent, np.cumsum(sizes)[:-1])
        return [p.reshape(shape) for p, shape in zip(pieces, self.shapes)]

    def place(self, element: int) -> tuple[int, tuple[int, ...]]:
        """Spot and index of an element of the input vector."""
        return _place(element, [spot.point.shape for spot in self.given.spots])

    def written(self, element: int) -> str:
        """How to write an element of the inputs, such as ``x[1, 2] (argument 0)``."""
        number, index = self.place(element)
        spot = self.given.spots[number]
        source = "" if spot.argument is None else f" (argument {spot.argument})"
        return f"{spot.label}{_brackets(index)}{source}"

    def result_place(self, element: int) -> str:
        """How to write an element of the result vector."""
        number, index = _place(element, self.shapes)
        return self.places[number] + _brackets(index)

    def result_number(self, element: int) -> int:
        """Which result an element of the result vector is in."""
        number, _ = _place(element, self.shapes)
        return number

    def moved_to(self, at: Vector) -> FlatFunction:
        """The same function at another point, where it has results of these shapes."""
        moved = copy.copy(self)
        moved.at = at
        moved.value = moved.values(at)
        return moved

    @property
    def innermost(self) -> FlatFunction:
        """The function that the user gave."""
        return self

    def run(self, call: Call, *, recorded: bool = False) -> list[Tensor]:
        """Make a call, and list the Tensors that it returns.

        `recorded` says that they shall be differentiated.
        """
        value = call.run()
        self.places = paths(value, "result")
        results = leaves(value)
        for result in results or [value]:
            if not isinstance(result, Tensor):
                raise GradientError(
                    f"{self.name}: must return a Tensor, or a tuple, list or dict of "
                    f"them, got {type(result).__name__}; an array or a number is cut "
                    "off from the inputs",
                    kind="detached",
                )
        return results

    def least_live(self) -> int:
        """How many of the inputs must record what is done, to get the results."""
        return 0

    def _look(self) -> list[Tensor]:
        """Run it once as it will be differentiated, and look at what comes out."""
        call = self.given.call(self.at, live=len(self.given.spots))
        with np.errstate(all="ignore"):  # `gradient` shows what it warns of here
            results = self.run(call, recorded=True)
        changed = self.given.changed(call, self.at)
        if changed is not None:
            raise GradientError(
                f"{self.name}: writes to {changed}; work on a copy", kind="writes"
            )
        for place, result in zip(self.places, results):
            if result.dtype.kind != "f":
                raise GradientError(
                    f"{self.name}: {place} is {result.dtype}, and only floating-point "
                    "results have a gradient",
                    kind="integer",
                )
            if not np.isfinite(result.data).all():
                raise GradientError(
                    f"{self.name}: {place} holds inf or NaN at this point, where there "
                    f"is no slope to compare with{self._first_nonfinite()}",
                    kind="nonfinite",
                )
        self.demand_graph(results)
        return results

    def demand_graph(self, results: Sequence[Tensor]) -> None:
        """Refuse results of which none can be differentiated."""
        if not any(result.requires_grad for result in results):
            raise GradientError(
                f"{self.name}: no gradient can flow back from the result: it is cut "
                "off from the inputs (by detach(), .data, no_grad() or a rule without "
                "vjp), or does not use them",
                kind="detached",
            )

    def _first_nonfinite(self) -> str:
        """Which op made the first number that is not finite."""
        call = self.given.call(self.at, live=len(self.given.spots))
        try:
            with detect_anomaly(), np.errstate(all="ignore"):
                self.run(call, recorded=True)
        except NonFiniteError as error:
            return f"; the first is of\n{error}"
        return ""

    def _look_again(self) -> None:
        """Find out whether the same input gives the same result."""
        start = perf_counter()
        again = self.values(self.at)
        self.seconds = perf_counter() - start
        rounding = 1e-12 * float(np.abs(self.value).max(initial=0.0))
        if not np.allclose(again, self.value, rtol=1e-10, atol=rounding):
            worst = int(np.abs(again - self.value).argmax())
            raise GradientError(
                f"{self.name}: not deterministic: {self.result_place(worst)} was "
                f"{self.value[worst]:.6g} and then {again[worst]:.6g} for the same "
                "input; take the random generator as an argument (each call gets a "
                "copy of it), or make one of a fixed seed inside",
                kind="random",
            )


@contextmanager
def others_untouched(
    results: Sequence[Tensor], ours: Sequence[Tensor]
) -> Iterator[None]:
    """Let backward leave no gradient in Tensors that a function brought along."""
    known = {id(tensor) for tensor in ours}
    owners = []
    for node in walk([r._node for r in results if r._node is not None]):
        owner = getattr(node, "owner", None)
        tensor = owner() if owner is not None and node.live else None
        if tensor is not None and id(tensor) not in known:
            owners.append((tensor, tensor.grad))
    try:
        yield
    finally:
        for tensor, grad in owners:
            tensor.grad = grad


def _place(
    element: int, shapes: Sequence[tuple[int, ...]]
) -> tuple[int, tuple[int, ...]]:
    """Which array holds an element of all of them strung together, and where."""
    for number, shape in enumerate(shapes):
        size = int(np.prod(shape))
        if element < size:
            index = np.unravel_index(element, shape)
            return number, tuple([int(i) for i in index])
        element -= size
    raise IndexError(element)


def _brackets(index: tuple[int, ...]) -> str:
    return f"[{', '.join(str(i) for i in index)}]" if index else ""
