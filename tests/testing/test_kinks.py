"""Kinks are test points: gradcheck raises no false alarm at any of them.

`KINKS=100000` runs that many examples in all; a plain run makes do with a few hundred.
Half of the numbers lie on a coarse grid, so that kinks and ties are met all the time,
and fall on one another in compositions.
"""

import os

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import tinygrad_jp as tg
from tinygrad_jp.testing import GradientError, gradcheck

KINKS = int(os.environ.get("KINKS", "800"))
"""So many in all: 60 % for single ops, 30 % for compositions, 10 % for networks."""

GRID = st.sampled_from([-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0])
PLAIN = st.floats(-1e3, 1e3)
SEEDS = st.integers(0, 1000)


def values(shapes, numbers=GRID | PLAIN):
    return arrays(np.float64, shapes, elements=numbers)


def of_rows(op, *args, **keywords):
    """An op along the last axis, of at least one."""
    return lambda x: getattr(tg, op)(
        tg.reshape(x, (-1, x.shape[-1])), *args, **keywords
    )


def pooled(x):
    return tg.max_pool(tg.reshape(x, (1, 1, -1)), 2, stride=1, padding=1)


# Each keeps the shape of its operand.
UNARY = {
    "relu": tg.relu,
    "abs": tg.abs,
    "leaky_relu": tg.leaky_relu,
    "elu": tg.elu,
    "hard_sigmoid": tg.hard_sigmoid,
    "hard_tanh": tg.hard_tanh,
    "clip": lambda x: tg.clip(x, -1.0, 2.0),
    "clip from below": lambda x: tg.clip(x, min=0.5),
    "below the largest": lambda x: x - tg.max(x, axis=-1, keepdims=True),
    "above the smallest": lambda x: x - tg.min(x, axis=-1, keepdims=True),
    "to the largest size": lambda x: x * tg.max(tg.abs(x)) * 0.25,
    "sort": lambda x: tg.sort(x, axis=-1),
    "half": lambda x: x * 0.5,
    "negative": lambda x: -x,
    "shift": lambda x: x + 1.0,
}
BINARY = {
    "maximum": tg.maximum,
    "minimum": tg.minimum,
    "add": tg.add,
    "subtract": tg.subtract,
    "where": lambda x, y: tg.where(x > y, x, y),
}
ENDS = {
    "as it is": lambda x: x,
    "max": tg.max,
    "min": tg.min,
    "max of rows": of_rows("max", axis=-1),
    "min of rows": of_rows("min", axis=-1),
    "max_pool": pooled,
    "topk": lambda x: tg.topk(x, min(2, x.shape[-1]), axis=-1).values,
    "largest norm": of_rows("vector_norm", ord=np.inf, axis=-1),
}
ONE_WINNER = {"sort", "topk"}
SINGLE = {**UNARY, **ENDS}


@pytest.mark.parametrize("name", SINGLE)
@given(x=values(array_shapes(max_dims=2, max_side=3)), seed=SEEDS)
@settings(max_examples=max(1, KINKS * 6 // 10 // (len(SINGLE) + len(BINARY))))
def test_an_op_of_one_operand(name, x, seed):
    ties = "any" if name in ONE_WINNER else "shared"
    report = gradcheck(SINGLE[name], x, seed=seed, ties=ties)
    assert report.worst <= 1


@pytest.mark.parametrize("name", BINARY)
@given(x=values((2, 2)), y=values((2,)) | values((2, 2)), seed=SEEDS)
@settings(max_examples=max(1, KINKS * 6 // 10 // (len(SINGLE) + len(BINARY))))
def test_an_op_of_two_operands(name, x, y, seed):
    ties = "any" if name == "where" else "shared"  # which takes y where they are equal
    gradcheck(BINARY[name], x, y, seed=seed, ties=ties)


class Composition:
    """A random chain of ops; two operands are the last value and an earlier one."""

    def __init__(self, steps, end):
        self.steps = steps
        self.end = end

    def __call__(self, x):
        made = [x]
        for name, back in self.steps:
            if name in UNARY:
                made.append(UNARY[name](made[-1]))
            else:
                made.append(BINARY[name](made[-1], made[max(-len(made), -1 - back)]))
        return ENDS[self.end](made[-1])

    def __repr__(self):
        return f"Composition({self.steps}, {self.end!r})"


STEP = st.tuples(st.sampled_from([*UNARY, *BINARY]), st.integers(1, 3))
COMPOSITIONS = st.builds(
    Composition, st.lists(STEP, min_size=1, max_size=5), st.sampled_from(list(ENDS))
)


@given(
    function=COMPOSITIONS,
    x=values(st.sampled_from([(1,), (2,), (3,), (2, 2)])),
    seed=SEEDS,
)
@example(
    Composition([("abs", 1), ("sort", 1), ("relu", 1), ("add", 2)], "topk"),
    np.array([-3.0, -2.0, -2.0]),
    0,
)
@settings(max_examples=KINKS * 3 // 10)
def test_compositions(function, x, seed):
    gradcheck(function, x, seed=seed, ties="any")


@given(
    x=values((2, 2), GRID),
    whole=st.booleans(),
    bias=st.sampled_from([0.0, 1.0, None]),
    inner=st.sampled_from(["relu", "abs", "leaky_relu", "hard_tanh", "sort"]),
    outer=st.sampled_from(["as it is", "max", "max_pool", "topk"]),
    seed=SEEDS,
)
@settings(max_examples=KINKS // 10)
def test_small_networks(x, whole, bias, inner, outer, seed):
    rng = np.random.default_rng(seed)
    if whole:
        W1, W2 = rng.integers(-1, 2, (2, 2, 2)).astype(np.float64)
    else:
        W1, W2 = rng.normal(size=(2, 2, 2))
    b = rng.normal(size=2) if bias is None else np.full(2, bias)

    def network(x, W1, b, W2):
        return ENDS[outer](UNARY[inner](x @ W1 + b) @ W2)

    gradcheck(network, x, W1, b, W2, seed=seed, ties="any")


def test_kinks_that_fall_on_one_another_are_counted():
    report = gradcheck(lambda x: tg.relu(x) - tg.relu(-x), 0.0)
    assert report.meetings == 1
    assert "kinks that meet" in str(report)
    assert gradcheck(lambda x: tg.relu(x) - tg.relu(-x), 1.0).meetings == 0


def test_a_special_case_at_one_number_is_no_kink():
    # It is x everywhere, and its gradient is 1 everywhere but at 0.
    with pytest.raises(GradientError, match=r"backward says  0\n *the slope is   1\n"):
        gradcheck(lambda x: tg.where(x == 0.0, 0.0, x), 0.0)


@tg.rule(vjp=lambda g, x: g * np.where(x == 0, 3.0, x > 0), elementwise=True)
def leaps_at_0(x, /):
    return np.maximum(x, 0)


def test_where_kinks_meet_a_wrong_op_is_still_found():
    with pytest.raises(GradientError) as caught:
        gradcheck(lambda x: tg.relu(x) - tg.relu(-x) + leaps_at_0(x), 0.0)
    assert caught.value.op == "leaps_at_0"


def test_where_kinks_meet_a_detached_part_is_still_found():
    with pytest.raises(GradientError, match=r"each of the . ops is right"):
        gradcheck(lambda x: tg.relu(x) - tg.relu(-x) + x.detach(), 0.0)
