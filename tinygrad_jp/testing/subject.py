"""What a law is, and what it looks at: a function, a batch, and rows that differ.

A law of your own is one more `Law`: a name, a function that looks at a `Subject` and
says in words what is wrong (or returns None), and a hint at what usually causes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_jp.operands import bare
from tinygrad_jp.tensor import Tensor, asarray
from tinygrad_jp.testing.errors import SemanticsError
from tinygrad_jp.testing.flat import name_of

Array = NDArray[Any]


class InapplicableError(TypeError):
    """A law was asked of something that it does not apply to."""


class Subject:
    """A function, a batch to try it on, and what laws need to look at them.

    Calling it gives the function's result as an array. Arrays that go with the batch,
    such as labels, go with it: their rows move with those of the batch.

    Attributes:
        name: What errors call the function.
        x: The batch: at least two rows, no two of them equal; float64 or integers.
        data: The arrays that go with it, by the name of the function's argument.
        batch_axis: The axis along which the rows lie, in the batch and in the result.
        rng: For what a law draws.
        keeps_dtype: Whether a float32 batch must give a float32 result.

    Example:
        >>> from tinygrad_jp.testing import Subject
        >>> x = np.array([[1.0, 3.0], [2.0, 8.0]])
        >>> subject = Subject(lambda x: tg.mean(x, axis=1), x)
        >>> subject(subject.x), subject.alone([1])
        (array([2., 5.]), array([5.]))
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        x: Array,
        batch_axis: int = 0,
        rng: np.random.Generator | None = None,
        *,
        data: Mapping[str, Any] | None = None,
        keeps_dtype: bool = True,
    ) -> None:
        self.fn = fn
        self.name = name_of(fn)
        self.x = x
        self.data = dict(data or {})
        self.batch_axis = batch_axis
        self.rng = rng or np.random.default_rng(0)
        self.keeps_dtype = keeps_dtype

    @property
    def count(self) -> int:
        """How many rows the batch has."""
        return int(self.x.shape[self.batch_axis])

    def __call__(self, batch: Any, where: Any = slice(None)) -> Array:
        """The result for a batch, which the function gets as a read-only Tensor.

        Args:
            batch: An array.
            where: With which rows of `data` it goes: a slice or a list of numbers.

        Raises:
            SemanticsError: The function returns neither a Tensor nor an array.
        """
        given = asarray(batch)
        data = {key: self._with(given, a, where) for key, a in self.data.items()}
        with np.errstate(all="ignore"):  # a moved row may leave the domain
            result = self.fn(given, **data)
        if isinstance(result, Tensor):
            return result.data
        if isinstance(result, (np.ndarray, np.generic)):
            return np.asarray(result)
        raise SemanticsError(
            f"{self.name}: must return a Tensor or an array, got "
            f"{type(result).__name__}"
        )

    def alone(self, where: Any) -> Array:
        """The result for some rows as a batch of their own, in the order given.

        Args:
            where: A slice, or a list of row numbers; one may come twice.
        """
        return self(self.rows(self.x, where), where)

    def rows(self, array: Array, where: Any) -> Array:
        """Some rows of a batch or of a result; a slice or a list of numbers."""
        return along(array, self.batch_axis, where)

    def on_copies(self) -> dict[str, tuple[Array, Array]]:
        """Run the function on copies that it can write to: each before and after it."""
        before = {"x": self.x, **{k: np.asarray(a) for k, a in self.data.items()}}
        after = {key: array.copy() for key, array in before.items()}
        batch = Tensor(self.x)
        data = {
            key: bare(after[key]) if isinstance(array, Tensor) else after[key]
            for key, array in self.data.items()
        }
        with np.errstate(all="ignore"):
            self.fn(batch, **data)
        after["x"] = batch.data
        return {key: (array, after[key]) for key, array in before.items()}

    def has_rows(self, result: Array) -> bool:
        """Whether a result has a row for each of the batch."""
        axis, shape = self.batch_axis, result.shape
        return -len(shape) <= axis < len(shape) and shape[axis] == self.count

    def some_rows(self) -> list[int]:
        """A few row numbers: 1, 0, the last and one between, as far as there are."""
        between = int(self.rng.integers(self.count))
        return list(dict.fromkeys([1, 0, self.count - 1, between]))

    def differing(self, result: Array, expected: Array) -> list[int]:
        """The rows in which two results of one shape differ by more than rounding."""
        off = apart(result, expected)
        axes = tuple(i for i in range(off.ndim) if i != self.batch_axis % off.ndim)
        return [int(i) for i in np.flatnonzero(off.any(axis=axes))]

    def scale(self) -> float:
        """The largest number of the batch, without sign; 1 where all are 0."""
        return float(np.abs(self.x).max(initial=0.0)) or 1.0

    def floats(self, law: str) -> Array:
        """The batch, where a law makes sense for floating-point numbers only.

        Raises:
            InapplicableError: It holds integers.
        """
        if self.x.dtype.kind != "f":
            raise InapplicableError(
                f"{law}: needs a batch of floating-point numbers, got {self.x.dtype}"
            )
        return self.x

    def _with(self, given: Tensor, array: Any, where: Any) -> Any:
        """Data for some of the rows, as what it came; floats in the batch's dtype."""
        values = np.asarray(array)
        values = along(values, data_axis(values.ndim, self.batch_axis), where)
        if values.dtype.kind == "f" and given.dtype.kind == "f":
            values = values.astype(given.dtype)
        values = values.view()
        values.flags.writeable = False
        return asarray(values) if isinstance(array, Tensor) else values


@dataclass(frozen=True)
class Law:
    """Something that a function of batches must do.

    Attributes:
        name: What to call it, in messages and in `SemanticsError.law`.
        broken: Looks at a subject and returns in words what is wrong, or None.
        hint: What usually causes that, in a line.
        of_rows: Whether a function that mixes rows on purpose is free of it.

    Example:
        >>> from tinygrad_jp.testing import Law, check_semantics
        >>> def broken(subject):
        ...     result = subject(subject.x)
        ...     if (result < 0).any():
        ...         return f"returns {result.min():.2f}"
        >>> not_negative = Law("not negative", broken, hint="a square is missing")
        >>> check_semantics(tg.square, laws=[not_negative])[-1]
        'not negative'
        >>> check_semantics(tg.tanh, laws=[not_negative])
        Traceback (most recent call last):
            ...
        tinygrad_jp.testing.errors.SemanticsError: tanh: returns -0.85
          law: not negative
          usual cause: a square is missing
    """

    name: str
    broken: Callable[[Subject], str | None]
    hint: str = ""
    of_rows: bool = False

    def check(self, subject: Subject) -> None:
        """Raise what the law has to say of a subject.

        Raises:
            SemanticsError: The law is broken, or the function fails when the law calls
                it, for instance with a batch of one.
        """
        try:
            problem = self.broken(subject)
        except (SemanticsError, InapplicableError):
            raise
        except Exception as error:
            problem = f"raises {type(error).__name__}: {error}"
            raise self._error(subject, problem) from error
        if problem is not None:
            raise self._error(subject, problem)

    def _error(self, subject: Subject, problem: str) -> SemanticsError:
        text = f"{subject.name}: {problem}\n  law: {self.name}"
        if self.hint:
            text += f"\n  usual cause: {self.hint}"
        return SemanticsError(text, self.name)


def along(array: Array, axis: int, where: Any) -> Array:
    """Some of the rows along an axis."""
    index: list[Any] = [slice(None)] * array.ndim
    index[axis] = where
    found: Array = array[tuple(index)]
    return found


def data_axis(ndim: int, batch_axis: int) -> int:
    """The axis along which the rows of data lie: that of the batch, where it has it."""
    return batch_axis if ndim > 1 else 0


def apart(result: Array, expected: Array) -> NDArray[np.bool_]:
    """Where two results differ by more than rounding.

    That is, in the first half of the digits that the narrower dtype of the two has.
    NaN equals NaN.
    """
    kinds = [a.dtype for a in (result, expected) if a.dtype.kind == "f"]
    epsilon = max((float(np.finfo(kind).eps) for kind in kinds), default=0.0)
    finite = np.abs(expected[np.isfinite(expected)].astype(np.float64))
    allowed = np.sqrt(epsilon) * finite.max(initial=0.0)
    return ~np.isclose(
        result.astype(np.float64), expected, rtol=0.0, atol=allowed, equal_nan=True
    )


def difference(result: Array, expected: Array) -> str | None:
    """Where two results differ most, with both numbers; None where they do not.

    Example:
        >>> from tinygrad_jp.testing import difference
        >>> difference(np.array([1.0, 2.0]), np.array([1.0, 3.0]))
        '2 instead of 3 at [1]'
    """
    if result.shape != expected.shape:
        return f"shape {result.shape} instead of {expected.shape}"
    off = apart(result, expected)
    if not off.any():
        return None
    with np.errstate(all="ignore"):
        gap = np.abs(result.astype(np.float64) - expected.astype(np.float64))
    gap = np.where(np.isnan(gap), np.inf, gap)
    worst = np.unravel_index(int(np.where(off, gap, -1.0).argmax()), off.shape)
    one, other = two_numbers(result[worst], expected[worst])
    more = int(off.sum()) - 1
    also = f" (and {more} more)" if more else ""
    return f"{one} instead of {other}{place(worst)}{also}"


def two_numbers(one: Any, other: Any) -> tuple[str, str]:
    """Two numbers, with as many digits as it takes to tell them apart."""
    for digits in (6, 12):
        texts = f"{float(one):.{digits}g}", f"{float(other):.{digits}g}"
        if texts[0] != texts[1]:
            return texts
    return repr(float(one)), repr(float(other))


def place(index: Any) -> str:
    """An index in words; nothing for that of a scalar."""
    return f" at [{', '.join(str(int(i)) for i in index)}]" if len(index) else ""


def other_numbers(
    rows: Array, size: float, batch: Array, rng: np.random.Generator
) -> Array:
    """Other numbers of the same kind: positive stays positive, integers stay known."""
    if batch.dtype.kind != "f":
        known = np.unique(batch)
        steps = rng.integers(1, max(len(known), 2), rows.shape)
        return np.asarray(known[(np.searchsorted(known, rows) + steps) % len(known)])
    step = size * (1 + 0.25 * rng.normal(size=rows.shape))
    if (batch > 0).all():
        return np.asarray(rows * np.exp(step / 2))
    return np.asarray(rows + step * (np.abs(batch).max() or 1.0))
