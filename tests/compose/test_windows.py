"""Windows, convolution and pooling: against their definitions, element by element."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp.testing import gradcheck
from tinygrad_jp.testing.strategies import arrays
from tinygrad_jp.testing.windows import window_settings

FEW = settings(max_examples=25)
FLOATS = st.sampled_from([np.float16, np.float32, np.float64])


def assert_close(found, expected):
    """Equal but for the order of a sum of a few dozen products."""
    assert isinstance(found, tg.Tensor)
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    scale = np.abs(expected).max(initial=1.0)
    allowed = 64 * float(np.finfo(expected.dtype).eps) * float(scale)
    wide = found.data.astype(float), expected.astype(float)
    np.testing.assert_allclose(*wide, rtol=0, atol=allowed)


def places(x, size, stride, padding, dilation, fill=0.0):
    """Each window's place among the others, and its elements, one after another."""
    count = len(size)
    lead = ((0, 0),) * (x.ndim - count)
    wide = np.pad(x.astype(float), (*lead, *padding), constant_values=fill)
    counts = [
        len(range(0, n - (k - 1) * gap, step))
        for n, k, step, gap in zip(wide.shape[-count:], size, stride, dilation)
    ]
    for place in np.ndindex(*counts):
        taken = [
            [p * step + i * gap for i in range(k)]
            for p, step, k, gap in zip(place, stride, size, dilation)
        ]
        yield place, wide[(..., *np.ix_(*taken))]


def collected(found):
    """Results at each place, as one array with the places' axes last."""
    shape = [1 + max(place[i] for place, _ in found) for i in range(len(found[0][0]))]
    out = np.empty((*found[0][1].shape, *shape))
    for place, value in found:
        out[(..., *place)] = value
    return out


def convolved(x, W, b, stride, padding, dilation, groups):
    """Convolution by its definition: at each place, for each group, a sum."""
    size, pieces = W.shape[2:], W.shape[0] // groups
    found = []
    for place, window in places(x, size, stride, padding, dilation):
        outs = []
        for i in range(groups):
            own = window[:, i * W.shape[1] : (i + 1) * W.shape[1]]
            filters = W[i * pieces : (i + 1) * pieces].astype(float)
            summed = range(1, own.ndim)
            outs.append(np.tensordot(own, filters, (summed, summed)))
        found.append((place, np.concatenate(outs, 1) + (0.0 if b is None else b)))
    return collected(found).astype(x.dtype)


@st.composite
def convolutions(draw, dtype=np.float64):
    spatial, size, keywords = draw(window_settings())
    N, groups, depth, pieces = (draw(st.integers(1, 2)) for _ in range(4))
    x = draw(arrays(shape=(N, groups * depth, *spatial), dtype=dtype))
    W = draw(arrays(shape=(groups * pieces, depth, *size), dtype=dtype))
    b = draw(st.none() | arrays(shape=(groups * pieces,), dtype=dtype))
    return x, W, b, {**keywords, "groups": groups}


# --- windows -----------------------------------------------------------------------


@given(window_settings(), st.data())
@FEW
def test_windows_hold_what_lies_under_them(case, data):
    spatial, size, keywords = case
    x = data.draw(arrays(shape=(2, *spatial)))
    expected = collected(list(places(x, size, **keywords)))
    expected = np.moveaxis(expected, range(1, 1 + len(size)), range(-len(size), 0))
    assert_close(tg.sliding_window_view(x, size, **keywords), expected)


@given(st.data())
@FEW
def test_axes_are_numpy_s(data):
    x = data.draw(arrays(shape=(3, 4, 2)))
    axes = data.draw(st.permutations([0, 1, -1]))[: data.draw(st.integers(1, 3))]
    size = [data.draw(st.integers(1, x.shape[i])) for i in axes]
    numpys = np.lib.stride_tricks.sliding_window_view
    expected = numpys(x, size, axes)
    assert_close(tg.sliding_window_view(x, size, axes), expected)
    recorded = numpys(tg.Tensor(x, requires_grad=True), size, axes)
    assert recorded.requires_grad
    assert_close(recorded, expected)
    gradcheck(lambda x: tg.sliding_window_view(x, size, axes), x, order=2)


@given(window_settings(), st.data())
@FEW
def test_overlap_add_is_the_transpose_of_the_windows(case, data):
    spatial, size, keywords = case
    x = data.draw(arrays(shape=(2, *spatial)))
    windows = tg.sliding_window_view(x, size, **keywords)
    y = data.draw(arrays(shape=windows.shape))
    back = tg.overlap_add(y, spatial, **keywords)
    assert back.shape == x.shape
    assert np.isclose((windows.data * y).sum(), (back.data * x).sum())


def test_windows_without_padding_are_a_view():
    x = tg.Tensor(np.zeros((1000, 1000)))
    y = tg.sliding_window_view(x, (100, 100))
    assert np.shares_memory(x.data, y.data)
    assert y.size > 8e9  # nobody could copy that


def test_one_int_serves_all_axes():
    x = np.arange(36.0).reshape(1, 1, 6, 6)
    both = tg.sliding_window_view(x, (2, 2), stride=2, padding=1, dilation=2)
    each = tg.sliding_window_view(
        x, [2, 2], stride=[2, 2], padding=[1, (1, 1)], dilation=(2, 2)
    )
    np.testing.assert_array_equal(both.data, each.data, strict=True)


# --- convolution -------------------------------------------------------------------


@given(st.data(), FLOATS)
@FEW
def test_conv_is_its_definition(data, dtype):
    x, W, b, keywords = data.draw(convolutions(dtype))
    if dtype == np.float16:
        x, W = np.tanh(x), np.tanh(W)
    assert_close(tg.conv(x, W, b, **keywords), convolved(x, W, b, **keywords))


@given(convolutions())
@FEW
def test_gradients_of_conv(case):
    x, W, b, keywords = case
    operands = (x, W) if b is None else (x, W, b)
    gradcheck(lambda *o: tg.conv(*o, **keywords), *operands, order=2)


@given(convolutions(), st.data())
@FEW
def test_conv_transpose_is_the_transpose_of_conv(case, data):
    x, W, _, keywords = case
    y = tg.conv(x, W, **keywords)
    g = data.draw(arrays(shape=y.shape))
    # How far the last window stops short of the end is not to be seen in y.
    short = [
        (n + sum(ends) - (k - 1) * gap - 1) % step
        for n, ends, k, gap, step in zip(
            x.shape[2:],
            keywords["padding"],
            W.shape[2:],
            keywords["dilation"],
            keywords["stride"],
        )
    ]
    back = tg.conv_transpose(g, W, output_padding=short, **keywords)
    assert back.shape == x.shape
    assert np.isclose((y.data * g).sum(), (back.data * x).sum())
    gradcheck(
        lambda g, W: tg.conv_transpose(g, W, output_padding=short, **keywords),
        g,
        W,
        order=2,
    )


def test_conv_transpose_adds_a_bias_to_each_channel():
    x, W, b = np.ones((1, 2, 3)), np.ones((2, 4, 2)), np.arange(4.0)
    without = tg.conv_transpose(x, W)
    assert_close(tg.conv_transpose(x, W, b), without.data + b[:, None])


def test_a_batch_may_be_empty():
    x = tg.Tensor(np.zeros((0, 2, 5, 5)), requires_grad=True)
    W = tg.Tensor(np.ones((3, 2, 2, 2)), requires_grad=True)
    y = tg.conv(x, W)
    assert y.shape == (0, 3, 4, 4)
    y.sum().backward()
    assert x.grad.shape == x.shape
    assert not W.grad.data.any()
    assert tg.max_pool(x, 2).shape == tg.avg_pool(x, 2).shape == (0, 2, 2, 2)


@given(st.integers(1, 5), st.integers(1, 5), st.data())
@FEW
def test_convolve_is_numpy_s(n, m, data):
    x, y = data.draw(arrays(shape=(n,))), data.draw(arrays(shape=(m,)))
    for mode in ("full", "same", "valid"):
        expected = np.convolve(x, y, mode)
        assert_close(tg.convolve(x, y, mode), expected)
        assert_close(np.convolve(tg.Tensor(x), y, mode), expected)
        gradcheck(lambda x, y, m=mode: tg.convolve(x, y, m), x, y, order=2)


# --- pooling -----------------------------------------------------------------------


@st.composite
def poolings(draw, dtype=np.float64):
    spatial, size, keywords = draw(window_settings())
    ends = [
        (min(a, k - 1), min(b, k - 1)) for (a, b), k in zip(keywords["padding"], size)
    ]
    spatial = [max(n, k) for n, k in zip(spatial, size)]
    x = draw(arrays(shape=(draw(st.integers(1, 2)), 2, *spatial), dtype=dtype))
    return x, {"size": size, "stride": keywords["stride"], "padding": tuple(ends)}


@given(st.data(), st.sampled_from([np.float16, np.float32, np.float64, np.int32]))
@FEW
def test_max_pool_takes_the_largest(data, dtype):
    x, keywords = data.draw(poolings(dtype))
    ones = (1,) * (x.ndim - 2)
    spatial = tuple(range(2, x.ndim))
    found = places(x, **keywords, dilation=ones, fill=-np.inf)
    expected = collected([(place, w.max(spatial)) for place, w in found])
    result = tg.max_pool(x, **keywords)
    np.testing.assert_array_equal(result.data, expected.astype(dtype), strict=True)


@given(st.data(), FLOATS)
@FEW
def test_avg_pool_takes_the_mean(data, dtype):
    x, keywords = data.draw(poolings(dtype))
    ones = (1,) * (x.ndim - 2)
    spatial = tuple(range(2, x.ndim))
    found = places(x, **keywords, dilation=ones)
    expected = collected([(place, w.mean(spatial)) for place, w in found])
    assert_close(tg.avg_pool(x, **keywords), expected.astype(dtype))


@given(poolings())
@FEW
def test_gradients_of_pooling(case):
    x, keywords = case
    gradcheck(lambda x: tg.avg_pool(x, **keywords), x, order=2)
    report = gradcheck(lambda x: tg.max_pool(x, **keywords), x)
    if not report.kinks:
        gradcheck(lambda x: tg.max_pool(x * x, **keywords), x + 4.0, order=2)


def test_windows_do_not_overlap_unless_they_are_told_to():
    x = np.arange(20.0).reshape(1, 1, 4, 5)
    assert tg.max_pool(x, 2).data.tolist() == [[[[6.0, 8.0], [16.0, 18.0]]]]
    assert tg.max_pool(x, (1, 5)).data.ravel().tolist() == [4.0, 9.0, 14.0, 19.0]
    assert tg.avg_pool(x, (4, 1), 2).data.ravel().tolist() == [7.5, 9.5, 11.5]


def test_ties_in_a_window_share_the_gradient():
    x = tg.Tensor(np.zeros((1, 1, 2, 2)), requires_grad=True)
    tg.max_pool(x, 2).sum().backward()
    assert x.grad.data.ravel().tolist() == [0.25] * 4


def test_the_usual_names_are_there():
    assert tg.conv1d is tg.conv2d is tg.conv3d is tg.conv
    assert tg.max_pool1d is tg.max_pool2d is tg.max_pool
    assert tg.avg_pool1d is tg.avg_pool2d is tg.avg_pool


# --- errors ------------------------------------------------------------------------

X = np.zeros((2, 4, 5, 5))
W = np.zeros((6, 4, 3, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tg.conv(X, W[:, :3]), "conv: x has 4 channels, but W takes 3"),
        (
            lambda: tg.conv(X, W, groups=2),
            "x has 4 channels, but W takes 8 .4 in each of 2 groups.",
        ),
        (
            lambda: tg.conv(X, W, groups=4),
            r"channels of x \(4\) and the filters of W \(6\), got groups=4",
        ),
        (lambda: tg.conv(X, W, groups=0), "got groups=0"),
        (lambda: tg.conv(X[0], W), r"shape \(N, C, 2 spatial axes\), got \(4, 5, 5\)"),
        (lambda: tg.conv(X, W[0, 0]), r"W must have shape .*got \(3, 3\)"),
        (lambda: tg.conv(X, W, np.zeros(4)), r"b must have shape \(6,\), .*got \(4,\)"),
        (
            lambda: tg.conv(X, W, dilation=3),
            r"window of 3 \(with dilation 3: 7\) does not fit axis -2 of length 5; "
            r"the spatial shape is \(5, 5\)",
        ),
        (
            lambda: tg.conv(X[..., :1], W, padding=(0, (1, 0))),
            r"window of 3 does not fit axis -1 of length 1 \(with padding: 2\)",
        ),
        (
            lambda: tg.conv(X, W, stride=(1, 1, 1)),
            r"one for each of 2 spatial axes, got",
        ),
        (
            lambda: tg.conv(X, W, padding=(1,)),
            r"for each of 2 spatial axes, got \(1,\)",
        ),
        (lambda: tg.conv_transpose(X, W), "x has 4 channels, but W takes 6"),
        (
            lambda: tg.conv_transpose(X, np.ones((4, 2, 3, 3)), groups=3),
            r"groups=3 must divide the channels of x \(4\)",
        ),
        (
            lambda: tg.conv_transpose(X, np.ones((4, 2, 3, 3)), output_padding=1),
            r"output_padding \(1, 1\) must be less than the stride \(1, 1\)",
        ),
        (
            lambda: tg.conv_transpose(X, np.ones((4, 2, 1, 1)), padding=3),
            "conv_transpose: padding 3 leaves nothing of the result",
        ),
        (lambda: tg.max_pool(X, 6), "max_pool: a window of 6 does not fit axis -2"),
        (lambda: tg.max_pool(X, 2, padding=2), "got 2 for a window of 2"),
        (lambda: tg.avg_pool(X[0, 0], 2), r"avg_pool: x must have shape \(N, C, "),
        (lambda: tg.sliding_window_view(X[0, 0, 0], 6), "a window of 6 does not fit"),
        (lambda: tg.sliding_window_view([1.0], (1, 1)), "has more axes than x"),
        (lambda: tg.sliding_window_view(X, (1, 1), 0), "needs 2 axes, got 0"),
        (
            lambda: tg.overlap_add(np.zeros((3, 2)), 6),
            r"overlap_add: \(5,\) windows slide over \(6,\), but x holds \(3,\)",
        ),
        (lambda: tg.overlap_add(np.zeros(3), 3), "needs 1 axes of windows and 1 of"),
        (lambda: tg.convolve([], [1.0]), r"with elements, got \(0,\) and \(1,\)"),
    ],
)
def test_shape_errors_say_what_came(call, message):
    with pytest.raises(tg.ShapeError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tg.conv(X, W, stride=0), "conv: stride must be at least 1, got 0"),
        (lambda: tg.conv(X, W, dilation=(1, 0)), "dilation must be at least 1, got"),
        (lambda: tg.conv(X, W, padding=-1), "padding must be at least 0, got -1"),
        (lambda: tg.conv(X, W[..., :0]), "kernel size must be at least 1, got"),
        (lambda: tg.max_pool(X, 0), "max_pool: size must be at least 1, got 0"),
        (lambda: tg.convolve([1.0], [1.0], "half"), "mode must be one of full, same"),
    ],
)
def test_values_that_make_no_sense(call, message):
    with pytest.raises(ValueError, match=message):
        call()
