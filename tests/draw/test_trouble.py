"""Trouble is marked where it begins, and nothing is marked in a healthy network."""

from itertools import pairwise

import numpy as np
import pytest
from drawn import groups, legend, mlp, model, named, numbers, parameter, texts, tip
from hypothesis import given, settings

import nn
import tinygrad_jp as tg
from tinygrad_jp import Tensor, draw
from tinygrad_jp.draw.complaints import COMPLAINTS
from tinygrad_jp.draw.trouble import KINDS
from tinygrad_jp.testing import strategies as st


def marks(*tensors, **options):
    """The marks of each item that has any, by its name: loud ones with a !."""
    found = {}
    for item in model(*tensors, **options).items:
        if item.marks:
            name = item.title or "+".join([str(row.name) for row in item.rows])
            found[name] = [f"{m.text}{'!' * m.loud}" for m in item.marks]
    return found


def network(std, bias=0.0, activation=tg.relu, rows=20, sizes=(12, 20, 20, 4)):
    """The loss of a network whose layers are called Affine1, Act1, ..."""
    rng = np.random.default_rng(3)
    x = Tensor(rng.normal(size=(rows, sizes[0])), name="x")
    t = Tensor(np.eye(sizes[-1])[rng.integers(0, sizes[-1], rows)], name="t")
    for i, (n, m) in enumerate(pairwise(sizes), 1):
        W = Tensor(rng.normal(size=(n, m)) * std(n), requires_grad=True, name=f"W{i}")
        b = Tensor(np.full(m, bias), requires_grad=True, name=f"b{i}")
        with tg.scope(f"Affine{i}"):
            x = x @ W + b
        if i < len(sizes) - 1:
            with tg.scope(f"Act{i}"):
                x = activation(x)
    with tg.scope("loss"):
        return -(tg.log_softmax(x) * t).sum() / len(t)


def he(n):
    return np.sqrt(2 / n)


# --- healthy -------------------------------------------------------------------------


@pytest.mark.parametrize("activation", [tg.relu, tg.sigmoid, tg.tanh, tg.silu])
def test_nothing_is_marked_in_a_fresh_network(activation):
    drawing = draw(network(he, activation=activation))
    assert drawing.problems == ()
    assert marks(network(he, activation=activation)) == {}
    assert not [line for line in legend(drawing) if "⚠" in line]


def test_nothing_is_marked_in_a_trained_network():
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(40, 2)), np.arange(40) % 2
    x[:, 0] += 6 * t  # so that the outputs end near 0 and 1
    net = nn.Sequential(nn.Affine(2, 10, rng=rng), nn.ReLU(), nn.Affine(10, 2, rng=rng))
    loss = nn.SoftmaxWithLoss()
    optimizer = nn.Adam(net.parameters(), lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        loss(net(x), t).backward()
        optimizer.step()
    value = loss(net(x), t)
    assert value.item() < 1e-3
    assert marks(value) == {}
    assert draw(lambda x: tg.softmax(net(x)).sum(), x).problems == ()


@given(st.graphs())
@settings(max_examples=40)
def test_finite_programs_have_no_numbers_to_complain_of(program):
    inputs = [Tensor(array, requires_grad=True) for array in program.inputs]
    loss = program(*inputs)
    if loss._node is None:
        return
    found = [m.kind for item in model(loss).items for m in item.marks]
    assert not {"nan", "infinity"} & set(found)


# --- values --------------------------------------------------------------------------


def nan_in_the_middle():
    x = parameter("x", (4,))
    with tg.scope("first"):
        y = x * 2.0
    with tg.scope("bad"), np.errstate(all="ignore"):
        y = tg.log(y - 5.0) + 1.0 + 1.0
    with tg.scope("after"):
        y = y * 3.0
    return x, y.sum()


def test_the_op_that_makes_a_nan_is_loud_and_those_after_it_are_quiet():
    _, loss = nan_in_the_middle()
    found = marks(loss)
    assert found["bad"] == ["NaN ×4 made here!"]
    assert found["after"] == ["NaN ×4"]
    assert found["Σ"] == ["NaN ×1"]
    assert "first" not in found
    assert draw(loss).problems == ("log in bad: NaN ×4 made here, of finite numbers",)


def test_an_open_scope_marks_the_op_itself():
    _, loss = nan_in_the_middle()
    found = marks(loss, style="ops")
    assert found["log"] == ["NaN ×4 made here!"]
    assert found["+"] == ["NaN ×4"]


def test_an_infinity_is_marked_where_it_is_made():
    x = Tensor([0.0, 1.0], requires_grad=True, name="x")
    with np.errstate(all="ignore"):
        loss = tg.log(x).sum()
    assert marks(loss, style="ops")["log"][0] == "∞ ×1 made here!"
    assert marks(loss, style="ops")["Σ"] == ["∞ ×1"]


def test_an_infinity_that_was_given_is_no_trouble():
    scores = parameter("scores", (2, 3))
    mask = Tensor([[False, True, True], [True, False, True]], name="mask")
    weights = tg.softmax(tg.where(mask, scores, -np.inf))
    assert marks((weights * numbers(2, 3)).sum(), style="ops") == {}


def test_nan_in_the_data_is_given_and_comes_from_there():
    x = Tensor([[np.nan, 1.0], [1.0, 2.0]], name="x")
    W = parameter("W", (2, 2))
    loss = (x @ W).sum()
    found = marks(loss)
    assert found["x"] == ["NaN ×1 given!"]
    assert found["@"] == ["NaN ×2"]
    assert draw(loss).problems[0] == "x: NaN ×1 in the data"


def test_nan_after_an_unknown_operand_is_not_blamed_on_the_op():
    x = parameter("x", (2,))

    def loss():
        c = Tensor([np.nan, 1.0])
        return ((x + c) * x).sum()

    found = marks(loss(), style="ops")
    assert found["+"] == ["NaN ×1!"]
    assert found["×"] == ["NaN ×1"]


def test_nan_goes_on_through_what_is_not_known():
    x = parameter("x", (2,))

    def loss():
        with np.errstate(all="ignore"):
            y = tg.log(x - 5.0) + Tensor([1.0, 2.0])  # the constant is gone afterwards
            return tg.exp(y * 2.0).sum()

    found = marks(loss(), style="ops")
    assert found["log"][0] == "NaN ×2 made here!"
    assert found["exp"][0] == "NaN ×2"


# --- gradients -----------------------------------------------------------------------


def test_the_op_whose_gradient_is_not_finite_is_loud():
    x = Tensor([0.0, 1.0], requires_grad=True, name="x")
    h = x * 1.0
    loss = tg.sqrt(h).sum()
    found = marks(loss, style="ops")
    assert found["√"] == ["∇ ∞ ×1 made here!"]
    assert found["x"] == ["∇ ∞ ×1"]
    assert "Σ" not in found


def test_of_two_users_only_the_one_is_blamed():
    x = Tensor([0.0, 1.0], requires_grad=True, name="x")
    found = marks((tg.sqrt(x) + tg.exp(x)).sum(), style="ops")
    assert found.keys() == {"√", "x"}


def test_a_gradient_that_becomes_zero_is_marked_there_and_at_the_parameters():
    x, W = Tensor(numbers(3, 4), name="x"), parameter("W", (4, 2))
    V = Tensor(np.zeros((2, 2)), requires_grad=True, name="V")
    loss = ((x @ W) @ V).sum()
    found = marks(loss)
    assert found["W"] == ["∇ 0"]
    assert "V" not in found
    (problem,) = draw(loss).problems
    assert problem.startswith("matmul: the gradient becomes exactly 0 here")
    assert problem.endswith(": W")


def test_zero_gradients_that_no_parameter_feels_are_no_trouble():
    x = parameter("x", (3, 4))
    largest = tg.max(x, axis=1, keepdims=True)
    loss = (x + (largest - largest)).sum()
    assert marks(loss, style="ops") == {}


def test_a_parameter_without_gradient_is_marked():
    @tg.rule(vjp=(lambda g: g, None))
    def first(x, y, /):
        return x + 0.0 * y

    x, y = parameter("x", (2,)), parameter("y", (2,))
    loss = first(x, y).sum()
    assert marks(loss)["y"] == ["no ∇!"]
    assert "x" not in marks(loss)
    assert "no gradient" in draw(loss).problems[0]


def test_after_backward_a_zero_in_grad_is_marked():
    x = parameter("x", (2,))
    loss = (x * x).sum()
    loss.backward()
    x.grad = x.grad * 0.0
    with tg.no_grad():
        x += 1.0  # so that the graph cannot be run again
    assert marks(loss)["x"] == ["∇ 0!"]


# --- units ---------------------------------------------------------------------------


def relu_where(x):
    return tg.where(x > 0, x, 0.0)


def relu_mask(x):
    return x * (x > 0)


@pytest.mark.parametrize(
    "relu", [tg.relu, relu_where, relu_mask, lambda x: np.maximum(x, 0.0)]
)
@pytest.mark.parametrize(("dead", "text"), [(3, ["3 of 8 units dead!"]), (0, None)])
def test_units_that_are_zero_in_every_row_are_dead(relu, dead, text):
    scores = numbers(12, 8) - 0.5
    scores[:, :dead] = -1.0
    scores[0, dead:] = 1.0
    x = Tensor(scores, requires_grad=True, name="x")
    with tg.scope("R"):
        y = relu(x)
    assert marks((y * numbers(12, 8)).sum()).get("R") == text


@pytest.mark.parametrize(
    ("shape", "dead", "text"),
    [
        ((12, 20), 2, None),  # a tenth is common
        ((12, 20), 3, ["3 of 20 units dead"]),  # not loud: it still works
        ((12, 20), 5, ["5 of 20 units dead!"]),
        ((9, 20), 5, None),  # few rows: chance
        ((2, 20), 20, ["20 of 20 units dead!"]),
        ((1, 20), 20, None),
        ((20,), 20, None),
        ((12, 4, 3, 3), 1, ["1 of 4 units dead!"]),  # channels
    ],
)
def test_when_units_count_as_dead(shape, dead, text):
    scores = numbers(*shape) + 0.1
    if len(shape) > 1:
        scores[:, :dead] *= -1
    x = Tensor(scores, requires_grad=True, name="x")
    W = Tensor(np.ones(shape), name="W")
    with tg.scope("R"):
        y = tg.relu(x)
    found = marks((y * W).sum() + x.sum()).get("R")
    assert found == text


def test_the_same_trouble_in_several_layers_is_one_sentence():
    (problem,) = draw(network(he, bias=-40.0)).problems
    assert problem.startswith("relu in Act1, relu in Act2: 20 of 20 units are 0")
    found = marks(network(he, bias=-40.0))
    assert found["Act2"][0] == "20 of 20 units dead!"
    assert found["W3"] == found["W1"] == ["∇ 0"]


def sigmoid_by_hand(x):
    return 1 / (1 + tg.exp(-x))


@pytest.mark.parametrize("activation", [tg.sigmoid, tg.tanh, sigmoid_by_hand])
def test_saturation_is_marked_in_hidden_layers(activation):
    found = marks(network(lambda n: 20.0, activation=activation))
    assert found["Act1"][0].endswith("% saturated!")
    assert int(found["Act1"][0].split()[0]) > 50


def test_a_softmax_between_layers_saturates_by_rows():
    scores = parameter("scores", (6, 5)) * 1e4
    with tg.scope("attention"):
        weights = tg.softmax(scores)
    loss = (weights @ parameter("V", (5, 2))).sum()
    assert marks(loss)["attention"][0] == "100 % saturated!"


def test_an_output_may_be_sure_of_itself():
    x = Tensor(numbers(6, 5) * 1e4, name="x")
    y = tg.sigmoid(x @ parameter("W", (5, 2)))
    assert not any("saturated" in text for m in marks(y.sum()).values() for text in m)


@pytest.mark.parametrize("last", [tg.softmax, tg.log_softmax])
def test_outputs_that_are_alike_are_marked_where_the_data_differ(last):
    def loss(x):
        scores = Tensor(x, name="x") @ (parameter("W", (4, 3)) * 1e-7)
        with tg.scope("last"):
            y = last(scores)
        return (y * np.eye(3)[[0, 1, 2, 0, 1]]).sum()

    assert marks(loss(numbers(5, 4)))["last"] == ["outputs hardly differ!"]
    assert "last" not in marks(loss(np.ones((5, 4))))
    assert "last" not in marks(loss(numbers(5, 4) * 1e7))


def test_a_network_that_passes_nothing_on_is_marked():
    sizes = (12, *[20] * 6, 4)
    problems = draw(
        network(lambda n: 0.01, activation=tg.sigmoid, sizes=sizes)
    ).problems
    assert len(problems) == 1
    assert "the same outputs" in problems[0]


# --- where it is said ----------------------------------------------------------------


def test_marks_are_in_the_node_its_tooltip_and_the_legend():
    _, loss = nan_in_the_middle()
    drawing = draw(loss)
    (bad,) = [g for g in groups(drawing, "layer") if texts(g)[0] == "bad"]
    assert texts(bad)[-1].strip() == "⚠ NaN ×4 made here"
    assert "⚠ NaN ×4 made here, of finite numbers" in tip(bad)
    assert "⚠ 1 problem" in "".join(legend(drawing))


@pytest.mark.parametrize("color", [None, "grad", "time", "memory"])
@pytest.mark.parametrize("style", ["scopes", "ops"])
def test_marks_are_there_in_every_colour_mode(color, style):
    _, loss = nan_in_the_middle()
    found = marks(loss, color=color, style=style)
    assert [text for m in found.values() for text in m if "!" in text] == [
        "NaN ×4 made here!"
    ]


def test_marks_speak_japanese():
    _, loss = nan_in_the_middle()
    assert marks(loss, lang="ja")["bad"] == ["NaN ×4 ここで発生!"]
    assert draw(loss, lang="ja").problems == (
        "bad の log: 有限の数から NaN ×4 がここで発生",
    )
    for name in COMPLAINTS["en"].__slots__:
        english, japanese = (getattr(COMPLAINTS[lang], name) for lang in ("en", "ja"))
        fields = {part for part in english.split("{") if "}" in part}
        for part in fields:
            assert "{" + part.split("}")[0] + "}" in japanese


def test_on_a_card_a_mark_names_its_parameter():
    x, W = Tensor(numbers(3, 4), name="x"), parameter("W", (4, 4))
    V = Tensor(np.zeros((4, 4)), requires_grad=True, name="V")
    with tg.scope("layer"):
        y = tg.tanh(tg.tanh(tg.tanh(x @ W) @ V))
    assert marks(y.sum())["W+V"] == ["W ∇ 0"]


def test_the_worst_comes_first():
    order = {kind: i for i, kind in enumerate(KINDS)}
    with np.errstate(all="ignore"):
        x = Tensor(-np.ones((12, 3)), requires_grad=True, name="x")
        with tg.scope("both"):
            y = tg.log(tg.relu(x + 0.0) * 1.0)
    (item,) = [i for i in model(y.sum()).items if i.title == "both"]
    kinds = [mark.kind for mark in item.marks if mark.loud]
    assert kinds == sorted(kinds, key=order.__getitem__) == ["infinity", "dead"]


def test_a_trained_model_drawn_by_its_call_names_the_line():
    W = Tensor(np.ones((2, 2)), requires_grad=True, name="W")

    def broken(x):
        return tg.log(x @ W - 5.0).sum()

    with np.errstate(all="ignore"):
        (problem,) = draw(broken, np.ones((2, 2))).problems
    assert "test_trouble.py" in problem
    assert "tg.log(x @ W" in problem


def test_a_healthy_item_has_no_marks():
    assert named(model(mlp(batch=20)), "W1").marks == ()
