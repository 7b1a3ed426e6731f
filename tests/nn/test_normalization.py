"""BatchNormalization: what it gives, what it remembers, and when it must not."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg
from tinygrad_jp.testing import SemanticsError, check_semantics, gradcheck, strategies

SHAPES = [(4, 3), (5, 3, 2), (2, 3, 4, 2)]


def layer(size=3, **options):
    made = nn.BatchNormalization(size, **{"dtype": np.float64, **options})
    rng = np.random.default_rng(1)
    made.gamma = tg.Tensor(rng.normal(size=size), dtype=made.gamma.dtype)
    made.beta = tg.Tensor(rng.normal(size=size), dtype=made.beta.dtype)
    made.gamma.requires_grad = made.beta.requires_grad = True
    return made


def by_features(x):
    """(size, everything else): each feature in a row."""
    return np.moveaxis(x, 1, 0).reshape(x.shape[1], -1)


def numbers(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape) * 3 + 1


# --- values ----------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@given(seed=st.integers(0, 1000))
@settings(max_examples=20)
def test_each_feature_is_normalised_scaled_and_shifted(shape, seed):
    norm = layer()
    x = numbers(shape, seed)
    y = by_features(norm(x).data)
    for feature, row in enumerate(by_features(x)):
        gamma, beta = norm.gamma.data[feature], norm.beta.data[feature]
        expected = (row - row.mean()) / np.sqrt(row.var() + 1e-6) * gamma + beta
        np.testing.assert_allclose(y[feature], expected, rtol=1e-9, atol=1e-12)


@given(x=strategies.batches(features=(3,), min_rows=2))
@settings(max_examples=30)
def test_mean_and_variance_come_out_as_told(x):
    y = nn.BatchNormalization(3, eps=1e-12, dtype=np.float64)(x * 8.0).data
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(y.var(axis=0), 1, rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.1, 255.0, 1e4, -12345.678])
@pytest.mark.parametrize("rows", [2, 3, 7, 100])
def test_a_constant_feature_gives_beta(dtype, value, rows):
    norm = layer(1, dtype=dtype)
    y = norm(np.full((rows, 1), value, dtype))
    np.testing.assert_allclose(y.data, norm.beta.data[0], atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_predictions_use_the_running_averages_alone(shape):
    norm = layer().eval()
    norm.running_mean = np.array([1.0, -2.0, 3.0])
    norm.running_var = np.array([4.0, 0.25, 1.0])
    x = numbers(shape)
    y = by_features(norm(x).data)
    for i, row in enumerate(by_features(x)):
        scaled = (row - norm.running_mean[i]) / np.sqrt(norm.running_var[i] + 1e-6)
        expected = scaled * norm.gamma.data[i] + norm.beta.data[i]
        np.testing.assert_allclose(y[i], expected, rtol=1e-12)


def test_a_fresh_layer_predicts_what_comes_in():
    x = numbers((4, 3))
    y = nn.BatchNormalization(3, dtype=np.float64).eval()(x)
    np.testing.assert_allclose(y.data, x, rtol=1e-6)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(dtype, training):
    norm = layer(dtype=dtype).train(training)
    x = tg.Tensor(numbers((4, 3)), dtype=dtype, requires_grad=True)
    y = norm(x)
    y.sum().backward()
    assert {y.dtype, x.grad.dtype, norm.gamma.grad.dtype} == {np.dtype(dtype)}
    assert {norm.running_mean.dtype, norm.running_var.dtype} == {np.dtype(dtype)}
    assert norm(numbers((4, 3))).dtype == dtype  # an array is taken in its own
    norm(tg.Tensor(numbers((4, 3)), dtype=np.float64))
    assert {norm.running_mean.dtype, norm.running_var.dtype} == {np.dtype(dtype)}


# --- gradient and meaning --------------------------------------------------------


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_gradient(shape, training):
    norm = layer().train(training)

    def function(x, gamma, beta):
        twin = copy.copy(norm)
        twin.gamma, twin.beta = gamma, beta
        return twin(x)

    gradcheck(function, numbers(shape), norm.gamma, norm.beta, order=2)


def test_gradient_is_what_the_book_derives():
    x = tg.Tensor(numbers((5, 3)), requires_grad=True)
    g = np.random.default_rng(3).normal(size=(5, 3))
    norm = layer()
    norm(x).backward(g)
    spread = np.sqrt(x.data.var(axis=0) + 1e-6)
    y = (x.data - x.data.mean(axis=0)) / spread
    expected = g - g.mean(axis=0) - y * (g * y).mean(axis=0)
    np.testing.assert_allclose(x.grad.data, norm.gamma.data / spread * expected)
    np.testing.assert_allclose(norm.gamma.grad.data, (g * y).sum(axis=0))
    np.testing.assert_allclose(norm.beta.grad.data, g.sum(axis=0))


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_mix_in_training_and_not_for_prediction(shape):
    norm = layer()
    with pytest.raises(SemanticsError, match="row 0 moved when only row 1 changed"):
        check_semantics(norm, numbers(shape), keeps_dtype=False)
    check_semantics(norm.eval(), numbers(shape), keeps_dtype=False)


@pytest.mark.parametrize("shape", SHAPES)
@given(seed=st.integers(0, 1000))
@settings(max_examples=20)
def test_a_shift_of_a_feature_changes_nothing_in_training(shape, seed):
    shift = np.random.default_rng(seed).normal(size=(1, 3) + (1,) * (len(shape) - 2))
    x = numbers(shape, seed)
    y = layer()(x).data
    np.testing.assert_allclose(layer()(x + 10 * shift).data, y, rtol=1e-9, atol=1e-9)


# --- running averages ------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@given(seed=st.integers(0, 1000), momentum=st.sampled_from([0.0, 0.5, 0.9, 1.0]))
@settings(max_examples=20)
def test_averages_move_towards_each_batch(shape, seed, momentum):
    norm = layer(momentum=momentum)
    mean, var = np.zeros(3), np.ones(3)
    for step in range(3):
        x = numbers(shape, seed + step)
        norm(x)
        rows = by_features(x)
        mean = momentum * mean + (1 - momentum) * rows.mean(axis=1)
        var = momentum * var + (1 - momentum) * rows.var(axis=1)
        np.testing.assert_allclose(norm.running_mean, mean, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(norm.running_var, var, rtol=1e-10)


def averages(norm):
    return norm.running_mean, norm.running_var


def test_averages_are_arrays_and_no_parameters():
    norm = layer()
    norm(tg.Tensor(numbers((4, 3)), requires_grad=True)).sum().backward()
    assert all(type(average) is np.ndarray for average in averages(norm))
    assert [name for name, _ in norm.named_parameters()] == ["gamma", "beta"]


def test_averages_stay_in_prediction():
    norm = layer()
    norm(numbers((4, 3)))
    before = averages(norm)
    norm.eval()(numbers((4, 3), 1))
    assert all(a is b for a, b in zip(averages(norm), before))


def test_averages_stay_when_the_forward_pass_raises():
    norm = layer()
    norm(numbers((4, 3)))
    before = averages(norm)
    norm.gamma = tg.Tensor(np.ones(4), requires_grad=True)  # no longer fits
    with pytest.raises(tg.ShapeError):
        norm(numbers((4, 3), 1))
    for wrong in (numbers((4, 2)), numbers((1, 3)), np.zeros((0, 3)), numbers((3,))):
        with pytest.raises(tg.ShapeError):
            norm(wrong)
    assert all(a is b for a, b in zip(averages(norm), before))


def test_an_average_that_was_kept_is_not_written_to():
    norm = layer()
    kept = norm.running_mean
    norm(numbers((4, 3)))
    assert not kept.any()
    assert norm.running_mean.any()


def test_averages_move_under_no_grad_too():
    norm = layer()
    with tg.no_grad():
        norm(numbers((4, 3)))
    assert norm.running_mean.any()


def test_a_copy_has_averages_of_its_own():
    norm = layer()
    twin = copy.deepcopy(norm)
    norm(numbers((4, 3)))
    assert not twin.running_mean.any()


# --- training and prediction -----------------------------------------------------


def test_the_switch_reaches_all_modules_below():
    inner = nn.Sequential(nn.Affine(3, 3, rng=np.random.default_rng(0)), layer())
    model = nn.Sequential(inner, nn.ReLU())
    assert all(module.training for _, module in model.named_modules())
    assert model.eval() is model
    assert not any(module.training for _, module in model.named_modules())
    assert model.train() is model
    assert all(module.training for _, module in model.named_modules())
    model.train(False)
    assert not inner[1].training


def test_training_with_it_makes_predictions_as_good():
    rng = np.random.default_rng(0)
    centers = 5 * rng.normal(size=(3, 4)) * [1, 10, 100, 1000]
    t = rng.integers(3, size=300)
    x = (centers[t] + rng.normal(size=(300, 4))).astype(np.float32)
    model = nn.Sequential(
        nn.BatchNormalization(4),
        nn.Affine(4, 8, rng=rng),
        nn.BatchNormalization(8),
        nn.ReLU(),
        nn.Affine(8, 3, rng=rng),
    )
    loss_of, sgd = nn.SoftmaxWithLoss(), nn.SGD(model.parameters(), lr=0.2)
    for _ in range(60):
        pick = rng.choice(300, 60)
        sgd.zero_grad()
        loss_of(model(x[pick]), t[pick]).backward()
        sgd.step()
    model.eval()
    assert (model(x).data.argmax(axis=1) == t).mean() > 0.98
    one_by_one = [model(row[None]).data[0].argmax() for row in x[:20]]
    assert (one_by_one == t[:20]).mean() > 0.9


# --- what it refuses -------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((4, 2), r"x must have shape \(batch, 3\) or \(batch, 3, height, width\), got"),
        ((3,), r"got \(3,\); use x.reshape\(-1, 3\)"),
        ((), r"got \(\)"),
        ((4, 5, 3), r"got \(4, 5, 3\)"),
        ((1, 3), r"two numbers or more of each feature, got 1 in shape \(1, 3\)"),
        ((0, 3), r"got 0 in shape \(0, 3\); use a larger batch, or eval\(\)"),
        ((1, 3, 1, 1), "got 1 in shape"),
    ],
)
def test_shapes_that_it_refuses(shape, words):
    with pytest.raises(tg.ShapeError, match=words):
        layer()(np.ones(shape))


def test_prediction_takes_any_number_of_rows():
    norm = layer().eval()
    assert norm(np.ones((1, 3))).shape == (1, 3)
    assert norm(np.ones((0, 3))).shape == (0, 3)
    assert norm.train()(np.ones((1, 3, 2, 1))).shape == (1, 3, 2, 1)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"size": 0}, ValueError, "BatchNormalization: size must be at least 1, got 0"),
        ({"size": 2.5}, TypeError, "size must be a whole number"),
        ({"momentum": -0.1}, ValueError, "momentum must be finite and at least 0"),
        ({"momentum": 1.5}, ValueError, "momentum must be at most 1, got 1.5"),
        ({"momentum": "0.9"}, TypeError, "momentum must be a number"),
        ({"eps": 0}, ValueError, "eps must be finite and above 0, got 0"),
        ({"dtype": int}, TypeError, "dtype must be float16, float32 or float64"),
    ],
)
def test_hyper_parameters_that_it_refuses(options, error, words):
    with pytest.raises(error, match=words):
        nn.BatchNormalization(**{"size": 3, **options})


def test_what_repr_shows():
    assert repr(nn.BatchNormalization(5)) == "BatchNormalization(5)  10 parameters"
