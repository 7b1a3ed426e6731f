"""Optimisers in general, by SGD: a step, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg


def parameter(values, dtype=np.float64):
    return tg.Tensor(values, dtype=dtype, requires_grad=True)


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5),
    slope=st.floats(-1e6, 1e6),
    lr=st.floats(1e-6, 1e3),
)
def test_step_moves_against_the_gradient(values, slope, lr):
    p = parameter(values)
    (p * slope).sum().backward()
    nn.SGD([p], lr).step()
    np.testing.assert_array_equal(p.data, np.array(values) - slope * lr)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_step_keeps_dtype_and_writes_to_no_array(dtype):
    p = parameter([1.0, 2.0], dtype)
    before = p.data
    (p * p).sum().backward()
    gradient = p.grad.data.copy()
    nn.SGD([p], 0.1).step()
    assert p.dtype == dtype
    assert before.tolist() == [1.0, 2.0]
    assert p.data.tolist() != [1.0, 2.0]
    np.testing.assert_array_equal(p.grad.data, gradient)


def test_a_parameter_without_gradient_is_left_alone():
    p, q = parameter([1.0]), parameter([1.0])
    q.sum().backward()
    nn.SGD([p, q], 0.5).step()
    assert (p.tolist(), q.tolist()) == ([1.0], [0.5])
    assert p.grad is None


def test_gradients_accumulate_until_zero_grad():
    p = parameter([1.0])
    sgd = nn.SGD([p], 0.1)
    p.sum().backward()
    p.sum().backward()
    assert p.grad.tolist() == [2.0]
    sgd.zero_grad()
    assert p.grad is None


def test_a_shared_parameter_moves_once():
    p = parameter([1.0])
    p.sum().backward()
    nn.SGD([p, p], 0.1).step()
    assert p.tolist() == [0.9]


def test_step_records_nothing_and_works_in_any_mode():
    p = parameter([1.0])
    p.sum().backward()
    sgd = nn.SGD([p], 0.1)
    with tg.no_grad():
        sgd.step()
    assert tg.is_grad_enabled()
    assert p.requires_grad
    (p * p).sum().backward()  # a leaf still


def test_parameters_may_come_from_an_iterator_and_lr_may_change():
    p = parameter([1.0])
    sgd = nn.SGD(iter([p]), np.float32(0.5))
    assert sgd.lr == 0.5
    sgd.lr = 1
    p.sum().backward()
    sgd.step()
    assert p.tolist() == [0.0]
    with pytest.raises(ValueError, match="lr must be finite and at least 0, got -1"):
        sgd.lr = -1
    assert sgd.lr == 1
    sgd.lr = 0  # where a schedule ends


@pytest.mark.parametrize("lr", [0, -0.1, math.nan, math.inf, -math.inf])
def test_a_learning_rate_out_of_range_is_refused(lr):
    message = f"SGD: lr must be finite and above 0, got {lr:g}"
    with pytest.raises(ValueError, match=message):
        nn.SGD([parameter([1.0])], lr)


@pytest.mark.parametrize("lr", ["0.1", None, True, 1j, [0.1]])
def test_a_learning_rate_that_is_no_number_is_refused(lr):
    with pytest.raises(TypeError, match="SGD: lr must be a number, got"):
        nn.SGD([parameter([1.0])], lr)


def test_what_is_no_parameter_is_refused():
    with pytest.raises(ValueError, match="SGD: needs at least one parameter, got none"):
        nn.SGD(nn.ReLU().parameters(), 0.1)
    with pytest.raises(TypeError, match=r"got ndarray at 1; use model\.parameters"):
        nn.SGD([parameter([1.0]), np.ones(2)], 0.1)
    with pytest.raises(ValueError, match=r"the one at 0 of shape \(2,\) has not"):
        nn.SGD([tg.Tensor([1.0, 2.0])], 0.1)


def test_an_optimizer_without_change_says_so():
    p = parameter([1.0])
    p.sum().backward()
    with pytest.raises(TypeError, match="Optimizer: an Optimizer needs a method chan"):
        nn.Optimizer([p]).step()


def test_repr_shows_the_hyperparameters():
    shown = repr(nn.Momentum([parameter([1.0])], 0.1))
    assert shown == "Momentum(lr=0.1, weight_decay=0, momentum=0.9)"
