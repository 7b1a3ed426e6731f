"""Bytes: of results, of what a graph keeps, of gradients, and the most there were."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import tinygrad_jp as tg
from tinygrad_jp import Tensor


def parameter(*shape, dtype=np.float64):
    return Tensor(np.ones(shape), dtype=dtype, requires_grad=True)


def rows_of(p):
    return {row.name: row for row in p.ops}


def sizes(row):
    return row.results, row.gradients, row.kept


def test_results_kept_arrays_and_gradients_of_a_product():
    x, W = parameter(5, 7), parameter(7, 3)
    with tg.profile() as p:
        h = x @ W
        y = tg.exp(h)
        y.sum().backward()
    rows = rows_of(p)
    # What the product keeps was there before; exp keeps its result.
    assert sizes(rows["matmul"]) == (5 * 3 * 8, (5 * 7 + 7 * 3) * 8, 0)
    assert sizes(rows["exp"]) == (5 * 3 * 8, 5 * 3 * 8, 5 * 3 * 8)
    assert rows["sum"].results == 8
    assert rows["sum"].kept == 0


def test_float32_takes_half():
    x = parameter(5, 7, dtype=np.float32)
    with tg.profile() as p:
        tg.exp(x)
    assert sizes(rows_of(p)["exp"]) == (5 * 7 * 4, 0, 5 * 7 * 4)


def test_an_array_that_several_nodes_keep_is_counted_once():
    x = parameter(10)
    with tg.profile() as p:
        y = tg.sin(x)
        y * y
        tg.log(y)
    rows = rows_of(p)
    assert sizes(rows["multiply"]) == (80, 0, 80)
    assert sizes(rows["log"]) == (80, 0, 0)
    assert rows["sin"].kept == 0  # x was there before


def test_a_gradient_that_flows_twice_into_one_operand_is_counted_once():
    x = parameter(10)
    with tg.profile() as p:
        (x * x).sum().backward()
        (x + x).sum().backward()
    assert rows_of(p)["multiply"].gradients == 80
    assert rows_of(p)["add"].gradients == 80


def test_views_take_nothing_whatever_they_show():
    x = parameter(4, 6)
    with tg.profile() as p:
        x.reshape(6, 4).T[1:]
        y = tg.sin(x)
        y.T.reshape(2, 12)  # this one is a copy
        tg.matrix_transpose(tg.sin(Tensor(np.ones((4, 6))))[2:])
    rows = rows_of(p)
    assert rows["sin"].results == 2 * 192
    assert rows["reshape"].results == 192
    others = [
        row.results for name, row in rows.items() if name not in ("sin", "reshape")
    ]
    assert others == [0] * len(others)
    assert len(others) >= 2


def test_a_result_that_is_its_operand_takes_nothing():
    @tg.rule(vjp=lambda g: g)
    def same(x, /):
        return x

    with tg.profile() as p:
        same(parameter(10))
    assert rows_of(p)["same"].results == 0


def test_a_view_of_an_array_that_the_op_made_counts_as_the_whole_of_it():
    @tg.rule(vjp=None)
    def first(x, /):
        return (x + 0.0)[:2]

    with tg.profile() as p:
        first(parameter(10))
    assert rows_of(p)["first"].results == 80


def test_the_copy_of_memory_from_outside_is_kept():
    x = parameter(4, 6)
    with tg.profile() as p:
        x * np.ones((4, 6))
    assert sizes(rows_of(p)["multiply"]) == (192, 0, 192)


def test_what_is_alive_falls_when_arrays_are_freed():
    with tg.profile() as p:
        x = Tensor(np.ones(1000))
        for _ in range(5):
            tg.sin(x)  # 8 kB at a time
        assert p.peak == 8000
        y = tg.sin(x)
        z = tg.sin(y)
        assert p.peak == 16000
        del y, z
        tg.sin(x)
    assert p.peak == 16000


def test_a_backward_pass_releases_what_was_kept():
    def step(p):
        x = parameter(1000)
        y = x
        for _ in range(10):
            y = tg.exp(y * 0.0)
        loss = y.sum()
        del y
        loss.backward()
        return p._recorder.lanes

    with tg.profile() as p:
        lanes = step(p)
        (lane,) = lanes.values()
        gc.collect()
        live = lane.account.live
    # Each exp has kept its result; of the products nothing is left. All is gone now.
    assert p.peak >= 10 * 8000
    assert live == 0


def test_the_gradients_that_are_left_are_alive():
    x = parameter(1000)
    with tg.profile() as p:
        tg.sin(x).sum().backward()
        (lane,) = p._recorder.lanes.values()
        assert lane.account.live == 8000
    assert x.grad.data.nbytes == 8000
    assert lane.account.live == 0  # nobody looks any more


def test_no_node_and_no_array_is_kept_alive():
    gc.disable()
    try:
        x = parameter(1000)
        with tg.profile() as p:
            y = tg.sin(x) * x
            y.sum().backward(retain_graph=True)
            array = weakref.ref(y._data)
            tensor = weakref.ref(y)
            del y
            assert tensor() is None
            assert array() is None
        assert array() is None
        tensor = weakref.ref(x)
        x.grad = None
        del x
        assert tensor() is None
    finally:
        gc.enable()
    assert len(p.ops) == 3


def test_a_scope_holds_the_bytes_of_what_is_in_it():
    x = parameter(10)
    with tg.profile() as p:
        with tg.scope("a"):
            y = tg.exp(x)
            with tg.scope("b"):
                y = tg.exp(y)
        y.sum().backward()
    rows = {row.path: sizes(row) for row in p.scopes}
    assert rows["a",] == (160, 160, 160)
    assert rows["a", "b"] == (80, 80, 80)


def test_a_recorded_backward_pass_counts_the_results_of_its_ops():
    x = parameter(10)
    with tg.profile() as p:
        tg.exp(x).sum().backward(create_graph=True)
    rows = rows_of(p)
    assert rows["exp"].gradients == 0
    assert rows["multiply"].results >= 80


# --- what Python traces --------------------------------------------------------------


def greedy(megabytes):
    def run(x, /):
        np.ones(megabytes * 2**17)
        return x + 0.0

    def back(g):
        np.ones(3 * megabytes * 2**17)
        return g

    return tg.rule(vjp=back)(run)


def test_the_peak_inside_of_an_op_is_seen_by_tracing():
    x = parameter(10)
    with tg.profile(memory=True) as p:
        y = greedy(4)(x).sum()
        before = p.traced_peak
        y.backward()
    row = rows_of(p)["run"]
    assert row.spike == pytest.approx(12 * 2**20, rel=0.01)  # of the pull
    assert row.results == 80
    assert rows_of(p)["sum"].spike < 2**20
    assert before == pytest.approx(4 * 2**20, rel=0.1)
    assert p.traced_peak == pytest.approx(12 * 2**20, rel=0.05)
    assert not tracemalloc.is_tracing()


def test_the_peak_of_an_op_within_an_op_is_also_that_of_the_outer_one():
    inner = greedy(4)

    @tg.rule(vjp=None)
    def outer(x, /):
        inner(Tensor(x))
        return x + 0.0

    with tg.profile(memory=True) as p:
        outer(parameter(10))
    rows = rows_of(p)
    assert rows["outer"].spike == pytest.approx(4 * 2**20, rel=0.01)


def test_what_is_allocated_between_ops_is_in_the_peak_of_the_block():
    with tg.profile(memory=True) as p:
        tg.sin(Tensor([1.0]))
        np.ones(2**20)
        tg.sin(Tensor([1.0]))
    assert p.traced_peak == pytest.approx(8 * 2**20, rel=0.05)
    assert rows_of(p)["sin"].spike < 2**20


def test_tracing_goes_on_for_whoever_had_begun_it():
    tracemalloc.start()
    try:
        with tg.profile(memory=True):
            tg.sin(Tensor([1.0]))
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()


def test_without_tracing_nothing_is_said_of_peaks_inside():
    with tg.profile() as p:
        tg.sin(Tensor([1.0]))
        assert not tracemalloc.is_tracing()
    assert p.traced_peak is None
    assert rows_of(p)["sin"].spike is None
    assert "spike" not in str(p)
