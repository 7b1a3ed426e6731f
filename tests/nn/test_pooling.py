"""Pooling: values by plain loops, ties, padding that never wins, and refusals."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg

SMALL = st.integers(1, 3)
REDUCE = {"max": np.max, "average": np.mean}
FILL = {"max": -np.inf, "average": 0.0}


def slid(x, kind, size, stride, ends):
    """The definition, one window at a time."""
    x = np.pad(x, [(0, 0), (0, 0), *ends], constant_values=FILL[kind])
    counts = [(n - k) // step + 1 for n, k, step in zip(x.shape[2:], size, stride)]
    y = np.empty((*x.shape[:2], *counts))
    for place in np.ndindex(*counts):
        window = tuple(
            slice(i * step, i * step + k) for i, step, k in zip(place, stride, size)
        )
        piece = x[(slice(None), slice(None), *window)]
        y[(slice(None), slice(None), *place)] = REDUCE[kind](
            piece.reshape(*x.shape[:2], -1), axis=-1
        )
    return y


@pytest.mark.parametrize("kind", REDUCE)
@given(data=st.data(), axes=SMALL, seed=st.integers(0, 99))
@settings(max_examples=40)
def test_each_window_becomes_one_number(kind, data, axes, seed):
    each = st.tuples(*[SMALL] * axes)
    size, stride, room = (data.draw(each) for _ in range(3))
    ends = tuple(data.draw(st.tuples(*[st.integers(0, k - 1)] * 2)) for k in size)
    spatial = [k + more for k, more in zip(size, room)]
    x = np.random.default_rng(seed).normal(size=(2, 3, *spatial)) - 1
    y = nn.Pooling(size, stride, ends, kind=kind)(x)
    np.testing.assert_allclose(y.data, slid(x, kind, size, stride, ends), rtol=1e-12)


@pytest.mark.parametrize("kind", REDUCE)
@given(n=st.integers(1, 9), size=st.integers(1, 4), stride=st.integers(1, 5))
def test_same_gives_as_many_places_as_strides_fit(kind, n, size, stride):
    x = np.arange(n, dtype=np.float64).reshape(1, 1, n) - 20
    y = nn.Pooling((size,), stride, "same", kind=kind)(x)
    over = max((-(-n // stride) - 1) * stride + size - n, 0)
    ends = [(over // 2, over - over // 2)]
    np.testing.assert_allclose(y.data, slid(x, kind, (size,), (stride,), ends))
    assert y.shape == (1, 1, -(-n // stride))


def test_windows_lie_side_by_side_if_not_told_otherwise():
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    assert nn.Pooling(2)(x).tolist() == [[[[5, 7], [13, 15]]]]
    assert nn.Pooling((2, 4))(x).tolist() == [[[[7], [15]]]]
    assert nn.Pooling(3)(x).tolist() == [[[[10]]]]


def test_ties_share_the_gradient():
    x = tg.Tensor(np.ones((1, 1, 2, 2)), requires_grad=True)
    nn.Pooling(2)(x).sum().backward()
    assert x.grad.tolist() == [[[[0.25, 0.25], [0.25, 0.25]]]]


@given(seed=st.integers(0, 99), axes=SMALL)
@settings(max_examples=20)
def test_the_mean_of_each_channel(seed, axes):
    x = np.random.default_rng(seed).normal(size=(2, 3, *range(2, 2 + axes)))
    y = nn.GlobalAveragePooling()(x)
    expected = [[channel.mean() for channel in picture] for picture in x]
    np.testing.assert_allclose(y.data, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("layer", [nn.Pooling(2), nn.GlobalAveragePooling()])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(layer, dtype):
    x = tg.Tensor(np.ones((1, 1, 2, 2)), dtype=dtype, requires_grad=True)
    y = layer(x)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype) == (dtype, dtype)


def test_shapes_that_are_refused():
    words = "x must have shape (batch, channels, height, width), got (4, 4)"
    with pytest.raises(tg.ShapeError, match=f"^Pooling: {re.escape(words)}$"):
        nn.Pooling(2)(np.zeros((4, 4)))
    with pytest.raises(
        tg.ShapeError, match=r"^Pooling: x must hold a window of \(3, 3"
    ):
        nn.Pooling(3)(np.zeros((1, 1, 2, 5)))
    for shape in ((4, 4), (1, 2, 0), (2, 3, 4, 0)):
        with pytest.raises(tg.ShapeError, match=r"^GlobalAveragePooling: x must have"):
            nn.GlobalAveragePooling()(np.zeros(shape))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"size": 0}, ValueError, "size must be at least 1, got 0"),
        ({"size": "2"}, TypeError, "size must be a whole number, got '2'"),
        ({"stride": 0}, ValueError, "stride must be at least 1"),
        ({"padding": 2}, ValueError, "padding must be below the size, 2, got 2"),
        (
            {"padding": ((0, 3), 0)},
            ValueError,
            "padding must be below the size, 2, got 3",
        ),
        ({"kind": "mean"}, ValueError, 'kind must be "max" or "average", got \'mean\''),
    ],
)
def test_hyper_parameters_that_it_refuses(options, error, message):
    with pytest.raises(error, match=f"^Pooling: {message}"):
        nn.Pooling(**{"size": 2, **options})


def test_what_repr_shows_of_pooling():
    assert repr(nn.Pooling(2)) == "Pooling(2)"
    assert repr(nn.Pooling(3, 3)) == "Pooling(3)"
    shown = 'Pooling((2, 3), stride=1, padding="same", kind="average")'
    assert repr(nn.Pooling((2, 3), 1, "same", kind="average")) == shown
