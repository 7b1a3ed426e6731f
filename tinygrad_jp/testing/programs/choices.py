"""Choices that are made while a program is written, one byte each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class Choices:
    """What decides, drawn beforehand: every byte is one choice, and 0 the simplest."""

    def __init__(self) -> None:
        self._choices = b""
        self._next = 0

    def choose_by(self, choices: bytes) -> None:
        """What decides from here on; when it is used up, the simplest is chosen."""
        self._choices = choices
        self._next = 0

    def below(self, count: int) -> int:
        """A number from 0 to `count - 1`, which may be up to 256."""
        if self._next >= len(self._choices):
            return 0
        self._next += 1
        return self._choices[self._next - 1] % count

    def of(self, options: Sequence[T]) -> T:
        """One of several, the simplest of which comes first."""
        return options[self.below(len(options))]

    def flag(self) -> bool:
        """True or False, which is simpler."""
        return bool(self.below(2))

    def one_axis(self, ndim: int) -> int:
        """An axis, counted from either end."""
        axis = self.below(2 * ndim)
        return axis if axis < ndim else axis - 2 * ndim

    def axis(self, ndim: int, *, tuples: bool = True, empty: bool = True) -> Any:
        """Any form of axis: None, a number, a tuple (an empty one too)."""
        kind = self.below(5) if ndim else 0
        if kind == 0:
            return None
        if kind < 3 or not tuples:
            return self.one_axis(ndim)
        chosen = self.below(2**ndim)
        negative = self.below(2**ndim)
        axes = [
            i - ndim if negative >> i & 1 else i for i in range(ndim) if chosen >> i & 1
        ]
        return tuple(axes) if axes or empty else self.one_axis(ndim)

    def order(self, count: int) -> list[int]:
        """The numbers below `count` in any order."""
        left = list(range(count))
        return [left.pop(self.below(len(left))) for _ in range(count)]
