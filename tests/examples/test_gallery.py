"""The gallery: each picture shows what the README says of it."""

import html
import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def gallery():
    sys.path.insert(0, str(ROOT / "examples"))
    yield importlib.import_module("gallery")
    sys.path.remove(str(ROOT / "examples"))


def test_every_picture_stands_in_both_readmes(gallery):
    for page, folder in (("README.md", ""), ("README.ja.md", "ja/")):
        shown = re.findall(
            r"\(examples/gallery/(.*?)\.svg\)", (ROOT / page).read_text()
        )
        assert set(shown) == {f"{folder}{name}" for name in gallery.PICTURES}


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("mlp", ["Affine1", "ReLU1", "Affine2", "SoftmaxWithLoss", "(784, 50)"]),
        ("apple", [">220<", ">110<", ">2.2<", ">200<", ">1.1<", "りんごの個数"]),
        ("convnet", ["Convolution1", "Pooling1", "Flatten1", "(20, 1, 28, 28)"]),
        ("blocks", ["Block ×12", "GELU1"]),
        ("nan", ["NaN", "CrossEntropy", "⚠"]),
        ("vanishing", ["Sigmoid6", "W7", "1e-"]),
        ("double", ["∇x", "∇ layer", "tanh"]),
    ],
)
def test_a_picture_shows_what_it_is_there_for(gallery, name, parts, lang):
    svg = html.unescape(gallery.PICTURES[name](lang=lang).svg())
    for part in parts:
        assert part in svg.replace("\xa0", " "), part


def test_gradients_of_the_vanishing_network_fall_from_layer_to_layer(gallery):
    drawing = gallery.vanishing()
    rows = {row.name: row for item in drawing._picture.items for row in item.rows}
    sizes = [rows[f"W{i}"].grad.rms for i in range(1, 8)]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 1e4 * sizes[0]


def test_the_gallery_is_written_to_a_folder(gallery, monkeypatch, tmp_path, capsys):
    words = ["gallery.py", "--out", str(tmp_path), "--only", "apple,double"]
    monkeypatch.setattr(sys, "argv", words)
    gallery.main()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "apple.svg",
        "double.svg",
    ]
    assert "<Drawing: 2 ops" in capsys.readouterr().out
