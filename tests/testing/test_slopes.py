"""Measured slopes against derivatives that are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.testing import numerical_gradient, strategies
from tinygrad_jp.testing.slopes import measure, slopes_nearby

KNOWN = {
    "exp": (np.exp, np.exp, -20, 20),
    "sin": (np.sin, np.cos, -1000, 1000),
    "log": (np.log, lambda x: 1 / x, 0.125, 1000),
    "cube": (lambda x: x**3, lambda x: 3 * x**2, -1000, 1000),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2, -5, 5),
}


@pytest.mark.parametrize("name", KNOWN)
@given(part=st.floats(0, 1))
def test_both_slopes_are_right_within_their_doubt(name, part):
    function, derivative, low, high = KNOWN[name]
    x = np.array([low + part * (high - low)])
    with np.errstate(all="ignore"):  # log is tried beside its domain too
        slopes = measure(function, x, np.array([[1.0], [-2.0]]))
    expected = derivative(x) * [[1.0], [-2.0]]
    allowed = slopes.doubt + 1e-9 * np.abs(expected)
    assert (np.abs(slopes.ahead - expected) <= allowed).all()
    assert (np.abs(slopes.behind - expected) <= allowed).all()
    assert (slopes.doubt <= 1e-6 * np.abs(function(x)) + 1e-6).all()


@given(left=st.floats(-10, 10), right=st.floats(-10, 10))
def test_a_kink_has_two_slopes(left, right):
    def bent(x):
        return np.where(x < 0, left, right) * x

    slopes = measure(bent, np.zeros(1), np.ones((1, 1)))
    np.testing.assert_allclose(slopes.behind, left, atol=1e-9)
    np.testing.assert_allclose(slopes.ahead, right, atol=1e-9)
    assert slopes.low <= slopes.high


def test_beyond_the_edge_of_a_domain_there_is_no_slope():
    def half(x):
        return np.where(x < 0, np.nan, 3 * x)

    slopes = measure(half, np.zeros(1), np.ones((1, 1)))
    assert np.isnan(slopes.behind)
    np.testing.assert_allclose([slopes.low, slopes.high], 3)


@given(a=st.floats(0.5, 5), b=st.floats(0.5, 5), seed=st.integers(0, 1000))
def test_kinks_that_meet_are_seen_apart(a, b, seed):
    def saddle(x):
        return a * np.maximum(x[:1], 0) - b * np.maximum(x[1:], 0)

    rng = np.random.default_rng(seed)
    low, high = slopes_nearby(saddle, np.zeros(2), np.ones(2), rng)
    # Between the slope with both kinks off, 0, each may be on or off.
    np.testing.assert_allclose([low[0], high[0]], [-b, a], atol=0.03 * (a + b))


@pytest.mark.parametrize(
    "function", [lambda x: x**3, lambda x: np.abs(x - 1), lambda x: np.exp(30 * x)]
)
def test_without_several_kinks_there_is_nothing_nearby(function):
    rng = np.random.default_rng(0)
    low, high = slopes_nearby(function, np.ones(1), np.ones(1), rng)
    assert np.isnan(low).all()
    assert np.isnan(high).all()


@given(x=strategies.arrays())
def test_numerical_gradient_is_the_gradient(x):
    kept = x.copy()
    x.flags.writeable = False
    expected = 2 * x * np.cos(x * x)
    for point in (x, tg.Tensor(x)):
        kinds = set()

        def bump(a, kinds=kinds):
            kinds.add(type(a))
            return np.sin(np.asarray(a) ** 2).sum()

        found = numerical_gradient(bump, point)
        assert found.shape == x.shape
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
        assert kinds <= {type(point)}
    assert np.array_equal(x, kept)


def test_integers_count_as_floats():
    x = np.array([[3, 4]])
    found = numerical_gradient(lambda a: (a * a).sum(), x)
    np.testing.assert_allclose(found, [[6.0, 8.0]])
    assert x.dtype.kind == "i"
    assert numerical_gradient(lambda a: a * a, 3).shape == ()


def test_numerical_gradient_needs_one_number():
    with pytest.raises(ShapeError, match=r"must return one number, got shape \(2,\)"):
        numerical_gradient(lambda a: a, np.ones(2))
