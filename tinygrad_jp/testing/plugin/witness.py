"""Sees every call of `gradcheck` and `check_semantics`, whoever makes it.

Tests import these by name, so what is replaced is not a name: while someone watches,
both functions run another code, as lifted ops do under `record.watching`. Otherwise
they are what they are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock
from time import perf_counter
from types import FunctionType
from typing import Any, TypeAlias, cast

from tinygrad_jp.testing.gradcheck import Report, gradcheck
from tinygrad_jp.testing.inputs import name_of
from tinygrad_jp.testing.plugin.example import Example, attach
from tinygrad_jp.testing.semantics import check_semantics

Function: TypeAlias = Callable[..., Any]


@dataclass
class Checked:
    """What a test has found of a function.

    Attributes:
        name: What errors call it.
        gradient: The reports of all checks of its gradient that passed, added up.
        batches: For how many batches its meaning was checked and was right.
        laws: The laws that held, each time.
        refused: How many checks failed.
        seconds: How long it all took.
    """

    name: str
    gradient: Report | None = None
    batches: int = 0
    laws: tuple[str, ...] = ()
    refused: int = 0
    seconds: float = 0.0

    def add(self, result: Any) -> None:
        """Count what a checker returned."""
        if isinstance(result, Report):
            self.gradient = self.gradient + result if self.gradient else result
        else:
            first = not self.batches
            self.laws = tuple([law for law in result if first or law in self.laws])
            self.batches += 1

    def plain(self) -> dict[str, Any]:
        """As numbers and text alone, which may go to another process."""
        found = {"points": 0, "order": 0, "kinks": 0, "meetings": 0, "directions": 0}
        gradient = self.gradient
        if gradient is not None:
            found = {name: int(getattr(gradient, name)) for name in found}
        return {
            **found,
            "name": self.name,
            "worst": float(gradient.worst) if gradient else None,
            "batches": self.batches,
            "laws": list(self.laws),
            "refused": self.refused,
            "seconds": self.seconds,
        }


class Witness:
    """What the checks of one test have found, by the name of the function."""

    def __init__(self) -> None:
        self.found: dict[str, Checked] = {}

    def saw(self, called: Function, arguments: Any, keywords: Any) -> Any:
        """Make a call of a checker, and note what came of it."""
        try:
            given = _SIGNATURES[called].bind(*arguments, **keywords).arguments
        except TypeError:
            return _plain[called](*arguments, **keywords)  # raises it as its own
        function = given["fn"]
        name = name_of(function)
        checked = self.found.setdefault(name, Checked(name))
        start = perf_counter()
        try:
            result = _plain[called](*arguments, **keywords)
        except AssertionError as error:
            checked.refused += 1
            attach(error, _example(called, given))
            raise
        finally:
            checked.seconds += perf_counter() - start
        checked.add(result)
        return result


def _example(called: Function, given: Mapping[str, Any]) -> Example:
    function = given["fn"]
    rest = {**given, **given.get("keywords", {})}
    for name in ("fn", "inputs", "keywords"):
        rest.pop(name, None)
    if called is gradcheck:
        inputs = given.get("inputs", ())
        return Example(
            called, function, dict(zip(_labels(function, len(inputs)), inputs)), rest
        )
    batch = {name: rest.pop(name) for name in ("x",) if rest.get(name) is not None}
    return Example(called, function, batch, rest)


def _labels(function: Function, count: int) -> list[str]:
    """What to call the inputs: the function's parameters, or x0, x1."""
    called = getattr(function, "forward", function)  # of a module or a rule
    try:
        parameters = list(inspect.signature(called).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind <= p.POSITIONAL_OR_KEYWORD][:count]
    return [*names, *[f"x{i}" for i in range(len(names), count)]]


# --- watching --------------------------------------------------------------------

_CHECKERS: tuple[FunctionType, ...] = (
    cast("FunctionType", gradcheck),
    cast("FunctionType", check_semantics),
)
_SIGNATURES: dict[Function, inspect.Signature] = {
    checker: inspect.signature(checker) for checker in _CHECKERS
}
_lock = Lock()
_plain: dict[Function, FunctionType] = {}
"""The checkers themselves, under the watched ones."""
_watches = 0
_witness: ContextVar[Witness | None] = ContextVar("tinygrad_jp.witness", default=None)


def _watched(*arguments: Any, _told: Any, **keywords: Any) -> Any:
    """What a checker runs while someone watches, in whatever thread."""
    return _told(arguments, keywords)


@contextmanager
def watching_checks(witness: Witness) -> Iterator[None]:
    """Show every check of the block to a witness."""
    global _watches
    with _lock:
        _watches += 1
        if _watches == 1:
            for checker in _CHECKERS:
                _watch(checker)
    token = _witness.set(witness)
    try:
        yield
    finally:
        _witness.reset(token)
        with _lock:
            _watches -= 1
            if not _watches:
                for checker in _CHECKERS:
                    _unwatch(checker)


def _watch(checker: FunctionType) -> None:
    plain = FunctionType(checker.__code__, checker.__globals__, checker.__name__)
    plain.__defaults__ = checker.__defaults__
    plain.__kwdefaults__ = checker.__kwdefaults__
    _plain[checker] = plain

    def told(arguments: Any, keywords: Any) -> Any:
        witness = _witness.get()
        if witness is None:
            return plain(*arguments, **keywords)
        return witness.saw(checker, arguments, keywords)

    checker.__signature__ = _SIGNATURES[checker]  # type: ignore[attr-defined] # PEP 362
    checker.__kwdefaults__ = {"_told": told}
    checker.__code__ = _watched.__code__


def _unwatch(checker: FunctionType) -> None:
    plain = _plain.pop(checker)
    checker.__code__ = plain.__code__
    checker.__kwdefaults__ = plain.__kwdefaults__
    vars(checker).pop("__signature__", None)
