"""Chapters 7 and 8 as examples: convolutions on paper, and two networks of them."""

import importlib
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def loops(x, W, padding=0, stride=1):
    """A convolution as one would do it by hand."""
    x = np.pad(x, padding)
    size = len(W)
    count = (len(x) - size) // stride + 1
    out = np.zeros((count, count))
    for i, j in np.ndindex(out.shape):
        top, left = i * stride, j * stride
        out[i, j] = (x[top : top + size, left : left + size] * W).sum()
    return out


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


# --- 7.2 to 7.4 --------------------------------------------------------------------


@pytest.fixture
def paper(monkeypatch):
    """The names of the page, which is not run."""
    monkeypatch.syspath_prepend(EXAMPLES)
    return SimpleNamespace(**runpy.run_path(str(EXAMPLES / "ch07_convolution.py")))


def test_convolutions_on_paper_are_right(run_example):
    done = run_example("ch07_convolution")
    out = loops(done.space["X"], done.space["W"])
    assert str(out).replace("\n", "\n      ") in done.text
    assert done.text.count(": True\n") == 2
    assert float(re.search(r"to nn.Convolution: (\S+)", done.text)[1]) < 1e-13
    assert len(done.files) == 6


def test_windows_as_rows_are_those_of_loops(paper):
    rng = np.random.default_rng(0)
    x, filters = rng.normal(size=(7, 7)), rng.normal(size=(3, 3))
    np.testing.assert_allclose(paper.convolve(x, filters).numpy(), loops(x, filters))
    pictures = rng.normal(size=(2, 3, 4, 4))
    columns = paper.im2col(pictures, 3).numpy()
    np.testing.assert_array_equal(columns[5], pictures[1, :, 0:3, 1:4].ravel())


def test_the_sums_under_the_windows_are_right(paper):
    X, W, plots = paper.X, paper.W, paper._plots_grids
    out = loops(X, W)
    sums = [t for t in texts(plots.steps(X, W, out)) if " = " in t]
    assert len(sums) == out.size
    for text, expected in zip(sums, out.flat):
        products, total = text.replace("−", "-").replace("\n", "").split(" = ")
        terms = re.findall(r"(\d+)·\(?(-?\d+)\)?", products)
        assert len(terms) == W.size
        assert sum(int(a) * int(b) for a, b in terms) == expected == float(total)


def test_padding_and_stride_are_drawn_with_their_lengths(paper):
    X, W, plots = paper.X, paper.W, paper._plots_grids
    results = {(p, s): loops(X, W, p, s) for p, s in ((0, 1), (1, 2))}
    figure = plots.settings(X, len(W), results)
    assert [t for t in texts(figure) if "⌊" in t] == [
        "⌊(4 + 2·0 − 3) / 1⌋ + 1 = 2",
        "⌊(4 + 2·1 − 3) / 2⌋ + 1 = 2",
    ]
    numbers = [t for t in texts(figure) if re.fullmatch(r"−?\d+", t)]
    assert len(numbers) == 16 + 4 + 36 + 4


def test_what_outputs_give_back_adds_up_in_the_picture(paper):
    W, G, plots = paper.W, paper.G, paper._plots_grids
    total = np.zeros((4, 4))
    for i, j in np.ndindex(2, 2):
        total[i : i + 3, j : j + 3] += G[i, j] * W
    numbers = [
        int(t.replace("−", "-"))
        for t in texts(plots.overlaps(G, W, total))
        if re.fullmatch(r"−?\d+", t)
    ]
    parts, shown = numbers[4 + 9 : -16], numbers[-16:]
    assert len(parts) == 4 * 9
    assert shown == total.ravel().tolist()
    assert sum(parts) == sum(shown)


# --- 7.5 and 8 ---------------------------------------------------------------------


def accuracy(text, of="accuracy"):
    return float(re.search(rf"{of}: ([\d.]+)", text)[1])


def test_the_simple_net_learns_and_shows_its_filters(run_example):
    done = run_example("ch07_simple_convnet")
    assert accuracy(done.text) > 0.5
    pictures = ["ch07_network.svg", "ch07_filters.png", "ch07_maps.png"]
    assert done.files == [pictures[0], "ch07_loss.png", *pictures[1:]]
    svg = (done.out / "ch07_network.svg").read_text(encoding="utf-8")
    assert ">Convolution1</text>" in svg
    weights = str(done.out / "ch07.safetensors")
    again = run_example("ch07_simple_convnet", "--weights", weights)
    assert again.files == pictures  # nothing was learned again
    assert accuracy(again.text) == accuracy(done.text)


def test_half_precision_answers_as_single_does(run_example):
    done = run_example("ch08_deep_convnet")
    found = {}
    for dtype in ("float32", "float16"):
        line = re.search(rf"in {dtype}: (\S+), (\S+) bytes, (\S+) s", done.text)
        found[dtype] = [float(n.replace(",", "")) for n in line.groups()]
    single, half = found["float32"], found["float16"]
    assert half[0] == pytest.approx(single[0], abs=0.011)  # one picture of 100
    assert half[1] * 2 == single[1]
    assert "ch08_mistakes.png" in done.files
    weights = str(done.out / "ch08.safetensors")
    again = run_example("ch08_deep_convnet", "--weights", weights)
    assert again.files == ["ch08_time.svg", "ch08_mistakes.png"]
    assert accuracy(again.text) == accuracy(done.text)


def test_every_mistake_is_drawn_with_both_digits(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    plots = importlib.import_module("_plots_filters")
    figure = plots.mistakes(np.zeros((23, 8, 8)), [3] * 23, list(range(23)))
    assert "23 mistakes" in texts(figure)[0]
    assert texts(figure)[1:] == [f"3 → {guess}" for guess in range(23)]
    assert len(figure.axes[0].images) == 23
