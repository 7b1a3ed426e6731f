"""Find the op at fault: the first in the graph whose own gradient is wrong.

The function is recorded once more under a watcher that notes what each op was given,
and the user's line. Then every op is a function of its own, at the very values that
it had, and is checked as the whole was: its vjps against its own forward.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from tinygrad_jp.errors.origin import Line, user_line
from tinygrad_jp.graph import Node, walk
from tinygrad_jp.mode import Scope, Watcher, enable_grad
from tinygrad_jp.record import lift, watching
from tinygrad_jp.tensor import Tensor
from tinygrad_jp.testing.blame import blame
from tinygrad_jp.testing.derivative import Derivative
from tinygrad_jp.testing.errors import GradientError, Mismatch
from tinygrad_jp.testing.flat import FlatFunction
from tinygrad_jp.testing.search import FEW, Finding, search
from tinygrad_jp.testing.slopes import KINK, signs

BESIDE = 2.0**-7
"""How far from a point to look, where kinks may fall on one another there."""

ORDERS = ("greater", "greater_equal", "less", "less_equal")
"""Comparisons: where two numbers are equal, a `where` on them has its kink."""

PLACES = ("argmax", "argmin", "argsort")
"""They choose among equal elements: so a `sort` and a `topk` have theirs."""

MANY = 4096
"""More elements of an op with kinks are not moved one by one."""

TOGETHER, ALONE, KINKED = None, (0, FEW), (FEW, MANY)
"""How many elements an op may have for them to be moved one by one: none at first, as
this takes few calls; then few; and where kinks could hide something, many."""

_OWN_FAULTS = ("backward", "random", "shapes", "writes")
"""What an op is to blame for, if it cannot be checked."""


class Fault(NamedTuple):
    """An op whose own gradient is wrong, and what is wrong with it."""

    op: str
    text: str
    line: str | None


@dataclass(frozen=True)
class Inquest:
    """What became of the search.

    Attributes:
        fault: The first op that is wrong; None where every one is right on its own.
        ops: How many ops were looked at.
        kinked: How many ops have a kink at the values that they had, and are surely
            right there; comparisons of equal numbers count too. 0 where there is a
            fault, or an op is too large to be sure of.
        results: What the function returned, with the graph.
    """

    fault: Fault | None
    ops: int
    kinked: int
    results: Sequence[Tensor]


class _Note(NamedTuple):
    """What is known of one op."""

    node: Node
    arrays: tuple[Any, ...]
    line: Line | None


class _Notebook(Watcher):
    """Notes every op that is recorded, and how many compare equal numbers."""

    def __init__(self) -> None:
        self.notes: dict[Node, _Note] = {}
        self.ties = 0

    def ran(
        self,
        rule: Any,
        operands: tuple[Any, ...],
        keywords: Mapping[str, Any],
        result: Any,
    ) -> None:
        node = result._node
        if node is not None:
            arrays = tuple([np.array(x) for x in operands[: len(node.inputs)]])
            self.notes[node] = _Note(node, arrays, user_line())
        elif rule.name in ORDERS:
            self.ties += bool(np.equal(*[np.asarray(x) for x in operands[:2]]).any())
        elif rule.name in PLACES:
            array = np.asarray(operands[0])
            self.ties += np.unique(array).size < array.size


def look_into(
    function: FlatFunction, tolerance: float, *, shared: bool = False
) -> Inquest:
    """Check every op of a function's graph on its own, the oldest first.

    Args:
        function: The function, or a derivative: ops are checked to the same order.
        tolerance: Relative error to allow.
        shared: Demand that elements which tie share the gradient.
    """
    base = function.innermost
    notebook = _Notebook()
    call = base.given.call(base.at, live=len(base.given.spots))
    with watching(notebook), enable_grad(), np.errstate(all="ignore"):
        results = base.run(call, recorded=True)
    nodes = [r._node for r in results if r._node is not None]
    notes = [
        notebook.notes[node]
        for node in walk(nodes, live_only=True)
        if node in notebook.notes
    ]
    kinked: list[_Note] = []
    for limits in (ALONE,) if shared else (TOGETHER, ALONE, KINKED):
        for note in kinked if limits is KINKED else notes:
            fault = _checked(note, function.order, tolerance, kinked, limits, shared)
            if fault is not None:
                node = note.node  # of a graph that nobody else has
                node.scope = Scope(f"{fault.op}: wrong gradient", node.scope)
                return Inquest(fault, len(notes), 0, results)
    if any(sum([x.size for x in note.arrays]) > MANY for note in kinked):
        return Inquest(None, len(notes), 0, results)  # who knows
    return Inquest(None, len(notes), len(kinked) + notebook.ties, results)


def kinks_meet(finding: Finding, inquest: Inquest) -> bool:
    """Whether a gradient is wrong only because kinks fall on one another.

    The chain rule then need not give a slope, as in ``relu(x) - relu(-x)`` at 0, where
    each op is right and their sum is not. So it is if every op is right, some have a
    kink just here, and the gradient is right at points beside.
    """
    if not inquest.kinked or finding.direction is None:
        return False
    claim = finding.claim
    function, rng = claim.function, np.random.default_rng(0)
    for _ in range(3):
        beside = function.at + BESIDE * signs(rng, function.at.shape)
        try:
            moved = search(
                function.moved_to(beside), rng, claim.tolerance, singly=False
            )
        except GradientError:
            return False
        if moved.is_wrong or moved.claim.is_wrong(finding.direction):
            return False
    return True


def _checked(
    note: _Note,
    order: int,
    tolerance: float,
    kinked: list[_Note],
    limits: tuple[int, int] | None,
    shared: bool,
) -> Fault | None:
    """Check one op; note whether it has a kink."""
    rng = np.random.default_rng(0)
    name = note.node.rule.name
    line = str(note.line) if note.line is not None else None
    try:
        for function in _alone(note, order, rng):
            size = function.at.size
            if limits is not None and not limits[0] < size <= limits[1]:
                continue
            singly = limits is not None
            finding = search(function, rng, tolerance, singly=singly, shared=shared)
            if finding.kinks and not singly:
                kinked.append(note)
            if finding.direction is not None:
                _, wrong = blame(finding.claim, finding.direction)
                return Fault(name, _in_short(wrong), line)
            if finding.tie is not None:
                return Fault(name, finding.tie, line)
    except GradientError as error:
        if error.kind in _OWN_FAULTS:
            return Fault(name, str(error), line)
    except (TypeError, ValueError):
        pass  # nothing in it to differentiate, or it had an infinite operand
    return None


def _in_short(wrong: Mismatch) -> str:
    """One line on what is wrong with an op."""
    index = f"[{', '.join(map(str, wrong.index))}]" if wrong.index else ""
    slope = f"{wrong.ahead:.6g}"
    if not np.isclose(wrong.behind, wrong.ahead, rtol=KINK, atol=0.0):
        slope = f"{wrong.behind:.6g} behind and {wrong.ahead:.6g} ahead"
    place = f"{wrong.label}{index}"
    return f"its gradient by {place} is {wrong.claimed:.6g}, the slope {slope}"


def _alone(note: _Note, order: int, rng: np.random.Generator) -> Iterator[FlatFunction]:
    """An op as a function of its live operands, then its gradient, up to an order."""
    node = note.node
    rule = node.rule
    names = list(rule.signature.operands)
    if rule.signature.variadic:
        names = [f"{names[0]}[{i}]" for i in range(len(note.arrays))]
    live = [i for i, u in enumerate(node.inputs) if u.live]
    keywords = {
        name: getattr(node, f"{name}_given") for name in rule.signature.keywords
    }
    op: Callable[..., Any] = partial(_run, rule, note.arrays, live, keywords)
    function = FlatFunction(
        op,
        [note.arrays[i] for i in live],
        name=rule.name,
        labels=[names[i] for i in live],
    )
    yield function
    for _ in range(order - 1):
        function = Derivative(function, rng)
        yield function


def _run(
    rule: Any,
    arrays: tuple[Any, ...],
    live: Sequence[int],
    keywords: Mapping[str, Any],
    *given: Any,
) -> Tensor:
    operands: list[Any] = [np.array(array) for array in arrays]
    for i, x in zip(live, given):
        operands[i] = x
    return lift(rule)(*operands, **keywords)
