"""``tinygrad-jp draw``: what it draws, prints and refuses."""

import os
import re
import subprocess
import sys
import warnings

import pytest

from tinygrad_jp.cli import main
from tinygrad_jp.draw import engines

PAGE = """
import numpy as np
import tinygrad_jp as tg
import nn

rng = np.random.default_rng(0)
model = nn.Sequential(nn.Affine(7, 4, rng=rng), nn.ReLU(), nn.Affine(4, 3, rng=rng))


def loss(x, t):
    scores = model(x)
    return -tg.mean(tg.log_softmax(scores, axis=1)[np.arange(len(t)), t])


def double(x):
    return x + x


def apple():
    price = tg.Tensor(100.0, requires_grad=True, name="price")
    return price * 2.0 * 1.1


def made():
    return nn.Affine(3, 2, rng=np.random.default_rng(0))


class Scale(nn.Module):
    def __init__(self):
        self.factor = tg.Tensor([2.0, 3.0], requires_grad=True)

    def forward(self, x):
        return self.factor * x


def product(x, W, b=0.0):
    return x @ W + b


def nothing(x):
    return 3


def many(x):
    for _ in range(500):
        x = x * 1.01
    return x


def test_apple():
    assert apple()


number = 3
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "my_net.py").write_text(PAGE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(home, capsys):
    def draw(name, *words):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            status = main(["draw", f"my_net.py:{name}", *words])
        return status, *capsys.readouterr()

    return draw


def test_a_model_to_a_file(home, run):
    assert run("model", "--shape", "5,7", "-o", "deep/g.svg") == (
        0,
        "deep/g.svg\n",
        "",
    )
    text = (home / "deep/g.svg").read_text(encoding="utf-8")
    for word in ("Affine1", "ReLU", "(5, 7)", "(7, 4)"):
        assert word in text


def test_a_loss_with_labels_and_words_in_japanese(home, run):
    words = ["--shape", "5,7", "--labels", "3", "--lang", "ja", "-o", "g.dot"]
    assert run("loss", *words)[0] == 0
    text = (home / "g.dot").read_text(encoding="utf-8")
    assert "勾配" in text
    assert "∇" in text


def test_options_reach_the_drawing(home, run):
    sources = []
    for words in (
        [],
        ["--depth", "0"],
        ["--style", "ops"],
        ["--style", "book"],
        ["--color", "grad"],
        ["--seed", "1"],
    ):
        arguments = ["--shape", "5,7", "--labels", "3", *words, "-o", "g.dot"]
        status, _, error = run("loss", *arguments)
        assert (status, error) == (0, "")
        sources.append((home / "g.dot").read_text(encoding="utf-8"))
    assert len(set(sources)) == len(sources)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_an_example_has_the_dtype_that_was_asked_for(run, dtype):
    status, text, _ = run("double", "--shape", "3", "--dtype", dtype)
    assert status == 0
    assert dtype in text


def test_the_same_seed_gives_the_same_bytes(home, run):
    for name in ("a.svg", "b.svg"):
        run("loss", "--shape", "5,7", "--labels", "3", "-o", name)
    assert (home / "a.svg").read_bytes() == (home / "b.svg").read_bytes()


def test_numbers_are_of_the_dtype_of_parameters(run):
    _, out, _ = run("model", "--shape", "5,7")
    assert "float32" in out
    assert "float64" not in out
    _, out, _ = run("product", "--shape", "5,7", "--shape", "7", "--dtype", "float64")
    assert "float64" in out


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("apple", [], "price"),
        ("made", ["--shape", "4,3"], "(4, 3)"),
        ("Scale", ["--shape", "4,2"], "factor"),
        ("product", ["--shape", "4,3", "--shape", "3,2"], "(3, 2)"),
        ("product", ["--shape", "4,3", "--shape", "3,2", "--shape", "2"], "(2,)"),
    ],
)
def test_what_can_be_drawn(home, run, name, words, said):
    assert run(name, *words, "-o", "g.dot")[0] == 0
    assert said in (home / "g.dot").read_text(encoding="utf-8")


def test_without_a_file_it_is_text(run):
    status, out, error = run("apple")
    assert (status, error) == (0, "")
    assert "<svg" not in out
    assert "price" in out
    assert "×" in out


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("aple", [], "my_net.py has no aple; did you mean apple?"),
        ("number", [], "my_net.py:number is no function, but a int"),
        ("test_apple", ["--shape", "2"], "is a test; draw the function that it tests"),
        ("model", [], "model(x) does not take 0 arrays: missing a required argument"),
        ("product", ["--shape", "4,3"], "product(x, W, b) does not take 1 array: "),
        ("model", ["--shape", "4,3"], "model failed on (4, 3): ShapeError: Affine1: x"),
        ("nothing", ["--shape", "2"], "must be a Tensor, got int"),
        ("apple", ["--depth", "-1"], "--depth must be 0 or more, got -1"),
        ("loss", ["--labels", "3"], "--labels needs a --shape that says how many"),
        ("loss", ["--shape", "5,7", "--labels", "0"], "--labels must be 1 or more"),
        ("apple", ["-o", "g.jpg"], "must end in .svg, .png, .pdf, .dot"),
    ],
)
def test_wrong_calls(home, run, name, words, message):
    before = sorted(home.iterdir())
    status, out, error = run(name, *words)
    assert (status, out) == (2, "")
    assert error.startswith("tinygrad-jp: ")
    assert message in error
    assert sorted({*home.iterdir()} - {home / "__pycache__"}) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--style", "cubist"], "invalid choice: 'cubist'"),
        (["--color", "red"], "invalid choice: 'red'"),
        (["--lang", "fr"], "invalid choice: 'fr'"),
        (["--dtype", "int8"], "invalid choice: 'int8'"),
        (["--shape", "a,b"], "needs lengths such as 8,3, got 'a,b'"),
    ],
)
def test_wrong_words(home, run, capsys, words, message):
    with pytest.raises(SystemExit) as caught:
        run("apple", *words)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_what_goes_wrong_on_the_way_is_1(home, run):
    (home / "file").touch()
    status, out, error = run("apple", "-o", "file/g.svg")
    assert (status, out) == (1, "")
    assert "Drawing.save: cannot write the file: " in error
    status, out, error = run("many", "--shape", "2", "-o", "g.svg")
    assert (status, out) == (1, "")
    assert re.search(r"50\d items, and 400 is the limit", error)


def test_without_an_engine_the_source_is_written_and_the_status_is_1(
    home, run, monkeypatch
):
    monkeypatch.setattr(engines, "ENGINES", ())
    status, out, error = run("apple", "-o", "g.svg")
    assert (status, out) == (1, "g.dot\n")
    assert "tinygrad-jp: Drawing.save: wrote g.dot in place of g.svg: " in error
    assert "get it with: " in error
    assert (home / "g.dot").exists()


def test_in_a_shell(home):
    command = [sys.executable, "-W", "error", "-m", "tinygrad_jp", "draw"]
    done = subprocess.run(
        [*command, "my_net.py:apple", "-o", "g.svg"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "g.svg\n", "")
    assert (home / "g.svg").read_text(encoding="utf-8").startswith("<svg")
