"""Machines with other programs, packages and fonts than this one."""

import os
import stat
import sys

import pytest

from tinygrad_jp.draw import engines


def skip_without(engine):
    """A mark for tests of an engine that may be missing; `make test` installs all."""
    return pytest.mark.skipif(
        engine.find() is None, reason=f"needs {engine.name}: {engine.cure()}"
    )


ENGINES = [
    pytest.param(engine, id=engine.name, marks=skip_without(engine))
    for engine in engines.ENGINES
]
"""For tests that run on each."""


def use(monkeypatch, *chosen):
    """Leave no engine but these."""
    monkeypatch.setattr(engines, "ENGINES", chosen)


def put(monkeypatch, folder, name, script):
    """Put a program first in the PATH."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def settle(monkeypatch, platform, *, user=0, conda=False):
    """Pretend to be on a system, with nothing in the PATH."""
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    if conda:
        monkeypatch.setenv("CONDA_PREFIX", "/opt/conda")
