"""Japanese text is never drawn as boxes without a word."""

import sys
import warnings

import numpy as np
import pytest
from machines import put, settle

from tinygrad_jp import Tensor, draw
from tinygrad_jp.draw import EngineWarning
from tinygrad_jp.draw.engines import fonts, install


def drawing(lang="en", name="x"):
    x = Tensor([1.0, 2.0], requires_grad=True, name=name)
    return draw((x * x).sum(), lang=lang)


@pytest.fixture
def no_folder(monkeypatch):
    monkeypatch.setattr(fonts, "folders", list)


def test_without_a_japanese_font_a_png_and_a_pdf_warn_with_the_cure(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(fonts, "japanese", list)
    monkeypatch.setattr(install, "font", lambda: "apt-get install a-font")
    calls = (
        drawing("ja").png,
        drawing(name="入力").png,
        lambda: drawing("ja").save(tmp_path / "a.png"),
        lambda: drawing("ja").save(tmp_path / "a.pdf"),
    )
    for call in calls:
        with pytest.warns(EngineWarning, match="get one with: apt-get inst") as caught:
            call()
        (warning,) = caught
        assert warning.filename == __file__
    drawing("en").png()
    drawing("ja").svg()  # its viewer brings the font


@pytest.mark.usefixtures("no_folder")
@pytest.mark.parametrize(
    ("script", "found"),
    [
        (r"print('IPAexGothic,IPAexゴシック\nAoyagi')", ["Aoyagi", "IPAexGothic"]),
        ("", []),
        ("raise SystemExit(1)", []),
    ],
)
def test_fontconfig_is_asked(monkeypatch, tmp_path, script, found):
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    put(monkeypatch, tmp_path / "bin", "fc-list", script)
    assert fonts.japanese() == found


@pytest.mark.parametrize("script", [None, "raise SystemExit(1)"])
def test_without_an_answer_the_files_are_looked_at(monkeypatch, tmp_path, script):
    settle(monkeypatch, sys.platform)
    if script is not None:
        put(monkeypatch, tmp_path / "bin", "fc-list", script)
    monkeypatch.setattr(fonts, "folders", lambda: [tmp_path, tmp_path / "missing"])
    (tmp_path / "truetype").mkdir()
    for name in ("DejaVuSans.ttf", "Meiryo.txt", "Hiragi.ttc"):
        (tmp_path / "truetype" / name).touch()
    assert fonts.japanese() == []
    for name in ("ipaexg.ttf", "ヒラギノ角ゴシック W3.ttc", "YuGothM.ttc"):
        (tmp_path / "truetype" / name).touch()
    assert fonts.japanese() == ["YuGothM", "ipaexg", "ヒラギノ角ゴシック W3"]


@pytest.mark.parametrize(
    ("platform", "folder"),
    [("win32", "Fonts"), ("darwin", "/System/Library/Fonts"), ("linux", "share/fonts")],
)
def test_each_system_has_its_folders(monkeypatch, platform, folder):
    monkeypatch.setattr(sys, "platform", platform)
    assert any(str(path).endswith(folder) for path in fonts.folders())


@pytest.mark.parametrize(
    ("platform", "program", "cure"),
    [
        ("linux", "apt-get", "apt-get install fonts-ipaexfont-gothic"),
        ("linux", "dnf", "dnf install google-noto-sans-cjk-fonts"),
        ("darwin", None, "brew install --cask font-noto-sans-cjk-jp"),
        ("win32", None, "Japanese Supplemental Fonts"),
    ],
)
def test_the_cure_is_of_this_system(monkeypatch, tmp_path, platform, program, cure):
    settle(monkeypatch, platform)
    if program:
        put(monkeypatch, tmp_path / "bin", program, "")
    assert install.font().endswith(cure)


@pytest.mark.skipif(not fonts.japanese(), reason="needs a Japanese font")
def test_japanese_text_is_not_drawn_as_boxes():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pictures = [drawing(name=name).png() for name in ("入力層", "出力層", "層力入")]
    assert len({hash(np.frombuffer(p, np.uint8).tobytes()) for p in pictures}) == 3
