"""Layers: values by arithmetic of their own, gradients by measured slopes."""

import copy
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
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


@pytest.mark.parametrize("shape", [(3,), (5, 4, 3), (0, 3), (2, 0, 3), (2, 1, 2, 3)])
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
        ({"init": "best"}, ValueError, "init must be .*, got 'best'"),
        ({"init": -1}, ValueError, "init must be finite and at least 0, got -1"),
        ({"init": None, "std": -1}, ValueError, "std must be finite and at least 0"),
        ({"init": "he", "std": 1}, ValueError, "init or std, got both 'he' and 1"),
        ({"init": [1]}, TypeError, r"init must be a number, got \[1\]"),
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


# --- Flatten ---------------------------------------------------------------------


@given(shape=hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=3))
def test_flatten_keeps_rows_and_their_numbers(shape):
    x = np.arange(math.prod(shape), dtype=np.float64).reshape(shape)
    y = nn.Flatten()(x)
    assert y.shape == (shape[0], math.prod(shape[1:]))
    for row, flat in zip(x, y.data):
        assert flat.tolist() == np.ravel(row).tolist()


def test_flatten_needs_a_batch():
    with pytest.raises(tg.ShapeError, match=r"Flatten: x must have shape .*, got \(\)"):
        nn.Flatten()(1.0)


# --- Dropout ---------------------------------------------------------------------


@given(seed=SEED, ratio=st.floats(0, 0.9), shape=hnp.array_shapes(max_dims=3))
def test_dropout_keeps_a_number_divided_or_makes_it_zero(seed, ratio, shape):
    dropout = nn.Dropout(ratio, rng=np.random.default_rng(seed))
    x = np.random.default_rng(seed + 1).uniform(1, 2, shape)
    y = dropout(x).data
    kept = y != 0
    np.testing.assert_allclose(y[kept], x[kept] / (1 - ratio), rtol=1e-12)


@given(seed=SEED, ratio=st.sampled_from([0.0, 0.2, 0.5, 0.9]))
@settings(max_examples=20)
def test_dropout_drops_its_share_and_keeps_the_mean(seed, ratio):
    y = nn.Dropout(ratio, rng=np.random.default_rng(seed))(np.ones(20_000)).data
    share = (y == 0).mean()
    assert abs(share - ratio) < 5 * math.sqrt(ratio * (1 - ratio) / 20_000) + 1e-12
    assert abs(y.mean() - 1) < 0.1


def test_dropout_drops_anew_in_each_call_and_the_same_from_the_same_generator():
    first, second = (nn.Dropout(rng=np.random.default_rng(0)) for _ in range(2))
    x = np.ones((4, 50))
    once, again = first(x).data, first(x).data
    assert (once != again).any()
    np.testing.assert_array_equal(once, second(x).data)
    np.testing.assert_array_equal(again, second(x.astype(np.float32)).data)


def test_dropout_does_nothing_for_prediction_and_draws_nothing():
    dropout = nn.Dropout(0.5, rng=np.random.default_rng(0)).eval()
    x = tg.Tensor(np.ones((4, 3)), requires_grad=True)
    assert dropout(x) is x
    state = np.random.default_rng(0).bit_generator.state
    assert dropout.rng.bit_generator.state == state


def test_dropout_passes_the_gradient_on_where_it_passed_the_number():
    dropout = nn.Dropout(0.5, rng=np.random.default_rng(0))
    x = tg.Tensor(np.ones(100), requires_grad=True)
    y = dropout(x)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, y.data)
    assert set(x.grad.tolist()) == {0.0, 2.0}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dropout_keeps_the_dtype(dtype):
    assert nn.Dropout(rng=np.random.default_rng(0))(np.ones(9, dtype)).dtype == dtype


def test_dropout_of_integers_does_not_round():
    y = nn.Dropout(0.2, rng=np.random.default_rng(0))(np.ones(50, int))
    assert set(y.tolist()) == {0.0, 1.25}


@pytest.mark.parametrize(
    ("ratio", "error", "message"),
    [
        (1, ValueError, "Dropout: ratio must be below 1, got 1"),
        (-0.1, ValueError, "ratio must be finite and at least 0, got -0.1"),
        (math.nan, ValueError, "ratio must be finite and at least 0, got nan"),
        ("half", TypeError, "ratio must be a number, got 'half'"),
    ],
)
def test_dropout_checks_its_ratio(ratio, error, message):
    with pytest.raises(error, match=message):
        nn.Dropout(ratio, rng=np.random.default_rng(0))
    with pytest.raises(TypeError, match=r"Dropout: rng must be .*Generator, got 3"):
        nn.Dropout(0.5, rng=3)


# --- Embedding -------------------------------------------------------------------


def embedding(count=5, size=3, **options):
    return nn.Embedding(count, size, rng=np.random.default_rng(0), **options)


@given(
    ids=hnp.arrays(
        np.int64, hnp.array_shapes(max_dims=3, min_side=0), elements=st.integers(0, 4)
    )
)
def test_embedding_gives_what_one_hot_rows_select(ids):
    layer = embedding(dtype=np.float64)
    y = layer(ids)
    assert y.shape == (*ids.shape, 3)
    rows = (
        nn.one_hot(ids.ravel(), 5, dtype=np.float64) if ids.size else np.zeros((0, 5))
    )
    np.testing.assert_allclose(y.data.reshape(-1, 3), rows @ layer.W.data)
    y.backward(np.ones(y.shape))
    counts = np.bincount(ids.ravel(), minlength=5)
    np.testing.assert_allclose(layer.W.grad.data, np.outer(counts, np.ones(3)))


def test_embedding_takes_integers_of_any_kind():
    layer = embedding()
    for ids in ([1, 4], (1, 4), np.array([1, 4], np.uint8), tg.Tensor([1, 4])):
        np.testing.assert_array_equal(layer(ids).data, layer.W.data[[1, 4]])
    assert layer(2).shape == (3,)
    assert layer([]).shape == (0, 3)
    assert math.isclose(embedding(200, 50).W.data.std(), 0.01, rel_tol=0.05)


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        ([[0, 1], [2, 5]], ValueError, "ids must be 0 to 4, got 5 at (1, 1)"),
        ([-1], ValueError, "ids must be 0 to 4, got -1 at (0,)"),
        (7, ValueError, "ids must be 0 to 4, got 7"),
        ([1.0], TypeError, "ids must be integers, got float64"),
        ([True], TypeError, "ids must be integers, got bool"),
    ],
)
def test_embedding_says_which_number_is_none_of_its_own(ids, error, message):
    with pytest.raises(error, match=f"^Embedding: {re.escape(message)}$"):
        embedding()(ids)


def test_what_repr_shows_of_layers():
    rng = np.random.default_rng(0)
    assert repr(nn.Dropout(0.5, rng=rng)) == "Dropout(0.5)"
    assert repr(nn.Flatten()) == "Flatten()"
    assert repr(embedding()) == "Embedding(5, 3)  15 parameters"


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
