"""Runs of the benchmark that nobody ran: their times are made up."""

import tempfile
from pathlib import Path

from benchmarks import outputs
from benchmarks.agreement import Agreement
from benchmarks.contenders import Contender
from benchmarks.harness import Cell, Result
from benchmarks.session import Run
from benchmarks.variants import Variant
from benchmarks.weight import Weighed, Weighing
from benchmarks.worker import Times
from benchmarks.workloads import Workload

TORCH = Contender("torch", "PyTorch eager", "with_torch")
OURS = Contender("ours", "tinygrad_jp", "ours", ours=True)
LAYERS = Contender("ours-nn", "tinygrad_jp, nn layers", "ours_nn", ours=True)
HAND = Contender("hand", "backward by hand", "hand")
LIMIT = Contender("gemm", "limit: GEMMs", "limit", compared=False)


def workload(key, **settings):
    return Workload(key, f"{key}: a title", lambda seed: None, (1, 1), 1, **settings)


def cell(contender, *cpus, wall=1.0, remark="", out=False):
    """Turns in µs of CPU time; wall time is `wall` times as much."""
    times = {i: Times(c * 1e-6, wall * c * 1e-6, 1) for i, c in enumerate(cpus)}
    return Cell(contender, times, remark, out)


def result(key, *cells, **settings):
    versions = {"NumPy": "2.0", "BLAS": "openblas 0.3 (Haswell, threads: 1)"}
    return Result(workload(key, **settings), list(cells), Agreement(2, 1e-7), versions)


def made_up(variant=None):
    """One run: a goal reached, one missed, a chain, somebody left out, W8."""
    results = [
        result(
            "W1",
            cell(TORCH, 100, 200, 300, 400),
            cell(OURS, 50, 100, 180, 240),
            cell(LAYERS, 90, 180, 270, 360),
            cell(LIMIT, 10, 20, 30, 40),
            ratio_goal=0.6,
        ),
        result(
            "W5.1M",
            cell(TORCH, 8e6),
            cell(OURS, 3e6),
            cell(HAND, remark="left out: a step would take about 99 s", out=True),
            nodes=1_000_000,
            time_goal=2.5,
            must_survive=True,
        ),
        result("W6", cell(TORCH, 100, 100), cell(OURS, 90, 90), ratio_goal=0.77),
    ]
    imports = [
        Weighed("NumPy", values=[60.0], walls=[61.0], remark="taken off"),
        Weighed("tinygrad_jp", True, [15.0, 17.0, 19.0], [16.0] * 3, goal=20.0),
        Weighed("tinygrad_jp and nn", True, [50.0], [51.0]),
    ]
    memory = [
        Weighed("tinygrad_jp", True, [58.8], goal=48.1),
        Weighed("backward by hand", values=[48.1]),
    ]
    return Run(
        variant or Variant(),
        results,
        [
            Weighing("W8.import", "import", "ms", imports),
            Weighing("W8.memory.W6", "peak memory", "MB", memory),
        ],
        {"Processor": "a chip", "Load before": "0.1", "Started": "2026-01-02 03:04"},
    )


def outputs_of(*runs):
    """The text of each file that runs leave behind."""
    with tempfile.TemporaryDirectory() as name:
        outputs.write(Path(name), list(runs), "python -m benchmarks --quick")
        return {
            path.name: path.read_text("utf-8")
            for path in Path(name).iterdir()
            if path.suffix != ".png"
        }
