"""Steps of linear algebra: products, and what one does with matrices."""

from __future__ import annotations

from math import prod

import numpy as np

from tinygrad_jp.testing.programs.figures import Array
from tinygrad_jp.testing.programs.fitting import within
from tinygrad_jp.testing.programs.writer import Entry, Shape, Writer

EASY = within(4)


def _operand(w: Writer, least: int = 1, most: int = 3) -> int:
    return EASY.fit_value(w, w.with_axes(least, most))


def _partner(w: Writer, shape: Shape) -> int:
    return EASY.fit_value(w, w.having(*shape))


def matmul(w: Writer) -> None:
    """Vectors, matrices and stacks, on either side."""
    x = _operand(w)
    shape = w.shape(x)
    if len(shape) == 1 and w.flag():
        w.step("matmul", _partner(w, (2, shape[0])), x)
        return
    stack = (2,) if len(shape) < 3 and w.below(4) == 3 else ()
    shapes = ((*shape[-1:], 2), shape[-1:], (*stack, *shape[-1:], 1))
    w.step("matmul", x, _partner(w, w.of(shapes)))


def vecdot(w: Writer) -> None:
    """Over an axis that both have, counted from the end."""
    x = _operand(w)
    shape = w.shape(x)
    axis = -1 - w.below(len(shape))
    y = w.pick(lambda other: len(other) >= -axis and other == shape[-len(other) :])
    pair = [EASY.fit_value(w, value) for value in w.swapped(x, y)]
    w.step("vecdot", *pair, axis=axis)


def tensordot(w: Writer) -> None:
    """Over several axes at once, or over none, or over pairs of axes."""
    x = _operand(w, 1, 2)
    shape = w.shape(x)
    form = w.below(4)
    if form == 0:
        w.step("tensordot", x, _partner(w, (shape[-1], 2)), axes=1)
    elif form == 1:
        w.step("tensordot", x, _partner(w, shape), axes=len(shape))
    elif form == 2:
        w.step("tensordot", x, _partner(w, (2, shape[0])), axes=([0], [1]))
    else:
        w.step("tensordot", x, _partner(w, (2,)), axes=0)


def _subscripts(w: Writer, ndim: int) -> tuple[str, str | None, str]:
    """An operand's letters, those of a second one if there is one, and the result's."""
    letters = "ijk"[:ndim]
    forms: list[tuple[str, str | None, str]] = [
        (letters, letters[-1:] + "l", letters[:-1] + "l"),
        (letters, None, letters[::-1]),
        (letters, letters[:1], letters[1:]),
        (letters, letters, ""),
        (letters, letters[:1] + "l", "l" + letters),
        (letters, None, ""),
        ("..." + letters[-1:], letters[-1:] + "l", "...l"),
        (letters, "l" + letters[:1], "l"),
    ]
    return w.of(forms)


def einsum(w: Writer) -> None:
    """Products, sums, transposes, diagonals, and an ellipsis."""
    if w.below(6) == 5:
        x = EASY.fit_value(w, square_matrix(w))
        stack = "..." if len(w.shape(x)) > 2 else ""
        w.step("einsum", w.of((f"{stack}ii->{stack}i", f"{stack}ii->{stack}")), x)
        return
    x = _operand(w, 1, 3)
    shape = w.shape(x)
    term, other, result = _subscripts(w, len(shape))
    if other is None:
        w.step("einsum", f"{term}->{result}", x)
        return
    lengths = {**dict(zip("ijk", shape)), "l": 2}
    if term.startswith("..."):
        lengths[term[-1]] = shape[-1]
    y = _partner(w, tuple([lengths[letter] for letter in other]))
    if w.below(4) == 3:  # a third operand, which is a scalar
        w.step("einsum", f"{term},{other},->{result}", x, y, _partner(w, ()))
    else:
        w.step("einsum", f"{term},{other}->{result}", x, y)


def outer(w: Writer) -> None:
    """Two vectors."""
    x = _operand(w, 1, 1)
    w.step("outer", *w.swapped(x, _partner(w, (w.of((2, 1, 3)),))))


def kron(w: Writer) -> None:
    """Two small arrays, of as many axes or not."""
    x = w.pick(lambda shape: len(shape) <= 2 and prod(shape) <= 6)
    y = _partner(w, w.of(((), (2,), (1, 2), (2, 2))))
    w.step("kron", *w.swapped(EASY.fit_value(w, x), y))


def dot(op: str) -> Entry:
    """`dot` and `inner`: over the last axes; for a scalar a product."""

    def write(w: Writer) -> None:
        x = EASY.fit_value(w, w.pick_small(8))
        shape = w.shape(x)
        if not shape or w.below(4) == 3:
            w.step(op, *w.swapped(x, _partner(w, ())))
            return
        last = shape[-1]
        both = ((last,), (last, 2), (2, last, 1))
        w.step(op, x, _partner(w, w.of(both if op == "dot" else ((last,), (2, last)))))

    return write


def vdot(w: Writer) -> None:
    """Two values of as many elements."""
    x = _operand(w)
    size = prod(w.shape(x))
    y = w.pick(lambda shape: shape == w.shape(x) or prod(shape) == size)
    w.step("vdot", x, EASY.fit_value(w, y))


def cross(w: Writer) -> None:
    """Vectors of length 3, along any axis."""
    x = w.pick(lambda shape: 3 in shape)
    shape = w.shape(x)
    axis = shape.index(3) - (len(shape) if w.flag() else 0)
    y = EASY.fit_value(w, w.having(*shape))
    w.step("cross", EASY.fit_value(w, x), y, axis=axis)


# --- matrices --------------------------------------------------------------------


def square_matrix(w: Writer) -> int:
    """A stack of square matrices."""
    return w.pick(
        lambda shape: len(shape) > 1 and shape[-1] == shape[-2] and shape[-1] < 4
    )


def invertible(w: Writer) -> int:
    """Square matrices far from singular: a diagonal is added to those that are not."""
    x = square_matrix(w)

    def holds(a: Array) -> bool:
        values = np.linalg.svd(a, compute_uv=False)
        return bool((values > 0.4).all() and (values < 4).all())

    if holds(w.array(x)):
        return x
    n = w.shape(x)[-1]
    small = within(0.4).fit_value(w, x)
    return w.step("add", small, w.constant(np.diag([2.0, -1.5, 1.75][:n])))


def definite(w: Writer) -> int:
    """Symmetric, positive definite matrices: ``x @ x.mT`` and a diagonal."""
    x = within(1.2).fit_value(w, square_matrix(w))
    product = w.step("matmul", x, w.step("matrix_transpose", x))
    n = w.shape(x)[-1]
    return w.step("add", product, w.constant(np.diag([1.0, 1.5, 0.75][:n])))


def of_invertible(op: str) -> Entry:
    """One stack of matrices that have an inverse."""
    return lambda w: w.step(op, invertible(w))


def solve(w: Writer) -> None:
    """A matrix, and a vector or a matrix."""
    x = invertible(w)
    n = w.shape(x)[-1]
    shapes = ((n,), (n, 2), (n, 1)) if len(w.shape(x)) == 2 else ((n, 2), (n, 1))
    w.step("solve", x, _partner(w, w.of(shapes)))


def cholesky(w: Writer) -> None:
    """The lower factor, or the upper one."""
    keywords = {"upper": True} if w.flag() else {}
    w.step("cholesky", definite(w), **keywords)


def matrix_power(w: Writer) -> None:
    """To a power of either sign."""
    x = invertible(w)
    w.step("matrix_power", x, w.constant(w.of((2, 3, -1, -2, 1))))


def cofactors_along(w: Writer) -> None:
    """A matrix, and where it moves."""
    x = invertible(w)
    w.step("cofactors_along", x, _partner(w, w.shape(x)))


def cofactors_along_two(w: Writer) -> None:
    """A matrix, and two ways in which it moves."""
    x = invertible(w)
    y, z = _partner(w, w.shape(x)), _partner(w, w.shape(x))
    w.step("cofactors_along_two", x, y, z)


def diagonal(op: str) -> Entry:
    """`diagonal` and `trace`, of any two axes and off the middle."""

    def write(w: Writer) -> None:
        x = w.with_axes(2, 4)
        shape = w.shape(x)
        keywords: dict[str, int] = {}
        if w.flag():
            first, second = w.order(len(shape))[:2]
            keywords = {"axis1": first, "axis2": second - len(shape)}
        rows = shape[keywords.get("axis1", 0)]
        columns = shape[keywords.get("axis2", 1)]
        offset = w.of([0, *range(1, columns), *range(1 - rows, 0)])
        w.step(op, x, **keywords, **({"offset": offset} if offset else {}))

    return write


def diag(w: Writer) -> None:
    """Of a vector a matrix, of a matrix its diagonal."""
    x = w.pick(lambda shape: len(shape) in (1, 2) and max(shape) <= 5)
    shape = w.shape(x)
    k = w.of((0, 1, -1)) if len(shape) == 1 or min(shape) > 1 else 0
    w.step("diag", x, **({"k": k} if k else {}))


def triangle(op: str) -> Entry:
    """What is on one side of a diagonal."""

    def write(w: Writer) -> None:
        k = w.of((0, 1, -1))
        w.step(op, w.with_axes(2), **({"k": k} if k else {}))

    return write


PRODUCTS: dict[str, Entry] = {
    "matmul": matmul,
    "dot": dot("dot"),
    "vecdot": vecdot,
    "inner": dot("inner"),
    "vdot": vdot,
    "outer": outer,
    "kron": kron,
    "cross": cross,
    "tensordot": tensordot,
    "einsum": einsum,
}

MATRICES: dict[str, Entry] = {
    "diagonal": diagonal("diagonal"),
    "trace": diagonal("trace"),
    "diag": diag,
    "tril": triangle("tril"),
    "triu": triangle("triu"),
    "det": of_invertible("det"),
    "inv": of_invertible("inv"),
    "solve": solve,
    "slogdet": of_invertible("slogdet"),
    "logabsdet": of_invertible("logabsdet"),
    "cholesky": cholesky,
    "matrix_power": matrix_power,
    "cofactors": of_invertible("cofactors"),
    "cofactors_along": cofactors_along,
    "cofactors_along_two": cofactors_along_two,
}
