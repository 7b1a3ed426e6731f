"""Means, variances, products, running sums and norms, over every form of axis."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as hst

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.testing import gradcheck
from tinygrad_jp.testing import strategies as st

FLOATS = [np.float16, np.float32, np.float64]
SOME = settings(max_examples=40)
FEW = settings(max_examples=20)
dtypes = hst.sampled_from([*FLOATS, np.int32, np.uint8, bool])


def assert_close(result, expected, *, dtype=None):
    """The same shape and dtype, and numbers that differ by a few roundings."""
    expected = np.asarray(expected)
    assert isinstance(result, Tensor)
    assert result.shape == expected.shape
    assert result.dtype == (dtype or expected.dtype)
    if result.dtype.kind != "f":
        np.testing.assert_array_equal(result.data, expected)
        return
    size = np.abs(expected[np.isfinite(expected)].astype(float)).max(initial=1.0)
    allowed = 32 * float(np.finfo(result.dtype).eps)
    np.testing.assert_allclose(
        result.data.astype(float),
        expected.astype(float),
        rtol=allowed,
        atol=allowed * size,
    )


@hst.composite
def reductions(draw, *, dtype=None, min_side=0, **keywords):
    """An array, and how to reduce it."""
    shape = draw(st.shapes(min_side=min_side, max_side=4))
    dtype = draw(dtypes) if dtype is None else dtype
    if np.dtype(dtype).kind == "f":
        x = draw(st.arrays(shape=shape, dtype=dtype, **keywords))
    else:
        x = np.abs(draw(st.arrays(shape=shape)) * 2).astype(dtype)
    given = {"axis": draw(st.axes(x.ndim)), "keepdims": draw(hst.booleans())}
    return x, given


def in_float64(function, x, **keywords):
    """What NumPy gives, computed in float64 and then in the dtype it would have."""
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    with np.errstate(all="ignore"):
        return np.asarray(function(x.astype(np.float64), **keywords)).astype(kind)


# --- averages ----------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Mean of empty slice:RuntimeWarning")
@given(case=reductions())
@SOME
def test_mean_is_numpy_s(case):
    x, given = case
    expected = in_float64(np.mean, x, **given)
    assert_close(tg.mean(x, **given), expected)
    assert_close(np.mean(Tensor(x), **given), expected)


@pytest.mark.filterwarnings("ignore:Degrees of freedom:RuntimeWarning")
@pytest.mark.parametrize("name", ["var", "std"])
@given(case=reductions(), correction=hst.sampled_from([0, 1]))
@SOME
def test_var_and_std_are_numpy_s(name, case, correction):
    x, given = case
    expected = in_float64(getattr(np, name), x, ddof=correction, **given)
    assert_close(getattr(tg, name)(x, correction=correction, **given), expected)
    assert_close(getattr(np, name)(Tensor(x), ddof=correction, **given), expected)


@pytest.mark.parametrize("name", ["mean", "var", "std"])
@given(case=reductions(dtype=np.float64, min_side=1))
@FEW
def test_averages_have_their_gradients(name, case):
    x, given = case
    report = gradcheck(lambda x: getattr(tg, name)(x, **given), x)
    if not report.kinks:
        gradcheck(lambda x: getattr(tg, name)(x, **given), x, order=2)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("value", [0.1, -3.3, 1e4, 1e-4])
@pytest.mark.parametrize("count", [1, 3, 7, 1000])
def test_constants_do_not_vary_at_all(dtype, value, count):
    for f in (tg.var, tg.std):
        x = Tensor(np.full((count, 2), value), dtype=dtype, requires_grad=True)
        y = f(x, axis=0)
        y.sum().backward()
        assert y.data.tolist() == [0.0, 0.0]
        assert y.dtype == x.grad.dtype == dtype
        assert not x.grad.data.any()
    second = tg.grad(lambda x: (tg.grad(lambda x: tg.std(x))(x) ** 2).sum())
    assert not second(np.full(count, value)).data.any()


def test_of_too_few_there_is_no_variance():
    for f in (tg.var, tg.std):
        assert math.isnan(f(Tensor([1.0]), correction=1).item())
        assert math.isnan(f(Tensor(np.zeros(0))).item())
    assert math.isnan(tg.mean(Tensor(np.zeros(0))).item())
    assert tg.mean(Tensor(np.zeros((0, 2))), axis=0).shape == (2,)


def test_averages_of_float16_do_not_overflow():
    x = Tensor(np.full(70_000, 100.0), dtype=np.float16, requires_grad=True)
    assert tg.mean(x).item() == 100.0
    y = Tensor(np.array([-200.0, 200.0] * 40_000), dtype=np.float16)
    assert tg.std(y).item() == 200.0
    tg.mean(x).backward()
    assert x.grad.dtype == np.float16


def test_a_variance_far_from_nought_is_exact():
    x = np.array([1e8 + 1, 1e8 + 2, 1e8 + 3])
    assert tg.var(x).item() == pytest.approx(2 / 3, rel=1e-14)


# --- sums of exponentials ----------------------------------------------------------


@given(case=reductions())
@SOME
def test_logsumexp_is_what_it_says(case):
    x, given = case
    expected = in_float64(lambda x, **k: np.log(np.sum(np.exp(x), **k)), x, **given)
    assert_close(tg.logsumexp(x, **given), expected)


@pytest.mark.parametrize("dtype", FLOATS)
def test_logsumexp_is_stable(dtype):
    rows = [[1e4, 1e4], [-1e4, -1e4], [-np.inf, 1.0], [-np.inf, -np.inf]]
    x = Tensor(rows, dtype=dtype, requires_grad=True)
    y = tg.logsumexp(x, axis=1)
    ln2 = math.log(2.0)
    expected = np.array([1e4 + ln2, -1e4 + ln2, 1.0, -np.inf], dtype)
    assert_close(y, expected)
    y.backward(np.ones(4, dtype))
    assert x.grad.dtype == dtype
    expected = [[0.5, 0.5], [0.5, 0.5], [0.0, 1.0], [0.0, 0.0]]
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-3)
    assert tg.logsumexp([np.inf, 1e4]).item() == np.inf
    assert math.isnan(tg.logsumexp([np.nan, 1e4]).item())


def test_reduce_of_logaddexp_is_logsumexp():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert_close(np.logaddexp.reduce(Tensor(x)), np.logaddexp.reduce(x))
    assert_close(np.multiply.reduce(Tensor(x), axis=1), np.multiply.reduce(x, axis=1))


# --- products ----------------------------------------------------------------------


@given(case=reductions())
@SOME
def test_prod_is_numpy_s(case):
    x, given = case
    expected = np.prod(x, **given)
    assert_close(tg.prod(x, **given), expected)
    assert_close(np.prod(Tensor(x), **given), expected)


@given(case=reductions(dtype=np.float64, min_side=1), data=hst.data())
@FEW
def test_prod_has_its_gradients_at_noughts_too(case, data):
    x, given = case
    noughts = data.draw(st.arrays(shape=x.shape, domain="boolean"))
    x = np.where(noughts, 0.0, x)
    gradcheck(lambda x: tg.prod(x, **given), x, order=3 if x.size < 9 else 2)


def test_the_gradient_of_a_product_with_a_nought_is_that_of_the_others():
    for x, expected in {
        (2.0, 0.0, 3.0): [0, 6, 0],
        (0.0, 0.0, 3.0): [0, 0, 0],
        (0.0, 5.0, 3.0): [15, 0, 0],
    }.items():
        assert tg.grad(tg.prod)([*x]).tolist() == expected
    mixed = tg.grad(lambda x: tg.grad(tg.prod)(x)[0])
    assert mixed([0.0, 0.0, 3.0]).tolist() == [0.0, 3.0, 0.0]


# --- running sums and products -----------------------------------------------------

RUNNING = {"cumulative_sum": np.cumsum, "cumulative_prod": np.cumprod}
running = pytest.mark.parametrize("name", list(RUNNING))


@hst.composite
def lines(draw, *, min_side=0, dtype=None):
    dtype = draw(dtypes) if dtype is None else dtype
    shape = draw(st.shapes(min_dims=1, min_side=min_side, max_side=5))
    x = draw(st.arrays(shape=shape))
    x = x if np.dtype(dtype).kind == "f" else np.abs(x)
    return x.astype(dtype), draw(hst.integers(-x.ndim, x.ndim - 1))


@running
@given(case=lines(), initial=hst.booleans())
@SOME
def test_running_sums_and_products_are_numpy_s(name, case, initial):
    x, axis = case
    expected = RUNNING[name](x, axis)
    if initial:
        pads = [(int(i == axis % x.ndim), 0) for i in range(x.ndim)]
        one = int(name == "cumulative_prod")
        expected = np.pad(expected, pads, constant_values=one)
    assert_close(getattr(tg, name)(x, axis=axis, include_initial=initial), expected)


@running
@given(case=lines(min_side=1, dtype=np.float64), initial=hst.booleans())
@FEW
def test_running_sums_and_products_have_their_gradients(name, case, initial):
    x, axis = case
    call = lambda x: getattr(tg, name)(x, axis=axis, include_initial=initial)  # noqa: E731 - named twice
    gradcheck(call, x, order=3 if x.size < 9 else 2)


@running
def test_numpy_runs_along_all_elements_where_no_axis_is_given(name):
    x = np.arange(1.0, 7.0).reshape(2, 3)
    numpys = RUNNING[name]
    assert_close(numpys(Tensor(x)), numpys(x))
    assert_close(numpys(Tensor(x), axis=1), numpys(x, axis=1))
    assert_close(getattr(tg, name)(x[0]), numpys(x[0]))
    with pytest.raises(
        tg.ShapeError, match=rf"{name}: needs an axis for shape \(2, 3\)"
    ):
        getattr(tg, name)(x)
    with pytest.raises(tg.ShapeError, match=f"{name}: needs an axis"):
        getattr(tg, name)(1.0)
    with pytest.raises(tg.ShapeError, match=f"{name}: axis 2 is out of range"):
        getattr(tg, name)(x, axis=2)


@running
def test_running_in_another_dtype(name):
    x = np.array([1, 2, 3])
    assert_close(
        getattr(tg, name)(x, dtype=np.float32), RUNNING[name](x, dtype=np.float32)
    )


# --- norms and counts --------------------------------------------------------------

ORDERS = [2, 1, 3, 2.5, 0.5, np.inf, -np.inf, 0]


@pytest.mark.parametrize("ord", ORDERS)
@given(case=reductions())
@FEW
def test_vector_norms_are_what_they_say(ord, case):
    x, given = case
    axis = tuple(range(x.ndim)) if given["axis"] is None else given["axis"]
    axes = axis if isinstance(axis, tuple) else (axis,)
    count = math.prod(x.shape[i] for i in axes)
    assume(count or math.isfinite(ord))  # the largest of nothing
    size = np.abs(x.astype(np.float64))
    given = {"axis": axis, "keepdims": given["keepdims"]}
    if math.isinf(ord):
        expected = (np.max if ord > 0 else np.min)(size, **given)
    elif ord == 0:
        expected = np.sum(size != 0, **given).astype(float)
    else:
        expected = np.sum(size**ord, **given) ** (1 / ord)
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    assert_close(tg.vector_norm(x, ord=ord, **given), np.asarray(expected, kind))


def test_a_negative_order_is_numpy_s():
    x = np.array([1.0, 2.0, 4.0])
    assert_close(tg.vector_norm(x, ord=-2), np.linalg.norm(x, -2))
    gradcheck(lambda x: tg.vector_norm(x, ord=-2), x, order=2)


@pytest.mark.parametrize("ord", ORDERS[:-1])
@given(case=reductions(dtype=np.float64, min_side=1))
@FEW
def test_vector_norms_have_their_gradients(ord, case):
    x, given = case
    if ord == 0.5:
        x = np.where(np.abs(x) < 0.01, x + 0.1, x)  # its slope at 0 is infinite
    f = lambda x: tg.vector_norm(x, ord=ord, **given)  # noqa: E731 - called twice
    report = gradcheck(f, x, ties="any")
    if not report.kinks:
        gradcheck(f, x, order=2)


@pytest.mark.parametrize("ord", ORDERS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_norm_of_nought_is_flat(ord, dtype):
    x = Tensor(np.zeros((2, 3)), dtype=dtype, requires_grad=True)
    y = tg.vector_norm(x, axis=1, ord=ord)
    assert y.data.tolist() == [0.0, 0.0]
    assert y.dtype == dtype
    if ord:
        y.sum().backward()
        assert not x.grad.data.any()
        assert x.grad.dtype == dtype


@pytest.mark.parametrize(
    "f",
    [tg.abs, tg.norm, tg.std, lambda x: tg.hypot(x, 0.0)],
    ids=["abs", "norm", "std", "hypot"],
)
def test_at_the_tip_of_a_cone_all_derivatives_are_nought(f):
    for _ in range(3):
        g = f
        f = tg.grad(lambda x, g=g: g(x).sum())
        assert f(np.zeros(3)).data.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("ord", [2, 1, 3, np.inf, -np.inf])
@pytest.mark.parametrize("size", [1e200, 1e-200, 1.0])
def test_norms_neither_overflow_nor_vanish(ord, size):
    x = np.array([3.0, -4.0, 2.0])
    assert tg.vector_norm(x * size, ord=ord).item() == pytest.approx(
        np.linalg.norm(x, ord) * size, rel=1e-14
    )
    slope = tg.grad(lambda x: tg.vector_norm(x, ord=ord))
    np.testing.assert_allclose(slope(x * size).data, slope(x).data, rtol=1e-13)


def test_norms_of_float16_do_not_overflow():
    x = Tensor([3e4, 4e4], dtype=np.float16, requires_grad=True)
    y = tg.norm(x)
    y.backward()
    assert y.item() == np.float16(5e4)
    np.testing.assert_allclose(x.grad.data, [0.6, 0.8], rtol=1e-3)
    assert tg.norm([np.inf, 1.0]).item() == np.inf
    assert math.isnan(tg.norm([np.nan, 1.0]).item())


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"axis": 0},
        {"axis": (0, 1)},
        {"axis": -1, "ord": 1},
        {"axis": 1, "ord": np.inf, "keepdims": True},
        {"axis": 1, "ord": 3},
        {"ord": "fro"},
        {"ord": "fro", "axis": (0, 1), "keepdims": True},
    ],
)
def test_norm_takes_numpy_s_arguments(given):
    x = np.array([[3.0, -4.0, 0.5], [1.0, 2.0, -1.0]])
    expected = np.linalg.norm(x, **given)
    assert_close(np.linalg.norm(Tensor(x), **given), expected)
    assert_close(tg.norm(x, **given), expected)


@pytest.mark.parametrize("ord", ["nuc", 2, -2, 1, np.inf])
def test_other_norms_of_matrices_are_refused_by_name(ord):
    with pytest.raises(ValueError, match=f"norm: ord={ord!r} over 2 axes is not there"):
        np.linalg.norm(Tensor(np.eye(2)), ord)
    with pytest.raises(TypeError, match="vector_norm: ord must be a number, got 'nuc'"):
        tg.vector_norm(np.eye(2), ord="nuc")
    with pytest.raises(ValueError, match="norm: ord='fro' over 1 axes is not there"):
        tg.norm([1.0], "fro")


@given(case=reductions())
@SOME
def test_count_nonzero_is_numpy_s(case):
    x, given = case
    expected = np.count_nonzero(x, **given)
    assert_close(tg.count_nonzero(x, **given), np.asarray(expected))
    assert_close(np.count_nonzero(Tensor(x), **given), np.asarray(expected))
    assert not tg.count_nonzero(Tensor(np.ones(2), requires_grad=True)).requires_grad


@pytest.mark.parametrize(
    "f",
    [
        tg.mean,
        tg.var,
        tg.std,
        tg.prod,
        tg.norm,
        tg.vector_norm,
        tg.logsumexp,
        tg.count_nonzero,
    ],
)
def test_an_axis_that_is_not_there_is_an_error(f):
    with pytest.raises(tg.ShapeError, match="axis 2 is out of"):
        f(Tensor(np.ones((2, 3))), axis=2)
