"""Layers: values by arithmetic of their own, gradients by measured slopes."""

import copy
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import nn
import tinygrad_jp as tg
from tinygrad_jp.testing import check_semantics, gradcheck

NUMBERS = st.floats(-20, 20, width=32)
ROWS = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 4), st.integers(1, 5)), elements=NUMBERS
)
SMALL = st.integers(1, 4)
SEED = st.integers(0, 2**32 - 1)


def affine(in_size=3, out_size=2, seed=0, dtype=np.float64, **options):
    rng = np.random.default_rng(seed)
    return nn.Affine(in_size, out_size, rng=rng, dtype=dtype, **options)


def with_parameters(layer, *values):
    """A copy of a layer whose parameters are other tensors."""
    twin = copy.copy(layer)
    for (name, _), value in zip(layer.named_parameters(), values):
        setattr(twin, name, value)
    return twin


# --- Affine ----------------------------------------------------------------------


@given(seed=SEED, batch=SMALL, in_size=SMALL, out_size=SMALL)
def test_affine_weighs_and_sums_each_row(seed, batch, in_size, out_size):
    layer = affine(in_size, out_size, seed)
    layer.b = tg.Tensor(np.arange(out_size) - 0.5, requires_grad=True)
    x = np.random.default_rng(seed).standard_normal((batch, in_size))
    y = layer(x)
    assert y.shape == (batch, out_size)
    for i in range(batch):
        for j in range(out_size):
            terms = [x[i, k] * layer.W.data[k, j] for k in range(in_size)]
            expected = math.fsum([*terms, layer.b.data[j]])
            assert math.isclose(y.data[i, j], expected, rel_tol=1e-12, abs_tol=1e-14)


@given(seed=SEED, batch=SMALL, in_size=SMALL, out_size=SMALL)
def test_affine_gradient(seed, batch, in_size, out_size):
    layer = affine(in_size, out_size, seed)
    x = np.random.default_rng(seed).standard_normal((batch, in_size))

    def function(x, W, b):
        return with_parameters(layer, W, b)(x)

    gradcheck(function, x, *layer.parameters(), order=2, seed=seed)


@given(seed=SEED, in_size=SMALL)
def test_affine_keeps_rows_apart(seed, in_size):
    x = np.random.default_rng(seed).standard_normal((3, in_size))
    check_semantics(affine(in_size, 2, seed, np.float32), x)


@pytest.mark.parametrize("shape", [(3,), (5, 4, 3), (0, 3)])
def test_affine_takes_rows_of_any_leading_shape(shape):
    layer = affine()
    x = np.random.default_rng(0).standard_normal(shape)
    np.testing.assert_allclose(layer(x).data, x @ layer.W.data)


@pytest.mark.parametrize(
    ("size", "shape", "repair"),
    [
        (784, (100, 28, 28), "; use x.reshape(-1, 784)"),
        (784, (28, 28), "; use x.reshape(-1, 784)"),
        (784, (784, 100), "; use x.T"),
        (784, (100, 783), ""),
        (784, (), ""),
        (1, (), "; use x.reshape(-1, 1)"),
        (784, (0,), ""),
    ],
)
def test_affine_names_the_shape_and_a_repair_that_works(size, shape, repair):
    layer = affine(size, 2)
    x = np.zeros(shape)
    message = f"Affine: x must have shape (batch, {size}), got {shape}{repair}"
    with pytest.raises(tg.ShapeError, match=f"^{re.escape(message)}$"):
        layer(x)
    if repair:
        layer(eval(repair.removeprefix("; use "), {"x": x}))


def test_affine_says_which_one_it_is():
    model = nn.Sequential(affine(4, 3), nn.ReLU(), affine(4, 2))
    with pytest.raises(
        tg.ShapeError, match=r"^Affine2: x must have shape \(batch, 4\)"
    ):
        model(np.zeros((5, 4)))
    model[0].name = "hidden"
    with pytest.raises(tg.ShapeError, match=r"^Affine \(hidden\): x must have shape"):
        model(np.zeros((5, 3)))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("given_dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_affine_takes_arrays_in_its_own_dtype(dtype, given_dtype):
    layer = affine(dtype=dtype)
    y = layer(np.ones((2, 3), given_dtype))
    assert (layer.W.dtype, layer.b.dtype, y.dtype) == (dtype, dtype, dtype)
    y.sum().backward()
    assert layer.W.grad.dtype == dtype
    assert layer.b.grad.tolist() == [2, 2]


def test_affine_calls_an_array_x_and_leaves_a_tensor_as_it_is():
    layer = affine()
    assert layer([[1.0, 2.0, 3.0]])._node.inputs[0].inputs[0].name == "x"
    x = tg.Tensor([[1.0, 2.0, 3.0]])
    layer(x)
    assert x.name is None


def test_affine_starts_as_told():
    wide = affine(1000, 100)
    assert math.isclose(wide.W.data.std(), math.sqrt(2 / 1000), rel_tol=0.02)
    assert abs(wide.W.data.mean()) < 0.001
    assert not wide.b.data.any()
    assert math.isclose(affine(1000, 100, std=0.01).W.data.std(), 0.01, rel_tol=0.02)
    assert not affine(std=0).W.data.any()


def test_affine_draws_from_its_generator_alone_and_alike_in_every_dtype():
    single, double = affine(dtype=np.float32), affine()
    np.testing.assert_array_equal(single.W.data, double.W.data.astype(np.float32))
    assert (affine(seed=1).W.data != double.W.data).all()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"in_size": 0}, ValueError, "Affine: in_size must be at least 1, got 0"),
        ({"out_size": -3}, ValueError, "Affine: out_size must be at least 1, got -3"),
        ({"in_size": 2.0}, TypeError, r"in_size must be a whole number, got 2\.0"),
        ({"in_size": True}, TypeError, "in_size must be a whole number, got True"),
        ({"std": -1}, ValueError, "std must be finite and at least 0, got -1"),
        ({"std": math.nan}, ValueError, "std must be finite and at least 0, got nan"),
        ({"std": "he"}, TypeError, "std must be a number, got 'he'"),
        ({"dtype": np.int32}, TypeError, "dtype must be float16, .*, got int32"),
        ({"dtype": complex}, TypeError, "dtype must be float16, .*, got complex128"),
    ],
)
def test_affine_checks_its_hyper_parameters(options, error, message):
    with pytest.raises(error, match=message):
        affine(**options)


@pytest.mark.parametrize("rng", [None, 0, np.random.RandomState(0)])
def test_affine_needs_a_generator(rng):
    with pytest.raises(TypeError, match=r"pass rng=np\.random\.default_rng\(0\)"):
        nn.Affine(2, 2, rng=rng)


def test_affine_without_generator_names_it():
    with pytest.raises(TypeError, match="rng"):
        nn.Affine(2, 2)


# --- activations -----------------------------------------------------------------

LAYERS = {"ReLU": nn.ReLU(), "Sigmoid": nn.Sigmoid(), "Softmax": nn.Softmax()}


@pytest.mark.parametrize("name", LAYERS)
@given(x=ROWS)
def test_gradient_at_every_point(name, x):
    gradcheck(LAYERS[name], x)


@pytest.mark.parametrize("name", LAYERS)
@given(seed=SEED, batch=st.integers(2, 5), size=SMALL)
def test_rows_are_kept_apart(name, seed, batch, size):
    x = np.random.default_rng(seed).standard_normal((batch, size))
    check_semantics(LAYERS[name], x)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(name, dtype):
    x = tg.Tensor([[-1.0, 0.0, 2.0]], dtype=dtype, requires_grad=True)
    y = LAYERS[name](x)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype) == (dtype, dtype)


@given(x=ROWS)
def test_relu_keeps_what_is_above_zero(x):
    y = nn.ReLU()(x).data
    assert y.tolist() == [[max(v, 0.0) for v in row] for row in x.tolist()]


def test_relu_has_gradient_zero_at_zero():
    x = tg.Tensor([-1.0, 0.0, 1.0], requires_grad=True)
    nn.ReLU()(x).sum().backward()
    assert x.grad.tolist() == [0, 0, 1]


@given(x=ROWS)
def test_sigmoid_is_the_logistic_function(x):
    y = nn.Sigmoid()(x).data
    expected = [[1 / (1 + math.exp(-v)) for v in row] for row in x.tolist()]
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-16)
    np.testing.assert_allclose(y + nn.Sigmoid()(-x).data, 1, rtol=1e-15)


@given(x=ROWS, shift=st.floats(-1e3, 1e3))
def test_softmax_gives_probabilities(x, shift):
    y = nn.Softmax()(x).data
    assert (y > 0).all()
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-12)
    for row, probabilities in zip(x.tolist(), y):
        total = math.fsum(math.exp(v) for v in row)
        expected = [math.exp(v) / total for v in row]
        np.testing.assert_allclose(probabilities, expected, rtol=1e-12)
    np.testing.assert_allclose(nn.Softmax()(x + shift).data, y, rtol=1e-9)


@given(x=ROWS)
def test_softmax_over_another_axis(x):
    np.testing.assert_allclose(nn.Softmax(axis=0)(x.T).data, nn.Softmax()(x).data.T)


def test_softmax_over_the_batch_is_caught():
    x = np.random.default_rng(0).standard_normal((4, 3))
    gradcheck(nn.Softmax(axis=0), x)
    with pytest.raises(Exception, match="row"):
        check_semantics(nn.Softmax(axis=0), x)


@pytest.mark.parametrize("axis", [1.0, "1", None, True, (0, 1)])
def test_softmax_checks_its_axis(axis):
    with pytest.raises(TypeError, match="Softmax: axis must be a whole number, got"):
        nn.Softmax(axis=axis)


def test_softmax_of_the_book():
    y = nn.Softmax()([2.2, 0.4, 0.7]).data
    np.testing.assert_allclose(y, [0.72023846, 0.11905462, 0.16070692], atol=5e-9)


# --- a forward pass by known numbers (chapter 3.4) --------------------------------


@pytest.mark.parametrize(
    ("second_bias", "expected"),
    [
        # The readers' page prints the second result beside the first bias; with
        # plain NumPy too, that result comes of the second bias alone.
        ([0.1, 0.2], [0.67546986, 0.70496291]),
        ([0.2, 0.3], [0.67948244, 0.7082739]),
    ],
)
def test_three_layers_give_the_known_numbers(second_bias, expected):
    weights = [
        ([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]], [0.1, 0.2, 0.3]),
        ([[0.1, 0.3], [0.5, 0.2], [0.4, 0.6]], second_bias),
        ([[0.5, 0.2], [0.4, 0.6]], [0.1, 0.3]),
    ]
    layers = []
    for W, b in weights:
        layer = affine(len(W), len(b))
        layers += [with_parameters(layer, tg.Tensor(W), tg.Tensor(b)), nn.Sigmoid()]
    y = nn.Sequential(*layers)([1.0, 0.5])
    np.testing.assert_allclose(y.data, expected, atol=5e-9)
