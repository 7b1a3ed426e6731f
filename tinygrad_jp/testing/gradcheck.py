"""Check gradients: what backward says against slopes that are measured.

    gradcheck(fn, x, y)

A gradient tells how fast the result grows when the inputs move in some direction:
by gradient · direction. So move them, measure (`slopes.py`), and compare:

1. The results are weighted with a random cotangent g, so a backward that forgets g
   cannot pass.
2. First in a few directions that move every element at once. This costs a dozen
   calls a direction, however many elements there are.
3. Then, if there are few, element by element.
4. At a kink the slope ahead differs from that behind, and the gradient must lie
   between the two. No point is left out.
5. Where two elements tie, as in ``max([3, 3])``, they share the gradient.

What disagrees is measured again with shorter steps and, where kinks meet, close by.
What is still wrong then is wrong, and is named down to one element (`blame.py`) and
to the op at fault (`fault.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Literal

import numpy as np

from tinygrad_jp.testing.blame import blame
from tinygrad_jp.testing.derivative import Derivative
from tinygrad_jp.testing.errors import GradientError, Kind, Mismatch
from tinygrad_jp.testing.fault import Inquest, kinks_meet, look_into
from tinygrad_jp.testing.flat import FlatFunction
from tinygrad_jp.testing.search import FEW, Finding, calls_needed, search

SLOW = 2.0
"""A check that will take more seconds than this says so."""


@dataclass(frozen=True)
class Report:
    """What passed checks have looked at. Reports of one function can be added.

    Attributes:
        name: What errors call the function.
        order: Up to which order of derivatives.
        points: At how many points.
        directions: How many directions were measured.
        kinks: In how many of them a slope ahead differed from that behind.
        meetings: How often kinks fell on one another, so that the chain rule need not
            give a slope, though every op is right.
        worst: The largest error met elsewhere, in units of the tolerance: at most 1.
        seconds: How long it took.
    """

    name: str
    order: int
    points: int
    directions: int
    kinks: int
    meetings: int
    worst: float
    seconds: float = field(compare=False)

    def __add__(self, other: Report) -> Report:
        return Report(
            self.name,
            max(self.order, other.order),
            self.points + other.points,
            self.directions + other.directions,
            self.kinks + other.kinks,
            self.meetings + other.meetings,
            max(self.worst, other.worst),
            self.seconds + other.seconds,
        )

    def __str__(self) -> str:
        order = f" to order {self.order}" if self.order > 1 else ""
        points = f" at {self.points:,} points" if self.points > 1 else ""
        parts = [f"{self.directions:,} directions"]
        if self.kinks:
            parts.append(f"{self.kinks:,} of them with kinks")
        if self.meetings:
            parts.append(f"kinks that meet {self.meetings:,} times")
        parts.append(f"worst error {self.worst:.2g} x tolerance")
        parts.append(f"{self.seconds:.2g} s")
        return f"{self.name}: gradients are right{order}{points}: {', '.join(parts)}"


def gradcheck(
    fn: Callable[..., Any],
    *inputs: Any,
    order: int = 1,
    seed: int | np.random.Generator = 0,
    tolerance: float = 1e-6,
    ties: Literal["shared", "any"] = "shared",
    every_element: bool | None = None,
) -> Report:
    """Check the gradient of `fn` at a point, in float64.

    What cannot be checked is reported as what it is: a function that returns integers
    or NaN, is cut off from its inputs, writes to them, or is not deterministic.

    Where kinks fall on one another, as in ``relu(x) - relu(-x)`` at 0, the chain rule
    need not give a number between the slopes. If every op is right on its own there,
    and the gradient is right beside, this is no error; the report counts it.

    Args:
        fn: A function of Tensors. Returns a Tensor, or a tuple, list or dict of them.
            Of a module, or a method of one, the parameters are checked too.
        inputs: Tensors, arrays, floats and modules to differentiate by, or tuples,
            lists and dicts of them. Each call gets copies in float64; nothing of the
            caller's changes. Anything else, integer arrays among it, is passed on as
            data; of a random generator, each call gets a copy.
        order: 2 checks second derivatives too (backward through backward), and so on.
        seed: Of the random cotangents and directions.
        tolerance: Relative error to allow, besides what the measurement is unsure of.
        ties: Whether equal elements that a kink joins must share the gradient
            ("shared"), or one may take all ("any"), as with argmax and indexing.
        every_element: Whether to move each element on its own too, at first order:
            by default where there are up to 64. Without, a check costs some 45 calls.
            One that will take more than 2 seconds says so on stderr.

    Returns:
        What was checked: `directions`, `kinks`, the `worst` error, and so on.

    Raises:
        GradientError: A gradient is wrong: names argument, index and both values, and
            the op at fault. Or there is none to check; says why.
        TypeError: There is no floating-point input, or a module cannot be copied.
        ValueError: An input is not finite, or `order` or `ties` is none of the above.

    Example:
        >>> import numpy as np
        >>> import tinygrad_jp as tg
        >>> from tinygrad_jp.testing import gradcheck
        >>> report = gradcheck(tg.relu, np.array([-1.0, 0.0, 2.0]))
        >>> report.kinks, report.worst <= 1
        (4, True)
    """
    if order < 1:
        raise ValueError(f"gradcheck: order must be 1 or more, got {order}")
    if ties not in ("shared", "any"):
        raise ValueError(f"gradcheck: ties must be 'shared' or 'any', got {ties!r}")
    start = perf_counter()
    rng = np.random.default_rng(seed)
    function = FlatFunction(fn, inputs)
    singly = function.at.size <= FEW if every_element is None else every_element
    found = [_check(function, rng, tolerance, singly, shared=ties == "shared")]
    for _ in range(order - 1):
        function = Derivative(function, rng)
        found.append(_check(function, rng, tolerance))
    findings = [finding for finding, _ in found]
    return Report(
        name=function.innermost.name,
        order=order,
        points=1,
        directions=sum([finding.directions for finding in findings]),
        kinks=sum([finding.kinks for finding in findings]),
        meetings=sum([meets for _, meets in found]),
        worst=max(
            [finding.worst for finding, meets in found if not meets], default=0.0
        ),
        seconds=perf_counter() - start,
    )


def _check(
    function: FlatFunction,
    rng: np.random.Generator,
    tolerance: float,
    singly: bool = False,
    *,
    shared: bool = False,
) -> tuple[Finding, bool]:
    """Check one order. Returns what was seen, and whether kinks fell on one another."""
    _say_cost(function, singly)
    try:
        finding = search(function, rng, tolerance, singly=singly, shared=shared)
    except GradientError as error:
        if error.kind != "backward":
            raise
        inquest = look_into(function, tolerance)
        raise _error(str(error), None, inquest, "backward") from None
    if not finding.is_wrong:
        return finding, False
    inquest = look_into(function, tolerance, shared=finding.tie is not None)
    if kinks_meet(finding, inquest):
        return finding, True
    if finding.direction is None:
        raise _error(str(finding.tie), None, inquest, "tie")
    raise _error(*blame(finding.claim, finding.direction), inquest)


def _error(
    text: str, mismatch: Mismatch | None, inquest: Inquest, kind: Kind = "wrong"
) -> GradientError:
    """The error, with the op at fault."""
    fault = inquest.fault
    return GradientError(
        f"{text}\n{_told(inquest)}",
        mismatch,
        kind=kind,
        op=fault.op if fault else None,
        line=fault.line if fault else None,
        results=inquest.results,
    )


def _told(inquest: Inquest) -> str:
    """Which op is at fault, and if none is, what it may be then."""
    fault = inquest.fault
    if fault is not None:
        lines = [f"op at fault    {fault.op}: {fault.text}"]
        lines += [f"               {fault.line}"] if fault.line else []
    elif inquest.ops:
        count = f"each of the {inquest.ops} ops" if inquest.ops > 1 else "the only op"
        lines = [
            f"op at fault    none: {count} is right on its own. Is something between",
            "               them cut off or constant, or does a branch depend on the",
            "               values?",
        ]
    else:
        lines = ["op at fault    none: no op was recorded"]
    return "\n".join([f"    {line}" for line in lines])


def _say_cost(function: FlatFunction, singly: bool) -> None:
    """Say how long a slow check will take, before it begins."""
    count = function.at.size
    calls = calls_needed(count, singly=singly)
    if calls * function.seconds <= SLOW:
        return
    cheaper = "a smaller input takes less"
    if singly:
        few = calls_needed(count, singly=False)
        cheaper += f", and every_element=False {few} calls"
    print(
        f"gradcheck: {function.name}: {calls:,} calls of {function.seconds:.2g} s take "
        f"about {calls * function.seconds:,.0f} s; {cheaper}",
        file=sys.stderr,
        flush=True,
    )
