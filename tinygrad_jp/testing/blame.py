"""Name what is wrong with a gradient: which element, by how much, and perhaps why."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_jp.testing.claim import Claim
from tinygrad_jp.testing.errors import Mismatch
from tinygrad_jp.testing.flat import FlatFunction
from tinygrad_jp.testing.search import one_hot
from tinygrad_jp.testing.slopes import KINK, Vector

RESULTS = 16
"""So many results, the steepest ones, are looked at one by one."""


def blame(claim: Claim, direction: Vector) -> tuple[str, Mismatch]:
    """The message, and the numbers, for a direction along which a claim is wrong."""
    function = claim.function
    direction = _fewest(claim, direction)
    claim, result, number = _for_one_result(claim, direction)
    verdict = claim.second_look(direction)
    slopes = claim.measured(direction[None])
    claimed, times = float(verdict.claimed[0]), float(verdict.times[0])
    behind = float(slopes.behind[0] @ claim.cotangent)
    ahead = float(slopes.ahead[0] @ claim.cotangent)
    elements = np.flatnonzero(direction)
    if np.isclose(behind, ahead, rtol=KINK, atol=0.0):
        slope = f"{ahead:.9g}"
        hint = _hint(claim, elements, claimed, ahead, number)
        if len(elements) > 1:
            hint += "; each alone is right, so do ties share the gradient?"
    else:
        slope = f"{behind:.9g} behind and {ahead:.9g} ahead"
        hint = "here is a kink: the gradient must lie between the slopes of its sides"
    spot, index = function.place(int(elements[0]))
    label, argument, _ = function.given.spots[spot]
    text = (
        f"{function.name}: the gradient of {result} by {_moved(function, elements)} is "
        f"wrong\n"
        f"    backward says  {claimed:.9g}\n"
        f"    the slope is   {slope}\n"
        f"    error          {times:.3g} x tolerance\n"
        f"    {hint}"
    )
    return text, Mismatch(argument, label, index, result, claimed, behind, ahead, times)


def _fewest(claim: Claim, direction: Vector) -> Vector:
    """A direction that is still wrong, of as few elements as possible.

    Drop half of the elements, a quarter, and so on, as long as it stays wrong.
    """
    places = np.flatnonzero(direction)
    size = len(places) // 2
    while size:
        for start in range(0, len(places), size):
            fewer = np.delete(places, slice(start, start + size))
            if fewer.size and claim.is_wrong(_only(direction, fewer)):
                places = fewer
                break
        else:
            size //= 2
        size = min(size, len(places) // 2)
    unit = _only(np.sign(direction / direction[places[0]]), places)
    return unit if claim.is_wrong(unit) else _only(direction, places)


def _only(direction: Vector, places: Any) -> Vector:
    part = np.zeros_like(direction)
    part[places] = direction[places]
    return part


def _for_one_result(claim: Claim, direction: Vector) -> tuple[Claim, str, int | None]:
    """The claim for one result that is wrong by itself, so that numbers are plain."""
    function = claim.function
    slopes = claim.measured(direction[None])
    steepest = np.maximum(np.abs(slopes.ahead), np.abs(slopes.behind))[0].argsort()
    for result in steepest[::-1][:RESULTS]:
        single = Claim(function, one_hot(function, result), claim.tolerance)
        if single.is_wrong(direction):
            return single, function.result_place(int(result)), int(result)
    return claim, "the results, each times a random cotangent,", None


def _hint(
    claim: Claim, elements: Any, claimed: float, slope: float, result: int | None
) -> str:
    """What such an error often comes from."""
    function = claim.function
    doubled = function.gradient(2 * claim.cotangent)
    if claim.gradient.any() and np.array_equal(doubled, claim.gradient):
        return "backward ignores its cotangent g"
    if claimed == 0:
        return _cut_off(claim, elements, result)
    if abs(slope) <= 1e-9 * abs(claimed):
        return "the result does not depend on this element"
    if np.isclose(claimed, -slope, rtol=1e-5):
        return "it has the opposite sign"
    return f"it is {claimed / slope:.6g} times the slope"


def _cut_off(claim: Claim, elements: Any, result: int | None) -> str:
    """Why nothing arrives: is it the result, or this input, that is cut off?"""
    function = claim.function
    if result is not None and function.result_number(result) in function.cut:
        place = function.places[function.result_number(result)]
        return f"no gradient arrives: {place} is cut off from all inputs: detached?"
    grads = function.gradients(claim.cotangent)
    labels = [spot.label for spot in function.given.spots]
    here = function.place(int(elements[0]))[0]
    if grads[here] is not None:
        return "no gradient arrives: is it cut off on the way, or do two kinks cancel?"
    others = [label for label, g in zip(labels, grads) if g is not None]
    get = "get" if len(others) > 1 else "gets"
    reached = f", while {' and '.join(others[:3])} {get} one" if others else ""
    return (
        f"no gradient arrives at {labels[here]} at all{reached}: detached? (detach(), "
        ".data, np.array(x), no_grad())"
    )


def _moved(function: FlatFunction, elements: Any) -> str:
    """How to write the elements that moved."""
    names = [function.written(int(element)) for element in elements[:2]]
    if len(elements) > 2:
        return f"{', '.join(names)} and {len(elements) - 2} more, moved together,"
    return names[0] if len(names) == 1 else f"{' and '.join(names)}, moved together,"
