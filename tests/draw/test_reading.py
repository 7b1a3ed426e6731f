"""Which operands are drawn, and which stand in an op's label."""

import numpy as np
import pytest
from drawn import leaves, links, model, numbers, parameter, titles

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.draw.picture import Kind


@pytest.mark.parametrize(
    ("function", "label"),
    [
        (lambda x: x * 0.5, "× 0.5"),
        (lambda x: 0.5 * x, "× 0.5"),
        (lambda x: 1 - x, "1 −"),
        (lambda x: x - 1, "− 1"),
        (lambda x: x / 3.0, "÷ 3"),
        (lambda x: 2.0 / x, "2 ÷"),
        (lambda x: x**2, "^ 2"),
        (lambda x: x * 0.123456789, "× 0.1235"),
        (lambda x: x + 1e-7, "+ 1e-7"),
        (lambda x: tg.maximum(0.0, x), "max 0"),
        (lambda x: x - np.array([1.0, 2.0])[:, None], "− const"),
        (lambda x: x * np.float64(3.0), "× const"),
    ],
)
def test_the_numbers_of_a_formula_stand_in_the_ops_label(function, label):
    picture = model(function(parameter("x", (2, 3))))
    assert titles(picture, Kind.OP) == [label]
    assert leaves(picture, Kind.INPUT) == []


def test_a_mask_is_not_drawn():
    x = parameter("x", (2, 3))
    picture = model(tg.where(x > 0.0, x, 0.0))
    assert len(picture.items) == 3
    assert leaves(picture, Kind.INPUT) == []


def test_data_is_drawn_though_it_has_no_name():
    x = Tensor(numbers(5, 3))
    W = parameter("W", (3, 2))
    t = numbers(5, 2)
    picture = model((tg.log_softmax(x @ W) * t).sum())
    assert leaves(picture, Kind.INPUT) == [[None], [None]]
    assert [i.rows[0].shape for i in picture.items if i.kind is Kind.INPUT] == [
        *((5, 3), (5, 2))
    ]


def test_whatever_has_a_name_is_drawn():
    x = parameter("x", (5, 3))
    scale = Tensor(2.0, name="scale")
    mask = Tensor(np.ones((5, 3), bool), name="mask")
    assert leaves(model(tg.where(mask, x * scale, x)), Kind.INPUT) == [
        *(["scale"], ["mask"])
    ]


def test_integer_labels_are_drawn_though_they_are_no_operand():
    x = parameter("x", (4, 3))
    with tg.scope("loss"):
        loss = -tg.log_softmax(x)[np.arange(4), np.array([0, 2, 1, 1])].sum()
    picture = model(loss)
    assert leaves(picture, Kind.INPUT) == [["t"]]
    assert leaves(model(x[np.array([2, 0])]), Kind.INPUT) == [[None]]
    assert leaves(model(x[1:, 0]), Kind.INPUT) == []


def test_an_operand_that_is_used_twice_has_two_wires():
    x = parameter("x", (3,))
    assert links(model(x * x)).count(("x", "×")) == 2


def test_an_operand_that_is_used_twice_by_one_op_is_drawn_once_for_it():
    x = parameter("x", (3,))
    picture = model(x * x * x * x)
    found = [item for item in picture.items if item.kind is Kind.PARAMETER]
    assert [item.repeated for item in found] == [False, True, True]
    assert [[w.source for w in picture.wires].count(item) for item in found] == [
        2,
        1,
        1,
    ]


@pytest.mark.parametrize(("uses", "items"), [(1, 1), (2, 1), (3, 3), (6, 6)])
def test_a_leaf_with_many_users_is_drawn_again_for_each(uses, items):
    W = parameter("W", (3, 3))
    x = Tensor(numbers(2, 3), name="x")
    for _ in range(uses):
        x = tg.tanh(x @ W)
    picture = model(x.sum())
    found = [item for item in picture.items if item.kind is Kind.PARAMETER]
    assert len(found) == items
    assert [item.repeated for item in found] == [False] + [True] * (items - 1)
    assert len({id(item.rows[0]) for item in found}) == 1
    assert links(picture).count(("W", "@")) == uses


def test_an_output_that_is_a_leaf_is_a_picture_too():
    picture = model(parameter("W", (3,)))
    assert [item.kind for item in picture.items] == [Kind.PARAMETER, Kind.OUTPUT]


def test_several_outputs():
    x = parameter("x", (3,))
    y = x * 2.0
    z = y.sum()
    picture = model(z, y)
    assert [item.value is None for item in picture.items][-2:] == [False, True]
    assert len(titles(picture, Kind.OUTPUT)) == 2
