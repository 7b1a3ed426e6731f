"""Products of vectors, matrices and tensors, against NumPy's own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp.testing import gradcheck
from tinygrad_jp.testing import strategies as tst

FEW = settings(max_examples=settings().max_examples // 2)
SEEDS = st.integers(0, 1000)


def filled(shape, seed):
    """Small integers: whatever the order of summing, the sums are exact."""
    return np.random.default_rng(seed).integers(-3, 4, shape).astype(np.float64)


def check(ours, numpy_s, x, y, seed, **keywords):
    """The values are NumPy's, through NumPy too, and the gradients are right."""
    expected = numpy_s(x, y, **keywords)
    np.testing.assert_array_equal(ours(x, y, **keywords).data, expected)
    recorded = numpy_s(tg.Tensor(x), y, **keywords)
    assert isinstance(recorded, tg.Tensor)
    np.testing.assert_array_equal(recorded.data, expected)
    for dtype in (np.float16, np.float32, np.int8):
        cast = x.astype(dtype), y.astype(dtype)
        result = ours(*cast, **keywords)
        assert result.dtype == numpy_s(*cast, **keywords).dtype
        np.testing.assert_array_equal(result.data, numpy_s(*cast, **keywords))
    report = gradcheck(lambda a, b: ours(a, b, **keywords), x, y, order=2, seed=seed)
    assert not report.kinks


@given(tst.shapes(min_side=0), tst.shapes(min_side=0), SEEDS)
@FEW
def test_outer_and_kron(one, other, seed):
    x, y = filled(one, seed), filled(other, seed + 1)
    check(tg.outer, np.outer, x, y, seed)
    check(tg.kron, np.kron, x, y, seed)


@given(st.data(), tst.shapes(max_side=3), tst.shapes(max_side=3), SEEDS)
@FEW
def test_dot_and_inner(data, one, other, seed):
    length = data.draw(st.integers(0, 3))
    x = filled((*one, length), seed)
    inner = filled((*other, length), seed + 1)
    check(tg.inner, np.inner, x, inner, seed)
    check(tg.inner, np.inner, x, filled((), seed), seed)
    check(tg.dot, np.dot, x, filled((*other, length, 2), seed), seed)
    check(tg.dot, np.dot, x, filled((length,), seed), seed)
    check(tg.dot, np.dot, filled((), seed), inner, seed)


@given(tst.shapes(min_side=0), SEEDS)
@FEW
def test_vdot_reads_both_as_vectors(shape, seed):
    x = filled(shape, seed)
    check(tg.vdot, np.vdot, x, filled((x.size,), seed + 1), seed)
    check(tg.vdot, np.vdot, x, filled(shape[::-1], seed + 1), seed)


@given(st.data(), tst.broadcastable_shapes(2, min_side=0), SEEDS)
@FEW
def test_vecdot_over_every_axis(data, lead, seed):
    length = data.draw(st.integers(0, 3))
    axis = data.draw(st.integers(-1 - min(map(len, lead)), -1))
    shapes = [list(shape) for shape in lead]
    for shape in shapes:
        shape.insert(len(shape) + 1 + axis, length)
    x, y = (filled(shape, seed + i) for i, shape in enumerate(shapes))
    expected = (np.moveaxis(x, axis, -1) * np.moveaxis(y, axis, -1)).sum(-1)
    np.testing.assert_array_equal(tg.vecdot(x, y, axis=axis).data, expected)
    if hasattr(np, "vecdot"):
        check(tg.vecdot, np.vecdot, x, y, seed, axis=axis)
    else:
        gradcheck(lambda a, b: tg.vecdot(a, b, axis=axis), x, y, order=2)


@given(st.data(), SEEDS)
def test_tensordot_with_a_number_and_with_pairs_of_axes(data, seed):
    shared = data.draw(tst.shapes(min_side=0, max_dims=2, max_side=3))
    own = [data.draw(tst.shapes(min_side=0, max_dims=2, max_side=3)) for _ in "xy"]
    x, y = filled(own[0] + shared, seed), filled(shared + own[1], seed + 1)
    count = len(shared)
    check(tg.tensordot, np.tensordot, x, y, seed, axes=count)
    x_order = data.draw(st.permutations(range(x.ndim)))
    y_order = data.draw(st.permutations(range(y.ndim)))
    x_axes = [x_order.index(len(own[0]) + i) for i in range(count)]
    y_axes = [y_order.index(i) - y.ndim * (i % 2) for i in range(count)]
    axes = (x_axes, tuple(y_axes)) if count != 1 else (x_axes[0], y_axes)
    x, y = x.transpose(x_order), y.transpose(y_order)
    if count == 1:
        axes = data.draw(st.sampled_from([axes, (x_axes[0], y_axes[0])]))
    check(tg.tensordot, np.tensordot, x, y, seed, axes=axes)


@given(st.data(), tst.broadcastable_shapes(2, min_side=0, max_dims=2), SEEDS)
@FEW
def test_cross_over_every_axis(data, lead, seed):
    x, y = (filled((*shape, 3), seed + i) for i, shape in enumerate(lead))
    check(tg.cross, np.cross, x, y, seed)
    axis = data.draw(st.integers(-1 - min(map(len, lead)), -1))
    x, y = np.moveaxis(x, -1, axis), np.moveaxis(y, -1, axis)
    check(tg.cross, np.cross, x, y, seed, axis=axis)


def test_numpy_s_cross_takes_an_axis_of_each():
    x, y = filled((3, 2), 0), filled((2, 3), 1)
    for axisc in (0, 1, -1):
        given_axes = {"axisa": 0, "axisb": 1, "axisc": axisc}
        result = np.cross(tg.Tensor(x), y, **given_axes)
        np.testing.assert_array_equal(result.data, np.cross(x, y, **given_axes))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: tg.vecdot(np.ones(3), np.ones(4)),
            "vecdot: axis -1 must be there and equally long in x and y, got \\(3,\\) "
            "and \\(4,\\)",
        ),
        (lambda: tg.vecdot(np.ones(3), 1.0), "vecdot: axis -1 must be there"),
        (lambda: tg.vecdot(np.ones(3), np.ones(3), axis=-2), "vecdot: axis -2"),
        (
            lambda: tg.vdot(np.ones((2, 2)), np.ones(3)),
            "vdot: x and y must have as many elements, got \\(2, 2\\) and \\(3,\\)",
        ),
        (
            lambda: tg.inner(np.ones((2, 3)), np.ones((2, 4))),
            "inner: axis 1 of x \\(3\\) and axis 1 of y \\(4\\) must be equally long",
        ),
        (
            lambda: tg.dot(np.ones((2, 3)), np.ones((2, 4, 3))),
            "dot: axis 1 of x \\(3\\) and axis 1 of y \\(4\\) must be equally long",
        ),
        (
            lambda: tg.tensordot(np.ones((2, 3)), np.ones((3, 2))),
            "tensordot: axis 0 of x \\(2\\) and axis 0 of y \\(3\\) must be equally "
            "long, got x \\(2, 3\\) and y \\(3, 2\\)",
        ),
        (
            lambda: tg.tensordot(np.ones(2), np.ones(2), axes=2),
            "tensordot: axes=2, but x has 1 axes and y 1",
        ),
        (
            lambda: tg.tensordot(np.ones(2), np.ones(2), axes=([0], [])),
            "tensordot: axes must be an int, or as many axes of x as of y",
        ),
        (
            lambda: tg.tensordot(
                np.ones((2, 2)), np.ones((2, 2)), axes=([0, 0], [0, 1])
            ),
            "tensordot: an axis is given twice",
        ),
        (
            lambda: tg.cross(np.ones(2), np.ones(2)),
            "cross: axis -1 must have length 3, got 2 in x and 2 in y",
        ),
    ],
)
def test_errors_name_the_axes_and_lengths(call, message):
    with pytest.raises(tg.ShapeError, match=message):
        call()
