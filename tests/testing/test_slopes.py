"""Measured slopes against derivatives that are known."""

import math
import re

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


FUNCTIONS = {
    "wave": (lambda x: (np.exp(x) * np.sin(x)).sum(), np.linspace(0, 2, 9)),
    "softmax": (lambda x: np.log(np.exp(x).sum()), np.array([[0.5, -1.0], [2.0, 0.0]])),
    "matrix": (lambda x: (x @ x.T).sum() / np.sqrt(1.0 + (x**2).mean()), np.eye(2, 3)),
    "places": (
        lambda x: x.reshape(-1)[::2].prod() + x.T[0, 1] ** 3,
        np.full((2, 2), 1.5),
    ),
    "in place": (lambda x: np.add(x, x * x, out=x).sum(), np.array([1.0, -2.0])),
    "one of 0-d": (lambda x: np.array(np.tanh(x)), np.array(0.3)),
    "by the array": (
        lambda x: np.concatenate([x, 1 / x]).cumsum().sum(),
        np.arange(1, 4),
    ),
}


def exact(name):
    _, x = FUNCTIONS[name]
    on_tensors = tg.Tensor(x, dtype=np.float64, requires_grad=True)
    made = {
        "wave": lambda x: (tg.exp(x) * tg.sin(x)).sum(),
        "softmax": lambda x: tg.log(tg.exp(x).sum()),
        "matrix": lambda x: (x @ x.T).sum() / tg.sqrt(1.0 + (x**2).mean()),
        "places": lambda x: x.reshape(-1)[::2].prod() + x.T[0, 1] ** 3,
        "in place": lambda x: (x + x * x).sum(),
        "one of 0-d": tg.tanh,
        "by the array": lambda x: tg.concat([x, 1 / x]).cumsum().sum(),
    }[name](on_tensors)
    made.backward()
    return on_tensors.grad.data


METHODS = {"central": 1e-7, "forward": 1e-2, "complex": 1e-14}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_method_is_as_sharp_as_it_says(name, method):
    function, x = FUNCTIONS[name]
    kept = x.copy()
    found = numerical_gradient(function, x, method=method)
    np.testing.assert_allclose(
        found, exact(name), rtol=METHODS[method], atol=METHODS[method]
    )
    assert (found.shape, found.dtype) == (x.shape, np.float64)
    assert np.array_equal(x, kept)
    assert x.dtype == kept.dtype


def test_the_figures_of_the_docstring_are_measured():
    function, x = FUNCTIONS["wave"]
    true = np.exp(x) * (np.sin(x) + np.cos(x))
    rows = re.findall(
        r"^ +(1e-\d+)((?: +[\de.-]+){3})$", numerical_gradient.__doc__, re.M
    )
    assert len(rows) == 4
    for step, figures in rows:
        for method, figure in zip(("forward", "central", "complex"), figures.split()):
            found = numerical_gradient(function, x, float(step), method=method)
            error = np.abs(found / true - 1).max()
            assert float(figure) / 4 <= error <= float(figure) * 4, (step, method)


NOT_ANALYTIC = {
    "np.absolute": lambda x: np.abs(x).sum(),
    "np.greater": lambda x: np.where(x > 0, x, 0.0).sum(),
    "np.maximum": lambda x: np.maximum(x, 0.0).sum(),
    ".max": lambda x: x.max(),
    "np.max|np.amax": lambda x: np.max(x),
    "np.linalg.norm": np.linalg.norm,
    "np.sort": lambda x: np.sort(x)[0],
    ".real": lambda x: x.real.sum(),
    "np.sign": lambda x: (x * np.sign(x)).sum(),
    "np.conjugate": lambda x: (x * np.conj(x)).sum(),
    "a cast to real numbers": lambda x: x.astype(np.float64).sum(),
    "real numbers": lambda x: sum(math.exp(a) for a in x),
    "f returns float64": lambda x: np.asarray(x).real.sum(),
    "f takes no complex numbers": lambda x: np.floor(x).sum(),
    "f drops|it drops": lambda x: (np.abs(np.asarray(x)) * np.asarray(x)).sum(),
}


@pytest.mark.parametrize("words", NOT_ANALYTIC)
def test_a_complex_step_refuses_what_is_not_analytic_by_name(words):
    function = NOT_ANALYTIC[words]
    x = np.array([-1.0, 0.5, 2.0])
    with pytest.raises(TypeError, match=f"({words}).*use method='central'"):
        numerical_gradient(function, x, method="complex")
    numerical_gradient(function, x)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (
            lambda x: numerical_gradient(sum, x, method="exact"),
            ValueError,
            "must be one",
        ),
        (lambda x: numerical_gradient(sum, x, 0.0), ValueError, "eps must be above 0"),
        (
            lambda x: numerical_gradient(sum, x, np.nan),
            ValueError,
            "eps must be above 0",
        ),
        (
            lambda x: numerical_gradient(tg.sum, tg.Tensor(x), method="complex"),
            TypeError,
            "needs a function of arrays",
        ),
        (
            lambda x: numerical_gradient(np.exp, x, method="complex"),
            ShapeError,
            r"one number, got shape \(2,\)",
        ),
    ],
)
def test_wrong_calls_of_numerical_gradient_are_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call(np.ones(2))


def test_numerical_gradient_needs_one_number():
    with pytest.raises(ShapeError, match=r"must return one number, got shape \(2,\)"):
        numerical_gradient(lambda a: a, np.ones(2))
