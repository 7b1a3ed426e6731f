"""Activations: their values, their slopes at kinks, and numbers of any size."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hst

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.testing import check_semantics, gradcheck
from tinygrad_jp.testing import strategies as st

FLOATS = [np.float16, np.float32, np.float64]
SOME = settings(max_examples=40)
dtypes = hst.sampled_from(FLOATS)


def gelu_tanh(x):
    return tg.gelu(x, approximate="tanh")


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def softplus(x):
    return math.log1p(math.exp(x))


VALUES = {
    tg.relu: lambda x: max(x, 0.0),
    tg.leaky_relu: lambda x: x if x > 0 else 0.01 * x,
    tg.elu: lambda x: x if x > 0 else math.expm1(x),
    tg.selu: lambda x: (
        1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x))
    ),
    tg.gelu: lambda x: x * 0.5 * math.erfc(-x / math.sqrt(2)),
    gelu_tanh: lambda x: (
        0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    ),
    tg.sigmoid: sigmoid,
    tg.softplus: softplus,
    tg.silu: lambda x: x * sigmoid(x),
    tg.mish: lambda x: x * math.tanh(softplus(x)),
    tg.hard_sigmoid: lambda x: min(max(x / 6 + 0.5, 0.0), 1.0),
    tg.hard_tanh: lambda x: min(max(x, -1.0), 1.0),
}
"""Each activation by its textbook formula."""

KINKS = {  # at them: the slope before, behind, and that which we say
    (tg.relu, 0.0): (0, 1, 0),
    (tg.leaky_relu, 0.0): (0.01, 1, 0.01),
    (tg.selu, 0.0): (1.7580993408473766, 1.0507009873554805, 1.7580993408473766),
    (tg.hard_sigmoid, -3.0): (0, 1 / 6, 1 / 12),
    (tg.hard_sigmoid, 3.0): (1 / 6, 0, 1 / 12),
    (tg.hard_tanh, -1.0): (0, 1, 1 / 2),
    (tg.hard_tanh, 1.0): (1, 0, 1 / 2),
}
NAN_BELOW = {tg.gelu, gelu_tanh, tg.silu, tg.mish}
"""Products with 0 at -inf, as their docstrings say."""


def over(table):
    return pytest.mark.parametrize("f", table, ids=lambda f: f.__name__)


@over(VALUES)
@given(data=hst.data(), dtype=dtypes)
@SOME
def test_values_are_those_of_the_formula(f, data, dtype):
    x = data.draw(st.arrays(shape=st.shapes(min_side=0), dtype=dtype))
    expected = np.vectorize(VALUES[f], otypes=[float])(x.astype(float))
    y = f(x)
    assert y.dtype == dtype
    assert y.shape == x.shape
    allowed = 16 * float(np.finfo(dtype).eps)
    size = max(1.0, np.abs(expected).max(initial=0.0))
    np.testing.assert_allclose(
        y.data.astype(float), expected, rtol=allowed, atol=allowed * size
    )


@over(VALUES)
@given(x=st.arrays(), seed=hst.integers(0, 100))
@SOME
def test_gradients_are_right_to_the_second_order(f, x, seed):
    report = gradcheck(f, x, seed=seed)
    if not report.kinks and not (f is tg.elu and (x == 0).any()):
        gradcheck(f, x, order=2, seed=seed)


@pytest.mark.parametrize("f", [tg.gelu, gelu_tanh, tg.softplus, tg.silu, tg.mish])
def test_smooth_ones_have_third_derivatives(f):
    gradcheck(f, np.array([-2.0, -0.5, 0.0, 0.7, 3.0]), order=3)


@pytest.mark.parametrize(("case", "slopes"), KINKS.items())
def test_kinks_are_as_documented(case, slopes):
    f, at = case
    assert tg.grad(f)(at).item() == pytest.approx(slopes[2], rel=1e-15)
    assert tg.grad(f)(at - 1e-3).item() == pytest.approx(slopes[0], rel=2e-3)
    assert tg.grad(f)(at + 1e-3).item() == pytest.approx(slopes[1], rel=2e-3)


def test_elu_with_alpha_one_is_smooth_at_nought():
    assert tg.grad(tg.elu)(0.0).item() == 1.0
    assert tg.grad(lambda x: tg.elu(x, alpha=0.5))(0.0).item() == 0.5
    assert tg.elu(-1.0, alpha=0.5).item() == 0.5 * math.expm1(-1.0)
    assert tg.leaky_relu(-1.0, negative_slope=0.2).item() == -0.2


@over(VALUES)
@pytest.mark.parametrize("dtype", FLOATS)
def test_nothing_overflows(f, dtype):
    x = Tensor([-1e4, -100, -20, 0, 20, 100, 1e4], dtype=dtype, requires_grad=True)
    y = f(x)  # a warning would be an error
    y.backward(np.ones(7, dtype))
    assert y.dtype == x.grad.dtype == dtype
    assert np.isfinite(y.data).all()
    bounded = f in (tg.sigmoid, tg.hard_sigmoid, tg.hard_tanh)
    scale = 1.0507009873554805 if f is tg.selu else 1.0
    assert y.data[-1] == (1.0 if bounded else np.asarray(1e4 * scale, dtype))
    np.testing.assert_allclose(x.grad.data[-1], 0.0 if bounded else scale, rtol=1e-3)
    flat = 0.01 if f is tg.leaky_relu else 0.0
    np.testing.assert_allclose(x.grad.data[0], flat, rtol=1e-3)


@over(VALUES)
def test_second_derivatives_do_not_overflow(f):
    second = tg.grad(lambda x: tg.grad(lambda x: f(x).sum())(x).sum())
    for dtype in FLOATS:
        found = second(np.array([-1e4, 1e4], dtype))
        assert found.dtype == dtype
        assert not found.data.any()


@over(VALUES)
def test_nan_and_inf_pass_through(f):
    assert math.isnan(f(math.nan).item())
    limit = 1.0 if f in (tg.sigmoid, tg.hard_sigmoid, tg.hard_tanh) else math.inf
    assert f(math.inf).item() == limit
    with np.errstate(invalid="ignore"):
        below = f(-math.inf).item()
    if f in NAN_BELOW:
        assert math.isnan(below)
        return
    assert below == {
        tg.leaky_relu: -math.inf,
        tg.elu: -1.0,
        tg.selu: f(-1e4).item(),
        tg.hard_tanh: -1.0,
    }.get(f, 0.0)


def test_softplus_is_exact_where_it_is_tiny():
    assert tg.softplus(-40.0).item() == pytest.approx(math.exp(-40.0), rel=1e-14)
    slope = tg.grad(tg.softplus)(-40.0).item()
    assert slope == pytest.approx(math.exp(-40.0), rel=1e-14)


def test_gelu_knows_two_formulas():
    with pytest.raises(ValueError, match=r"or \"tanh\", got 'erf'$"):
        tg.gelu(1.0, approximate="erf")
    assert abs(tg.gelu(1.0).item() - gelu_tanh(1.0).item()) > 1e-5


def test_swish_is_silu():
    assert tg.swish is tg.silu


# --- over an axis ------------------------------------------------------------------


@pytest.mark.parametrize("f", [tg.softmax, tg.log_softmax])
@given(data=hst.data(), dtype=dtypes)
@SOME
def test_softmax_is_what_it_says_over_any_axis(f, data, dtype):
    x = data.draw(st.arrays(shape=st.shapes(min_dims=1), dtype=dtype))
    axis = data.draw(st.axes(x.ndim))
    e = np.exp(x.astype(float))
    expected = e / e.sum(axis, keepdims=True)
    if f is tg.log_softmax:
        expected = np.log(expected)
    y = f(x, axis=axis)
    assert y.dtype == dtype
    allowed = 32 * float(np.finfo(dtype).eps)
    size = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(y.data.astype(float), expected, atol=allowed * size)


@pytest.mark.parametrize("f", [tg.softmax, tg.log_softmax])
@given(data=hst.data())
@SOME
def test_softmax_has_its_gradients(f, data):
    x = data.draw(st.arrays(shape=st.shapes(min_dims=1, max_dims=2)))
    axis = data.draw(st.axes(x.ndim))
    gradcheck(lambda x: f(x, axis=axis), x, order=3 if x.size < 6 else 2)


@pytest.mark.parametrize("f", [tg.softmax, tg.log_softmax])
def test_a_row_does_not_mix_with_another(f):
    check_semantics(f, np.arange(12.0).reshape(4, 3) % 5, batch_axis=0)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("offset", [-1e4, 0.0, 1e4])
def test_offsets_cost_no_digit(dtype, offset):
    x = Tensor(np.array([0.0, 8.0, 16.0]) + offset, dtype=dtype, requires_grad=True)
    start = Tensor([0.0, 8.0, 16.0], dtype=dtype, requires_grad=True)
    for f in (tg.softmax, tg.log_softmax):
        y, expected = f(x), f(start)
        np.testing.assert_array_equal(y.data, expected.data)
        assert y.dtype == dtype
        y[0].backward()
        expected[0].backward()
        np.testing.assert_array_equal(x.grad.data, start.grad.data)


@pytest.mark.parametrize("dtype", FLOATS)
def test_far_apart_scores_neither_overflow_nor_warn(dtype):
    x = Tensor([[1e4, -1e4], [-np.inf, 0.0]], dtype=dtype, requires_grad=True)
    y = tg.softmax(x)
    z = tg.log_softmax(x)
    assert y.data.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert z.data.tolist() == [[0.0, -2e4], [-np.inf, 0.0]]
    (y.sum() + z[0].sum()).backward()
    assert np.isfinite(x.grad.data).all()
    assert x.grad.dtype == dtype


@pytest.mark.parametrize("f", [tg.softmax, tg.log_softmax])
def test_a_row_of_nothing_has_no_softmax(f):
    with np.errstate(invalid="ignore"):
        assert np.isnan(f([-np.inf, -np.inf]).data).all()
    assert np.isnan(f([np.nan, 0.0]).data).all()
