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
    problem = workload.make(seed)
    page = importlib.import_module(f"benchmarks.contenders.{contender.page}")
    make = getattr(page, problem.kind, None)
    if make is None:
        pipe.send(Absent(""))
        return
    program = make(problem)
    remark = getattr(page, "REMARKS", {}).get(problem.kind, "")
    pipe.send(Present(page.versions(), remark))
    commands: dict[str, Callable[..., Any]] = {
        "answer": lambda: _answer(program, problem.steps_to_check),
        "calibrate": lambda: _calibrate(program, workload.block),
        "turn": lambda steps: _turn(program, steps),
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
        while (took := _turn(program, steps).cpu * steps) < block / 2:
            steps *= 2
        steps = max(1, round(steps * block / took))
    gc.collect()
    gc.freeze()
    return steps


def _turn(program: Program, steps: int) -> Times:
    """Time some steps, after a few that fill the caches again."""
    for _ in range(steps // 10):
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
