"""Diagonals and triangles, equations, inverses, determinants and factors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp.testing import gradcheck
from tinygrad_jp.testing import strategies as tst

FEW = settings(max_examples=settings().max_examples // 2)
FLOATS = st.sampled_from([np.float16, np.float32, np.float64])
OFFSETS = st.integers(-5, 5)
MATRICES = tst.shapes(min_dims=2, max_dims=4, min_side=0, max_side=3)

square_shapes = st.tuples(
    tst.shapes(max_dims=2, min_side=0, max_side=2), st.integers(0, 3)
).map(lambda pair: (*pair[0], pair[1], pair[1]))
invertible = tst.arrays(shape=square_shapes, domain="invertible")


def same(ours, numpy_s, x, *arguments, **keywords):
    """Equal to the last bit, in dtype too, and through NumPy's own function."""
    expected = numpy_s(x, *arguments, **keywords)
    for result in (
        ours(x, *arguments, **keywords),
        numpy_s(tg.Tensor(x), *arguments, **keywords),
    ):
        assert isinstance(result, tg.Tensor)
        assert result.dtype == expected.dtype
        np.testing.assert_array_equal(result.data, expected)


# --- diagonals and triangles -----------------------------------------------------


@given(st.data(), MATRICES, OFFSETS, st.integers(0, 1000))
def test_diagonal_and_trace_over_any_two_axes(data, shape, offset, seed):
    x = np.random.default_rng(seed).integers(-3, 4, shape).astype(np.float64)
    axes = data.draw(st.permutations(range(x.ndim)))[:2]
    axes = [i - x.ndim * data.draw(st.integers(0, 1)) for i in axes]
    for dtype in (np.float16, np.float32, np.float64, np.int8, bool):
        same(tg.diagonal, np.diagonal, x.astype(dtype), offset, *axes)
        same(tg.trace, np.trace, x.astype(dtype), offset, *axes)
    gradcheck(lambda a: tg.diagonal(a, offset, *axes) ** 2, x, order=2)
    gradcheck(lambda a: tg.trace(a, offset, *axes) ** 2, x, order=2)


def test_by_default_the_first_two_axes_as_in_numpy():
    x = np.arange(12.0).reshape(2, 2, 3)
    same(tg.diagonal, np.diagonal, x)
    same(tg.trace, np.trace, x)


@pytest.mark.skipif(not hasattr(np.linalg, "diagonal"), reason="NumPy 2 has these")
def test_numpy_s_linalg_takes_the_last_two():
    x = np.arange(12.0).reshape(2, 2, 3)
    for ours, numpy_s in (
        (tg.diagonal, np.linalg.diagonal),
        (tg.trace, np.linalg.trace),
    ):
        expected = numpy_s(x, offset=1)
        np.testing.assert_array_equal(numpy_s(tg.Tensor(x), offset=1), expected)
        np.testing.assert_array_equal(ours(x, 1, -2, -1), expected)


@given(MATRICES, OFFSETS, st.integers(0, 1000))
def test_triangles(shape, k, seed):
    x = np.random.default_rng(seed).integers(-3, 4, shape).astype(np.float64)
    for ours, numpy_s in ((tg.tril, np.tril), (tg.triu, np.triu)):
        for dtype in (np.float16, np.float32, np.float64, np.int8, bool):
            same(ours, numpy_s, x.astype(dtype), k)
        gradcheck(lambda a, op=ours: op(a, k) ** 2, x, order=2)


def test_triangles_drop_what_is_not_finite():
    x = np.array([[1.0, np.inf], [np.nan, 2.0]])
    np.testing.assert_array_equal(tg.tril(tg.triu(x)).data, np.diag([1.0, 2.0]))


@given(st.integers(0, 3), st.integers(-3, 3), FLOATS)
def test_diag_makes_a_matrix_and_takes_its_diagonal(n, k, dtype):
    x = np.arange(1, n + 1, dtype=dtype)
    same(tg.diag, np.diag, x, k)
    same(tg.diag, np.diag, np.diag(x, k), k)
    same(tg.diag, np.diag, x.astype(np.int8), k)
    if n:
        gradcheck(lambda a: tg.diag(a, k) ** 2, x, order=2)


# --- equations and inverses ------------------------------------------------------


@given(st.data(), square_shapes, FLOATS)
def test_solve_undoes_the_product(data, shape, dtype):
    x = data.draw(tst.arrays(shape=shape, dtype=dtype, domain="invertible"))
    n = shape[-1]
    columns = st.sampled_from([(n,), (n, 2), (*shape[:-1], 3), (2, *shape[:-1], 1)])
    y = data.draw(tst.arrays(shape=data.draw(columns), dtype=dtype))
    result = tg.solve(x, y)
    assert result.dtype == dtype
    near = {"rtol": 64 * np.finfo(dtype).eps, "atol": 64 * np.finfo(dtype).eps}
    product = x.astype(np.float64) @ (
        result.data[..., None] if y.ndim == 1 else result.data
    ).astype(np.float64)
    scale = 1 + np.abs(y).max(initial=0)
    expected = np.broadcast_to(y[:, None] if y.ndim == 1 else y, product.shape)
    np.testing.assert_allclose(product / scale, expected / scale, **near)


def test_a_stack_of_matrices_is_no_stack_of_vectors():
    # NumPy 1 takes y for two vectors of length 2 here, NumPy 2 for one matrix.
    x = np.array([[[1.0, 0.0], [0.0, 2.0]], [[4.0, 0.0], [0.0, 8.0]]])
    y = np.array([[8.0, 16.0], [8.0, 16.0]])
    expected = [[[8.0, 16.0], [4.0, 8.0]], [[2.0, 4.0], [1.0, 2.0]]]
    np.testing.assert_array_equal(tg.solve(x, y).data, expected)
    np.testing.assert_array_equal(np.linalg.solve(tg.Tensor(x), y), expected)


@given(invertible, st.integers(-3, 4))
def test_inverses_and_powers(x, n):
    near = {"rtol": 1e-12, "atol": 1e-12}
    for result in (tg.inv(x), np.linalg.inv(tg.Tensor(x))):
        np.testing.assert_allclose(result.data, np.linalg.inv(x), **near)
    expected = np.linalg.matrix_power(x, n)
    for result in (tg.matrix_power(x, n), np.linalg.matrix_power(tg.Tensor(x), n)):
        assert result.shape == expected.shape
        np.testing.assert_allclose(result.data, expected, **near)


@given(invertible, st.sampled_from([-2, -1, 1, 2, 3, 5]), st.integers(0, 100))
@FEW
def test_gradients_of_inverses_and_powers(x, n, seed):
    gradcheck(tg.inv, x, order=3, seed=seed)
    gradcheck(lambda a: tg.matrix_power(a, n), x, order=2, seed=seed)


def test_the_power_0_is_a_constant():
    x = tg.Tensor(np.ones((2, 3, 3), np.float32), requires_grad=True)
    power = tg.matrix_power(x, 0)
    assert power.dtype == np.float32
    assert not power.requires_grad
    np.testing.assert_array_equal(power.data, np.broadcast_to(np.eye(3), (2, 3, 3)))


@pytest.mark.parametrize("op", [tg.inv, tg.det, tg.cholesky, tg.matrix_power])
def test_integers_become_float64_as_in_numpy(op):
    x = np.array([[4, 2], [2, 3]])
    more = (-1,) if op is tg.matrix_power else ()
    expected = getattr(np.linalg, op.__name__)(x, *more)
    result = op(x, *more)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result.data, expected, rtol=1e-14)
    assert tg.solve(x, np.array([1, 2])).dtype == np.float64


@given(st.sampled_from([np.float16, np.float32]))
def test_precision_is_kept_forward_and_backward(dtype):
    for op in (tg.inv, tg.det, tg.cholesky, lambda x: tg.slogdet(x).logabsdet):
        x = tg.Tensor([[4.0, 2.0], [2.0, 3.0]], dtype=dtype, requires_grad=True)
        out = op(x)
        assert out.dtype == dtype
        out.sum().backward()
        assert x.grad.dtype == dtype


# --- determinants ----------------------------------------------------------------


@given(invertible, st.integers(0, 100))
@FEW
def test_slogdet(x, seed):
    expected = np.linalg.slogdet(x)
    for result in (tg.slogdet(x), np.linalg.slogdet(tg.Tensor(x))):
        sign, logabsdet = result
        assert sign is result.sign
        np.testing.assert_array_equal(sign.data, expected[0])
        np.testing.assert_allclose(logabsdet.data, expected[1], rtol=1e-14, atol=1e-14)
    assert not tg.slogdet(tg.Tensor(x, requires_grad=True)).sign.requires_grad
    gradcheck(lambda a: tg.slogdet(a).logabsdet, x, order=3, seed=seed)


def ranked(n, rank, seed):
    """A matrix of that rank: below n, its determinant is nothing but roundings."""
    rng = np.random.default_rng(seed)
    while True:
        x = rng.integers(-2, 3, (n, rank)) @ rng.integers(-2, 3, (rank, n))
        if np.linalg.matrix_rank(x) == rank:
            return x / max(1.0, np.linalg.norm(x))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("n", "rank"), [(n, rank) for n in range(1, 6) for rank in range(n + 1)]
)
def test_det_is_right_to_the_third_order_at_every_rank(n, rank, seed):
    gradcheck(tg.det, ranked(n, rank, seed), order=3, seed=seed)


def test_det_of_a_stack_of_all_ranks():
    x = np.stack([ranked(3, rank, rank) for rank in range(4)])
    gradcheck(tg.det, x, order=3)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_the_fourth_and_fifth_order_by_the_inverse(n):
    x = np.random.default_rng(n).normal(size=(n, n)) + 2 * np.eye(n)
    gradcheck(tg.cofactors_along_two, x, x.T, x @ x, order=2)


def test_large_determinants_keep_their_digits():
    x = np.random.default_rng(0).normal(size=(60, 60))
    x /= np.exp(np.linalg.slogdet(x)[1] / 60)
    g = tg.grad(tg.det)(x)
    expected = np.linalg.det(x) * np.linalg.inv(x).T
    np.testing.assert_allclose(g.data, expected, rtol=1e-11, atol=1e-11)


def test_cofactors_are_exact_to_a_few_roundings():
    # The singular values of LAPACK alone leave errors of 12e-15 here.
    x = np.random.default_rng(0).normal(size=(1000, 3, 3))
    expected = np.cross(x[:, [1, 2, 0]], x[:, [2, 0, 1]])
    scale = np.abs(expected).max((1, 2), keepdims=True)
    np.testing.assert_allclose(
        tg.cofactors(x).data / scale, expected / scale, rtol=0, atol=6e-15
    )


def test_numbers_that_are_not_finite_pass_through_det():
    x = tg.Tensor(np.stack([np.full((2, 2), np.nan), np.eye(2)]), requires_grad=True)
    with np.errstate(invalid="ignore"):  # NumPy's det says that it met a NaN
        tg.det(x).sum().backward()
    assert np.isnan(x.grad.data[0]).all()
    np.testing.assert_array_equal(x.grad.data[1], np.eye(2))


# --- the Cholesky factor ---------------------------------------------------------


def test_cholesky_takes_the_symmetric_part():
    x = np.array([[4.0, 3.0], [1.0, 3.0]])
    expected = np.linalg.cholesky([[4.0, 2.0], [2.0, 3.0]])
    np.testing.assert_array_equal(tg.cholesky(x).data, expected)
    g = tg.grad(lambda a: tg.cholesky(a).sum())(x).data
    np.testing.assert_array_equal(g, g.T)


@given(tst.arrays(shape=square_shapes, domain="positive definite"))
@FEW
def test_cholesky_to_the_third_order(x):
    for upper in (False, True):
        gradcheck(lambda a, u=upper: tg.cholesky(a, upper=u), x, order=3)


def test_numpy_s_cholesky_and_log_likelihood_agree():
    x = np.array([[4.0, 2.0], [2.0, 3.0]])
    result = np.linalg.cholesky(tg.Tensor(x))
    np.testing.assert_array_equal(result.data, np.linalg.cholesky(x))
    by_factor = tg.grad(lambda a: 2 * tg.log(tg.diagonal(tg.cholesky(a))).sum())(x)
    by_slogdet = tg.grad(lambda a: tg.slogdet(a).logabsdet)(x)
    np.testing.assert_allclose(by_factor.data, by_slogdet.data, rtol=1e-14)


# --- errors ----------------------------------------------------------------------

SINGULAR = np.array([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 4.0]]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: tg.solve(SINGULAR[1], np.ones(2)),
            "solve: x is singular, so there is no single solution; add a small "
            "multiple of the identity, such as x + 1e-6 * np.eye(2)",
        ),
        (lambda: tg.solve(SINGULAR, np.ones(2)), "solve: x[1] is singular"),
        (lambda: tg.inv(SINGULAR[None]), "inv: x[0, 1] is singular"),
        (lambda: np.linalg.inv(tg.Tensor(SINGULAR)), "inv: x[1] is singular"),
        (lambda: tg.matrix_power(SINGULAR, -1), "x[1] is singular"),
        (
            lambda: tg.cholesky(np.array([[1.0, 2.0], [2.0, 1.0]])),
            "cholesky: x is not positive definite: its smallest eigenvalue is -1; add "
            "a multiple of the identity, x + c * np.eye(2) with c above 1",
        ),
        (
            lambda: tg.cholesky(np.stack([np.eye(2), -np.eye(2)])),
            "cholesky: x[1] is not positive definite",
        ),
        (
            lambda: tg.cholesky(np.array([[-np.inf]])),
            "cholesky: x holds a number that is not finite",
        ),
        (
            lambda: tg.solve(np.array([[np.nan, 1.0], [1.0, 1.0]]), np.ones(2)),
            "solve: x holds a number that is not finite",
        ),
        (
            lambda: tg.grad(lambda x: tg.slogdet(x).logabsdet.sum())(SINGULAR),
            "logabsdet: log(0) has no gradient, and the determinant is 0: x[1] is",
        ),
    ],
)
def test_what_has_no_inverse_or_factor_is_named(call, message):
    with pytest.raises(np.linalg.LinAlgError) as caught:
        call()
    assert message in " ".join(str(caught.value).split())


def test_a_singular_matrix_has_a_slogdet_as_in_numpy():
    sign, logabsdet = tg.slogdet(SINGULAR[1])
    assert sign.item() == 0.0
    assert logabsdet.item() == -np.inf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: tg.det(x), "det: x must hold square matrices, shape (..., n, n)"),
        (lambda x: tg.solve(x, x), "solve: x must hold square matrices"),
        (lambda x: tg.cholesky(x), "cholesky: x must hold square matrices"),
        (
            lambda x: tg.inv(x),
            "inv: x must hold square matrices, shape (..., n, n), got (2, 3)",
        ),
        (lambda x: tg.slogdet(x), "slogdet: x must hold square matrices"),
        (lambda x: tg.matrix_power(x, 2), "matrix_power: x must hold square matrices"),
        (
            lambda x: tg.solve(np.eye(2), np.ones(3)),
            "solve: y must have shape (2,) or (..., 2, k)",
        ),
        (lambda x: tg.solve(np.eye(2), 1.0), "solve: y must have shape (2,)"),
        (
            lambda x: tg.solve(np.ones((2, 2, 2)), np.ones((3, 2, 1))),
            "solve: the leading axes of x and y must broadcast",
        ),
        (lambda x: tg.diagonal(x, 0, 0, 2), "diagonal: axis 2 is out of range"),
        (lambda x: tg.diagonal(x, 0, 1, -1), "diagonal: an axis is given twice"),
        (lambda x: tg.tril(x[0]), "tril: needs at least 2 axes, got shape (3,)"),
        (lambda x: tg.diag(x[None]), "diag: needs a vector or a matrix, got shape"),
    ],
)
def test_shapes_that_do_not_fit_are_named(call, message):
    with pytest.raises(tg.ShapeError) as caught:
        call(np.ones((2, 3)))
    assert message in " ".join(str(caught.value).split())
