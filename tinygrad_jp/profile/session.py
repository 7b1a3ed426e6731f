"""`profile`: the context manager that measures a block, and what can be asked of it.

The rooms that do the work are imported where they are used: importing `tinygrad_jp`
must not wait for what most programs never need.
"""

from __future__ import annotations

from _thread import get_ident
from time import perf_counter_ns as clock
from typing import TYPE_CHECKING, Self

from tinygrad_jp.record import watching

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from tinygrad_jp.graph import Node
    from tinygrad_jp.profile.reading import Between, Reading
    from tinygrad_jp.profile.rows import Row, ScopeRow
    from tinygrad_jp.profile.table import By, Sort


class profile:
    """Measure the time and the memory of every op in a block, forward and backward.

    ``print(p)`` shows tables, of ops and of scopes; `ops`, `scopes` and `lines` are the
    same for programs; `save` writes a trace for browsers; and
    ``tg.draw(loss, color="time", profile=p)`` colours a graph by what was measured.

    Each op is timed by the wall clock, without what runs inside of it. What is between
    ops (Python, NumPy of the user's, the walk of the engine) is a line of its own, what
    is elsewhere (after a backward pass, such as an optimizer) another, and what the
    profile needs for itself a third; so a table adds up to the seconds of the block. A
    profile may be entered again after it has ended, and adds up.

    It sees the ops of its own thread, and of others that were started with a copy of
    the context (`contextvars.copy_context`), as asyncio's tasks are. What fails is not
    counted. It keeps no array and no graph alive.

    Of memory it counts the arrays that ops allocate for their results, and that
    backward passes hand on; not the temporaries inside of ops, which `memory` shows.

    A step of tiny ops takes about 2.8 times as long while it is measured, the book's
    training step (784-50-10, batch 100) about 1.5 times: 4 to 7 µs an op or pull. Most
    of that is told apart; about 0.3 µs stay in the time of each op, and 1 to 2 µs in
    what is between. Off, it costs nothing. It keeps 56 bytes of each op and each pull,
    and until the block ends about 230 of each array that is alive.

    Args:
        memory: Also ask Python's `tracemalloc` for the peak inside of every op, and of
            the whole block. A step of tiny ops then takes 17 times as long, the book's
            5 times. Peaks are no good where two such profiles measure at once.

    Raises:
        RuntimeError: It is entered while it is measuring.

    Example:
        >>> import tinygrad_jp as tg
        >>> x = tg.Tensor(np.ones((100, 100)), requires_grad=True)
        >>> with tg.profile() as p:
        ...     with tg.scope("wave"):
        ...         y = tg.sin(x)
        ...     y.sum().backward()
        >>> print(p)  # doctest: +NORMALIZE_WHITESPACE
        op runs forward backward total share memory kept
        ...
        >>> [(row.name, row.runs, row.results) for row in p.scopes]
        [('', 1, 8), ('wave', 1, 80000)]
    """

    def __init__(self, *, memory: bool = False) -> None:
        if not isinstance(memory, bool):
            raise TypeError(f"profile: memory must be True or False, got {memory!r}")
        from tinygrad_jp.profile.account import Meter
        from tinygrad_jp.profile.recorder import Recorder

        self._meter = Meter() if memory else None
        self._recorder = Recorder(self._meter)
        self._watching = watching(self._recorder)
        self._threads: set[int] = set()
        self._spent = 0
        self._begins: list[int] = []
        self._read: tuple[int, Reading] | None = None

    def __enter__(self) -> Self:
        if self._recorder.open:
            raise RuntimeError(
                "profile: is measuring already; for a block within the block make "
                "another profile"
            )
        self._threads.add(get_ident())
        self._watching.__enter__()
        if self._meter is not None:
            self._meter.start()
        self._recorder.open = True
        self._begins.append(clock())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._spent += clock() - self._begins[-1]
        self._recorder.open = False
        if self._meter is not None:
            self._meter.stop()
        self._watching.__exit__(kind, error, trace)
        for lane in self._recorder.lanes.values():
            lane.close()

    # --- numbers -----------------------------------------------------------------

    @property
    def seconds(self) -> float:
        """How long the blocks took; inside of one, until now."""
        return self._reading().wall

    @property
    def between(self) -> Between:
        """Seconds of the blocks that no op took, nor the profile itself, in parts.

        `forward` is from one op to the next, `backward` what is before each step of a
        backward pass, and `elsewhere` the rest, such as an optimizer's step.
        """
        return self._reading().between

    @property
    def peak(self) -> int:
        """The most bytes of results and gradients that were alive after an op.

        Of those that were made in the block, and in one thread.
        """
        return self._reading().live

    @property
    def traced_peak(self) -> int | None:
        """With ``memory=True`` the most bytes that Python had above those before.

        NumPy's arrays and Python's objects, of all threads, what the profile holds
        itself among them. None without.
        """
        return None if self._meter is None else self._meter.peak

    @property
    def ops(self) -> list[Row]:
        """What each op took, the longest first."""
        from tinygrad_jp.profile.rows import ops_of

        return ops_of(self._reading())

    @property
    def scopes(self) -> list[ScopeRow]:
        """What each scope took with all that is in it, outer ones first.

        The first row, whose path is empty, is what ran outside of all scopes. Modules
        of one class in one place are told apart: ``Affine``, ``Affine #2``.
        """
        from tinygrad_jp.profile.rows import scopes_of

        return scopes_of(self._reading())

    @property
    def lines(self) -> list[Row]:
        """What each line of the user's took, its backward pass among it."""
        from tinygrad_jp.profile.rows import lines_of

        return lines_of(self._reading(), self._recorder.codes)

    def seconds_of(self, node: Node) -> tuple[float, float] | None:
        """Seconds of one node, forward and backward; None if it was not seen."""
        found = self._reading().node(node.order)
        return None if found is None else (found.forward, found.backward)

    def bytes_of(self, node: Node) -> tuple[int, int] | None:
        """Bytes of one node's result, and of the copies that it keeps beside it.

        None if its op did not run in the block.
        """
        found = self._reading().node(node.order)
        return (found.results, found.kept) if found and found.runs else None

    def _reading(self) -> Reading:
        """What was recorded until now, worked out once."""
        from tinygrad_jp.profile.reading import Reading

        lanes = list(self._recorder.lanes.items())
        wall = self._spent
        if self._recorder.open:
            wall += clock() - self._begins[-1]
        if self._read is None or self._read[0] != wall:
            owned = [(lane, thread in self._threads) for thread, lane in lanes]
            self._read = wall, Reading.of(owned, wall, self._begins)
        return self._read[1]

    # --- to look at --------------------------------------------------------------

    def table(self, by: By = "op", *, sort: Sort = "total", rows: int = 20) -> str:
        """A table of what was measured.

        Forward is what ran outside of backward passes, backward what ran inside.
        `memory` are the bytes of results and of gradients that were allocated, all
        calls together; `kept` those that the graph keeps for its gradients.

        Args:
            by: "op"; "scope" for the tree of scopes, each with what is in it, and as
                `own` without inner scopes; "line" for the lines of the program.
            sort: "total", "forward", "backward", "runs", "memory", "kept" or "name".
            rows: How many to show; the others are added up.

        Raises:
            ValueError: Another `by` or `sort`, or a negative number of rows.

        Example:
            >>> import tinygrad_jp as tg
            >>> with tg.profile() as p:
            ...     y = tg.exp(tg.Tensor([0.0, 1.0]))
            >>> print(p.table("line", sort="forward"))
            line ...
        """
        from tinygrad_jp.profile import table
        from tinygrad_jp.profile.rows import lines_of, ops_of, scopes_of

        table.check(by, sort, rows)
        reading = self._reading()
        found: Sequence[Row]
        if by == "op":
            found = ops_of(reading)
        elif by == "scope":
            found = scopes_of(reading)
        else:
            found = lines_of(reading, self._recorder.codes)
        return table.write(reading, found, by, sort, rows, self.traced_peak)

    def save(self, path: str | Path) -> Path:
        """Write a trace for https://ui.perfetto.dev or chrome://tracing.

        Every op is a slice with its shapes, dtype and bytes, on a track for forward or
        for backward, inside the slices of its scopes; memory is a counter. About 300
        bytes for an op. Folders are made. The file is written whole or not at all.

        Args:
            path: Where to; it ends in .json.

        Returns:
            The path.

        Raises:
            ValueError: Another ending.
            OSError: The file cannot be written; what stood there is unchanged.

        Example:
            >>> import tinygrad_jp as tg
            >>> with tg.profile() as p:
            ...     y = tg.exp(tg.Tensor([0.0, 1.0]))
            >>> p.save("trace.json").name
            'trace.json'
        """
        from pathlib import Path

        from tinygrad_jp import files
        from tinygrad_jp.profile import trace

        path = Path(path).expanduser()
        if path.suffix.lower() != ".json":
            raise ValueError(
                f"profile.save: the file name must end in .json, got {path.name!r}"
            )
        lanes = list(self._recorder.lanes.values())
        files.replace(path, trace.write(self._reading(), lanes), "profile.save")
        return path

    def __str__(self) -> str:
        found = [self.table()]
        if len(self._reading().places) > 1:
            found.append(self.table("scope"))
        return "\n\n".join(found)

    def __repr__(self) -> str:
        from tinygrad_jp.profile.table import Unit

        reading = self._reading()
        count = sum([len(track.ends) for track in reading.tracks])
        steps = "1 op or pull" if count == 1 else f"{count:,} ops and pulls"
        return f"<profile: {steps} in {Unit.of_time(reading.wall).named(reading.wall)}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the tables."""
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"
