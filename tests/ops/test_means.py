"""Means and maxima at their edges."""

import numpy as np
import pytest

import tinygrad_jp as tg


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_mean_of_equal_numbers_is_that_number(dtype):
    for n in range(1, 300):
        assert tg.mean(np.ones(n, dtype)).item() == 1.0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("axis", [None, 0, (0, 1)])
def test_a_mean_keeps_its_dtype(dtype, axis):
    x = tg.Tensor(np.ones((3, 2)), dtype=dtype, requires_grad=True)
    y = x.mean(axis=axis)
    assert y.dtype == dtype
    y.sum().backward()
    assert x.grad.dtype == dtype


def test_the_mean_of_whole_numbers_is_none():
    assert tg.mean(np.array([1, 2])).tolist() == 1.5
    assert tg.mean(np.array([True, False])).dtype == np.float64


def test_the_mean_of_nothing_is_nan():
    assert np.isnan(tg.mean(np.zeros((0, 3))).item())
    assert np.isnan(tg.mean(np.zeros((0, 3)), axis=0).data).all()
    assert tg.mean(np.zeros((3, 0)), axis=0).shape == (0,)


def test_a_share_that_float16_cannot_hold_still_gives_a_gradient():
    x = tg.Tensor(np.zeros(3_000_000), dtype=np.float16, requires_grad=True)
    tg.mean(x).backward(np.float16(1024))
    assert x.grad.data[0] == np.float16(1024 / 3_000_000)


@pytest.mark.parametrize("op", [tg.sum, tg.mean, tg.max])
def test_an_axis_may_be_an_integer_of_numpy(op):
    x = tg.Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    op(x, axis=np.int64(1)).sum().backward()
    assert x.grad.shape == (2, 3)


@pytest.mark.parametrize("axis", [1.0, "1"])
def test_an_axis_that_is_none_is_refused_whatever_the_shape(axis):
    for shape in ((2, 3), (100, 10)):
        with pytest.raises(TypeError):
            tg.max(np.zeros(shape), axis=axis)


@pytest.mark.parametrize("op", [np.max, np.min])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [1, -1])
def test_short_rows_have_the_extremes_of_numpy(op, keepdims, axis):
    x = np.random.default_rng(0).integers(-5, 5, (100, 10)).astype(np.float32)
    x[3, 4] = np.nan
    x[5] = -0.0
    result = getattr(tg, op.__name__.removeprefix("a"))(x, axis=axis, keepdims=keepdims)
    np.testing.assert_array_equal(result.data, op(x, axis=axis, keepdims=keepdims))


def test_a_nan_keeps_its_gradient_through_relu():
    x = tg.Tensor([np.nan, -1.0, 0.0, 2.0], requires_grad=True)
    y = tg.relu(x)
    y.sum().backward()
    assert np.isnan(y.data[0])
    assert x.grad.tolist() == [1.0, 0.0, 0.0, 1.0]
