"""The trace: every event as a slice of time, in the Trace Event Format of browsers.

https://ui.perfetto.dev and chrome://tracing open it. Each thread has two tracks, one
for forward and one for backward; scopes are slices around those of their ops, and a
counter shows the bytes that were alive.

Source: Trace Event Format (Google), "Complete Events", "Counter Events", "Metadata".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any, TypeAlias

from tinygrad_jp.mode import Scope
from tinygrad_jp.profile.places import Places
from tinygrad_jp.profile.reading import Reading, Track
from tinygrad_jp.profile.recorder import Lane

_PROCESS = 1
_AT_ONCE = 4096  # events
_TITLES = ("forward", "backward")

_Open: TypeAlias = list[Any]
"""A scope whose slice has not ended: itself, its text, its beginning and end."""


def write(reading: Reading, lanes: Sequence[Lane]) -> bytes:
    """Write all events as JSON.

    Args:
        reading: The events.
        lanes: What each of its tracks was read from.
    """
    begins = [int(t.events["start"].min()) for t in reading.tracks if len(t.events)]
    zero = min(begins, default=0)
    pieces = [b'{"displayTimeUnit":"ms","traceEvents":[\n']
    pieces.append(_named("process_name", 0, {"name": "tinygrad_jp"}).encode())
    for number, (track, lane) in enumerate(zip(reading.tracks, lanes)):
        first = 2 * number + 1
        lines = _titles(number, first)
        lines = chain(lines, _Writer(track, lane, reading.places, first, zero).lines())
        while some := list(islice(lines, _AT_ONCE)):  # a text for each takes more
            pieces.append("".join([f",\n{line}" for line in some]).encode())
    pieces.append(b"\n]}\n")
    return b"".join(pieces)


def _titles(number: int, first: int) -> Iterator[str]:
    """What the tracks of a thread are called, and that they stand below each other."""
    for thread, title in enumerate(_TITLES, first):
        name = title if number == 0 else f"{title}, thread {number + 1}"
        yield _named("thread_name", thread, {"name": name})
        yield _named("thread_sort_index", thread, {"sort_index": thread})


def _named(what: str, thread: int, args: dict[str, Any]) -> str:
    found = {"name": what, "ph": "M", "pid": _PROCESS, "tid": thread, "args": args}
    return json.dumps(found)


class _Writer:
    """Writes the events of one thread.

    Args:
        track: The events.
        lane: What they were read from.
        places: All scopes.
        first: The number of the track for forward; that for backward is next.
        zero: When the trace begins, in nanoseconds.
    """

    def __init__(
        self, track: Track, lane: Lane, places: Places, first: int, zero: int
    ) -> None:
        self._track = track
        self._scopes = lane.scopes
        self._places = places
        self._first = first
        self._zero = zero
        self._texts: dict[tuple[int, int], str] = {}
        self._opened: list[list[_Open]] = [[], []]

    def lines(self) -> Iterator[str]:
        """All events, each as a line of JSON."""
        track = self._track
        alive = 0
        before = 0
        for i, event in enumerate(track.events):
            _, begun, stop, _, live, site, call = event.item()
            way = int(track.backward[i])
            if track.parents[i] < 0:
                if way != before and before:
                    yield from self._leave(1, 0)  # the next pull is of another pass
                before = way
                yield from self._enter(way, self._scopes[call], begun, stop)
            text = self._text(site, int(track.places[i]))
            yield self._slice(way, text, begun, stop)
            if live != alive:
                alive = live
                yield self._counter(stop, alive)
        for way in (0, 1):
            yield from self._leave(way, 0)

    # --- scopes ------------------------------------------------------------------

    def _enter(
        self, way: int, scope: Scope | None, begun: int, stop: int
    ) -> Iterator[str]:
        """End the slices of scopes that were left, and begin those that were entered.

        What ran inside of an event comes before it, so slices begin with the first
        that ran inside of nothing.
        """
        opened = self._opened[way]
        chain: list[Scope] = []
        while scope is not None:
            chain.append(scope)
            scope = scope.parent
        chain.reverse()
        shared = 0
        for one, wanted in zip(opened, chain):
            if one[0] is not wanted:
                break
            shared += 1
        yield from self._leave(way, shared)
        for new in chain[shared:]:
            text = f'"name":{_quoted(new.name)},"cat":"scope"'
            opened.append([new, text, begun, stop])
        for one in opened:
            one[3] = stop

    def _leave(self, way: int, keep: int) -> Iterator[str]:
        opened = self._opened[way]
        while len(opened) > keep:
            _, text, begun, stop = opened.pop()
            yield self._slice(way, text, begun, stop)

    # --- lines -------------------------------------------------------------------

    def _slice(self, way: int, text: str, begun: int, stop: int) -> str:
        start, took = _micro(begun - self._zero), _micro(stop - begun)
        thread = self._first + way
        return (
            f'{{{text},"ph":"X","ts":{start},"dur":{took},'
            f'"pid":{_PROCESS},"tid":{thread}}}'
        )

    def _counter(self, at: int, live: int) -> str:
        return (
            f'{{"name":"memory","ph":"C","ts":{_micro(at - self._zero)},'
            f'"pid":{_PROCESS},"tid":{self._first},"args":{{"bytes alive":{live}}}}}'
        )

    def _text(self, site: int, place: int) -> str:
        """What a slice of an op says of it; the same for all of a kind in a place."""
        found = self._texts.get((site, place))
        if found is None:
            found = self._texts[site, place] = self._described(
                self._track.sites[site], place
            )
        return found

    def _described(self, site: tuple[Any, ...], place: int) -> str:
        rule, shapes, shape, dtype, made = site[:5]
        args: dict[str, Any] = {"op": rule.symbol or rule.name}
        path = self._places.path(place)
        if path:
            args["scope"] = " / ".join([_clean(name) for name in path])
        if shapes is not None:
            args["operands"] = [list(one) for one in shapes]
        args |= {"shape": list(shape), "dtype": str(dtype), "bytes": made}
        if shapes is not None:
            args["kept"] = site[5] + site[6]
        kind = "backward" if shapes is None else "op"
        return f'"name":{_quoted(rule.name)},"cat":"{kind}","args":{json.dumps(args)}'


def _micro(nanoseconds: int) -> str:
    """Microseconds, exact to the nanosecond."""
    return f"{nanoseconds // 1000}.{nanoseconds % 1000:03d}"


def _quoted(name: object) -> str:
    return json.dumps(_clean(str(name)))


def _clean(name: str) -> str:
    """A name without halves of letters, which no file can hold."""
    return name.encode(errors="replace").decode()
