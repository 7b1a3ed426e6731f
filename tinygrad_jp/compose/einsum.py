"""``einsum``: sums of products, written with a letter for each axis.

    einsum("ij,jk->ik", x, y)

reads: element i, k of the result is the sum over j of ``x[i, j] * y[j, k]``. A letter
left of the arrow names an axis; equal letters walk together; a letter that is not right
of the arrow is summed over. Three steps lead there:

1. Read the letters (`_plan`): which axes there are, how long, what to multiply first.
2. Make each operand simple (`_simple`): a letter twice in it is a diagonal, and an axis
   of length 1 that another operand has longer is left out, because it only repeats.
3. Multiply two operands at a time (`_multiplied`), until one is left. With the axes
   sorted into those of both, of one alone, and summed, this is a matrix product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp.compose.linalg import diagonal
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import as_tensor

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_Labels: TypeAlias = tuple[str | int, ...]
"""A name for each axis: its letter, or, where an ellipsis stands for it, a number below
0, counted from the ellipsis's last axis as in broadcasting."""


class _Plan(NamedTuple):
    """What a specification means for operands of given shapes."""

    terms: tuple[_Labels, ...]
    result: _Labels
    lengths: dict[str | int, int]
    order: tuple[tuple[int, ...], ...]
    """Which operands to multiply next, by place; the product goes to the end."""


def einsum(subscripts: str, /, *operands: Operand) -> Tensor:
    """Sum of products over axes that are named by letters. NumPy's ``np.einsum``.

    Args:
        subscripts: Such as ``"ij,jk->ik"``: the axes of each operand, and of the
            result. A letter twice in one operand takes its diagonal; ``...`` stands
            for further axes, which broadcast. Without an arrow, the result has these,
            then the letters that occur once, in alphabetical order.
        operands: One for each part between the commas.

    Three and more operands are multiplied two at a time, in the order that
    ``np.einsum_path`` finds cheap.

    Raises:
        ShapeError: The letters do not fit the operands.
        TypeError: NumPy's other form, with lists of numbers for letters.
        ValueError: The subscripts cannot be read.

    Example:
        >>> import tinygrad_jp as tg
        >>> x = tg.Tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> tg.einsum("ij,j->i", x, np.array([1.0, 10.0]))
        Tensor([21., 43.])
        >>> tg.einsum("ii", x)
        Tensor(5.)
    """
    if not isinstance(subscripts, str):
        raise TypeError(
            "einsum: needs the subscripts first, such as 'ij,jk->ik', got "
            f"{type(subscripts).__name__}; the form with lists of numbers is not known"
        )
    tensors = [as_tensor("einsum", x) for x in operands]
    dtype: Any = np.result_type(*[x.dtype for x in tensors]) if tensors else None
    tensors = [x if x.dtype == dtype else x.astype(dtype) for x in tensors]
    plan = _plan("".join(subscripts.split()), tuple([x.shape for x in tensors]))
    waiting = [
        _simple(x, labels, plan.lengths) for x, labels in zip(tensors, plan.terms)
    ]
    for places in plan.order:
        chosen = [waiting[i] for i in places]
        waiting = [pair for i, pair in enumerate(waiting) if i not in places]
        while len(chosen) > 1:
            (x, x_labels), (y, y_labels), *chosen = chosen
            later = {*plan.result, *_all_of(waiting), *_all_of(chosen)}
            x, x_labels = _summed(x, x_labels, later.union(y_labels))
            y, y_labels = _summed(y, y_labels, later.union(x_labels))
            chosen.insert(0, _multiplied(x, x_labels, y, y_labels, later))
        waiting += chosen
    ((x, labels),) = waiting
    x, labels = _summed(x, labels, plan.result)
    return _arranged(x, labels, plan.result)


# --- reading the letters -----------------------------------------------------------


@lru_cache(maxsize=1024)
def _plan(subscripts: str, shapes: tuple[tuple[int, ...], ...]) -> _Plan:
    inputs, arrow, output = subscripts.partition("->")
    parts = inputs.split(",")
    for part in [*parts, output]:
        letters = part.replace("...", "", 1)
        wrong = next((c for c in letters if c not in _LETTERS), None)
        if wrong is not None:
            raise ValueError(
                f"einsum: {subscripts!r} has {wrong!r} in {part!r}; an axis is a "
                "letter, and further axes are '...', once for each operand"
            )
    if len(parts) != len(shapes):
        raise ValueError(
            f"einsum: {subscripts!r} is for {len(parts)} operands, got {len(shapes)}"
        )
    terms = tuple(
        [
            _labels(subscripts, i, part, s)
            for i, (part, s) in enumerate(zip(parts, shapes))
        ]
    )
    lengths = _lengths(subscripts, terms, shapes)
    further = sorted(label for label in lengths if isinstance(label, int))
    if arrow:
        result = _result(subscripts, output, set(inputs), further)
    else:
        count = Counter(inputs)
        once = [c for c in _LETTERS if count[c] == 1]
        result = (*further, *sorted(once))
    return _Plan(terms, result, lengths, _order(subscripts, shapes))


def _labels(subscripts: str, place: int, part: str, shape: tuple[int, ...]) -> _Labels:
    """A label for each axis of an operand."""
    before, dots, after = part.partition("...")
    further = len(shape) - len(before) - len(after)
    if further < 0 or (further and not dots):
        hint = "" if dots or further < 0 else "; '...' stands for further axes"
        raise ShapeError(
            f"einsum: in {subscripts!r} operand {place} has the axes {part!r}, "
            f"got shape {shape}{hint}"
        )
    return (*before, *range(-further, 0), *after)


def _lengths(
    subscripts: str, terms: Sequence[_Labels], shapes: Sequence[tuple[int, ...]]
) -> dict[str | int, int]:
    """How long each labelled axis is; a length of 1 fits any other operand's."""
    lengths: dict[str | int, int] = {}
    for place, (labels, shape) in enumerate(zip(terms, shapes)):
        own: dict[str | int, int] = {}
        for label, n in zip(labels, shape):
            if own.setdefault(label, n) != n:
                raise ShapeError(
                    f"einsum: {subscripts!r} takes a diagonal of operand {place} over "
                    f"{label!r}, whose lengths must be equal, got {own[label]} and {n} "
                    f"in {shape}"
                )
        for label, n in own.items():
            known = lengths.setdefault(label, n)
            if known == 1:
                lengths[label] = n
            elif n not in (1, known):
                name = (
                    repr(label) if isinstance(label, str) else f"axis {label} of '...'"
                )
                got = ", ".join(map(str, shapes))
                raise ShapeError(
                    f"einsum: in {subscripts!r} the index {name} has length {known}, "
                    f"but {n} in operand {place}; got shapes {got}"
                )
    return lengths


def _result(
    subscripts: str, output: str, known: set[str], further: list[int]
) -> _Labels:
    """The labels right of the arrow."""
    before, dots, after = output.partition("...")
    letters = before + after
    for letter in letters:
        if letter not in known:
            raise ValueError(
                f"einsum: {subscripts!r} has {letter!r} in the result, but no operand "
                "has that axis"
            )
        if letters.count(letter) > 1:
            raise ValueError(
                f"einsum: {subscripts!r} has {letter!r} twice in the result, where "
                "each axis stands once"
            )
    if further and not dots:
        raise ValueError(
            f"einsum: in {subscripts!r} '...' stands for {len(further)} axes, which "
            "the result must have too; put '...' right of the arrow"
        )
    return (*before, *further, *after)


def _order(
    subscripts: str, shapes: tuple[tuple[int, ...], ...]
) -> tuple[tuple[int, ...], ...]:
    """Which operands to multiply first, as NumPy finds it from the shapes alone."""
    if len(shapes) < 3:
        return (tuple(range(len(shapes))),)
    nothing = np.zeros(())
    shaped = [np.broadcast_to(nothing, shape) for shape in shapes]
    path = np.einsum_path(subscripts, *shaped, optimize="greedy")[0]
    return tuple([tuple(places) for places in path[1:]])


# --- multiplying -------------------------------------------------------------------


def _all_of(pairs: Iterable[tuple[Tensor, _Labels]]) -> set[str | int]:
    return {label for _, labels in pairs for label in labels}


def _simple(
    x: Tensor, labels: _Labels, lengths: dict[str | int, int]
) -> tuple[Tensor, _Labels]:
    """`x` with each label once, and without axes that only repeat."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            x = diagonal(x, 0, first, second)
            rest = labels[:first] + labels[first + 1 : second] + labels[second + 1 :]
            labels = (*rest, label)
    kept = [i for i, label in enumerate(labels) if x.shape[i] == lengths[label]]
    if len(kept) < len(labels):
        x = f.reshape(x, tuple([x.shape[i] for i in kept]))
        labels = tuple([labels[i] for i in kept])
    return x, labels


def _summed(
    x: Tensor, labels: _Labels, needed: Iterable[str | int]
) -> tuple[Tensor, _Labels]:
    """`x` summed over the axes that nobody needs any more."""
    needed = set(needed)
    gone = tuple([i for i, label in enumerate(labels) if label not in needed])
    if not gone:
        return x, labels
    total = f.sum(x, axis=gone)
    if total.dtype != x.dtype:  # einsum keeps small integers and booleans as they are
        total = total.astype(x.dtype)
    return total, tuple([label for label in labels if label in needed])


def _arranged(x: Tensor, labels: _Labels, wanted: _Labels) -> Tensor:
    """`x` with its axes in another order."""
    if labels == wanted:
        return x
    return f.permute_dims(x, tuple([labels.index(label) for label in wanted]))


def _multiplied(
    x: Tensor,
    x_labels: _Labels,
    y: Tensor,
    y_labels: _Labels,
    later: set[str | int],
) -> tuple[Tensor, _Labels]:
    """Two operands' product, summed over what both have and nobody needs later."""
    both = [label for label in x_labels if label in y_labels]
    stack = tuple([label for label in both if label in later])
    inner = tuple([label for label in both if label not in later])
    x_own = tuple([label for label in x_labels if label not in both])
    y_own = tuple([label for label in y_labels if label not in both])
    x = _arranged(x, x_labels, stack + x_own + inner)
    y = _arranged(y, y_labels, stack + inner + y_own)
    own = len(stack), len(stack) + len(x_own)
    stacked, rows = x.shape[: own[0]], x.shape[own[0] : own[1]]
    columns = y.shape[len(stack) + len(inner) :]
    if inner:
        summed = prod(x.shape[own[1] :])
        x = f.reshape(x, (*stacked, prod(rows), summed))
        y = f.reshape(y, (*stacked, summed, prod(columns)))
        product = f.matmul(x, y)
    else:
        x = f.reshape(x, x.shape + (1,) * len(columns))
        product = f.multiply(x, f.reshape(y, (*stacked, *[1] * len(rows), *columns)))
    return f.reshape(product, stacked + rows + columns), stack + x_own + y_own
