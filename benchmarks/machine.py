"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NPROC",  # XLA's pool
)


def pin_threads(count: int) -> None:
    """Let every process that is started from now on compute with `count` threads."""
    for name in THREAD_VARIABLES:
        os.environ[name] = str(count)


def processor() -> str:
    """The processor's name, and how many of its cores there are for us."""
    name = platform.processor() or platform.machine()
    table = Path("/proc/cpuinfo")
    if table.exists():
        for line in table.read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    return f"{name}, {os.cpu_count()} cores"


def caches() -> str:
    """The caches that the first core sees, such as "L1d 48K, L2 2048K"."""
    found = []
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = (
            (index / name).read_text().strip() for name in ("level", "type", "size")
        )
        if kind != "Instruction":
            found.append(f"L{level}{'d' if kind == 'Data' else ''} {size}")
    return ", ".join(found) or "unknown"


def blas() -> str:
    """The BLAS that NumPy calls, and for which chip it takes this one."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        config: Any = np.show_config(mode="dicts")
        found = config["Build Dependencies"]["blas"]
        return (
            f"{found['name']} {found['version']} (chip and threads not known: "
            "threadpoolctl is not installed)"
        )
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return ", ".join(
        f"{pool['internal_api']} {pool['version']} ({pool['architecture']}, "
        f"threads: {pool['num_threads']})"
        for pool in pools
    )


def load() -> str:
    """Load average of 1, 5 and 15 minutes."""
    if not hasattr(os, "getloadavg"):
        return "unknown"
    return " ".join(f"{n:.2f}" for n in os.getloadavg())


def now() -> str:
    """Date and time to the minute."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def commit() -> str:
    """Which state of this project is measured, where git can tell."""
    told = []
    for question in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain"]):
        try:
            done = subprocess.run(
                ["git", *question],
                cwd=Path(__file__).parent,
                capture_output=True,
                text=True,
                timeout=10,
            )
        except (OSError, subprocess.TimeoutExpired):
            return "unknown"
        if done.returncode:
            return "unknown"
        told.append(done.stdout.strip())
    return f"{told[0]}, with changes" if told[1] else told[0]


def description() -> dict[str, str]:
    """Everything that does not change while the benchmark runs."""
    return {
        "Commit": commit(),
        "Processor": processor(),
        "Caches": caches(),
        "System": platform.platform(),
        "Python": platform.python_version(),
    }
