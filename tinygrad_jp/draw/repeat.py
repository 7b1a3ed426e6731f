"""Blocks that are alike and feed each other are drawn once: "Block ×12".

A run of units (`runs`) is folded onto its first one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tinygrad_jp.draw.boxes import Frame
from tinygrad_jp.draw.picture import root_sum_square
from tinygrad_jp.draw.runs import LEAF, LEAST, MANY, Run, Signs, runs, start_of, stem
from tinygrad_jp.draw.summary import Summary
from tinygrad_jp.graph import Node


@dataclass(eq=False, slots=True)
class Alike:
    """Which nodes stand for which, after folding.

    Attributes:
        twins: Of each op that is not drawn, the one that is drawn in its place; the
            same for leaves.
        outside: Leaves that come into a run: what its first unit begins with, and
            constants that all units use.
        entries: What else comes into a run from outside: ops that are not drawn, and
            the places of the operands that are.
    """

    twins: dict[Node, Node] = field(default_factory=dict)
    outside: set[Node] = field(default_factory=set)
    entries: set[tuple[Node, int]] = field(default_factory=set)

    def join(self, leaf: Node, other: Node) -> None:
        """Note the twin of a leaf, unless it has one, or is the other's."""
        while other in self.twins:
            other = self.twins[other]
        if leaf is not other and leaf not in self.twins:
            self.twins[leaf] = other

    def settle(self) -> None:
        """Lead each twin on to the one that is drawn, where units are in units."""
        twins = self.twins
        for node, twin in twins.items():
            while twin in twins:
                twin = twins[twin]
            twins[node] = twin


def fold_alike(whole: Frame) -> Alike:
    """Fold runs of units that are alike; the frames below `whole` are changed."""
    alike = Alike()
    if not any(len(frame.children) >= LEAST for frame in whole.below()):
        return alike
    signs = Signs(whole)
    waiting = [whole]
    while waiting:
        frame = waiting.pop()
        if len(frame.children) >= LEAST and len(signs.inside[frame]) <= MANY:
            for run in runs(frame, signs):
                _fold(frame, run, signs, alike)
        waiting += frame.children
    alike.settle()
    for frame in reversed(list(whole.below())):
        inner = [child.size * child.times for child in frame.children]
        frame.size = len(frame.ops) + sum(inner)
    return alike


# --- folding -----------------------------------------------------------------------


def _fold(parent: Frame, run: Run, signs: Signs, alike: Alike) -> None:
    """Leave the first unit of a run in its frame, and note the twins of its nodes."""
    first, *others = run.ops
    for ops, uses in zip(others, run.uses[1:]):
        alike.twins.update(zip(ops, first))
        _note_operands(ops, first, uses, alike)
    gone = {element for unit in run.units for element in unit}
    frame = _framed(parent, run)
    signs.inside.setdefault(frame, run.units[0])
    frame.times = len(run.units)
    leaves = [u for ops in run.ops for op in ops for u in op.inputs if u.rule is None]
    frame.parameters = {leaf for leaf in leaves if leaf.live}
    parent.ops = [op for op in parent.ops if op not in gone]
    parent.children = [child for child in parent.children if child not in gone]
    parent.children.append(frame)
    parent.children.sort(key=start_of)


def _note_operands(
    ops: Sequence[Node], first: Sequence[Node], uses: Sequence[Any], alike: Alike
) -> None:
    """Note the twins of leaves, and what comes in from outside to this unit alone."""
    for op, twin, (_, *kinds) in zip(ops, first, uses):
        for i, (node, other, kind) in enumerate(zip(op.inputs, twin.inputs, kinds)):
            if kind[0] == 1 and other.rule is None:
                alike.outside.add(other)
            if node is other and node.rule is None and not node.live:
                alike.outside.add(node)
            if node is other or kind[0] in (0, 1):
                continue
            if kind[0] == LEAF:
                alike.join(node, other)
            else:
                alike.entries.add((op, i))


def _framed(parent: Frame, run: Run) -> Frame:
    """The frame of the first unit: its own, or a new one around several neighbours."""
    frames = [[e for e in unit if isinstance(e, Frame)] for unit in run.units]
    for same in zip(*frames):
        names = {str(frame.scope.name) for frame in same}
        name = names.pop()
        same[0].title = stem(name) if names else name
    first = run.units[0]
    if len(first) == 1:
        return frames[0][0]
    titles = dict.fromkeys([frame.label for frame in frames[0]])
    around = Frame(None, parent, parent.level + 1, title=", ".join(titles))
    around.start = min([start_of(element) for element in first])
    for element in first:
        if isinstance(element, Frame):
            element.parent = around
            around.children.append(element)
            for inner in element.below():
                inner.level += 1
        else:
            around.ops.append(element)
    return around


# --- numbers -----------------------------------------------------------------------


def together(nodes: Sequence[Node], found: Mapping[Node, Summary]) -> Summary | None:
    """The numbers of several arrays as of one; None where any are not known."""
    some = [found[node] for node in nodes if node in found]
    if not some or len(some) < len(nodes):
        return None
    size = sum([one.size for one in some])
    finite = [one for one in some if one.size > one.nans + one.infinities]
    counted = sum([one.size - one.nans - one.infinities for one in finite])
    total = sum(
        [one.mean * (one.size - one.nans - one.infinities) / counted for one in finite]
    )
    return Summary(
        size=size,
        low=min([one.low for one in finite], default=0.0),
        high=max([one.high for one in finite], default=0.0),
        mean=total,
        norm=root_sum_square([one.norm for one in some]) or 0.0,
        zeros=sum([one.zeros for one in some]),
        nans=sum([one.nans for one in some]),
        infinities=sum([one.infinities for one in some]),
        bars=(),
        elements=(),
    )
