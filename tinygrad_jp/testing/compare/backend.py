"""Another library, as far as a comparison needs it, and where to find one.

A backend has one table of calls, by the names of our rules and with our arguments, and
differentiates what is made of them. One of your own is a subclass of `Backend`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias

from tinygrad_jp.testing.compare.recorded import Step

Call: TypeAlias = Callable[..., Any]


class Ran(NamedTuple):
    """What a function gave, and the gradients by those operands that are live."""

    values: list[Any]
    gradients: list[Any]


class Backend(ABC):
    """A library that computes gradients.

    Attributes:
        name: What reports call it.
        table: What it calls each op, by the name of our rule, with our arguments.
        dtypes: The names of the dtypes that it computes in, besides float64.
    """

    name: str
    table: Mapping[str, Call]
    dtypes: frozenset[str] = frozenset({"float32"})

    @abstractmethod
    def constant(self, array: Any) -> Any:
        """An array of the library."""

    @abstractmethod
    def floating(self, value: Any) -> Any:
        """Integers or booleans of the library as float64."""

    @abstractmethod
    def run(
        self,
        function: Callable[[list[Any]], list[Any]],
        arrays: Sequence[Any],
        live: Sequence[bool],
        cotangents: Sequence[Any],
    ) -> Ran:
        """Run a function of lists of its arrays, and differentiate it.

        Args:
            function: What to run.
            arrays: NumPy arrays to give it.
            live: By which of them to differentiate.
            cotangents: One for each result, None for what is not to be differentiated.

        Returns:
            NumPy arrays: the results, and for each live array its gradient.
        """

    @abstractmethod
    def pinned(self, value: Any, array: Any) -> Any:
        """The numbers of an array, with the gradient of a value.

        Without any, where the value is another one and infinite.
        """


def applied(step: Step, backend: Backend, given: Sequence[Any]) -> Any:
    """One op on arrays of the library. Among floats, integers count as float64."""
    rule = step.rule
    operands = list(given)
    words = rule.domain * len(operands) if rule.signature.variadic else rule.domain
    for i, (array, word) in enumerate(zip(step.arrays, words)):
        counts = array.dtype.kind in "iub" and word != "boolean"
        if counts and step.result.dtype.kind == "f":
            operands[i] = backend.floating(operands[i])
    return backend.table[rule.name](*operands, **step.keywords)


PAGES = {"torch": "torch_table", "jax": "jax_table"}
"""Which page of this package has the backend of a library."""


def find(name: str) -> Backend | None:
    """The backend of a library; None where that is not installed.

    Raises:
        ValueError: No page has such a backend.
    """
    if name not in PAGES:
        raise ValueError(
            f"compare: against must be {' or '.join(map(repr, PAGES))}, or a Backend, "
            f"got {name!r}"
        )
    try:
        import_module(name)
    except ImportError:
        return None
    page = import_module(f"tinygrad_jp.testing.compare.{PAGES[name]}")
    backend: Backend = page.BACKEND
    return backend
