"""Convolution: values by plain loops, and every picture that it refuses."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg

SMALL = st.integers(1, 3)


def rng(seed=0):
    return np.random.default_rng(seed)


def convolution(in_channels=2, out_channels=3, size=2, *options, **more):
    made = nn.Convolution(
        in_channels, out_channels, size, *options, rng=rng(), dtype=np.float64, **more
    )
    made.b = tg.Tensor(np.arange(out_channels) - 0.5, requires_grad=True)
    return made


def slid(x, W, b, stride, ends):
    """The definition, one window at a time."""
    x = np.pad(x, [(0, 0), (0, 0), *ends])
    size = W.shape[2:]
    counts = [(n - k) // step + 1 for n, k, step in zip(x.shape[2:], size, stride)]
    y = np.empty((len(x), len(W), *counts))
    for place in np.ndindex(*counts):
        window = tuple(
            slice(i * step, i * step + k) for i, step, k in zip(place, stride, size)
        )
        piece = x[(slice(None), slice(None), *window)]
        for filter_, weights in enumerate(W):
            sums = (piece * weights).reshape(len(x), -1).sum(axis=1)
            y[(slice(None), filter_, *place)] = sums + b[filter_]
    return y


@given(
    data=st.data(), channels=SMALL, filters=SMALL, axes=SMALL, seed=st.integers(0, 99)
)
@settings(max_examples=40)
def test_each_filter_is_slid_over_each_picture(data, channels, filters, axes, seed):
    each = st.tuples(*[SMALL] * axes)
    size, stride, room = (data.draw(each) for _ in range(3))
    ends = data.draw(st.tuples(*[st.tuples(*[st.integers(0, 2)] * 2)] * axes))
    layer = convolution(channels, filters, size, stride, ends)
    spatial = [k + more for k, more in zip(size, room)]
    x = rng(seed).normal(size=(2, channels, *spatial))
    expected = slid(x, layer.W.data, layer.b.data, stride, ends)
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-10, atol=1e-12)


@given(n=st.integers(1, 9), size=st.integers(1, 5), stride=st.integers(1, 4))
def test_same_gives_as_many_places_as_strides_fit(n, size, stride):
    x = rng().normal(size=(1, 2, n, n + 1))
    layer = convolution(2, 1, size, stride, "same")
    y = layer(x)
    assert y.shape == (1, 1, -(-n // stride), -(-(n + 1) // stride))
    over = [max((-(-m // stride) - 1) * stride + size - m, 0) for m in (n, n + 1)]
    ends = [(k // 2, k - k // 2) for k in over]
    expected = slid(x, layer.W.data, layer.b.data, (stride, stride), ends)
    np.testing.assert_allclose(y.data, expected, rtol=1e-10, atol=1e-12)


def test_settings_can_be_written_in_short():
    x = rng().normal(size=(2, 2, 6, 7))
    whole = convolution(2, 3, (2, 2), (2, 2), ((1, 1), (1, 1)))
    short = convolution(2, 3, 2, 2, 1)
    np.testing.assert_array_equal(whole(x).data, short(x).data)
    assert repr(short) == "Convolution(2, 3, 2, stride=2, padding=1)  27 parameters"
    assert repr(short) == repr(whole)
    uneven = convolution(2, 3, (2, 1), (1, 2), ((0, 1), 2))
    words = "Convolution(2, 3, (2, 1), stride=(1, 2), padding=((0, 1), 2))"
    assert repr(uneven).startswith(words)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(dtype):
    layer = nn.Convolution(1, 2, 2, rng=rng(), dtype=dtype)
    y = layer(np.ones((1, 1, 3, 3)))
    y.sum().backward()
    assert {y.dtype, layer.W.grad.dtype, layer.b.grad.dtype} == {np.dtype(dtype)}


def test_a_batch_without_pictures():
    assert convolution()(np.ones((0, 2, 4, 5))).shape == (0, 3, 3, 4)


@pytest.mark.parametrize(
    ("channels", "shape", "repair"),
    [
        (1, (10, 28, 28), "; use x[:, None]"),
        (1, (10, 784), "; use x.reshape(-1, 1, 28, 28)"),
        (3, (10, 192), "; use x.reshape(-1, 3, 8, 8)"),
        (3, (10, 8, 9, 3), "; use np.moveaxis(x, -1, 1)"),
        (3, (3, 8, 9), "; use x[None]"),
        (3, (10, 4, 8, 9), ""),
        (1, (10, 783), ""),
        (1, (), ""),
    ],
)
def test_shapes_are_refused_with_a_repair_that_works(channels, shape, repair):
    layer = convolution(channels)
    x = np.zeros(shape)
    words = f"x must have shape (batch, {channels}, height, width), got {shape}{repair}"
    with pytest.raises(tg.ShapeError, match=f"^Convolution: {re.escape(words)}$"):
        layer(x)
    if repair:
        layer(eval(repair.removeprefix("; use "), {"x": x, "np": np}))


def test_pictures_that_hold_no_window_are_refused():
    words = re.escape('x must hold a window of (5, 5), got (4, 9); use padding="same"')
    with pytest.raises(tg.ShapeError, match=f"^Convolution: {words}$"):
        convolution(2, 3, 5)(np.zeros((1, 2, 4, 9)))
    with pytest.raises(tg.ShapeError, match=r"got \(2, 9\) with padding \(\(1, 1\)"):
        convolution(2, 3, 5, padding=1)(np.zeros((1, 2, 2, 9)))
    with pytest.raises(
        tg.ShapeError, match=r"got \(0, 9\) with padding \S+ 1\), \(1, 1\)\)$"
    ):
        convolution(2, 3, 2, padding=1)(np.zeros((1, 2, 0, 9)))
    assert convolution(2, 3, 5, padding="same")(np.zeros((1, 2, 4, 9))).size


def test_errors_say_which_layer():
    model = nn.Sequential(convolution(1, 2), nn.Tanh(), convolution(3, 2))
    with pytest.raises(tg.ShapeError, match=r"^Convolution2: x must have shape"):
        model(np.zeros((1, 1, 5, 5)))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"in_channels": 0}, ValueError, "in_channels must be at least 1, got 0"),
        ({"out_channels": 1.0}, TypeError, "out_channels must be a whole number"),
        ({"size": 0}, ValueError, "size must be at least 1, got 0"),
        ({"size": (2, 2.5)}, TypeError, r"size must be a whole number, got 2\.5"),
        ({"size": ()}, ValueError, r"size must have 1 to 3 lengths, got \(\)"),
        ({"size": (1, 1, 1, 1)}, ValueError, "size must have 1 to 3 lengths"),
        ({"stride": 0}, ValueError, "stride must be at least 1, got 0"),
        ({"stride": (1, 1, 1)}, ValueError, "stride must be an int or 2 ints"),
        ({"padding": -1}, ValueError, "padding must be at least 0, got -1"),
        ({"padding": "full"}, ValueError, 'padding must be "same", an int'),
        ({"padding": (1,)}, ValueError, r"padding must have 2 parts, got \(1,\)"),
        (
            {"padding": (1, (1, 2, 3))},
            ValueError,
            r"\(before, after\), got \(1, 2, 3\)",
        ),
        ({"padding": None}, TypeError, "padding must be a whole number, got None"),
        ({"std": -1}, ValueError, "std must be finite and at least 0"),
    ],
)
def test_hyper_parameters_that_it_refuses(options, error, message):
    given = {"in_channels": 1, "out_channels": 1, "size": 2, **options}
    with pytest.raises(error, match=f"^Convolution: .*{message}"):
        nn.Convolution(**given, rng=rng())
