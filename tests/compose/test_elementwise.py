"""Squares, bounds, logic and what is finite; and what `where` and `pow` promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hst

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.testing import gradcheck
from tinygrad_jp.testing import strategies as st

FLOATS = [np.float16, np.float32, np.float64]
SOME = settings(max_examples=40)
dtypes = hst.sampled_from(FLOATS)
anything = st.shapes(min_side=0)


def assert_equal(result, expected):
    assert isinstance(result, Tensor)
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result.data, expected)


# --- squares and bounds ------------------------------------------------------------


@given(data=hst.data(), dtype=dtypes)
@SOME
def test_squares_and_reciprocals_are_numpy_s(data, dtype):
    x = data.draw(st.arrays(shape=anything, dtype=dtype, domain="nonzero"))
    with np.errstate(all="ignore"):
        assert_equal(tg.square(x), np.square(x))
        assert_equal(tg.reciprocal(x), np.asarray(1.0 / x, dtype=dtype))
    assert_equal(tg.positive(x), x)
    assert_equal(np.square(Tensor(x)), np.square(x))
    assert_equal(np.positive(Tensor(x)), x)


def test_integers_have_reciprocals_that_are_no_integers():
    assert_equal(tg.reciprocal([2, 4]), np.array([0.5, 0.25]))
    assert_equal(tg.square(np.array([2, 3], np.int32)), np.array([4, 9], np.int32))


def test_positive_is_the_same_tensor():
    x = Tensor([1.0], requires_grad=True)
    assert tg.positive(x) is x


@given(x=st.arrays(domain="nonzero"))
@SOME
def test_squares_and_reciprocals_have_their_gradients(x):
    gradcheck(tg.square, x, order=2)
    gradcheck(tg.reciprocal, x, order=2)


@hst.composite
def bounds(draw, shape, dtype):
    """A bound of each kind: none, a number, an array that broadcasts."""
    kind = draw(hst.sampled_from(["none", "number", "array"]))
    if kind == "none":
        return None
    if kind == "number":
        return draw(hst.sampled_from([-1.0, 0.0, 1.0, 1]))
    return draw(st.arrays(shape=st.narrowed(shape), dtype=dtype))


@given(data=hst.data(), dtype=dtypes)
@SOME
def test_clip_is_numpy_s(data, dtype):
    x = data.draw(st.arrays(shape=anything, dtype=dtype))
    low, high = data.draw(bounds(x.shape, dtype)), data.draw(bounds(x.shape, dtype))
    expected = x
    if low is not None:
        expected = np.maximum(expected, np.asarray(low, dtype))
    if high is not None:
        expected = np.minimum(expected, np.asarray(high, dtype))
    assert_equal(tg.clip(x, low, high), np.asarray(expected))
    assert_equal(tg.clip(x, min=low, max=high), np.asarray(expected))
    assert_equal(np.clip(Tensor(x), low, high), np.asarray(expected))
    assert_equal(
        np.clip(x, a_min=Tensor(-1.0, dtype=dtype), a_max=None),
        np.clip(x, np.asarray(-1.0, dtype), None),
    )


@given(data=hst.data())
@SOME
def test_clip_has_its_gradient_at_its_kinks_too(data):
    x = data.draw(st.arrays())
    low = data.draw(st.arrays(shape=x.shape))
    high = low + data.draw(st.arrays(shape=x.shape, domain="positive"))
    report = gradcheck(tg.clip, x, low, high)
    if not report.kinks:
        gradcheck(tg.clip, x, low, high, order=2)


def test_what_equals_a_bound_shares_with_it():
    x = Tensor([-1.0, 0.0, 1.0, 3.0], requires_grad=True)
    low = Tensor(-1.0, requires_grad=True)
    tg.clip(x, low, 1.0).sum().backward()
    assert x.grad.data.tolist() == [0.5, 1.0, 0.5, 0.0]
    assert low.grad.item() == 0.5


def test_aliases_of_other_houses():
    x = [-2.0, 0.5, 2.0]
    assert tg.clamp(x, -1.0, 1.0).tolist() == [-1.0, 0.5, 1.0]
    assert tg.arctan2 is tg.atan2
    assert tg.power is tg.pow


# --- logic and what is finite ------------------------------------------------------

LOGIC = ["logical_and", "logical_or", "logical_xor"]
STRANGE = np.array([0.0, -0.0, 1.0, -2.5, np.inf, -np.inf, np.nan])


@pytest.mark.parametrize("name", LOGIC)
@pytest.mark.parametrize("dtype", [*FLOATS, np.int8, np.uint16, bool])
def test_logic_is_numpy_s(name, dtype):
    x = (STRANGE if np.dtype(dtype).kind == "f" else STRANGE[:4]).astype(dtype)
    y = x[:, None]
    expected = getattr(np, name)(x, y)
    assert_equal(getattr(tg, name)(x, Tensor(y)), expected)
    assert_equal(getattr(np, name)(Tensor(x), y), expected)
    assert_equal(getattr(tg, name)(x, True), getattr(np, name)(x, True))
    assert_equal(tg.logical_not(x), np.logical_not(x))


@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite", "logical_not"])
@pytest.mark.parametrize("dtype", [*FLOATS, np.int8, np.uint16, bool])
def test_questions_are_answered_as_by_numpy(name, dtype):
    x = (STRANGE if np.dtype(dtype).kind == "f" else STRANGE[:4]).astype(dtype)
    expected = getattr(np, name)(x)
    assert_equal(getattr(tg, name)(x), expected)
    assert_equal(getattr(np, name)(Tensor(x)), expected)
    assert_equal(getattr(tg, name)(x[:0]), expected[:0])
    assert_equal(getattr(tg, name)(x[1]), np.asarray(expected[1]))


def test_logic_gives_no_gradient():
    x = Tensor(STRANGE, requires_grad=True)
    for name in ["isnan", "isinf", "isfinite", "logical_not"]:
        assert not getattr(tg, name)(x).requires_grad
    for name in LOGIC:
        assert not getattr(tg, name)(x, x).requires_grad


@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_to_num_is_numpy_s(dtype):
    x = STRANGE.astype(dtype)
    assert_equal(tg.nan_to_num(x), np.nan_to_num(x))
    assert_equal(np.nan_to_num(Tensor(x)), np.nan_to_num(x))
    given = {"nan": 2.0, "posinf": 3.0, "neginf": -4.0}
    assert_equal(tg.nan_to_num(x, **given), np.nan_to_num(x, **given))
    t = Tensor(x, requires_grad=True)
    tg.nan_to_num(t).sum().backward()
    assert t.grad.data.tolist() == np.isfinite(x).tolist()
    assert t.grad.dtype == dtype


def test_nan_to_num_leaves_integers_alone():
    assert_equal(tg.nan_to_num([1, 2]), np.array([1, 2]))


def test_closeness_is_numpy_s():
    x, y = STRANGE, STRANGE + 1e-6
    for equal_nan in (False, True):
        expected = np.isclose(x, y, equal_nan=equal_nan)
        assert_equal(tg.isclose(x, y, equal_nan=equal_nan), expected)
        assert_equal(np.isclose(Tensor(x), y, equal_nan=equal_nan), expected)
        assert tg.allclose(x, y, equal_nan=equal_nan) is bool(expected.all())
        assert np.allclose(x, Tensor(y), equal_nan=equal_nan) is bool(expected.all())
    assert tg.allclose([1.0], [1.4], rtol=0.5)
    assert not tg.allclose([1.0], [1.4], rtol=0.0, atol=0.1)


# --- what is promised at strange points --------------------------------------------


def test_where_passes_a_value_that_is_not_finite_by():
    x = Tensor([0.0, 4.0], requires_grad=True)
    bad = Tensor([np.nan, np.inf], requires_grad=True)
    y = tg.where([True, False], x, bad)
    assert_equal(y[0], np.asarray(0.0))
    y.backward(np.ones(2))
    assert x.grad.data.tolist() == [1.0, 0.0]
    assert bad.grad.data.tolist() == [0.0, 1.0]


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_branch_that_is_not_taken_still_multiplies_its_derivative():
    x = Tensor([0.0, 4.0], requires_grad=True)
    y = tg.where(x > 0, tg.sqrt(x), 0.0)
    assert y.data.tolist() == [0.0, 2.0]
    y.sum().backward()
    assert np.isnan(x.grad.data[0])
    assert x.grad.data[1] == 0.25


@pytest.mark.parametrize("f", [tg.sqrt, tg.log, tg.reciprocal])
def test_choosing_before_computing_repairs_it(f):
    def safe(x):
        return tg.where(x > 0, f(tg.where(x > 0, x, 1.0)), 0.0)

    gradcheck(safe, np.array([-2.0, 0.5, 4.0]), order=2)
    assert tg.grad(safe)(0.0).item() == 0.0
    assert tg.grad(tg.grad(safe))(0.0).item() == 0.0


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_power_of_nought_is_flat_at_nought(dtype):
    x = Tensor(np.array([0.0, 2.0]), dtype=dtype, requires_grad=True)
    y = x**0
    y.sum().backward()
    assert y.data.tolist() == [1.0, 1.0]
    assert x.grad.data.tolist() == [0.0, 0.0]
    assert x.grad.dtype == dtype
    for exponent, values in {1: [1, 0, 0], 2: [0, 2, 0], 3: [0, 0, 6]}.items():
        f = lambda x, n=exponent: x**n  # noqa: E731 - differentiated thrice below
        for value in values:
            f = tg.grad(f)
            assert f(0.0).item() == value


@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "round", "sign"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_steps_are_flat_at_jumps_and_infinities_too(name, dtype):
    points = [-np.inf, -0.5, 0.0, 1.0, np.inf, np.nan]
    x = Tensor(points, dtype=dtype, requires_grad=True)
    y = getattr(tg, name)(x)
    assert_equal(y, getattr(np, name)(x.data))
    g = np.array([np.inf, np.nan, 1.0, -np.inf, np.inf, np.nan], dtype)
    y.backward(g)
    assert_equal(x.grad, np.zeros(6, dtype))


def test_floor_divide_is_flat_for_both():
    x = Tensor([5.0, -5.0], requires_grad=True)
    y = Tensor([2.0, 5.0], requires_grad=True)
    tg.floor_divide(x, y).backward(np.array([np.inf, 1.0]))
    assert x.grad.data.tolist() == y.grad.data.tolist() == [0.0, 0.0]


def test_rounding_to_decimals_is_numpy_s():
    x = np.array([1.2345, -2.5, 155.0])
    for decimals in (0, 2, -1):
        np.testing.assert_allclose(
            np.round(Tensor(x), decimals).data, np.round(x, decimals)
        )


@pytest.mark.parametrize("dtype", FLOATS)
def test_no_square_overflows_on_the_way(dtype):
    huge = float(np.finfo(dtype).max) / 4
    x = Tensor([huge, -huge, 0.0], dtype=dtype, requires_grad=True)
    y = Tensor([huge, 0.0, 0.0], dtype=dtype, requires_grad=True)
    one = np.ones(3, dtype)
    for f, wanted in [
        (tg.hypot, ([np.sqrt(0.5), -1, 0], [np.sqrt(0.5), 0, 0])),
        (tg.atan2, ([0, 0, 0], [0, 0, 0])),
    ]:
        x.grad = y.grad = None
        f(x, y).backward(one)
        for t, values in zip((x, y), wanted):
            assert t.grad.dtype == dtype
            np.testing.assert_allclose(t.grad.data, values, rtol=2e-3, atol=2e-4)
    for f in (tg.atan, tg.asinh, tg.erf):
        x.grad = None
        f(x).backward(one)
        np.testing.assert_allclose(x.grad.data[:2], 0, atol=2e-4)


def test_logaddexp_of_nothing_is_nothing():
    x = Tensor([-np.inf, -np.inf, 0.0], requires_grad=True)
    y = Tensor([-np.inf, 0.0, 0.0], requires_grad=True)
    z = tg.logaddexp(x, y)
    np.testing.assert_allclose(z.data, [-np.inf, 0.0, np.log(2.0)])
    z.backward(np.ones(3))
    assert x.grad.data.tolist() == [0.0, 0.0, 0.5]
    assert y.grad.data.tolist() == [0.0, 1.0, 0.5]


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_slopes_of_logaddexp_add_up_to_one_however_large(dtype):
    x = Tensor([1e4, -1e4, 1e4], dtype=dtype, requires_grad=True)
    y = Tensor([1e4, -1e4, -1e4], dtype=dtype, requires_grad=True)
    tg.logaddexp(x, y).sum().backward()
    assert x.grad.data.tolist() == [0.5, 0.5, 1.0]
    assert y.grad.data.tolist() == [0.5, 0.5, 0.0]


def test_erf_is_known_for_every_kind_of_number():
    assert_equal(tg.erf([0, 1]), np.array([0.0, 0.8427007929497149]))
    assert_equal(tg.erf(np.zeros((0, 2), np.float32)), np.zeros((0, 2), np.float32))
    x = np.array([np.nan, np.inf, -np.inf])
    np.testing.assert_array_equal(tg.erf(x).data, [np.nan, 1.0, -1.0])


def test_nan_passes_through():
    x = np.array([np.nan])
    for f in (tg.clip, tg.square, tg.erf, tg.sign, tg.floor, tg.tanh, tg.abs):
        assert np.isnan(f(x).data).all(), f
    for f in (tg.maximum, tg.minimum, tg.hypot, tg.logaddexp, tg.remainder):
        assert np.isnan(f(x, 1.0).data).all(), f
