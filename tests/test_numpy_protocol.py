"""NumPy's own functions and operators on Tensors record, or refuse by name."""

import numpy as np
import pytest

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.numpy_protocol import array_function, array_ufunc
from tinygrad_jp.numpy_tables import FUNCTIONS, MAKES, REDUCTIONS, UFUNCS

NUMPY_2 = np.lib.NumpyVersion(np.__version__) >= "2.0.0"

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
    lambda x: np.amin(x, 0) + np.min(x, axis=0),
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
QUERIES = [
    np.shape,
    np.ndim,
    np.size,
    lambda x: np.result_type(x, np.float32),
    lambda x: np.empty_like(x, dtype=np.float32).dtype,
    lambda x: np.can_cast(x.dtype, np.float32) or np.can_cast(x, np.float64),
    lambda x: bool(np.allclose(x, x + 1e-12)),
]

RECORDED += [
    # elementwise
    lambda x: np.arccos(x / 4) + np.arcsin(x / 4) + np.arctan(x) + np.arctan2(x, B),
    lambda x: np.arccosh(x + 1) + np.arcsinh(x) + np.arctanh(x / 4),
    lambda x: np.sin(x) + np.cos(x) + np.tan(x / 4) + np.sinh(x) + np.cosh(x),
    lambda x: np.exp2(x) + np.expm1(x) + np.log1p(x) + np.log2(x) + np.log10(x),
    lambda x: np.logaddexp(x, B) + np.hypot(x, B) + np.fabs(x) + np.positive(x),
    lambda x: np.square(x) + np.reciprocal(x) + np.remainder(x, 0.7) + x % 0.7,
    lambda x: np.floor(x) + np.ceil(x) + np.trunc(x) + np.rint(x) + np.sign(x),
    lambda x: np.floor_divide(x, 0.7) + x // 0.7 + np.fix(x) + 5.5 // x + 5.5 % x,
    lambda x: np.round(x, 1) + np.around(x) + np.nan_to_num(x),
    lambda x: np.clip(x, 0.5, 2.0) + np.clip(x, a_min=None, a_max=1.0),
    # reductions
    lambda x: np.prod(x, axis=0) + np.var(x, axis=0) + np.std(x, axis=0, ddof=1),
    lambda x: np.multiply.reduce(x) + np.logaddexp.reduce(x) + np.minimum.reduce(x),
    lambda x: np.cumsum(x) + np.cumprod(x),
    lambda x: np.cumsum(x, axis=1) + np.cumprod(x, axis=-1),
    lambda x: np.linalg.norm(x) + np.linalg.norm(x, axis=0)[0] + np.amax(x),
    # linear algebra
    lambda x: np.einsum("ij,kj->ik", x, A) + np.inner(x, A) + np.tensordot(x, A.T, 1),
    lambda x: np.outer(x, B) + np.kron(np.ravel(x), np.ravel(B)).reshape(6, 3),
    lambda x: np.vdot(x, A) + np.trace(x) + np.diagonal(x)[1] + np.diag(x)[0],
    lambda x: np.tril(x) + np.triu(x, 1) + np.cross(x, B),
    lambda x: np.linalg.inv(x[:, :2]) + np.linalg.matrix_power(x[:, :2], 2),
    lambda x: np.linalg.solve(x[:, :2], A) * np.linalg.det(x[:, 1:]),
    lambda x: np.linalg.slogdet(x[:, :2])[1] + np.linalg.cholesky(x @ np.transpose(x)),
    # shape
    lambda x: np.atleast_1d(x) + np.atleast_2d(x) + np.broadcast_arrays(x, B)[0],
    lambda x: np.stack([x, A]) + np.tile(x, (2, 1, 1)) + np.repeat(x[None], 2, axis=0),
    lambda x: np.flip(x, 1) + np.roll(x, 1, axis=0) + np.moveaxis(x, 0, 1).T,
    lambda x: np.diff(x) + np.split(x, [2], axis=1)[0] + np.pad(x, 1)[1:-1, 1:3],
    lambda x: np.meshgrid(x[0], x[1])[1] + x[0],
    # indexing
    lambda x: np.sort(x, axis=0) + np.take(x, [1, 0], axis=0),
    lambda x: np.take_along_axis(x, np.array([[0], [2]]), axis=1),
    # windows
    lambda x: np.convolve(np.ravel(x), np.ravel(B)),
    lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 2)),
]
if NUMPY_2:
    RECORDED += [
        lambda x: np.matrix_transpose(x) + np.linalg.matrix_transpose(x),
        lambda x: np.vecdot(x, A) + np.linalg.vecdot(x, A),
        lambda x: np.linalg.cross(x, A) * np.linalg.vector_norm(x),
        lambda x: np.linalg.matmul(x, A.T) + np.linalg.tensordot(x, A.T, axes=1),
        lambda x: np.linalg.outer(np.ravel(x), np.ravel(B)),
        lambda x: np.linalg.trace(x) + np.linalg.diagonal(x),
    ]
if hasattr(np, "cumulative_sum"):
    RECORDED += [
        lambda x: np.cumulative_sum(x, axis=1) + np.cumulative_prod(x, axis=0),
        lambda x: np.unstack(x)[1],
    ]

CONSTANT = [
    lambda x: np.equal(x, B) | np.not_equal(x, 2.0) ^ np.less(x, B) & np.greater(x, B),
    lambda x: np.less_equal(x, B) | np.greater_equal(B, x) | ~np.invert(x > 1.0),
    lambda x: np.bitwise_xor(
        x > 1.0, np.bitwise_or(x > 2.0, np.bitwise_and(x > 3, x > 1))
    ),
    lambda x: np.logical_and(x, x > 2) | np.logical_or(x > 2, 0.0 * x),
    lambda x: np.logical_xor(x > 1, x) | np.logical_not(x),
    lambda x: np.isnan(x) | np.isinf(x) | np.isfinite(x) | np.isclose(x, B),
    lambda x: np.argmax(x, axis=1) + np.argmin(x, axis=1),
    lambda x: np.any(x > 2.5) & np.all(x > 2.5),
    lambda x: np.logical_and.reduce(x > 1) | np.logical_or.reduce(x > 1),
    lambda x: np.argsort(x, axis=1) + np.count_nonzero(x > 1),
    lambda x: np.nonzero(x > 1)[1],
    lambda x: np.zeros_like(x) + np.ones_like(x) + np.full_like(x, 3.0),
]


@pytest.mark.parametrize("call", RECORDED)
def test_numpys_functions_record_and_agree_with_numpy(call):
    x = Tensor(A, requires_grad=True)
    y = call(x)
    assert isinstance(y, Tensor)
    assert y.requires_grad
    np.testing.assert_allclose(y.data, call(A), rtol=1e-14)
    assert y.shape == np.shape(call(A))


@pytest.mark.parametrize("call", CONSTANT)
def test_what_has_no_gradient_agrees_with_numpy_too(call):
    y = call(Tensor(A, requires_grad=True))
    assert isinstance(y, Tensor)
    assert not y.requires_grad
    assert y.dtype == call(A).dtype
    np.testing.assert_array_equal(y.data, call(A))


def test_every_function_of_the_tables_is_called_in_this_file(monkeypatch):
    called = set()

    def ufunc(self, function, method, *inputs, **keywords):
        called.add((function, method))
        return array_ufunc(function, method, inputs, keywords)

    def function(self, function, types, args, keywords):
        called.add(function)
        return array_function(function, args, keywords)

    monkeypatch.setattr(Tensor, "__array_ufunc__", ufunc)
    monkeypatch.setattr(Tensor, "__array_function__", function)
    x = Tensor(A, requires_grad=True)
    for call in [*RECORDED, *CONSTANT, *QUERIES]:
        call(x)
    expected = {*FUNCTIONS, *MAKES}
    expected |= {(ufunc, "__call__") for ufunc in UFUNCS}
    expected |= {(ufunc, "reduce") for ufunc in REDUCTIONS}
    assert sorted(map(str, expected - called)) == []


@pytest.mark.parametrize("query", QUERIES)
def test_queries_answer_as_numpy_does(query):
    assert query(Tensor(A)) == query(A)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: np.median(x), r"np\.median: not an op of tinygrad_jp; the nearest"),
        (lambda x: np.fmax(x, x), r"np\.fmax.*np\.max"),
        (lambda x: np.heaviside(x, x), r"np\.heaviside: not an op"),
        (lambda x: np.add.accumulate(x), r"np\.add\.accumulate"),
        (lambda x: np.divide.reduce(x), r"np\.divide\.reduce"),
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
