"""XOR, spirals, and splitting examples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_xor_is_true_where_the_inputs_differ(dtype):
    x, t = nn.xor(dtype=dtype)
    assert x.dtype == dtype
    np.testing.assert_array_equal(t, x[:, 0] != x[:, 1])
    assert len({tuple(row) for row in x.tolist()}) == 4


@given(st.integers(1, 40), st.integers(2, 6), st.integers(0, 5))
def test_a_spiral_has_its_points_in_the_circle_and_repeats(size, classes, seed):
    x, t = nn.spiral(size, classes, rng=rng(seed))
    assert x.shape == (size * classes, 2)
    assert np.bincount(t, minlength=classes).tolist() == [size] * classes
    assert np.linalg.norm(x, axis=1).max() <= 1
    again = nn.spiral(size, classes, rng=rng(seed))
    np.testing.assert_array_equal(x, again.x)


def test_the_arms_of_a_spiral_turn_and_do_not_meet():
    x, t = nn.spiral(200, 3, noise=0.0, turns=0.5, rng=rng())
    radius = np.linalg.norm(x, axis=1)
    angle = np.arctan2(x[:, 0], x[:, 1])
    expected = 2 * np.pi * t / 3 + np.pi * radius
    far = radius > 0.1
    turned = np.exp(1j * (angle - expected))[far]
    np.testing.assert_allclose(turned, 1, atol=1e-5)


def test_no_straight_line_tells_the_arms_apart():
    x, t = nn.spiral(100, 3, rng=rng())
    padded = np.column_stack([x, np.ones(len(x))])
    best = np.linalg.lstsq(padded, nn.one_hot(t, 3), rcond=None)[0]
    assert np.mean((padded @ best).argmax(axis=1) == t) < 0.7


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"size": 0}, ValueError, "size must be at least 1"),
        ({"classes": 1}, ValueError, "classes must be at least 2"),
        ({"noise": -1.0}, ValueError, "noise must be finite and at least 0"),
        ({"turns": 0}, ValueError, "turns"),
        ({"rng": 0}, TypeError, "numpy.random.Generator"),
        ({"dtype": int}, TypeError, "dtype"),
    ],
)
def test_wrong_spirals_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        nn.spiral(**({"rng": rng()} | settings))


@given(st.integers(2, 50), st.floats(0.01, 0.99), st.integers(0, 3))
def test_a_split_parts_the_examples(count, part, seed):
    examples = nn.Examples(np.arange(count)[:, None], np.arange(count))
    if not 0 < round(part * count) < count:
        with pytest.raises(ValueError, match="part must leave examples on both sides"):
            examples.split(part, rng=rng(seed))
        return
    data = examples.split(part, rng=rng(seed))
    assert len(data.test) == round(part * count)
    together = np.concatenate([data.train.t, data.test.t])
    np.testing.assert_array_equal(np.sort(together), np.arange(count))
    for some in (data.train, data.test):
        np.testing.assert_array_equal(some.x[:, 0], some.t)


def test_the_first_examples():
    examples = nn.Examples(np.zeros((5, 2)), np.arange(5))
    assert examples.first(2).t.tolist() == [0, 1]
    assert len(examples.first(9)) == 5
    with pytest.raises(ValueError, match="count must be at least 1"):
        examples.first(0)
