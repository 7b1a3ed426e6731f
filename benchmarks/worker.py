"""What runs in a contender's own process: it solves one problem, on command.

Whatever a peer does as it is imported (threads, hooks, objects for the collector to
visit), it does here, where it weighs on nobody else.
"""

from __future__ import annotations

import gc
import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from numpy.typing import NDArray

from benchmarks import memory
from benchmarks.contenders import Contender, Program
from benchmarks.workloads import Workload


@dataclass(frozen=True)
class Absent:
    """A contender that does not take part.

    Attributes:
        reason: Why; empty where this kind of problem is none for it.
    """

    reason: str


@dataclass(frozen=True)
class Present:
    """A contender that stands ready.

    Attributes:
        versions: Of what it uses.
        remark: What a reader of its row must know.
    """

    versions: dict[str, str]
    remark: str


@dataclass(frozen=True)
class Answer:
    """What a contender computed: compared with the others' before timing.

    Attributes:
        value: The loss where the parameters started.
        gradients: The gradients there.
        parameters: Where the parameters stood after a few steps.
    """

    value: float
    gradients: list[NDArray[Any]]
    parameters: list[NDArray[Any]]


@dataclass(frozen=True)
class Times:
    """Seconds that one step took, in the mean of a turn."""

    cpu: float
    wall: float
    steps: int = field(compare=False)


@dataclass(frozen=True)
class Peak:
    """Bytes held at the worst moment of a step, over those held before the problem.

    None where the system does not say.
    """

    bytes: int | None


def serve(
    pipe: Connection, contender: Contender, workload: Workload, seed: int
) -> None:
    """Obey the commands that come through `pipe`, until it closes."""
    try:
        _obey(pipe, contender, workload, seed)
    except ImportError as error:
        pipe.send(Absent(f"not there: {error}"))
    except Exception as error:
        pipe.send(Absent(f"failed: {type(error).__name__}: {error}"))


def _obey(
    pipe: Connection, contender: Contender, workload: Workload, seed: int
) -> None:
    page = importlib.import_module(f"benchmarks.contenders.{contender.page}")
    before = memory.resident()
    problem = workload.make(seed)
    kind = problem.kind
    make = getattr(page, kind, None)
    if make is None:
        pipe.send(Absent(""))
        return
    program = make(problem)
    to_check = problem.steps_to_check
    del problem  # what a program does not keep shall not weigh
    remark = getattr(page, "REMARKS", {}).get(kind, "")
    pipe.send(Present(page.versions(), remark))
    commands: dict[str, Callable[..., Any]] = {
        "answer": lambda: _answer(program, to_check),
        "calibrate": lambda: _calibrate(program, workload.block),
        "turn": lambda steps: _turn(program, steps, warm=bool(workload.block)),
        "peak": lambda: _peak(program, before),
    }
    while True:
        try:
            name, *arguments = pipe.recv()
        except EOFError:
            return
        pipe.send(commands[name](*arguments))


def _answer(program: Program, steps: int) -> Answer:
    value, gradients = program.gradients()
    gradients = [g.copy() for g in gradients]
    for _ in range(steps):
        program.step()
    return Answer(value, gradients, program.parameters())


def _calibrate(program: Program, block: float) -> int:
    """How many steps make a turn; the collector forgets all that was there before."""
    steps = 1
    if block:
        while (took := _turn(program, steps, warm=True).cpu * steps) < block / 2:
            steps *= 2
        steps = max(1, round(steps * block / took))
    gc.collect()
    gc.freeze()
    return steps


def _turn(program: Program, steps: int, *, warm: bool) -> Times:
    """Time some steps; where `warm`, after a few that fill the caches again."""
    for _ in range(max(1, steps // 10) if warm else 0):
        program.step()
    program.wait()
    step = program.step
    wall = time.perf_counter()
    cpu = time.process_time()
    for _ in range(steps):
        step()
    program.wait()
    cpu = time.process_time() - cpu
    wall = time.perf_counter() - wall
    return Times(cpu / steps, wall / steps, steps)


def _peak(program: Program, before: int | None) -> Peak:
    """The memory of some steps, after some that compile and fill what is kept."""
    for measured in (False, True):
        if measured and not memory.forget_peak():
            return Peak(None)
        for _ in range(3):
            program.step()
        program.wait()
    most = memory.peak()
    return Peak(None if most is None or before is None else most - before)
