"""Running Graphviz, and what happens where it is missing, slow or broken."""

import os
import stat
import struct
import sys
import time
import warnings

import numpy as np
import pytest

import tinygrad_jp as tg
from tinygrad_jp import Tensor, draw
from tinygrad_jp.draw import EngineError, EngineWarning, engine


def drawing(lang="en", name="x"):
    x = Tensor([1.0, 2.0], requires_grad=True, name=name)
    return draw((x * x).sum(), lang=lang)


@pytest.fixture
def no_dot(monkeypatch, tmp_path):
    """A PATH without Graphviz."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def install(monkeypatch, folder, name, script):
    """Put a program first in the PATH."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


# --- without dot -----------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
@pytest.mark.usefixtures("no_dot")
def test_without_dot_the_source_is_saved_with_one_warning(tmp_path, suffix):
    made = drawing()
    with pytest.warns(EngineWarning) as caught:
        path = made.save(tmp_path / f"deep/graph.{suffix}")
    assert path == tmp_path / "deep/graph.dot"
    assert path.read_text(encoding="utf-8") == made.dot
    assert [*path.parent.iterdir()] == [path]
    (warning,) = caught
    assert warning.filename == __file__
    assert "graphviz" in str(warning.message).lower()
    assert f"graph.{suffix}" in str(warning.message)


@pytest.mark.usefixtures("no_dot")
def test_without_dot_the_source_itself_needs_no_warning(tmp_path):
    assert drawing().save(tmp_path / "graph.dot").read_text().startswith("digraph")


@pytest.mark.usefixtures("no_dot")
def test_without_dot_svg_and_png_say_how_to_get_it():
    for render in (drawing().svg, drawing().png):
        with pytest.raises(EngineError, match="was not found; get it with: "):
            render()


@pytest.mark.usefixtures("no_dot")
def test_without_dot_a_notebook_shows_text():
    (kind,) = shown = drawing()._repr_mimebundle_()
    assert kind == "text/plain"
    assert "<Drawing" in shown[kind]
    assert "get it with: " in shown[kind]


@pytest.mark.parametrize(
    ("platform", "programs", "conda", "command"),
    [
        ("linux", ["apt-get"], False, "apt-get install graphviz"),
        ("linux", ["dnf"], False, "dnf install graphviz"),
        ("linux", ["pacman"], False, "pacman -S graphviz"),
        ("linux", [], False, "install the package 'graphviz'"),
        ("linux", ["apt-get"], True, "conda install -c conda-forge graphviz"),
        ("darwin", [], False, "brew install graphviz"),
        ("win32", [], False, "winget install Graphviz.Graphviz"),
    ],
)
def test_the_cure_is_the_command_of_this_system(
    monkeypatch, tmp_path, platform, programs, conda, command
):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("PATH", "")
    for program in programs:
        install(monkeypatch, tmp_path / "bin", program, "")
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    if conda:
        monkeypatch.setenv("CONDA_PREFIX", "/opt/conda")
    assert engine.cure().endswith(command)


@pytest.mark.parametrize(("user", "start"), [(0, "apt-get"), (1000, "sudo apt-get")])
def test_only_root_needs_no_sudo(monkeypatch, tmp_path, user, start):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    install(monkeypatch, tmp_path / "bin", "apt-get", "")
    assert engine.cure().partition(": ")[2].startswith(start)


# --- a dot that does not work ----------------------------------------------------


def test_a_dot_that_hangs_is_stopped(monkeypatch, tmp_path):
    install(monkeypatch, tmp_path / "bin", "dot", "import time; time.sleep(60)")
    monkeypatch.setattr(engine, "TIMEOUT", 0.5)
    start = time.monotonic()
    with pytest.raises(EngineError, match=r"longer than 0\.5 s.*depth="):
        drawing().svg()
    assert time.monotonic() - start < 20
    assert "longer than" in drawing()._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import sys; sys.exit('no pango')", "exit code 1: no pango"),
        ("", "exit code 0"),
        ("import sys; sys.stderr.buffer.write(b'\\xff'); sys.exit(3)", "exit code 3"),
    ],
)
def test_a_dot_that_fails_is_quoted(monkeypatch, tmp_path, script, message):
    install(monkeypatch, tmp_path / "bin", "dot", script)
    with pytest.raises(EngineError, match=message):
        drawing().save(tmp_path / "graph.svg")
    assert not (tmp_path / "graph.svg").exists()


def test_a_dot_that_cannot_be_run(monkeypatch, tmp_path):
    install(monkeypatch, tmp_path / "bin", "dot", "")
    (tmp_path / "bin/dot").write_text("#!/nowhere/at/all\n")
    with pytest.raises(EngineError, match="could not be run"):
        drawing().svg()


def test_dot_is_given_an_argument_list_and_no_name_of_the_user(monkeypatch, tmp_path):
    log = tmp_path / "arguments"
    script = f"import sys; open({str(log)!r}, 'w').write(repr(sys.argv[1:]))"
    install(monkeypatch, tmp_path / "bin", "dot", script)
    with pytest.raises(EngineError):
        drawing(name="$(reboot) `id`; -o evil").svg()
    assert log.read_text() == "['-Tsvg']"


# --- formats ---------------------------------------------------------------------


def size_of(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def test_png_is_sharp(tmp_path):
    made = drawing()
    width = float(made.svg().split('width="')[1].split("pt")[0])
    assert size_of(made.png())[0] == pytest.approx(width * 2, abs=3)
    assert made.save(tmp_path / "graph.png").read_bytes()[:4] == b"\x89PNG"


def test_a_huge_png_is_kept_small_enough():
    y = Tensor(1.0, requires_grad=True, name="x")
    for _ in range(380):
        y = tg.tanh(y)
    width, height = size_of(draw(y).png())
    assert max(width, height) <= engine._SIDE + 4  # rounded up
    assert width * height <= engine._PIXELS * 1.01
    assert height > 5000


def test_pdf(tmp_path):
    assert drawing().save(tmp_path / "graph.pdf").read_bytes().startswith(b"%PDF-")


def test_svg_is_one_element_that_shrinks_with_the_page(tmp_path):
    text = drawing().svg()
    assert text.startswith("<svg ")
    assert text.rstrip().endswith("</svg>")
    assert "max-width:100%" in text
    saved = drawing().save(tmp_path / "graph.SVG").read_text(encoding="utf-8")
    assert saved == text


# --- fonts -----------------------------------------------------------------------


def test_without_a_japanese_font_a_png_warns_with_the_cure(monkeypatch, tmp_path):
    install(monkeypatch, tmp_path / "bin", "fc-list", "")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    install(monkeypatch, tmp_path / "bin", "apt-get", "")
    for render in (drawing("ja").png, drawing(name="入力").png):
        with pytest.warns(EngineWarning, match="fonts-ipaexfont-gothic"):
            render()
    drawing("en").png()
    drawing("ja").svg()  # its viewer brings the font


def test_a_japanese_font_or_no_fc_list_is_no_reason_to_warn(monkeypatch, tmp_path):
    install(monkeypatch, tmp_path / "bin", "fc-list", "print('IPAexGothic')")
    drawing("ja").png()
    install(monkeypatch, tmp_path / "bin", "fc-list", "raise SystemExit(1)")
    drawing("ja").png()


@pytest.mark.skipif(engine.shutil.which("fc-list") is None, reason="needs fontconfig")
def test_japanese_text_is_not_drawn_as_boxes(tmp_path):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", EngineWarning)
        pictures = [drawing(name=name).png() for name in ("入力層", "出力層", "層力入")]
    if caught:
        pytest.skip("no Japanese font on this system")
    assert len({hash(np.frombuffer(p, np.uint8).tobytes()) for p in pictures}) == 3
