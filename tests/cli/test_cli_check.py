"""The command: what it prints, and its exit status."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_jp.cli import main

LAYERS = """
import weakref

import numpy as np
import tinygrad_jp as tg
import nn

print("imported")


def softmax(x):
    e = tg.exp(x - tg.max(x, axis=1, keepdims=True))
    return e / tg.sum(e, axis=1, keepdims=True)


def softmax_of_all(x):
    e = tg.exp(x - tg.max(x))
    return e / tg.sum(e)


@tg.rule(vjp=lambda g, x: g * x, elementwise=True)
def half(x, /):
    return x * x


def square(x):
    return half(x)


KEPT = weakref.WeakValueDictionary()  # what it held itself would be copied


def remembered(g, x):
    if isinstance(g, tg.Tensor):
        return g * 2.0 * x
    kept = KEPT.get(np.shape(g))
    if kept is None:
        kept = KEPT[np.shape(g)] = np.empty(np.shape(g))
    kept[...] = g * 2.0 * x
    return kept


@tg.rule(vjp=remembered, elementwise=True)
def buffered(x, /):
    return x * x


def cross_entropy(x, t):
    return -tg.mean(tg.log_softmax(x, axis=1)[np.arange(len(t)), t])


def affine(x, W, b):
    return x @ W + b


def transposed(x):
    return tg.softmax(x, axis=0)


def root(x):
    return tg.sqrt(x)


def made():
    print("made")
    return nn.Affine(3, 2, rng=np.random.default_rng(0))


class Scale(nn.Module):
    def __init__(self):
        self.factor = tg.Tensor([2.0, 3.0, 4.0], requires_grad=True)

    def forward(self, x):
        return self.factor * x


class Sized(Scale):
    def __init__(self, size):
        self.size = size


def nothing():
    return 3


layer = nn.Affine(3, 2, rng=np.random.default_rng(0))
number = 3


def test_softmax():
    y = softmax(tg.Tensor(np.arange(6.0).reshape(2, 3)))
    assert np.allclose(y.data.sum(axis=1), 1)
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "my_layers.py").write_text(LAYERS)
    (tmp_path / "broken_page.py").write_text("import numpy\n1 / 0\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shell(*words):
    """Run the command as a shell does; without warnings, which would be errors."""
    command = [sys.executable, "-W", "error", "-m", "tinygrad_jp", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # How long a check takes is said on a machine that is slow.
    lines = done.stderr.splitlines(keepends=True)
    complaints = [line for line in lines if "calls of" not in line]
    return done.returncode, done.stdout, "".join(complaints)


def check(home, name, *words):
    status, out, err = shell("check", f"my_layers.py:{name}", *words)
    assert not err
    return status, out.removeprefix("imported\n").removeprefix("made\n")


def test_a_right_function(home):
    status, out = check(home, "softmax", "--shape", "8,3", "--order", "2")
    assert status == 0
    first, gradient, *_ = out.splitlines()
    words = r"softmax \(my_layers.py:softmax\), shape \(8, 3\), seed \d+"
    assert re.fullmatch(words, first)
    assert gradient.startswith("  gradient  right to order 2 at 8 points, ")
    assert "worst error" in out
    assert "11 laws hold" in out
    assert "rows do not mix" in out
    assert max(map(len, out.splitlines())) <= 88


def test_kinks_are_counted(home):
    status, out, _ = shell("check", "tinygrad_jp:relu", "--shape", "4,3")
    assert status == 0
    assert re.search(r"at 8 points, \d of them at kinks", out)


def test_a_wrong_gradient(home):
    status, out = check(home, "square", "--shape", "3", "--seed", "7")
    assert status == 1
    assert "  gradient  WRONG" in out
    assert "it is 0.5 times the slope" in out
    assert "op at fault    half" in out
    number = 1 + LAYERS.splitlines().index("    return half(x)")
    assert f"my_layers.py:{number}: return half(x)" in out
    assert "  meaning   11 laws hold" in out
    assert out.endswith(
        "WRONG: gradient. To repeat it:\n"
        "    tinygrad-jp check my_layers.py:square --shape 3 --seed 7\n"
    )


def test_a_failure_says_how_to_repeat_it(home):
    status, out = check(home, "square", "--shape", "3")
    assert status == 1
    *_, last = out.splitlines()
    again = shell(*last.split()[1:])
    assert again[0] == 1
    problem = out[out.index("WRONG") : out.index("WRONG: ")]
    assert problem in again[1]


def test_a_wrong_meaning(home):
    status, out = check(home, "softmax_of_all", "--shape", "8,3")
    assert status == 1
    assert "  gradient  right at 8 points" in out
    assert "  meaning   WRONG\n            softmax_of_all: row 0 moved when only" in out
    assert "WRONG: meaning. To repeat it:" in out
    assert max(map(len, out.splitlines())) <= 88
    status, out = check(home, "softmax_of_all", "--shape", "8,3", "--no-semantics")
    assert status == 0
    assert "meaning" not in out


def test_a_gradient_that_is_written_to_later(home):
    status, out = check(home, "buffered", "--shape", "8,3")
    assert status == 1
    assert "  memory    WRONG" in out
    assert "the gradient by x changed" in out
    assert "WRONG: memory." in out


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cross_entropy", ["--shape", "8,3", "--labels", "3", "--mixes-rows"]),
        ("affine", ["--shape", "8,3", "--shape", "3,2", "--shape", "2"]),
        ("transposed", ["--shape", "3,8", "--batch-axis", "1"]),
        ("root", ["--shape", "(8,)", "--domain", "positive"]),
        ("made", ["--shape", "4,3"]),
        ("Scale", ["--shape", "4,3"]),
        ("layer", ["--shape", "4,3"]),
        ("layer", []),
    ],
)
def test_right_ones_of_every_kind(home, name, words):
    status, out = check(home, name, *words)
    assert status == 0, out


def test_labels_are_data_of_the_rows(home):
    status, out = check(home, "cross_entropy", "--shape", "8,3", "--labels", "3")
    assert status == 1  # a loss has no rows
    assert "law: has a batch axis" in out


def test_points_outside_of_the_domain_are_said(home):
    status, out = check(home, "root", "--shape", "8", "--seed", "0")
    assert status == 1
    assert "holds inf or NaN" in out


def test_a_function_that_raises(home):
    status, out = check(home, "layer", "--shape", "4,5")
    assert status == 1
    assert "raises ShapeError: " in out


@pytest.mark.parametrize(
    ("target", "words", "message"),
    [
        ("my_layers.py:sofmax", ["--shape", "3"], "did you mean softmax\\?.*affine, "),
        ("my_layers:x.y", ["--shape", "3"], "my_layers has no x.*; there are Scale"),
        ("no_such:f", ["--shape", "3"], "there is no module no_such"),
        ("no/such.py:f", ["--shape", "3"], "there is no file no/such.py"),
        ("broken_page.py:f", [], "importing broken_page.py failed: ZeroDivisionError"),
        ("my_layers.py:number", ["--shape", "3"], "is no function, but a int"),
        ("my_layers.py:nothing", ["--shape", "3"], "returned int"),
        ("my_layers.py:Sized", ["--shape", "3"], "cannot be made without arguments"),
        ("my_layers.py:affine", ["--shape", "3"], "does not take 1 array"),
        ("my_layers.py:softmax", [], "needs --shape"),
        ("my_layers.py:layer", ["--no-semantics"], "needs --shape"),
        ("my_layers.py:softmax", ["--shape", "3,x"], "needs lengths such as 8,3"),
        (
            "my_layers.py:softmax",
            ["--shape", "3", "--domain", "odd"],
            "no domain 'odd'",
        ),
        (
            "my_layers.py:softmax",
            ["--shape", "3", "--batch-axis", "1"],
            "no batch axis",
        ),
        ("my_layers.py:test_softmax", [], "is a test"),
        ("my_layers.py", ["--shape", "3"], "needs MODULE:FUNCTION"),
        ("my_layers.py:softmax", ["--mixes-rows", "--batch-axis", "1"], "not allowed"),
    ],
)
def test_wrong_calls(home, target, words, message):
    status, out, err = shell("check", target, *words)
    assert status == 2
    assert re.search(message, err), err
    assert out in ("", "imported\n")


def test_no_command():
    status, _, err = shell()
    assert status == 2
    assert "COMMAND" in err


def test_mutate_says_what_the_checks_let_live(home):
    words = ["--shape", "8,3", "--shape", "3,2", "--shape", "2", "--mutate"]
    status, out = check(home, "affine", *words)
    assert status == 0
    assert re.search(r"  mutants   mutation score \d+(\.\d)? %: \d+ of \d+ killed", out)
    assert "killed by: gradient" in out
    assert "add: no sum over a broadcast axis (by x)" in out
    assert "add: no sum over a broadcast axis (by y)" not in out


def test_mutate_tries_a_test(home):
    status, out = check(home, "test_softmax", "--mutate")
    assert status == 0
    assert "killed by: test_softmax 1" in out  # of the forward pass alone
    assert "exp: sign (by x)" in out


def test_mutate_needs_checks_that_pass(home):
    status, out = check(home, "square", "--shape", "3", "--mutate")
    assert status == 1
    assert "mutants" not in out


@pytest.mark.parametrize("words", [["--mutate"], []])
def test_without_hypothesis_it_says_what_to_install(home, words, monkeypatch):
    (home / "sitecustomize.py").write_text(
        "import sys, importlib.util\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = (\n"
        "    lambda name, *more: None if name == 'hypothesis' else find(name, *more)\n"
        ")\n"
        "sys.modules['hypothesis'] = None\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(home))
    status, _, err = shell("check", "my_layers.py:softmax", "--shape", "8,3", *words)
    if words:
        assert status == 2
        assert "pip install 'tinygrad_jp[testing]'" in err
    else:
        assert status == 0, err  # NumPy alone is enough


def test_the_command_is_installed():
    configuration = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert 'tinygrad-jp = "tinygrad_jp.cli:main"' in configuration


def test_main_returns_the_status(home, capsys):
    assert main(["check", "tinygrad_jp:exp", "--shape", "2"]) == 0
    assert main(["check", "tinygrad_jp:expo", "--shape", "2"]) == 2
    assert "did you mean exp" in capsys.readouterr().err
