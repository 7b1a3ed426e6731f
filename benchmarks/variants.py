"""In which surroundings everybody computes: BLAS threads, and the chip it believes in.

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


@dataclass(frozen=True)
class Variant:
    """One of them.

    Attributes:
        threads: How many threads BLAS and all other pools have.
        coretype: For which chip OpenBLAS shall take this one, such as "SkylakeX";
            empty where it looks for itself.
    """

    threads: int = 1
    coretype: str = ""

    @property
    def title(self) -> str:
        """What tables call it, such as "2 threads, OPENBLAS_CORETYPE=SkylakeX"."""
        title = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{title}, {CORETYPE}={self.coretype}" if self.coretype else title

    @property
    def key(self) -> str:
        """What files call it, such as "2-threads-SkylakeX"."""
        title = "1-thread" if self.threads == 1 else f"{self.threads}-threads"
        return f"{title}-{self.coretype}" if self.coretype else title

    @property
    def measure(self) -> str:
        """Which time is compared: "cpu", or "wall" where more threads than one share.

        The CPU time of two threads is a sum, so it hides what the second one saves.
        """
        return "cpu" if self.threads == 1 else "wall"

    @contextlib.contextmanager
    def environment(self) -> Iterator[None]:
        """Processes that start meanwhile compute so."""
        names = (*machine.THREAD_VARIABLES, CORETYPE)
        before = {name: os.environ.get(name) for name in names}
        machine.pin_threads(self.threads)
        os.environ.pop(CORETYPE, None)
        if self.coretype:
            os.environ[CORETYPE] = self.coretype
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


def variants(threads: str, coretypes: str) -> list[Variant]:
    """Every number of threads with every chip.

    Args:
        threads: Numbers from 1, with commas between: "1,2".
        coretypes: Names with commas between, "default" for what OpenBLAS finds
            itself; where this is empty, what the environment says now.

    Raises:
        ValueError: Something that is no number of threads.

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
    return list(dict.fromkeys(Variant(n, chip) for n, chip in product(counts, chips)))
