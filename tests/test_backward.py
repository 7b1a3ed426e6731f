"""The engine below `Tensor.backward`: turns, and sums of large cotangents."""

import copy
import sys
import tracemalloc
import weakref
from concurrent.futures import ThreadPoolExecutor
from random import Random

import numpy as np
import pytest

import tinygrad_jp as tg
from tinygrad_jp import graph
from tinygrad_jp.backward import backpropagate
from tinygrad_jp.ops.source import bare_call, call_source

LARGE = (200, 100)
"""160,000 bytes of float64: above what is added up in place."""


def ones(**keywords):
    return tg.Tensor(np.ones(LARGE), requires_grad=True, **keywords)


# --- turns -----------------------------------------------------------------------


class Stub:
    live = True

    def __init__(self, order, inputs=()):
        self.order = order
        self.inputs = inputs
        self.rule = None if not inputs else "op"


@pytest.mark.parametrize("seed", range(20))
def test_a_node_has_its_turn_after_all_its_users(seed):
    random = Random(seed)
    nodes = [Stub(1)]
    for order in range(2, 60):
        nodes.append(Stub(order, random.sample(nodes, min(len(nodes), 3))))
    line = graph.Line()
    known = {nodes[-1]}
    line.came.append(nodes[-1])
    orders = []
    while line.came or line.waiting:
        node = line.youngest()
        orders.append(node.order)
        for u in node.inputs:
            if u.rule is not None and u not in known:
                known.add(u)
                line.came.append(u)
    assert orders == sorted(set(orders), reverse=True)
    reachable = {n.order for n in graph.walk([nodes[-1]]) if n.rule is not None}
    assert set(orders) == reachable


def test_nodes_that_are_older_than_asked_for_keep_their_cotangents():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    old = x * 2.0
    older = x * 3.0
    since = graph.tick()
    y = (old + older * 1.0) * 5.0
    found = backpropagate([(y._node, np.ones(2))], retain=False, since=since)
    assert {node: g.tolist() for node, g in found.items()} == {
        old._node: [5.0, 5.0],
        older._node: [5.0, 5.0],
    }


# --- sums in place ---------------------------------------------------------------


def full(value):
    return tg.Tensor(np.full(LARGE, value))


def fanned_out(x, uses):
    total = x * full(1.0)
    for i in range(2, uses + 1):
        total = total + x * full(float(i))
    return total.sum()


def test_large_cotangents_are_added_up_without_new_arrays():
    x = ones()
    fanned_out(x, 3).backward()
    x.grad = None
    loss = fanned_out(x, 30)
    tracemalloc.start()
    loss.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert x.grad.data[0, 0] == 30 * 31 / 2
    assert peak < 2.2 * x.data.nbytes  # the sum, and what is added to it


def test_a_gradient_of_its_own_is_not_copied():
    x, y = ones(), ones()
    w = full(3.0)
    loss = (x * w + y).sum()
    tracemalloc.start()
    loss.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.2 * x.data.nbytes
    assert not np.shares_memory(x.grad.data, y.grad.data)


def test_a_gradient_that_somebody_holds_is_copied():
    held = np.full(LARGE, 2.0)

    @tg.rule(vjp=lambda g: held)
    def doubled(x, /):
        return x * 2.0

    x, y = ones(), ones()
    (doubled(x) + doubled(y)).sum().backward(np.float64(1.0))
    arrays = [held, x.grad.data, y.grad.data]
    for i in range(3):
        assert not np.shares_memory(arrays[i], arrays[i - 1])


def test_a_gradient_that_a_vjp_keeps_is_not_written_to():
    kept = np.full(LARGE, 2.0)

    @tg.rule(vjp=lambda g: kept)
    def doubled(x, /):
        return x * 2.0

    x = ones()
    (x * 3.0 + doubled(x) + doubled(x)).sum().backward()
    assert x.grad.data[0, 0] == 7.0
    assert (kept == 2.0).all()


def test_a_cotangent_that_was_handed_in_is_not_written_to():
    given = np.full(LARGE, 2.0)
    x = ones()
    y = x * 1.0
    found = backpropagate([(y._node, given), (y._node, np.ones(LARGE))], retain=False)
    assert found[x._node][0, 0] == 3.0
    assert (given == 2.0).all()


def test_a_gradient_that_a_hook_has_seen_is_not_written_to():
    seen = []
    x = ones()
    older = x * 5.0
    y = x + 0.0  # hands its own cotangent on
    y.register_hook(lambda g: seen.append(g))
    (older + y * 2.0).sum().backward()
    assert x.grad.data[0, 0] == 7.0
    assert (seen[0].data == 2.0).all()


def test_gradients_that_two_operands_share_stay_apart():
    a, b = ones(), ones()
    older = a * full(2.0) + b * full(3.0)
    (older + (a + b) * full(1.0)).sum().backward()
    assert a.grad.data[0, 0] == 3.0
    assert b.grad.data[0, 0] == 4.0


# --- plain calls -----------------------------------------------------------------


def test_a_function_that_calls_a_ufunc_alone_is_that_ufunc():
    def plain(x, y, /):
        """With a docstring."""
        return np.multiply(x, y)

    def swapped(x, y, /):
        return np.multiply(y, x)

    def more(x, /):
        return np.exp(x) + 1

    def not_a_ufunc(x, /):
        return np.sort(x)

    def by_keyword(x, /):
        return np.add(x, x)

    assert bare_call(plain) is np.multiply
    for function in (swapped, more, not_a_ufunc, by_keyword):
        assert bare_call(function) is function


def test_another_np_is_not_numpy():
    space = {"np": sys}
    exec("def plain(x, /):\n    return np.exp(x)", space)
    assert bare_call(space["plain"]) is space["plain"]


def test_short_vjps_are_written_out():
    def written(vjp, *arguments):
        return call_source("vjp_x", vjp, [*arguments])

    assert written(lambda g: g, "g") == "g"
    assert written(lambda g: -g, "g") == "-g"
    assert written(lambda g, y: g * y, "g", "y") == "g * y"
    assert written(lambda g, out: g / out, "g", "node.a_given") == "g / node.a_given"


def test_other_vjps_are_called():
    factor = 3.0
    for vjp, arguments in (
        (lambda g: +g, "g"),
        (lambda g, y: y * g, "g, y"),
        (lambda g, y: g * g, "g, y"),
        (lambda g, y: g, "g, y"),
        (lambda g: g * factor, "g"),
        (lambda g: g * 2.0, "g"),
    ):
        assert call_source("vjp_x", vjp, arguments.split(", ")) == f"vjp_x({arguments})"


# --- what users write ------------------------------------------------------------


def test_a_copy_and_its_original_both_get_their_gradient():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    z = copy.deepcopy(y)
    (y + z).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_metadata_of_a_rule_stays_a_keyword():
    @tg.rule(vjp=lambda g, factor: g * factor)
    def times(x, /, factor):
        return np.multiply(x, factor)

    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    times(x, factor=3.0).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_operands_of_any_number_are_not_taken_for_an_out():
    @tg.rule(vjp=lambda g, out: [g * part for part in out])
    def all_exp(*arrays):
        return np.exp(arrays)

    a, b = tg.Tensor([0.0, 0.0]), tg.Tensor([1.0, 1.0])
    assert all_exp(a, b).shape == (2, 2)
    assert b.tolist() == [1.0, 1.0]


def test_an_elementwise_rule_of_any_number_of_operands_is_recorded():
    @tg.rule(vjp=lambda g, arrays_shape: [g] * len(arrays_shape), elementwise=True)
    def added(*arrays):
        return arrays[0] + arrays[1]

    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    added(x, x).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("name", ["out", "node", "g", "x_node", "_hidden", "vjp_x"])
def test_a_parameter_that_the_engine_has_a_use_for_is_refused(name):
    space = {"tg": tg}
    text = f"def kw(x, /, {name}): return x"
    with pytest.raises(TypeError, match=f"cannot be called '{name}'"):
        exec(f"@tg.rule(vjp=None)\n{text}", space)


def test_the_names_of_modes_and_shapes_are_free():
    @tg.rule(vjp=lambda g, mode, shape: g * mode * shape)
    def scaled(x, /, mode, shape):
        return x * mode * shape

    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    scaled(x, mode=2.0, shape=3.0).sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]


def test_threads_that_meet_a_new_rule_at_once_share_its_nodes():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(100):
            rule = tg.rule(vjp=lambda g: g)(plain_copy)
            with ThreadPoolExecutor(4) as pool:
                found = list(pool.map(lambda _, r=rule: r.node, range(4)))
            assert len(set(found)) == 1
    finally:
        sys.setswitchinterval(before)


def plain_copy(x, /):
    return x * 1.0


def test_a_cotangent_that_may_not_be_written_to_is_not():
    @tg.rule(vjp=lambda g: locked(g))
    def doubled(x, /):
        return x * 2.0

    def locked(g):
        made = g * full(2.0).data
        made.flags.writeable = False
        return made

    x = ones()
    (x * 3.0 + doubled(x)).sum().backward()
    assert x.grad.data[0, 0] == 5.0


def test_a_cotangent_that_is_known_weakly_is_not_written_to():
    known = []

    @tg.rule(vjp=lambda g: remembered(g * full(2.0).data))
    def doubled(x, /):
        return x * 2.0

    def remembered(made):
        known.append(weakref.ref(made))
        return made

    x = ones()
    x.register_hook(lambda g: seen.append(known[0]()))
    seen = []
    (x * 3.0 + doubled(x)).sum().backward()
    assert x.grad.data[0, 0] == 5.0
    assert seen[0] is None or (seen[0] == 2.0).all()
