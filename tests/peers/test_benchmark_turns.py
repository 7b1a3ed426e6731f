"""What the benchmark measures: turns, imports, and memory."""

from __future__ import annotations

import gc
import random
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import memory, problems, weight, worker
from benchmarks.contenders import Contender
from benchmarks.weight import Weighed, Weighing, import_times, peak_memory
from benchmarks.workloads import chosen

pytestmark = pytest.mark.peers


def tell(line: str) -> None:
    """Nobody listens."""


# --- turns --------------------------------------------------------------------------


class Counted:
    """A program that counts its steps."""

    steps = 0

    def step(self) -> None:
        self.steps += 1

    def wait(self) -> None:
        pass


@pytest.mark.parametrize(
    ("steps", "warm", "done"),
    [(1, False, 1), (1, True, 2), (9, True, 10), (50, True, 55)],
)
def test_a_turn_begins_with_untimed_steps(steps: int, warm: bool, done: int) -> None:
    program: Any = Counted()
    times = worker._turn(program, steps, warm=warm)
    assert times.steps == steps
    assert program.steps == done


def test_what_is_done_but_once_does_not_calibrate() -> None:
    class SlowAtFirst(Counted):
        """Its first step takes far longer than a turn shall."""

        def step(self) -> None:
            end = time.process_time() + (0.002 if self.steps else 0.2)
            while time.process_time() < end:
                pass
            super().step()

    program: Any = SlowAtFirst()
    try:
        assert 5 <= worker._calibrate(program, 0.03) <= 15
        waiting: Any = Counted()
        assert worker._calibrate(waiting, 0.0) == 1
        assert waiting.steps == 0
    finally:
        gc.unfreeze()


# --- W8 -----------------------------------------------------------------------------


def test_import_times_are_over_numpys(monkeypatch: pytest.MonkeyPatch) -> None:
    times = {"import numpy": (70.0, 60.0), "import tinygrad_jp": (85.0, 80.0)}

    def measured(statement: str) -> tuple[float, float]:
        if statement not in times:
            raise weight.AbsentError("not there: it")
        return times[statement]

    monkeypatch.setattr(weight, "_import", measured)
    found = import_times(rounds=3, shuffle=random.Random(0), tell=tell)
    numpy, ours, *others = found.rows
    assert (numpy.name, numpy.values, numpy.walls) == ("NumPy", [70.0] * 3, [60.0] * 3)
    assert (ours.values, ours.walls) == ([15.0] * 3, [20.0] * 3)
    assert ours.goal == 20.0
    assert ours.reached is True
    assert {row.remark for row in others} == {"not there: it"}
    assert all(row.values == [] and row.reached is None for row in others)
    assert found.unit == "ms"


def test_an_import_is_timed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    burn = (
        "import time\nt = time.process_time()\nwhile time.process_time() < t + 0.1: 0"
    )
    cpu, wall = weight._import(burn)
    assert cpu >= 100
    cpu, wall = weight._import("import time; time.sleep(0.2); print('hello')")
    assert wall >= 200 > cpu + 100
    weight._import("import os; assert 'PYTHONDONTWRITEBYTECODE' not in os.environ")
    with pytest.raises(weight.AbsentError, match=r"^not there: No module named 'x_y'$"):
        weight._import("import x_y")
    with pytest.raises(weight.AbsentError, match=r"^failed: of itself$"):
        weight._import("raise ValueError('of itself')")


def test_our_failure_makes_a_weighing_wrong() -> None:
    def weighing(ours: bool, remark: str) -> Weighing:
        return Weighing("W8.import", "", "ms", [Weighed("", ours, remark=remark)])

    assert weighing(True, "failed: of itself").wrong
    assert not weighing(False, "failed: of itself").wrong
    assert not weighing(True, "not measured: needs Linux").wrong


@pytest.mark.skipif(memory.resident() is None, reason="needs Linux's /proc")
def test_peak_memory_is_that_of_a_step() -> None:
    # 4,000,000 float32, and as many to write to; drawing them took float64 once.
    make = partial(problems.elementwise, shape=(2000, 2000), dtype=np.float32)
    workload = replace(chosen(["W4"])[0], make=make)
    one_pass = Contender("hand", "a pass", "pass_numpy")
    found = peak_memory(
        workload,
        [one_pass, Contender("x", "no such page", "no_such_page", ours=True)],
        rounds=2,
        seed=0,
        shuffle=random.Random(0),
        tell=tell,
    )
    row, absent = found.rows
    assert found.unit == "MB"
    assert len(row.values) == 2
    assert all(31.9 < value < 34 for value in row.values)
    assert row.goal is None
    assert absent.goal == pytest.approx(np.median(row.values))
    assert absent.values == []
    assert absent.remark.startswith("not there: No module named")


def test_memory_is_not_said_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "STATUS", Path("/nowhere/status"))
    monkeypatch.setattr(memory, "CLEAR", Path("/nowhere/clear_refs"))
    assert memory.resident() is None
    assert memory.peak() is None
    assert not memory.forget_peak()


def test_keys_of_what_is_weighed() -> None:
    assert weight.chosen([]) == weight.chosen(["W8"]) == list(weight.KEYS)
    assert weight.chosen(["W8.memory"]) == ["W8.memory.W2", "W8.memory.W6"]
    assert weight.chosen(["W1", "W8.import"]) == ["W8.import"]
    assert weight.chosen(["W1", "W8.imp"]) == []


def test_our_goal_is_the_memory_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = {"ours": 3_000_000, "hand": 2_000_000, "torch": 9_000_000}

    def measured(contender: Contender, *_: Any) -> tuple[int, str]:
        return needed[contender.key], f"of {contender.key}"

    monkeypatch.setattr(weight, "_peak", measured)
    everybody = [
        Contender("torch", "PyTorch", ""),
        Contender("ours", "ours", "", ours=True),
        Contender("hand", "by hand", ""),
        Contender("numpy-pass", "a limit", "", compared=False),
    ]
    found = peak_memory(
        chosen(["W2"])[0],
        everybody,
        rounds=2,
        seed=0,
        shuffle=random.Random(0),
        tell=tell,
    )
    assert found.key == "W8.memory.W2"
    assert [(row.name, row.values, row.goal, row.remark) for row in found.rows] == [
        ("PyTorch", [9.0] * 2, None, "of torch"),
        ("ours", [3.0] * 2, 2.0, "of ours"),
        ("by hand", [2.0] * 2, None, "of hand"),
    ]
    assert [row.reached for row in found.rows] == [None, False, None]
