"""Recording: each op and each step of a backward pass, with four readings of a clock.

What the recorder does for itself lies between the first two and the last two, so it can
be told apart. No node, no Tensor and no array is kept: a million events take 56 MB.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from array import array
from collections.abc import Mapping
from struct import Struct
from time import perf_counter_ns as clock
from types import CodeType
from typing import Any, TypeAlias

from numpy import ndarray

from tinygrad_jp.errors.frames import user_frame
from tinygrad_jp.graph import Node
from tinygrad_jp.mode import Scope, Watcher, current
from tinygrad_jp.ops import Rule
from tinygrad_jp.profile.account import Account, Meter, Span

Begun: TypeAlias = tuple[int, int, int, Span | None, int]
"""An id, the first two times, the span of memory, and the number of the scope."""

FIELDS = "start begun stop order live site call"
"""Of an event. Times are in nanoseconds: when the recorder was told that something
begins, when it was done with that, and when the op had ended. `order` is that of the
node, -1 where there is none; `live` the bytes that are alive; `site` and `call` are
numbers of a lane's `sites` and `scopes`. When the recorder was done, `ends` holds."""

_pack = Struct("<qqqqqii").pack


class Lane:
    """What one thread has done.

    Attributes:
        events: The `FIELDS` of each event, packed, in the order in which they ended.
        ends: When the recorder was done with each.
        sites: What kinds of events there are, numbered: of a run `(rule, shapes of the
            operands, shape, dtype, bytes made, bytes kept, bytes of copies, id of the
            code, instruction)`; of a pull `(rule, None, shape, dtype, bytes made, the
            number of the scope in which it ran)`.
        scopes: Those that were met; the first is that outside of all.
        spikes: Of each event, the most bytes that it added; empty if nobody asked.
        account: Of the arrays that it allocated.
        waiting: What has begun.
    """

    def __init__(self) -> None:
        self.events = bytearray()
        self.ends = array("q")
        self.sites: dict[tuple[Any, ...], int] = {}
        self.scopes: list[Scope | None] = [None]
        self.spikes = array("q")
        self.account = Account()
        self.waiting: list[Begun] = []
        self._calls: dict[int, int] = {id(None): 0}
        self._written: set[Rule[Any]] = set()

    def call(self, scope: Scope | None) -> int:
        """The number of a scope. It is kept, so that its id stays its own."""
        number = self._calls.get(id(scope))
        if number is None:
            number = self._calls[id(scope)] = len(self.scopes)
            self.scopes.append(scope)
        return number

    def site(self, key: tuple[Any, ...]) -> int:
        """The number of a kind of event."""
        number = self.sites.get(key)
        if number is None:
            number = self.sites[key] = len(self.sites)
        return number

    def prepare(self, node: Node) -> None:
        """Have a rule's pull written before it is timed for the first time."""
        if node.rule not in self._written:
            self._written.add(node.rule)
            if type(node).pull.__name__ == "write_and_run":
                node.rule.write()

    def begun(self, what: int) -> Begun | None:
        """Take what has begun out of those that wait; what failed is dropped."""
        while self.waiting:
            found = self.waiting.pop()
            if found[0] == what:
                return found
        return None

    def close(self) -> None:
        """Drop what has begun and not ended, and watch no array any more."""
        self.waiting.clear()
        self.account.close()

    def around(self) -> Span | None:
        """The span of memory of what is running."""
        return self.waiting[-1][3] if self.waiting else None


class Recorder(Watcher):
    """Writes down what it is told, a lane for each thread.

    Args:
        meter: Whom to ask for the peaks of memory.

    Attributes:
        lanes: By the number of the thread.
        codes: The code of the user, by id.
        open: Whether it listens.
    """

    def __init__(self, meter: Meter | None) -> None:
        self.lanes: dict[int, Lane] = {}
        self.codes: dict[int, CodeType] = {}
        self.open = False
        self._meter = meter
        self._seen: dict[int, tuple[CodeType, bool]] = {}

    def _lane(self) -> Lane:
        return self.lanes.setdefault(get_ident(), Lane())

    # --- forward -----------------------------------------------------------------

    def runs(self, rule: Rule[Any], operands: tuple[Any, ...]) -> None:
        """An op begins."""
        start = clock()
        if not self.open:  # a task that goes on after the block has ended
            return
        lane = self.lanes.get(get_ident()) or self._lane()
        span = None if self._meter is None else self._meter.begin(lane.around())
        lane.waiting.append((id(operands), start, clock(), span, 0))

    def ran(
        self,
        rule: Rule[Any],
        operands: tuple[Any, ...],
        keywords: Mapping[str, Any],
        result: Any,
    ) -> None:
        """It has ended."""
        stop = clock()
        lane = self.lanes.get(get_ident()) or self._lane()
        found = lane.begun(id(operands))
        if found is None:
            return
        _, start, begun, span, _ = found
        if span is not None and self._meter is not None:
            lane.spikes.append(self._meter.end(span, lane.around()))
        out = result._data
        given = []
        for operand in operands:
            data = getattr(operand, "_data", operand)
            if type(data) is ndarray:
                given.append(data)
        node = result._node
        account = lane.account
        made = account.made(out, given)
        if node is None:
            order, kept, copies = -1, 0, 0
        else:
            order = node.order
            kept, copies = account.kept(node)
        code, place = self._line(sys._getframe(2))
        shapes = tuple([data.shape for data in given])
        key = rule, shapes, out.shape, out.dtype, made, kept, copies, code, place
        site = lane.site(key)
        call = lane.call(current().scope)
        lane.events += _pack(start, begun, stop, order, account.live, site, call)
        lane.ends.append(clock())

    def _line(self, frame: Any) -> tuple[int, int]:
        """The user's code that is running, and where in it; quicker than its line."""
        seen = self._seen
        while frame is not None:
            code = frame.f_code
            known = seen.get(id(code))
            if known is None:
                self._sort(frame)
                known = seen[id(code)]
            if known[1]:
                return id(code), frame.f_lasti
            frame = frame.f_back
        return 0, 0

    def _sort(self, frame: Any) -> None:
        """Note whose code it is, from a frame outwards to the first of the user's."""
        _, user = user_frame(frame)
        while frame is not user:
            self._seen[id(frame.f_code)] = frame.f_code, False
            frame = frame.f_back
        if user is not None:
            self._seen[id(user.f_code)] = user.f_code, True
            self.codes[id(user.f_code)] = user.f_code

    # --- backward ----------------------------------------------------------------

    def pulls(self, node: Node) -> None:
        """A step of a backward pass begins."""
        start = clock()
        if not self.open:
            return
        lane = self.lanes.get(get_ident()) or self._lane()
        lane.prepare(node)
        here = lane.call(current().scope)
        span = None if self._meter is None else self._meter.begin(lane.around())
        lane.waiting.append((id(node), start, clock(), span, here))

    def pulled(self, node: Node, g: Any, cotangents: Mapping[Any, Any]) -> None:
        """It has ended."""
        stop = clock()
        lane = self.lanes.get(get_ident()) or self._lane()
        found = lane.begun(id(node))
        if found is None:
            return
        _, start, begun, span, here = found
        if span is not None and self._meter is not None:
            lane.spikes.append(self._meter.end(span, lane.around()))
        made = 0
        account = lane.account
        if type(g) is ndarray:  # else it was recorded, and its ops were entered
            for u in node.inputs:
                if u.live:
                    array = cotangents.get(u)
                    if type(array) is ndarray:
                        made += account.made(array, (g,))
        order = node.order
        site = lane.site((node.rule, None, node.shape, node.dtype, made, here))
        call = lane.call(node.scope)
        lane.events += _pack(start, begun, stop, order, account.live, site, call)
        lane.ends.append(clock())
