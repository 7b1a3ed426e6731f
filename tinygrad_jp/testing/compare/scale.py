"""How far two right results may be apart: ulps of what, and how many.

An op is right if its result is, up to its roundings, that of operands which are off by
an ulp themselves: nobody can ask more of a sum that cancels, or of ``log(x)`` near 1.
So an ulp is the spacing of floats, not at a result y itself but at its *scale*: the
larger of abs(y) and what y changes by, relatively, when an operand does.

- Sums of products (`SUMS`): of n terms, the scale is the sum of their absolute values,
  that is what comes out without signs, and n is what comes out of ones. Each library
  makes n roundings of half an ulp of that scale, so two are at most n ulps apart.
- Elementwise rules: abs(x * slope), measured, operand by operand; a gradient that is
  summed over broadcast axes has the sum of its terms' scales, and n terms.
- What picks numbers (`PICKS`) has no roundings but those of such a sum.
- The others: measured in a few random directions. Matrices as a whole (`MATRICES`):
  errors there are those of a matrix that is off by ulps of its largest element. n is
  the number of elements that go in, which a reduction adds up, and a factorisation.

Four ulps more are for the functions of the two libraries: none is off by more than two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from tinygrad_jp.testing.compare.backend import Backend, Ran, applied
from tinygrad_jp.testing.compare.recorded import Step

STRICT = 4.0
"""Ulps that are allowed to whatever makes no sums."""

SUMS = {
    *("sum", "cumulative_sum", "matmul", "reshape", "permute_dims", "broadcast_to"),
    *("concat", "astype", "getitem", "scatter_add", "sliding_window_view"),
    "overlap_add",
}
"""Rules that add up products of their operands, and nothing else."""

PICKS = {
    *("abs", "maximum", "minimum", "max", "min", "sign", "floor", "ceil", "trunc"),
    *("round", "floor_divide", "signdet", "argsort", "argmax", "argmin"),
}
"""Rules that say which number it is; all others change smoothly, or between kinks."""

COFACTORS = {"cofactors", "cofactors_along", "cofactors_along_two"}

MATRICES = {"solve", "cholesky", "det", "logabsdet", *COFACTORS}

AS_COTANGENT = {"tanh", "expm1"}
"""Rules whose gradient is made of the result: ``g - g * out**2``, whose terms are g."""

OF_ONES = {"logsumexp"}
"""Rules whose result is the logarithm of a number from 1 up, so off by an ulp of 1."""

STEP = 2.0**-26
"""By how much operands are moved."""

TRIES = 4
"""So many random directions; what is seen in them may be that much too small."""


class Scale(NamedTuple):
    """The scale of each number, and how many terms it is made of."""

    value: Any
    gradients: list[Any]
    value_terms: float
    gradient_terms: list[float]


Run = Callable[[Sequence[Any], Any], Ran]


def scale_of(step: Step, backend: Backend, arrays: Sequence[Any], g: Any) -> Scale:
    """The scale of a step's result and gradients, for operands in float64."""

    def run(arrays: Sequence[Any], g: Any) -> Ran:
        return run_step(step, backend, arrays, g)

    if step.rule.name in SUMS:
        return _of_sums(run, arrays, g)
    if step.rule.elementwise:
        return _of_elements(step, run, arrays, g)
    return _of_others(step, run, arrays, g)


def run_step(step: Step, backend: Backend, arrays: Sequence[Any], g: Any) -> Ran:
    """One op in the other library."""
    return backend.run(
        lambda given: [applied(step, backend, given)], arrays, step.live, [g]
    )


def ulps(ours: Any, theirs: Any, scale: Any) -> Any:
    """How far apart two arrays are, in ulps of our dtype at a scale.

    Differences below the smallest normal number count as none.
    """
    if ours.dtype.kind != "f":
        return np.where(ours == theirs, 0.0, np.inf)
    info = np.finfo(ours.dtype)
    rounded = theirs.astype(ours.dtype)
    gap = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
    size = np.fmax(np.abs(theirs), np.where(np.isfinite(scale), scale, 0.0))
    least, most = float(info.smallest_normal), float(info.max)
    unit = np.spacing(np.clip(size, least, most).astype(ours.dtype))
    found = gap / unit.astype(np.float64)
    same = (ours == rounded) | (np.isnan(ours) & np.isnan(rounded)) | (gap < least)
    return np.where(same, 0.0, np.where(np.isnan(found), np.inf, found))


def _of_sums(run: Run, arrays: Sequence[Any], g: Any) -> Scale:
    floats = [a.dtype.kind == "f" for a in arrays]
    sizes = run([np.abs(a) if f else a for a, f in zip(arrays, floats)], _abs(g))
    ones = [np.ones_like(a) if f else a for a, f in zip(arrays, floats)]
    counts = run(ones, None if g is None else np.ones_like(g))
    return Scale(
        sizes.values[0],
        sizes.gradients,
        _most(counts.values[0]),
        [_most(count) for count in counts.gradients],
    )


def _of_elements(step: Step, run: Run, arrays: Sequence[Any], g: Any) -> Scale:
    shape = step.result.shape
    wide = [np.array(np.broadcast_to(a, shape)) for a in arrays]
    base = run(wide, g)
    value = np.abs(base.values[0])
    terms = [np.abs(gradient) for gradient in base.gradients]
    if step.rule.name not in PICKS and value.dtype.kind == "f":
        for i, array in enumerate(wide):
            if array.dtype.kind != "f":
                continue
            moved = run([*wide[:i], array * (1 + STEP), *wide[i + 1 :]], g)
            value = larger(value, moved.values[0] - base.values[0], STEP)
            pairs = zip(terms, moved.gradients, base.gradients)
            terms = [larger(size, there - here, STEP) for size, there, here in pairs]
    if step.rule.name in AS_COTANGENT:
        terms = [larger(size, g, 1.0) for size in terms]
    live = [a.shape for a, is_live in zip(arrays, step.live) if is_live]
    counts = [len(t.reshape(-1)) / max(np.prod(s), 1) for t, s in zip(terms, live)]
    sums = [narrow(t, s) for t, s in zip(terms, live)]
    return Scale(value, sums, 1.0, [float(count) for count in counts])


def _of_others(step: Step, run: Run, arrays: Sequence[Any], g: Any) -> Scale:
    base = run(arrays, g)
    value = np.abs(base.values[0])
    sizes = [np.abs(gradient) for gradient in base.gradients]
    picks = step.rule.name in PICKS
    count = 1.0 if picks else float(max([1, *(array.size for array in arrays)]))
    matrices = step.rule.name in MATRICES
    if not picks and value.dtype.kind == "f":
        rng = np.random.default_rng(0)
        for _ in range(TRIES):
            shaken = [_shaken(array, rng, matrices) for array in arrays]
            moved = run(shaken, None if g is None else _shaken(g, rng, False))
            unit = STEP / TRIES
            value = larger(value, moved.values[0] - base.values[0], unit)
            pairs = zip(sizes, moved.gradients, base.gradients)
            sizes = [larger(size, there - here, unit) for size, there, here in pairs]
    if step.rule.name in COFACTORS and all(array.size for array in arrays):
        sizes = _at_least(sizes, _terms_of_inverses(arrays, g), step.live)
    if step.rule.name in OF_ONES:
        value = np.fmax(value, 1.0)
    if matrices:
        value = _largest(value) if value.ndim == arrays[0].ndim else value
        sizes = [_largest(size) for size in sizes]
    return Scale(value, sizes, count, [count] * len(sizes))


def _terms_of_inverses(arrays: Sequence[Any], g: Any) -> list[float]:
    """How large terms are where cofactors and their slopes are made with inverses.

    They cancel to 0 for matrices of few rows. ``det * inv`` is the gradient of a
    determinant; each further slope brings a direction and one more inverse.
    """
    x, *along = arrays
    try:
        inverse = float(np.abs(np.linalg.inv(x)).max())
    except np.linalg.LinAlgError:
        return [0.0] * len(arrays)
    factors = [float(np.abs(y).max()) for y in along]
    scale = float(np.abs(np.linalg.det(x)).max()) * inverse ** len(arrays)
    if g is not None:
        scale *= float(np.abs(g).max())
    by_direction = [
        scale * prod([*factors[:i], *factors[i + 1 :]]) for i in range(len(factors))
    ]
    return [scale * inverse * prod(factors), *by_direction]


def _at_least(
    sizes: list[Any], floors: Sequence[float], live: Sequence[bool]
) -> list[Any]:
    chosen = [floor for floor, is_live in zip(floors, live) if is_live]
    return [np.fmax(size, floor) for size, floor in zip(sizes, chosen)]


def _shaken(array: Any, rng: np.random.Generator, as_matrix: bool) -> Any:
    if array.dtype.kind != "f" or not array.size:
        return array
    moves = rng.normal(size=array.shape)
    size = _largest(np.abs(array)) if as_matrix else array
    return array + np.where(np.isfinite(size), STEP * moves * size, 0.0)


def _largest(sizes: Any) -> Any:
    """The largest of each matrix, at each of its places."""
    axes = tuple(range(max(0, sizes.ndim - 2), sizes.ndim))
    top = sizes.max(axis=axes, keepdims=True, initial=0.0)
    return np.broadcast_to(top, sizes.shape)


def larger(size: Any, change: Any, unit: float) -> Any:
    """A scale that is at least so large as what was measured, where that is finite."""
    found = np.abs(change) / unit
    return np.fmax(size, np.where(np.isfinite(found), found, 0.0))


def narrow(terms: Any, shape: tuple[int, ...]) -> Any:
    """The sum over the axes along which an operand of a shape was broadcast."""
    lead = terms.ndim - len(shape)
    ones = [i + lead for i, n in enumerate(shape) if n == 1]
    return terms.sum(axis=(*range(lead), *ones)).reshape(shape)


def _abs(g: Any) -> Any:
    return None if g is None else np.abs(g)


def _most(counts: Any) -> float:
    return float(np.max(counts, initial=1.0)) if counts.dtype.kind == "f" else 1.0
