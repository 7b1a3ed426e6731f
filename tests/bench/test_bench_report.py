"""What the benchmark makes of times, and what it prints."""

import re

import pytest
from bench_runs import OURS, TORCH, cell, made_up, result

from benchmarks import figures, matrix, outputs, report
from benchmarks.agreement import Agreement
from benchmarks.contenders import Contender
from benchmarks.figures import Spread, rows, verdicts
from benchmarks.session import Run
from benchmarks.variants import Variant


def test_numbers_have_three_digits_that_count():
    assert [figures.number(n) for n in (0.123, 9.99, 12.34, 409.2, -18.24)] == [
        "0.12",
        "9.99",
        "12.3",
        "409",
        "-18.2",
    ]


# --- figures ---------------------------------------------------------------------


def test_median_and_quartiles():
    assert Spread.of([]) is None
    assert Spread.of([3.0]) == Spread(3.0, 3.0, 3.0)
    assert Spread.of([4.0, 1.0, 3.0, 2.0, 100.0]) == Spread(2.0, 3.0, 4.0)
    assert Spread.of([1.0, 2.0]) == Spread(1.25, 1.5, 1.75)


def test_ratios_are_taken_within_a_round():
    found = {row.contender: row for row in rows(made_up().results[0])}
    ours = found["tinygrad_jp"]
    # 0.5, 0.5, 0.6, 0.6: over the median of PyTorch's times it would be 0.56.
    assert ours.ratio.middle == pytest.approx(0.55)
    assert ours.ratio.high == pytest.approx(0.6)
    assert ours.cpu.middle == pytest.approx(140)
    assert ours.rounds == 4


def test_a_round_that_one_of_them_missed_gives_no_ratio():
    both = result("W1", cell(TORCH, 100, 100), cell(OURS, 50, 50, 999), ratio_goal=1.0)
    (_, ours) = rows(both)
    assert ours.ratio == Spread(0.5, 0.5, 0.5)
    assert ours.rounds == 3


def test_no_times_one_round_and_no_time_at_all():
    nobody, alone, instant = (
        rows(result("W1", *cells, ratio_goal=1.0, must_survive=True))
        for cells in (
            [cell(TORCH), cell(OURS, remark="failed: boom", out=True)],
            [cell(OURS, 7)],
            [cell(TORCH, 0), cell(OURS, 0)],
        )
    )
    assert nobody[1].cpu is None
    assert nobody[1].said == "failed: boom; goal no failure: not reached"
    assert alone[0].ratio is None
    assert alone[0].said == "goal no failure: reached"
    assert alone[0].cpu.middle == pytest.approx(7)
    assert instant[1].ratio is None


def test_goals_reached_and_not_reached():
    found = {v.key: v for v in verdicts(made_up())}
    assert {key: v.reached for key, v in found.items()} == {
        "W1": True,
        "W5.1M": False,
        "W6": False,
        "W8.import": True,
        "W8.memory.W6": False,
    }
    assert str(found["W5.1M"]) == "goal 2.50 µs: not reached"
    exact = result("W1", cell(TORCH, 100), cell(OURS, 60), ratio_goal=0.6)
    assert rows(exact)[1].verdicts[0].reached


def test_goals_are_for_one_thread(tmp_path):
    run = made_up(Variant(threads=2))
    assert verdicts(run) == []
    outputs.write_csv(tmp_path / "a.csv", [run])
    assert "goal 0" not in (tmp_path / "a.csv").read_text("utf-8")
    assert "reached" not in matrix.text(run)


# --- what is printed -------------------------------------------------------------


def test_the_table_has_ours_first_with_goal_and_verdict():
    lines = matrix.text(made_up()).splitlines()
    assert lines[2].split() == ["W1", "W6", "W5.1M", "µs"]
    assert lines[3].split() == ["tinygrad_jp", "0.55", "0.90", "3.00"]
    assert lines[4].split() == ["goal", "0.60", "0.77", "2.50"]
    assert lines[5].split() == ["reached", "yes", "no", "no"]
    assert lines[6].startswith("tinygrad_jp, nn layers")
    assert lines[7].split() == ["PyTorch", "eager", "1.00", "1.00", "8.00"]
    assert "backward by hand" in lines[9]
    assert lines[9].endswith("-")
    assert lines[9].count("-") == 1  # blank where it has no part
    text = "\n".join(lines)
    assert "Goals reached: W1 0.55 (goal 0.60), W8.import 17.0 (goal 20.0 ms)." in text
    assert "Goals not reached: W6 0.90 (goal 0.77), W5.1M 3.00" not in text
    assert "Goals not reached: W1" not in text
    assert "W5.1M 3.00 (goal 2.50 µs)" in text


def test_where_there_is_no_goal_there_are_no_lines_for_one():
    free = Run(Variant(), [result("W5.100k", cell(TORCH, 2), cell(OURS, 1))])
    assert matrix.text(free).count("\n") == 4
    assert "goal" not in matrix.text(free)


def test_the_table_fits_a_terminal():
    keys = ["W1", "W2", "W3", "W4", "W5.10k", "W5.100k", "W5.1M", "W6", "W7"]
    everybody = [TORCH, OURS, Contender("x", "limit: one PyTorch pass", "x")]
    results = [
        result(
            key,
            *(cell(contender, 123456) for contender in everybody),
            nodes=10 if key.startswith("W5") else 1,
            ratio_goal=0.6,
        )
        for key in keys
    ]
    text = matrix.text(Run(Variant(), results, made_up().weighings))
    assert max(map(len, text.splitlines())) <= 100


def test_the_listing_says_what_there_is_to_say():
    text = report.whole(made_up())
    assert "1 thread" in text
    assert re.search(
        r"tinygrad_jp +0\.55 +0\.50 to 0\.60 +140 .* goal 0\.60: reac", text
    )
    assert "left out: a step would take about 99 s" in text
    assert "goal no failure: reached; goal 2.50 µs: not reached" in text
    assert re.search(
        r"tinygrad_jp +17\.0 +16\.0 to 18\.0 +16\.0 .*goal 20\.0 ms: r", text
    )
    assert "goal 48.1 MB: not reached" in text
    assert "Processor    a chip" in text
    assert "agree within 1e-07" in text


def test_a_disagreement_is_named():
    wrong = made_up()
    differing = ["ours and hand differ in gradient 1 by 1e-01"]
    wrong.results[0].agreement = Agreement(2, 0.1, differing)
    assert "NOT TIMED, ours and hand differ in gradient 1" in report.whole(wrong)
    assert wrong.wrong
    assert not made_up().wrong


def test_wall_time_is_compared_where_threads_share():
    shared = Run(
        Variant(threads=2),
        [result("W1", cell(TORCH, 100, wall=1.0), cell(OURS, 150, wall=0.5))],
    )
    assert "Wall time" in matrix.text(shared)
    line = next(x for x in matrix.text(shared).splitlines() if x.startswith("tinyg"))
    assert line.split() == ["tinygrad_jp", "0.75"]
    assert re.search(r"tinygrad_jp +0\.75", report.listing(shared))
    assert "sum over the threads" in report.whole(shared)
