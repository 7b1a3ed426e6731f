"""Shape signatures: which arrays a function takes, in a line.

    N,D                         one array with two axes, of any lengths
    N,D; D,M -> N,M             two that fit, and the shape of the result
    x: N,K; t: N in K -> ()     labels below K for each row, and a number
    ..., 4 in positive          any leading axes, then 4; numbers above 0

The same name is the same length. This page knows neither NumPy nor Hypothesis.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Any, NamedTuple, TypeAlias

Axis: TypeAlias = "str | int | EllipsisType"
Axes: TypeAlias = "tuple[Axis, ...]"

ANY = "_"
"""An axis of any length, each time another one."""

_TOKEN = re.compile(r"\s*(?:(->|\.\.\.|[^\W\d]\w*|\d+|[^\s]))")


class SignatureError(ValueError):
    """A shape signature that cannot be read; shows where."""

    def __init__(self, problem: str, text: str, start: int, stop: int) -> None:
        marks = " " * start + "^" * max(stop - start, 1)
        at = f"at character {start + 1}" if start < len(text) else "at the end"
        super().__init__(f"gradtest: {problem}, {at} of\n    {text}\n    {marks}")


@dataclass(frozen=True)
class Argument:
    """One array.

    Attributes:
        name: The function's parameter; None where only the position tells.
        axes: A name, a length, or ... for any axes.
        within: What counts the labels, if it is one, or the kind of numbers.
    """

    name: str | None
    axes: Axes
    within: str | int | None = None


@dataclass(frozen=True)
class Signature:
    """What a function takes and gives.

    Attributes:
        text: As it was written.
        arguments: The arrays that it takes.
        results: The shapes that it returns; None where nothing is said of them.
    """

    text: str
    arguments: tuple[Argument, ...]
    results: tuple[Axes, ...] | None

    @property
    def sizes(self) -> list[str]:
        """The names of lengths, in their order."""
        named = [a for one in self.arguments for a in one.axes if isinstance(a, str)]
        return [name for name in dict.fromkeys(named) if name != ANY]


def lengths(
    axes: Axes, shape: tuple[int, ...], known: dict[Axis, Any]
) -> tuple[Any, ...] | None:
    """Fit a shape to axes, and note in `known` what lengths it gives them.

    Returns:
        The shape that would have fitted, where this one does not, else None.
    """
    before = axes.index(...) if ... in axes else len(axes)
    stop = len(shape) - max(len(axes) - before - 1, 0)
    pieces: list[Any] = list(shape)
    if ... in axes:
        pieces[before:stop] = [shape[before:stop]]
    if len(pieces) != len(axes):
        return expected(axes, known)
    for axis, length in zip(axes, pieces):
        if axis != ANY:
            known.setdefault(axis, axis if isinstance(axis, int) else length)
    wanted = [got if axis == ANY else known[axis] for axis, got in zip(axes, pieces)]
    return None if wanted == pieces else expected(axes, known)


def expected(axes: Axes, known: dict[Axis, Any]) -> tuple[Any, ...]:
    """The shape that axes stand for; a name where its length is not known."""
    found: list[Any] = []
    for axis in axes:
        length = known.get(axis, axis)
        found += length if isinstance(length, tuple) else [length]
    return tuple(found)


def parse(text: str, kinds: Collection[str]) -> Signature:
    """Read a signature.

    Args:
        text: As on this page's head.
        kinds: The kinds of numbers that may stand after ``in``.

    Raises:
        SignatureError: It cannot be read; names the place.
    """
    return _Reader(text, kinds).signature()


class _Token(NamedTuple):
    text: str
    start: int
    stop: int

    @property
    def is_name(self) -> bool:
        return self.text.isidentifier() and self.text != "in"


class _Reader:
    """Reads from left to right, one token at a time."""

    def __init__(self, text: str, kinds: Collection[str]) -> None:
        if not isinstance(text, str):
            raise TypeError(
                f"gradtest: needs a shape signature such as 'N,D', got "
                f"{type(text).__name__}"
            )
        self._text = text
        self._kinds = kinds
        found = list(_TOKEN.finditer(text))
        self._tokens = [_Token(m[1], m.start(1), m.end(1)) for m in found]
        self._tokens.append(_Token("", len(text.rstrip()), len(text.rstrip()) + 1))
        self._at = 0
        self._used: dict[str, _Token] = {}

    def signature(self) -> Signature:
        arguments = [self._argument()]
        while self._took(";"):
            arguments.append(self._argument())
        known = set(self._used)
        results = None
        if self._took("->"):
            results = [self._axes()]
            while self._took(";"):
                results.append(self._axes())
            self._check_further(arguments, results)
            for name in set(self._used) - known - {ANY}:
                self._refuse(
                    f"no argument has the length {name!r}; write {ANY} for any length",
                    self._used[name],
                )
        if self._now.text:
            self._refuse(f"{self._now.text!r} is out of place{self._advice()}")
        made = Signature(
            self._text, tuple(arguments), None if results is None else tuple(results)
        )
        self._check_labels(made)
        return made

    def _argument(self) -> Argument:
        name = None
        if self._now.is_name and self._tokens[self._at + 1].text == ":":
            name = self._now.text
            self._at += 2
        axes = self._axes()
        return Argument(name, axes, self._within() if self._took("in") else None)

    def _axes(self) -> Axes:
        closing = self._took("(")
        axes = list(self._listed())
        if closing and not self._took(")"):
            self._refuse("a bracket is not closed" + self._got())
        if not axes and not closing:
            self._refuse(
                "a shape is missing; write () for a single number" + self._got()
            )
        return tuple(axes)

    def _listed(self) -> Iterator[Axis]:
        further = False
        while self._now.is_name or self._now.text == "..." or self._now.text.isdigit():
            token = self._now
            if token.text == "...":
                if further:
                    self._refuse("... may stand only once in a shape")
                further = True
                yield ...
            elif token.is_name:
                self._used.setdefault(token.text, token)
                yield token.text
            else:
                yield self._number()
                self._at -= 1
            self._at += 1
            if not self._took(","):
                return

    def _number(self) -> int:
        token = self._now
        if int(token.text) == 0:
            self._refuse("a length must be 1 or more")
        self._at += 1
        return int(token.text)

    def _within(self) -> str | int:
        """What stands after ``in``: a number, a length, or words for a kind."""
        if self._now.text.isdigit():
            return self._number()
        first = self._now
        words = []
        while self._now.is_name:
            words.append(self._now.text)
            self._at += 1
        name = " ".join(words)
        if name not in self._kinds and len(words) != 1:
            last = self._tokens[self._at - 1] if words else first
            self._refuse(
                f"in needs what counts the labels, or a kind of numbers "
                f"({', '.join(self._kinds)})" + ("" if words else self._got()),
                _Token(name, first.start, last.stop),
            )
        if name not in self._kinds:
            self._used.setdefault(f"in {name}", first)
        return name

    def _check_further(
        self, arguments: Sequence[Argument], results: Sequence[Axes]
    ) -> None:
        taken = any(... in argument.axes for argument in arguments)
        if not taken and any(... in axes for axes in results):
            arrow = self._text.index("->")
            token = next(t for t in self._tokens if t.text == "..." and t.start > arrow)
            self._refuse("no argument has further axes", token)

    def _check_labels(self, made: Signature) -> None:
        """Refuse a misspelt kind, which looks like a length."""
        for argument in made.arguments:
            word = argument.within
            if isinstance(word, str) and word not in (*self._kinds, *made.sizes):
                self._refuse(
                    f"{word!r} is neither a length of an argument nor a kind of "
                    f"numbers ({', '.join(self._kinds)})",
                    self._used[f"in {word}"],
                )

    @property
    def _now(self) -> _Token:
        return self._tokens[self._at]

    def _took(self, text: str) -> bool:
        if self._now.text != text:
            return False
        self._at += 1
        return True

    def _got(self) -> str:
        return f", got {self._now.text!r}" if self._now.text else ""

    def _advice(self) -> str:
        token = self._now
        before = self._tokens[self._at - 1] if self._at else token
        if token.text in ("(", ",") and before.text in (")", ","):
            return "; arguments are separated by ;"
        if token.text == "in":
            return "; only of arguments it is said what numbers they hold"
        if token.text.isidentifier() or token.text.isdigit() or token.text == "...":
            return "; axes are separated by commas"
        if token.text == ":":
            return "; before it stands the name of one argument"
        return "; an axis is a name, a number or ..."

    def _refuse(self, problem: str, token: _Token | None = None) -> None:
        token = token or self._now
        raise SignatureError(problem, self._text, token.start, token.stop)
