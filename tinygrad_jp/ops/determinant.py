"""Determinants, and the matrix of cofactors, which is their gradient.

The textbook's gradient, ``det(x) * inv(x).T``, fails where a matrix is singular. With
singular values, ``x = u @ diag(s) @ vh``, it does not: each 1 / s of the inverse takes
one factor out of the determinant, and the product of the others needs no division.
"""

import numpy as np

from tinygrad_jp.ops.linalg import as_wide_as, flip, need_square, solve, widened
from tinygrad_jp.ops.rule import Array, rule

# --- determinants ------------------------------------------------------------------


def _det_x(g: Array, x: Array) -> Array:
    return g[..., None, None] * cofactors(x)


@rule(vjp=_det_x)
def det(x: Array, /) -> Array:
    """The determinant of each matrix. Array API ``linalg.det``.

    Shapes: ``(..., n, n) -> (...)``. Gradients of first and second order are right at
    singular matrices too; those of the third need an inverse. Large matrices soon
    overflow: see `slogdet`.

    Example:
        >>> tg.det(tg.Tensor([[1.0, 2.0], [3.0, 4.0]])).item().__round__(6)
        -2.0
    """
    need_square(x)
    return as_wide_as(np.linalg.det(widened(x)), x)


def _logabsdet_x(g: Array, x: Array) -> Array:
    try:
        inverse = solve(x, np.eye(x.shape[-1], dtype=x.dtype))
    except np.linalg.LinAlgError as error:
        raise np.linalg.LinAlgError(
            f"logabsdet: log(0) has no gradient, and the determinant is 0: {error}"
        ) from None
    return g[..., None, None] * flip(inverse)


@rule(vjp=_logabsdet_x, domain="invertible")
def logabsdet(x: Array, /) -> Array:
    """``log(abs(det(x)))`` without overflow, ``(..., n, n) -> (...)``: of `slogdet`.

    At a singular matrix it is -inf, and has no gradient.

    Example:
        >>> tg.logabsdet(tg.Tensor([[1e200, 0.0], [0.0, 1e-200]])).item().__round__(6)
        0.0
    """
    need_square(x)
    return as_wide_as(np.linalg.slogdet(widened(x))[1], x)


@rule(vjp=None, domain="invertible")
def signdet(x: Array, /) -> Array:
    """The sign of the determinant, ``(..., n, n) -> (...)``: of `slogdet`.

    Example:
        >>> tg.signdet(tg.Tensor([[0.0, 1.0], [1.0, 0.0]]))
        Tensor(-1.)
    """
    need_square(x)
    return as_wide_as(np.linalg.slogdet(widened(x))[0], x)


# --- cofactors, and how they change ------------------------------------------------


def _turned(x: Array) -> tuple[Array, Array, Array, Array]:
    """``u, a, vh`` with ``x = u @ a @ vh``, and the sign of det(u) det(vh).

    u and vh are orthogonal, and a is diagonal but for roundings.
    """
    x = widened(x)
    finite = np.isfinite(x).all((-2, -1), keepdims=True)
    # LAPACK refuses a NaN; here it comes out as NaN.
    x = np.where(finite, x, x.dtype.type(0))
    u, _, vh = np.linalg.svd(x)
    a = np.where(finite, flip(u) @ x @ flip(vh), x.dtype.type(np.nan))
    sign = np.rint(np.linalg.det(u) * np.linalg.det(vh))
    return u, a, vh, sign[..., None, None]


def _diagonal(x: Array) -> Array:
    return np.diagonal(x, axis1=-2, axis2=-1)


def _without(s: Array) -> Array:
    """At ``[..., i]`` the product of all numbers but the i-th."""
    one = np.ones_like(s[..., :1])
    before = np.cumprod(np.concatenate([one, s[..., :-1]], -1), -1)
    after = np.cumprod(np.concatenate([one, s[..., :0:-1]], -1), -1)
    return before * after[..., ::-1]


def _without_two(s: Array) -> Array:
    """At ``[..., i, j]`` the product of all but the i-th and j-th; 0 where i = j."""
    same = np.eye(s.shape[-1], dtype=bool)
    one, zero = s.dtype.type(1), s.dtype.type(0)
    return np.where(same, zero, _without(np.where(same, one, s[..., None, :])))


def _without_three(s: Array) -> Array:
    """At ``[..., i, j, k]`` the product of all but three; 0 where two are the same."""
    same = np.eye(s.shape[-1], dtype=bool)
    one, zero = s.dtype.type(1), s.dtype.type(0)
    products = _without_two(np.where(same, one, s[..., None, :]))
    return np.where(same[:, :, None] | same[:, None, :], zero, products)


def _by_inverse(x: Array, *directions: Array) -> Array:
    """How the cofactors of `x` change along all `directions` at once."""
    # The transposed cofactors of x + y are det(x) adj(1 + p) inv(x) with p = inv(x) y,
    # and the part of degree k of adj(1 + p) is tr(p a) / k - p a with a that of k - 1.
    eye = np.eye(x.shape[-1], dtype=x.dtype)

    def part(moves: tuple[Array, ...]) -> Array:
        if not moves:
            return eye
        total = moves[0] * 0
        for i, p in enumerate(moves):
            total = total + np.matmul(p, part(moves[:i] + moves[i + 1 :]))
        traces = np.sum(eye * total, axis=(-2, -1), keepdims=True)
        return eye * traces / len(moves) - total

    moved = part(tuple([solve(x, y) for y in directions]))
    return det(x)[..., None, None] * solve(flip(x), flip(moved))


def _moved(g: Array, x: Array) -> Array:
    return cofactors_along(x, g)


def _moved_twice(g: Array, x: Array, y: Array) -> Array:
    return cofactors_along_two(x, y, g)


@rule(vjp=_moved, domain="invertible")
def cofactors(x: Array, /) -> Array:
    """The cofactors of each matrix, ``det(x) * inv(x).mT``: the gradient of `det`.

    Each is a determinant of n - 1 rows and columns, so a singular matrix has them too.

    Example:
        >>> tg.cofactors(tg.Tensor([[0.0, 0.0], [0.0, 5.0]]))
        Tensor([[5., 0.],
                [0., 0.]])
    """
    need_square(x)
    u, a, vh, sign = _turned(x)
    s = _diagonal(a)
    eye = np.eye(s.shape[-1], dtype=s.dtype)
    # What is left beside the diagonal counts in the last two digits.
    moved = eye * _without(s)[..., None] - _without_two(s) * flip(a)
    return as_wide_as(sign * (u @ moved @ vh), x)


@rule(vjp=(_moved_twice, _moved), domain=("invertible", "unit"))
def cofactors_along(x: Array, y: Array, /) -> Array:
    """How the cofactors of `x` change when it moves along `y`.

    The slope of ``cofactors(x + t * y)`` at t = 0, also where `x` is singular: the
    gradient of `cofactors`.

    Shapes: both ``(..., n, n)``.

    Example:
        >>> tg.cofactors_along(tg.Tensor(np.eye(2)), np.array([[3.0, 1.0], [2.0, 4.0]]))
        Tensor([[ 4., -2.],
                [-1.,  3.]])
    """
    need_square(x)
    u, a, vh, sign = _turned(x)
    b = flip(u) @ widened(y) @ flip(vh)
    # Turned so that x is diagonal, a cofactor changes by products of what is there.
    products = _without_two(_diagonal(a))
    on_diagonal = np.einsum("...ij,...jj->...i", products, b)
    moved = np.eye(a.shape[-1], dtype=a.dtype) * on_diagonal[..., None]
    moved = moved - products * flip(b)
    return as_wide_as(sign * (u @ moved @ vh), x, y)


@rule(
    vjp=(
        lambda g, x, y, z: _by_inverse(x, y, z, g),
        lambda g, x, z: _moved_twice(g, x, z),  # y and z may change places
        _moved_twice,
    ),
    domain=("invertible", "unit", "unit"),
)
def cofactors_along_two(x: Array, y: Array, z: Array, /) -> Array:
    """How ``cofactors_along(x, y)`` changes when `x` moves along `z`: its gradient.

    Also where `x` is singular; its own gradient by `x` needs the inverse.

    Shapes: all ``(..., n, n)``.

    Example:
        >>> eye = np.eye(3)
        >>> tg.cofactors_along_two(tg.Tensor(eye), eye, eye)[0]
        Tensor([2., 0., 0.])
    """
    need_square(x)
    u, a, vh, sign = _turned(x)
    b = flip(u) @ widened(y) @ flip(vh)
    c = flip(u) @ widened(z) @ flip(vh)
    products = _without_three(_diagonal(a))
    on_diagonal = np.einsum("...ijk,...jj,...kk->...i", products, b, c)
    on_diagonal = on_diagonal - np.einsum("...ijk,...jk,...kj->...i", products, b, c)
    moved = np.eye(a.shape[-1], dtype=a.dtype) * on_diagonal[..., None]
    for one, other in ((b, c), (c, b)):
        moved = moved - flip(one) * np.einsum("...ijk,...kk->...ij", products, other)
        moved = moved + np.einsum("...ijk,...jk,...ki->...ij", products, one, other)
    return as_wide_as(sign * (u @ moved @ vh), x, y, z)
