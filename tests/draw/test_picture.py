"""From graphs to the picture model: layers, boxes, wires, and how much is opened."""

from contextlib import ExitStack

import pytest
from drawn import (
    affine,
    leaves,
    links,
    mlp,
    model,
    named,
    numbers,
    parameter,
    relu,
    titles,
)
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.draw import TooLargeError, boxes
from tinygrad_jp.draw.build import MOST
from tinygrad_jp.draw.picture import Kind
from tinygrad_jp.graph import walk

# --- layers ----------------------------------------------------------------------


def test_the_books_network_is_four_layers_with_its_tensors():
    picture = model(mlp())
    assert titles(picture, Kind.LAYER) == ["ReLU1", "SoftmaxWithLoss"]
    assert titles(picture, Kind.OP) == ["@", "+", "@", "+"]
    assert leaves(picture, Kind.PARAMETER) == [["W1"], ["b1"], ["W2"], ["b2"]]
    assert leaves(picture, Kind.INPUT) == [["x"], ["t"]]
    assert titles(picture, Kind.OUTPUT) == ["loss"]
    assert sorted(links(picture)) == [
        *(("+", "ReLU1"), ("+", "SoftmaxWithLoss"), ("@", "+"), ("@", "+")),
        *(("ReLU1", "@"), ("SoftmaxWithLoss", "loss"), ("W1", "@"), ("W2", "@")),
        *(("b1", "+"), ("b2", "+"), ("t", "SoftmaxWithLoss"), ("x", "@")),
    ]


def test_a_small_scope_is_a_box_and_its_parameters_stand_in_it():
    picture = model(mlp())
    assert named(picture, "W1").box.title == named(picture, "b1").box.title == "Affine1"
    assert named(picture, "x").box is picture.sheet
    assert named(picture, "ReLU1").box is picture.sheet
    boxes = {item.box.title for item in picture.items}
    assert boxes == {"", "Affine1", "Affine2"}


def test_parameters_stand_beside_their_op_and_the_input_before_it():
    beside = {
        wire.source.rows[0].name: wire.beside
        for wire in model(mlp()).wires
        if wire.source.kind in (Kind.INPUT, Kind.PARAMETER)
    }
    assert beside.pop("x") is False
    assert beside == dict.fromkeys(["W1", "b1", "W2", "b2", "t"], True)


def test_the_place_beside_a_layer_is_for_its_parameters():
    h, U = parameter("h", (2, 3)), parameter("U", (3, 3))
    x = Tensor(numbers(2, 3), name="x")
    with tg.scope("cell 1"):
        y = tg.exp(h @ U)
    with tg.scope("cell 2"):
        y = tg.tanh(x + y @ U + h)
    picture = model(y.sum(), depth=0)
    places = {
        tuple(row.name for row in wire.source.rows): wire.beside
        for wire in picture.wires
        if wire.target.title == "cell 2" and wire.source.rows
    }
    assert places == {("U", "h"): True, ("x",): False}


def test_the_spine_leads_from_the_input_to_the_loss():
    picture = model(mlp())
    spine = [(w.source, w.target) for w in picture.wires if w.spine]
    assert len(spine) == picture.columns - 1 == 7
    here = named(picture, "x")
    for _ in spine:
        (here,) = [target for source, target in spine if source is here]
    assert here.kind is Kind.OUTPUT


@pytest.mark.parametrize(
    ("depth", "layers", "ops"),
    [(0, ["outer", "Affine"], 1), (1, ["inner"], 4), (2, [], 7), (9, [], 7)],
)
def test_depth_opens_so_many_levels_of_scopes(depth, layers, ops):
    x = parameter("x", (2, 2))
    with tg.scope("outer"):
        y = x * x
        with tg.scope("inner"):
            y = (y + 1.0) * y * y
    y = affine("Affine", y, (2, 2))
    picture = model(y.sum(), depth=depth)
    assert titles(picture, Kind.LAYER) == layers
    assert len(titles(picture, Kind.OP)) == ops


def test_a_scope_of_one_op_is_never_a_box():
    picture = model(relu("ReLU1", parameter("x", (3,))).sum(), depth=9)
    assert titles(picture, Kind.LAYER) == ["ReLU1"]


def test_what_is_folded_is_counted_and_listed():
    item = named(model(mlp()), "SoftmaxWithLoss")
    assert item.size == len(item.ops) == 9
    assert item.ops[-1] == "divide(·, 5)"
    assert item.ops[0] == "subtract(·, const)"
    assert "sum(·, axis=-1, keepdims=True)" in item.ops


def test_a_tensor_that_a_layer_uses_twice_comes_in_once():
    x = parameter("x", (3,))
    h = x * x
    with tg.scope("layer"):
        y = h + tg.tanh(h * x + x)
    assert sorted(links(model(y.sum(), depth=0))) == [
        *(("layer", "Σ"), ("x", "layer"), ("x", "×"), ("x", "×")),
        *(("×", "layer"), ("Σ", "None")),
    ]


def test_the_parameters_of_a_folded_layer_share_a_card():
    picture = model(mlp(), depth=0)
    assert leaves(picture, Kind.PARAMETER) == [["W1", "b1"], ["W2", "b2"]]
    assert leaves(picture, Kind.INPUT) == [["x"], ["t"]]


def test_a_deep_network_is_folded_until_it_can_be_read_and_no_further():
    x = Tensor(numbers(2, 3), name="x")
    with tg.scope("network"):
        for i in range(20):
            x = relu(f"ReLU{i}", affine(f"Affine{i}", x, (3, 3)))
            with tg.scope(f"Scale{i}"):  # so that no two layers are alike
                x = x * float(i + 2)
    picture = model(x.sum())
    assert len(titles(picture, Kind.LAYER)) == 60
    assert len(titles(picture, Kind.OP)) == 1


def test_a_very_deep_network_is_folded_further():
    x = Tensor(numbers(2, 3), name="x")
    for block in range(5):
        with tg.scope(f"Block{block}"):
            for i in range(40):
                x = relu(f"ReLU{i}", affine(f"Affine{i}", x, (3, 3))) * (i + block)
    picture = model(x.sum())
    assert titles(picture, Kind.LAYER) == [f"Block{i}" for i in range(5)]


# --- calls of one scope ----------------------------------------------------------


def test_calls_side_by_side_share_a_box():
    W = parameter("W", (3, 3))
    results = []
    for name in ("x1", "x2"):
        x = Tensor(numbers(2, 3), name=name)
        with tg.scope("Affine1"):
            results.append(x @ W)
        results[-1] = results[-1] * 2.0
    picture = model((results[0] - results[1]).sum())
    boxes = {item.box for item in picture.items if item.title == "@"}
    assert [box.title for box in boxes] == ["Affine1"]


def test_calls_one_after_the_other_get_boxes_of_their_own():
    W = parameter("W", (3, 3))
    x = Tensor(numbers(2, 3), name="x")
    for _ in range(3):
        with tg.scope("Affine"):
            x = x @ W
        with tg.scope("ReLU"):
            x = tg.relu(x)
    picture = model(x.sum())
    assert titles(picture, Kind.LAYER) == [
        *("Affine", "ReLU", "Affine #2", "ReLU #2", "Affine #3", "ReLU #3")
    ]


def test_scopes_of_one_name_and_different_keys_are_two_boxes():
    x = parameter("x", (3,))
    with tg.scope("part", key=1):
        y = x * 2.0
    with tg.scope("part", key=2):
        y = y * 3.0
    assert titles(model(y.sum()), Kind.LAYER) == ["part", "part"]


@given(st.data())
def test_no_way_through_the_picture_runs_in_a_circle(data):
    values = [parameter("x", ()), parameter("y", ())]
    for _ in range(data.draw(st.integers(1, 25))):
        names = data.draw(st.lists(st.sampled_from("ABC"), max_size=3))
        a, b = (data.draw(st.sampled_from(values[-5:])) for _ in range(2))
        with ExitStack() as scopes:
            for name in names:
                scopes.enter_context(tg.scope(name))
            values.append(a + b)
    assert_no_circle(model(values[-1], depth=data.draw(st.integers(0, 3))))


@given(st.data())
def test_no_way_runs_in_a_circle_where_blocks_are_folded(data):
    body = data.draw(
        st.lists(st.tuples(*[st.integers(0, 9)] * 4), min_size=1, max_size=5)
    )
    odd = data.draw(st.integers(0, 12))
    early = h = parameter("x", ())
    for i in range(data.draw(st.integers(3, 9))):
        near = [h, parameter("w", ()), early]
        for a, b, scope, where in body:
            with tg.scope(f"Block{i}" if scope else f"other{scope}"):
                near.append(near[a % len(near)] + near[b % len(near)])
            if i * 5 + where == odd:
                early = near[-1]
        h = near[-1]
    picture = model(h if h._node.rule else h + 1.0)
    assert_no_circle(picture)
    known = set(picture.items)
    assert all(w.source in known and w.target in known for w in picture.wires)


def test_blocks_between_which_a_scope_stands_are_not_folded_over_it():
    x = parameter("x", (3,))
    mask = tg.exp(parameter("p", (3,)))
    with tg.scope("gate"):  # one box with what is computed of the third block
        first = tg.tanh(tg.exp(tg.tanh(tg.exp(parameter("q", (3,))))))
    for i in range(20):
        with tg.scope(f"Block{i}"):
            for _ in range(3):
                x = tg.tanh(x * mask)
        if i == 9:
            with tg.scope("gate"):
                mask = tg.tanh(tg.exp(tg.tanh(tg.exp(x))))
    picture = model((x * first).sum())
    assert_no_circle(picture)
    assert len([i for i in picture.items if i.title == "gate"]) == 1


def assert_no_circle(picture):
    leaving = {item: [] for item in picture.items}
    missing = dict.fromkeys(picture.items, 0)
    for wire in picture.wires:
        assert wire.source is not wire.target
        leaving[wire.source].append(wire.target)
        missing[wire.target] += 1
    ready = [item for item in picture.items if not missing[item]]
    done = 0
    while ready:
        done += 1
        for target in leaving[ready.pop()]:
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    assert done == len(picture.items)


# --- size ------------------------------------------------------------------------


def chain(length):
    y = parameter("x")
    for _ in range(length):
        y = y + 1e-6
    return y


def test_a_million_ops_are_refused_with_the_cure():
    with pytest.raises(TooLargeError) as caught:
        model(chain(1_000_000))
    assert "1,000,000 ops" in str(caught.value)
    assert f"{MOST:,}" in str(caught.value)
    assert "tg.scope" in str(caught.value)


def test_a_million_ops_in_a_scope_are_one_layer():
    with tg.scope("chain"):
        y = chain(1_000_000)
    picture = model(y)
    (layer,) = [item for item in picture.items if item.kind is Kind.LAYER]
    assert layer.size == 1_000_000
    assert len(layer.ops) < 20
    assert len(picture.items) == 3


def test_a_tower_of_scopes_is_not_tried_floor_by_floor():
    y = parameter("x")
    with ExitStack() as tower:
        for floor in range(700):
            tower.enter_context(tg.scope(f"floor {floor}"))
            y = y * 1.01
    ops = [node for node in walk([y._node]) if node.rule is not None]
    ways = list(boxes.choices(boxes.frames_of(ops)))
    assert len(ways) < 30
    assert len(model(y.sum()).items) <= 150
