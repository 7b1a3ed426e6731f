"""Whole matrices of derivatives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.testing import numerical_gradient
from tinygrad_jp.transform import jacobian as page


def numbered(function, x):
    """The Jacobian by the book's differences, a row for each result."""
    count = function(Tensor(x)).size
    rows = [
        numerical_gradient(lambda x, i=i: function(Tensor(x)).data.ravel()[i], x)
        for i in range(count)
    ]
    return np.array(rows).reshape(function(Tensor(x)).shape + x.shape)


@pytest.mark.parametrize("wide", [False, True], ids=["by rows", "by columns"])
def test_it_is_what_differences_say(wide, monkeypatch):
    used = []
    for name in ("_by_rows", "_by_columns"):
        true = getattr(page, name)
        monkeypatch.setattr(
            page,
            name,
            lambda call, true=true, name=name: used.append(name) or true(call),
        )
    W = np.random.default_rng(0).normal(size=(2, 7) if wide else (7, 2))

    def function(x):
        return tg.tanh(x @ W) * x.sum()

    x = np.random.default_rng(1).normal(size=(1, W.shape[0]))
    found = tg.jacobian(function)(x)
    assert found.shape == (1, W.shape[1], 1, W.shape[0])
    np.testing.assert_allclose(found, numbered(function, x), rtol=1e-6, atol=1e-8)
    assert used == ["_by_columns" if wide else "_by_rows"]


@given(
    rows=st.integers(0, 4),
    columns=st.integers(0, 4),
    order=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
@settings(max_examples=30)
def test_jacobians_of_jacobians(rows, columns, order, seed):
    # Each result is a power of a linear form: derivatives of every order are known.
    rng = np.random.default_rng(seed)
    W, x = rng.normal(size=(rows, columns)), rng.normal(size=columns)

    def function(x):
        form = tg.matmul(Tensor(W), x) if columns else x.sum() * np.ones(rows)
        return form * form * form

    expected = (W @ x) ** (3 - order) * [3, 6, 6][order - 1]
    for _ in range(order):
        expected = expected[..., None] * W.reshape(
            rows, *[1] * (expected.ndim - 1), columns
        )
        function = tg.jacobian(function)
    found = function(x)
    assert found.shape == (rows, *[columns] * order)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("count", [1, 4])
def test_a_hessian_is_symmetric_and_what_differences_of_gradients_say(count):
    rng = np.random.default_rng(count)
    A = rng.normal(size=(count, count))

    def function(x):
        return (tg.tanh(A @ x) * x).sum() + tg.exp(x[0] * x[-1])

    x = rng.normal(size=count)
    found = tg.hessian(function)(x)
    np.testing.assert_allclose(found, found.data.T, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        found, numbered(tg.grad(function), x), rtol=1e-6, atol=1e-7
    )


def test_a_hessian_of_many_results_has_a_matrix_for_each():
    found = tg.hessian(lambda x: x * x)(np.array([1.0, 2.0]))
    expected = np.zeros((2, 2, 2))
    expected[[0, 1], [0, 1], [0, 1]] = 2
    np.testing.assert_array_equal(found, expected)


def test_keywords_are_passed_on():
    found = tg.jacobian(lambda x, *, power: x**power)(3.0, power=2)
    assert found.item() == 6.0
    assert tg.hessian(lambda x, *, power: x**power)(3.0, power=2).item() == 2.0


def test_a_jacobian_of_mixed_dtypes_has_the_argument_s_by_rows_and_by_columns():
    def widened(x):
        return tg.astype(x, dtype=np.float64) @ np.ones((2, 3))

    def narrowed(x):
        return tg.astype(x, dtype=np.float32)[:1]

    assert tg.jacobian(widened)(np.ones(2, np.float32)).dtype == np.float32
    assert tg.jacobian(narrowed)(np.ones(2)).dtype == np.float64


def test_a_jacobian_can_be_trained_through():
    w = Tensor([1.0, 2.0], requires_grad=True)
    for shape in ((1,), (3,)):  # by rows, by columns
        w.grad = None
        ones = np.ones(shape)
        found = tg.jacobian(lambda x, ones=ones: (w * w * x).sum() * ones)(np.ones(2))
        (found * found).sum().backward()
        np.testing.assert_allclose(w.grad, 4 * w.data**3 * ones.size)
