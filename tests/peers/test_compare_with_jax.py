"""`compare` with JAX: every rule, a network, and the conventions that it has chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg
from tinygrad_jp.record import lift
from tinygrad_jp.testing import ComparisonError, compare
from tinygrad_jp.testing.cases import rule_cases

pytest.importorskip("jax", reason="JAX is not installed: nothing is compared with it")

from tinygrad_jp.testing.compare.jax_table import (
    TABLE,
)

pytestmark = pytest.mark.peers

RULES = [tg.RULES[name] for name in TABLE]
# JAX compiles for every new shape, so examples are few.
FEW = max(settings().max_examples // 100, 1)
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
@given(data=st.data(), seed=st.integers(0, 1000))
@settings(max_examples=FEW)
def test_every_rule_agrees(rule: Any, data: Any, seed: int) -> None:
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    case = data.draw(rule_cases(rule, dtype=dtype))

    def call(*operands: Any) -> Any:
        return lift(rule)(*operands, **case.keywords)

    comparison = compare(call, *case.operands, against="jax", seed=seed)
    assert rule.name in {row.op for row in comparison.rows}


def test_a_network_agrees() -> None:
    model = nn.Sequential(nn.Affine(3, 4, rng=RNG), nn.ReLU(), nn.Affine(4, 2, rng=RNG))
    loss, t = nn.SoftmaxWithLoss(), np.array([0, 1, 1])
    x = RNG.normal(size=(3, 3)).astype(np.float32)
    comparison = compare(lambda x, m: loss(m(x), t), x, model, against="jax")
    assert comparison.apart == ()


def test_conventions_of_jax_are_listed() -> None:
    comparison = compare(tg.norm, np.zeros(2), against="jax")
    assert "norm, 0: the gradient by x[0] is 0, jax says nan" in str(comparison)


def test_a_wrong_gradient_is_found() -> None:
    @tg.rule(vjp=lambda g, x: 2 * g * x * x, elementwise=True)
    def cube(x: Any, /) -> Any:
        return x * x * x

    with pytest.raises(ComparisonError, match="cube is the first op") as raised:
        compare(cube, RNG.normal(size=3), against="jax", calls={"cube": lambda x: x**3})
    assert raised.value.operand == "x"
