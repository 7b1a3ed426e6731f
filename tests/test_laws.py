"""The laws of the engine (`tinygrad_jp.backward`), each tested by its name."""

import asyncio
import copy
import gc
import threading
import weakref

import numpy as np
import pytest

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.graph import walk

MILLION = 1_000_000


def parameter(values, dtype=np.float64):
    return Tensor(np.asarray(values, dtype), requires_grad=True)


# --- 1: constants and weak scalars -----------------------------------------------


def test_an_operand_that_is_no_tensor_reaches_the_rule_untouched():
    seen = []

    @tg.rule(vjp=(lambda g: g, None))
    def probe(x, y, /):
        seen.append(y)
        return x + y

    constant = np.arange(3.0)
    probe(parameter([1, 2, 3]), constant)
    assert np.shares_memory(seen[0], constant)
    assert type(seen[0]) is np.ndarray


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("scalar", [2, 2.5, True, -0.0, 1e300])
@pytest.mark.filterwarnings("ignore:overflow")
def test_python_scalars_are_weak(dtype, scalar):
    x = parameter([1, 2], dtype)
    for tensor in (x, x.sum()):  # an array of no axis too
        for result in (tensor * scalar, scalar - tensor, tg.maximum(scalar, tensor)):
            assert result.dtype == dtype


def test_a_float_beside_integers_is_not_cut_off():
    counts = Tensor([1, 2, 3])
    assert (counts * 2.5).tolist() == [2.5, 5.0, 7.5]
    assert (counts * 2).dtype == counts.dtype
    # Scalars are recalled, but 2.0 is not 2, nor True 1.
    assert (counts * 2.0).dtype == np.float64
    assert (counts * 2).dtype == counts.dtype
    assert (Tensor([True]) & True).dtype == np.bool_


def test_negative_zero_is_not_taken_for_zero():
    x = Tensor([1.0])
    with np.errstate(divide="ignore"):
        assert (x / 0.0).tolist() == [np.inf]
        assert (x / -0.0).tolist() == [-np.inf]


def test_numpy_arrays_are_not_weak():
    x = parameter([1, 2], np.float32)
    assert (x * np.array([1.0, 2.0])).dtype == np.float64


# --- 2 and 10: shape and dtype of cotangents -------------------------------------


def test_a_cotangent_is_summed_where_its_operand_was_broadcast():
    x, y, z = parameter(np.ones((3, 1))), parameter(np.ones(4)), parameter(2.0)
    (x * y * z).sum().backward()
    assert x.grad.tolist() == [[8.0], [8.0], [8.0]]
    assert y.grad.tolist() == [6.0] * 4
    assert z.grad.tolist() == 12.0


@pytest.mark.parametrize("shape", [(3, 4), (300, 400)])  # small ones are widened early
def test_a_cotangent_is_widened_where_a_reduction_narrowed(shape):
    x, y = parameter(np.ones(shape)), parameter(np.ones(shape[1:]))
    (x.exp() + y).sum().backward()
    np.testing.assert_allclose(x.grad, np.full(shape, np.e))
    np.testing.assert_allclose(y.grad, np.full(shape[1:], shape[0]))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_gradients_have_the_shape_and_dtype_of_their_data(dtype):
    x, W = parameter(np.ones((3, 2)), dtype), parameter(np.ones((2, 4)), dtype)
    mask = np.array([True, False, True, True])
    h = tg.where(mask, (x @ W).tanh(), 0.5) * np.arange(4.0)  # float64 from here on
    (h.max(axis=1) / h.sum()).mean().backward()
    for p in (x, W):
        assert p.grad.shape == p.shape
        assert p.grad.dtype == dtype


def test_a_vjp_that_returns_another_shape_is_named():
    @tg.rule(vjp=lambda g: np.ones(5))
    def broken(x, /):
        return x * 1

    with pytest.raises(tg.GraphError, match=r"broken: a vjp returned shape \(5,\)"):
        broken(parameter([1, 2, 3])).sum().backward()


# --- 3: nothing is mutated, nothing shared ---------------------------------------


def test_nothing_that_was_handed_in_is_mutated():
    a, b, seed = np.arange(6.0).reshape(2, 3), np.ones(3), np.full((2, 3), 2.0)
    before = [array.copy() for array in (a, b, seed)]
    x = Tensor(a, requires_grad=True)
    y = x * b + tg.asarray(b)
    y.backward(seed)
    y = x + 1.0
    y.backward(seed)
    for array, old in zip((a, b, seed), before):
        np.testing.assert_array_equal(array, old)
        assert array.flags.writeable


def test_no_two_gradients_share_memory():
    x, y, z = parameter(np.ones(3)), parameter(np.ones(3)), parameter(np.ones((3, 1)))
    seed = np.ones(3)
    total = x + y + tg.squeeze(z)
    total.backward(seed, retain_graph=True)
    arrays = [seed] + [t.grad._data for t in (x, y, z)]
    for i, one in enumerate(arrays):
        for other in arrays[:i]:
            assert not np.shares_memory(one, other)


def test_a_tensor_copies_its_data_and_asarray_does_not():
    a = np.ones(3)
    copied, shared = Tensor(a), tg.asarray(a)
    a[0] = 7.0
    assert copied.tolist() == [1.0, 1.0, 1.0]
    assert shared.tolist() == [7.0, 1.0, 1.0]


def test_what_a_tensor_hands_out_cannot_be_written_to():
    x = Tensor([1.0, 2.0])
    for view in (x.data, x.numpy(), np.asarray(x)):
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 5.0
    np.array(x)[0] = 5.0
    assert x.tolist() == [1.0, 2.0]


def test_an_update_leaves_the_recorded_graph_right():
    x = parameter([3.0])
    y = x * x
    with tg.no_grad():
        x -= 1.0
    y.backward()
    assert x.tolist() == [2.0]
    assert x.grad.tolist() == [6.0]  # the gradient of what was recorded, at 3


def test_an_update_writes_only_to_what_nobody_else_holds():
    x = parameter(np.ones(3))
    own = x._data.ctypes.data
    with tg.no_grad():
        x -= 1.0
        assert x._data.ctypes.data == own
        view, twin = x.data, x.detach()
        x -= 1.0
        assert x._data.ctypes.data != own
    for seen in (view, twin.data):
        assert seen.tolist() == [0.0] * 3
    a = np.ones(3)
    shared = tg.asarray(a)
    shared.requires_grad = True
    with tg.no_grad():
        shared -= 1.0
    assert a.tolist() == [1.0] * 3
    assert shared.tolist() == [0.0] * 3


def test_an_error_in_the_middle_changes_no_gradient():
    @tg.rule(vjp=lambda g: 1 / 0)
    def fails(x, /):
        return x * 1

    x, y = parameter([1.0]), parameter([1.0])
    x.grad = Tensor([5.0])
    total = fails(y * 1.0) + x  # x gets its cotangent before the vjp fails
    with pytest.raises(ZeroDivisionError):
        total.backward()
    assert x.grad.tolist() == [5.0]
    assert y.grad is None


# --- 4: saved arrays are released ------------------------------------------------


def test_only_what_a_vjp_names_is_kept():
    @tg.rule(vjp=(lambda g, y: g * y, lambda g: g))
    def half_kept(x, y, /):
        return x * y

    x, y = parameter([1.0]), parameter([2.0])
    assert set(type((x + y)._node).__slots__) == {"x_node", "y_node"}
    node = half_kept(x, y)._node
    assert set(type(node).__slots__) == {"x_node", "y_node", "y_kept"}
    # A constant asks for no gradient, so what its vjp would need is not kept.
    assert (x * 2.0)._node.x_kept is None
    assert (x * 2.0)._node.y_kept is not None


def test_kept_arrays_are_freed_as_the_pass_leaves_the_node():
    freed = []

    @tg.rule(vjp=lambda g: freed.append(alive()) or g)
    def spy(x, /):
        return x * 1

    x = parameter(np.ones(4))
    y = spy(x).exp()
    alive = weakref.ref(y._data)
    loss = y.sum()
    del y
    assert alive() is not None
    loss.backward()
    assert freed == [None]


def test_a_second_backward_is_refused_with_its_cure():
    x = parameter([2.0])
    loss = (x * x).sum()
    loss.backward()
    with pytest.raises(tg.GraphError, match=r"multiply.*retain_graph=True"):
        loss.backward()
    assert x.grad.tolist() == [4.0]


def test_a_retained_graph_accumulates_into_new_arrays():
    x = parameter([2.0])
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    first = x.grad
    loss.backward()
    assert first.tolist() == [4.0]
    assert x.grad.tolist() == [8.0]


def test_the_structure_stays_after_release():
    x = parameter([2.0])
    loss = (x * x).sum()
    before = walk([loss._node])
    loss.backward()
    assert walk([loss._node]) == before


# --- 5: a changed saved array ----------------------------------------------------


@pytest.mark.parametrize("how", ["ndarray", "asarray", "view of a view"])
def test_a_saved_array_that_was_changed_is_an_error(how):
    a = np.array([[3.0, 4.0]])
    x = parameter([[1.0, 1.0]])
    other = {
        "ndarray": a,
        "asarray": tg.asarray(a),
        "view of a view": tg.asarray(a).reshape(2).reshape(1, 2),
    }[how]
    loss = (x * other).sum()
    a[0, 0] = 100.0
    with pytest.raises(tg.GraphError, match=r"multiply: operand y of shape \(1, 2\)"):
        loss.backward()
    assert x.grad is None


def test_a_saved_array_that_holds_the_same_again_is_none():
    a = np.array([3.0, np.nan])
    x = parameter([1.0, 1.0])
    loss = (x * a).sum()
    a[0] = 4.0
    a[0] = 3.0
    loss.backward()
    np.testing.assert_array_equal(x.grad, [3.0, np.nan])


def test_the_message_names_the_tensor():
    a = np.array([3.0])
    weights = tg.asarray(a)
    weights.name = "重み"
    loss = (parameter([1.0]) * weights).sum()
    a[0] = 1.0
    with pytest.raises(tg.GraphError, match="重み"):
        loss.backward()


def test_an_index_array_is_copied():
    index = np.array([0, 1])
    x = parameter([1.0, 2.0, 3.0])
    picked = x[index]
    index[:] = 2
    picked.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0, 0.0]


# --- 6: everything is iterative --------------------------------------------------


@pytest.fixture(scope="module")
def chain():
    x = parameter([1.0])
    h = x
    for _ in range(MILLION // 2):
        h = h * 1.0
        h = h + 0.0
    return x, h


def test_a_million_ops_are_recorded_and_backpropagated(chain):
    x, h = chain
    h.backward(retain_graph=True)
    assert x.grad.tolist() == [1.0]


def test_a_million_ops_are_copied(chain):
    x, h = chain
    x2, h2 = copy.deepcopy((x, h))
    x2.grad = None
    h2.backward(retain_graph=True)
    assert x2.grad.tolist() == [1.0]
    assert len(walk([h2._node])) == len(walk([h._node]))


def test_a_million_ops_are_freed_in_a_thread_with_a_small_stack():
    def build_and_drop():
        h = parameter([1.0])
        for _ in range(MILLION):
            h = h + 0.0
        alive.append(weakref.ref(h))
        del h

    alive = []
    old = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=build_and_drop)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(old)
    assert alive[0]() is None


def test_each_node_is_visited_once():
    calls = []

    @tg.rule(vjp=lambda g: calls.append(1) or g)
    def count(x, /):
        return x * 1

    h = parameter([1.0])
    for _ in range(50):  # 2**50 paths
        h = count(h)
        h = h + h
    h.backward()
    assert len(calls) == 50


# --- 7: no reference cycle -------------------------------------------------------


@pytest.mark.parametrize("create_graph", [False, True])
def test_graphs_are_freed_without_the_collector(create_graph):
    gc.collect()
    gc.disable()
    try:
        x = parameter(np.ones((2, 2)))
        with tg.scope("層"):
            h = (x @ x).exp().max(axis=0)
        loss = tg.log_softmax(tg.concat([h, x[0]])).sum()
        loss.backward(create_graph=create_graph)
        tg.grad(tg.grad(lambda a: (a * a * a).sum()))(1.0)
        alive = [weakref.ref(t) for t in (x, h, loss, x.grad)]
        del x, h, loss
        assert [ref() for ref in alive] == [None] * 4
        assert gc.collect() == 0
    finally:
        gc.enable()


# --- 8: ties and kinks -----------------------------------------------------------


def test_ties_share_the_gradient():
    x = parameter([1.0, 3.0, 3.0, 3.0])
    x.max().backward()
    np.testing.assert_allclose(x.grad, [0, 1 / 3, 1 / 3, 1 / 3])
    x.grad = None
    x.min(axis=0, keepdims=True).backward()
    assert x.grad.tolist() == [1.0, 0.0, 0.0, 0.0]
    y = parameter([3.0, 1.0, 5.0, 3.0])
    tg.maximum(x, y).sum().backward()
    assert y.grad.tolist() == [1.0, 0.0, 1.0, 0.5]


def test_ties_are_counted_beyond_the_range_of_float16():
    x = parameter(np.ones(70_000), np.float16)
    x.max().backward()
    assert x.grad.dtype == np.float16
    np.testing.assert_allclose(x.grad._data.astype(float).sum(), 1.0, rtol=0.01)


def test_a_nan_takes_the_gradient_of_a_maximum():
    x = parameter([1.0, np.nan, np.nan])
    x.max().backward()
    assert x.grad.tolist() == [0.0, 0.5, 0.5]


@pytest.mark.parametrize("function", [tg.relu, tg.abs])
def test_relu_and_abs_have_the_slope_0_at_0(function):
    x = parameter([0.0, -0.0])
    function(x).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]


# --- 9: grad mode belongs to the thread and the task -----------------------------


def test_grad_mode_is_per_thread():
    seen = []
    with tg.no_grad():
        thread = threading.Thread(target=lambda: seen.append(tg.is_grad_enabled()))
        thread.start()
        thread.join()
        assert not tg.is_grad_enabled()
    assert seen == [True]


def test_grad_mode_is_per_task():
    async def off(ready, done):
        with tg.no_grad():
            ready.set()
            await done.wait()

    async def main():
        ready, done = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(off(ready, done))
        await ready.wait()
        enabled = tg.is_grad_enabled()
        done.set()
        await task
        return enabled

    assert asyncio.run(main())


def test_one_no_grad_may_decorate_what_runs_in_many_threads():
    entered, may_leave = threading.Event(), threading.Event()
    results = []
    off = tg.no_grad()

    @off
    def enter_last():
        entered.set()
        may_leave.wait(10)

    @off
    def enter_first(then):
        then.start()
        entered.wait(10)

    def run():
        try:
            enter_last()
            results.append(tg.is_grad_enabled())
        except ValueError as error:  # a token of another thread's context
            results.append(error)

    other = threading.Thread(target=run)
    enter_first(other)
    may_leave.set()
    other.join()
    assert results == [True]
    assert tg.is_grad_enabled()


def test_a_vjp_that_writes_to_its_cotangent_spoils_no_other_pass():
    @tg.rule(vjp=lambda g: np.multiply(g, 0.0, out=g))
    def careless(x, /):
        return x + 0.0

    for _ in range(2):
        x = parameter(2.0)
        careless(x).backward()
        y = parameter(2.0)
        (y * 3.0).backward()
        assert y.grad.item() == 3.0
