"""What the watch sees: gradients, dead units, and the plateau of XOR."""

import warnings

import numpy as np
import pytest

import nn
import tinygrad_jp as tg


def rng(seed=0):
    return np.random.default_rng(seed)


def fit(model, x, t, epochs, *, lr=0.1, watch=1, loss=None):
    trainer = nn.Trainer(
        model, loss or nn.SoftmaxWithLoss(), nn.SGD(model.parameters(), lr), watch=watch
    )
    return trainer.fit(
        nn.Examples(x, t), epochs=epochs, batch_size=len(x), progress=False
    )


def told(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert all(w.category is nn.TrainingWarning for w in caught)
    assert all(w.filename == __file__ for w in caught)
    return [str(warning.message) for warning in caught]


def test_numbers_are_what_one_would_compute_by_hand():
    model = nn.Sequential(
        nn.Affine(4, 6, rng=rng(), dtype=float),
        nn.ReLU(),
        nn.Affine(6, 3, rng=rng(1), dtype=float),
    )
    x, t = rng(2).normal(size=(8, 4)), np.arange(8) % 3
    W1, b1, W2, b2 = (p.data.copy() for p in model.parameters())
    history = fit(model, x, t, 1)
    hidden = np.maximum(x @ W1 + b1, 0)
    scores = hidden @ W2 + b2
    y = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    g = (y - np.eye(3)[t]) / 8
    last = np.concatenate([(hidden.T @ g).ravel(), g.sum(axis=0)])
    back = (g @ W2.T) * (hidden > 0)
    first = np.concatenate([(x.T @ back).ravel(), back.sum(axis=0)])
    expected = {
        "step": 1,
        "loss": -np.log(y[np.arange(8), t]).mean(),
        "output_spread": np.sqrt(y.var(axis=0).mean()),
        "gradient.Affine1": np.sqrt((first**2).mean()),
        "gradient.Affine2": np.sqrt((last**2).mean()),
        "dead.ReLU1": (hidden == 0).all(axis=0).mean(),
        "spread.ReLU1": np.sqrt(hidden.var(axis=0).mean()),
    }
    assert {name: column[0] for name, column in history.watch.items()} == (
        pytest.approx(expected)
    )


def test_it_looks_every_so_many_steps_and_leaves_no_hook():
    model = nn.Sequential(nn.Affine(2, 2, rng=rng()), nn.ReLU())
    history = fit(model, np.ones((2, 2)), np.array([0, 1]), 10, watch=3)
    assert history.watch["step"] == [3, 6, 9]
    assert not model[1]._hooks
    assert fit(model, np.ones((2, 2)), np.array([0, 1]), 2, watch=None).watch == {}


def test_a_layer_without_gradient_is_named_once_with_the_dead_units():
    model = nn.Sequential(
        nn.Affine(2, 3, rng=rng()), nn.ReLU(), nn.Affine(3, 2, rng=rng())
    )
    model[0].b.data = np.full(3, -100.0, np.float32)
    messages = told(lambda: fit(model, np.eye(2), np.array([0, 0]), 20))
    assert messages == [
        "Trainer: all gradients of Affine1 are 0 at step 1: it learns nothing; every "
        "unit of ReLU1 gives 0 for all rows. Smaller initial values or a smaller lr "
        "may help"
    ]


def test_gradients_may_vanish_where_all_is_learned():
    model = nn.Affine(1, 1, rng=rng(), std=0.0)
    zeros = np.zeros((4, 1), np.float32)
    assert told(lambda: fit(model, zeros, zeros, 3, loss=nn.MeanSquaredError())) == []


def xor():
    """The plateau that a reader of chapter 5 ran into, with its initial values."""
    source = np.random.RandomState(42)
    values = [source.rand(2, 4), source.randn(4), source.rand(4, 2), source.randn(2)]
    model = nn.Sequential(
        nn.Affine(2, 4, rng=rng(), dtype=float),
        nn.Sigmoid(),
        nn.Affine(4, 2, rng=rng(), dtype=float),
    )
    for parameter, value in zip(model.parameters(), values):
        parameter.data = value
    return model, np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]]), np.array([0, 1, 1, 0])


def test_the_plateau_of_xor_is_seen_while_it_happens():
    model, x, t = xor()
    (message,) = told(lambda: fit(model, x, t, 600, lr=0.01, watch=50))
    assert message.startswith("Trainer: a plateau at step ")
    assert "outputs sit at 0.50, 0.50 and differ by 0.00" in message
    assert "gradients are small (at most 0.00" in message
    assert "hidden units hardly differ: Sigmoid1 (0.0" in message


def test_a_start_from_small_weights_is_no_plateau():
    data = nn.digits(rng=rng())
    model = nn.Sequential(
        nn.Affine(64, 20, rng=rng(), std=0.01),
        nn.ReLU(),
        nn.Affine(20, 10, rng=rng(), std=0.01),
    )
    trainer = nn.Trainer(
        model, nn.SoftmaxWithLoss(), nn.SGD(model.parameters(), 0.5), watch=1
    )
    messages = told(
        lambda: trainer.fit(data.train, epochs=20, rng=rng(), progress=False)
    )
    assert messages == []


def test_outputs_are_looked_at_as_probabilities_where_they_are():
    x, t = rng().normal(size=(6, 2)), np.ones((6, 1))
    for loss in (nn.SigmoidWithLoss(), nn.MeanSquaredError()):
        model = nn.Affine(2, 1, rng=rng(), dtype=float)
        outputs = model(x)
        shown = tg.sigmoid(outputs) if isinstance(loss, nn.SigmoidWithLoss) else outputs
        history = fit(model, x, t, 1, loss=loss)
        assert history.watch["output_spread"] == pytest.approx([shown.data.std()])
