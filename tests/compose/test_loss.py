"""Cross entropy: of classes and of probabilities, over any axis, for any logits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hst

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.testing import gradcheck
from tinygrad_jp.testing import strategies as st

FLOATS = [np.float16, np.float32, np.float64]
SOME = settings(max_examples=40)


@hst.composite
def scores_and_labels(draw):
    """Logits of any rank, the axis of their classes, and a label for each row."""
    x = draw(st.arrays(shape=st.shapes(min_dims=1, max_side=4)))
    axis = draw(hst.integers(-x.ndim, x.ndim - 1))
    rows = np.delete(x.shape, axis)
    rng = np.random.default_rng(draw(hst.integers(0, 1000)))
    return x, rng.integers(0, x.shape[axis], rows), axis


def by_hand(x, labels, axis):
    p = np.exp(x) / np.exp(x).sum(axis, keepdims=True)
    labels = np.expand_dims(labels, axis)
    return -np.log(np.take_along_axis(p, labels, axis)).squeeze(axis)


@given(case=scores_and_labels())
@SOME
def test_it_is_minus_the_log_of_the_right_class(case):
    x, labels, axis = case
    losses = by_hand(x, labels, axis)
    none = tg.cross_entropy(x, labels, axis=axis, reduction="none")
    np.testing.assert_allclose(none.data, losses, rtol=1e-10, atol=1e-12)
    total = tg.cross_entropy(x, Tensor(labels), axis=axis, reduction="sum").item()
    assert total == pytest.approx(losses.sum(), rel=1e-10, abs=1e-12)
    mean = tg.cross_entropy(x, labels.tolist(), axis=axis).item()
    assert mean == pytest.approx(losses.mean(), rel=1e-10, abs=1e-12)


@given(case=scores_and_labels())
@SOME
def test_one_hot_rows_say_the_same_as_labels(case):
    x, labels, axis = case
    hot = np.moveaxis(np.eye(x.shape[axis])[labels], -1, axis)
    of_rows = tg.cross_entropy(x, hot, axis=axis, reduction="none")
    of_labels = tg.cross_entropy(x, labels, axis=axis, reduction="none")
    np.testing.assert_allclose(of_rows.data, of_labels.data, rtol=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@given(case=scores_and_labels(), data=hst.data())
@SOME
def test_it_has_its_gradients(reduction, case, data):
    x, labels, axis = case
    given = {"axis": axis, "reduction": reduction}
    gradcheck(lambda x: tg.cross_entropy(x, labels, **given), x, order=2)
    soft = data.draw(st.arrays(shape=x.shape))
    gradcheck(lambda x, p: tg.cross_entropy(x, p, **given), x, soft, order=2)


def test_the_gradient_is_that_of_the_book():
    x = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 5.0]])
    labels = np.array([2, 0])
    slope = tg.grad(lambda x: tg.cross_entropy(x, labels))(x)
    expected = (tg.softmax(x).data - np.eye(3)[labels]) / 2
    np.testing.assert_allclose(slope.data, expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("soft", [False, True])
def test_it_is_stable_and_keeps_its_dtype(dtype, soft):
    rows = [[1e4, -1e4], [-1e4, 1e4], [1e4, 1e4], [-1e4, -1e4]]
    x = Tensor(rows, dtype=dtype, requires_grad=True)
    labels = np.eye(2)[[0, 0, 0, 1]] if soft else [0, 0, 0, 1]
    losses = tg.cross_entropy(x, labels, reduction="none")
    assert losses.dtype == dtype
    ln2 = math.log(2.0)
    np.testing.assert_allclose(losses.data, [0.0, 2e4, ln2, ln2], rtol=1e-3)
    losses.sum().backward()
    assert x.grad.dtype == dtype
    expected = [[0, 0], [-1, 1], [-0.5, 0.5], [0.5, -0.5]]
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-3)


def test_a_class_that_cannot_be_counts_nothing():
    x = Tensor([[0.0, -np.inf, 0.0]], requires_grad=True)
    loss = tg.cross_entropy(x, [[0.5, 0.0, 0.5]])
    loss.backward()
    assert loss.item() == pytest.approx(math.log(2.0))
    np.testing.assert_allclose(x.grad.data, [[0, 0, 0]], atol=1e-15)
    assert tg.cross_entropy(x, [1]).item() == math.inf


def test_what_does_not_belong_together_is_refused_with_the_numbers():
    x = np.zeros((2, 3))
    for labels, error, words in [
        ([0, 3], ValueError, r"0 to 2 for 3 classes, got 3 at \(1,\) \(1 of 2"),
        ([-1, 7], ValueError, r"0 to 2 for 3 classes, got -1 at \(0,\) \(2 of 2"),
        ([0, 1, 2], tg.ShapeError, r"must have shape \(2,\), got \(3,\)$"),
        (x.astype(int), tg.ShapeError, r"for one-hot rows use labels\.astype"),
        (x[:1], tg.ShapeError, r"logits' shape \(2, 3\), got \(1, 3\)"),
        ([True, False], TypeError, "must be integers, or probabilities.*got bool"),
    ]:
        with pytest.raises(error, match=f"cross_entropy: .*{words}"):
            tg.cross_entropy(x, labels)
    with pytest.raises(ValueError, match=r"reduction must be .* got 'max'"):
        tg.cross_entropy(x, [0, 1], reduction="max")
    with pytest.raises(tg.ShapeError, match="cross_entropy: axis 2 is out of range"):
        tg.cross_entropy(x, [0, 1], axis=2)


def test_single_rows_and_no_rows():
    assert tg.cross_entropy([0.0, 0.0], 1).item() == pytest.approx(math.log(2.0))
    none = np.zeros(0, int)
    assert tg.cross_entropy(np.zeros((0, 3)), none, reduction="sum").item() == 0.0
    assert math.isnan(tg.cross_entropy(np.zeros((0, 3)), none).item())
