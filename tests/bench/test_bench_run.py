"""Runs of a moment, of those that need no peer: processes, the crew, who is absent."""

import gc
import os
import platform
import random
from dataclasses import replace

import pytest

from benchmarks import __main__ as command
from benchmarks import crew, harness, machine, sweeps, workloads
from benchmarks.axes import AXES
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.crew import Crew
from benchmarks.harness import AbsentError, Worker
from benchmarks.session import Request, Session
from benchmarks.variants import Variant
from benchmarks.worker import Answer, Present, Times
from benchmarks.workloads import WORKLOADS

OURS, HAND = (next(c for c in CONTENDERS if c.key == key) for key in ("ours", "hand"))
XOR = next(w for w in WORKLOADS if w.key == "W3")
BOOK = next(w for w in WORKLOADS if w.key == "W1")


def solve(workload, contenders, **settings):
    settings = {"rounds": 2, "starts": 1, "expected": {}, "patience": 9.0} | settings
    shuffle = random.Random(0)
    return harness.run(
        workload,
        contenders,
        seed=0,
        shuffle=shuffle,
        tell=lambda line: None,
        **settings,
    )


def test_a_crew_keeps_its_processes_and_replaces_one_that_ended():
    with Variant().environment():
        kept = Crew([OURS], 0)
        try:
            first = kept.host(OURS)
            for workload in (XOR, BOOK):
                worker = Worker(OURS, workload, 0, kept)
                worker.receive(Present)
                assert worker.ask(Answer, "answer").value > 0
                steps = worker.ask(int, "calibrate")
                assert worker.ask(Times, "turn", steps).cpu > 0
                worker.close()
                assert kept.host(OURS) is first
            worker = Worker(OURS, XOR, 0, kept)
            worker.receive(Present)
            first._process.kill()
            with pytest.raises(AbsentError, match=r"its process ended .* -9"):
                worker.ask(Answer, "answer")
            worker.close()
            worker = Worker(OURS, XOR, 0, kept)
            worker.receive(Present)
            assert kept.host(OURS) is not first
        finally:
            kept.close()


def test_somebody_absent_is_a_line_and_the_crew_goes_on():
    missing = Contender("missing", "a peer", "no_such_page")
    with Variant().environment():
        kept = Crew([OURS, HAND, missing], 0)
        try:
            for _ in range(2):
                found = solve(XOR, [OURS, HAND, missing], crew=kept)
                ours, hand, third = found.cells
                assert len(ours.times) == len(hand.times) == 2
                assert third.remark.startswith("not there: ")
                assert found.agreement.compared == 2
                assert not found.wrong
        finally:
            kept.close()


def test_who_is_left_out_is_not_started():
    found = solve(XOR, [HAND], left_out={"hand": "left out: no time"})
    assert found.cells[0].remark == "left out: no time"
    assert not found.cells[0].times


def test_a_whole_command(tmp_path, capsys):
    typed = "--quick --only W3 --peers hand --rounds 3 --threads 1 --coretype default"
    code = command.main([*typed.split(), "--out", str(tmp_path)])
    assert code == 0
    said = capsys.readouterr()
    assert "values, gradients and trained parameters of 3 agree" in said.out
    assert "Load before" in said.out
    assert "threads: 1)" in said.out or "threadpoolctl is not installed" in said.out
    assert "Written to" in said.out
    assert "1 thread, W3: start 1 of 1" in said.err
    assert "--coretype default" in (tmp_path / "results.md").read_text("utf-8")


def test_the_blas_takes_the_chip_and_threads_of_the_variant():
    pytest.importorskip("threadpoolctl")
    request = Request([XOR], [], [OURS], quick=True, rounds=1)
    if not machine.blas().startswith("openblas") or platform.machine() != "x86_64":
        pytest.skip(f"nothing to choose: {machine.blas()}, {platform.machine()}")
    blas = Session(request, Variant(2, "Nehalem")).run().about["BLAS"]
    assert "(Nehalem, threads: " in blas
    assert "asked for" not in blas
    if (os.cpu_count() or 1) > 1:
        assert "threads: 2)" in blas


def test_smaller_chains_foretell_larger_ones(monkeypatch):
    class Recorded(Session):
        asked = ()

        def solve(self, workload, rounds=None):
            self.asked += ((workload.key, rounds),)
            self._expected(workload)
            self._seconds[workload.key] = {"torch": 0.1}

    (large,) = workloads.chosen(["W5.1M"])
    session = Recorded(Request([large], [], [OURS]), Variant())
    session.solve(large)
    assert session.asked == (("W5.1M", None), ("W5.100k", 1), ("W5.10k", 1))
    assert session._expected(large) == {"torch": 1.0}


def test_a_sweep_times_us_and_says_who_was_there(monkeypatch):
    (batch, *_) = AXES
    short = replace(batch, sizes=(1, 2))
    monkeypatch.setattr(sweeps, "CONTENDERS", [OURS])
    with Variant().environment():
        found = sweeps.measure(short, rounds=1, seed=0)
    assert found.seconds["ours"].keys() == {1, 2}
    assert min(found.seconds["ours"].values()) > 0
    assert {"NumPy", "BLAS"} <= found.versions.keys()
    assert not found.wrong


def test_a_sweep_that_asks_for_nothing_there(capsys):
    for wrong in (["--only", "height"], ["--rounds", "0"]):
        with pytest.raises(SystemExit):
            sweeps.main(wrong)
    assert "no axis is called 'height'" in capsys.readouterr().err


def test_a_kept_process_takes_garbage_back_to_the_collector(monkeypatch):
    class Pipe:
        def __init__(self, *workloads):
            self.workloads = list(workloads)

        def recv(self):
            if not self.workloads:
                raise EOFError
            return self.workloads.pop()

        def send(self, answer):
            raise AssertionError(answer)

    frozen = []

    def serve(*_):
        frozen.append(gc.get_freeze_count())
        gc.freeze()  # as a worker does before it times

    monkeypatch.setattr(crew, "serve", serve)
    crew._serve_all(Pipe(XOR, BOOK), OURS, 0)
    assert frozen == [0, 0]
    assert gc.get_freeze_count() == 0
