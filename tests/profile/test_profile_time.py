"""Whose time is whose: ops, forward and backward, what is between them."""

import time
from contextlib import suppress

import numpy as np
import pytest

import nn
import tinygrad_jp as tg
from tinygrad_jp.profile import recorder, session

MICRO = 1000  # nanoseconds


class Clock:
    """A clock that goes on by 1 ns at each look, and when an op works."""

    def __init__(self, monkeypatch):
        self.now = 1_000_000
        monkeypatch.setattr(recorder, "clock", self.look)
        monkeypatch.setattr(session, "clock", self.look)

    def look(self):
        self.now += 1
        return self.now

    def op(self, name, forward, backward=0, inner=None):
        """An op that takes so many microseconds, and may call another."""

        def back(g):
            self.now += backward * MICRO
            return g * 2.0

        def run(x, /):
            self.now += forward * MICRO
            if inner is not None:
                inner(tg.Tensor(x))
            return x * 2.0

        run.__name__ = name
        return tg.rule(vjp=back)(run)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def parameter(*shape):
    return tg.Tensor(np.ones(shape), requires_grad=True)


def named(rows, name):
    (row,) = [row for row in rows if row.name == name]
    return row


def micro(row):
    """Forward and backward in whole microseconds: the looks at the clock fall away."""
    return round(row.forward * 1e6), round(row.backward * 1e6)


def test_an_op_that_sleeps_shows_for_how_long_forward_and_backward():
    def back(g):
        time.sleep(0.04)
        return g

    @tg.rule(vjp=back)
    def slow(x, /):
        time.sleep(0.02)
        return x + 0.0

    x = parameter(3)
    with tg.profile() as p:
        slow(x).sum().backward()
    row = named(p.ops, "slow")
    assert 0.02 <= row.forward < 0.04
    assert 0.04 <= row.backward < 0.08
    assert (row.runs, row.pulls) == (1, 1)
    assert p.ops[0] is not row
    assert p.ops[0] == row  # the longest first
    rest = [one.seconds for one in p.ops[1:]]
    assert sum(rest) < 0.02


def test_rows_between_and_the_profile_itself_add_up_to_the_block(clock):
    slow = clock.op("slow", 20, 40)
    x = parameter(3)
    with tg.profile() as p:
        y = slow(x)
        clock.now += 500 * MICRO
        y.sum().backward()
        clock.now += 7 * MICRO
    assert micro(named(p.ops, "slow")) == (20, 40)
    assert [round(part * 1e6) for part in p.between] == [500, 0, 7]
    reading = p._reading()
    parts = sum(row.seconds for row in p.ops) + sum(p.between) + reading.recorder
    assert parts == pytest.approx(p.seconds, rel=1e-12)
    # Two runs and two pulls: one nanosecond before each and one after.
    assert reading.recorder == pytest.approx(8e-9)


def test_what_is_between_is_told_by_what_comes_next(clock):
    def wait(microseconds):
        clock.now += microseconds * MICRO

    slow = clock.op("slow", 1, 1)
    x = parameter(3)
    p = tg.profile()
    for _ in range(2):
        with p:
            wait(3000)  # elsewhere: before the first
            y = slow(x)
            wait(200)  # forward
            loss = y.sum()
            y.register_hook(lambda _: wait(70))  # backward: before a pull
            wait(50)  # backward: before the first pull
            x.grad = None  # adding to it would be an op
            loss.backward()
            wait(4000)  # elsewhere: after a backward pass
            slow(x)
            wait(5000)  # elsewhere: after the last
        wait(900_000)  # outside of the block
    assert [round(part * 1e6) for part in p.between] == [400, 240, 24000]
    assert round(p.seconds * 1e6) == 24000 + 640 + 6


def test_an_op_within_an_op_is_not_counted_twice(clock):
    inner = clock.op("inner", 30)
    outer = clock.op("outer", 20, 5, inner=inner)
    x = parameter(3)
    with tg.profile() as p:
        outer(x).sum().backward()
    assert micro(named(p.ops, "outer")) == (20, 5)
    assert micro(named(p.ops, "inner")) == (30, 0)
    parts = sum(row.seconds for row in p.ops) + sum(p.between) + p._reading().recorder
    assert parts == pytest.approx(p.seconds, rel=1e-12)


def test_a_checkpoint_runs_again_in_the_backward_pass_and_in_its_scope(clock):
    slow = clock.op("slow", 20, 40)

    def block(x):
        with tg.scope("block"):
            return slow(x)

    x = parameter(3)
    with tg.profile() as p:
        with tg.scope("net"):
            y = tg.checkpoint(block)(x)
        y.sum().backward()
    assert micro(named(p.ops, "slow")) == (20, 20 + 40)
    assert named(p.ops, "slow").runs == 2
    paths = {row.path: micro(row) for row in p.scopes}
    assert paths["net", "block"] == (20, 60)
    assert set(paths) == {(), ("net",), ("net", "block")}


def test_a_recorded_backward_pass_counts_as_backward_in_the_scopes_of_its_nodes(clock):
    part = clock.op("part", 3)

    @tg.rule(vjp=lambda g, x: part(g) * x)
    def whole(x, /):
        clock.now += 20 * MICRO
        return x * x

    x = parameter(3)
    with tg.profile() as p, tg.scope("train"):
        with tg.scope("layer"):
            y = whole(x)
        y.sum().backward(create_graph=True)
    assert micro(named(p.ops, "whole")) == (20, 0)
    assert micro(named(p.ops, "part")) == (0, 3)
    paths = {row.path: micro(row) for row in p.scopes}
    assert paths["train", "layer"] == (20, 3)
    assert set(paths) == {(), ("train",), ("train", "layer")}


def test_scopes_hold_what_is_in_them_and_know_what_is_their_own(clock):
    first, second = clock.op("first", 10, 1), clock.op("second", 20, 2)
    x = parameter(3)
    with tg.profile() as p:
        with tg.scope("outer"):
            y = first(x)
            for _ in range(2):
                with tg.scope("inner"):
                    y = second(y)
        y = first(y)
        y.sum().backward()
    rows = {row.path: row for row in p.scopes}
    assert micro(rows["outer",]) == (50, 5)
    assert round(rows["outer",].own * 1e6) == 11
    assert round(rows["outer",].own_forward * 1e6) == 10
    assert round(rows["outer",].own_backward * 1e6) == 1
    assert micro(rows["outer", "inner"]) == (40, 4)
    assert rows["outer", "inner"].runs == rows["outer", "inner"].pulls == 2
    assert micro(rows[()]) == (10, 1)
    tops = [row.seconds for row in p.scopes if len(row.path) < 2]
    assert sum(tops) == pytest.approx(sum(row.seconds for row in p.ops), rel=1e-12)


def test_the_scope_that_takes_longest_stands_first_after_those_around_it(clock):
    x = tg.Tensor(np.ones(3))
    with tg.profile() as p:
        for name, cost in (("a", 10), ("b", 30), ("c", 20)):
            with tg.scope(name), tg.scope("in"):
                clock.op("op", cost)(x)
    paths = ["/".join(row.path) for row in p.scopes]
    assert paths == ["", "b", "b/in", "c", "c/in", "a", "a/in"]


def test_calls_of_one_module_add_up_and_two_modules_stay_apart():
    rng = np.random.default_rng(0)
    one, two = (nn.Affine(3, 3, rng=rng, dtype=np.float64) for _ in range(2))
    x = parameter(2, 3)
    with tg.profile() as p:
        one(two(one(x)))
    rows = {row.path: row.runs for row in p.scopes}
    assert rows == {(): 0, ("Affine",): 4, ("Affine #2",): 2}


def test_scopes_of_one_name_are_told_apart_by_their_keys_alone():
    x = tg.Tensor([1.0])
    with tg.profile() as p:
        for key in (0, 1, 0, 1, 1):
            with tg.scope("層", key):
                tg.exp(x)
    assert [(row.name, row.runs) for row in p.scopes[1:]] in (
        [("層", 2), ("層 #2", 3)],
        [("層 #2", 3), ("層", 2)],
    )


def test_a_scope_that_is_called_like_a_number_stays_apart_too():
    x = tg.Tensor([1.0])
    with tg.profile() as p:
        for name, key in (("a", 0), ("a #2", 0), ("a", 1), ("a #2", 1)):
            with tg.scope(name, key), tg.scope("in"):
                tg.exp(x)
    paths = sorted(row.path for row in p.scopes if len(row.path) == 2)
    assert paths == [(name, "in") for name in ("a", "a #2", "a #2 #2", "a #3")]
    assert p.table("scope").count("\n  in ") == 4


def test_lines_are_those_of_the_user_with_their_backward_passes(clock):
    slow = clock.op("slow", 20, 40)
    x = parameter(3)
    with tg.profile() as p:
        y = slow(x)  # the first
        y = slow(slow(y))  # the second
        y.sum().backward()
    first, second, last = (
        next(row for row in p.lines if text in row.name)
        for text in ("# the first", "# the second", "y.sum()")
    )
    assert micro(first) == (20, 40)
    assert micro(second) == (40, 80)
    assert (last.runs, last.pulls) == (1, 1)
    assert all(row.name.startswith("test_profile_time.py:") for row in p.lines)


def test_a_pull_whose_op_ran_outside_of_the_block_has_no_line(clock):
    y = clock.op("slow", 20, 40)(parameter(3)).sum()
    with tg.profile() as p:
        y.backward()
    (row,) = p.lines
    assert row.name == "(ran outside of the block)"
    assert micro(row) == (0, 40)
    assert (row.runs, row.pulls) == (0, 2)


def test_forward_alone(clock):
    slow = clock.op("slow", 20, 40)
    x = parameter(3)
    with tg.profile() as p:
        y = slow(x).sum()
        with tg.no_grad():
            slow(x)
    y.backward()
    row = named(p.ops, "slow")
    assert micro(row) == (40, 0)
    assert (row.runs, row.pulls) == (2, 0)


def test_what_fails_is_not_counted_and_hides_nothing(clock):
    slow = clock.op("slow", 20, 40)

    def fail(g):
        raise RuntimeError("back")

    failing = tg.rule(vjp=fail)(lambda_named("failing"))
    x = parameter(3)
    with tg.profile() as p:
        for _ in range(3):
            with suppress(ValueError):
                x @ parameter(4)
            with suppress(RuntimeError):
                failing(x).sum().backward()
            slow(x)
    assert micro(named(p.ops, "slow")) == (60, 0)
    rows = {row.name: (row.runs, row.pulls) for row in p.ops}
    assert rows == {"slow": (3, 0), "failing": (3, 0), "sum": (3, 3)}


def lambda_named(name):
    def run(x, /):
        return x + 0.0

    run.__name__ = name
    return run


def test_an_error_within_an_op_within_an_op_leaves_the_outer_one_whole(clock):
    bad = tg.Tensor(np.ones((2, 3)))

    @tg.rule(vjp=lambda g: g)
    def outer(x, /):
        clock.now += 20 * MICRO
        with suppress(ValueError):
            bad @ bad
        return x + 0.0

    with tg.profile() as p:
        outer(tg.Tensor([1.0]))
    assert [(row.name, micro(row)) for row in p.ops] == [("outer", (20, 0))]


def test_retained_graphs_and_hooks(clock):
    slow = clock.op("slow", 20, 40)
    x = parameter(3)
    with tg.profile() as p:
        y = slow(x)
        y.register_hook(lambda g: slow(g))
        loss = y.sum()
        loss.backward(retain_graph=True)
        loss.backward()
    row = named(p.ops, "slow")
    assert micro(row) == (20 * 3, 80)  # hooks run between pulls
    assert (row.runs, row.pulls) == (3, 2)


def test_transformations_are_seen():
    x = np.array([1.0, 2.0])

    def f(x):
        return (tg.exp(x) * x).sum()

    with tg.profile() as p:
        tg.grad(f)(x)
        tg.hessian(f)(x)
        tg.jvp(f, (x,), (x,))
        tg.vjp(f, x)
    exp = named(p.ops, "exp")
    assert exp.runs >= 4
    assert exp.pulls >= 2
    assert exp.forward > 0 < exp.backward
    parts = sum(row.seconds for row in p.ops) + sum(p.between) + p._reading().recorder
    assert parts == pytest.approx(p.seconds, rel=1e-9)


def test_a_trainer_is_seen_with_its_layers_and_its_optimizer():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Affine(4, 5, rng=rng), nn.ReLU(), nn.Affine(5, 3, rng=rng))
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    trainer = nn.Trainer(model, nn.SoftmaxWithLoss(), optimizer)
    data = nn.Examples(rng.random((12, 4), dtype=np.float32), rng.integers(0, 3, 12))
    with tg.profile() as p:
        trainer.fit(data, epochs=2, batch_size=4, rng=rng, progress=False)
    paths = {row.path for row in p.scopes}
    assert ("Sequential", "Affine1") in paths
    assert ("SoftmaxWithLoss",) in paths
    assert named(p.ops, "matmul").pulls == 2 * 6


def test_the_pull_of_a_rule_is_written_before_it_is_timed(clock, monkeypatch):
    slow = clock.op("slow", 20, 40)
    write = type(slow).write

    def slowly(self):
        clock.now += 900 * MICRO
        write(self)

    monkeypatch.setattr(type(slow), "write", slowly)
    with tg.profile() as p:
        slow(parameter(3)).sum().backward()
    assert micro(named(p.ops, "slow")) == (20, 40)
