"""Scopes to boxes: which ops share a frame, and which frames are folded.

Each call of a scope gives a box. Calls of one scope side by side share it; if one
uses what the other has made, each has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tinygrad_jp.draw.picture import SMALL, Box
from tinygrad_jp.graph import Node

_BLOCK = 12  # ops in a frame that stands for several, to open it

_EACH = 8  # levels that are tried one by one
_MANY = 2000  # boxes and ops side by side; above, joining calls takes too long


@dataclass(eq=False, slots=True)
class Frame:
    """A scope with what was computed in it.

    Attributes:
        scope: The `tinygrad_jp.mode.Scope`; None for the whole graph.
        parent: The frame around it.
        level: How many named frames are around it.
        ops: The ops right in it, oldest first.
        children: The frames right in it, oldest first.
        call: Counts the frames of one scope that could not be joined, from 1.
        size: How many ops are in it, at any depth.
        start: The creation number of its first op.
        title: What it is called, where that is not the scope's name.
        times: How many frames that are alike it stands for; see `repeat`.
        parameters: Those of all of them, if they are several.
        folded: Whether it is drawn as one item.
        box: What it is in the picture, if it is not folded.
    """

    scope: Any
    parent: Frame | None
    level: int
    ops: list[Node] = field(default_factory=list)
    children: list[Frame] = field(default_factory=list)
    call: int = 1
    size: int = 0
    start: int = 0
    title: str | None = None
    times: int = 1
    parameters: set[Node] = field(default_factory=set)
    folded: bool = False
    box: Box | None = None

    @property
    def label(self) -> str:
        """The scope's name, with a number where it is drawn several times."""
        name = str(self.scope.name) if self.title is None else self.title
        if self.times > 1:
            return f"{name} ×{self.times}".lstrip()
        return name if self.call == 1 or self.title else f"{name} #{self.call}"

    def below(self) -> Iterator[Frame]:
        """This frame and all in it, each after the one around it."""
        waiting = [self]
        while waiting:
            frame = waiting.pop()
            yield frame
            waiting += reversed(frame.children)

    def all_ops(self) -> Iterator[Node]:
        """The ops in it, at any depth."""
        for frame in self.below():
            yield from frame.ops


def frames_of(ops: Sequence[Node]) -> Frame:
    """Put ops, oldest first, into a tree of frames, and join what can be joined."""
    whole = Frame(None, None, -1)
    path = [whole]
    last: Any = None
    for op in ops:
        if op.scope is not last:
            last = op.scope
            _enter(path, last)
        path[-1].ops.append(op)
    for frame in whole.below():
        _join(frame)
    for frame in reversed(list(whole.below())):
        frame.size = len(frame.ops) + sum([child.size for child in frame.children])
        starts = [child.start for child in frame.children]
        frame.start = min([*starts, *[op.order for op in frame.ops[:1]]], default=0)
    return whole


def _enter(path: list[Frame], scope: Any) -> None:
    """Leave and enter frames until the last of `path` is that of `scope`."""
    chain: list[Any] = []
    while scope is not None:
        chain.append(scope)
        scope = scope.parent
    chain.reverse()
    shared = 0
    for frame, wanted in zip(path[1:], chain):
        if frame.scope is not wanted:
            break
        shared += 1
    del path[shared + 1 :]
    for wanted in chain[shared:]:
        child = Frame(wanted, path[-1], path[-1].level + 1)
        path[-1].children.append(child)
        path.append(child)


# --- calls of one scope ------------------------------------------------------------


def _join(parent: Frame) -> None:
    """Join the frames of one scope in `parent`, where none uses another's values."""
    children = parent.children
    scopes = [child.scope for child in children]
    if len(set(scopes)) == len(scopes):
        return
    following = None
    if len(children) + len(parent.ops) <= _MANY:
        following = successors(parent)
    latest: dict[Any, Frame] = {}
    kept: list[Frame] = []
    for child in children:
        before = latest.get(child.scope)
        if before is not None:
            if following is not None and not (
                _leads(before, child, following) or _leads(child, before, following)
            ):
                _absorb(before, child, following)
                continue
            child.call = before.call + 1
        latest[child.scope] = child
        kept.append(child)
    parent.children = kept


def successors(parent: Frame) -> dict[Any, set[Any]]:
    """Which of a frame's children and own ops use what another one made."""
    place: dict[Node, Any] = {op: op for op in parent.ops}
    for child in parent.children:
        place.update(dict.fromkeys(child.all_ops(), child))
    following: dict[Any, set[Any]] = {where: set() for where in place.values()}
    for op, where in place.items():
        for node in op.inputs:
            source = place.get(node)
            if source is not None and source is not where:
                following[source].add(where)
    return following


def _leads(start: Any, goal: Any, following: dict[Any, set[Any]]) -> bool:
    """Whether a way leads from one to the other."""
    waiting = [start]
    seen = {start}
    while waiting:
        for place in following[waiting.pop()]:
            if place is goal:
                return True
            if place not in seen:
                seen.add(place)
                waiting.append(place)
    return False


def _absorb(first: Frame, second: Frame, following: dict[Any, set[Any]]) -> None:
    """Move everything of the second frame into the first."""
    first.ops += second.ops
    for child in second.children:
        child.parent = first
    first.children += second.children
    following[first] |= following.pop(second)
    for places in following.values():
        if second in places:
            places.remove(second)
            places.add(first)
    following[first].discard(first)


# --- folding -----------------------------------------------------------------------


Opens = Callable[[Frame], bool]
"""Whether a frame is opened; False: it is drawn as one item."""


def everything(frame: Frame) -> bool:
    """Open every frame."""
    return True


def layers(frame: Frame) -> bool:
    """Open frames with frames in them, and small ones."""
    return bool(frame.children) or frame.size <= (SMALL if frame.times == 1 else _BLOCK)


def to_depth(depth: int) -> Opens:
    """Open frames with fewer frames around them."""
    return lambda frame: frame.level < depth


def choices(whole: Frame) -> Iterator[Opens]:
    """Ways to decide which frames are opened, from much to little."""
    yield layers
    deepest = max([frame.level for frame in whole.below()])
    for level in _levels(deepest):
        yield partial(_has_frames, level=level)


def _levels(deepest: int) -> Iterator[int]:
    """From the deepest level to 0: each one near the top, few of a deep tower."""
    level = deepest
    while level > _EACH:
        yield level
        level = max(level * 2 // 3, _EACH)
    yield from range(level, -1, -1)


def _has_frames(frame: Frame, level: int) -> bool:
    return bool(frame.children) and frame.level < level


def fold(whole: Frame, opens: Opens) -> None:
    """Mark the frames that are drawn as one item.

    One with a single op always is, unless all are opened.
    """
    for frame in whole.below():
        if frame.parent is not None:
            alone = frame.size == 1 and opens is not everything
            frame.folded = alone or not opens(frame)


def shown(whole: Frame) -> tuple[list[Frame], list[Frame]]:
    """The frames that are boxes, and the folded ones that stand in them."""
    opened = []
    folded = []
    waiting = [whole]
    while waiting:
        frame = waiting.pop()
        if frame.folded:
            folded.append(frame)
        else:
            opened.append(frame)
            waiting += reversed(frame.children)
    return opened, folded


def count(whole: Frame) -> int:
    """How many ops and layers are drawn."""
    opened, folded = shown(whole)
    return len(folded) + sum([len(frame.ops) for frame in opened])
