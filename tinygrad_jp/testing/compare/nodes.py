"""One op at a time: our value and gradients beside those of the other library.

Both get our operands, so what differs is this op and nothing before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_jp.record import lift
from tinygrad_jp.tensor import Tensor
from tinygrad_jp.testing.compare.backend import Backend, Ran
from tinygrad_jp.testing.compare.conventions import kink_of
from tinygrad_jp.testing.compare.recorded import Step
from tinygrad_jp.testing.compare.report import ComparisonError, Row, number
from tinygrad_jp.testing.compare.scale import (
    STRICT,
    Scale,
    run_step,
    scale_of,
    ulps,
)

OVERFLOW = "overflow"
"""What a difference is called that float64 has not."""


class Checked(NamedTuple):
    """An op that agrees.

    Attributes:
        row: How far the two are apart.
        apart: Where they agree but for a convention, in words.
        size: The scale of its result.
        slopes: For each live operand that of its gradient, for a cotangent of 1.
    """

    row: Row
    apart: list[str]
    size: Any
    slopes: list[float]


class _Part(NamedTuple):
    """One array to compare: the result, or the gradient by an operand."""

    operand: str | None
    ours: Any
    theirs: list[Any]
    scale: Any
    terms: float
    kink: Any
    overflow: Any = False


def check_step(
    step: Step, backend: Backend, rng: np.random.Generator, tolerance: float | None
) -> Checked:
    """Compare one op: in the dtype that it had, and in float64.

    A number is right if it is near what the other library says in our dtype, or near
    what that says in float64.

    Raises:
        ComparisonError: It differs, at no tie and no kink.
        LookupError: The library's table lacks the op.
    """
    if step.rule.name not in backend.table:
        raise LookupError(
            f"{step.rule.name}: no counterpart in {backend.name} is known; pass it: "
            f"compare(..., calls={{{step.rule.name!r}: function}})"
        )
    g = None
    if any(step.live):
        g = np.asarray(rng.normal(size=step.result.shape)).astype(step.result.dtype)
    wide = [widened(array) for array in step.arrays]
    wide_g: Any = None if g is None else widened(g)
    scale = scale_of(step, backend, wide, wide_g)
    exact = run_step(step, backend, wide, wide_g)
    runs = [exact]
    own = {a.dtype.name for a in step.arrays if a.dtype.kind == "f"}
    if own - {"float64"} and own - {"float64"} <= backend.dtypes:
        runs.append(run_step(step, backend, step.arrays, g))
    parts = _parts(step, _ours(step, step.arrays, g), runs, scale)
    if own - {"float64"}:
        in_float64 = _parts(step, _ours(step, wide, wide_g), [exact], scale)
        pairs = zip(parts, in_float64)
        parts = [p._replace(overflow=overflown(p.ours, q.ours)) for p, q in pairs]
        parts += in_float64
    row, apart = _judged(step, backend, parts, tolerance)
    unit = 1.0 if g is None else float(np.abs(wide_g).max(initial=0.0)) or 1.0
    slopes = [float(np.max(s, initial=0.0)) / unit for s in scale.gradients]
    return Checked(row, apart, scale.value, slopes)


def widened(array: Any) -> Any:
    """Floating-point numbers as float64."""
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _ours(step: Step, arrays: Sequence[Any], g: Any) -> Ran:
    """What our rule makes of operands."""
    call: Callable[..., Tensor] = lift(step.rule)
    given = [Tensor(a, requires_grad=live) for a, live in zip(arrays, step.live)]
    out = call(*given, **step.keywords)
    if g is not None:
        out.backward(g.astype(out.dtype))
    grads = [
        np.zeros(x.shape, x.dtype) if x.grad is None else x.grad.data
        for x, live in zip(given, step.live)
        if live
    ]
    return Ran([out.data], grads)


def _parts(step: Step, ours: Ran, theirs: Sequence[Ran], scale: Scale) -> list[_Part]:
    kink = kink_of(step)
    value = step.result if ours.values[0].dtype == step.result.dtype else ours.values[0]
    parts = [
        _Part(
            None,
            value,
            [ran.values[0] for ran in theirs],
            scale.value,
            scale.value_terms,
            kink.value,
        )
    ]
    names = list(step.rule.signature.operands)
    if step.rule.signature.variadic:
        names = [f"{names[0]}[{i}]" for i in range(len(step.arrays))]
    live = [i for i, is_live in enumerate(step.live) if is_live]
    for place, i in enumerate(live):
        parts.append(
            _Part(
                names[i],
                ours.gradients[place],
                [ran.gradients[place] for ran in theirs],
                scale.gradients[place],
                scale.gradient_terms[place],
                kink.gradients[i],
            )
        )
    return parts


def _judged(
    step: Step, backend: Backend, parts: Sequence[_Part], tolerance: float | None
) -> tuple[Row, list[str]]:
    line = str(step.line) if step.line is not None else ""
    kink = kink_of(step).word
    worst: dict[bool, float] = {}
    verdict, allowed = "same", 0.0
    apart: list[str] = []
    for part in parts:
        limit = STRICT + part.terms if tolerance is None else tolerance
        allowed = max(allowed, limit)
        for theirs in part.theirs:
            if theirs.shape != part.ours.shape:
                shapes = f"{part.ours.shape}, {backend.name} says {theirs.shape}"
                text = f"the shape of {_what(part)} is {shapes}"
                raise _error(step, backend, part, text, (), np.inf, limit)
        found = distance(part.ours, part.theirs, part.scale)
        far = found > limit
        here = far & ~part.kink & ~part.overflow
        if here.any():
            raise _differs(step, backend, part, np.where(here, found, -1.0), limit)
        if far.any():
            word = kink if (far & part.kink).any() else OVERFLOW
            verdict = f"apart: {word}"
            index = most(np.where(far, found, -1.0))
            at = f", {line}" if line else ""
            apart.append(f"{step.rule.name}, {word}: {_told(backend, part, index)}{at}")
        kind = part.operand is None
        met = float(np.max(np.where(far, 0.0, found), initial=0.0))
        worst[kind] = max(worst.get(kind, 0.0), met)
    row = Row(step.rule.name, line, worst[True], worst.get(False), allowed, verdict)
    return row, list(dict.fromkeys(apart))


def overflown(ours: Any, finite: Any) -> Any:
    """Where only a wider dtype has a number, because ours has not its range."""
    narrow = ours.dtype.kind == "f" and ours.dtype != np.float64
    return np.array(narrow & ~np.isfinite(ours) & np.isfinite(finite))


def distance(ours: Any, theirs: Sequence[Any], scale: Any) -> Any:
    """How far apart in ulps, from the nearer of what the other library says."""
    return np.minimum.reduce([ulps(ours, other, scale) for other in theirs])


def most(found: Any) -> tuple[int, ...]:
    """The index of the largest."""
    index = np.unravel_index(int(found.argmax()), found.shape)
    return tuple([int(i) for i in index])


def _what(part: _Part) -> str:
    return "the value" if part.operand is None else f"the gradient by {part.operand}"


def _told(backend: Backend, part: _Part, index: tuple[int, ...]) -> str:
    ours, theirs = two(part.ours[index], part.theirs[0][index])
    where = f"[{', '.join(map(str, index))}]" if index else ""
    return f"{_what(part)}{where} is {ours}, {backend.name} says {theirs}"


def two(ours: Any, theirs: Any) -> tuple[str, str]:
    """Two numbers in as many digits as it takes to tell them apart."""
    for digits in (6, 9, 17):
        texts = f"{float(ours):.{digits}g}", f"{float(theirs):.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts


def _differs(
    step: Step, backend: Backend, part: _Part, found: Any, limit: float
) -> ComparisonError:
    index = most(found)
    text = _told(backend, part, index)
    return _error(step, backend, part, text, index, float(found[index]), limit)


def _error(
    step: Step,
    backend: Backend,
    part: _Part,
    text: str,
    index: tuple[int, ...],
    far: float,
    limit: float,
) -> ComparisonError:
    line = str(step.line) if step.line is not None else ""
    ours, theirs = part.ours, part.theirs[0]
    if ours.shape == theirs.shape:
        ours, theirs = ours[index], theirs[index]
    message = (
        f"{step.rule.name} is the first op that differs from {backend.name}: {text}\n"
        f"    apart          {number(far)} ulps of {part.ours.dtype}, and "
        f"{number(limit)} are allowed\n"
        f"    operands       {_operands(step)}"
    )
    if line:
        message += f"\n    line           {line}"
    return ComparisonError(
        message,
        op=step.rule.name,
        operand=part.operand,
        line=line,
        index=index,
        ours=ours,
        theirs=theirs,
        ulps=far,
        allowed=limit,
    )


def _operands(step: Step) -> str:
    shown = [f"{array.dtype}{array.shape}" for array in step.arrays]
    return ", ".join(shown)
