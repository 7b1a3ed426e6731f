"""How much memory this process holds, and has held at most. On Linux alone."""

from __future__ import annotations

import re
from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")


def resident() -> int | None:
    """Bytes of memory that this process holds now; None where nobody says so."""
    return _field("VmRSS")


def peak() -> int | None:
    """The most that it held since `forget_peak`, or None."""
    return _field("VmHWM")


def forget_peak() -> bool:
    """Let `peak` start again from what is held now; whether that was possible."""
    try:
        CLEAR.write_text("5")  # proc(5): "reset the peak resident set size"
    except OSError:
        return False
    return True


def _field(name: str) -> int | None:
    try:
        found = re.search(rf"^{name}:\s*(\d+) kB$", STATUS.read_text(), re.MULTILINE)
    except OSError:
        return None
    return 1024 * int(found[1]) if found else None
