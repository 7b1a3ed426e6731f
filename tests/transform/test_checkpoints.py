"""Checkpoints: the same values and gradients, less memory, and no wrong gradient."""

import copy
import gc
import pickle
import threading
import tracemalloc
import weakref
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.backward import backpropagate
from tinygrad_jp.graph import tick, walk


def parameter(values):
    return Tensor(np.asarray(values, np.float64), requires_grad=True)


def ops_of(tensor):
    return [node.rule.name for node in walk([tensor._node]) if node.rule]


def gradients(loss, parameters):
    """What backward gives, by parameter, to the second order."""

    def taken():
        # Of an unused part of several results the gradient is zero, not None.
        return [
            np.zeros(p.shape) if p.grad is None else p.grad.data for p in parameters
        ]

    for p in parameters:
        p.grad = None
    loss().backward()
    found = taken()
    for p in parameters:
        p.grad = None
    loss().backward(create_graph=True)
    firsts = [(k, p.grad) for k, p in enumerate(parameters) if p.grad is not None]
    for p in parameters:
        p.grad = None
    total = sum([(g * g * (k + 1)).sum() for k, g in firsts], Tensor(0.0))
    if total.requires_grad:
        total.backward()
    found += taken()
    for p in parameters:
        p.grad = None
    return found


def assert_equal_gradients(make_loss, parameters):
    """`make_loss` gets `tg.checkpoint`, or what leaves a function as it is."""
    plain = make_loss(lambda function: function)
    checked = make_loss(tg.checkpoint)
    np.testing.assert_array_equal(plain().data, checked().data)
    for one, other in zip(
        gradients(plain, parameters), gradients(checked, parameters), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


# --- the same gradients ------------------------------------------------------------


class Pair(NamedTuple):
    one: Any
    other: Any


W = parameter([[0.5, -0.2], [0.3, 0.8]])
x = parameter([[1.0, 2.0]])
v = parameter([0.7, -0.4])


def one_layer(check):
    return lambda: check(lambda x: tg.tanh(x @ W))(x).sum()


def a_chain(check):
    layer = check(lambda x: tg.tanh(x @ W) * 2.0)
    return lambda: layer(layer(layer(x))).sum()


def one_inside_another(check):
    inner = check(lambda x, v: tg.exp(x * v) + x)
    middle = check(lambda x: inner(tg.tanh(x @ W), v) * inner(x, v))
    outer = check(lambda x: middle(x) + inner(x, x))
    return lambda: outer(x).sum()


def an_argument_twice(check):
    function = check(lambda a, b: (a * b * a).exp())
    return lambda: function(v, v).sum()


def an_argument_that_is_also_closed_over(check):
    function = check(lambda a: (a * v * a).exp() + v)
    return lambda: function(v).sum()


def captured_values_that_are_computed_one_from_another(check):
    def loss():
        h = v * v
        k = tg.exp(h) + h
        function = check(lambda a: (a * h * k + v * h).tanh())
        return (function(k) * h).sum()

    return loss


def an_argument_that_is_returned(check):
    function = check(lambda a, b: (a, b * a, a, v))
    return lambda: sum([(k * part).sum() for k, part in enumerate(function(v, v * v))])


def results_in_containers(check):
    def function(a):
        return {"p": Pair(a * a, [tg.exp(a).sum()]), "none": None, "n": tg.argmax(a)}

    def loss():
        found = check(function)(v)
        assert type(found["p"]) is Pair
        assert found["none"] is None
        assert not found["n"].requires_grad
        return (found["p"].one * found["p"].other[0]).sum()

    return loss


def arguments_in_containers(check):
    def function(params, *, x, scale):
        return tg.tanh(x @ params["W"][0]) * params["pair"].one * scale

    def loss():
        params = {"W": [W], "pair": Pair(v, None)}
        return check(function)(params, x=x, scale=2).sum()

    return loss


def a_part_of_it_unused(check):
    function = check(lambda a, b: (a * a, b * b))
    return lambda: function(v, x)[0].sum()


def constants_and_no_grad_inside(check):
    def function(a):
        with tg.no_grad():
            shift = a.max()
        with tg.scope("inside"):
            return tg.exp(a - shift) * np.array([1.0, 2.0]) + a.detach()

    return lambda: check(function)(v * 2.0).sum()


def derivatives_inside(check):
    def function(a):
        slope = tg.grad(lambda y: (y * y * y * v).sum())(a)
        return slope * tg.jvp(lambda y: tg.tanh(y * v), (a,), (v,))[1]

    return lambda: check(function)(v + 1.0).sum()


def kept_gradients_and_hooks_inside(check):
    def function(a):
        h = a * 3.0
        h.register_hook(lambda g: g * 10)
        return tg.tanh(h)

    return lambda: check(function)(v).sum()


LOSSES = [
    one_layer,
    a_chain,
    one_inside_another,
    an_argument_twice,
    an_argument_that_is_also_closed_over,
    captured_values_that_are_computed_one_from_another,
    an_argument_that_is_returned,
    results_in_containers,
    arguments_in_containers,
    a_part_of_it_unused,
    constants_and_no_grad_inside,
    derivatives_inside,
    kept_gradients_and_hooks_inside,
]


@pytest.mark.parametrize("make_loss", LOSSES, ids=lambda made: made.__name__)
def test_gradients_are_the_same_to_the_second_order(make_loss):
    assert_equal_gradients(make_loss, [W, x, v])


@pytest.mark.parametrize("make_loss", LOSSES, ids=lambda made: made.__name__)
def test_forward_mode_goes_through(make_loss):
    # Along the gradient of another path to the same parameters.
    def slope(check):
        def along(t):
            loss = make_loss(check)
            return tg.jvp(lambda s: loss() * s, (t,), (1.0,))[1]

        return along(2.0)

    np.testing.assert_allclose(
        slope(tg.checkpoint).data, slope(lambda function: function).data, rtol=1e-12
    )


STEPS = [
    lambda a, b: a * b,
    lambda a, b: tg.tanh(a) + b,
    lambda a, b: a - b * 0.5,
    lambda a, b: tg.exp(a * 0.1) * b.mean(),
    lambda a, b: (a, b)[0].sum() * b * 0.2,
]


@given(data=st.data())
@settings(max_examples=40)
def test_any_program_with_any_part_of_it_checkpointed(data):
    # Each step takes two values that are there; some steps are done in one
    # checkpoint, which takes what it needs by argument or from around it.
    count = data.draw(st.integers(2, 7))
    steps = [
        (data.draw(st.sampled_from(STEPS)), data.draw(places(i)), data.draw(places(i)))
        for i in range(count)
    ]
    cuts = sorted(data.draw(st.sets(st.integers(0, count), max_size=4)))
    by_argument = data.draw(st.booleans())

    def run(check):
        values = [v * 1.0, v * v]
        for start, stop in zip([0, *cuts], [*cuts, count]):

            def part(*given, start=start, stop=stop, values=values):
                known = list(given or values)
                for step, i, j in steps[start:stop]:
                    known.append(step(known[i], known[j]))
                return known[len(given or values) :]

            before = tuple(values)
            given = before if by_argument else ()
            values = [*before, *check(part)(*given, values=before)]
        return values[-1].sum()

    assert_equal_gradients(lambda check: lambda: run(check), [v])


def places(step):
    return st.integers(0, step + 1)


def test_a_layer_s_parameters_are_found():
    rng = np.random.default_rng(0)
    layer = nn.Affine(2, 3, rng=rng)
    model = nn.Sequential(layer, nn.ReLU(), nn.Affine(3, 1, rng=rng))
    assert_equal_gradients(
        lambda check: lambda: check(model)(x).sum(), [x, *model.parameters()]
    )


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_closed_forms_through_nested_checkpoints(order):
    inner = tg.checkpoint(lambda x: tg.exp(2.0 * x))
    function = tg.checkpoint(lambda x: inner(x) * 1.0)
    for _ in range(order):
        function = tg.checkpoint(tg.grad(function))
    np.testing.assert_allclose(function(0.5).item(), 2**order * np.e)


def test_the_dtype_of_each_result_is_kept():
    single = Tensor(np.ones(2, np.float32), requires_grad=True)

    def function(a):
        return a * 3.0, tg.astype(a, dtype=np.float64) * 0.1, a.sum()

    results = tg.checkpoint(function)(single)
    plain = function(single)
    for one, other in zip(results, plain):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one.data, other.data)
    (results[0].sum() + results[1].sum()).backward()
    assert single.grad.dtype == np.float32
    np.testing.assert_allclose(single.grad, 3.1)


# --- how it is done ----------------------------------------------------------------


def test_it_runs_once_and_once_again():
    runs = []

    @tg.checkpoint
    def function(a):
        runs.append(tg.is_grad_enabled())
        return a * a, a + 1.0, [a.sum()]

    one, two, (three,) = function(v)
    assert len(runs) == 1
    (one.sum() + two.sum() * three).backward(retain_graph=True)
    assert len(runs) == 2
    one.sum().backward()
    assert len(runs) == 3
    with pytest.raises(tg.GraphError, match=r"checkpoint: .*retain_graph=True"):
        one.sum().backward()
    v.grad = None


def test_where_nothing_is_recorded_it_is_the_function_itself():
    sentinel = object()
    with tg.no_grad():
        assert tg.checkpoint(lambda: sentinel)() is sentinel
        assert not tg.checkpoint(lambda a: a * 2.0)(v).requires_grad
    assert tg.checkpoint(lambda a: a * 2.0)([1.0, 2.0] * Tensor(1.0))._node is None


def test_it_looks_like_the_function():
    def layer(a):
        """A layer."""

    assert tg.checkpoint(layer).__name__ == "layer"
    assert tg.checkpoint(layer).__doc__ == "A layer."


def test_the_graph_holds_one_node_for_a_call():
    y = tg.checkpoint(lambda a, b: tg.tanh(a @ W).exp() * b)(x, Tensor([1.0, 2.0]))
    assert ops_of(y) == ["checkpoint"]
    assert set(y._node.inputs) >= {x._node, W._node}


def test_the_debug_mode_looks_inside():
    a = parameter([1.0, 0.0])
    with tg.detect_anomaly(), np.errstate(divide="ignore"):
        loss = tg.checkpoint(lambda a: tg.sqrt(a) * 2.0)(a).sum()
        with pytest.raises(ArithmeticError, match=r"^sqrt: .*inf at \[1\]"):
            loss.backward()


def test_a_result_keeps_its_gradient_where_it_is_asked_to():
    y = tg.checkpoint(lambda a: a * a)(v)
    y.retain_grad()
    seen = []
    y.register_hook(lambda g: seen.append(g.tolist()) or g * 2)
    (y * 3.0).sum().backward()
    assert seen == [[3.0, 3.0]]
    assert y.grad.tolist() == [6.0, 6.0]
    np.testing.assert_allclose(v.grad, 12.0 * v.data)
    v.grad = None


def test_a_picture_shows_it():
    y = tg.checkpoint(lambda a, b: tg.tanh(a @ W) * b)(x, Tensor([1.0, 2.0])).sum()
    source = tg.draw(y).dot
    assert "checkpoint" in source
    assert "tanh" not in source


def test_it_saves_memory():
    layers, size = 64, 20_000
    start = np.linspace(-1, 1, size)

    def peak(part, count):
        a = Tensor(start, requires_grad=True)
        tracemalloc.start()
        h = a
        for _ in range(count):
            h = part(h)
        h.sum().backward()
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found / start.nbytes

    def part(h):
        for _ in range(8):
            h = tg.tanh(h)
        return h

    assert peak(part, layers // 8) > layers
    # Eight arrays between the parts, and eight or a few more within one of them.
    assert peak(tg.checkpoint(part), layers // 8) < 8 + 8 + 6


def test_what_it_holds_is_freed_by_reference_counting_alone():
    def function(w):
        layer = tg.checkpoint(lambda a: tg.tanh(a @ w))
        loss = (layer(layer(x)) ** 2).sum()
        loss.backward(create_graph=True)
        return loss

    gc.collect()
    gc.disable()
    try:
        w = parameter(W.data)
        loss = function(w)
        slope = tg.grad(tg.grad(tg.checkpoint(lambda a: a * a * a)))(parameter(1.0))
        alive = [weakref.ref(t) for t in (loss, slope, w, w.grad)]
        w.grad = x.grad = None  # a gradient that is recorded leads back to its layer
        del w, loss, slope
        assert [ref() for ref in alive] == [None] * 4
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_an_argument_and_its_recorded_gradient_make_no_cycle():
    def function(w, b):
        layer = tg.checkpoint(lambda a, params: tg.tanh(a @ params[0]))
        loss = (layer(layer(b, [w]), [w]) ** 2).sum()
        loss.backward(create_graph=True)

    gc.collect()
    gc.disable()
    try:
        w, b = parameter(W.data), parameter([[1.0, 2.0]])
        function(w, b)
        alive = [weakref.ref(t) for t in (w, b, w.grad, b.grad)]
        del w, b
        assert [ref() for ref in alive] == [None] * 4
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_what_it_keeps_is_released():
    alive = []

    def function(a):
        return a * 2.0

    a = v * 1.0
    y = tg.checkpoint(function)(a)
    alive.append(weakref.ref(a._data))
    del a
    assert alive[0]() is not None
    y.sum().backward()
    assert alive[0]() is None
    v.grad = None


def test_backward_may_run_in_another_thread():
    loss = tg.checkpoint(lambda a: (a * a).sum())(v)
    thread = threading.Thread(target=loss.backward)
    thread.start()
    thread.join()
    np.testing.assert_array_equal(v.grad, 2 * v.data)
    v.grad = None


def test_a_copied_graph_has_its_gradients_too():
    a = parameter([1.0, 2.0])
    loss = (tg.checkpoint(lambda b: b * b * b)(a)).sum()
    a2, loss2 = copy.deepcopy((a, loss))
    loss2.backward(retain_graph=True)
    assert a.grad is None
    np.testing.assert_array_equal(a2.grad, 3 * a.data**2)
    with pytest.raises(tg.GraphError, match=r"of a copied graph .* not recorded"):
        loss2.backward(create_graph=True)
    with pytest.raises(pickle.PicklingError, match=r"checkpoint: .* a function"):
        pickle.dumps(loss)


# --- the walk that stops at what was there before ----------------------------------


def test_a_walk_stops_at_older_nodes():
    a = v * 1.0
    b = a * a
    other = x * 1.0
    since = tick()
    c = b * 2.0
    d = c.sum() * other
    found = {node for node in walk([d._node, a._node], since=since) if node.live}
    assert found == {a._node, b._node, other._node, d._node, *d._node.inputs, c._node}
    assert set(walk([b._node], since=since)) == {b._node}


def test_cotangents_stop_at_older_nodes_and_are_whole():
    a = v * 1.0
    b = a * a  # b leads to a, but not within the part
    since = tick()
    c = (b * a).sum() * 2.0
    found = backpropagate([(c._node, np.array(1.0))], retain=True, since=since)
    assert set(found) == {a._node, b._node}
    np.testing.assert_array_equal(found[a._node], 2 * b.data)
    np.testing.assert_array_equal(found[b._node], 2 * a.data)
    wide = Tensor(np.ones((100, 100)), requires_grad=True) * 1.0
    since = tick()
    found = backpropagate([(wide.sum()._node, np.array(3.0))], retain=True, since=since)
    assert found[wide._node].shape == (100, 100)
    assert (found[wide._node] == 3.0).all()
