"""`python -m benchmarks.sweeps`: how cost grows with batch, width, depth and ops.

Each axis is swept for us and for PyTorch eager side by side. Its model is fitted to
the smaller sizes and must then foretell a size ten times larger. Plots go to
`benchmarks/pictures`, table and figures into the README.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import harness, machine
from benchmarks.axes import AXES, Axis
from benchmarks.contenders import BASE, CONTENDERS
from benchmarks.growth import Fit, fit
from benchmarks.variants import Variant
from benchmarks.workloads import Workload

HERE = Path(__file__).parent
MARK = "<!-- sweeps: written by `make bench-sweeps` -->"
OURS = "ours"

_LONG = 0.5
"""Seconds from which a step has few turns."""


@dataclass
class Sweep:
    """An axis, measured.

    Attributes:
        axis: Which.
        seconds: For each contender's key the CPU time of a step, by size.
        wrong: What went wrong, a line each.
        versions: Of the libraries that took part.
    """

    axis: Axis
    seconds: dict[str, dict[int, float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    def model(self, key: str) -> Fit:
        """The model with a contender's prices, which the smaller sizes gave."""
        seen = {n: s for n, s in self.seconds[key].items() if n <= self.axis.fitted}
        return fit(self.axis.terms, list(seen), list(seen.values()))

    def foretold(self, key: str) -> float:
        """By how much ten times the size was to cost more, by the model."""
        model = self.model(key)
        return model(self.axis.foretold) / model(self.axis.fitted)

    def measured(self, key: str) -> float:
        """By how much it did."""
        times = self.seconds[key]
        return times[self.axis.foretold] / times[self.axis.fitted]

    def complete(self, key: str) -> bool:
        """Whether all sizes were measured."""
        return self.seconds.get(key, {}).keys() == set(self.axis.sizes)


def measure(axis: Axis, *, rounds: int, seed: int) -> Sweep:
    """Time us and PyTorch eager at every size, a process for each."""
    sweep = Sweep(axis)
    who = [c for c in CONTENDERS if c.key in (OURS, BASE)]
    shuffle = random.Random(seed)
    longest = 0.0
    for n in axis.sizes:
        key = f"{axis.key} {n:,}"
        result = harness.run(
            Workload(key, axis.what, partial(axis.make, n), (rounds, rounds), 1),
            who,
            rounds=min(rounds, 2) if longest > _LONG / 10 else rounds,
            starts=1,
            seed=seed,
            shuffle=shuffle,
            expected={},
            patience=float("inf"),
            tell=lambda line: print(line, file=sys.stderr, flush=True),
        )
        sweep.versions.update(result.versions)
        if result.agreement:
            sweep.wrong += [f"{key}: {line}" for line in result.agreement.differing]
        for cell in result.cells:
            if cell.times:
                seconds = median(t.cpu for t in cell.times.values())
                sweep.seconds.setdefault(cell.contender.key, {})[n] = seconds
                longest = max(longest, seconds)
            else:
                sweep.wrong.append(f"{key}: {cell.contender.title}: {cell.remark}")
    return sweep


# --- the page --------------------------------------------------------------------


def table(sweeps: Sequence[Sweep]) -> str:
    """What ten times the size was to cost, and did."""
    lines = [
        "| ten times | model | of a step of | foretold | measured | PyTorch's |",
        "| --- | --- | --- | ---: | ---: | ---: |",
    ]
    for sweep in sweeps:
        axis = sweep.axis
        cells = [f"the {axis.key}: {axis.fitted:,} to {axis.foretold:,}"]
        cells += [f"`{axis.model}`", axis.what.removeprefix("a training step of ")]
        cells += ["-", "-", "-"]
        if sweep.complete(OURS):
            cells[3] = f"×{sweep.foretold(OURS):.1f}"
            cells[4] = f"×{sweep.measured(OURS):.1f}"
        if sweep.complete(BASE):
            cells[5] = f"×{sweep.measured(BASE):.1f}"
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def section(sweeps: Sequence[Sweep], about: dict[str, str], plots: bool) -> str:
    """What stands between the marks of the README."""
    parts = [table(sweeps)]
    if plots:
        parts.append(
            "\n".join(
                f"![Time of a step over {sweep.axis.label}]"
                f"(pictures/{sweep.axis.key}.svg)"
                for sweep in sweeps
            )
        )
    told = ("Started", "Processor", "Caches", "BLAS", "Load before", "Load after")
    said = [f"{name}: {about[name]}" for name in told if name in about]
    parts.append("Measured with one thread. " + ". ".join(said) + ".")
    return "\n\n".join(parts)


def with_section(page: str, new: str) -> str:
    """A page with what stands between its marks made new.

    Raises:
        ValueError: There are no two marks.
    """
    pattern = re.escape(MARK) + r".*?" + re.escape(MARK)
    text, count = re.subn(
        pattern, lambda _: f"{MARK}\n\n{new}\n\n{MARK}", page, flags=re.S
    )
    if count != 1:
        raise ValueError(f"sweeps: the page needs the mark {MARK} twice, and no more")
    return text


def told(sweep: Sweep) -> str:
    """An axis for the terminal: every size, measured and by the model."""
    axis = sweep.axis
    lines = [f"{axis.key}: {axis.what}", f"  model: {axis.model}: {axis.words}"]
    lines.append(f"  {axis.label:>14}  {'ours µs':>10}  {'model':>10}  {'PyTorch':>10}")
    ours, base = (sweep.seconds.get(key, {}) for key in (OURS, BASE))
    model = sweep.model(OURS) if sweep.complete(OURS) else None
    for n in axis.sizes:
        numbers = [
            f"{1e6 * seconds:,.0f}" if seconds is not None else "-"
            for seconds in (ours.get(n), model(n) if model else None, base.get(n))
        ]
        mark = "" if n <= axis.fitted else "foretold"
        line = [f"{n:>14,}", *(f"{number:>10}" for number in numbers), mark]
        lines.append(("  " + "  ".join(line)).rstrip())
    if model:
        lines.append(
            f"  ten times {axis.fitted:,}: foretold ×{sweep.foretold(OURS):.1f}, "
            f"measured ×{sweep.measured(OURS):.1f}"
        )
    return "\n".join([*lines, *(f"  {line}" for line in sweep.wrong)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Sweep, print, draw.

    Returns:
        1 where the two disagree or one of them failed, else 0.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweeps")
    parser.description = "how cost grows with batch, width, depth and ops"
    known = [axis.key for axis in AXES]
    add = parser.add_argument
    add("--only", metavar="batch,depth", default="", help=f"of {', '.join(known)}")
    add("--rounds", type=int, default=7, metavar="N", help="turns at each size")
    add("--seed", type=int, default=0, help="of the data and of the order of turns")
    add("--out", type=Path, metavar="DIR", help="draw there, and leave the page alone")
    given = parser.parse_args(arguments)
    if given.rounds < 1:
        parser.error(f"--rounds: needs 1 or more, got {given.rounds}")
    named = [key.strip() for key in given.only.split(",") if key.strip()]
    for key in named:
        if key not in known:
            parser.error(f"no axis is called {key!r}; there are {', '.join(known)}")
    about = machine.description() | {
        "Started": machine.now(),
        "Load before": machine.load(),
    }
    sweeps = []
    with Variant().environment():
        for axis in AXES:
            if not named or axis.key in named:
                sweeps.append(measure(axis, rounds=given.rounds, seed=given.seed))
                about |= sweeps[-1].versions
                print(told(sweeps[-1]), end="\n\n", flush=True)
    about["Load after"] = machine.load()
    print(table(sweeps))
    folder = given.out or HERE / "pictures"
    plots = _draw(sweeps, folder)
    whole = len(sweeps) == len(AXES) and not any(sweep.wrong for sweep in sweeps)
    if given.out is None and whole:
        page = HERE / "README.md"
        new = section(sweeps, about, plots)
        page.write_text(with_section(page.read_text("utf-8"), new), "utf-8")
    return int(any(sweep.wrong for sweep in sweeps))


def _draw(sweeps: Sequence[Sweep], folder: Path) -> bool:
    """Write the plots; False, with a line, where there can be none."""
    try:
        from benchmarks import plots
    except ImportError as error:
        print(f"No plots: {error}. pip install matplotlib draws them.")
        return False
    folder.mkdir(parents=True, exist_ok=True)
    for sweep in sweeps:
        plots.save(sweep, [folder / f"{sweep.axis.key}.svg"])
    print(f"Plots: {folder}")
    return True


if __name__ == "__main__":
    sys.exit(main())
