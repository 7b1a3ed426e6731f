"""NumPy's own functions and operators on Tensors record, or refuse by name."""

import numpy as np
import pytest

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.numpy_protocol import UFUNCS

A = np.array([[0.5, 1.5, 2.0], [3.0, 0.25, 1.0]])
B = np.array([[2.0, 0.5, 1.0]])

RECORDED = [
    lambda x: np.add(x, B),
    lambda x: np.subtract(B, x),
    lambda x: np.multiply(x, x),
    lambda x: np.divide(B, x),
    lambda x: np.negative(x),
    lambda x: np.power(x, 1.5),
    lambda x: np.power(2.0, x),
    lambda x: np.exp(x),
    lambda x: np.log(x),
    lambda x: np.sqrt(x),
    lambda x: np.tanh(x),
    lambda x: np.abs(x),
    lambda x: np.maximum(x, B),
    lambda x: np.minimum(1.1, x),
    lambda x: np.matmul(x, A.T),
    lambda x: np.where(A > 1.0, x, B),
    lambda x: np.where(x > 1.0, x, 0.0),
    lambda x: np.sum(x),
    lambda x: np.sum(x, 1),
    lambda x: np.sum(x, axis=(0, -1), keepdims=True),
    lambda x: np.max(x, axis=1, keepdims=True),
    lambda x: np.amin(x, 0),
    lambda x: np.mean(x, axis=-1),
    lambda x: np.add.reduce(x),
    lambda x: np.maximum.reduce(x, axis=1),
    lambda x: np.dot(x, A.T),
    lambda x: np.dot(A.T, x),
    lambda x: np.dot(x, 3.0),
    lambda x: np.dot(x, np.arange(24.0).reshape(2, 3, 4)),
    lambda x: np.reshape(x, (3, 2)),
    lambda x: np.reshape(x, -1),
    lambda x: np.transpose(x),
    lambda x: np.transpose(x, (1, 0)),
    lambda x: np.swapaxes(x, 0, -1),
    lambda x: np.expand_dims(x, 1),
    lambda x: np.squeeze(np.expand_dims(x, 0)),
    lambda x: np.broadcast_to(x, (4, 2, 3)),
    lambda x: np.concatenate([x, B]),
    lambda x: np.concatenate((A, x), axis=1),
    lambda x: A + x,
    lambda x: A - x,
    lambda x: A * x,
    lambda x: A / x,
    lambda x: A**x,
    lambda x: A.T @ x,
    lambda x: np.float64(2.0) * x,
    lambda x: np.float32(2.0) - x,
    lambda x: 2.0**x,
    lambda x: x.dot(A.T),
    lambda x: x**2 + x**3 + x**-1 + x**0.5,
]
if hasattr(np, "matrix_transpose"):
    RECORDED.append(lambda x: np.matrix_transpose(x))


@pytest.mark.parametrize("call", RECORDED)
def test_numpys_functions_record_and_agree_with_numpy(call):
    x = Tensor(A, requires_grad=True)
    y = call(x)
    assert isinstance(y, Tensor)
    assert y.requires_grad
    np.testing.assert_allclose(y.data, call(A), rtol=1e-14)
    assert y.shape == np.shape(call(A))


def test_every_ufunc_of_the_table_is_called_above_or_has_no_gradient():
    constant = {"equal", "not_equal", "less", "less_equal", "greater", "sign"}
    constant |= {"greater_equal", "bitwise_and", "bitwise_or", "invert"}
    x = Tensor(A, requires_grad=True)
    for ufunc in UFUNCS:
        if ufunc.__name__ in constant:
            operand = x > 1.0 if ufunc.__name__[:3] in ("bit", "inv") else x
            y = ufunc(*[operand] * ufunc.nin)
            assert isinstance(y, Tensor)
            assert not y.requires_grad
            np.testing.assert_array_equal(y, ufunc(*[operand.data] * ufunc.nin))


def test_queries_answer_as_numpy_does():
    x = Tensor(A)
    assert np.shape(x) == A.shape
    assert np.ndim(x) == 2
    assert np.size(x) == 6
    assert np.argmax(x, axis=1).tolist() == [2, 0]
    assert np.any(x > 2.5).item() is True
    assert np.all(x > 2.5).item() is False


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: np.cumsum(x), r"np\.cumsum: not an op of tinygrad_jp"),
        (lambda x: np.fmax(x, x), r"np\.fmax.*np\.max"),
        (lambda x: np.arctan2(x, x), r"np\.arctan2: not an op"),
        (lambda x: np.add.accumulate(x), r"np\.add\.accumulate"),
        (lambda x: np.multiply.reduce(x), r"np\.multiply\.reduce"),
        (lambda x: np.exp(x, out=np.empty(A.shape)), "out= is not possible"),
        (lambda x: np.add(A, x, out=np.empty(A.shape)), "out= is not possible"),
        (lambda x: np.sum(x, dtype=np.float32), "dtype= is not possible"),
        (lambda x: np.sum(x, where=A > 1), "where= is not possible"),
        (lambda x: np.linalg.svd(x), r"np\.svd: not an op"),
    ],
)
def test_what_is_not_recorded_is_refused_by_name(call, words):
    with pytest.raises(TypeError, match=words):
        call(Tensor(A, requires_grad=True))


def test_an_array_is_not_written_to_through_an_operator():
    a = A.copy()
    with pytest.raises(TypeError, match="out= is not possible"):
        a += Tensor(A)
    np.testing.assert_array_equal(a, A)


def test_a_readers_own_softmax_runs_as_it_stands():
    def softmax(x):
        shifted = x - np.max(x, axis=1, keepdims=True)
        e = np.exp(shifted)
        return e / np.sum(e, axis=1, keepdims=True)

    x = Tensor(A, requires_grad=True)
    y = softmax(x)
    np.testing.assert_allclose(y.data, softmax(A))
    np.testing.assert_allclose(y.data, tg.softmax(x).data)
    (y * B).sum().backward()
    s = softmax(A)
    expected = s * (B - (s * B).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(x.grad.data, expected, atol=1e-15)


def test_conversion_copies_only_where_it_must():
    x = Tensor(A)
    assert np.shares_memory(np.asarray(x), x._data)
    assert not np.shares_memory(np.array(x), x._data)
    assert np.asarray(x, dtype=np.float32).dtype == np.float32
    assert np.array(x).flags.writeable
