"""The benchmark itself: everybody answers alike, and who does not is not timed."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import machine, problems, worker
from benchmarks.agreement import compare
from benchmarks.contenders import CONTENDERS, Contender, hand
from benchmarks.crew import Crew
from benchmarks.harness import Result, run
from benchmarks.workloads import WORKLOADS, Workload, chosen

pytestmark = pytest.mark.peers

ROOT = Path(__file__).parents[2]
KEYS = [w.key for w in WORKLOADS if w.key not in ("W5.100k", "W5.1M")]
EVERYBODY = [c for c in CONTENDERS if c.key != "torch-compile"]


def tell(line: str) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def crew() -> Iterator[Crew]:
    """A process for each contender, for all workloads."""
    with pytest.MonkeyPatch.context() as patch:
        for name in machine.THREAD_VARIABLES:
            patch.setenv(name, "1")
        crew = Crew(EVERYBODY, seed=0)
        yield crew
        crew.close()


def quickly(workload: Workload, contenders: list[Contender], crew: Crew | None) -> Any:
    """One turn of each."""
    return run(
        replace(workload, block=0.0),
        contenders,
        rounds=1,
        starts=1,
        seed=0,
        shuffle=random.Random(0),
        expected={},
        patience=10.0,
        tell=tell,
        crew=crew,
    )


def expect_agreement(result: Result) -> dict[str, str]:
    """That nobody differs or fails; who was timed, and what is said of each."""
    assert result.agreement is not None
    assert result.agreement.differing == []
    assert not result.wrong
    for cell in result.cells:
        assert cell.times or cell.remark.startswith("not there"), cell.remark
    return {cell.contender.key: cell.remark for cell in result.cells if cell.times}


MOST = {"ours", "ours-nn", "torch", "torch-fused", "hand"}
TAKE_PART = {
    "W1": MOST | {"numpy-calls", "numpy-gemm"},
    "W2": MOST | {"numpy-calls", "torch-gemm"},
    "W3": MOST | {"numpy-calls", "numpy-gemm"},
    "W4": {"ours", "torch", "hand", "numpy-calls", "numpy-pass", "torch-pass"},
    "W5.10k": {"ours", "torch"},
    "W6": MOST - {"ours-nn"} | {"numpy-calls", "numpy-pass", "torch-pass"},
    "W7": MOST | {"torch-gemm"},
}
"""Those whose libraries are there whenever these tests run."""


@pytest.mark.parametrize("key", KEYS)
def test_all_agree(key: str, crew: Crew) -> None:
    (workload,) = chosen([key])
    timed = expect_agreement(quickly(workload, EVERYBODY, crew))
    assert timed.keys() >= TAKE_PART[key]


def test_compiled_code_agrees() -> None:
    pytest.importorskip("torch")
    if shutil.which("g++") is None:
        pytest.skip("there is no g++")
    both = [c for c in CONTENDERS if c.key in ("torch-compile", "ours")]
    (workload,) = chosen(["W4"])
    assert expect_agreement(quickly(workload, both, None)).keys() == {
        "ours",
        "torch-compile",
    }


# --- who is wrong, and who is not there ---------------------------------------------


def command(folder: Path, *arguments: str, path: str | None = None) -> Any:
    """`python -m benchmarks` in a folder."""
    surroundings = os.environ | {"PYTHONPATH": str(ROOT)}
    if path is not None:
        surroundings["PATH"] = path
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=folder,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_wrong_gradient_is_not_timed(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks")
    page = tmp_path / "benchmarks/contenders/hand_layers.py"
    right = "return g * self.out * (1.0 - self.out)"
    assert right in page.read_text()
    page.write_text(page.read_text().replace(right, "return g * self.out"))
    done = command(tmp_path, "--only", "W3", "--peers", "hand", "--rounds", "1")
    assert done.returncode == 1, done.stderr
    assert "NOT TIMED, ours and hand differ in gradient 0" in done.stdout
    assert "NOT TIMED, hand and ours-nn" in done.stdout or (
        "NOT TIMED, ours-nn and hand" in done.stdout
    )
    (written,) = json.loads((tmp_path / "out/bench/results.json").read_text())["runs"]
    assert written["turns"] == []


def test_who_is_not_there_is_a_line(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks")
    text = "No module named 'mygrad'"
    (tmp_path / "mygrad.py").write_text(f"raise ModuleNotFoundError({text!r})\n")
    done = command(tmp_path, "--only", "W3", "--peers", "hand,mygrad", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    (line, *_) = [k for k in done.stdout.splitlines() if k.startswith("  MyGrad ")]
    assert line.endswith(f"not there: {text}")
    assert "NOT TIMED" not in done.stdout


def test_compiling_needs_a_compiler(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks")
    who = ("--only", "W4", "--peers", "torch-compile", "--rounds", "1")
    done = command(tmp_path, *who, path=str(tmp_path))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    (line, *_) = [k for k in lines if k.startswith("  torch.compile ")]
    assert "not there: needs a C++ compiler" in line


# --- data ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_no_number_is_near_a_kink(seed: int) -> None:
    for key in ("W1", "W2"):
        (workload,) = chosen([key])
        problem = workload.make(seed)
        assert isinstance(problem, problems.Network)
        single, double = problem.x, problem.x.astype(np.float64)
        for weights in problem.parameters[:-2:2]:
            single, double = single @ weights, double @ weights
            np.testing.assert_array_equal(single > 0, double > 0)
            single, double = np.maximum(single, 0), np.maximum(double, 0)


def test_data_near_a_kink_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    make = partial(
        problems.network,
        sizes=(3, 4, 2),
        batch=5,
        scale=1.0,
        activation="relu",
        lr=0.1,
        dtype=np.float32,
    )
    once = [make(seed) for seed in range(20)]
    monkeypatch.setattr(problems, "NEAR", 0.05)
    again = [make(seed) for seed in range(20)]
    assert any((a.x != b.x).any() for a, b in zip(once, again))
    for problem in again:
        z = problem.x.astype(np.float64) @ problem.parameters[0]
        assert np.abs(z).min() >= 0.05 * z.std()


def test_a_softmax_that_is_slightly_wrong_is_seen() -> None:
    problem = problems.cross_entropy(0, batch=256, classes=10_000, dtype=np.float32)
    right = hand.Scores(problem).gradients()
    wrong = right[1][0].copy()
    labels = wrong[problem.rows, problem.t]
    wrong *= 1.001  # all probabilities, but not the labels' share
    wrong[problem.rows, problem.t] = labels
    answers = [
        ("one", worker.Answer(right[0], right[1], [])),
        ("other", worker.Answer(right[0], [wrong], [])),
    ]
    assert compare(answers).differing


def test_pytorch_has_as_many_threads_as_blas() -> None:
    pytest.importorskip("torch")
    text = "from benchmarks.contenders import with_torch as page; "
    text += "print(page.torch.get_num_threads())"
    for threads in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", text],
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": threads},
            capture_output=True,
            text=True,
        )
        assert done.stdout.strip() == threads, done.stderr
