"""The whole graph from end to end: the other library's own chain, and its autograd.

Every op agrees by now, so what is left are errors between them: a cotangent that is
lost, counted twice or in the wrong place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_jp.testing.compare.backend import Backend, Ran
from tinygrad_jp.testing.compare.nodes import (
    OVERFLOW,
    Checked,
    distance,
    most,
    overflown,
    two,
)
from tinygrad_jp.testing.compare.recorded import Recording
from tinygrad_jp.testing.compare.replay import Held, Replay, scale_of_whole
from tinygrad_jp.testing.compare.report import WHOLE, ComparisonError, Row, number
from tinygrad_jp.testing.flat import others_untouched

LEAST = 32.0
"""Ulps that are allowed in any case: few directions may show too little."""


def check_whole(
    recording: Recording,
    backend: Backend,
    rng: np.random.Generator,
    checked: Sequence[Checked],
) -> tuple[Row, list[str]]:
    """Compare the results and the gradients by all leaves.

    Args:
        recording: What ran.
        backend: The other library.
        rng: For cotangents and roundings.
        checked: What was found of each step.

    Raises:
        ComparisonError: They differ, and no kink is to blame.
    """
    limit = max([LEAST, *(step.row.allowed for step in checked)])
    gs = [_cotangent(result.tensor, rng) for result in recording.results]
    ours = Ran([r.tensor.data for r in recording.results], _gradients(recording, gs))
    theirs = Replay(recording, backend).run(gs)
    scale = scale_of_whole(recording, backend, gs, theirs, rng, checked)
    row, wrong = _row(recording, ours, theirs, scale, limit)
    if wrong is None:
        told = [f"{WHOLE}: not in the range of its dtype"]
        return row, [] if row.verdict == "same" else told
    # A rounding, or a convention, may have sent the two to different sides of a kink:
    # then they agree where the other library is held to our values.
    held = Held(recording, backend).run(gs)
    row, wrong = _row(recording, ours, held, scale, limit)
    told = [f"{WHOLE}: agrees only where {backend.name} is held to our values"]
    if wrong is None:
        return row._replace(verdict="apart: kinks"), told
    unsettled = [i for i, step in enumerate(checked) if step.apart]
    reached = _leaves_before(recording, unsettled)
    row, wrong = _row(recording, ours, held, scale, limit, reached)
    if wrong is None:
        names = ", ".join([recording.leaves[i].label for i in sorted(reached)])
        told = [f"{WHOLE}: the gradient by {names} goes through what is listed above"]
        return row._replace(verdict="apart: kinks"), told
    raise _error(recording, backend, ours, held, wrong, limit)


def _cotangent(tensor: Any, rng: np.random.Generator) -> Any:
    if not tensor.requires_grad:
        return None
    return np.asarray(rng.normal(size=tensor.shape)).astype(tensor.dtype)


def _gradients(recording: Recording, gs: Sequence[Any]) -> list[Any]:
    """What our backward pass says."""
    results = [result.tensor for result in recording.results]
    tensors = [leaf.tensor for leaf in recording.leaves]
    with others_untouched(results, tensors):
        for result, g in zip(results, gs):
            if g is not None:
                result.backward(g, retain_graph=True)
        grads = [tensor.grad for tensor in tensors]
    return [
        np.zeros(leaf.array.shape, leaf.array.dtype) if grad is None else grad.data
        for leaf, grad in zip(recording.leaves, grads)
    ]


Wrong = tuple[bool, int, tuple[int, ...], float]
"""Whether it is a gradient; which; at which index; by how many ulps."""


def _row(
    recording: Recording,
    ours: Ran,
    theirs: Ran,
    scale: Ran,
    limit: float,
    without: frozenset[int] = frozenset(),
) -> tuple[Row, Wrong | None]:
    worst = {False: 0.0, True: 0.0}
    verdict = "same"
    wrong: Wrong | None = None
    for is_gradient, kind in ((False, 0), (True, 1)):
        for i, parts in enumerate(zip(ours[kind], theirs[kind], scale[kind])):
            if is_gradient and i in without:
                continue
            found = distance(parts[0], [parts[1]], parts[2])
            over = overflown(parts[0], parts[1])
            verdict = f"apart: {OVERFLOW}" if over.any() else verdict
            found = np.where(over, 0.0, found)
            far = float(np.max(found, initial=0.0))
            worst[is_gradient] = max(worst[is_gradient], far)
            if far > limit and wrong is None:
                wrong = is_gradient, i, most(found), far
    gradient = worst[True] if recording.leaves else None
    return Row(WHOLE, "", worst[False], gradient, limit, verdict), wrong


def _leaves_before(recording: Recording, steps: Sequence[int]) -> frozenset[int]:
    """The leaves that steps were computed from."""
    reached: set[int] = set()
    waiting = list(steps)
    seen = set(waiting)
    while waiting:
        for source in recording.steps[waiting.pop()].sources:
            if source is None or source in seen:
                continue
            seen.add(source)
            if source < 0:
                reached.add(-1 - source)
            else:
                waiting.append(source)
    return frozenset(reached)


def _error(
    recording: Recording,
    backend: Backend,
    ours: Ran,
    theirs: Ran,
    wrong: Wrong,
    limit: float,
) -> ComparisonError:
    is_gradient, i, index, far = wrong
    kind = 1 if is_gradient else 0
    one, other = ours[kind][i][index], theirs[kind][i][index]
    label = recording.leaves[i].label if is_gradient else recording.results[i].place
    where = f"[{', '.join(map(str, index))}]" if index else ""
    texts = two(one, other)
    title = f"the gradient by {label}{where}" if is_gradient else f"{label}{where}"
    return ComparisonError(
        f"{recording.name} differs from {backend.name} as a whole, though each op "
        f"agrees: {title} is {texts[0]}, {backend.name} says {texts[1]}\n"
        f"    apart          {number(far)} ulps, and {number(limit)} are allowed\n"
        "    usual cause    the backward pass between the ops",
        op=WHOLE,
        operand=label if is_gradient else None,
        line="",
        index=index,
        ours=one,
        theirs=other,
        ulps=far,
        allowed=limit,
    )
