"""What one command runs: every workload, and what W8 weighs, in every variant."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from benchmarks import harness, machine, weight
from benchmarks.contenders import BASE, Contender
from benchmarks.crew import Crew
from benchmarks.harness import Result
from benchmarks.variants import Variant
from benchmarks.weight import Weighing
from benchmarks.workloads import WORKLOADS, Workload

SLOW_TO_START = {"torch-compile": "left out of a quick run: compiling takes too long"}
"""Who takes no part in a quick run, unless asked for by name, and why."""

WEIGHED_IN_A_HURRY = (BASE, "ours", "ours-nn", "hand")
"""Whose memory a quick run measures: ours, and what it is compared with."""


@dataclass
class Run:
    """Everything that was measured in one variant.

    Attributes:
        variant: Which.
        results: A workload each.
        weighings: What W8 weighed.
        about: The machine and its load, by name.
    """

    variant: Variant
    results: list[Result]
    weighings: list[Weighing] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)

    @property
    def wrong(self) -> bool:
        """Whether contenders disagree, or we failed."""
        return any(result.wrong for result in self.results) or any(
            weighing.wrong for weighing in self.weighings
        )


@dataclass(frozen=True)
class Request:
    """What shall be run.

    Attributes:
        workloads: These.
        weighings: Keys of W8 that shall be weighed.
        contenders: Who shall take part.
        quick: Whether there is little time: fewer rounds, one start, a process for
            each contender instead of one for each of its workloads.
        rounds: Turns of each contender, or None for what the workload says.
        seed: Of the data and of the order of turns.
        patience: Peers that would need more seconds a step are left out.
        left_out: Who does not take part though asked to, by key, and why.
    """

    workloads: Sequence[Workload]
    weighings: Sequence[str]
    contenders: Sequence[Contender]
    quick: bool = False
    rounds: int | None = None
    seed: int = 0
    patience: float = 10.0
    left_out: dict[str, str] = field(default_factory=dict)


class Session:
    """Runs a request in one variant, and remembers how long steps took."""

    def __init__(self, request: Request, variant: Variant) -> None:
        self._request = request
        self._variant = variant
        self._shuffle = random.Random(request.seed)
        self._seconds: dict[str, dict[str, float]] = {}
        self._crew: Crew | None = None

    def run(self) -> Run:
        """Run all of it."""
        request = self._request
        about = machine.description() | {
            "Started": machine.now(),
            "Load before": machine.load(),
        }
        run = Run(self._variant, [])
        with self._variant.environment():
            if request.quick and request.workloads:
                taking_part = [
                    c for c in request.contenders if c.key not in request.left_out
                ]
                self._crew = Crew(taking_part, request.seed)
            try:
                run.results = [self.solve(workload) for workload in request.workloads]
            finally:
                if self._crew:
                    self._crew.close()
            run.weighings = [self._weigh(key) for key in request.weighings]
        about["Load after"] = machine.load()
        for result in run.results:
            about.update(result.versions)
        if "BLAS" in about:
            about["BLAS"] += self._variant.doubt(about["BLAS"])
        run.about = about
        return run

    def solve(self, workload: Workload, rounds: int | None = None) -> Result:
        """Let all contenders take their turns at a workload."""
        request = self._request
        expected = self._expected(workload)
        result = harness.run(
            workload,
            request.contenders,
            rounds=rounds or request.rounds or workload.rounds[request.quick],
            starts=1 if request.quick else workload.starts,
            seed=request.seed,
            shuffle=self._shuffle,
            expected=expected,
            patience=request.patience,
            tell=self._tell,
            left_out=request.left_out,
            crew=self._crew,
        )
        self._seconds[workload.key] = expected | {
            cell.contender.key: median(t.cpu for t in cell.times.values())
            for cell in result.cells
            if cell.times
        }
        return result

    def _expected(self, workload: Workload) -> dict[str, float]:
        """How long a step will take everybody, from ten times fewer ops."""
        if workload.previous is None:
            return {}
        if workload.previous not in self._seconds:
            (before,) = [w for w in WORKLOADS if w.key == workload.previous]
            self.solve(replace(before, starts=1), rounds=1)
        seconds = self._seconds[workload.previous]
        return {key: 10 * time for key, time in seconds.items()}

    def _weigh(self, key: str) -> Weighing:
        """One part of W8."""
        request = self._request
        _, what, *of = key.split(".")
        rounds = request.rounds or weight.ROUNDS[what][request.quick]
        if what == "import":
            return weight.import_times(
                rounds=rounds, shuffle=self._shuffle, tell=self._tell
            )
        (workload,) = [w for w in WORKLOADS if [w.key] == of]
        contenders = [
            c
            for c in request.contenders
            if c.key not in request.left_out
            and (not request.quick or c.key in WEIGHED_IN_A_HURRY)
        ]
        return weight.peak_memory(
            workload,
            contenders,
            rounds=rounds,
            seed=request.seed,
            shuffle=self._shuffle,
            tell=self._tell,
        )

    def _tell(self, line: str) -> None:
        print(f"{self._variant.title}, {line}", file=sys.stderr, flush=True)
