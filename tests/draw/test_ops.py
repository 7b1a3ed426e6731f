"""The style in which every op is drawn, and every number."""

import re

import numpy as np
import pytest
from drawn import (
    groups,
    leaves,
    links,
    middle,
    mlp,
    model,
    parameter,
    texts,
    tip,
    titles,
)

import tinygrad_jp as tg
from tinygrad_jp import Tensor, draw
from tinygrad_jp.draw import TooLargeError
from tinygrad_jp.draw.picture import Kind


def test_every_op_is_drawn_in_the_frames_of_its_scopes():
    picture = model(mlp(), style="ops")
    assert titles(picture, Kind.LAYER) == []
    assert titles(picture, Kind.OP) == [
        *("@", "+", "relu", "@", "+"),
        *("−", "exp", "Σ", "log", "−", "×", "Σ", "−", "÷"),
    ]
    boxes = {item.box.title for item in picture.items}
    assert boxes == {"", "Affine1", "ReLU1", "Affine2", "SoftmaxWithLoss"}


def test_numbers_masks_and_constants_are_drawn():
    x = parameter("x", (3,))
    picture = model(tg.where(x > 0.0, x * 0.5, 0.0) - np.ones(1), style="ops")
    assert titles(picture, Kind.INPUT) == ["0.5", "mask", "0", ""]
    assert titles(picture, Kind.OP) == ["×", "where", "−"]


def test_labels_that_pick_are_drawn():
    x = parameter("x", (3, 2))
    picture = model(x[np.array([2, 0])], style="ops")
    assert leaves(picture, Kind.INPUT) == [[None]]


def test_an_operand_stands_before_the_numbers_of_the_formula():
    picture = model(0.5 * parameter("x", (3,)), style="ops")
    beside = {w.source.title: w.beside for w in picture.wires}
    assert beside == {"": False, "0.5": True, "×": False}


def test_numbers_are_small_and_say_just_themselves():
    drawing = draw(1.5 * parameter("x", (3,)), style="ops")
    (number,) = groups(drawing, "input")
    assert texts(number) == ["1.5"]
    (x,) = groups(drawing, "parameter")
    assert texts(x)[0] == "x"


def test_two_constants_stand_on_both_sides_of_their_op():
    x = parameter("x", (3,))
    for y in (x * 1.0, draw_long(x)):
        drawing = draw(tg.where(np.array([True, False, True]), y, 0.0), style="ops")
        (op,) = [g for g in groups(drawing, "op") if texts(g) == ["where"]]
        sides = {texts(g)[0]: middle(g) for g in groups(drawing, "input")}
        down = "rankdir=TB" in drawing.dot
        axis = 0 if down else 1
        place = middle(op)[axis]
        assert min(sides["mask"][axis], sides["0"][axis]) < place - 20
        assert max(sides["mask"][axis], sides["0"][axis]) > place + 20


def draw_long(x):
    for _ in range(20):
        x = tg.tanh(x)
    return x


def test_an_op_says_its_call_in_its_tooltip():
    drawing = draw(parameter("x", (3, 2)).sum(axis=1), style="ops")
    (op,) = groups(drawing, "op")
    assert "sum(x, axis=1, keepdims=False)" in tip(op)


def test_too_many_ops_point_to_scopes():
    x = parameter("x", (3,))
    with tg.scope("block"):
        for _ in range(500):
            x = tg.tanh(x)
    drawing = draw(x, style="ops")
    with pytest.raises(TooLargeError, match=re.escape('style="scopes" draws layers')):
        drawing.svg()
    assert len(draw(x)._picture.items) == 3


def test_unnamed_data_is_an_input():
    W = parameter("W", (3, 2))
    picture = model(Tensor(np.ones((4, 3))) @ W, style="ops")
    assert titles(picture, Kind.INPUT) == [""]
    assert (("None", "@")) in links(picture)
