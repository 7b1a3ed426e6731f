"""The processes that contenders live in, and how long they live."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any, cast

from benchmarks.contenders import Contender
from benchmarks.worker import serve

_SPAWN = multiprocessing.get_context("spawn")


class Host:
    """A contender's process. It serves one workload after another, until it is closed.

    In a full run every workload has one of its own; in a quick one, where starting them
    would take longer than measuring, they are kept by a `Crew`.
    """

    def __init__(self, contender: Contender, seed: int) -> None:
        self.pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(
            target=_serve_all, args=(theirs, contender, seed), daemon=True
        )
        self._process.start()
        theirs.close()

    @property
    def alive(self) -> bool:
        """Whether it takes another workload."""
        return self._process.is_alive() and not self.pipe.closed

    def ended(self) -> int | None:
        """Wait for the end of a process that has ended by itself; its exit code."""
        self._process.join()
        return self._process.exitcode

    def leave(self) -> None:
        """Let the process end, and do not wait for that."""
        self.pipe.close()

    def close(self) -> None:
        """Let the process end."""
        self.leave()
        self._process.join()


class Crew:
    """Processes that are kept from workload to workload, one a contender."""

    def __init__(self, contenders: Sequence[Contender], seed: int) -> None:
        self._seed = seed
        self._hosts = {c.key: Host(c, seed) for c in contenders}

    def host(self, contender: Contender) -> Host:
        """The process of a contender; a new one where the last has ended."""
        if not self._hosts[contender.key].alive:
            self._hosts[contender.key] = Host(contender, self._seed)
        return self._hosts[contender.key]

    def close(self) -> None:
        """Let all of them end."""
        for host in self._hosts.values():
            host.leave()  # all end at once
        for host in self._hosts.values():
            host.close()


class _Stretch:
    """What `serve` sees of a pipe: it closes where the workload is over."""

    def __init__(self, pipe: Connection) -> None:
        self.send = pipe.send
        self._pipe = pipe

    def recv(self) -> Any:
        command = self._pipe.recv()
        if command is None:
            raise EOFError
        return command


def _serve_all(pipe: Connection, contender: Contender, seed: int) -> None:
    """In the process: serve every workload that comes through the pipe."""
    with contextlib.suppress(EOFError):
        while True:
            workload = pipe.recv()
            serve(cast(Connection, _Stretch(pipe)), contender, workload, seed)
            gc.unfreeze()
            gc.collect()
