"""`tg.grad`, `tg.value_and_grad` and `backward(create_graph=True)`."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp import Tensor


@given(st.floats(-2.0, 2.0), st.integers(0, 4))
def test_grad_nests_to_any_depth(x, order):
    function = tg.tanh
    expected = {
        0: lambda t: t,
        1: lambda t: 1 - t**2,
        2: lambda t: -2 * t * (1 - t**2),
        3: lambda t: (6 * t**2 - 2) * (1 - t**2),
        4: lambda t: (16 * t - 24 * t**3) * (1 - t**2),
    }[order](np.tanh(x))
    for _ in range(order):
        function = tg.grad(function)
    np.testing.assert_allclose(function(x).item(), expected, atol=1e-12)


def test_grad_by_several_arguments():
    value, (gx, gy) = tg.value_and_grad(lambda x, y: (x * y).sum(), argnums=(0, 1))(
        np.array([1.0, 2.0]), np.array([3.0, 4.0])
    )
    assert value.item() == 11.0
    assert not value.requires_grad
    assert gx.tolist() == [3.0, 4.0]
    assert gy.tolist() == [1.0, 2.0]


def test_an_outer_gradient_sees_through_the_inner_one():
    w = Tensor([2.0], requires_grad=True)
    slope = tg.grad(lambda x: (w * x * x).sum())([3.0])  # 2wx
    slope.sum().backward()
    assert w.grad.tolist() == [6.0]


def test_a_captured_variable_is_not_the_argument():
    x = Tensor(3.0, requires_grad=True)
    slope = tg.grad(lambda y: x * y)(x)  # by y alone
    assert slope.item() == 3.0
    slope.backward()
    assert x.grad.item() == 1.0


def test_grad_leaves_no_trace_on_its_arguments():
    x = Tensor([1.0, 2.0], requires_grad=True)
    tg.grad(lambda y: (y * y).sum())(x)
    assert x.grad is None


def test_what_does_not_depend_has_the_gradient_zero():
    gradient = tg.grad(lambda x: Tensor(1.0, requires_grad=True) * 2.0)(np.ones(2))
    assert gradient.tolist() == [0.0, 0.0]
    assert tg.grad(lambda x: Tensor(1.0))(np.ones(2)).tolist() == [0.0, 0.0]


def test_grad_runs_no_vjp_that_does_not_lead_to_its_argument():
    calls = []

    @tg.rule(vjp=lambda g: calls.append(1) or g)
    def costly(x, /):
        return x * 1

    w = Tensor(2.0, requires_grad=True)
    assert tg.grad(lambda x: costly(w * 3.0) * x)(5.0).item() == 6.0
    assert not calls


def test_grad_works_inside_no_grad_and_records_nothing_there():
    w = Tensor(2.0, requires_grad=True)
    with tg.no_grad():
        slope = tg.grad(lambda x: w * x * x)(3.0)
    assert slope.item() == 12.0
    assert not slope.requires_grad


def test_bad_arguments_are_named():
    with pytest.raises(tg.ShapeError, match=r"one element, got \(2,\)"):
        tg.grad(lambda x: x)(np.ones(2))
    with pytest.raises(TypeError, match=r"return Tensors .* got float for result"):
        tg.grad(lambda x: 1.0)(1.0)
    with pytest.raises(tg.ShapeError, match="one element, got tuple"):
        tg.grad(lambda x: (x, x))(1.0)
    with pytest.raises(TypeError, match="grad: x must be of floating-point numbers, g"):
        tg.grad(lambda x: x)(1)


def test_backward_of_a_backward():
    x = Tensor([1.0, 2.0], requires_grad=True)
    (x * x * x).sum().backward(create_graph=True)
    first = x.grad
    np.testing.assert_allclose(first.data, [3.0, 12.0])
    x.grad = None
    first.sum().backward()
    np.testing.assert_allclose(x.grad.data, [6.0, 12.0])


def test_create_graph_accumulates_what_is_recorded():
    x = Tensor(2.0, requires_grad=True)
    (x * x).backward(create_graph=True)
    (x * x * x).backward(create_graph=True)
    total = x.grad  # 2x + 3x²
    x.grad = None
    total.backward()
    assert x.grad.item() == 2 + 6 * 2.0


def test_the_cotangent_can_be_differentiated_too():
    x = Tensor([3.0], requires_grad=True)
    v = Tensor([1.0], requires_grad=True)
    (x * x).backward(v, create_graph=True)  # 2xv
    gradient = x.grad
    gradient.backward()
    assert v.grad.tolist() == [6.0]
