"""The book's style: circles, values above the wires, gradients beneath them."""

import numpy as np
import pytest
from booklet import apple, book, figures, fruit, inputs, price
from drawn import SVG, groups, legend, named, numbers, parameter, texts, tip

import tinygrad_jp as tg
from tinygrad_jp import Tensor, draw
from tinygrad_jp.draw import TooLargeError, palette

# --- the book's examples -----------------------------------------------------------


def test_the_apple():
    total, kept = apple()
    drawing = book(total)
    assert sorted(figures(drawing)) == [
        ["1.1", "200"],
        ["100", "2.2"],
        ["2", "110"],
        ["200", "1.1"],
        ["220", "1"],
    ]
    assert figures(drawing)[-1] == ["220", "1"]
    assert inputs(drawing) == ["りんごの個数", "りんごの値段", "消費税"]
    assert [texts(op) for op in groups(drawing, "op")] == [["×"], ["×"]]
    (output,) = groups(drawing, "output")
    assert texts(output) == ["支払金額"]
    assert all(one.grad is None for one in kept)


def test_apples_and_oranges():
    total, kept = fruit()
    assert sorted(figures(book(total))) == [
        ["1.1", "650"],
        ["100", "2.2"],
        ["150", "3.3"],
        ["2", "110"],
        ["200", "1.1"],
        ["3", "165"],
        ["450", "1.1"],
        ["650", "1.1"],
        ["715", "1"],
    ]
    names = [name for name in inputs(book(total)) if name != "消費税"]
    assert names == [one.name for one in kept[:4]]


# --- numbers of a formula ----------------------------------------------------------


def test_a_number_of_the_formula_is_a_text_at_the_left():
    x = price("x", 100.0)
    drawing = book(x * 1.1 + 1.1)
    assert sorted(inputs(drawing)) == ["1.1", "1.1", "x"]
    assert sorted(figures(drawing)) == [["100", "1.1"], ["110", "1"], ["111.1", "1"]]


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (-1, "-1"), (1e43, "1e43")])
def test_such_a_number_reads_as_a_person_writes_it(value, text):
    assert text in inputs(book(price("x", 2.0) * value))


def test_a_tensor_that_is_called_like_a_number_is_no_number_of_the_formula():
    drawing = book(price("x", 2.0) * Tensor(7.0, name="5"))
    assert ["7", ""] in figures(drawing)
    assert "5" in inputs(drawing)


# --- arrays ------------------------------------------------------------------------


def test_small_arrays_are_written_out():
    X = Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True, name="X")
    W = Tensor(np.ones((3, 2)), requires_grad=True, name="W")
    b = Tensor([0.5, -0.5], requires_grad=True, name="b")
    assert sorted(figures(book((X @ W + b).sum())))[:3] == [
        ["30", "1"],
        ["[ 3  3]|[12 12]", "[1 1]|[1 1]"],
        ["[ 3.5  2.5]|[12.5 11.5]", "[1 1]|[1 1]"],
    ]


def test_large_arrays_show_their_shape():
    W = parameter("W", (4, 5))
    assert ["(4, 5)", "(4, 5)"] in figures(book((W * 2.0).sum()))


def test_nan_is_loud():
    x = Tensor([-1.0, 1.0], requires_grad=True, name="x")
    with np.errstate(invalid="ignore"):
        drawing = book((tg.log(x) * 2.0).sum())
    for group in groups(drawing, "tensor"):
        grounds = [polygon.get("fill") for polygon in group.iter(f"{SVG}polygon")]
        shown = "".join([text.text for text in group.iter(f"{SVG}text")])
        assert (palette.ALARM in grounds) == ("NaN" in shown)
    assert drawing.dot.count(palette.ALARM) == 3


# --- circles and names -------------------------------------------------------------


def test_every_op_is_a_circle_that_holds_its_name():
    x = parameter("x", (3,))
    total = tg.logsumexp(tg.where(x > 0, tg.exp(x), tg.floor_divide(x, 2.0)))
    for op in groups(book(total), "op"):
        (circle,) = op.iter(f"{SVG}ellipse")
        assert circle.get("rx") == circle.get("ry")
        assert 6 * max(map(len, texts(op))) < 2 * float(circle.get("rx"))


def test_any_name_reads_as_it_was_given():
    hostile = ["<b>&\\N", '"]', "a  b", "&lt;", "n0:f", "😀 日本", "\x00"]
    tensors = [price(name, 1.0) for name in hostile]
    total = tensors[0] * 1.0
    for tensor in tensors[1:]:
        total = total * tensor
    total.name = "->"
    drawing = book(total)
    shown = [name.replace("\x00", "\ufffd") for name in hostile]
    assert inputs(drawing) == [*shown[:1], "1", *shown[1:]]
    assert {tip(group)[0] for group in groups(drawing, "parameter")} == {
        f"{name} (parameter)" for name in shown
    }
    assert texts(groups(drawing, "output")[0]) == ["->"]


def test_a_long_name_is_cut_by_columns():
    long = price("りんごの値段" * 20, 1.0)
    (text,) = inputs(book(tg.exp(long)))
    assert text == ("りんごの値段" * 3)[:13] + "…"


def test_tracks_say_more_in_their_tooltips():
    total, _kept = apple()
    drawing = book(total)
    for group in [*groups(drawing, "tensor"), *groups(drawing, "wire")]:
        assert any("float64" in line for line in tip(group))


# --- what is drawn of the way back -------------------------------------------------


def test_forward_alone_on_request():
    total, _kept = apple()
    drawing = book(total, backward=False)
    assert sorted(value for value, _ in figures(drawing)) == [
        "1.1",
        "100",
        "2",
        "200",
        "220",
    ]
    assert {gradient for _, gradient in figures(drawing)} == {""}
    assert palette.GRADIENT not in drawing.dot
    assert legend(drawing) == ["→ forward: value"]


def test_a_result_of_several_numbers_has_no_way_back_and_the_legend_says_so():
    x = parameter("x", (3,))
    drawing = book(tg.exp(x), lang="ja")
    assert palette.GRADIENT not in drawing.dot
    assert legend(drawing) == ["→ 順伝播の値", "∇ なし（出力がスカラーではない）"]


def test_where_the_graph_was_released_and_changed_the_way_back_is_left_out():
    x = price("x", 3.0)
    total = x * x * x
    total.backward()
    with tg.no_grad():
        x -= 1.0
    drawing = book(total)
    assert palette.GRADIENT not in drawing.dot
    assert "backward()" in legend(drawing)[1]


def test_after_backward_the_figures_are_the_same():
    total, kept = apple()
    before = book(total).svg()
    total.backward()
    assert book(total).svg() == before
    assert [one.grad.item() for one in kept] == pytest.approx([110.0, 2.2, 200.0])


def test_the_legend_names_both_ways():
    total, _kept = apple()
    assert legend(book(total)) == ["→ forward: value", "← backward: gradient"]
    assert legend(book(total, lang="ja")) == ["→ 順伝播の値", "← 逆伝播の勾配"]


def test_the_same_graph_gives_the_same_bytes():
    assert book(fruit()[0]).dot == book(fruit()[0]).dot


# --- what it is not for ------------------------------------------------------------


def chain(length):
    x = price("x", 1.0)
    for _ in range(length):
        x = tg.sin(x)
    return x


def test_thirty_ops_are_drawn_and_more_are_refused_with_the_cure():
    assert len(groups(book(chain(30)), "op")) == 30
    with pytest.raises(
        TooLargeError, match=r'up to 30 ops, and this one has 31; style="scopes"'
    ):
        book(chain(31))


def test_circles_have_one_colour():
    total, _kept = apple()
    with pytest.raises(ValueError, match='style="book" has no colours, got'):
        book(total, color="grad")


def test_backward_is_a_truth_value_of_the_book_alone():
    total, _kept = apple()
    with pytest.raises(TypeError, match="backward must be True or False, got 0"):
        book(total, backward=0)
    with pytest.raises(ValueError, match='backward=False needs style="book"'):
        draw(total, backward=False)


def test_a_function_is_drawn_from_examples():
    drawing = book(lambda x, W: (x @ W).sum(), numbers(2, 2), numbers(2, 2))
    assert inputs(drawing) == ["x", "W"]
    assert named(drawing._picture, "@").made[0].shape == (2, 2)
