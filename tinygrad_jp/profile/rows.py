"""Rows: what ops, scopes and lines took, as plain numbers for programs.

What ran inside of a backward pass counts as backward: the pull of a node, and the ops
that a checkpoint runs again or that `create_graph=True` records. So the sums over all
rows are the same, whatever they are grouped by.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import asdict, dataclass
from types import CodeType
from typing import Any

import numpy as np

from tinygrad_jp.errors.frames import Line
from tinygrad_jp.profile.places import TOP
from tinygrad_jp.profile.reading import Reading, Sums, Track


@dataclass(frozen=True, slots=True)
class Row:
    """What one op, scope or line took, over all its calls.

    Attributes:
        name: What it is called.
        runs: How often its ops ran.
        pulls: How often a backward pass went through them.
        forward: Seconds outside of backward passes.
        backward: Seconds inside of them.
        results: Bytes of arrays that its ops allocated for their results; a view of
            another array takes none.
        gradients: Bytes of arrays that its pulls allocated and handed on.
        kept: Bytes that its nodes keep for their gradients, of what ops in the block
            have made: each array once, at the first op that keeps it, and the copies of
            memory that is shared with the user.
        spike: The most bytes that one of its calls added for a while, with
            ``memory=True``; None without.
    """

    name: str
    runs: int
    pulls: int
    forward: float
    backward: float
    results: int
    gradients: int
    kept: int
    spike: int | None

    @property
    def seconds(self) -> float:
        """Forward and backward together."""
        return self.forward + self.backward


@dataclass(frozen=True, slots=True)
class ScopeRow(Row):
    """What one scope took, with all that is in it.

    Attributes:
        path: The names from the outermost scope to this one; empty for what ran
            outside of all scopes.
        own_forward: Seconds of the ops right in it, without those of inner scopes.
        own_backward: The same for the backward pass.
    """

    path: tuple[str, ...]
    own_forward: float
    own_backward: float

    @property
    def own(self) -> float:
        """Seconds of the ops right in it."""
        return self.own_forward + self.own_backward


def ops_of(reading: Reading) -> list[Row]:
    """A row for each op, the one that took longest first."""

    def groups(track: Track, number: Callable[[Hashable], int]) -> Any:
        return track.by_site([number(site[0]) for site in track.sites])

    return _rows(reading, groups, lambda rule: str(rule.name))


def lines_of(reading: Reading, codes: Mapping[int, CodeType]) -> list[Row]:
    """A row for each of the user's lines, the one that took longest first.

    A pull belongs to the line that ran its op, if that was in the block.
    """
    numbers = {key: dict(_lines(code)) for key, code in codes.items()}

    def line_of(site: tuple[Any, ...]) -> Line | None:
        if site[1] is None or site[7] not in codes:
            return None
        return Line(codes[site[7]].co_filename, numbers[site[7]].get(site[8], 0))

    def groups(track: Track, number: Callable[[Hashable], int]) -> Any:
        unknown = number(None)
        found = track.by_site([number(line_of(site)) for site in track.sites])
        orders = track.events["order"]
        ran = np.flatnonzero(~track.pulls & (orders >= 0))
        ran = ran[np.argsort(orders[ran], kind="stable")]
        pulled = np.flatnonzero(track.pulls)
        if not len(ran):
            found[pulled] = unknown
            return found
        places = np.searchsorted(orders[ran], orders[pulled])
        places = np.minimum(places, len(ran) - 1)
        same = orders[ran][places] == orders[pulled]
        found[pulled] = np.where(same, found[ran][places], unknown)
        return found

    return _rows(reading, groups, _shown)


def _shown(line: Line | None) -> str:
    return "(ran outside of the block)" if line is None else line.shown()


def _lines(code: CodeType) -> list[tuple[int, int]]:
    """The line of each instruction of a function."""
    return [
        (place, line or 0)
        for start, end, line in code.co_lines()
        for place in range(start, end, 2)
    ]


def _rows(
    reading: Reading,
    groups: Callable[[Track, Callable[[Hashable], int]], Any],
    name: Callable[[Any], str],
) -> list[Row]:
    known: dict[Hashable, int] = {}
    sums: dict[int, Sums] = {}
    for track in reading.tracks:
        found = groups(track, lambda key: known.setdefault(key, len(known)))
        for group, one in enumerate(track.sum_by(found, len(known))):
            sums.setdefault(group, Sums()).add(one)
    traced = any(track.spikes is not None for track in reading.tracks)
    rows = [
        Row(name(key), **_numbers(sums[group], traced))
        for key, group in known.items()
        if sums[group].runs or sums[group].pulls
    ]
    return sorted(rows, key=lambda row: -row.seconds)


def _numbers(sums: Sums, traced: bool) -> dict[str, Any]:
    found = asdict(sums)
    return found if traced else found | {"spike": None}


# --- scopes ------------------------------------------------------------------------


def scopes_of(reading: Reading) -> list[ScopeRow]:
    """A row for each scope, outer ones before inner ones, and the longest first.

    The first row, whose path is empty, is what ran outside of all scopes.
    """
    places = reading.places
    own = [Sums() for _ in range(len(places))]
    for track in reading.tracks:
        for sums, one in zip(own, track.sum_by(track.places, len(places))):
            sums.add(one)
    whole = [Sums() for _ in own]
    for place in reversed(range(len(places))):  # what is inside has a larger number
        whole[place].add(own[place])
        if places.parents[place] != TOP:
            whole[places.parents[place]].add(whole[place])
    traced = any(track.spikes is not None for track in reading.tracks)
    inside: dict[int, list[int]] = {}
    for place in range(1, len(places)):
        inside.setdefault(places.parents[place], []).append(place)
    for children in inside.values():
        children.sort(key=lambda i: whole[i].forward + whole[i].backward)
    rows = []
    waiting = [*inside.get(TOP, ()), TOP]
    while waiting:
        place = waiting.pop()
        row = ScopeRow(
            places.names[place],
            path=places.path(place),
            own_forward=own[place].forward,
            own_backward=own[place].backward,
            **_numbers(whole[place], traced),
        )
        if row.runs or row.pulls or place == TOP:
            rows.append(row)
        if place != TOP:
            waiting += inside.get(place, ())
    return rows
