"""Contenders side by side: a process each, taking turns in shuffled order.

While times are taken only one of them computes. All are slowed alike by whatever else
the machine does, so ratios within a round mean something where times alone do not.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from benchmarks.agreement import Agreement, compare
from benchmarks.contenders import BASE, Contender
from benchmarks.crew import Crew, Host
from benchmarks.worker import Absent, Answer, Present, Times
from benchmarks.workloads import Workload

T = TypeVar("T")


class AbsentError(Exception):
    """A contender does not take part; the message says why."""


class Worker:
    """A contender at a workload, in a process of its own or in one of a crew."""

    def __init__(
        self,
        contender: Contender,
        workload: Workload,
        seed: int,
        crew: Crew | None = None,
    ) -> None:
        self.contender = contender
        self._shared = crew is not None
        self._host = crew.host(contender) if crew else Host(contender, seed)
        self._over = False
        self.send(workload)
        self.steps = 1

    def send(self, message: Any) -> None:
        """Hand over a message, and do not wait."""
        with contextlib.suppress(BrokenPipeError):  # `receive` finds out how it ended
            self._host.pipe.send(message)

    def receive(self, kind: type[T]) -> T:
        """The next answer.

        Raises:
            AbsentError: It does not take part, or its process has ended.
        """
        try:
            answer = self._host.pipe.recv()
        except (EOFError, ConnectionResetError):
            self._over = True
            code = self._host.ended()
            reason = f"failed: its process ended with exit code {code}"
            raise AbsentError(reason) from None
        if isinstance(answer, Absent):
            self._over = True
            raise AbsentError(answer.reason)
        assert isinstance(answer, kind)
        return answer

    def ask(self, kind: type[T], command: str, *arguments: Any) -> T:
        """Send a command and wait for the answer."""
        self.send((command, *arguments))
        return self.receive(kind)

    def leave(self) -> None:
        """Leave the workload; a process of its own will end."""
        if not self._shared:
            self._host.leave()
        elif not self._over:
            self._over = True
            self.send(None)

    def close(self) -> None:
        """Leave the workload; a process of its own has ended when this returns."""
        self.leave()
        if not self._shared:
            self._host.close()


@dataclass
class Cell:
    """What one contender did in one workload.

    Attributes:
        contender: Who.
        times: Its turns, by number of the round.
        remark: What a reader of its row must know, or why there are no times.
        out: Whether it takes no more turns.
    """

    contender: Contender
    times: dict[int, Times] = field(default_factory=dict)
    remark: str = ""
    out: bool = False


@dataclass
class Result:
    """One workload, run.

    Attributes:
        workload: Which.
        cells: A contender each, in the order of the table.
        agreement: How near to each other the answers were.
        versions: Of the libraries that took part.
    """

    workload: Workload
    cells: list[Cell]
    agreement: Agreement | None = None
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def wrong(self) -> bool:
        """Whether contenders disagree, or we failed."""
        differing = self.agreement is not None and self.agreement.differing
        return bool(differing) or any(
            cell.contender.ours and cell.out and cell.remark for cell in self.cells
        )


def run(
    workload: Workload,
    contenders: Sequence[Contender],
    *,
    rounds: int,
    starts: int,
    seed: int,
    shuffle: random.Random,
    expected: dict[str, float],
    patience: float,
    tell: Callable[[str], None],
    left_out: Mapping[str, str] | None = None,
    crew: Crew | None = None,
) -> Result:
    """Let the contenders take their turns at a workload.

    Args:
        workload: What to do.
        contenders: Who shall do it.
        rounds: How many turns each of them has.
        starts: Over how many fresh starts of all processes they are spread.
        seed: Of the problem.
        shuffle: Draws the order within a round.
        expected: Seconds that a step will take, where that is known.
        patience: Who will need more seconds a step than this is left out; not we,
            and not the one that all are divided by.
        tell: Called with a line on what is going on.
        left_out: Who does not take part for another reason, and which.
        crew: Whose processes to use; every start has its own where there is none.
    """
    result = Result(workload, [])
    for contender in contenders:
        cell = Cell(contender)
        result.cells.append(cell)
        if left_out and contender.key in left_out:
            cell.remark = left_out[contender.key]
            cell.out = True
            continue
        seconds = expected.get(contender.key, 0.0)
        if seconds > patience and not contender.ours and contender.key != BASE:
            cell.remark = f"left out: a step would take about {seconds:.0f} s"
            cell.out = True
    starts = min(starts, rounds)
    for start in range(starts):
        tell(f"{workload.key}: start {start + 1} of {starts}")
        numbers = range(rounds * start // starts, rounds * (start + 1) // starts)
        running = [cell for cell in result.cells if not cell.out]
        _run_once(result, running, numbers, seed, shuffle, crew)
        if result.wrong:
            break
    result.cells = [cell for cell in result.cells if cell.times or cell.remark]
    return result


def _run_once(
    result: Result,
    cells: list[Cell],
    numbers: range,
    seed: int,
    shuffle: random.Random,
    crew: Crew | None,
) -> None:
    """Start the processes, compare their answers, time their turns."""
    workload = result.workload
    workers = {id(cell): Worker(cell.contender, workload, seed, crew) for cell in cells}

    def each(turn: Callable[[Cell, Worker], None], order: list[Cell]) -> None:
        for cell in order:
            if id(cell) in workers:
                try:
                    turn(cell, workers[id(cell)])
                except AbsentError as error:
                    cell.remark = str(error)
                    cell.out = True
                    workers.pop(id(cell)).close()

    answers: list[tuple[str, Answer]] = []

    def greet(cell: Cell, worker: Worker) -> None:
        present = worker.receive(Present)
        result.versions.update(present.versions)
        cell.remark = present.remark

    def begin(cell: Cell, worker: Worker) -> None:
        if cell.contender.compared:
            worker.send(("answer",))

    def answer(cell: Cell, worker: Worker) -> None:
        if cell.contender.compared:
            answers.append((cell.contender.key, worker.receive(Answer)))

    def calibrate(cell: Cell, worker: Worker) -> None:
        worker.steps = worker.ask(int, "calibrate")

    each(greet, cells)
    each(begin, cells)  # all at once: nobody is timed yet, and compiling takes its time
    each(answer, cells)
    result.agreement = compare(answers)
    if not result.agreement.differing:
        each(calibrate, cells)
        for number in numbers:

            def turn(cell: Cell, worker: Worker) -> None:
                times = worker.ask(Times, "turn", worker.steps)
                cell.times[number] = times  # noqa: B023  # called in this round alone

            each(turn, shuffle.sample(cells, len(cells)))
    for worker in workers.values():
        worker.leave()  # all end at once
    for worker in workers.values():
        worker.close()
