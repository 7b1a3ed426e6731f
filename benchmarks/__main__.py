"""`python -m benchmarks`: time tinygrad_jp beside its peers, print one table."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import outputs, report, weight, workloads
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.session import SLOW_TO_START, Request, Session
from benchmarks.variants import Variant, variants
from benchmarks.workloads import WORKLOADS, Workload


@dataclass(frozen=True)
class Command:
    """What the command line asks for.

    Attributes:
        request: What to run.
        variants: In which surroundings, one after the other.
        out: The folder of the files that are always written.
        markdown: A page to write besides, or None.
        typed: The command, to be typed again.
    """

    request: Request
    variants: list[Variant]
    out: Path
    markdown: Path | None
    typed: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for.

    Returns:
        1 where contenders disagree on the result or we failed, else 0.
    """
    command = parse(sys.argv[1:] if arguments is None else arguments)
    runs = []
    for variant in command.variants:
        runs.append(Session(command.request, variant).run())
        print(report.whole(runs[-1]))
        print()
    for line in outputs.write(command.out, runs, command.typed, command.markdown):
        print(line)
    return int(any(run.wrong for run in runs))


def parse(arguments: Sequence[str]) -> Command:
    """Read the command line; ends the program where it cannot be obeyed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="few rounds: about two minutes")
    add("--only", metavar="W1,W5.10k", default="", help="these; W5 means all its sizes")
    add("--peers", metavar="torch,hand", default="", help="beside us, only these")
    add("--rounds", type=int, metavar="N", help="turns of each contender")
    add("--seed", type=int, default=0, help="of the data and of the order of turns")
    add(
        "--patience",
        type=float,
        metavar="SECONDS",
        help="leave out a peer whose single step would take longer (10; quick: 0.5)",
    )
    add("--threads", metavar="1,2", default="1", help="of BLAS: a table for each")
    add(
        "--coretype",
        metavar="default,SkylakeX",
        default="",
        help="OPENBLAS_CORETYPE: a table for each",
    )
    add(
        "--memory",
        metavar="default,kept",
        default="default",
        help="kept: processes keep memory that they have freed; a table for each",
    )
    add("--out", type=Path, default=Path("out/bench"), help="where all files go")
    add("--markdown", type=Path, metavar="FILE", help="write the tables there too")
    given = parser.parse_args(arguments)
    if given.rounds is not None and given.rounds < 1:
        parser.error(f"--rounds: needs 1 or more, got {given.rounds}")
    if given.patience is not None and not given.patience > 0:
        parser.error(f"--patience: needs seconds, got {given.patience}")
    named = [key.strip() for key in given.only.split(",") if key.strip()]
    try:
        solved, weighed = chosen(named)
        request = Request(
            workloads=solved,
            weighings=weighed,
            contenders=contenders(given.peers),
            quick=given.quick,
            rounds=given.rounds,
            seed=given.seed,
            patience=given.patience or (0.5 if given.quick else 10.0),
            left_out=SLOW_TO_START if given.quick and not given.peers else {},
        )
        found = variants(given.threads, given.coretype, given.memory)
    except ValueError as error:
        parser.error(str(error))
    typed = shlex.join(["python", "-m", "benchmarks", *arguments])
    return Command(request, found, given.out, given.markdown, typed)


def chosen(keys: Sequence[str]) -> tuple[list[Workload], list[str]]:
    """The workloads that `keys` name, and the parts of W8; all where there is none.

    Raises:
        ValueError: A key that names nothing.
    """
    if not keys:
        return list(WORKLOADS), list(weight.KEYS)
    timed = [key for key in keys if not key.startswith("W8")]
    weighed = [key for key in keys if key.startswith("W8")]
    for key in weighed:
        if not weight.chosen([key]):
            known = ", ".join(weight.KEYS)
            raise ValueError(f"no part of W8 is called {key!r}; there are {known}")
    return (
        workloads.chosen(timed) if timed else [],
        weight.chosen(weighed) if weighed else [],
    )


def contenders(peers: str) -> list[Contender]:
    """We, and the peers that `peers` names; all of them where it is empty.

    Raises:
        ValueError: A name that nobody has.
    """
    wanted = {key.strip() for key in peers.split(",") if key.strip()}
    unknown = wanted - {contender.key for contender in CONTENDERS}
    if unknown:
        known = ", ".join(c.key for c in CONTENDERS)
        raise ValueError(f"no peer is called {min(unknown)!r}; there are {known}")
    return [c for c in CONTENDERS if c.ours or not wanted or c.key in wanted]


if __name__ == "__main__":
    sys.exit(main())
