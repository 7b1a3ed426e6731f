"""MeanSquaredError, L1, Huber, SigmoidWithLoss: values, gradients, refusals."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import nn
import tinygrad_jp as tg
from tinygrad_jp.testing import gradcheck

SHAPES = hnp.array_shapes(max_dims=3, max_side=4)
SEED = st.integers(0, 999)


def huber(delta):
    def each(y, t):
        d = abs(y - t)
        return 0.5 * d * d if d <= delta else delta * (d - 0.5 * delta)

    return each


def binary(y, t):
    # log(sigmoid(y)) for either sign, without a log of 0.
    yes, no = (-math.log1p(math.exp(-abs(s))) + min(s, 0) for s in (y, -y))
    return -(t * yes + (1 - t) * no)


LOSSES = {
    "MeanSquaredError": (nn.MeanSquaredError, (), lambda y, t: (y - t) ** 2),
    "L1": (nn.L1, (), lambda y, t: abs(y - t)),
    "Huber": (nn.Huber, (), huber(1.0)),
    "Huber(0.25)": (nn.Huber, (0.25,), huber(0.25)),
    "SigmoidWithLoss": (nn.SigmoidWithLoss, (), binary),
}
EACH = pytest.mark.parametrize("name", LOSSES)


def batch(name, shape, seed, scale=2.0):
    rng = np.random.default_rng(seed)
    y = scale * rng.normal(size=shape)
    if name == "SigmoidWithLoss":
        return y, rng.uniform(0.1, 0.9, shape)
    return y, scale * rng.normal(size=shape)


@EACH
@given(shape=SHAPES, seed=SEED, scale=st.sampled_from([0.1, 2.0, 50.0]))
@settings(max_examples=50)
def test_mean_and_sum_of_what_each_number_loses(name, shape, seed, scale):
    kind, arguments, formula = LOSSES[name]
    y, t = batch(name, shape, seed, scale)
    losses = [formula(a, b) for a, b in zip(y.ravel().tolist(), t.ravel().tolist())]
    total = math.fsum(losses)
    mean = kind(*arguments)(y, t).item()
    assert math.isclose(mean, total / y.size, rel_tol=1e-9)
    summed = kind(*arguments, reduction="sum")(y, t).item()
    assert math.isclose(summed, total, rel_tol=1e-9)


@EACH
@given(shape=SHAPES, seed=SEED)
@settings(max_examples=10)
def test_gradient(name, shape, seed):
    kind, arguments, _ = LOSSES[name]
    y, t = batch(name, shape, seed)
    gradcheck(lambda y: kind(*arguments)(y, t), y)
    gradcheck(lambda y: kind(*arguments)(y, t), y, order=2)


def test_gradient_at_kinks():
    y = np.array([1.0, 2.0, -3.0, 0.5])
    t = np.array([1.0, 1.0, -2.0, 1.5])  # 0 and both ends of a Huber line
    for kind in (nn.L1, nn.Huber, nn.MeanSquaredError):
        gradcheck(kind(), y, t)
    x = tg.Tensor(y, requires_grad=True)
    nn.L1(reduction="sum")(x, t).backward()
    assert x.grad.tolist() == [0, 1, -1, -1]
    x.grad = None
    nn.Huber(reduction="sum")(x, t).backward()
    assert x.grad.tolist() == [0, 1, -1, -1]


def test_the_book_has_half_the_sum():
    y = np.array([0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0])
    t = np.eye(10)[2]
    loss = 0.5 * nn.MeanSquaredError(reduction="sum")(y, t)
    assert math.isclose(loss.item(), 0.0975)
    x = tg.Tensor(y, requires_grad=True)
    (0.5 * nn.MeanSquaredError(reduction="sum")(x, t)).backward()
    np.testing.assert_allclose(x.grad.data, y - t)


def test_large_scores_of_a_sigmoid_do_not_overflow():
    scores = tg.Tensor([1e4, -1e4, 1e4, -1e4], dtype=np.float32, requires_grad=True)
    loss = nn.SigmoidWithLoss(reduction="sum")(scores, [1, 0, 0, 1])
    assert loss.item() == 2e4
    loss.backward()
    assert scores.grad.tolist() == [0, 0, 1, -1]


def test_small_losses_of_a_sigmoid_keep_their_digits():
    for score, t in ((30.0, 1), (-30.0, 0)):
        loss = nn.SigmoidWithLoss()([score], [t]).item()
        assert math.isclose(loss, math.exp(-30), rel_tol=1e-9)


@EACH
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_that_of_the_results(name, dtype):
    kind, arguments, _ = LOSSES[name]
    for t in (np.ones((2, 3)), np.ones((2, 3), int), np.ones((2, 3), bool)):
        y = tg.Tensor(np.ones((2, 3)), dtype=dtype, requires_grad=True)
        loss = kind(*arguments)(y, t)
        loss.backward()
        assert (loss.dtype, loss.shape, y.grad.dtype) == (dtype, (), dtype)


@EACH
def test_lists_integers_and_scalars_are_taken(name):
    kind, arguments, formula = LOSSES[name]
    loss = kind(*arguments)
    expected = (formula(1, 0) + formula(3, 1)) / 2
    for y, t in (
        ([1, 3], [0, 1]),
        (np.array([1, 3]), [False, True]),
        ([[1.0, 3.0]], np.array([[0, 1]], np.uint8)),
    ):
        assert math.isclose(loss(y, t).item(), expected, rel_tol=1e-12)
    assert math.isclose(loss(1.0, 0.0).item(), formula(1, 0), rel_tol=1e-12)


@EACH
def test_targets_may_be_learned(name):
    kind, arguments, _ = LOSSES[name]
    y, t = (tg.Tensor(a, requires_grad=True) for a in batch(name, (2, 3), 0))
    gradcheck(kind(*arguments), y, t)
    single = tg.Tensor(t.data, dtype=np.float32, requires_grad=True)
    kind(*arguments)(y, single).backward()
    assert single.grad.dtype == np.float32


@EACH
@pytest.mark.parametrize(
    ("y", "t", "repair"),
    [
        ((4, 1), (4,), "; use t.reshape(4, 1)"),
        ((4,), (4, 1), "; use t.reshape(4)"),
        ((4, 3), (4,), ""),
        ((4, 3), (1, 3), ""),
        ((4, 3), (), ""),
        ((2, 3), (3, 2), "; use t.reshape(2, 3)"),
        ((), (1,), ""),
    ],
)
def test_shapes_that_would_broadcast_are_refused(name, y, t, repair):
    kind, arguments, _ = LOSSES[name]
    who = kind.__name__
    text = f"{who}: t must have the shape of y, {y}, got {t}{repair}"
    y, t = np.ones(y), np.ones(t)
    with pytest.raises(tg.ShapeError, match=f"^{re.escape(text)}$"):
        kind(*arguments)(y, t)
    if repair:
        kind(*arguments)(y, eval(repair.removeprefix("; use "), {"t": t}))


@EACH
def test_nothing_has_no_mean(name):
    kind, arguments, _ = LOSSES[name]
    with pytest.raises(tg.ShapeError, match=r"y must not be empty, got shape \(0, 3\)"):
        kind(*arguments)(np.ones((0, 3)), np.ones((0, 3)))


@pytest.mark.parametrize(
    ("t", "words"),
    [
        ([0, 2], "got 2 at (1,)"),
        ([-0.5, 1], "got -0.5 at (0,)"),
        ([0, np.nan], "got nan at (1,)"),
        ([np.inf, 0], "got inf at (0,)"),
    ],
)
def test_targets_of_a_sigmoid_are_from_0_to_1(t, words):
    text = f"SigmoidWithLoss: t must hold numbers from 0 to 1, {words}"
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        nn.SigmoidWithLoss()([0.0, 0.0], t)
    with pytest.raises(ValueError, match=r"from 0 to 1, got 2$"):
        nn.SigmoidWithLoss()(0.0, 2)


@EACH
def test_hyper_parameters_are_checked(name):
    kind, arguments, _ = LOSSES[name]
    words = f'{kind.__name__}: reduction must be "mean" or "sum", got \'none\''
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        kind(*arguments, reduction="none")
    with pytest.raises(ValueError, match="delta must be finite and above 0"):
        nn.Huber(0)


def test_what_repr_shows_of_losses():
    assert repr(nn.L1()) == "L1()"
    assert repr(nn.MeanSquaredError(reduction="sum")) == (
        'MeanSquaredError(reduction="sum")'
    )
    assert repr(nn.Huber(0.5, reduction="sum")) == 'Huber(0.5, reduction="sum")'
