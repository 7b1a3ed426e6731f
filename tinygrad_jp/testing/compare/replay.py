"""A whole recording, run again in the other library: plainly, held to ours, or shaken.

How much may roundings add up to? That is measured: the other library runs again with
every operand multiplied by ``1 + h``, h drawn at random. What moves by D there moves by
``D / h`` times an ulp when each of them is off by an ulp; and each op may be off by as
many as it was allowed. Where an op's roundings are no ulps of its result, they are
taken from its own scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_jp.testing.compare.backend import Backend, Ran, applied
from tinygrad_jp.testing.compare.nodes import Checked, widened
from tinygrad_jp.testing.compare.recorded import Recording
from tinygrad_jp.testing.compare.scale import (
    AS_COTANGENT,
    MATRICES,
    OF_ONES,
    larger,
)

TRIES = 8
"""How often all values are moved."""

ROUGH = {*AS_COTANGENT, *MATRICES, *OF_ONES}
"""Rules that are off by more than ulps of their own result and its gradient."""


class Replay:
    """All steps in the other library, in float64, each on what came before."""

    def __init__(self, recording: Recording, backend: Backend) -> None:
        self.recording = recording
        self.backend = backend

    def run(self, gs: Sequence[Any]) -> Ran:
        """The results, and for cotangents of them the gradients by all leaves."""
        arrays = [widened(leaf.array) for leaf in self.recording.leaves]
        wide = [None if g is None else widened(g) for g in gs]
        return self.backend.run(self._all, arrays, [True] * len(arrays), wide)

    def _all(self, leaves: list[Any]) -> list[Any]:
        made: list[Any] = []

        def taken(source: int | None, array: Any) -> Any:
            if source is None:
                return self.backend.constant(widened(array))
            value = made[source] if source >= 0 else leaves[-1 - source]
            return self.taken(value, array)

        for place, step in enumerate(self.recording.steps):
            operands = [taken(*pair) for pair in zip(step.sources, step.arrays)]
            value = applied(step, self.backend, operands)
            made.append(self.made(place, value, operands))
        return [taken(r.source, r.tensor.data) for r in self.recording.results]

    def taken(self, value: Any, array: Any) -> Any:
        """What an op gets for a value; `array` is what ours got."""
        return value

    def made(self, place: int, value: Any, operands: list[Any]) -> Any:
        """What goes on as the result of a step."""
        return value


class Held(Replay):
    """The same at our own values: so no rounding chooses another side of a kink."""

    def made(self, place: int, value: Any, operands: list[Any]) -> Any:
        """Our value, with the gradient of theirs."""
        ours = self.recording.steps[place].result
        return self.backend.pinned(value, widened(ours))


class Shaken(Replay):
    """The same with roundings that are as large as the root of an ulp."""

    def __init__(
        self,
        recording: Recording,
        backend: Backend,
        checked: Sequence[Checked],
        rng: np.random.Generator,
        h: float,
    ) -> None:
        super().__init__(recording, backend)
        self._checked = checked
        self._rng = rng
        self._h = h

    def _noise(self, shape: tuple[int, ...], size: Any = 1.0) -> Any:
        return self.backend.constant(self._h * self._rng.normal(size=shape) * size)

    def taken(self, value: Any, array: Any) -> Any:
        """A value times ``1 + h``, another one for each op that takes it.

        And its gradient times another one yet: of ``x / x``, which is 1 whatever the
        roundings of x, the gradient is 0 but for its own.
        """
        if array.dtype.kind != "f":
            return value
        shape = array.shape
        nothing = self.backend.pinned(value, np.zeros(shape))  # with a slope of 1
        factor = self.backend.constant(1.0 + self._h * self._rng.normal(size=shape))
        return value * factor + nothing * self._noise(shape)

    def made(self, place: int, value: Any, operands: list[Any]) -> Any:
        """A value with the further roundings of its op, and of its gradients."""
        step = self.recording.steps[place]
        name = step.rule.name
        if name not in ROUGH:
            return value
        checked = self._checked[place]
        if name not in AS_COTANGENT:
            value = value + self._noise(step.result.shape, checked.size)
        live = [x for x, is_live in zip(operands, step.live) if is_live]
        for x, slope in zip(live, checked.slopes):
            shape = tuple(x.shape)
            nothing = self.backend.pinned(x, np.zeros(shape))
            if name in AS_COTANGENT:  # an ulp of g, at its own place
                value = value + nothing * self._noise(shape)
            elif name in MATRICES:  # of the largest, at every place
                moves = nothing * self._noise(shape, slope)
                total = self.backend.table["sum"](moves, axis=None, keepdims=False)
                value = value + total
        return value


def scale_of_whole(
    recording: Recording,
    backend: Backend,
    gs: Sequence[Any],
    theirs: Ran,
    rng: np.random.Generator,
    checked: Sequence[Checked],
) -> Ran:
    """How far each number moves, relatively, when all values do."""
    results = [result.tensor.dtype for result in recording.results]
    leaves = [leaf.array.dtype for leaf in recording.leaves]
    made = [step.result.dtype for step in recording.steps]
    floats = [dtype for dtype in (*results, *leaves, *made) if dtype.kind == "f"]
    eps = max([float(np.finfo(dtype).eps) for dtype in floats], default=0.0)
    h = float(np.sqrt(eps))
    shaken = Shaken(recording, backend, checked, rng, h)
    sizes, slopes = ([_size(a) for a in arrays] for arrays in theirs)
    for _ in range(TRIES):
        moved = shaken.run(gs)
        sizes = _larger(sizes, moved.values, theirs.values, h)
        slopes = _larger(slopes, moved.gradients, theirs.gradients, h)
    return Ran(_coarser(sizes, results, eps), _coarser(slopes, leaves, eps))


def _size(array: Any) -> Any:
    return np.abs(array) if array.dtype.kind == "f" else array


def _larger(
    sizes: Sequence[Any], there: Sequence[Any], here: Sequence[Any], h: float
) -> list[Any]:
    return [
        larger(size, moved - still, h) if size.dtype.kind == "f" else size
        for size, moved, still in zip(sizes, there, here)
    ]


def _coarser(sizes: Sequence[Any], dtypes: Sequence[Any], eps: float) -> list[Any]:
    """Scales for ulps of the coarsest dtype on the way, as seen in each one's own."""
    return [
        size * (eps / float(np.finfo(dtype).eps)) if dtype.kind == "f" else size
        for size, dtype in zip(sizes, dtypes)
    ]
