"""The tables: columns, units, sums, sorting, and names of every kind."""

import re

import numpy as np
import pytest

import nn
import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.profile.table import WIDTH, Unit, fitted, width


def step():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Affine(4, 5, rng=rng), nn.ReLU(), nn.Affine(5, 3, rng=rng))
    x = Tensor(rng.random((8, 4), dtype=np.float32))
    with tg.profile() as p:
        loss = nn.SoftmaxWithLoss()(model(x), rng.integers(0, 3, 8))
        loss.backward()
    return p


def cells(text):
    """The table's cells, by the first."""
    lines = [re.split(r" {2,}", line.strip()) for line in text.splitlines()]
    return {line[0]: line[1:] for line in lines}


def total_of(cells_of_row):
    """The cell with the total: before the share, or the last."""
    before = [cell for cell in cells_of_row if not cell.endswith("%")]
    place = next(
        (i for i, c in enumerate(cells_of_row) if c.endswith("%")), len(before)
    )
    return float(cells_of_row[place - 1].replace(",", ""))


def test_a_table_of_ops_adds_up_to_the_block():
    p = step()
    rows = cells(p.table())
    head = rows.pop("op")
    assert head == ["runs", "forward", "backward", "total", "share", "memory", "kept"]
    *rows, _ = rows.items()  # without the last line
    rows = {name: total_of(row) for name, row in rows}
    total = rows.pop("(in all)")
    assert {"(between ops)", "(elsewhere)", "(the profile itself)"} < rows.keys()
    assert sum(rows.values()) == pytest.approx(total, abs=0.05 * len(rows))
    assert total == pytest.approx(p.seconds / Unit.of_time(p.seconds).size, abs=0.06)
    shares = [float(s) for s in re.findall(r"([\d.]+) %", p.table())]
    assert sum(shares) == pytest.approx(100, abs=0.05 * len(shares))


def test_a_table_of_scopes_adds_up_to_the_block():
    p = step()
    lines = p.table("scope").splitlines()
    assert cells(lines[0])["scope"][4] == "own"
    tops = [line for line in lines[1:-1] if line[0] != " "]
    rows = {}
    for name, row in cells("\n".join(tops)).items():
        own = 0 if name.startswith("(") else 1
        rows[name] = total_of(row[: len(row)]) if not own else total_of(row[:4])
    total = rows.pop("(in all)")
    assert "(outside of scopes)" in rows
    assert sum(rows.values()) == pytest.approx(total, abs=0.05 * len(rows))


def test_what_is_between_ops_is_told_forward_and_backward():
    p = step()
    unit = Unit.of_time(p.seconds)
    forward, backward, total, share = cells(p.table())["(between ops)"]
    assert forward == unit.written(p.between.forward)
    assert backward == unit.written(p.between.backward)
    assert total == unit.written(p.between.forward + p.between.backward)
    assert share.endswith("%")
    assert cells(p.table())["(elsewhere)"][0] == unit.written(p.between.elsewhere)


def test_the_numbers_are_those_of_the_rows():
    p = step()
    unit = Unit.of_time(p.seconds)
    row = next(row for row in p.ops if row.name == "matmul")
    shown = cells(p.table())["matmul"]
    assert shown[0] == "2"
    assert shown[1] == unit.written(row.forward)
    assert shown[2] == unit.written(row.backward)
    assert shown[3] == unit.written(row.seconds)
    sizes = Unit.of_bytes(max(r.results + r.gradients for r in p.ops))
    assert shown[5] == sizes.written(row.results + row.gradients)
    assert shown[6] == sizes.written(row.kept)


@pytest.mark.parametrize("sort", ["total", "forward", "backward", "memory", "kept"])
def test_rows_are_sorted_largest_first(sort):
    p = step()
    value = {
        "total": lambda row: row.seconds,
        "forward": lambda row: row.forward,
        "backward": lambda row: row.backward,
        "memory": lambda row: row.results + row.gradients,
        "kept": lambda row: row.kept,
    }[sort]
    shown = [name for name in cells(p.table(sort=sort)) if name.isidentifier()][1:]
    by_name = {row.name: value(row) for row in p.ops}
    found = [by_name[name] for name in shown]
    assert len(found) == len(by_name)
    assert found == sorted(found, reverse=True)


def test_rows_are_sorted_by_runs_and_by_name():
    x = Tensor([1.0])
    with tg.profile() as p:
        for op, times in ((tg.sin, 1), (tg.cos, 3), (tg.exp, 2)):
            for _ in range(times):
                op(x)

    def names(sort):
        return [n for n in cells(p.table(sort=sort)) if n in ("sin", "cos", "exp")]

    assert names("runs") == ["cos", "exp", "sin"]
    assert names("name") == ["cos", "exp", "sin"]
    with tg.profile() as p:
        for op in (tg.sin, tg.exp, tg.sin):
            op(x)
    assert names("runs") == ["sin", "exp"]
    assert names("name") == ["exp", "sin"]


def test_scopes_are_sorted_among_their_siblings_and_indented():
    x = Tensor(np.ones(3))
    with tg.profile() as p:
        for name, times in (("a", 1), ("b", 3), ("c", 2)):
            with tg.scope(name), tg.scope("in"):
                for _ in range(times):
                    tg.sin(x)
    lines = p.table("scope", sort="runs").splitlines()[1:7]
    assert [line.split("  ")[0] or line[:4] for line in lines] == [
        "b",
        "  in",
        "c",
        "  in",
        "a",
        "  in",
    ]


def test_rows_that_are_not_shown_are_added_up():
    p = step()
    text = p.table(rows=2)
    rows = cells(text)
    rest = sum(row.seconds for row in p.ops[2:])
    assert rows[f"(and {len(p.ops) - 2} more)"][0] == Unit.of_time(p.seconds).written(
        rest
    )
    assert len(text.splitlines()) == 9
    assert "more)" not in p.table(rows=len(p.ops))
    text = p.table("scope", sort="name", rows=1)
    shown = next(row for row in p.scopes if row.path == ("Sequential",))
    own = sum(row.own for row in p.scopes[1:]) - shown.own
    (found,) = cells(text)[f"(and {len(p.scopes) - 2} more)"]
    assert found == Unit.of_time(p.seconds).written(own)
    assert "(and" in p.table(rows=0)


def test_a_table_has_one_unit_for_times_and_one_for_sizes():
    assert [Unit.of_time(t).name for t in (3e-6, 9.9e-3, 0.01, 9.9, 10.0)] == [
        "µs",
        "µs",
        "ms",
        "ms",
        "s",
    ]
    assert [Unit.of_bytes(n).name for n in (0, 9999, 10_000, 10**7, 10**10)] == [
        "B",
        "B",
        "kB",
        "MB",
        "GB",
    ]
    assert Unit.of_time(9.9e-3).written(1.23456e-3) == "1,234.6"
    assert Unit.of_time(9.9).written(1.23456e-3) == "1.235"
    assert Unit.of_bytes(10**7).written(1_260_000) == "1.3"
    assert Unit.of_bytes(9999).written(1260) == "1,260"
    text = step().table()
    assert re.search(
        r"^times in (µs|ms), sizes in B; at most [\d,.]+ k?B alive$", text, re.M
    )


NAMES = [
    "層",
    "活性化関数",
    "é",
    "e\u0301",
    "ﾊﾝｶｸ",
    "ＡＢ",
    "x" * 300,
    "層" * 300,
    "a\nb",
    "\x1b[31m",
    "",
    "\ud800",
    "\t",
    "{}%s",
]


def test_names_of_any_kind_are_aligned_and_on_one_line():
    x = Tensor([1.0])
    with tg.profile() as p:
        for name in NAMES:
            with tg.scope(name):
                tg.sin(x)
    lines = p.table("scope", sort="name").splitlines()
    rows = [line for line in lines[1:-1] if line[0] != "("]
    assert len(rows) == len(NAMES)
    ends = {width(line) for line in rows}
    assert len(ends) == 1
    assert max(width(line) for line in lines) <= WIDTH
    assert all(line.isprintable() for line in lines)
    assert any(line.startswith("活性化関数 ") for line in rows)


def test_a_deep_tree_fits_too():
    x = Tensor([1.0])

    def deeper(level):
        with tg.scope(f"block{level}"):
            tg.sin(x)
            if level:
                deeper(level - 1)

    with tg.profile() as p:
        deeper(60)
    assert max(map(width, p.table("scope", rows=100).splitlines())) <= WIDTH
    assert len(p.scopes) == 62


def test_a_text_is_cut_by_what_it_takes_on_the_screen():
    assert fitted("abcdef", 6) == "abcdef"
    assert fitted("abcdefg", 6) == "abcde…"
    assert fitted("層層層", 6) == "層層層"
    assert fitted("層層層層", 6) == "層層…"
    assert fitted("a\nb", 6) == "a\ufffdb"


def test_print_shows_ops_and_scopes_and_a_notebook_the_same():
    p = step()
    assert str(p) == p.table() + "\n\n" + p.table("scope")
    with tg.profile() as q, tg.scope("<b>"):
        tg.sin(Tensor([1.0]))
    assert q._repr_html_().startswith("<pre>op ")
    assert "&lt;b&gt;" in q._repr_html_()
    with tg.profile() as q:
        tg.sin(Tensor([1.0]))
    assert str(q) == q.table()  # there are no scopes
    assert re.fullmatch(r"<profile: 1 op or pull in [\d.,]+ µs>", repr(q))


def test_the_traced_peak_has_a_column_and_a_word():
    with tg.profile(memory=True) as p:
        tg.sin(Tensor(np.ones(10_000)))
    assert cells(p.table())["op"][-1] == "spike"
    assert p.table().splitlines()[-1].endswith(" kB traced")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: p.table("layer"), "by must be one of op, scope, line, got 'layer'"),
        (
            lambda p: p.table(sort="time"),
            "sort must be one of total, forward, backward, "
            "runs, memory, kept, name, got 'time'",
        ),
        (lambda p: p.table(rows=-1), "rows must be a number of 0 or more, got -1"),
        (lambda p: p.table(rows=2.5), "rows must be a number of 0 or more, got 2.5"),
    ],
)
def test_what_is_unknown_is_refused_with_what_is_known(call, message):
    with pytest.raises(ValueError, match=re.escape(f"profile.table: {message}")):
        call(tg.profile())
