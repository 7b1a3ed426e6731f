"""LayerNormalization, and BatchNormalization with its features at another axis."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg
from tinygrad_jp.testing import gradcheck

SEED = st.integers(0, 999)


def numbers(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape) * 3 + 1


def layer(size=3, **options):
    made = nn.LayerNormalization(size, **{"dtype": np.float64, **options})
    for name, seed in (("gamma", 1), ("beta", 2)):
        values = np.random.default_rng(seed).normal(size=made.gamma.shape)
        changed = tg.Tensor(values, dtype=made.gamma.dtype, requires_grad=True)
        setattr(made, name, changed)
    return made


@given(
    seed=SEED,
    size=st.lists(st.integers(1, 4), min_size=1, max_size=2),
    before=st.lists(st.integers(1, 3), max_size=3),
)
@settings(max_examples=40)
def test_the_last_axes_are_normalised_scaled_and_shifted(seed, size, before):
    norm = layer(size)
    x = numbers((*before, *size), seed)
    y = norm(x).data
    assert y.shape == x.shape
    for index in np.ndindex(*before):
        row = x[index]
        expected = (row - row.mean()) / np.sqrt(row.var() + 1e-5)
        expected = expected * norm.gamma.data + norm.beta.data
        np.testing.assert_allclose(y[index], expected, rtol=1e-9, atol=1e-11)


def test_training_and_prediction_are_alike():
    norm, x = layer(), numbers((4, 3))
    expected = norm(x).data
    np.testing.assert_array_equal(norm.eval()(x).data, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.1, 1e4, -12345.678])
def test_a_constant_row_gives_beta(dtype, value):
    norm = layer(7, dtype=dtype)
    y = norm(np.full((2, 7), value, dtype)).data
    np.testing.assert_allclose(y, np.tile(norm.beta.data, (2, 1)), atol=1e-3)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(dtype):
    norm = layer(dtype=dtype)
    x = tg.Tensor(numbers((4, 3)), dtype=dtype, requires_grad=True)
    y = norm(x)
    y.sum().backward()
    assert {y.dtype, x.grad.dtype, norm.gamma.grad.dtype} == {np.dtype(dtype)}
    assert norm(numbers((4, 3))).dtype == dtype


def test_gradient():
    gradcheck(layer((2, 3)), numbers((4, 2, 3)), order=2)


@pytest.mark.parametrize(
    ("size", "shape", "needed"),
    [
        (3, (4, 2), "(batch, ..., 3)"),
        (3, (), "(batch, ..., 3)"),
        ((2, 3), (3, 2), "(batch, ..., 2, 3)"),
        ((2, 3), (3,), "(batch, ..., 2, 3)"),
    ],
)
def test_shapes_that_are_refused(size, shape, needed):
    text = f"LayerNormalization: x must have shape {needed}, got {shape}"
    with pytest.raises(tg.ShapeError, match=f"^{re.escape(text)}$"):
        layer(size)(np.ones(shape))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"size": 0}, ValueError, "size must be at least 1, got 0"),
        ({"size": (2, 0)}, ValueError, "size must be at least 1, got 0"),
        ({"size": ()}, ValueError, r"size must have one length or more, got \(\)"),
        ({"size": 2.0}, TypeError, r"size must be a whole number, got 2\.0"),
        ({"size": "3"}, TypeError, "size must be a whole number, got '3'"),
        ({"eps": 0}, ValueError, "eps must be finite and above 0, got 0"),
        ({"dtype": int}, TypeError, "dtype must be float16"),
    ],
)
def test_hyper_parameters_that_are_refused(options, error, words):
    with pytest.raises(error, match=f"^LayerNormalization: {words}"):
        nn.LayerNormalization(**{"size": 3, **options})


def test_what_repr_shows_of_normalization():
    assert repr(layer(3)) == "LayerNormalization(3)  6 parameters"
    assert repr(layer((2, 3))) == "LayerNormalization((2, 3))  12 parameters"
    assert repr(nn.BatchNormalization(3, axis=-1)) == (
        "BatchNormalization(3, axis=-1)  6 parameters"
    )


# --- BatchNormalization with features elsewhere ------------------------------------


@given(seed=SEED, ndim=st.integers(2, 4), data=st.data(), training=st.booleans())
@settings(max_examples=40)
def test_features_may_lie_at_any_axis(seed, ndim, data, training):
    place = data.draw(st.integers(1, ndim - 1))
    axis = data.draw(st.sampled_from([place, place - ndim]))
    x = numbers((3, 4, 2, 5)[:ndim], seed)
    size = x.shape[place]
    here = nn.BatchNormalization(size, axis=axis, dtype=np.float64)
    first = nn.BatchNormalization(size, dtype=np.float64)
    for norm in (here, first):
        norm.gamma = tg.Tensor(numbers(size, seed + 1), requires_grad=True)
        norm.beta = tg.Tensor(numbers(size, seed + 2), requires_grad=True)
        norm.running_mean = numbers(size, seed + 3)
        norm.running_var = numbers(size, seed + 4) ** 2
        norm.train(training)
    expected = np.moveaxis(first(np.moveaxis(x, place, 1)).data, 1, place)
    np.testing.assert_allclose(here(x).data, expected, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(here.running_mean, first.running_mean, rtol=1e-10)
    np.testing.assert_allclose(here.running_var, first.running_var, rtol=1e-10)


@pytest.mark.parametrize(
    ("axis", "shape", "words"),
    [
        (-1, (4, 2), "(batch, 3) or (batch, height, width, 3), got (4, 2)"),
        (-1, (3,), "got (3,); use x.reshape(-1, 3)"),
        (-2, (3, 4), "(batch, ...) with length 3 at axis -2, got (3, 4)"),
        (2, (4, 3), "(batch, ...) with length 3 at axis 2, got (4, 3)"),
        (1, (4, 5, 6, 3), "got (4, 5, 6, 3); use BatchNormalization(3, axis=-1)"),
        (1, (), "got ()"),
    ],
)
def test_features_that_are_not_there(axis, shape, words):
    norm = nn.BatchNormalization(3, axis=axis)
    with pytest.raises(tg.ShapeError, match=f"{re.escape(words)}$"):
        norm(np.ones(shape))


def test_the_axis_is_checked():
    with pytest.raises(ValueError, match="axis must not be 0, the batch"):
        nn.BatchNormalization(3, axis=0)
    for wrong in (1.0, None, (1, 2), True):
        with pytest.raises(TypeError, match="axis must be a whole number, got"):
            nn.BatchNormalization(3, axis=wrong)
