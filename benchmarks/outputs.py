"""What a run leaves behind: results.csv, .json, .md, .svg and .png."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import matrix, report
from benchmarks.figures import Row, Spread, rows
from benchmarks.session import Run

_SPREADS = ("ratio", "wall_ratio", "cpu", "wall")


def write(
    folder: Path, runs: Sequence[Run], command: str, markdown: Path | None = None
) -> list[str]:
    """Write everything, and say in a few lines what went where.

    Args:
        folder: Where to; it is made where it is missing.
        runs: What was measured, a variant each.
        command: What was typed.
        markdown: A page to write besides, its pictures in a folder beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "results.csv", runs)
    write_json(folder / "results.json", runs, command)
    drawn, word = draw(folder, runs)
    write_markdown(folder / "results.md", runs, command, drawn)
    names = ["results.csv", "results.json", "results.md", *(p.name for p in drawn)]
    lines = [f"Written to {folder}: {', '.join(names)}", *([word] if word else [])]
    if markdown is not None:
        pictures = markdown.parent / "pictures"
        pictures.mkdir(parents=True, exist_ok=True)
        drawn, _ = draw(pictures, runs, kinds=("svg",))
        write_markdown(markdown, runs, command, drawn)
        lines.append(f"Written: {', '.join(map(str, [markdown, *drawn]))}")
    return lines


def draw(
    folder: Path, runs: Sequence[Run], kinds: Sequence[str] = ("svg", "png")
) -> tuple[list[Path], str]:
    """A picture of each variant; the files, and a line where there can be none."""
    try:
        from benchmarks import picture
    except ImportError as error:
        return [], f"No picture: {error}. pip install matplotlib draws one."
    found: list[Path] = []
    for run in runs:
        stem = "results" if run is runs[0] else f"results-{run.variant.key}"
        if any(cell.times for result in run.results for cell in result.cells):
            found += picture.save(run, [folder / f"{stem}.{kind}" for kind in kinds])
    return found, ""


def write_json(path: Path, runs: Sequence[Run], command: str) -> None:
    """Everything, every turn included."""
    content = {
        "command": command,
        "runs": [
            {
                "variant": run.variant.title,
                "about": run.about,
                "rows": [asdict(row) for row in _rows(run)],
                "turns": [
                    {
                        "workload": result.workload.key,
                        "contender": cell.contender.key,
                        "round": number,
                        **asdict(times),
                    }
                    for result in run.results
                    for cell in result.cells
                    for number, times in sorted(cell.times.items())
                ],
                "weighings": [asdict(weighing) for weighing in run.weighings],
            }
            for run in runs
        ],
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


def write_csv(path: Path, runs: Sequence[Run]) -> None:
    """The table, one line a row; W8 in its own unit, in the columns of the time."""
    names = ["variant", "workload", "contender", "unit", "rounds"]
    names += [f"{s}_{part}" for s in _SPREADS for part in ("low", "middle", "high")]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "remark"])
        for run in runs:
            units = {r.workload.key: r.workload.unit for r in run.results}
            for row in _rows(run):
                writer.writerow(_record(run, row, units[row.workload]))
            for weighing in run.weighings:
                for weighed in weighing.rows:
                    row = Row(
                        weighing.key,
                        weighed.name,
                        len(weighed.values),
                        cpu=Spread.of(weighed.values),
                        wall=Spread.of(weighed.walls),
                        remark=weighed.remark,
                    )
                    writer.writerow(_record(run, row, weighing.unit))


def _rows(run: Run) -> list[Row]:
    goals = run.variant.threads == 1
    return [row for result in run.results for row in rows(result, goals=goals)]


def _record(run: Run, row: Row, unit: str) -> list[object]:
    """A line of the CSV."""
    line: list[object] = [run.variant.title, row.workload, row.contender, unit]
    line.append(row.rounds)
    for name in _SPREADS:
        spread: Spread | None = getattr(row, name)
        line += [spread.low, spread.middle, spread.high] if spread else ["", "", ""]
    return [*line, row.said]


def write_markdown(
    path: Path, runs: Sequence[Run], command: str, drawn: Sequence[Path]
) -> None:
    """A page: the table, the goals, the picture, all rows, the machine."""
    lines = ["# Results", "", f"`{command}`", ""]
    pictures = [p.relative_to(path.parent) for p in drawn if p.suffix == ".svg"]
    for i, run in enumerate(runs):
        started = run.about.get("Started", "")
        lines += [f"## {', '.join(filter(None, [run.variant.title, started]))}", ""]
        lines += [*report.remarks(run.variant), ""]
        if run.results:
            lines += [
                "Chains (W5) stand as µs a node.",
                "",
                matrix.grid(run).markdown(),
            ]
            lines.append("")
        lines += [f"- {line}" for line in matrix.goals(run)]
        lines.append("")
        if i < len(pictures):
            lines += [f"![Ratios to PyTorch eager]({pictures[i].as_posix()})", ""]
        for weighing in run.weighings:
            lines += [f"**{weighing.key}**: {weighing.title}", ""]
            head, *body = report.parts(weighing)
            lines += [matrix.Grid(head, body).markdown(), ""]
        lines += ["### The machine", "", "| | |", "| --- | --- |"]
        lines += [f"| {name} | {what} |" for name, what in run.about.items()]
        lines += ["", "### Every row", "", "```text", report.listing(run), "```", ""]
    path.write_text("\n".join(lines), "utf-8")
