"""SoftmaxWithLoss: its value, its gradient, and every target that it refuses."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import nn
import tinygrad_jp as tg
from tinygrad_jp.testing import gradcheck

loss_of = nn.SoftmaxWithLoss()


@st.composite
def batches(draw, largest=50):
    """Scores, (batch, classes), with a label for each row."""
    batch, classes = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    numbers = st.floats(-largest, largest, width=32)
    scores = draw(hnp.arrays(np.float64, (batch, classes), elements=numbers))
    labels = draw(hnp.arrays(np.int64, batch, elements=st.integers(0, classes - 1)))
    return scores, labels


@st.composite
def soft_batches(draw):
    """Scores with a row of probabilities for each."""
    scores, _ = draw(batches())
    weights = draw(
        hnp.arrays(np.float64, scores.shape, elements=st.floats(1 / 64, 1, width=32))
    )
    return scores, weights / weights.sum(axis=1, keepdims=True)


def cross_entropy(scores, t):
    """The definition, number by number."""
    losses = []
    for row, probabilities in zip(scores.tolist(), t.tolist()):
        top = max(row)
        log_sum = top + math.log(math.fsum(math.exp(s - top) for s in row))
        losses.append(math.fsum(p * (log_sum - s) for s, p in zip(row, probabilities)))
    return math.fsum(losses) / len(losses)


# --- value -----------------------------------------------------------------------


@given(batch=batches())
def test_labels_and_one_hot_rows_mean_the_same(batch):
    scores, labels = batch
    one_hot = nn.one_hot(labels, scores.shape[1], dtype=np.float64)
    expected = cross_entropy(scores, one_hot)
    for t in (labels, labels.tolist(), labels.astype(np.uint8), tg.Tensor(labels)):
        value = loss_of(scores, t).item()
        assert math.isclose(value, expected, rel_tol=1e-12, abs_tol=1e-12)
    for t in (one_hot, one_hot.astype(int), one_hot > 0, tg.Tensor(one_hot)):
        value = loss_of(scores, t).item()
        assert math.isclose(value, expected, rel_tol=1e-12, abs_tol=1e-12)


@given(batch=soft_batches())
def test_rows_of_probabilities_are_weighed(batch):
    scores, t = batch
    expected = cross_entropy(scores, t)
    assert math.isclose(loss_of(scores, t).item(), expected, rel_tol=1e-11)


@given(first=batches(), seed=st.integers(0, 2**32 - 1))
def test_the_loss_of_two_batches_is_the_mean_of_theirs(first, seed):
    scores, labels = first
    rng = np.random.default_rng(seed)
    others = rng.standard_normal((3, scores.shape[1]))
    other_labels = rng.integers(scores.shape[1], size=3)
    whole = loss_of(np.vstack([scores, others]), np.append(labels, other_labels)).item()
    parts = len(labels) * loss_of(scores, labels).item()
    parts += 3 * loss_of(others, other_labels).item()
    assert math.isclose(whole, parts / (len(labels) + 3), rel_tol=1e-12, abs_tol=1e-12)


def test_large_scores_do_not_overflow():
    scores = tg.Tensor([[1e4, -1e4], [-1e4, 1e4]], dtype=np.float32, requires_grad=True)
    loss = loss_of(scores, [0, 0])
    assert loss.item() == 1e4
    loss.backward()
    assert np.isfinite(scores.grad.data).all()


# --- gradient --------------------------------------------------------------------


# Where a row is all but certain, its gradient y - t is a difference of nearly equal
# numbers, rounded by more than the slopes are measured to. There the formula below
# is the test.
@given(batch=batches(largest=3))
def test_gradient_with_labels(batch):
    scores, labels = batch
    gradcheck(loss_of, scores, labels)


@given(batch=soft_batches())
def test_gradient_with_probabilities(batch):
    scores, t = batch
    gradcheck(lambda scores: loss_of(scores, t), scores)


@given(seed=st.integers(0, 2**32 - 1))
def test_second_derivatives(seed):
    rng = np.random.default_rng(seed)
    scores, labels = rng.standard_normal((3, 4)), rng.integers(4, size=3)
    gradcheck(loss_of, scores, labels, order=2)
    rows = nn.one_hot(labels, 4, dtype=np.float64)
    gradcheck(lambda scores: loss_of(scores, rows), scores, order=2)


@given(batch=batches())
def test_gradient_is_what_the_book_derives(batch):
    scores, labels = batch
    one_hot = nn.one_hot(labels, scores.shape[1])
    for t in (labels, one_hot):
        x = tg.Tensor(scores, requires_grad=True)
        loss_of(x, t).backward()
        expected = (tg.softmax(scores).data - one_hot) / len(labels)
        np.testing.assert_allclose(x.grad.data, expected, rtol=1e-9, atol=1e-12)


def test_gradient_flows_into_probabilities_that_are_learned():
    t = tg.Tensor([[0.25, 0.75]], dtype=np.float64, requires_grad=True)
    scores = tg.Tensor([[1.0, 2.0]], dtype=np.float32, requires_grad=True)
    loss_of(scores, t).backward()
    np.testing.assert_allclose(t.grad.data, -tg.log_softmax(scores).data, rtol=1e-6)
    assert t.grad.dtype == np.float64


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("t", [[0, 1], np.eye(2), np.eye(2, dtype=np.float32)])
def test_dtype_is_that_of_the_scores(dtype, t):
    scores = tg.Tensor([[1.0, 2.0], [0.5, 0.0]], dtype=dtype, requires_grad=True)
    loss = loss_of(scores, t)
    loss.backward()
    assert (loss.dtype, scores.grad.dtype) == (dtype, dtype)


def test_what_was_handed_in_is_unchanged():
    t = np.eye(2)
    scores = np.ones((2, 2))
    tensor = tg.Tensor(t)
    loss_of(scores, t)
    loss_of(scores, tensor)
    np.testing.assert_array_equal(t, np.eye(2))
    assert tensor.name is None
    assert t.flags.writeable


# --- what it refuses -------------------------------------------------------------

SCORES = np.zeros((4, 3))
EYE = np.eye(3)[[0, 1, 2, 0]]


def changed(row, values):
    rows = EYE.copy()
    rows[row] = values
    return rows


REFUSED = {
    "fewer labels": ([0, 1, 2], tg.ShapeError, "(4,) or (4, 3) for scores of (4, 3), "),
    "a wider one-hot": (np.eye(4), tg.ShapeError, "for scores of (4, 3), got (4, 4)"),
    "one label": (1, tg.ShapeError, "for scores of (4, 3), got ()"),
    "a column": ([[0]] * 4, tg.ShapeError, "got (4, 1); use t.reshape(-1)"),
    "a label too high": (
        [0, 1, 3, 7],
        ValueError,
        "0 to 2 for 3 classes, got 3 in row 2",
    ),
    "a label too low": (
        [0, -1, 1, 5],
        ValueError,
        "0 to 2 for 3 classes, got -1 in row 1",
    ),
    "unsigned": (np.array([0, 255, 1, 1], np.uint8), ValueError, "got 255 in row 1"),
    "floats": ([0.0, 1.0, 2.0, 0.0], TypeError, "labels must be integers, got float64"),
    "booleans": ([True] * 4, TypeError, "labels must be integers, got bool"),
    "words": (["a"] * 4, TypeError, "needs real numbers"),
    "ragged": ([[1], [1, 2]], TypeError, "needs an array of numbers"),
    "a negative row": (
        changed(2, [1.5, -0.5, 0]),
        ValueError,
        "each row of t must hold numbers from 0 to 1, got -0.5 in row 2",
    ),
    "nan": (changed(3, [np.nan, 1, 0]), ValueError, "got nan in row 3"),
    "an empty row": (
        changed(1, [0, 0, 0]),
        ValueError,
        "must sum to 1, got 0 in row 1",
    ),
    "a double row": (
        changed(2, [1, 1, 0]),
        ValueError,
        "must sum to 1, got 2 in row 2",
    ),
    "scores": (SCORES + 0.4, ValueError, "must sum to 1, got 1.2 in row 0"),
    "infinite": (
        changed(0, [np.inf, 0, 0]),
        ValueError,
        "must sum to 1, got inf in row 0",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("as_tensor", [False, True])
def test_a_target_that_does_not_fit_is_refused_with_the_numbers(kind, as_tensor):
    t, error, message = REFUSED[kind]
    if as_tensor and error is not TypeError:
        t = tg.Tensor(t)
    with pytest.raises(error, match=re.escape(message)):
        loss_of(SCORES, t)


@pytest.mark.parametrize(
    ("shape", "t", "message"),
    [
        ((3,), [0, 1, 2], "(batch, classes), got (3,); use scores.reshape(1, -1)"),
        ((2, 3, 4), [0, 1], "(batch, classes), got (2, 3, 4)"),
        ((0, 3), [], "(batch, classes), got (0, 3)"),
        ((3, 0), [0, 0, 0], "(batch, classes), got (3, 0)"),
    ],
)
def test_scores_of_another_shape_are_refused(shape, t, message):
    with pytest.raises(tg.ShapeError, match=re.escape(message)):
        loss_of(np.zeros(shape), np.array(t, np.int64))


@given(
    labels=hnp.arrays(np.int64, 4, elements=st.integers(-3, 6)),
)
def test_the_first_label_that_is_no_class_is_named(labels):
    bad = [i for i, label in enumerate(labels) if not 0 <= label < 3]
    if not bad:
        assert np.isfinite(loss_of(SCORES, labels).item())
        return
    message = f"got {labels[bad[0]]} in row {bad[0]}$"
    with pytest.raises(ValueError, match=message):
        loss_of(SCORES, labels)


def test_rounded_probabilities_are_taken():
    rows = np.full((4, 3), 1 / 3, np.float16)
    assert math.isclose(loss_of(SCORES, rows).item(), math.log(3), rel_tol=1e-3)
