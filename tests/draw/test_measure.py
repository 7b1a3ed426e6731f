"""What ops cost, and the colours that say it."""

import re
import time
from itertools import pairwise

import numpy as np
import pytest
from drawn import groups, legend, mlp, model, named, numbers, parameter, texts, tip
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp import Tensor, draw
from tinygrad_jp.draw import again, measure, palette
from tinygrad_jp.draw.facts import facts_of
from tinygrad_jp.draw.heat import Heat, written
from tinygrad_jp.draw.picture import Amount, Box, Item, Kind, Picture
from tinygrad_jp.draw.text import WORDS
from tinygrad_jp.graph import walk


def costs(function, tensor):
    order = walk([tensor._node])
    found = function(order, facts_of([tensor], order, order))
    return {node.rule.name: cost for node, cost in found.items() if node.rule}


# --- time ----------------------------------------------------------------------------


class Clock:
    """A clock that goes on only when an op works."""

    def __init__(self, *forward, backward=0.0):
        self.now = 0.0
        self.runs = 0

        def back(g):
            self.now += backward
            return g

        @tg.rule(vjp=back)
        def slow(x, /):
            self.now += forward[self.runs % len(forward)]
            self.runs += 1
            return x + 0.0

        self.op = slow

    def times(self, monkeypatch):
        """The times of the op, and how many rounds there were."""
        monkeypatch.setattr(measure, "perf_counter", lambda: self.now)
        x = parameter("x", (2,))
        result = self.op(x).sum()
        before = self.runs
        order = walk([result._node])
        found = facts_of([result], order, order)
        assert self.runs == before + 1
        self.runs = 0
        times = measure.times(order, found)
        return [*times.values()], self.runs


def test_the_time_of_an_op_is_that_of_its_rule_forward_and_backward(monkeypatch):
    found, rounds = Clock(0.02, backward=0.005).times(monkeypatch)
    assert found[0] == pytest.approx((0.02, 0.005))
    assert found[1] == (0.0, 0.0)
    assert rounds == measure.ROUNDS


def test_the_median_counts_and_not_the_first_round(monkeypatch):
    found, _ = Clock(0.3, 0.1, 0.1, 0.02, 0.02, 0.02, 0.02).times(monkeypatch)
    assert found[0] == pytest.approx((0.02, 0.0))
    found, rounds = Clock(0.7, 0.5).times(monkeypatch)
    assert rounds == 2
    assert found[0] == pytest.approx((0.5, 0.0))


def test_no_round_begins_when_the_time_is_up(monkeypatch):
    found, rounds = Clock(5.0).times(monkeypatch)
    assert rounds == 1
    assert found[0] == pytest.approx((5.0, 0.0))


def test_real_times_are_above_zero_and_add_up_to_what_they_took():
    start = time.perf_counter()
    found = costs(measure.times, mlp())
    took = time.perf_counter() - start
    assert all(forward > 0 and backward > 0 for forward, backward in found.values())
    assert sum(map(sum, found.values())) < took


@pytest.mark.parametrize("function", [measure.times, measure.memory])
@pytest.mark.parametrize("limit", ["OPS", "BYTES"])
def test_a_large_graph_is_not_measured(monkeypatch, function, limit):
    monkeypatch.setattr(again, limit, 3)
    assert costs(function, mlp()) == {}


def test_unknown_operands_are_stood_in_for():
    def loss():
        return (parameter("x", (3,)) + Tensor([1.0, 2.0, 3.0])).sum()

    assert costs(measure.times, loss()).keys() == {"add", "sum"}
    assert costs(measure.memory, loss())["add"] == (24, 0)


@pytest.mark.parametrize("function", [measure.times, measure.memory])
def test_an_op_that_cannot_be_run_again_is_left_out(function):
    @tg.rule(vjp=lambda g: g)
    def picky(x, /):
        if (x == 1).all():
            raise ValueError
        return x + 0.0

    def loss():
        return picky(tg.exp(Tensor([2.0], requires_grad=True)) + np.ones(1)).sum()

    found = costs(function, loss())
    assert "picky" not in found
    assert "sum" in found


# --- memory --------------------------------------------------------------------------


def test_views_take_no_memory_and_results_take_theirs():
    x = parameter("x", (4, 6))
    y = tg.exp(x).reshape(3, 8).T
    found = costs(measure.memory, y.sum())
    assert found["exp"] == (192, 0)
    assert found["reshape"] == (0, 0)
    assert found["sum"] == (8, 0)
    assert [cost for cost in found.values() if cost == (0, 0)] == [(0, 0)] * 2


def test_the_copy_of_memory_from_outside_counts():
    array = numbers(4, 6)
    found = costs(measure.memory, (parameter("x", (4, 6)) * array).sum())
    assert found["multiply"] == (192, 192)


def test_the_sum_of_all_is_what_the_graph_takes():
    loss = mlp()
    picture = model(loss, color="memory")
    amounts = [item.amount for item in picture.items if item.amount]
    order = walk([loss._node])
    parts = measure.memory(order, facts_of([loss], order, order))
    assert sum(a.value for a in amounts) == sum(sum(p) for p in parts.values())
    assert sum(a.share for a in amounts) == pytest.approx(1.0)
    assert named(picture, "W1").amount.value == 7 * 4 * 8


def test_a_layer_sums_its_ops():
    loss = mlp()
    layer = named(model(loss, color="memory"), "SoftmaxWithLoss").amount.value
    ops = model(loss, color="memory", style="ops").items
    inside = [i for i in ops if i.box.title == "SoftmaxWithLoss"]
    t = [item for item in inside if item.rows and item.rows[0].name == "t"]
    total = sum(item.amount.value for item in inside if item.amount)
    assert layer == total - sum(item.amount.value for item in t)


# --- gradients -----------------------------------------------------------------------


def test_the_colour_is_the_rms_of_the_gradient():
    kept = []
    loss = mlp(kept)
    picture = model(loss, color="grad")
    loss.backward()
    for tensor in kept:
        rms = np.sqrt(np.mean(tensor.grad.data**2))
        assert named(picture, tensor.name).amount.value == pytest.approx(rms)
    (output,) = [item for item in picture.items if item.kind is Kind.OUTPUT]
    assert output.amount.value == 1
    assert named(picture, "x").amount is None


def test_a_network_that_vanishes_fades():
    h = parameter("x", (3, 5))
    for i in range(10):
        with tg.scope(f"L{i}"):
            h = tg.sigmoid(h @ (parameter(f"W{i}", (5, 5)) * 0.01))
    picture = model(h.sum(), color="grad")
    heat = Heat(picture)
    places = [heat.place(named(picture, f"L{i}").amount.value) for i in range(10)]
    assert all(b - a > 0.05 for a, b in pairwise(places))
    assert len({heat.fill(named(picture, f"L{i}").amount) for i in range(10)}) == 10


# --- the scale -----------------------------------------------------------------------


def heat_of(color, values):
    box = Box("", None)
    picture = Picture(box, color=color)
    for value in values:
        picture.items.append(Item(Kind.OP, "", box, amount=Amount(value)))
    return Heat(picture)


amounts = st.lists(st.floats(1e-200, 1e200), min_size=1, max_size=6)


@given(st.sampled_from(["grad", "time", "memory"]), amounts)
def test_larger_is_never_paler_and_the_largest_has_the_last_colour(color, values):
    heat = heat_of(color, values)
    order = palette.FILLS.colors
    found = [order.index(heat.fill(Amount(value))) for value in sorted(values)]
    assert found == sorted(found)
    if color != "grad":
        assert found[-1] == len(order) - 1


@pytest.mark.parametrize("color", ["grad", "time", "memory"])
def test_zero_is_palest_and_nan_has_a_colour_of_its_own(color):
    heat = heat_of(color, [0.0, 1.0, float("nan")])
    assert heat.fill(Amount(0.0)) == palette.FILLS.colors[0]
    assert heat.fill(Amount(float("nan"))) == palette.ALARM_FILL
    assert heat.fill(None) == palette.CARD


@given(amounts, st.floats(1.0, 1.5))
def test_gradients_that_are_about_equal_look_about_equal(values, factor):
    heat = heat_of("grad", [*values, values[0] * factor])
    assert abs(heat.place(values[0]) - heat.place(values[0] * factor)) < 0.06


@given(amounts)
def test_the_legend_of_gradients_has_powers_of_ten_around_all(values):
    steps = heat_of("grad", values).steps()
    assert 4 <= len(steps) <= 5
    ends = float(steps[0][1]), float(steps[-1][1])
    assert ends[0] <= min(values) * (1 + 1e-8)
    assert ends[1] >= max(values) * (1 - 1e-8)
    assert ends[1] / ends[0] >= 999
    assert [steps[0][0], steps[-1][0]] == [palette.FILLS.colors[i] for i in (0, -1)]


@pytest.mark.parametrize(
    ("value", "color", "text"),
    [
        (1.2e-5, "time", "12 µs"),
        (0.99999e-3, "time", "1 ms"),
        (3.1, "time", "3.1 s"),
        (3e-9, "time", "3 ns"),
        (401e-6, "time", "401 µs"),
        (0.0, "time", "0"),
        (3.1e6, "memory", "3.1 MB"),
        (400, "memory", "400 B"),
        (999_999, "memory", "1 MB"),
        (2.5e12, "memory", "2500 GB"),
        (1.2e-5, "grad", "∇ 1.2e-5"),
        (float("nan"), "grad", "∇ NaN"),
    ],
)
def test_amounts_are_written_as_a_person_would(value, color, text):
    assert written(value, color) == text


# --- the picture ---------------------------------------------------------------------


def fills(drawing):
    """The fill of each node, by its first text."""
    found = {}
    for kind in Kind:
        for group in groups(drawing, kind.value):
            shapes = [e.get("fill") for e in group.iter() if e.get("fill")]
            found[texts(group)[0]] = next(f for f in shapes if f.startswith("#"))
    return found


@pytest.mark.parametrize("color", ["grad", "time", "memory"])
def test_nodes_have_the_colours_of_the_scale_and_wires_are_quiet(color):
    drawing = draw(mlp(), color=color)
    found = fills(drawing)
    ramp = palette.FILLS.colors
    assert found["SoftmaxWithLoss"] in ramp
    neutral = {"grad": ["x", "t"], "time": ["x", "t", "W1", "output"], "memory": []}
    assert {found[name] for name in neutral[color] if name in found} <= {palette.CARD}
    wires = groups(drawing, "wire")
    lines = {p.get("stroke") for wire in wires for p in wire.iter() if p.get("stroke")}
    assert lines == {palette.PLAIN_WIRE}
    assert not any("∇" in text for wire in wires for text in texts(wire))
    said = "".join(legend(drawing))
    assert getattr(WORDS["en"], f"{color}_scale") in said


def test_the_amount_stands_in_the_node_and_its_parts_in_the_tooltip():
    drawing = draw(mlp(), color="time")
    (layer,) = [g for g in groups(drawing, "layer") if "Loss" in texts(g)[0]]
    assert re.fullmatch(r"[\d.]+ (µs|ms)", texts(layer)[-1])
    (line,) = [line for line in tip(layer) if "% of all" in line]
    assert re.fullmatch(
        r"[\d.]+ .s \(forward [\d.]+ .s, backward [\d.]+ .s\), [\d.]+ % of all", line
    )
    drawing = draw(mlp(), color="memory", lang="ja")
    (layer,) = [g for g in groups(drawing, "layer") if "Loss" in texts(g)[0]]
    assert any(line.endswith("%") and "全体の" in line for line in tip(layer))


def test_a_card_says_the_rms_of_each_parameter():
    drawing = draw(mlp(), color="grad", depth=0)
    found = model(mlp(), color="grad", depth=0)
    (card,) = [g for g in groups(drawing, "parameter") if texts(g)[0].startswith("W1")]
    rows = next(item for item in found.items if len(item.rows) > 1).rows
    text = "".join(texts(card))
    assert all(written(row.grad.rms, "grad") in text for row in rows)


def test_what_is_not_known_is_neutral_and_the_legend_says_what_to_do():
    y = parameter("x", (3,)) * 2.0
    assert "no scalar" in "".join(legend(draw(y, color="grad")))
    x = parameter("x", (3,))
    loss = (x * x).sum()
    loss.backward()
    x.grad = None
    with tg.no_grad():
        x += 1.0
    drawing = draw(loss, color="grad")
    assert set(fills(drawing).values()) <= {palette.CARD, palette.PAPER}
    assert "draw(function, *args)" in "".join(legend(drawing))


def test_a_large_graph_says_that_it_was_not_measured(monkeypatch):
    monkeypatch.setattr(again, "OPS", 3)
    drawing = draw(mlp(), color="time")
    assert set(fills(drawing).values()) <= {palette.CARD, palette.PAPER}
    assert WORDS["en"].unmeasured in legend(drawing)


@pytest.mark.parametrize("color", ["grad", "memory"])
def test_colours_are_the_same_every_time(color):
    loss = mlp()
    assert draw(loss, color=color).dot == draw(loss, color=color).dot
