"""Cofactors by expansion along rows, in any library: small matrices, of any rank.

The textbook's ``det(x) * inv(x).T`` fails where a matrix is singular, and its slopes,
which are 0 for matrices of one or two rows, come out as what is left of a cancellation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

LARGEST = 4
"""So many rows at most: the number of terms is that of permutations."""


def cofactors(x: Any, stack: Any) -> Any:
    """The cofactors of each matrix; `stack` joins arrays along a new last axis."""
    n = x.shape[-1]
    if not n:
        return x
    rows = [stack([_signed_minor(x, i, j) for j in range(n)]) for i in range(n)]
    return stack(rows).swapaxes(-1, -2)


def _signed_minor(x: Any, i: int, j: int) -> Any:
    rows, columns = (np.delete(np.arange(x.shape[-1]), k) for k in (i, j))
    return (-1.0) ** (i + j) * _determinant(x[..., rows, :][..., columns])


def _determinant(x: Any) -> Any:
    n = x.shape[-1]
    if not n:
        return x.sum((-1, -2)) + 1.0
    return sum([x[..., 0, j] * _signed_minor(x, 0, j) for j in range(n)])
