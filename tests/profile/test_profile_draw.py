"""Colours of a picture by what a profile has measured."""

import json
import re
import time

import numpy as np
import pytest
from drawn import legend, mlp, model, named

import tinygrad_jp as tg
from tinygrad_jp import Tensor, draw
from tinygrad_jp.draw import again, build, measure, palette
from tinygrad_jp.draw.picture import Kind
from tinygrad_jp.graph import walk


def sleeper(forward, backward):
    def back(g):
        time.sleep(backward)
        return g

    @tg.rule(vjp=back)
    def slow(x, /):
        time.sleep(forward)
        return x + 0.0

    return slow


def parameter(*shape):
    return Tensor(np.ones(shape), requires_grad=True)


def ops(tensor):
    return [node for node in walk([tensor._node]) if node.rule is not None]


def nodes_named(tensor, name):
    return [node for node in ops(tensor) if node.rule.name == name]


def seconds_in(p, tensor, name):
    """Forward and backward of a scope, without masks, which are no part of a graph."""
    inside = [node for node in ops(tensor) if node.scope and node.scope.name == name]
    return tuple(map(sum, zip(*[p.seconds_of(node) for node in inside])))


def test_a_node_is_known_by_its_number_with_its_seconds_and_bytes():
    slow = sleeper(0.02, 0.04)
    with tg.profile() as p:
        y = slow(parameter(10) * np.ones(10))
        y.sum().backward()
    (node,) = nodes_named(y, "slow")
    forward, backward = p.seconds_of(node)
    assert 0.02 <= forward < 0.04
    assert 0.04 <= backward < 0.08
    assert p.bytes_of(node) == (80, 0)
    (node,) = nodes_named(y, "multiply")
    assert p.bytes_of(node) == (80, 80)  # the copy of the array


def test_a_node_that_ran_elsewhere_is_not_known():
    y = tg.exp(parameter(10)).sum()
    exp, total = ops(y)
    with tg.profile() as p:
        pass
    assert p.seconds_of(exp) is p.bytes_of(exp) is None
    with p:
        y.backward()
    assert p.bytes_of(exp) is None
    assert p.seconds_of(exp)[0] == 0.0
    assert p.seconds_of(total)[1] > 0.0
    assert p.seconds_of(y._node.inputs[0].inputs[0]) is None  # a leaf


def test_passes_through_one_node_add_up():
    slow = sleeper(0.0, 0.02)
    with tg.profile() as p:
        y = slow(parameter(3))
        y.sum().backward(retain_graph=True)
        y.sum().backward()
    assert 0.04 <= p.seconds_of(y._node)[1] < 0.12


def test_the_colours_are_the_seconds_of_the_block_and_nothing_runs_again(monkeypatch):
    def fail(*_):
        raise AssertionError("measured again")

    monkeypatch.setattr(measure, "times", fail)
    with tg.profile() as p:
        loss = mlp()
        loss.backward()
    picture = model(loss, color="time", profile=p)
    for name in ("ReLU1", "SoftmaxWithLoss"):
        amount = named(picture, name).amount
        assert amount.parts == pytest.approx(seconds_in(p, loss, name))
    amounts = [item.amount for item in picture.items if item.amount]
    total = sum(sum(p.seconds_of(node)) for node in ops(loss))
    assert sum(amount.value for amount in amounts) == pytest.approx(total)
    assert sum(amount.share for amount in amounts) == pytest.approx(1.0)


def test_the_colours_are_the_bytes_of_the_block():
    with tg.profile() as p:
        loss = mlp()
    picture = model(loss, color="memory", profile=p)
    again_measured = model(loss, color="memory")
    for item, other in zip(picture.items, again_measured.items):
        assert item.amount == other.amount


def test_ops_that_were_not_seen_are_grey_with_a_line_in_the_legend():
    h = tg.exp(parameter(10))
    with tg.profile() as p:
        y = tg.sin(h).sum()
    drawing = draw(y, color="time", profile=p)
    assert drawing.dot.count(palette.UNSEEN) == 1  # exp
    said = "grey: did not run in the profile's block"
    assert said in legend(drawing)
    assert said not in legend(draw(y, color="time"))
    assert "灰色" in draw(y, color="time", profile=p, lang="ja").dot


def test_where_all_were_seen_nothing_is_grey():
    with tg.profile() as p:
        y = tg.sin(tg.exp(parameter(10))).sum()
    for color in ("time", "memory"):
        dot = draw(y, color=color, profile=p).dot
        assert palette.UNSEEN not in dot
        assert "grey" not in dot
    assert palette.UNSEEN not in draw(y, color="time").dot


def test_where_nothing_was_seen_all_ops_are_grey_and_parameters_are_not():
    y = mlp()
    with tg.profile() as p:
        pass
    for color in ("time", "memory"):
        picture = model(y, color=color, profile=p)
        kinds = {item.kind for item in picture.items if item.amount is None}
        assert {Kind.OP, Kind.LAYER} & kinds
        for item in picture.items:
            if item.kind in (Kind.OP, Kind.LAYER):
                assert item.amount is None
        assert picture.unseen
        assert "not measured" not in draw(y, color=color, profile=p).dot
    assert named(picture, "W1").amount.value == 7 * 4 * 8


def test_a_page_shows_in_grey_what_was_not_seen_ops_and_folded_scopes():
    with tg.scope("before"):
        h = tg.exp(parameter(10)) * 2.0
    with tg.profile() as p, tg.scope("inside"):
        y = tg.sin(h).sum()
    html = draw(y, color="time", profile=p).html()
    (text,) = re.findall(r'type="application/json" id="data">(.*?)</script>', html)
    data = json.loads(text)

    def colors(parts):
        return {
            part["title"]: data["colors"][part["amount"]["color"]] == palette.UNSEEN
            for part in parts
            if part["title"]
        }

    assert colors(data["boxes"]) == {"before": True, "inside": False}
    found = colors(data["items"])
    assert {name for name, grey in found.items() if grey} == {"exp", "× 2"}
    assert "sin" in found
    assert "grey: did not run in the profile's block" in data["remarks"]


def test_a_large_graph_is_coloured_too(monkeypatch):
    monkeypatch.setattr(again, "OPS", 3)
    monkeypatch.setattr(build, "_WHOLE", 3)
    with tg.profile() as p:
        loss = mlp()
    picture = model(loss, color="time", profile=p)
    expected = seconds_in(p, loss, "SoftmaxWithLoss")
    assert named(picture, "SoftmaxWithLoss").amount.parts == pytest.approx(expected)


def test_repeated_blocks_are_the_sum_of_all():
    x = parameter(4)
    with tg.profile() as p:
        for _ in range(30):
            with tg.scope("Block"):
                for _ in range(3):
                    with tg.scope("Part"):
                        x = tg.sin(tg.exp(x * 0.1))
        y = x.sum()
    picture = model(y, color="time", profile=p)
    total = sum(item.amount.value for item in picture.items if item.amount)
    assert total == pytest.approx(sum(row.seconds for row in p.ops))


def test_a_drawing_holds_no_profile():
    with tg.profile() as p:
        y = mlp()
    drawing = draw(y, color="time", profile=p)
    assert drawing._options.profile is None


def test_without_a_profile_the_ops_run_again(monkeypatch):
    called = []
    monkeypatch.setattr(measure, "times", lambda *given: called.append(given) or {})
    with tg.profile() as p:
        y = mlp()
    model(y, color="time", profile=p)
    assert called == []
    assert not model(y, color="time").measured
    assert len(called) == 1


@pytest.mark.parametrize("profile", [3, "p", tg.profile])
def test_what_is_no_profile_is_refused(profile):
    with pytest.raises(TypeError, match=r"draw: profile must be a tg\.profile, got"):
        draw(mlp(), color="time", profile=profile)


@pytest.mark.parametrize("color", [None, "grad"])
def test_a_profile_needs_a_colour_that_it_knows(color):
    with pytest.raises(ValueError, match='needs color="time" or "memory", got color='):
        draw(mlp(), color=color, profile=tg.profile())


def test_a_function_has_yet_to_run():
    with pytest.raises(
        TypeError, match="needs a Tensor that was computed in its block"
    ):
        draw(tg.exp, [1.0], color="time", profile=tg.profile())
