"""Freed memory stays at hand: one hint to the allocator, given at import.

A training step frees what it has allocated, and the next allocates the same again.
Where enough is free at the end of the heap, glibc gives it back to the system, and the
next step pays for every page anew: a quarter of the time of a small convolutional
network. Once a program has freed a block of 32 MB, glibc keeps up to 64 MB. So one is
allocated here, never touched, and freed.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import numpy as np

VARIABLE = "TINYGRAD_JP_KEEP_MEMORY"
"""Set to 0 in the environment, it leaves the allocator as it is."""

_LARGEST = (32 << 20) - (64 << 10)  # the largest from which glibc learns


def keep_freed() -> None:
    """Have glibc keep what is freed, unless the environment says not to."""
    if sys.platform == "linux" and os.environ.get(VARIABLE) != "0":
        with suppress(MemoryError):  # a process with little room keeps its own way
            np.empty(_LARGEST, np.uint8)
