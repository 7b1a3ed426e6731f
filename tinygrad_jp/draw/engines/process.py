"""Running a program on a text, so that it ends in time, and everything in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from math import inf
from typing import NamedTuple

from tinygrad_jp.draw.basics import EngineError

TIMEOUT = 30.0  # seconds

_patience: ContextVar[float] = ContextVar("patience", default=inf)


@contextmanager
def hurried(seconds: float) -> Iterator[None]:
    """Within this block, end a program after so many seconds already."""
    token = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(token)


class Ran(NamedTuple):
    """What a program left.

    Attributes:
        status: Its exit status.
        made: What it wrote.
        said: What it complained of.
    """

    status: int
    made: bytes
    said: str


def run(name: str, command: Sequence[str], source: str) -> Ran:
    """Give `source` to a program, and return what it makes of it.

    Args:
        name: What errors call it.
        command: The program and its arguments. No shell reads them.
        source: Its input.

    Raises:
        EngineError: It cannot be run, or took longer than `TIMEOUT` seconds.
    """
    try:
        process = subprocess.Popen(  # noqa: S603  # no shell, no argument of a user
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # of which all can be ended at once
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise EngineError(f"draw: {command[0]} could not be run: {error}") from error
    limit = min(TIMEOUT, _patience.get())
    with process:
        try:
            made, said = process.communicate(source.encode(), timeout=limit)
        except subprocess.TimeoutExpired:
            _end(process)
            raise EngineError(
                f"draw: `{name}` took longer than {limit:g} s; draw less (a smaller "
                'depth=, or ops inside `with tg.scope(name):`), or .save("graph.dot")'
            ) from None
        except BaseException:
            _end(process)
            raise
    return Ran(process.returncode, made, said.decode(errors="replace").strip())


def run_python(name: str, program: str, kind: str, source: str) -> Ran:
    """Run a few lines of Python in a process of their own, as `run` does.

    There a library that crashes or hangs does no harm. It finds the packages that
    this process finds.
    """
    places = [place for place in sys.path if place]
    setting = f"import sys; sys.path[:] = {places!r}\n"
    command = [sys.executable, "-X", "utf8", "-c", setting + program, kind]
    return run(name, command, source)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a program with everything that it started."""
    if sys.platform == "win32":
        subprocess.run(  # noqa: S603  # no shell, no argument of a user
            ["taskkill", "/F", "/T", "/PID", str(process.pid)],  # noqa: S607  # ours
            capture_output=True,
            check=False,
        )
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
