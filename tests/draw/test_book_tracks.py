"""The book's style: where tracks run, and in which order they arrive."""

import re

import numpy as np
import pytest
from booklet import (
    book,
    crossings,
    figures,
    fruit,
    inputs,
    name_of,
    price,
    rails_of,
    span,
    top_x,
    wires,
)
from drawn import groups, middle, texts
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.draw import palette, tracks
from tinygrad_jp.draw.picture import Row
from tinygrad_jp.draw.summary import summary_of


def test_the_picture_runs_from_left_to_right():
    total, _kept = fruit()
    drawing = book(total)
    left = [middle(g)[0] for g in groups(drawing, "op")]
    (right,) = [top_x(g) for g in groups(drawing, "output")]
    assert max(top_x(g) for g in groups(drawing, "parameter")) < max(left) < right
    places = {name_of(g): middle(g)[0] for g in groups(drawing, "op")}
    places |= {name_of(g): sum(span(g)) / 2 for g in groups(drawing, "tensor")}
    for tail, head, *_ in wires(drawing):
        if tail in places and head in places:
            assert places[tail] < places[head]


def test_an_op_of_two_tensors_stands_between_them():
    total, _kept = fruit()
    drawing = book(total)
    ends = {}
    for tail, head, way, *_ in wires(drawing):
        if way == "forward" and head.startswith("n"):
            ends.setdefault(head, []).append(tail)
    places = {name_of(g): min(rails_of(g).values()) for g in groups(drawing, "tensor")}
    for op in groups(drawing, "op"):
        high, low = sorted([places[tail] for tail in ends[name_of(op)]])
        assert high + 10 < middle(op)[1] < low


def graphs():
    total, kept = fruit()
    yield total, kept
    x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    shared = tg.exp(x)
    yield (shared / shared.sum() * Tensor([0.0, 1.0], name="t")).sum(), [x]
    y = price("y", 3.0)
    yield y * y * 2.0 + tg.tanh(y), [y]
    z = y * x
    yield (z * y + tg.tanh(y) - z).sum(), [x, y]


@pytest.mark.parametrize("case", range(4))
def test_tracks_are_whole(case):
    """Every wire begins and ends on the track of its colour, with no gap."""
    target, _kept = list(graphs())[case]
    drawing = book(target)
    tensors = {name_of(group): group for group in groups(drawing, "tensor")}
    assert len(tensors) > 3
    colors = {"forward": palette.INK, "back": palette.GRADIENT}
    for tail, head, way, start, end, arrows in wires(drawing):
        for name, (x, y), at_right in ((tail, start, True), (head, end, False)):
            if name not in tensors:
                continue
            left, right = span(tensors[name])
            rail = rails_of(tensors[name])[colors[way]]
            assert abs(y - rail) <= 0.5
            overlap = right - x if at_right else x - left
            assert overlap >= 1 or arrows
            assert left - 1 <= x <= right + 1


@pytest.mark.parametrize("case", range(4))
def test_each_way_has_an_arrow_at_its_end_alone(case):
    target, _kept = list(graphs())[case]
    drawing = book(target)
    tensors = {name_of(group) for group in groups(drawing, "tensor")}
    for tail, head, way, _start, _end, arrows in wires(drawing):
        last = head if way == "forward" else tail
        assert len(arrows) == (last not in tensors)
        for arrow in arrows:
            points = re.findall(r"([\d.-]+),([\d.-]+)", arrow.get("points"))
            xs = [float(x) for x, _ in points]
            tip_x = max(xs) if way == "forward" else min(xs)
            assert xs.count(tip_x) == 1  # the point, not the base, is ahead


@pytest.mark.parametrize("case", range(4))
def test_forward_is_above_backward(case):
    target, _kept = list(graphs())[case]
    for group in groups(book(target), "tensor"):
        rails = rails_of(group)
        if palette.GRADIENT in rails:
            assert rails[palette.INK] < rails[palette.GRADIENT]


@pytest.mark.parametrize("back", [True, False])
@pytest.mark.parametrize("known", [(True, True), (True, False), (False, True)])
def test_tracks_run_through_the_middle(known, back):
    """Else they would bend at both ends, because dot puts middles on a line."""
    both = [summary_of(np.eye(2)) if one else None for one in known]
    table = tracks.figures(Row("x", (2, 2), "float64", *both), back=back)
    rows = re.findall("<TR>(.*?)</TR>", table)
    ports = [i for i, row in enumerate(rows) if "PORT" in row]
    assert len(ports) == 1 + back
    assert ports[0] == len(rows) - 1 - ports[-1]


def test_a_constant_has_no_way_back():
    x, t = price("x", 2.0), Tensor(3.0, name="t")
    drawing = book(x * t)
    assert sorted(figures(drawing)) == [["2", "3"], ["3", ""], ["6", "1"]]
    back = {tail for tail, _, way, *_ in wires(drawing) if way == "back"}
    forward = {tail for tail, _, way, *_ in wires(drawing) if way == "forward"}
    assert len(forward - back) == 2  # t, and the tensor on its way


@st.composite
def formulas(draw_from):
    """A tensor, what it was computed from, and its leaves as they were written."""
    leaves = []

    def part(depth):
        if depth == 0 or draw_from(st.integers(0, 3)) == 0:
            leaves.append(price(f"p{len(leaves)}", float(draw_from(st.integers(1, 9)))))
            return leaves[-1]
        left = part(depth - 1)
        right = part(depth - 1)
        op = draw_from(st.sampled_from([tg.add, tg.subtract, tg.multiply, tg.minimum]))
        return op(left, right)

    return part(3) * 1.0, leaves


@settings(max_examples=settings().max_examples // 8)  # each runs Graphviz
@given(formulas())
def test_operands_stand_in_the_order_in_which_they_were_written(formula):
    target, leaves = formula
    drawing = book(target)
    height = {name_of(g): min(rails_of(g).values()) for g in groups(drawing, "tensor")}
    told = tips_of_tensors(drawing)
    arriving = {}
    for tail, head, way, *_ in wires(drawing):
        if way == "forward" and tail in height:
            arriving.setdefault(head, []).append(tail)
    pairs = 0
    for tails in arriving.values():
        assert [height[tail] for tail in tails] == sorted([height[t] for t in tails])
        named = [told[tail] for tail in tails if told[tail] is not None]
        assert named == sorted(named)
        pairs += len(tails) == 2
    assert pairs == len(leaves) - 1
    assert not crossings(drawing)


def tips_of_tensors(drawing):
    """The number of the leaf that each tensor is, None for results."""
    start = {texts(g)[0]: name_of(g) for g in groups(drawing, "parameter")}
    after = {tail: head for tail, head, *_ in wires(drawing)}
    leaves = {after[node]: int(name[1:]) for name, node in start.items()}
    return {name_of(g): leaves.get(name_of(g)) for g in groups(drawing, "tensor")}


@pytest.mark.parametrize("case", range(4))
def test_no_wires_cross(case):
    target, _kept = list(graphs())[case]
    assert not crossings(book(target))


# --- splits ------------------------------------------------------------------------


def test_a_tensor_that_is_used_twice_is_written_once_and_runs_to_both():
    x = price("x", 3.0)
    drawing = book(x * x)
    assert figures(drawing) == [["3", "6"], ["9", "1"]]
    assert inputs(drawing) == ["x"]
    (op,) = groups(drawing, "op")
    ways = [way for _, head, way, *_ in wires(drawing) if head == name_of(op)]
    assert sorted(ways) == ["back", "back", "forward", "forward"]


def test_a_leaf_of_many_ops_is_drawn_once():
    x = price("x", 1.0)
    total = tg.exp(x) + tg.sin(x) + tg.cos(x) + x * x * 7.0
    drawing = book(total)
    assert sorted(inputs(drawing)) == ["7", "x"]
    used = [tail for tail, _, way, *_ in wires(drawing) if tail == "t0"]
    assert len(used) == 2 * 5


def test_the_operands_of_a_difference_keep_their_order_beside_a_split():
    x, y = price("x", 3.0), price("y", 2.0)
    z = x * y
    drawing = book(z * x + tg.tanh(x) - z)
    above = {name_of(g): min(rails_of(g).values()) for g in groups(drawing, "tensor")}
    (minus,) = [op for op in groups(drawing, "op") if texts(op) == ["−"]]
    tails = [
        above[tail]
        for tail, head, way, *_ in wires(drawing)
        if way == "forward" and head == name_of(minus)
    ]
    assert tails == sorted(tails)
