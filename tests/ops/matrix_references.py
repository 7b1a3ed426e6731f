"""What the rules of linear algebra must give, by NumPy or by definition."""

import numpy as np


def by_lapack(call):
    """NumPy's linear algebra, which refuses float16: in float32 and back."""

    def run(*operands, **keywords):
        wide = [x.astype(np.float32) if x.dtype == np.float16 else x for x in operands]
        return np.asarray(call(*wide, **keywords)).astype(operands[0].dtype)

    return run


def solved(x, y):
    """NumPy 2's solve: NumPy 1 takes a y with one axis less for a stack of vectors."""
    if y.ndim == 1:
        return np.linalg.solve(x, y[:, None])[..., 0]
    stack = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    return np.linalg.solve(x, np.broadcast_to(y, stack + y.shape[-2:]))


def factored(x, upper):
    lower = np.linalg.cholesky((x + np.swapaxes(x, -1, -2)) / 2)
    return np.swapaxes(lower, -1, -2) if upper else lower


def minors(x):
    """The cofactors as they are defined: by leaving out a row and a column."""
    x = x.astype(np.float64)
    found = np.empty(x.shape)
    for i, j in np.ndindex(x.shape[-2:]):
        left = np.delete(np.delete(x, i, -2), j, -1)
        found[..., i, j] = (-1) ** (i + j) * np.linalg.det(left)
    return found


def minors_along(x, y):
    """Up to three rows they are of second degree, so that this difference is exact."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    return (minors(x + y) - minors(x - y)) / 2


def minors_along_two(x, y, z):
    x, y, z = (a.astype(np.float64) for a in (x, y, z))
    return (minors_along(x + z, y) - minors_along(x - z, y)) / 2


CANCELLING = {"cofactors": 2.0, "cofactors_along": 16.0, "cofactors_along_two": 16.0}
"""Rules whose sums may cancel, and the size of what they are summed from."""

MATRIX_REFERENCES = {
    "cholesky": by_lapack(factored),
    "cofactors": by_lapack(minors),
    "cofactors_along": by_lapack(minors_along),
    "cofactors_along_two": by_lapack(minors_along_two),
    "det": by_lapack(np.linalg.det),
    "logabsdet": by_lapack(lambda x: np.linalg.slogdet(x)[1]),
    "signdet": by_lapack(lambda x: np.linalg.slogdet(x)[0]),
    "solve": by_lapack(solved),
}
