"""W8: what a library weighs before it computes, and while it does.

`import_times` starts fresh interpreters that import one library each, and gives what
that takes over NumPy's import of the same round. `peak_memory` runs workloads in
processes of their own and gives the memory at the worst moment of a step, over what
was held when the library was imported and there was no problem yet. Both return a
`Weighing`: rows of plain numbers, one a round, for `benchmarks.report` to print.
Whether answers are right is not asked here: W2 and W6 themselves do that.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.contenders import Contender
from benchmarks.harness import AbsentError, Worker
from benchmarks.worker import Peak, Present
from benchmarks.workloads import Workload

Tell = Callable[[str], None]


@dataclass
class Weighed:
    """A row of a weighing.

    Attributes:
        name: What the table calls it.
        ours: Whether it is part of this project.
        values: One a round, in the weighing's unit; of time, CPU time.
        walls: The same of wall time; empty where what is weighed is not time.
        goal: What our value is to be at most.
        remark: What a reader of its row must know, or why there are no values.
    """

    name: str
    ours: bool = False
    values: list[float] = field(default_factory=list)
    walls: list[float] = field(default_factory=list)
    goal: float | None = None
    remark: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the median is within the goal; None where either is missing."""
        if self.goal is None or not self.values:
            return None
        return median(self.values) <= self.goal


@dataclass
class Weighing:
    """One group of rows.

    Attributes:
        key: How `--only` calls it.
        title: What it is, for the table.
        unit: Of the values.
        rows: A line each, in the order of the table.
    """

    key: str
    title: str
    unit: str
    rows: list[Weighed]

    @property
    def wrong(self) -> bool:
        """Whether we failed."""
        return any(row.ours and row.remark.startswith("failed") for row in self.rows)


KEYS = ("W8.import", "W8.memory.W2", "W8.memory.W6")
"""What `--only` can ask for here; `W8` means all of them."""

ROUNDS = {"import": (15, 3), "memory": (3, 1)}
"""How many rounds: in full, and quick."""


def chosen(keys: Sequence[str]) -> list[str]:
    """Those of `KEYS` that `keys` name, all where there is none.

    A key names itself and what goes on from it behind a dot; keys that begin with no
    W8 belong to `benchmarks.workloads.chosen`.
    """
    if not keys:
        return list(KEYS)
    return [own for own in KEYS if any(f"{own}.".startswith(f"{k}.") for k in keys)]


# --- imports ---------------------------------------------------------------------

IMPORT_GOAL = 20.0
"""Milliseconds that importing tinygrad_jp may take beyond NumPy."""

IMPORTS = (
    ("tinygrad_jp", "import tinygrad_jp", True),
    ("tinygrad_jp and nn", "import tinygrad_jp, nn", True),
    ("PyTorch", "import torch", False),
    ("JAX", "import jax", False),
    ("MyGrad", "import mygrad", False),
    ("HIPS autograd", "import autograd", False),
    ("DeZero", "import numpy; numpy.int = int; import dezero", False),
)
"""Name, the statement that is timed, and whether it is ours."""

IMPORT_REMARKS = {"DeZero": "np.int, which it names, given to NumPy"}

_NUMPY = "import numpy"

_TIMED = """\
import sys, time
wall = time.perf_counter()
cpu = time.process_time()
{statement}
cpu = time.process_time() - cpu
print([1e3 * cpu, 1e3 * (time.perf_counter() - wall)], file=sys.__stdout__)
"""


def import_times(*, rounds: int, shuffle: random.Random, tell: Tell) -> Weighing:
    """Milliseconds to import each library in a fresh interpreter, over NumPy's.

    An untimed round before lets Python write its compiled files, and the machine read
    everything from the disk once.

    Args:
        rounds: How often each is imported.
        shuffle: Draws the order within a round.
        tell: Called with a line on what is going on.
    """
    rows = [
        Weighed(name, ours, remark=IMPORT_REMARKS.get(name, ""))
        for name, _, ours in IMPORTS
    ]
    rows[0].goal = IMPORT_GOAL
    statements = {name: statement for name, statement, _ in IMPORTS}
    numpy = Weighed("NumPy", remark="taken off from the others")
    tell("W8.import: the round that is not timed")
    _import(_NUMPY)
    running = []
    for row in rows:
        try:
            _import(statements[row.name])
            running.append(row)
        except AbsentError as error:
            row.remark = str(error)
    for number in range(rounds):
        tell(f"W8.import: round {number + 1} of {rounds}")
        times = {}
        for row in shuffle.sample([numpy, *running], len(running) + 1):
            times[row.name] = _import(statements.get(row.name, _NUMPY))
        cpu, wall = times["NumPy"]
        numpy.values.append(cpu)
        numpy.walls.append(wall)
        for row in running:
            row.values.append(times[row.name][0] - cpu)
            row.walls.append(times[row.name][1] - wall)
    title = "import, fresh interpreter, over NumPy's of the same round"
    return Weighing("W8.import", title, "ms", [numpy, *rows])


def _import(statement: str) -> tuple[float, float]:
    """Milliseconds of CPU and of wall time that a statement takes.

    Raises:
        AbsentError: It failed; the message is the last line that it said.
    """
    settings = dict(os.environ)
    settings.pop("PYTHONDONTWRITEBYTECODE", None)  # users keep their compiled files
    done = subprocess.run(
        [sys.executable, "-c", _TIMED.format(statement=statement)],
        cwd=Path(__file__).parents[1],
        env=settings,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no word"]
        kind = "not there" if "ModuleNotFoundError" in said[-1] else "failed"
        raise AbsentError(f"{kind}: {said[-1].split('Error: ', 1)[-1]}")
    cpu, wall = json.loads(done.stdout.splitlines()[-1])
    return cpu, wall


# --- memory ----------------------------------------------------------------------

MEGABYTE = 1e6


def peak_memory(
    workload: Workload,
    contenders: Sequence[Contender],
    *,
    rounds: int,
    seed: int,
    shuffle: random.Random,
    tell: Tell,
) -> Weighing:
    """Megabytes at the worst moment of a step, over what was held before the problem.

    Each round starts everybody afresh, one process at a time. The goal of ours is what
    the backward pass by hand needed.

    Args:
        workload: What to do.
        contenders: Who shall do it; limits are left out.
        rounds: How often each is started.
        seed: Of the problem.
        shuffle: Draws the order within a round.
        tell: Called with a line on what is going on.
    """
    key = f"W8.memory.{workload.key}"
    taking_part = [contender for contender in contenders if contender.compared]
    rows = {c.key: Weighed(c.title, c.ours) for c in taking_part}
    running = list(taking_part)
    for number in range(rounds):
        tell(f"{key}: round {number + 1} of {rounds}")
        for contender in shuffle.sample(running, len(running)):
            row = rows[contender.key]
            try:
                found, row.remark = _peak(contender, workload, seed)
                row.values.append(found / MEGABYTE)
            except AbsentError as error:
                row.remark = str(error)
                running.remove(contender)
    if "hand" in rows and rows["hand"].values:
        for row in rows.values():
            row.goal = median(rows["hand"].values) if row.ours else None
    said = [row for row in rows.values() if row.values or row.remark]
    title = f"peak memory of a step of {workload.key}, over the imported library"
    return Weighing(key, title, "MB", said)


def _peak(contender: Contender, workload: Workload, seed: int) -> tuple[int, str]:
    """Bytes that a fresh process needed, and what a reader must know.

    Raises:
        AbsentError: The contender does not take part, or nothing measures memory here.
    """
    worker = Worker(contender, workload, seed)
    try:
        remark = worker.receive(Present).remark
        found = worker.ask(Peak, "peak").bytes
    finally:
        worker.close()
    if found is None:
        raise AbsentError("not measured: needs Linux's /proc/self/clear_refs")
    return found, remark
