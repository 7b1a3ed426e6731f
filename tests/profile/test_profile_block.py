"""The block: entering and leaving, nesting, threads, tasks, and what is left of it."""

import asyncio
import contextvars
import gc
import sys
import threading
import weakref

import numpy as np
import pytest

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.record import _watched_call

X = Tensor(np.ones(3))


def counts(p):
    return {row.name: row.runs for row in p.ops}


def test_off_it_costs_nothing_after_an_error_too():
    tg.sin(X)
    code = tg.sin.__code__
    p = tg.profile()
    assert tg.sin.__code__ is code

    def work():
        assert tg.sin.__code__ is _watched_call.__code__
        tg.sin(X)
        raise KeyError

    with pytest.raises(KeyError), p:
        work()
    assert tg.sin.__code__ is code
    assert counts(p) == {"sin": 1}  # what ran until then
    assert tg.mode.current().watchers == ()


def test_what_runs_outside_is_not_seen():
    tg.sin(X)
    with tg.profile() as p:
        tg.cos(X)
    tg.sin(X)
    assert counts(p) == {"cos": 1}


def test_a_profile_that_is_entered_again_adds_up():
    p = tg.profile()
    for _ in range(3):
        with p:
            tg.sin(X)
        seconds = p.seconds
        tg.cos(X)
        assert p.seconds == seconds  # time stands still outside
    assert counts(p) == {"sin": 3}


def test_it_cannot_be_entered_while_it_measures():
    with tg.profile() as p:
        with pytest.raises(RuntimeError, match="profile: is measuring already"), p:
            pass
        tg.sin(X)
    assert counts(p) == {"sin": 1}


def test_profiles_may_be_nested():
    with tg.profile() as outer:
        tg.sin(X)
        with tg.profile() as inner:
            tg.cos(X)
        tg.sin(X)
    assert counts(outer) == {"sin": 2, "cos": 1}
    assert counts(inner) == {"cos": 1}
    assert inner.seconds < outer.seconds


def test_it_may_be_read_while_it_measures():
    with tg.profile() as p:
        tg.sin(X)
        assert counts(p) == {"sin": 1}
        before = p.seconds
        assert "sin" in str(p)
        tg.sin(X)
        assert p.seconds > before
        assert counts(p) == {"sin": 2}
    assert counts(p) == {"sin": 2}


def test_an_empty_block_is_all_elsewhere():
    with tg.profile() as p:
        pass
    assert p.ops == []
    assert [row.path for row in p.scopes] == [()]
    assert p.lines == []
    assert sum(p.between) == p.between.elsewhere == p.seconds > 0
    assert p.peak == 0
    assert "(elsewhere)" in str(p)
    assert repr(p).startswith("<profile: 0 ops and pulls in ")
    assert tg.profile().seconds == 0
    assert "op  " in str(tg.profile())


@pytest.mark.skipif(
    bool(getattr(sys.flags, "thread_inherit_context", False)),
    reason="threads of this Python inherit the context",
)
def test_a_thread_of_its_own_is_not_seen():
    with tg.profile() as p:
        thread = threading.Thread(target=lambda: tg.sin(X))
        thread.start()
        thread.join()
    assert p.ops == []


def test_a_thread_with_a_copy_of_the_context_is_seen_beside_the_block():
    with tg.profile() as p:
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(tg.sin, X))
        thread.start()
        thread.join()
        tg.cos(X)
    assert counts(p) == {"sin": 1, "cos": 1}
    others = next(row for row in p.ops if row.name == "sin").seconds
    reading = p._reading()
    assert reading.others == pytest.approx(others)
    own = sum(row.seconds for row in p.ops) - others
    assert own + sum(p.between) + reading.recorder == pytest.approx(p.seconds)


def test_many_threads_at_once_lose_nothing():
    def work():
        for _ in range(200):
            (parameter * 2.0).sum().backward()

    parameter = Tensor([1.0], requires_grad=True)
    with tg.profile() as p:
        threads = [
            threading.Thread(target=contextvars.copy_context().run, args=(work,))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    rows = {row.name: row for row in p.ops}
    assert rows["multiply"].runs == rows["multiply"].pulls == 800
    assert all(row.forward >= 0 and row.backward >= 0 for row in p.ops)


def test_tasks_have_profiles_of_their_own():
    async def measured(op, times):
        with tg.profile() as p:
            for _ in range(times):
                op(X)
                await asyncio.sleep(0)
        return counts(p)

    async def main():
        return await asyncio.gather(measured(tg.sin, 3), measured(tg.cos, 2))

    assert asyncio.run(main()) == [{"sin": 3}, {"cos": 2}]


def test_a_task_that_goes_on_after_the_block_is_not_seen_any_more():
    async def later():
        await asyncio.sleep(0)
        tg.cos(X)

    async def main():
        with tg.profile() as p:
            task = asyncio.create_task(later())
            tg.sin(X)
        with tg.profile():  # somebody else watches
            await task
        return p

    assert counts(asyncio.run(main())) == {"sin": 1}


def test_a_generator_that_is_run_in_the_block_is_seen():
    def steps():
        for _ in range(3):
            yield tg.sin(X)

    made = steps()
    next(made)
    with tg.profile() as p:
        list(made)
    assert counts(p) == {"sin": 2}


def test_it_works_beside_the_debug_mode():
    x = Tensor([1.0, 2.0], requires_grad=True)
    with tg.detect_anomaly(), tg.profile() as p:
        tg.log(x).sum().backward()
    assert counts(p) == {"log": 1, "sum": 1}
    assert p.seconds_of(tg.log(x)._node) is None


def test_an_ended_profile_may_be_used_by_another_thread():
    p = tg.profile()
    with p:
        tg.sin(X)

    def again():
        with p:
            tg.cos(X)

    thread = threading.Thread(target=again)
    thread.start()
    thread.join()
    assert counts(p) == {"sin": 1, "cos": 1}
    assert p._reading().others == 0
    parts = sum(row.seconds for row in p.ops) + sum(p.between) + p._reading().recorder
    assert parts == pytest.approx(p.seconds)


def test_many_ops_take_few_bytes_each():
    p = tg.profile()
    count = 100_000
    x = Tensor([1.0], requires_grad=True)
    with p:
        y = x
        for _ in range(count // 2):
            y = y * 1.0
        y.sum().backward()
    (lane,) = p._recorder.lanes.values()
    events = len(lane.ends)
    assert events == count + 2
    held = len(lane.events) + lane.ends.itemsize * events
    assert held == 56 * events
    assert len(lane.sites) < 10
    assert len(lane.scopes) == 1
    assert not lane.account._entries
    assert sum(row.runs + row.pulls for row in p.ops) == events
    assert all(row.seconds > 0 for row in p.ops)


def test_nothing_of_the_user_is_held_after_the_block():
    gc.disable()
    try:

        def work():
            x = Tensor(np.ones(10), requires_grad=True)
            tg.sin(x).sum().backward()
            return weakref.ref(x), weakref.ref(x._data)

        with tg.profile() as p:
            held = work()
            with pytest.raises(ValueError, match="matmul"):
                X @ Tensor(np.ones(4))
        assert [one() for one in held] == [None, None]
        lost = weakref.ref(p._recorder)
        del p
        assert lost() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("memory", [None, 1, "yes"])
def test_memory_must_be_a_truth_value(memory):
    with pytest.raises(TypeError, match="profile: memory must be True or False, got"):
        tg.profile(memory=memory)
