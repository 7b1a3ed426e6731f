"""Matrix products, linear equations and the Cholesky factor."""

from collections.abc import Callable

import numpy as np

from tinygrad_jp.ops.rule import Array, rule


def _product(x: Array, y: Array) -> Array:
    # NumPy has a loop for float16, which sums in float32; BLAS does so quickly.
    if x.dtype.itemsize == 2 and x.dtype == y.dtype == np.float16:
        return _product(x.astype(np.float32), y.astype(np.float32)).astype(np.float16)
    # For two matrices `dot` takes less than half of matmul's call.
    return x.dot(y) if x.ndim == 2 == y.ndim else np.matmul(x, y)


def flip(x: Array) -> Array:
    """The last two axes swapped: every matrix transposed."""
    return x.T if x.ndim == 2 else np.swapaxes(x, -1, -2)


def _matmul_x(g: Array, y: Array, x_shape: tuple[int, ...]) -> Array:
    if len(x_shape) == 1:
        return g * y if y.ndim == 1 else _product(y, g[..., None])[..., 0]
    return g[..., None] * y if y.ndim == 1 else _product(g, flip(y))


def _matmul_y(g: Array, x: Array, y_shape: tuple[int, ...]) -> Array:
    if len(y_shape) == 1:
        return g * x if x.ndim == 1 else _product(flip(x), g[..., None])[..., 0]
    return x[:, None] * g[..., None, :] if x.ndim == 1 else _product(flip(x), g)


@rule(
    vjp=(
        lambda g, y, x_shape: (
            _product(g, y.T) if y.ndim == 2 == g.ndim else _matmul_x(g, y, x_shape)
        ),
        lambda g, x, y_shape: (
            _product(x.T, g) if x.ndim == 2 == g.ndim else _matmul_y(g, x, y_shape)
        ),
    ),
    symbol="@",
)
def matmul(x: Array, y: Array, /) -> Array:
    """Matrix product, ``x @ y``. Array API ``matmul``.

    Shapes: ``(..., n, k) @ (..., k, m) -> (..., n, m)``, the leading axes
    broadcasting; a 1-D `x` is a row, a 1-D `y` a column, and that axis is dropped.

    Example:
        >>> tg.matmul(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 1.0]))
        Tensor([3., 7.])
    """
    return _product(x, y)


# --- what NumPy's linear algebra needs, and what it refuses ------------------------


def widened(x: Array) -> Array:
    """float16 as float32: LAPACK knows no half precision."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


def as_wide_as(out: Array, *operands: Array) -> Array:
    """The result in float16 again, where all operands were."""
    half = all(x.dtype == np.float16 for x in operands)
    return out.astype(np.float16) if half else out


def need_square(x: Array) -> None:
    """Refuse what is not a stack of square matrices."""
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError("x must hold square matrices, shape (..., n, n)")


def _refused(x: Array, call: Callable[[Array], Array]) -> tuple[str, Array]:
    """Name and value of the first matrix of a stack that LAPACK refuses."""
    for place in np.ndindex(x.shape[:-2]):
        try:
            call(x[place])
        except np.linalg.LinAlgError:
            return f"x{list(place)}" if place else "x", x[place]
    return "x", x


def _infinite(x: Array) -> str:
    return "" if np.isfinite(x).all() else "holds a number that is not finite"


# --- linear equations --------------------------------------------------------------


def _solve_y(g: Array, x: Array, y_shape: tuple[int, ...]) -> Array:
    if len(y_shape) == 1:
        return solve(flip(x), g[..., None])[..., 0]
    return solve(flip(x), g)


def _solve_x(g: Array, x: Array, out: Array, y_shape: tuple[int, ...]) -> Array:
    g_y = _solve_y(g, x, y_shape)
    if len(y_shape) == 1:
        return -g_y[..., None] * out[..., None, :]
    return -_product(g_y, flip(out))


def _singular(x: Array) -> str:
    return (
        "is singular, so there is no single solution; add a small multiple of the "
        f"identity, such as x + 1e-6 * np.eye({len(x)})"
    )


@rule(
    vjp=(
        lambda g, x, out, y_shape: _solve_x(g, x, out, y_shape),
        lambda g, x, y_shape: _solve_y(g, x, y_shape),
    ),
    domain=("invertible", "real"),
)
def solve(x: Array, y: Array, /) -> Array:
    """The z with ``x @ z = y``. Array API ``linalg.solve``, NumPy 2's.

    Shapes: `x` is ``(..., n, n)``; `y` is one vector ``(n,)`` for every matrix, or
    ``(..., n, k)``, the leading axes broadcasting. float16 is computed in float32.

    Raises:
        LinAlgError: A matrix is singular.

    Example:
        >>> tg.solve(tg.Tensor([[2.0, 0.0], [0.0, 4.0]]), np.array([2.0, 2.0]))
        Tensor([1. , 0.5])
    """
    need_square(x)
    vector = y.ndim == 1
    columns = y[:, None] if vector else y
    if not y.ndim or columns.shape[-2] != x.shape[-1]:
        raise ValueError(
            f"y must have shape ({x.shape[-1]},) or (..., {x.shape[-1]}, k)"
        )
    # NumPy 1 takes a y with one axis less than x for a stack of vectors.
    lacking = x.ndim - columns.ndim
    columns = columns[(None,) * lacking] if lacking > 0 else columns
    try:
        out = np.linalg.solve(widened(x), widened(columns))
    except np.linalg.LinAlgError:
        name, refused = _refused(widened(x), np.linalg.inv)
        raise np.linalg.LinAlgError(
            f"{name} {_infinite(refused) or _singular(refused)}"
        ) from None
    except ValueError:
        raise ValueError("the leading axes of x and y must broadcast") from None
    return as_wide_as(out[..., 0] if vector else out, x, y)


# --- the Cholesky factor -------------------------------------------------------------


def _cholesky_x(g: Array, out: Array, upper: bool) -> Array:
    if upper:
        g, out = flip(g), flip(out)
    n = out.shape[-1]
    # From dx = dL Lᵀ + L dLᵀ follows L⁻¹ dL = half * (L⁻¹ dx L⁻ᵀ).
    half = np.tri(n, dtype=out.dtype) - 0.5 * np.eye(n, dtype=out.dtype)
    inner = half * _product(flip(out), g)
    g_x = solve(flip(out), flip(solve(flip(out), inner)))
    return 0.5 * (g_x + flip(g_x))


@rule(vjp=_cholesky_x, domain="positive definite")
def cholesky(x: Array, /, *, upper: bool = False) -> Array:
    """The lower triangular L with ``L @ L.mT = x``. Array API ``linalg.cholesky``.

    The symmetric part of `x` is taken, ``(x + x.mT) / 2``, where NumPy reads the lower
    triangle alone: so every element counts, and the gradient is symmetric.

    Shapes: ``(..., n, n)``. With `upper` the result is ``L.mT``. float16 is computed
    in float32.

    Raises:
        LinAlgError: A matrix is not positive definite.

    Example:
        >>> tg.cholesky(tg.Tensor([[4.0, 2.0], [2.0, 2.0]]))
        Tensor([[2., 0.],
                [1., 1.]])
    """
    need_square(x)
    wide = widened(x)
    symmetric = 0.5 * wide + 0.5 * flip(wide)
    try:
        lower = as_wide_as(np.linalg.cholesky(symmetric), x)
    except np.linalg.LinAlgError:
        name, refused = _refused(symmetric, np.linalg.cholesky)
        raise np.linalg.LinAlgError(
            f"{name} {_infinite(refused) or _indefinite(refused)}"
        ) from None
    return flip(lower) if upper else lower


def _indefinite(x: Array) -> str:
    least = float(np.linalg.eigvalsh(x)[0])
    return (
        f"is not positive definite: its smallest eigenvalue is {least:.3g}; add a "
        f"multiple of the identity, x + c * np.eye({len(x)}) with c above "
        f"{max(-least, 0.0):.3g}"
    )
