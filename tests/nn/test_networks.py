"""MultiLayerNet and the convolutional networks, and what all networks share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg
from nn.models import ACTIVATIONS
from tinygrad_jp.testing import check_module, check_semantics


def rng(seed=0):
    return np.random.default_rng(seed)


def images(count, shape=(1, 8, 8), classes=3):
    return rng(1).random((count, *shape)), rng(2).integers(classes, size=count)


def small_convnet(**settings):
    settings = {"filters": 2, "filter_size": 3, "hidden_size": 4} | settings
    return nn.SimpleConvNet((1, 8, 8), output_size=3, rng=rng(), **settings)


def networks():
    double = {"dtype": np.float64}
    return {
        "multi": nn.MultiLayerNet(6, [5, 4], 3, rng=rng(), **double),
        "norm": nn.MultiLayerNet(6, [5], 3, use_batchnorm=True, rng=rng(), **double),
        "dropout": nn.MultiLayerNet(6, [5], 3, use_dropout=True, rng=rng(), **double),
        "decay": nn.MultiLayerNet(6, [5], 3, weight_decay_lambda=0.3, rng=rng())
        .astype(np.float64),
        "conv": small_convnet(weight_init_std=0.5, **double),
        "deep": nn.DeepConvNet((1, 8, 8), hidden_size=3, output_size=3, rng=rng())
        .astype(np.float64),
    }  # fmt: skip


def batch_for(name, count=4):
    if name in ("conv", "deep"):
        return images(count)
    x, t = images(count, (6,))
    return x, t


# --- both gradients ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["multi", "norm", "dropout", "decay", "conv"])
def test_both_gradients_of_a_network_agree(name):
    net = networks()[name]
    x, t = batch_for(name)
    before = {key: array.copy() for key, array in net.state_dict().items()}
    numerical = net.numerical_gradient(x, t)
    assert list(numerical) == list(net.params)
    for key, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[key])
    exact = net.gradient(x, t)
    for key in exact:
        np.testing.assert_allclose(exact[key], numerical[key], atol=2e-7)
        if not (name == "norm" and key == "b1"):  # what is normalised has no bias
            assert np.abs(exact[key]).max() > 1e-4
    assert all(parameter.grad is None for parameter in net.parameters())


def test_the_gradient_of_a_deep_convnet_is_its_slope():
    net = networks()["deep"].eval()
    x, t = images(3)
    exact = net.gradient(x, t)
    step = {name: rng(3).standard_normal(g.shape) for name, g in exact.items()}

    def moved(length):
        other = net.astype(np.float64)
        for name, parameter in other.params.items():
            parameter.data = np.array(parameter) + length * step[name]
        return other.loss(x, t).item()

    slope = (moved(1e-6) - moved(-1e-6)) / 2e-6
    expected = sum((step[name] * g).sum() for name, g in exact.items())
    assert expected == pytest.approx(slope, rel=1e-5)


def test_a_networks_gradient_draws_what_its_loss_would_draw():
    first, second = networks()["dropout"], networks()["dropout"]
    x, t = batch_for("dropout")
    first.gradient(x, t)
    second.loss(x, t)
    np.testing.assert_array_equal(first.predict(x).data, second.predict(x).data)


# --- how they are made -------------------------------------------------------------


def layer_names(net):
    return [type(layer).__name__ for layer in net.layers]


def test_the_layers_are_those_of_the_book():
    hidden = ["Affine", "BatchNormalization", "Sigmoid", "Dropout"]
    net = nn.MultiLayerNet(
        *(6, [5, 4], 3),
        activation="sigmoid",
        use_batchnorm=True,
        use_dropout=True,
        rng=rng(),
    )
    assert layer_names(net) == [*hidden, *hidden, "Affine"]
    simple = nn.SimpleConvNet(rng=rng())
    assert layer_names(simple) == [
        *("Convolution", "ReLU", "Pooling", "Flatten", "Affine", "ReLU", "Affine")
    ]
    assert [p.shape for p in simple.params.values()][::2] == [
        *((30, 1, 5, 5), (30 * 12 * 12, 100), (100, 10))
    ]
    deep = nn.DeepConvNet(rng=rng())
    stage = ["Convolution", "ReLU", "Convolution", "ReLU", "Pooling"]
    assert layer_names(deep) == [
        *stage * 3,
        *("Flatten", "Affine", "ReLU", "Dropout", "Affine", "Dropout"),
    ]
    assert [p.shape for p in deep.params.values()][::2] == [
        *((16, 1, 3, 3), (16, 16, 3, 3), (32, 16, 3, 3), (32, 32, 3, 3)),
        *((64, 32, 3, 3), (64, 64, 3, 3), (64 * 4 * 4, 50), (50, 10)),
    ]


def test_parameters_carry_the_books_names():
    net = networks()["norm"]
    assert list(net.params) == ["W1", "b1", "gamma1", "beta1", "W2", "b2"]
    assert [p.name for p in net.params.values()] == list(net.params)
    assert list(networks()["deep"].params)[-2:] == ["W8", "b8"]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_weights_start_as_suits_the_activation(activation):
    net = nn.MultiLayerNet(900, [400], 10, activation=activation, rng=rng())
    width = 1 if activation in ("sigmoid", "tanh") else 2
    assert np.std(net.params["W1"].data) * 30 == pytest.approx(width**0.5, rel=0.02)


@pytest.mark.parametrize(
    ("std", "expected"), [("relu", 2**0.5), ("xavier", 1), (0.02, 0.6), ("he", 2**0.5)]
)
def test_weights_start_as_they_are_told(std, expected):
    net = nn.MultiLayerNet(900, [400], 10, weight_init_std=std, rng=rng())
    assert np.std(net.params["W1"].data) * 30 == pytest.approx(expected, rel=0.02)


def test_weight_decay_adds_half_the_squares_of_the_weights():
    x, t = batch_for("multi")
    plain, decayed = (
        nn.MultiLayerNet(6, [5], 3, weight_decay_lambda=strength, rng=rng())
        for strength in (0.0, 0.3)
    )
    squares = sum(
        (np.array(p, np.float64) ** 2).sum()
        for name, p in plain.params.items()
        if name.startswith("W")
    )
    difference = decayed.loss(x, t).item() - plain.loss(x, t).item()
    assert difference == pytest.approx(0.15 * squares, rel=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.MultiLayerNet(6, [], 3, rng=rng()), "hidden_size_list needs one"),
        (lambda: nn.MultiLayerNet(6, [0], 3, rng=rng()), r"\[0\] must be at least 1"),
        (
            lambda: nn.MultiLayerNet(6, [2], 3, activation="rely", rng=rng()),
            'must be "relu", "sigmoid"',
        ),
        (
            lambda: nn.MultiLayerNet(6, [2], 3, dropout_ratio=1.0, rng=rng()),
            "dropout_ratio",
        ),
        (lambda: nn.SimpleConvNet((28, 28), rng=rng()), "input_shape must be"),
        (
            lambda: nn.SimpleConvNet((1, 3, 3), rng=rng()),
            "SimpleConvNet: pictures of 3 x 3 are too small",
        ),
        (
            lambda: nn.DeepConvNet((1, 1, 1), rng=rng()),
            "DeepConvNet: pictures of 1 x 1 are too small",
        ),
    ],
)
def test_what_cannot_be_built_is_said_with_its_numbers(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# --- meaning -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["multi", "norm", "dropout", "conv", "deep"])
def test_a_network_keeps_its_rows_apart_in_prediction(name):
    net = networks()[name].astype(np.float32).eval()
    check_semantics(net.predict, batch_for(name)[0])


@pytest.mark.parametrize("name", ["multi", "conv"])
def test_a_network_keeps_its_contract(name):
    check_module(networks()[name])


# --- accuracy ----------------------------------------------------------------------


@given(st.integers(1, 7), st.booleans())
def test_accuracy_is_the_same_by_batches(batch_size, one_hot):
    net = networks()["norm"]
    x, labels = batch_for("norm", 7)
    scores = net.eval().predict(x).numpy()
    net.train()
    net.layers[0].training = False  # one was frozen
    t = nn.one_hot(labels, 3) if one_hot else labels
    found = net.accuracy(x, t, batch_size=batch_size)
    assert found == np.mean(scores.argmax(axis=1) == labels)
    assert [layer.training for layer in net.layers] == [False, *[True] * 3]


@pytest.mark.parametrize("t", [np.zeros(3, int), np.zeros((0,), int)])
def test_accuracy_needs_a_label_for_each_example(t):
    with pytest.raises(tg.ShapeError, match="one label for each example"):
        networks()["multi"].accuracy(batch_for("multi")[0], t)


# --- other dtypes ------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_network_of_another_dtype_predicts_in_it_and_nearly_the_same(dtype):
    net = networks()["norm"]
    x, t = batch_for("norm")
    net.loss(x, t)  # moves the running averages
    other = net.astype(dtype).eval()
    assert {array.dtype for array in other.state_dict().values()} == {np.dtype(dtype)}
    scores = other.predict(x.astype(dtype))
    assert scores.dtype == dtype
    expected = net.eval().predict(x).numpy()
    np.testing.assert_allclose(scores.numpy(), expected, atol=0.02)
    assert net.params["W1"].dtype == np.float64
    assert [p.name for p in other.params.values()] == list(net.params)
    assert all(p.requires_grad for p in other.parameters())


def test_a_network_of_integers_is_refused():
    with pytest.raises(TypeError, match="MultiLayerNet: dtype must be float16"):
        networks()["multi"].astype(int)


# --- learning ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["multi", "norm", "conv"])
def test_a_network_learns_a_few_examples_by_heart(name):
    net = networks()[name]
    if name == "conv":
        net = small_convnet(filters=8, hidden_size=16, weight_init_std=0.2)
    x, t = batch_for(name, 6)
    sgd = nn.SGD(net.parameters(), lr=0.2)
    for _ in range(400):
        sgd.zero_grad()
        net.loss(x, t).backward()
        sgd.step()
    assert net.accuracy(x, t) == 1.0
