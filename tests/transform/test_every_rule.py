"""Forward mode of every rule, from the rules of the backward pass alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp.testing.cases import rule_cases
from tinygrad_jp.testing.claim import FINER, kinks
from tinygrad_jp.testing.slopes import STEPS, measure, signs
from tinygrad_jp.transform.jacobian import _by_columns, _by_rows
from tinygrad_jp.transform.recording import _Recording

RULES = [rule for rule in tg.RULES.values() if any(rule.vjps)]
over_rules = pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])


class Case:
    """A rule with its keywords, as a function of the operands that have a gradient."""

    def __init__(self, rule, data):
        self.rule = rule
        self.operands, self.keywords = data.draw(rule_cases(rule))
        if "dtype" in self.keywords:  # slopes are measured in float64
            self.keywords["dtype"] = np.float64
        vjps = rule.vjps * (len(self.operands) if rule.signature.variadic else 1)
        self.places = [i for i, vjp in enumerate(vjps[: len(self.operands)]) if vjp]
        self.point = [self.operands[i] for i in self.places]

    def __call__(self, *values):
        operands = list(self.operands)
        for i, value in zip(self.places, values):
            operands[i] = value
        return self.rule(*operands, **self.keywords)

    def flat(self, at):
        """The forward function itself, from vector to vector."""
        ends = np.cumsum([x.size for x in self.point])[:-1]
        pieces = [
            piece.reshape(x.shape) for piece, x in zip(np.split(at, ends), self.point)
        ]
        operands = list(self.operands)
        for i, value in zip(self.places, pieces):
            operands[i] = value
        with np.errstate(all="ignore"):
            return np.ravel(self.rule.forward(*operands, **self.keywords))


def inner(xs, ys):
    return sum(float(np.sum(x * y)) for x, y in zip(xs, ys))


def size(xs, ys):
    return sum(float(np.sum(np.abs(x * y))) for x, y in zip(xs, ys))


@over_rules
@given(data=st.data(), seed=st.integers(0, 1000))
@settings(max_examples=12)
def test_forward_mode_is_the_transpose_of_the_backward_pass(rule, data, seed):
    rng = np.random.default_rng(seed)
    case = Case(rule, data)
    tangents = [signs(rng, x.shape) for x in case.point]
    value, tangent = tg.jvp(case, case.point, tangents)
    u = signs(rng, value.shape)
    gradients = [g.data for g in tg.vjp(case, *case.point)[1](u)]
    np.testing.assert_allclose(
        inner([u], [tangent.data]),
        inner(gradients, tangents),
        rtol=1e-9,
        atol=1e-12 * (1 + size(gradients, tangents)),
    )


@over_rules
@given(data=st.data(), seed=st.integers(0, 1000))
@settings(max_examples=8)
def test_a_tangent_is_the_slope_where_there_is_no_kink(rule, data, seed):
    rng = np.random.default_rng(seed)
    case = Case(rule, data)
    tangents = [signs(rng, x.shape) for x in case.point]
    tangent = np.ravel(tg.jvp(case, case.point, tangents)[1].data)
    at = np.concatenate([x.ravel() for x in case.point])
    direction = np.concatenate([t.ravel() for t in tangents])[None]
    checked = np.zeros(tangent.shape, bool)
    for steps in (STEPS, *FINER):  # finer ones for what bends within less
        slopes = measure(case.flat, at, direction, steps=steps)
        low, high = slopes.low[0], slopes.high[0]
        allowed = slopes.doubt[0] + 1e-6 * np.maximum(np.abs(low), np.abs(high))
        right = (low - allowed <= tangent) & (tangent <= high + allowed)
        checked |= right | kinks(slopes)[0] | np.isnan(low)
    assert checked.all()


@over_rules
@given(data=st.data())
@settings(max_examples=6)
def test_a_jacobian_is_the_same_by_rows_and_by_columns(rule, data):
    case = Case(rule, data)
    call = _Recording("test", case, case.point, range(len(case.point)))
    for rows, columns in zip(_by_rows(call), _by_columns(call)):
        for one, other in zip(rows, columns):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@over_rules
@given(data=st.data(), seed=st.integers(0, 1000))
@settings(max_examples=6)
def test_second_derivatives_are_symmetric(rule, data, seed):
    rng = np.random.default_rng(seed)
    case = Case(rule, data)
    weights = signs(rng, np.shape(case(*case.point)))

    def loss(*values):
        return (case(*values) * weights).sum()

    s, t = ([signs(rng, x.shape) for x in case.point] for _ in range(2))
    along_s = [g.data for g in tg.hvp(loss, case.point, s)]
    along_t = [g.data for g in tg.hvp(loss, case.point, t)]
    np.testing.assert_allclose(
        inner(along_s, t),
        inner(along_t, s),
        rtol=1e-9,
        atol=1e-10 * (1 + size(along_s, t)),
    )
