"""Runs of units that look alike: where a graph repeats itself.

A unit is a row of neighbours in one frame, such as a layer, or a layer and the sum
behind it. Units are alike if their ops are, in order, with their shapes, scopes and
operands. In a run there are at least three, each of which uses what the one before has
made. Values that only one unit uses, such as the step of a sequence, are a part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tinygrad_jp.draw.boxes import Frame, successors
from tinygrad_jp.draw.reading import brief, literal
from tinygrad_jp.graph import Node

LEAST = 3
"""Units of a run."""

MANY = 20_000
"""Neighbours in a frame above which nobody looks for units."""

LEAF, OUTSIDE = "leaf", "outside"
"""What an operand is that none of the units made."""

_LONGEST = 12  # neighbours in a unit

Element = Node | Frame
Unit = list[Element]


# --- what is like what -------------------------------------------------------------


def stem(name: str) -> str:
    """A name without its numbers: Block of Block3 and of block_3.

    Example:
        >>> [stem(name) for name in ("Block3", "block_3", "3", "畳み込み 2", "a1.b2")]
        ['Block', 'block', '', '畳み込み', 'a.b']
    """
    return re.sub(r"[ _#-]*\d+", "", name)


class Signs:
    """A number for each op and frame, equal for those that look alike inside.

    Attributes:
        inside: The ops and frames right in each frame, in the order of computation.
    """

    def __init__(self, whole: Frame) -> None:
        self._known: dict[Any, int] = {}
        self._sign: dict[Frame, int] = {}
        self.inside: dict[Frame, Unit] = {}
        for frame in reversed(list(whole.below())):
            inside: Unit = [*frame.ops, *frame.children]
            if frame.children:
                inside.sort(key=start_of)
            self.inside[frame] = inside
            name = "" if frame.scope is None else stem(frame.scope.name)
            look = (name, *[self.of(element) for element in inside])
            self._sign[frame] = self._known.setdefault(look, len(self._known))

    def of(self, element: Element) -> int:
        """The number of an op or a frame."""
        if isinstance(element, Frame):
            return self._sign[element]
        look = (element.rule, element.shape, element.dtype)
        return self._known.setdefault(look, len(self._known))

    def ops(self, unit: Unit) -> list[Node]:
        """All ops of a unit, at corresponding places in units that look alike."""
        found: list[Node] = []
        waiting = unit[::-1]
        while waiting:
            element = waiting.pop()
            if isinstance(element, Frame):
                waiting += reversed(self.inside[element])
            else:
                found.append(element)
        return found


def start_of(element: Element) -> int:
    """The creation number of an op, or of the first one in a frame."""
    return element.start if isinstance(element, Frame) else element.order


# --- runs --------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class Run:
    """Units that look alike, and what their ops use.

    Attributes:
        units: At least three.
        ops: Those of each unit.
        uses: What the operands of each unit are; see `_uses`.
    """

    units: list[Unit]
    ops: list[list[Node]]
    uses: list[list[Any]]


def runs(frame: Frame, signs: Signs) -> Iterator[Run]:
    """The runs among the neighbours in a frame."""
    inside = signs.inside[frame]
    marks = [signs.of(element) for element in inside]
    if len(set(marks)) == len(marks):
        return
    reach = {
        length: _reach(marks, length)
        for length in range(1, min(_LONGEST, len(marks) // LEAST) + 1)
    }
    following = successors(frame)
    start = 0
    while start < len(inside):
        length, count = _longest(inside, start, reach)
        if not count:
            start += 1
            continue
        # Units can begin at several places: best at a layer with parameters.
        spare = reach[length][start] % length
        starts = range(start, start + spare + 1)
        best = next((i for i in starts if _has_parameters(inside[i])), start)
        ends = [best + length * k for k in range(count + 1)]
        units = [inside[i:j] for i, j in pairwise(ends)]
        for run in _alike(units, signs):
            if not _comes_back(run, following):
                run = _with_steps(run, following, signs)
                _merge(run, following)
                yield run
        start = ends[-1]


def _reach(marks: Sequence[int], length: int) -> list[int]:
    """How many neighbours from each on are like the one `length` places later."""
    found = [0] * (len(marks) + 1)
    for i in range(len(marks) - length - 1, -1, -1):
        found[i] = found[i + 1] + 1 if marks[i] == marks[i + length] else 0
    return found


def _longest(inside: Unit, start: int, reach: dict[int, list[int]]) -> tuple[int, int]:
    """The length of a unit and the number of units that cover most from `start` on."""
    best = (0, 0)
    for length, reached in reach.items():
        count = 1 + reached[start] // length
        framed = any(isinstance(e, Frame) for e in inside[start : start + length])
        if count >= LEAST and framed and length * count > best[0] * best[1]:
            best = (length, count)
    return best


def _has_parameters(element: Element) -> bool:
    ops = element.all_ops() if isinstance(element, Frame) else [element]
    return any(u.live for op in ops for u in op.inputs if u.rule is None)


def _alike(units: list[Unit], signs: Signs) -> Iterator[Run]:
    """Split units that look alike where their operands differ."""
    ops = [signs.ops(unit) for unit in units]
    place = {op: (k, j) for k, some in enumerate(ops) for j, op in enumerate(some)}
    uses = [_uses(some, k, place) for k, some in enumerate(ops)]
    start = 0
    for end in range(1, len(units) + 1):
        if end < len(units):
            first = end == start + 1
            if uses[end] == uses[end - 1] or (
                first and _begins(*uses[start : end + 1])
            ):
                continue
        if end - start >= LEAST and _follows(uses[start + 1]):
            yield Run(units[start:end], ops[start:end], uses[start:end])
        start = end


def _follows(uses: list[Any]) -> bool:
    """Whether a unit uses what the one before has made."""
    return any(kind[0] == 1 for _, *kinds in uses for kind in kinds)


def _uses(
    ops: Sequence[Node], number: int, place: dict[Node, tuple[int, int]]
) -> list[Any]:
    """For each op its keywords, and what its operands are.

    These are: how many units before and where there, a leaf, or from outside.
    """
    found: list[Any] = []
    leaves: dict[Node, tuple[int, int]] = {}  # where they are used first
    for j, op in enumerate(ops):
        names = op.rule.signature.keywords
        if op.rule.name == "getitem":  # whose index differs from step to step
            names = ()
        use: list[Any] = [tuple([brief(getattr(op, f"{n}_given")) for n in names])]
        for i, node in enumerate(op.inputs):
            there = place.get(node)
            if there is not None:
                use.append((number - there[0], there[1]))
            elif node.rule is None:
                same = leaves.setdefault(node, (j, i))
                use.append((LEAF, same, node.live, node.shape, literal(node)))
            else:
                use.append((OUTSIDE, node.shape))
        found.append(use)
    return found


def _begins(first: list[Any], second: list[Any]) -> bool:
    """Whether a unit can be the first: where others use the one before, anything."""
    return all(
        a == b or (b[0] == 1 and a[0] != 0)
        for one, other in zip(first, second)
        for a, b in zip(one, other)
    )


def _comes_back(run: Run, following: dict[Any, set[Any]]) -> bool:
    """Whether a way leads out of the units and back in: they cannot be one then."""
    members = {element for unit in run.units for element in unit}
    seen = set(members)
    waiting = list(members)
    while waiting:
        here = waiting.pop()
        for there in following.get(here, ()):
            if there in members and here not in members:
                return True
            if there not in seen:
                seen.add(there)
                waiting.append(there)
    return False


def _merge(run: Run, following: dict[Any, set[Any]]) -> None:
    """Make one of the units of a run, for runs that are looked for after it."""
    members = {element for unit in run.units for element in unit}
    first = run.units[0][0]
    after: set[Any] = set()
    for member in members:
        after |= following.pop(member, set())
    for places in following.values():
        if not places.isdisjoint(members):
            places -= members
            places.add(first)
    following[first] = after - members


def _with_steps(run: Run, following: dict[Any, set[Any]], signs: Signs) -> Run:
    """Make a part of each unit what it alone uses, or what uses it alone.

    Such as the steps of a sequence, and the states that are kept of each.
    """
    while True:
        before = _taken(run, following, signs)
        after = None if before else _given(run, following, signs)
        if before:
            units = [[one, *unit] for one, unit in zip(before, run.units)]
        elif after:
            units = [[*unit, one] for one, unit in zip(after, run.units)]
        else:
            return run
        longer = list(_alike(units, signs))
        if len(longer) != 1 or len(longer[0].units) != len(units):
            return run
        run = longer[0]


def _taken(run: Run, following: dict[Any, set[Any]], signs: Signs) -> list[Node] | None:
    """Ops from outside that look alike, one for each unit, which alone uses it."""
    last = run.uses[-1]
    for j, (_, *kinds) in enumerate(last):
        for i, kind in enumerate(kinds):
            if kind[0] != OUTSIDE:
                continue
            steps = [ops[j].inputs[i] for ops in run.ops]
            if len(set(steps)) == len(steps) == len(run.units) and all(
                following.get(step, frozenset([None])) <= set(unit)
                and signs.of(step) == signs.of(steps[0])
                for step, unit in zip(steps, run.units)
            ):
                return steps
    return None


def _given(run: Run, following: dict[Any, set[Any]], signs: Signs) -> list[Node] | None:
    """Ops that look alike, one for each unit, that use what it has made alone."""
    found: dict[Any, list[Node]] = {}
    for unit, ops in zip(run.units, run.ops):
        place = {op: j for j, op in enumerate(ops)}
        after = {op for element in unit for op in following.get(element, ())}
        for op in after.difference(unit):
            made = [u for u in getattr(op, "inputs", ()) if u.rule is not None]
            if made and all(u in place for u in made):
                look = (signs.of(op), *[place[u] for u in made])
                found.setdefault(look, []).append(op)
    rows = [ops for ops in found.values() if len(ops) == len(run.units)]
    return min(rows, key=lambda ops: ops[0].order, default=None)
