"""All checks of one function, for the shell: at many points, and said in a few lines.

A `Checkup` draws the points, and its checks return what they have seen or raise what
is wrong. It prints nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tinygrad_jp.ops import Rule
from tinygrad_jp.tensor import Tensor
from tinygrad_jp.testing.contracts import check_module
from tinygrad_jp.testing.errors import GradientError
from tinygrad_jp.testing.gradcheck import Report, gradcheck
from tinygrad_jp.testing.inputs import Given, name_of
from tinygrad_jp.testing.mutation import rules_used
from tinygrad_jp.testing.parameters import is_module, parameters_of
from tinygrad_jp.testing.samples import DOMAINS, KINDS, Array, sample
from tinygrad_jp.testing.semantics import check_semantics
from tinygrad_jp.tree import leaves

ROUNDS = 2
"""So many points of each kind of numbers."""


class Checkup:
    """A function, and where to check it.

    Args:
        function: Of arrays; a module, with its parameters.
        shapes: Of the arrays; the first is the batch.
        labels: One more argument: a label below this number for each row.
        domain: Which numbers: a key of `samples.DOMAINS`.
        order: Of the derivatives.
        seed: Of all that is drawn.
        batch_axis: Where the rows lie.
        mixes_rows: Whether they are mixed on purpose.

    Raises:
        ValueError: The function does not take so many arrays, the batch has no such
            axis, or no domain is called so.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        shapes: Sequence[tuple[int, ...]],
        *,
        labels: int | None = None,
        domain: str = "real",
        order: int = 1,
        seed: int = 0,
        batch_axis: int = 0,
        mixes_rows: bool = False,
    ) -> None:
        self.function = function
        self.name = name_of(function)
        self.shapes = list(shapes)
        self.contract = getattr(function, "contract", None)
        self._labels = labels
        self._domain = domain
        self._order = order
        self._seed = seed
        self._axis = batch_axis
        self._mixes_rows = mixes_rows
        if domain not in DOMAINS:
            raise ValueError(f"no domain {domain!r}; there are {', '.join(DOMAINS)}")
        if not shapes:
            if self.contract is None:
                raise ValueError("needs --shape, such as --shape 8,3")
            return
        ndim = len(shapes[0])
        if (labels is not None or batch_axis) and not -ndim <= batch_axis < ndim:
            raise ValueError(f"shape {shapes[0]} has no batch axis {batch_axis}")
        self._demand_arguments(len(self._point("normal", 0)))

    def gradient(self) -> str:
        """Check the gradient at every point, and say what was seen.

        Raises:
            GradientError: It is wrong; says at which point.
        """
        reports: list[Report] = []
        outside: list[GradientError] = []
        kinked = 0
        for number, kind, arrays in self._points():
            try:
                report = self._at(arrays, number)
            except GradientError as error:
                if error.kind != "nonfinite":
                    error.args = (f"{error}\n(numbers drawn as {kind!r})",)
                    raise
                outside.append(error)
                continue
            reports.append(report)
            kinked += report.kinks > 0
        if not reports:
            raise outside[0]
        return _said(sum(reports[1:], reports[0]), kinked, len(outside))

    def memory(self) -> str:
        """Check that a gradient stays what it is when others are computed.

        Raises:
            GradientError: Its numbers changed: a vjp handed out an array that it keeps.
        """
        given = Given(self.name, self.function, self._point("normal", 0))
        first = self._gradients(given, 1.0)
        kept = [None if g is None else g.copy() for g in first]
        self._gradients(given, 2.0)
        for spot, now, before in zip(given.spots, first, kept):
            if now is None or before is None:
                continue
            if not np.array_equal(now, before, equal_nan=True):
                raise GradientError(
                    f"{self.name}: the gradient by {spot.label} changed when the "
                    "function was differentiated again: a vjp returns an array that "
                    "it writes to later; return a new one",
                    kind="writes",
                )
        return "each gradient has its own"

    def rules(self) -> list[Rule[Any]] | None:
        """The rules that the function runs; None where no shape was given."""
        if not self.shapes:
            return None
        given = Given(self.name, self.function, self._point("normal", 0))
        return rules_used(given.call(given.at, live=0).run)

    def meaning(self) -> tuple[str, ...]:
        """Check what the function does to a batch; returns the laws that hold.

        Raises:
            SemanticsError: A law is broken.
        """
        if self.contract is not None:
            x = self._point("normal", 0)[0] if self.shapes else None
            return check_module(self.function, x, seed=self._seed)
        batch, *others = self._point("normal", 0)
        data = {"labels": others.pop()} if self._labels is not None else {}

        def of_batch(x: Any, **given: Any) -> Any:
            floats = [other.astype(x.dtype) for other in others]
            return self.function(x, *floats, *given.values())

        of_batch.__name__ = self.name
        parameters = parameters_of(self.function) if is_module(self.function) else []
        return check_semantics(
            of_batch,
            batch,
            self._axis,
            data=data,
            mixes_rows=self._mixes_rows,
            keeps_dtype=all(p.dtype != np.float64 for _, p in parameters),
            seed=self._seed,
        )

    def _gradients(self, given: Given, factor: float) -> list[Any]:
        """The arrays that backward gives, for a cotangent of this size."""
        call = given.call(given.at, live=len(given.spots))
        with np.errstate(all="ignore"):
            for result in leaves(call.run()):
                if isinstance(result, Tensor) and result.requires_grad:
                    result.backward(np.full(result.shape, factor), retain_graph=True)
        return [None if t.grad is None else t.grad.data for t in call.tensors]

    def _at(self, arrays: list[Array], number: int) -> Report:
        """Check one point; there is no second derivative at a kink."""
        report = gradcheck(self.function, *arrays, seed=self._seed + number)
        if self._order > 1 and not report.kinks:
            seed = self._seed + number
            return gradcheck(self.function, *arrays, order=self._order, seed=seed)
        return report

    def _points(self) -> Iterator[tuple[int, str, list[Array]]]:
        kinds = [kind for _ in range(ROUNDS) for kind in KINDS]
        for number, kind in enumerate(kinds):
            yield number, kind, self._point(kind, number)

    def _point(self, kind: str, number: int) -> list[Array]:
        rng = np.random.default_rng([self._seed, number])
        arrays = [
            sample(rng, shape, domain=self._domain, kind=kind) for shape in self.shapes
        ]
        if self._labels is not None:
            rows = self.shapes[0][self._axis]
            arrays.append(rng.integers(0, self._labels, rows))
        return arrays

    def _demand_arguments(self, count: int) -> None:
        plain = getattr(self.function, "forward", self.function)
        try:
            signature = inspect.signature(plain)
        except (TypeError, ValueError):  # nobody knows
            return
        try:
            signature.bind(*range(count))
        except TypeError as error:
            arrays = "1 array" if count == 1 else f"{count} arrays"
            raise ValueError(
                f"{self.name}{signature} does not take {arrays} ({error}); write "
                "--shape once for each, and --labels for labels"
            ) from None


def _said(report: Report, kinked: int, outside: int) -> str:
    order = f" to order {report.order}" if report.order > 1 else ""
    points = f"{report.points} points" if report.points > 1 else "1 point"
    parts = [f"right{order} at {points}"]
    if kinked:
        parts.append(f"{kinked} of them at kinks")
    parts.append(f"{report.directions:,} directions")
    parts.append(f"worst error {report.worst:.2g} x tolerance")
    if outside:
        parts.append(f"{outside} more points left out, where it is inf or NaN")
    return ", ".join(parts)
