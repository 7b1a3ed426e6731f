"""Derivatives of derivatives, of every kind by every other, to any depth."""

import gc
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp import Tensor

points = st.floats(-1.5, 1.5)


def by_grad(function):
    return tg.grad(function)


def by_vjp(function):
    return lambda x: tg.vjp(function, x)[1](1.0)[0]


def by_jvp(function):
    return lambda x: tg.jvp(function, (x,), (1.0,))[1]


def by_jacobian(function):
    return tg.jacobian(function)


def by_checkpoint(function):
    return tg.grad(tg.checkpoint(function))


WAYS = [by_grad, by_vjp, by_jvp, by_jacobian, by_checkpoint]


def tanh_order(order, x):
    t = np.tanh(x)
    return [
        t,
        1 - t**2,
        -2 * t * (1 - t**2),
        (6 * t**2 - 2) * (1 - t**2),
        (16 * t - 24 * t**3) * (1 - t**2),
    ][order]


CLOSED = {
    "exp": (lambda x: tg.exp(2.0 * x), lambda n, x: 2.0**n * np.exp(2 * x)),
    "tanh": (tg.tanh, tanh_order),
    "power": (
        lambda x: x**5,
        lambda n, x: np.prod(np.arange(5, 5 - n, -1)) * x ** (5 - n),
    ),
    "quotient": (
        lambda x: 1.0 / (x + 3.0),
        lambda n, x: (-1) ** n * np.prod(np.arange(1, n + 1)) / (x + 3) ** (n + 1),
    ),
    "log": (
        lambda x: tg.log(x + 3.0),
        lambda n, x: (
            -((-1) ** n) * np.prod(np.arange(1, n)) / (x + 3) ** n
            if n
            else np.log(x + 3)
        ),
    ),
}


@pytest.mark.parametrize("name", CLOSED)
@given(x=points, ways=st.lists(st.sampled_from(WAYS), max_size=4))
@settings(max_examples=40)
def test_any_way_by_any_other_to_the_fourth_order(name, x, ways):
    function, closed = CLOSED[name]
    for way in ways:
        function = way(function)
    np.testing.assert_allclose(
        function(Tensor(x)).item(), closed(len(ways), x), rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("outer", WAYS)
@pytest.mark.parametrize("inner", WAYS)
def test_perturbations_are_not_confused(outer, inner):
    # d/dx [x · d/dy (x + y)] = 1, and 2 for whoever takes one for the other.
    found = outer(lambda x: x * inner(lambda y: x + y)(Tensor(1.0)))(Tensor(1.0))
    assert found.item() == 1.0
    # The same where the inner point is the outer variable: d/dx (x · x) = 2x.
    found = outer(lambda x: inner(lambda y: x * y)(x) * x)(Tensor(3.0))
    assert found.item() == 6.0


@given(x=points, ways=st.tuples(*[st.sampled_from(WAYS)] * 3))
@settings(max_examples=40)
def test_variables_of_three_levels_are_kept_apart(x, ways):
    one, two, three = ways

    def first(a):
        def second(b):
            return a * b * three(lambda c: a * b * b * c * c)(b)  # 2 a² b⁴

        return two(second)(a)  # 8 a⁵

    np.testing.assert_allclose(
        one(first)(Tensor(x)).item(), 40 * x**4, rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("way", WAYS)
def test_a_variable_from_outside_is_seen_through_every_way(way):
    w = Tensor(2.0, requires_grad=True)
    way(lambda x: w * w * x * x)(Tensor(3.0)).backward()
    assert w.grad.item() == 2 * 2 * 2 * 3.0
    way(lambda x: x * x * x)(w).backward()
    assert w.grad.item() == 24.0 + 6 * 2.0


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_recorded_inside_no_grad(way):
    w = Tensor(2.0, requires_grad=True)
    with tg.no_grad():
        slope = way(lambda x: w * x * x)(Tensor(3.0))
        second = way(way(lambda x: w * x * x))(w)
    assert slope.item() == 12.0
    assert second.item() == 4.0
    assert not slope.requires_grad
    assert not second.requires_grad


@pytest.mark.parametrize("way", WAYS)
def test_what_is_computed_in_no_grad_is_a_constant(way):
    def function(x):
        with tg.no_grad():
            constant = x * x
        return constant * x

    assert way(function)(Tensor(3.0)).item() == 9.0
    assert way(lambda x: x.detach() * x)(Tensor(3.0)).item() == 3.0

    def slope_as_constant(x):
        with tg.no_grad():
            slope = way(lambda y: y * y)(x)
        return slope * x

    assert way(slope_as_constant)(Tensor(3.0)).item() == 6.0


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left_to_differentiate_where_nobody_can(way):
    found = way(lambda x: way(lambda y: x * y * y)(Tensor(3.0)))(Tensor(2.0))
    assert found.item() == 6.0
    assert not found.requires_grad


def test_values_are_free_of_their_graph_where_nobody_can_differentiate_them():
    for value in (
        tg.vjp(lambda x: x * 2.0, 1.0)[0],
        tg.jvp(lambda x: x * 2.0, (1.0,), (1.0,))[0],
        tg.vjp(lambda x: x, 1.0)[0],
        tg.value_and_grad(lambda x: x * 2.0)(1.0)[0],
    ):
        assert not value.requires_grad
    w = Tensor(2.0, requires_grad=True)
    for value in (
        tg.vjp(lambda x: x * w, 1.0)[0],
        tg.jvp(lambda x: x * 1.0, (w,), (1.0,))[0],
    ):
        assert value.requires_grad


def test_a_parameter_that_is_made_in_the_function_can_be_trained():
    held = []

    def function(x):
        if not held:
            held.append(Tensor(2.0, requires_grad=True))
        return held[0] * x

    value, slope = tg.value_and_grad(function)(3.0)
    value.backward()
    assert held[0].grad.item() == 3.0
    assert slope.requires_grad


def test_a_derivative_inside_a_trained_loss():
    # Physics-informed: the loss holds a second derivative of the network.
    rng = np.random.default_rng(0)
    W = Tensor(rng.normal(size=(1, 8)), requires_grad=True)
    V = Tensor(rng.normal(size=(8, 1)), requires_grad=True)

    def u(x):
        return (tg.tanh(tg.reshape(x, shape=(1, 1)) @ W) @ V).sum()

    def loss():
        curvature = tg.grad(tg.grad(u))(0.3)
        return (curvature + u(Tensor(0.3))) ** 2

    loss().backward()
    for parameter in (W, V):
        gradient = parameter.grad.data.copy()
        step = np.zeros(parameter.shape)
        step.flat[3] = 1e-6
        ends = []
        for sign in (1, -1):
            with tg.no_grad():
                parameter += sign * step
            ends.append(loss().item())
            with tg.no_grad():
                parameter -= sign * step
        slope = (ends[0] - ends[1]) / 2e-6
        np.testing.assert_allclose(gradient.flat[3], slope, rtol=1e-6)


def test_hooks_of_results_inside_are_called():
    def function(x):
        y = x * 3.0
        y.register_hook(lambda g: g * 10)
        return y

    assert tg.grad(function)(1.0).item() == 30.0
    assert tg.vjp(function, 1.0)[1](2.0)[0].item() == 60.0
    assert tg.grad(tg.checkpoint(function))(1.0).item() == 30.0


# --- what it leaves behind -------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_threads_do_not_disturb_each_other(way):
    numbers = np.linspace(0.1, 1.0, 8)
    found = {}

    def work(x):
        for _ in range(20):
            found[x] = way(way(lambda y: y * y * y))(Tensor(x)).item()

    threads = [threading.Thread(target=work, args=(x,)) for x in numbers]
    with tg.no_grad():  # of this thread alone
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    np.testing.assert_allclose([found[x] for x in numbers], 6 * numbers)


def test_one_pull_serves_many_threads():
    _, pull = tg.vjp(lambda x: tg.exp(x) * x, np.ones(3))
    found = {}

    def work(k):
        for _ in range(20):
            found[k] = pull(np.full(3, float(k)))[0].data

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(6):
        np.testing.assert_allclose(found[k], k * 2 * np.e)


@pytest.mark.parametrize("outer", WAYS)
@pytest.mark.parametrize("inner", WAYS)
def test_graphs_are_freed_by_reference_counting_alone(outer, inner):
    def function(w):
        return outer(inner(lambda x: tg.exp(w * x) * x))(Tensor(1.0))

    gc.collect()
    gc.disable()
    try:
        w = Tensor(2.0, requires_grad=True)
        found = function(w)
        assert found.requires_grad
        alive = [weakref.ref(w), weakref.ref(found)]
        del w, found
        assert [ref() for ref in alive] == [None, None]
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_chain_of_any_length_is_differentiated_forward():
    def long(x):
        for _ in range(20_000):
            x = x * 1.0
        return x

    assert tg.jvp(long, (2.0,), (3.0,))[1].item() == 3.0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtypes_are_kept(dtype):
    x, t = np.ones(3, dtype), np.full(3, 2.0, dtype)

    def function(x):
        return tg.tanh(x * 0.5) * x.sum()

    def loss(x):
        return function(x).sum()

    for result in (
        tg.grad(loss)(x),
        tg.vjp(function, x)[1](t)[0],
        *tg.jvp(function, (x,), (t,)),
        tg.jacobian(function)(x),
        tg.hessian(loss)(x),
        tg.hvp(loss, (x,), (t,))[0],
        tg.grad(tg.checkpoint(loss))(x),
        tg.jvp(tg.grad(loss), (x,), (t,))[1],
    ):
        assert result.dtype == dtype
