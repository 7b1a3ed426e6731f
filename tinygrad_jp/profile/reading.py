"""Reading: from what was recorded to seconds and bytes, by op, by scope and by line.

Events come in the order in which they ended, so what ran inside of another stands right
before it. An event's own time is what is left of it without those; what the recorder
took for itself is in nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinygrad_jp.profile.places import Places
from tinygrad_jp.profile.recorder import FIELDS, Lane

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WIDTHS = ("i8",) * 5 + ("i4",) * 2
_EVENT = np.dtype(list(zip(FIELDS.split(), _WIDTHS)))

NANO = 1e-9


class Track:
    """What one thread has done, worked out.

    Attributes:
        events: The fields of `recorder.FIELDS`, in the order in which they ended.
        ends: When the recorder was done with each.
        sites: What the numbers in the field `site` mean; see `recorder.Lane`.
        parents: What each event ran inside of, by its place in `events`; -1 for none.
        pulls: Whether each is a step of a backward pass.
        backward: Whether each is one, or ran inside of one.
        own: Nanoseconds of each, without what ran inside of it.
        places: Where each belongs, among the places of the whole reading.
        spikes: The most bytes that each added; None where nobody asked.
        recorder: Nanoseconds that the recorder took for itself.
        whole: Nanoseconds from the beginnings to the ends of all events, the recorder's
            own among them.
    """

    def __init__(self, lane: Lane, places: Places) -> None:
        count = len(lane.ends)  # what is being written down is left out
        packed = bytes(lane.events[: count * _EVENT.itemsize])
        self.events = np.frombuffer(packed, _EVENT)
        self.ends = np.array(lane.ends[:count], np.int64)
        self.sites = list(lane.sites)
        self.spikes = np.array(lane.spikes[:count], np.int64) if lane.spikes else None
        start, begun, stop = (self.events[n] for n in ("start", "begun", "stop"))
        self.parents = _parents(start)
        kinds = np.array([site[1] is None for site in self.sites], bool)
        self.pulls = kinds[self.events["site"]]
        self.backward = self._inside_of_pulls()
        spans = self.ends - start
        self.own = stop - begun
        inner = self.parents >= 0
        np.subtract.at(self.own, self.parents[inner], spans[inner])
        self.recorder = int((begun - start).sum() + (self.ends - stop).sum())
        self.whole = int(spans[~inner].sum())
        self.places = self._places(lane, places)

    def _inside_of_pulls(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = self.pulls.copy()
        for i in np.flatnonzero(self.parents >= 0)[::-1]:  # what is around comes first
            found[i] |= found[self.parents[i]]
        return found

    def _places(self, lane: Lane, places: Places) -> NDArray[np.int64]:
        """Where each event belongs: its scope, and if it ran in a pull, that of this.

        An op that runs in a pull was told a scope that begins where the backward pass
        ran; the scope of the node that is pulled takes the place of that beginning.
        """
        calls = self.events["call"]
        known = np.array([places.of(scope) for scope in lane.scopes], np.int64)
        found: NDArray[np.int64] = known[calls]
        for i in np.flatnonzero(self.parents >= 0)[::-1]:
            around = self.parents[i]
            if not self.pulls[around]:
                continue
            here = lane.scopes[self.sites[self.events["site"][around]][5]]
            scope = lane.scopes[calls[i]]
            found[i] = places.of(scope, until=here, start=int(found[around]))
        return found

    def gaps(self, begins: Sequence[int]) -> tuple[int, int]:
        """Nanoseconds from one op to the next, and from anything to a pull.

        Args:
            begins: When each block began; what lies between two blocks does not count.
        """
        outer = self.parents < 0
        start, pulls = self.events["start"][outer], self.pulls[outer]
        blocks = np.searchsorted(np.array(begins, np.int64), start)
        gaps = (start[1:] - self.ends[outer][:-1]) * (blocks[1:] == blocks[:-1])
        forward = gaps[~pulls[1:] & ~pulls[:-1]].sum()
        return int(forward), int(gaps[pulls[1:]].sum())

    def sum_by(self, groups: NDArray[np.int64], count: int) -> list[Sums]:
        """Add up the events of each group; a group is a number below `count`."""
        seconds = {}
        for backward in (False, True):
            chosen = self.backward == backward
            weights = self.own[chosen] * NANO
            seconds[backward] = np.bincount(groups[chosen], weights, count).tolist()
        runs = np.bincount(groups[~self.pulls], minlength=count).tolist()
        pulls = np.bincount(groups[self.pulls], minlength=count).tolist()
        made, kept = self.made(), self.kept()
        results = _added(groups, np.where(self.pulls, 0, made), count)
        gradients = _added(groups, np.where(self.pulls, made, 0), count)
        keeps = _added(groups, kept, count)
        spikes = np.zeros(count, np.int64)
        if self.spikes is not None:
            np.maximum.at(spikes, groups, self.spikes)
        rows = zip(
            seconds[False],
            seconds[True],
            runs,
            pulls,
            results,
            gradients,
            keeps,
            spikes.tolist(),
        )
        return [Sums(*row) for row in rows]

    def by_site(self, values: Sequence[int]) -> NDArray[np.int64]:
        """A number for each event, by its site."""
        found: NDArray[np.int64] = np.array(values, np.int64)[self.events["site"]]
        return found

    def made(self) -> NDArray[np.int64]:
        """Bytes that each event allocated."""
        return self.by_site([site[4] for site in self.sites])

    def kept(self) -> NDArray[np.int64]:
        """Bytes that the node of each keeps, its copies among them."""
        return self.by_site(
            [0 if site[1] is None else site[5] + site[6] for site in self.sites]
        )

    def copies(self) -> NDArray[np.int64]:
        """Bytes of what it copied to compare with later."""
        return self.by_site([0 if site[1] is None else site[6] for site in self.sites])


@dataclass(slots=True)
class Sums:
    """What some events took together: seconds, counts and bytes."""

    forward: float = 0.0
    backward: float = 0.0
    runs: int = 0
    pulls: int = 0
    results: int = 0
    gradients: int = 0
    kept: int = 0
    spike: int = 0

    def add(self, other: Sums) -> None:
        """Take in those of other events."""
        self.forward += other.forward
        self.backward += other.backward
        self.runs += other.runs
        self.pulls += other.pulls
        self.results += other.results
        self.gradients += other.gradients
        self.kept += other.kept
        self.spike = max(self.spike, other.spike)


class Between(NamedTuple):
    """Seconds of the blocks that no op took, nor the profile itself."""

    forward: float
    """From one op to the next: Python, NumPy of the user's, and what ops cost around
    their rules."""
    backward: float
    """Before each step of a backward pass: the walk of the engine."""
    elsewhere: float
    """From a backward pass to the next op, and before the first and after the last: an
    optimizer, for one."""


@dataclass(slots=True)
class Reading:
    """All that was recorded until now.

    Attributes:
        tracks: One for each thread.
        places: The scopes that were met.
        wall: Seconds of the blocks.
        recorder: Seconds that the recorder took for itself in their threads.
        between: What is left of them without ops and the recorder.
        others: Seconds of ops in other threads, which are in no block's seconds.
        live: The most bytes that were alive at the end of an event.
    """

    tracks: list[Track]
    places: Places
    wall: float
    recorder: float
    between: Between
    others: float
    live: int
    _nodes: _Nodes | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, lanes: Iterable[tuple[Lane, bool]], wall: int, begins: Sequence[int]
    ) -> Reading:
        """Read lanes, each with whether a block was in its thread.

        Args:
            lanes: What was recorded.
            wall: Nanoseconds of all blocks together.
            begins: When each block began.
        """
        places = Places()
        tracks: list[Track] = []
        own: list[Track] = []
        other: list[Track] = []
        for lane, owns in lanes:
            track = Track(lane, places)
            tracks.append(track)
            (own if owns else other).append(track)
        gaps = [track.gaps(begins) for track in own]
        forward, backward = (sum([gap[way] for gap in gaps]) for way in (0, 1))
        left = wall - sum([track.whole for track in own]) - forward - backward
        return cls(
            tracks,
            places,
            wall * NANO,
            sum([track.recorder for track in own]) * NANO,
            Between(forward * NANO, backward * NANO, left * NANO),
            float(sum([track.own.sum() for track in other])) * NANO,
            max([int(t.events["live"].max(initial=0)) for t in tracks], default=0),
        )

    def node(self, order: int) -> Sums | None:
        """What the node of a creation number took; None if it was not seen.

        Forward is its run, wherever that was, and `kept` are the copies alone.
        """
        if self._nodes is None:
            self._nodes = _Nodes(self.tracks)
        return self._nodes.of(order)


class _Nodes:
    """What each node took, by its creation number; arrays, as there may be many."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        orders = _joined([t.events["order"] for t in tracks])
        pulls = _joined([t.pulls for t in tracks]).astype(bool)
        own = _joined([t.own for t in tracks]) * NANO
        self._orders, places = np.unique(orders, return_inverse=True)
        made = _joined([t.made() for t in tracks])
        copies = _joined([t.copies() for t in tracks])
        columns = [np.where(pulls, 0, own), np.where(pulls, own, 0), ~pulls, pulls]
        columns += [np.where(pulls, 0, made), np.where(pulls, made, 0), copies]
        count = len(self._orders)
        self._sums = [np.bincount(places, column, count) for column in columns]

    def of(self, order: int) -> Sums | None:
        i = int(np.searchsorted(self._orders, order))
        if i == len(self._orders) or self._orders[i] != order:
            return None
        forward, backward, *rest = (float(sums[i]) for sums in self._sums)
        return Sums(forward, backward, *map(int, rest))


def _joined(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(columns) if columns else np.zeros(0, np.int64)


def _added(groups: NDArray[np.int64], values: Any, count: int) -> list[int]:
    """Sums of whole numbers, exact where those of floats would not be."""
    found = np.zeros(count, np.int64)
    np.add.at(found, groups, values)
    return found.tolist()


def _parents(start: NDArray[np.int64]) -> NDArray[np.int64]:
    """What each event ran inside of: what ended later, and had begun before."""
    found = np.full(len(start), -1, np.int64)
    if (np.diff(start) > 0).all():  # one after the other
        return found
    waiting: list[int] = []
    for i, begun in enumerate(start.tolist()):
        while waiting and start[waiting[-1]] > begun:
            found[waiting.pop()] = i
        waiting.append(i)
    return found
