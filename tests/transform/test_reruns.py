"""Checkpoints whose second run is not the first: an error, never a wrong gradient."""

import numpy as np
import pytest

import tinygrad_jp as tg
from tinygrad_jp import Tensor


def parameter(values):
    return Tensor(np.asarray(values, np.float64), requires_grad=True)


v = parameter([0.7, -0.4])
rng = np.random.default_rng(0)
scale = parameter([1.0, 1.0])
calls = []


def draws_a_mask(a):
    return (a * (rng.permutation(64) < 32)).sum()


def draws_a_number(a):
    return a * rng.random()


def draws_what_no_gradient_sees(a):
    return a + rng.random(64)


def branches(a):
    calls.append(1)
    return tg.tanh(a) if len(calls) % 2 else tg.exp(a)


def grows(a):
    calls.append(1)
    for _ in calls:
        a = a * 1.0
    return a


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (draws_a_mask, "multiply met another y"),
        (draws_a_number, "multiply met another y"),
        (draws_what_no_gradient_sees, "result met another value"),
        (branches, "it recorded exp in place of tanh|tanh in place of exp"),
        (grows, "it recorded more ops"),
        (lambda a: draws_a_number(a).exp() * 0.0, "multiply met another"),
        (lambda a: tg.checkpoint(draws_a_mask)(a) * 1.0, "met another"),
        (lambda a: a[rng.permutation(64)[:32]] * 1.0, "getitem met another index"),
    ],
)
@pytest.mark.parametrize("create_graph", [False, True])
def test_randomness_is_an_error_even_where_the_result_is_the_same(
    function, message, create_graph
):
    # At 0 most results are the same for all numbers drawn; the gradients are not.
    a = Tensor(np.zeros(64), requires_grad=True)
    loss = tg.checkpoint(function)(a).sum()
    with pytest.raises(tg.GraphError, match=message) as caught:
        loss.backward(create_graph=create_graph)
    assert "computed again for its gradient" in str(caught.value)
    assert a.grad is None


def test_a_parameter_that_has_changed_is_an_error():
    a = parameter(np.zeros(2))
    loss = tg.checkpoint(lambda a: (a * scale).sum())(a)
    with tg.no_grad():
        scale.__isub__(0.5)
    with pytest.raises(tg.GraphError, match=r"<lambda> .*: multiply met another y"):
        loss.backward()
    assert a.grad is None
    assert scale.grad is None


def test_an_array_that_has_changed_is_an_error():
    a = parameter(np.zeros(2))
    numbers = np.array([1.0, 2.0])
    for loss in (
        tg.checkpoint(lambda a, b=numbers: (a * b).sum())(a),
        tg.checkpoint(lambda a, b: (a * b).sum())(a, numbers),
        tg.checkpoint(lambda a, b: (a * b).sum())(a, b=tg.asarray(numbers)),
    ):
        numbers += 1.0
        with pytest.raises(tg.GraphError, match="multiply met another y"):
            loss.backward()


def test_another_tensor_of_the_same_numbers_is_an_error():
    held = {"w": parameter([3.0])}
    a = parameter([2.0])
    loss = tg.checkpoint(lambda a: (a * held["w"]).sum())(a)
    old = held["w"]
    held["w"] = parameter([3.0])
    with pytest.raises(tg.GraphError, match="it used other tensors than before"):
        loss.backward()
    held["w"] = old
    loss = tg.checkpoint(lambda a: (a * held["w"]).sum())(a)
    loss.backward()
    assert old.grad.tolist() == [2.0]


def test_arguments_are_kept_as_they_were():
    # An update, or another entry in a container, makes no difference to them.
    w, a = parameter([3.0]), parameter([2.0])
    params = {"w": w}
    loss = tg.checkpoint(lambda p, a: (p["w"] * a * a).sum())(params, a)
    with tg.no_grad():
        w -= 1.0
    params["w"] = None
    loss.backward()
    assert w.grad.tolist() == [4.0]
    assert a.grad.tolist() == [12.0]


def test_a_parameter_that_is_made_in_the_first_run_is_trained():
    held = []

    def function(a):
        if not held:
            held.append(parameter([2.0]))
        return a * held[0]

    a = parameter([5.0])
    tg.checkpoint(function)(a).sum().backward()
    assert held[0].grad.tolist() == [5.0]
    assert a.grad.tolist() == [2.0]


def test_what_it_may_return():
    with pytest.raises(TypeError, match=r"checkpoint: .* Tensors, got ndarray for res"):
        tg.checkpoint(lambda a: (a, a.numpy()))(v)
    with pytest.raises(TypeError, match=r'got float for result\["loss"\]'):
        tg.checkpoint(lambda a: {"loss": 1.0})(v)


def test_an_error_inside_is_the_function_s_own():
    with pytest.raises(ZeroDivisionError):
        tg.checkpoint(lambda a: a * (1 / 0))(v)
