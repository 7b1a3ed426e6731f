"""In which surroundings everybody computes: threads, BLAS's chip, freed memory.

A variant is set in the environment before its processes start; nothing that runs
already is changed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from benchmarks import machine

CORETYPE = "OPENBLAS_CORETYPE"

KEEPING = {
    "MALLOC_TRIM_THRESHOLD_": "1000000000",
    "MALLOC_MMAP_THRESHOLD_": "1000000000",
}
"""What has glibc keep up to a gigabyte that was freed, for what is allocated next."""


@dataclass(frozen=True)
class Variant:
    """One of them.

    Attributes:
        threads: How many threads BLAS and all other pools have.
        coretype: For which chip OpenBLAS shall take this one, such as "SkylakeX";
            empty where it looks for itself.
        kept: Whether the process keeps memory that it has freed. Otherwise glibc gives
            it back when there is enough at the end of the heap, and the next step
            pays for each page again; whether there is, is chance.
    """

    threads: int = 1
    coretype: str = ""
    kept: bool = False

    @property
    def title(self) -> str:
        """What tables call it, such as "2 threads, OPENBLAS_CORETYPE=SkylakeX"."""
        title = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        title += f", {CORETYPE}={self.coretype}" if self.coretype else ""
        return title + ", freed memory kept" * self.kept

    @property
    def key(self) -> str:
        """What files call it, such as "2-threads-SkylakeX"."""
        title = "1-thread" if self.threads == 1 else f"{self.threads}-threads"
        title += f"-{self.coretype}" if self.coretype else ""
        return title + "-kept" * self.kept

    @property
    def measure(self) -> str:
        """Which time is compared: "cpu", or "wall" where more threads than one share.

        The CPU time of two threads is a sum, so it hides what the second one saves.
        """
        return "cpu" if self.threads == 1 else "wall"

    @contextlib.contextmanager
    def environment(self) -> Iterator[None]:
        """Processes that start meanwhile compute so."""
        names = (*machine.THREAD_VARIABLES, CORETYPE, *KEEPING)
        before = {name: os.environ.get(name) for name in names}
        machine.pin_threads(self.threads)
        os.environ.pop(CORETYPE, None)
        if self.coretype:
            os.environ[CORETYPE] = self.coretype
        if self.kept:
            os.environ.update(KEEPING)
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value

    def doubt(self, blas: str) -> str:
        """What to add to the line on the BLAS where it is not as asked, or nothing."""
        if not self.coretype or self.coretype.lower() in blas.lower():
            return ""
        return f"; {self.coretype} was asked for"


def variants(threads: str, coretypes: str, memory: str = "default") -> list[Variant]:
    """Every number of threads with every chip, and with memory as it is or kept.

    Args:
        threads: Numbers from 1, with commas between: "1,2".
        coretypes: Names with commas between, "default" for what OpenBLAS finds
            itself; where this is empty, what the environment says now.
        memory: "default", "kept", or both with a comma between.

    Raises:
        ValueError: Something that is no number of threads, or another word on memory.

    Example:
        >>> [variant.title for variant in variants("1,2", "default")]
        ['1 thread', '2 threads']
    """
    counts = []
    for text in threads.split(","):
        if not text.strip().isdecimal() or int(text) < 1:
            raise ValueError(f"--threads: needs numbers from 1, got {text!r}")
        counts.append(int(text))
    names = coretypes or os.environ.get(CORETYPE) or "default"
    chips = [name.strip() for name in names.split(",")]
    chips = ["" if name in ("default", "") else name for name in chips]
    kept = [word.strip() for word in memory.split(",")]
    for word in kept:
        if word not in ("default", "kept"):
            raise ValueError(f'--memory: needs "default" or "kept", got {word!r}')
    found = product(counts, chips, [word == "kept" for word in kept])
    return list(dict.fromkeys(Variant(*one) for one in found))
