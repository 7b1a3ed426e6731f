"""`compare` with PyTorch itself: rules, networks, programs, ties, and what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg
from tinygrad_jp.record import lift
from tinygrad_jp.testing import Comparison, ComparisonError, compare
from tinygrad_jp.testing import strategies as drawn
from tinygrad_jp.testing.cases import rule_cases
from tinygrad_jp.testing.compare.torch_table import TABLE
from tinygrad_jp.testing.mutation_switch import exchanged

pytestmark = pytest.mark.peers

RULES = [tg.RULES[name] for name in TABLE]
FLOATS = [np.float16, np.float32, np.float64]
ALL = settings().max_examples
SOME, FEW = (max(ALL // n, 1) for n in (4, 10))
RNG = np.random.default_rng(0)


def called(rule: Any, keywords: dict[str, Any]) -> Any:
    def call(*operands: Any) -> Any:
        return lift(rule)(*operands, **keywords)

    return call


def with_torch(fn: Any, *inputs: Any, **settings: Any) -> Comparison:
    return compare(fn, *inputs, against="torch", **settings).or_skip()


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
@given(data=st.data(), seed=st.integers(0, 1000))
@settings(max_examples=FEW)
def test_every_rule_agrees(rule: Any, data: Any, seed: int) -> None:
    case = data.draw(rule_cases(rule, dtype=data.draw(st.sampled_from(FLOATS))))
    comparison = with_torch(called(rule, case.keywords), *case.operands, seed=seed)
    *rows, whole = comparison.rows
    assert rule.name in {row.op for row in rows}
    assert whole.op == "whole graph"


@given(program=drawn.graphs())
@settings(max_examples=SOME)
def test_programs_agree(program: Any) -> None:
    with_torch(program, *program.inputs)


@given(module=drawn.modules(in_size=3, out_size=4), seed=st.integers(0, 1000))
@settings(max_examples=FEW)
def test_networks_agree(module: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    loss = nn.SoftmaxWithLoss()
    x, t = rng.normal(size=(5, 3)).astype(np.float32), rng.integers(0, 4, 5)
    comparison = with_torch(lambda x, module: loss(module(x), t), x, module)
    assert len(comparison.rows) > 5


def test_a_convolution_agrees_op_by_op() -> None:
    x, W = RNG.normal(size=(2, 3, 5, 5)), RNG.normal(size=(4, 3, 3, 3))

    def network(x: Any, W: Any) -> Any:
        return tg.max_pool(tg.relu(tg.conv(x, W, padding=1)), size=2).sum()

    comparison = with_torch(network, x, W)
    assert comparison.apart == ()
    assert "sliding_window_view" in {row.op for row in comparison.rows}


def broken(name: str, vjp: Any) -> Any:
    """A rule with another gradient."""
    rule: Any = tg.RULES[name]
    return tg.rule(vjp=vjp, elementwise=rule.elementwise)(rule.forward)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_wrong_gradient_is_the_first_that_differs(dtype: Any) -> None:
    wrong = broken("tanh", lambda g, out: g * 1.0005 * (1 - out * out))

    def network(x: Any) -> Any:
        return tg.exp(tg.tanh(tg.sin(x))).sum()

    x = RNG.normal(size=3).astype(dtype)
    with_torch(network, x)
    with (
        exchanged(tg.RULES["tanh"], wrong),
        pytest.raises(ComparisonError, match="tanh is the first op") as raised,
    ):
        with_torch(network, x)
    error = raised.value
    assert (error.op, error.operand) == ("tanh", "x")
    assert error.ours == pytest.approx(1.0005 * error.theirs, rel=1e-5)
    assert "network" not in error.line
    assert "tg.tanh(tg.sin(x))" in error.line


def test_a_wrong_value_is_found_beyond_the_digits_of_its_dtype() -> None:
    @tg.rule(vjp=lambda g, out: g * out, elementwise=True)
    def exp(x: Any, /) -> Any:
        return np.exp(x) * (1 + 1e-12)  # nothing, in float32

    with (
        exchanged(tg.RULES["exp"], exp),
        pytest.raises(ComparisonError, match="float64") as raised,
    ):
        with_torch(tg.exp, RNG.normal(size=3).astype(np.float32))
    assert raised.value.operand is None


@given(x=drawn.arrays(shape=(4,)))
@settings(max_examples=SOME)
def test_ties_are_no_difference(x: Any) -> None:
    x = np.rint(x)

    def kinks(x: Any) -> Any:
        pairs = tg.maximum(x, x[::-1]) * tg.minimum(x, 0.0)
        best = tg.max(x) + tg.min(x) + tg.norm(x) + tg.sort(x)[1:].sum()
        return pairs.sum() + best + tg.abs(x).sum() + tg.relu(x).sum()

    with_torch(kinks, x)


def test_one_winner_at_a_tie_is_listed_apart() -> None:
    def of_first(g: Any, x: Any) -> Any:
        return g * (np.arange(x.size) == x.argmax())

    wrong = broken("max", of_first)
    with exchanged(tg.RULES["max"], wrong):
        comparison = with_torch(lambda x: tg.max(x) * 2.0, np.array([3.0, 1.0, 3.0]))
        assert len(comparison.apart) == 2
        text = "max, tie: the gradient by x[0] is"
        assert comparison.apart[0].startswith(text)
        assert [row.verdict for row in comparison.rows] == [
            "apart: tie",
            "same",
            "apart: kinks",
        ]


def test_conventions_of_pytorch_are_listed() -> None:
    comparison = with_torch(tg.hypot, np.array([0.0, 3.0]), np.array([0.0, 4.0]))
    assert comparison.apart[0].startswith("hypot, 0: the gradient by x[0] is")


def test_rules_of_one_s_own_are_given_their_counterpart() -> None:
    @tg.rule(vjp=lambda g, x: 3 * g * x * x, elementwise=True)
    def cube(x: Any, /) -> Any:
        return x * x * x

    x = RNG.normal(size=4)
    with pytest.raises(LookupError, match="cube: no counterpart in torch is known"):
        with_torch(cube, x)
    with_torch(cube, x, calls={"cube": lambda x: x**3})
    with pytest.raises(ComparisonError, match="cube is the first op"):
        with_torch(cube, x, calls={"cube": lambda x: torch.abs(x) ** 3})
