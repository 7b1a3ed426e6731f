"""What a run leaves behind: files and pictures, with matplotlib and without."""

import csv
import json
import re
import sys

import pytest
from bench_runs import OURS, cell, made_up, outputs_of, result

from benchmarks import outputs, report
from benchmarks.figures import rows
from benchmarks.session import Run
from benchmarks.variants import Variant

# --- what is written -------------------------------------------------------------


def test_every_file_is_written(tmp_path):
    page = tmp_path / "page" / "RESULTS.md"
    page.parent.mkdir()
    said = outputs.write(tmp_path / "a" / "b", [made_up()], "typed", page)
    names = {path.name for path in (tmp_path / "a" / "b").iterdir()}
    assert names == {f"results.{kind}" for kind in ("csv", "json", "md", "svg", "png")}
    assert all(name in said[0] for name in names)
    assert "![Ratios to PyTorch eager](pictures/results.svg)" in page.read_text("utf-8")
    assert (page.parent / "pictures" / "results.svg").exists()


def test_csv_has_a_line_for_each_row_and_variant(tmp_path):
    path = tmp_path / "a.csv"
    outputs.write_csv(path, [made_up(), made_up(Variant(2, "SkylakeX"))])
    lines = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert len(lines) == 2 * (4 + 3 + 2 + 3 + 2)
    assert {line["variant"] for line in lines} == {
        "1 thread",
        "2 threads, OPENBLAS_CORETYPE=SkylakeX",
    }
    ours = lines[1]
    assert (ours["workload"], ours["contender"]) == ("W1", "tinygrad_jp")
    assert float(ours["ratio_middle"]) == pytest.approx(0.55)
    assert float(ours["cpu_low"]) == pytest.approx(87.5)
    assert ours["unit"] == "µs a step"
    left_out = next(line for line in lines if line["contender"] == "backward by hand")
    assert left_out["cpu_middle"] == left_out["ratio_middle"] == ""
    assert left_out["remark"].startswith("left out")
    imported = next(
        x for x in lines if x["workload"] == "W8.import" and x["remark"] == ""
    )
    assert (imported["unit"], float(imported["cpu_middle"])) == ("ms", 17.0)


def test_json_has_every_turn(tmp_path):
    command = "python -m benchmarks --quick"
    outputs.write_json(tmp_path / "a.json", [made_up()], command)
    content = json.loads((tmp_path / "a.json").read_text("utf-8"))
    (run,) = content["runs"]
    assert content["command"] == command
    assert run["about"]["Processor"] == "a chip"
    turns = [turn for turn in run["turns"] if turn["contender"] == "ours"]
    assert [turn["round"] for turn in turns] == [0, 1, 2, 3, 0, 0, 1]
    assert turns[1]["cpu"] == pytest.approx(100e-6)
    assert run["rows"][1]["ratio"]["middle"] == pytest.approx(0.55)
    assert run["weighings"][0]["rows"][1]["values"] == [15.0, 17.0, 19.0]


def test_markdown_has_table_command_machine_and_all_rows():
    page = outputs_of(made_up(), made_up(Variant(2)))["results.md"]
    assert "`python -m benchmarks --quick`" in page
    assert "## 1 thread, 2026-01-02 03:04" in page
    assert "## 2 threads, 2026-01-02 03:04" in page
    assert "| **tinygrad_jp** | **0.55** | **0.90** | **3.00** |" in page
    assert "| reached | yes | no | no |" in page
    assert "- Goals reached: W1 0.55" in page
    assert "| Load before | 0.1 |" in page
    assert "![Ratios to PyTorch eager](results.svg)" in page
    assert "![Ratios to PyTorch eager](results-2-threads.svg)" in page
    assert "0.50 to 0.60" in page
    tables = re.findall(r"(?:^\|.*\n)+", page, re.M)
    for lines in map(str.splitlines, tables):
        assert len({line.count("|") for line in lines}) == 1, lines[0]


def test_nothing_measured_is_written_too(tmp_path):
    empty = Run(Variant(), [result("W1", cell(OURS, remark="failed: x", out=True))])
    outputs.write(tmp_path, [empty, Run(Variant(), [])], "typed")
    assert not list(tmp_path.glob("*.svg"))
    assert "failed: x" in (tmp_path / "results.md").read_text("utf-8")
    assert "failed: x" in report.whole(empty)
    assert report.whole(Run(Variant(), []))


# --- the picture -----------------------------------------------------------------


def test_the_picture_holds_names_numbers_and_goals(tmp_path):
    svg = outputs_of(made_up())["results.svg"]
    texts = re.findall(r"<text[^>]*>([^<]+)</text>", svg)
    for text in ("W1", "W6", "tinygrad_jp", "PyTorch eager", "0.55", "limit: GEMMs"):
        assert text in texts
    assert "backward by hand" not in texts  # it was never timed
    assert svg.count("#009e73") >= 3  # a goal in each panel
    assert "<dc:date>" not in svg
    assert svg == outputs_of(made_up())["results.svg"]
    assert "#009e73" not in outputs_of(made_up(Variant(2)))["results.svg"]


def test_a_goal_in_time_stands_where_pytorchs_time_puts_it():
    picture = pytest.importorskip("benchmarks.picture")
    axes = []
    chain = made_up().results[1]
    found = {row.contender: row for row in rows(chain)}

    class Axes:
        def plot(self, x, y, **_):
            axes.append(x)

    picture._goal(Axes(), chain.workload, [OURS], found, "cpu")
    assert axes == [[pytest.approx(2.5 / 8.0)]]


def test_without_matplotlib_everything_else_is_written(tmp_path, monkeypatch):
    for page in ("picture", "drawing"):
        monkeypatch.delitem(sys.modules, f"benchmarks.{page}", raising=False)
        monkeypatch.delattr(f"benchmarks.{page}", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    said = outputs.write(tmp_path, [made_up()], "typed")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "results.csv",
        "results.json",
        "results.md",
    ]
    assert said[1].startswith("No picture: ")
    assert "matplotlib" in said[1]
