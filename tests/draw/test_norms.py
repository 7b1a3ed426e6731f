"""The gradients in a picture."""

import numpy as np
import pytest
from drawn import mlp, model, named, parameter
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.draw.picture import Kind, root_sum_square
from tinygrad_jp.draw.summary import norm_of


def test_norms_are_those_of_backward_and_no_grad_is_touched():
    parameters = []
    loss = mlp(parameters)
    picture = model(loss)
    assert picture.gradients == "all"
    assert [tensor.grad for tensor in parameters] == [None] * 4
    loss.backward()
    for tensor in parameters:
        assert named(picture, tensor.name).rows[0].norm == pytest.approx(
            np.linalg.norm(tensor.grad.data), rel=1e-12
        )


def test_norms_of_wires_are_those_of_the_chain_rule():
    x = parameter("x", (4,))
    y = x * 3.0
    y.name = "y"
    (wire,) = [
        w for w in model((y * y).sum()).wires if w.rows[0].name == "y" and w.spine
    ]
    assert wire.rows[0].norm == pytest.approx(np.linalg.norm(2 * y.data))


def test_after_backward_the_leaves_show_their_grad_and_the_wires_nothing():
    parameters = []
    loss = mlp(parameters)
    before = named(model(loss), "W1").rows[0].norm
    loss.backward()
    picture = model(loss)
    assert picture.gradients == "leaves"
    assert named(picture, "W1").rows[0].norm == pytest.approx(before)
    wires = [w for w in picture.wires if w.source.kind in (Kind.OP, Kind.LAYER)]
    assert {wire.rows[0].norm for wire in wires} == {None}


def test_a_graph_that_was_kept_shows_all_gradients():
    loss = mlp()
    loss.backward(retain_graph=True)
    assert model(loss).gradients == "all"


def test_a_vector_has_no_gradients_and_is_drawn():
    picture = model(parameter("x", (3,)) * 2.0)
    assert (picture.gradients, picture.scalar) == ("none", False)


@pytest.mark.parametrize("error", [ValueError, RuntimeWarning, ZeroDivisionError])
def test_a_rule_that_fails_does_not_stop_the_picture(error):
    def broken(g):
        raise error

    @tg.rule(vjp=broken)
    def odd(x, /):
        return x + 0.0

    picture = model(odd(parameter("x")))
    assert (picture.gradients, picture.scalar) == ("none", True)


def test_nan_and_infinity_are_kept():
    x = Tensor([0.0, 1.0], requires_grad=True, name="x")
    assert named(model(tg.sqrt(x).sum()), "x").rows[0].norm == np.inf
    picture = model((tg.sqrt(x) * 0.0).sum())
    assert np.isnan(named(picture, "x").rows[0].norm)


@given(
    st.lists(st.floats(-1e300, 1e300), max_size=8),
    st.sampled_from([np.float16, np.float32, np.float64]),
)
def test_norm_neither_overflows_nor_loses_digits(values, dtype):
    with np.errstate(over="ignore"):
        array = np.array(values, dtype)
    exact = np.linalg.norm(array.astype(np.longdouble))
    if np.isfinite(array).all() and exact < np.finfo(np.float64).max:
        assert norm_of(array) == pytest.approx(float(exact), rel=1e-12)
    elif array.size:
        assert norm_of(array) == np.inf


@given(st.lists(st.floats(0, 1e300), min_size=1, max_size=5))
def test_the_norm_of_a_card_is_that_of_all_its_arrays(norms):
    assert root_sum_square(norms) == pytest.approx(norm_of(norms), rel=1e-12)
    assert root_sum_square([*norms, None]) == root_sum_square(norms)
    assert np.isnan(root_sum_square([*norms, np.nan]))
