"""The program `dot`, of an installed Graphviz."""

from __future__ import annotations

import shutil

from tinygrad_jp.draw.engines import install
from tinygrad_jp.draw.engines.base import Engine, Kind, MissingEngineError, output_of
from tinygrad_jp.draw.engines.process import run


def find() -> str | None:
    """Its path."""
    return shutil.which("dot")


def render(source: str, kind: Kind) -> bytes:
    """Run it."""
    program = find()
    if program is None:
        raise MissingEngineError(f"draw: {install.cure()}")
    return output_of(run("dot", [program, f"-T{kind}"], source), f"dot -T{kind}", kind)


ENGINE = Engine(
    name="dot",
    kinds=("svg", "png", "pdf"),
    find=find,
    render=render,
    cure=lambda: install.command(install.GRAPHVIZ),
)
