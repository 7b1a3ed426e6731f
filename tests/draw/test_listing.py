"""The picture as a tree for a terminal."""

import numpy as np
import pytest
from drawn import affine, mlp, named
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp import Tensor, draw
from tinygrad_jp.draw import engines, listing
from tinygrad_jp.draw.plain import columns


def lines(target, **options):
    return draw(target, **options).text().splitlines()


def line_of(text, name):
    (found,) = [line for line in text if line.lstrip("│├└─ ").startswith(f"{name} ")]
    return found


def price(name, value):
    return Tensor(value, requires_grad=True, name=name)


def test_an_example_as_a_whole():
    apple, tax = price("りんご", 200.0), price("消費税", 1.1)
    with tg.scope("会計"):
        total = apple * tax
    total.name = "支払金額"
    assert draw(total, lang="ja").text() == (
        "計算グラフ  (∇ 勾配のノルム)\n"
        "├─ りんご  パラメータ     float64  = 200  ∇ 1.1\n"
        "├─ 会計\n"
        "│  ├─ 消費税  パラメータ  float64  = 1.1  ∇ 200\n"
        "│  └─ 支払金額 = ×        float64  = 220  ∇ 1    ← りんご, 消費税\n"
        "└─ 支払金額  出力         float64  = 220  ∇ 1\n"
    )


def test_scopes_are_branches_with_their_ops_and_parameters_inside():
    text = lines(mlp())
    stems = [line[: len(line) - len(line.lstrip("│├└─ "))] for line in text[1:]]
    heads = [line.lstrip("│├└─ ").split("  ")[0].split(" = ")[-1] for line in text[1:]]
    assert list(zip(stems, heads))[:8] == [
        ("├─ ", "x"),
        ("├─ ", "Affine1"),
        ("│  ├─ ", "W1"),
        ("│  ├─ ", "@"),
        ("│  ├─ ", "b1"),
        ("│  └─ ", "+"),
        ("├─ ", "ReLU1"),
        ("│  └─ ", "relu"),
    ]
    assert (stems[-1], heads[-1]) == ("└─ ", "loss")


def test_arrays_have_shape_dtype_and_gradient():
    loss = mlp()
    text = lines(loss)
    assert "W1  parameter  (7, 4) float64  " in line_of(text, "W1")
    item = named(draw(loss)._whole, "W1")
    norm = float(line_of(text, "W1").split("∇ ")[1])
    assert norm == pytest.approx(item.rows[0].norm, rel=0.05)
    assert f"= {loss.item():.3f}".rstrip("0") in line_of(text, "loss")
    assert line_of(text, "x").split("  ")[1] == "input"


def test_every_operand_is_named_in_its_order():
    x, y = price("x", 3.0), price("y", 2.0)
    text = lines((y - x * y) / x)
    ops = [line for line in text if "←" in line]
    assert [line.split("─ ")[1].split("  ")[0] for line in ops] == [
        "#1 = ×",
        "#2 = −",
        "#3 = ÷",
    ]
    assert [line.split("← ")[1] for line in ops] == ["x, y", "y, #1", "#2, x"]


def test_a_leaf_that_many_ops_use_has_one_line():
    x = price("x", 3.0)
    text = lines(tg.exp(x) + tg.sin(x) + tg.cos(x) + tg.tan(x))
    assert sum("parameter" in line for line in text) == 1
    assert sum(line.endswith("← x") for line in text) == 4


def test_a_value_is_shown_where_it_is_short():
    short, long = price("short", np.ones(6)), price("long", np.full(6, 0.12345))
    text = lines((short * long).sum())
    assert "  = [1 1 1 1 1 1]  " in line_of(text, "short")
    assert "0.12" not in line_of(text, "long")


def test_many_operands_are_summed_up():
    many = [price(f"p{i}", [1.0]) for i in range(9)]
    (joined,) = [line for line in lines(tg.concat(many).sum()) if "concat" in line]
    assert joined.endswith("← p0, p1, p2, p3, and 5 more")


def test_a_folded_layer_is_a_line_and_its_parameters_are_a_card():
    text = lines(mlp(), depth=0)
    assert "#1 = Affine1  2 ops" in line_of(text, "#1")
    assert line_of(text, "#1").endswith("← x, W1, b1")
    cards = [i for i, line in enumerate(text) if "parameter × 2" in line]
    assert len(cards) == 2
    assert text[cards[0] + 1].startswith("│  ├─ W1 ")
    assert text[cards[0] + 2].startswith("│  └─ b1 ")


def blocks(count):
    x = Tensor(np.ones((2, 3)), name="x")
    for i in range(count):
        with tg.scope(f"Block{i}"):
            x = tg.tanh(affine("Affine", x, (3, 3), str(i)))
    return x.sum()


def test_repeated_blocks_are_folded():
    text = lines(blocks(12))
    assert any("×12" in line for line in text)
    assert len(text) < 15


def test_a_small_graph_is_opened_unless_a_depth_was_asked_for():
    assert not any("2 ops" in line for line in lines(mlp()))
    assert sum("op" in line for line in lines(mlp(), depth=0)) == 3


def test_trouble_is_marked_at_the_end_of_its_line():
    x = price("x", [0.0, 1.0])
    with np.errstate(all="ignore"):
        text = lines((tg.log(x) * x).sum())
    (log,) = [line for line in text if "= log" in line]
    assert "[-∞ 0]" in log
    assert "⚠" in log.split("←")[1]
    marks = [
        mark.text for item in draw(tg.exp(x))._picture.items for mark in item.marks
    ]
    assert marks == []


def test_why_there_are_no_gradients():
    assert "no scalar" in lines(tg.exp(price("x", [1.0, 2.0])))[0]
    assert lines(tg.exp(price("x", 1.0)))[0].endswith("(∇ gradient norm)")


@pytest.mark.parametrize("style", ["book", "ops", "scopes"])
def test_each_style_has_a_text(style):
    x = price("x", 3.0)
    text = lines(x * 2.0, style=style)
    assert text[-1].split() == ["└─", "output", "float64", "=", "6", "∇", "1"]
    assert any("2  input" in line for line in text) == (style != "scopes")
    assert any(line.endswith("← x, 2") for line in text) == (style != "scopes")


@settings(max_examples=settings().max_examples // 2)
@given(
    st.lists(st.text(st.characters(), min_size=1, max_size=60), min_size=1, max_size=5),
    st.integers(0, 40),
)
def test_no_name_breaks_the_text(names, depth):
    tensor = price(names[0], 1.0)
    scopes = [tg.scope(f"{names[-1]}{i}") for i in range(depth)]
    for scope in scopes:
        scope.__enter__()
    for name in names:
        tensor = tensor * price(name, 2.0)
    for scope in reversed(scopes):
        scope.__exit__(None, None, None)
    for options in ({}, {"depth": 99}, {"depth": 1}):
        text = draw(tensor, **options).text()
        assert text.endswith("\n")
        shown = text.removesuffix("\n").split("\n")
        assert shown == text.splitlines()
        assert max(map(columns, shown)) <= listing.WIDTH
        assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_columns_are_aligned_beside_japanese_names():
    total = price("りんごの値段", 100.0) * price("tax", 1.1)
    starts = {columns(line.split("float64")[0]) for line in lines(total)[1:]}
    assert len(starts) == 1


def test_very_deep_scopes_end():
    x = price("x", 1.0)
    deep = [tg.scope(f"s{i}") for i in range(1_500)]
    for scope in deep:
        scope.__enter__()
    y = tg.exp(x * 2.0)
    for scope in reversed(deep):
        scope.__exit__(None, None, None)
    text = lines(y, depth=10_000)
    assert text[-1] == f"and {1_504 - 1_000} more"
    assert max(map(columns, text)) <= listing.WIDTH
    assert text[500].startswith("… ")


def test_a_very_long_graph_ends():
    x = price("x", 1.0)
    for _ in range(600):
        x = tg.sin(tg.cos(x))
    text = lines(x)
    assert text[-1] == f"and {1_202 - 1_000} more"
    assert len(text) == 1_002


def test_it_needs_no_engine(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(engines, "svg", None)
    drawing = draw(mlp())
    path = drawing.save(tmp_path / "new" / "graph.txt")
    assert path.read_text(encoding="utf-8") == drawing.text()


def test_the_same_graph_gives_the_same_text():
    assert draw(mlp()).text() == draw(mlp()).text()


def test_printing_a_drawing_prints_its_text():
    drawing = draw(mlp())
    assert f"{drawing}\n" == drawing.text()
    assert repr(drawing).startswith("<Drawing: ")
