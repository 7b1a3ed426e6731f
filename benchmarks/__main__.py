"""`python -m benchmarks`: time tinygrad_jp beside its peers, print one table."""

from __future__ import annotations

import argparse
import random
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks import harness, machine, report
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.workloads import WORKLOADS, Workload, chosen


def main() -> int:
    """Run what the command line asks for.

    Returns:
        1 where contenders disagree on the result or we failed, else 0.
    """
    arguments = _arguments()
    machine.pin_threads(1)
    about = {"Load before": machine.load()}
    session = Session(arguments)
    results = [session.run(workload) for workload in arguments.workloads]
    about = {**machine.description(), **about, "Load after": machine.load()}
    for result in results:
        about.update(result.versions)
    print(report.table(results))
    print()
    print(report.notes(about))
    if arguments.json:
        report.write_json(arguments.json, results, about)
    if arguments.csv:
        report.write_csv(arguments.csv, results)
    return int(any(result.wrong for result in results))


class Session:
    """Runs workloads, and remembers how long their steps took."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._shuffle = random.Random(arguments.seed)
        self._seconds: dict[str, dict[str, float]] = {}

    def run(self, workload: Workload, rounds: int | None = None) -> harness.Result:
        """Let all contenders take their turns at a workload."""
        given = self._arguments
        expected = self._expected(workload)
        result = harness.run(
            workload,
            given.contenders,
            rounds=rounds or given.rounds or workload.rounds[given.quick],
            starts=1 if given.quick else workload.starts,
            seed=given.seed,
            shuffle=self._shuffle,
            expected=expected,
            patience=given.patience or (3.0 if given.quick else 10.0),
            tell=lambda line: print(line, file=sys.stderr, flush=True),
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
            self.run(replace(before, starts=1), rounds=1)
        seconds = self._seconds[workload.previous]
        return {key: 10 * time for key, time in seconds.items()}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="few rounds: about a minute and a half")
    add("--only", metavar="W1,W5.10k", default="", help="these; W5 means all its sizes")
    add("--peers", metavar="torch,hand", default="", help="beside us, only these")
    add("--rounds", type=int, metavar="N", help="turns of each contender")
    add("--seed", type=int, default=0, help="of the data and of the order of turns")
    add(
        "--patience",
        type=float,
        metavar="SECONDS",
        help="leave out a peer whose single step would take longer (10; quick: 3)",
    )
    add("--json", type=Path, metavar="FILE", help="write every turn there")
    add("--csv", type=Path, metavar="FILE", help="write the table there")
    arguments = parser.parse_args()
    if arguments.rounds is not None and arguments.rounds < 1:
        parser.error(f"--rounds: needs 1 or more, got {arguments.rounds}")
    try:
        arguments.workloads = chosen([key for key in arguments.only.split(",") if key])
        arguments.contenders = _contenders(arguments.peers)
    except ValueError as error:
        parser.error(str(error))
    return arguments


def _contenders(peers: str) -> list[Contender]:
    """We, and the peers that `peers` names; all of them where it is empty."""
    wanted = {key for key in peers.split(",") if key}
    unknown = wanted - {contender.key for contender in CONTENDERS}
    if unknown:
        known = ", ".join(c.key for c in CONTENDERS)
        raise ValueError(f"no peer is called {min(unknown)!r}; there are {known}")
    return [c for c in CONTENDERS if c.ours or not wanted or c.key in wanted]


if __name__ == "__main__":
    sys.exit(main())
