"""Guards: what must be as it was when a test ends.

Each is a context manager around the call of a test. What it finds it says in
`problem`, which is None where all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any

import numpy as np

from tinygrad_jp import record
from tinygrad_jp.errors.origin import Line, user_line
from tinygrad_jp.mode import Mode, Watcher, _mode, current
from tinygrad_jp.record import watching
from tinygrad_jp.tensor import Tensor
from tinygrad_jp.testing.parameters import is_module, parameters_of
from tinygrad_jp.testing.plugin.leaks import Leaks
from tinygrad_jp.tree import leaves, paths

FEW = 5
"""So many findings are listed."""


class Guard:
    """Looks before a test, and after it."""

    problem: str | None = None

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self._inputs = inputs

    def __enter__(self) -> Guard:
        self.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.problem = self.end()

    def begin(self) -> None:
        """Remember how things are."""

    def end(self) -> str | None:
        """What is not as it was."""
        raise NotImplementedError


class NoLeaks(Guard):
    """No Tensor lives on that was not there before."""

    _cycles = False

    def begin(self) -> None:
        """Remember the Tensors that there are."""
        self._leaks = Leaks()

    def end(self) -> str | None:
        """Which others there are now, and who holds them."""
        return self._leaks.found(cycles=self._cycles)


class NoCycles(NoLeaks):
    """No Tensor waits for the cyclic garbage collector either."""

    _cycles = True


class NoFloat64(Guard, Watcher):
    """No op makes float64 out of float32."""

    def begin(self) -> None:
        """Watch the ops."""
        self._found: dict[str, None] = {}
        self._watching = watching(self)
        self._watching.__enter__()

    def end(self) -> str | None:
        """The ops that did, and their lines."""
        self._watching.__exit__(None, None, None)
        if not self._found:
            return None
        return _listed("float64 crept into float32 work", list(self._found))

    def ran(
        self,
        rule: Any,
        operands: tuple[Any, ...],
        keywords: Mapping[str, Any],
        result: Any,
    ) -> None:
        """An op has run: were all its floating-point Tensors narrower?"""
        if result.dtype != np.float64 or keywords.get("dtype") is not None:
            return
        tensors = [x.dtype for x in operands if isinstance(x, Tensor)]
        floats = [dtype for dtype in tensors if dtype.kind == "f"]
        if floats and np.float64 not in floats:
            line: Line | None = user_line()
            causes = [text for x in operands for text in _widening(x)]
            cause = f" because of {causes[0]}" if causes else ""
            where = f"\n      {line}" if line else ""
            self._found[f"{rule.name} gave float64 for {floats[0]}{cause}{where}"] = (
                None
            )


def _widening(operand: Any) -> Iterable[str]:
    """An operand that float32 does not hold."""
    if not isinstance(operand, (Tensor, np.ndarray, np.generic)):
        return
    if operand.dtype.kind not in "fb" or operand.dtype == np.float64:
        kind = "a Tensor" if isinstance(operand, Tensor) else "an array"
        yield f"{kind} of {operand.dtype}, shape {operand.shape}"


class Unchanged(Guard):
    """The arrays that a test gets, and those handed over, keep every bit."""

    def begin(self) -> None:
        """Copy the arrays of the test's fixtures and parameters."""
        self._kept: list[tuple[str, Any, Any]] = []
        for name, value in self._inputs.items():
            self._keep(name, value)

    def __call__(self, *values: Any) -> Any:
        """Watch over arrays, Tensors, modules, or containers of them."""
        for i, value in enumerate(values):
            self._keep(f"argument {i}" if len(values) > 1 else "the array", value)
        return values[0] if len(values) == 1 else values

    def _keep(self, name: str, value: Any) -> None:
        for path, leaf in zip(paths(value, name), leaves(value)):
            if is_module(leaf):
                for label, parameter in parameters_of(leaf):
                    self._keep(f"{label} of {path}", parameter)
            elif isinstance(leaf, (np.ndarray, Tensor)):
                self._kept.append((path, leaf, _data(leaf).copy()))

    def end(self) -> str | None:
        """Which of them differ now, and where."""
        found = [
            f"{name} was written to: {changed}"
            for name, array, before in self._kept
            if (changed := _difference(before, _data(array)))
        ]
        self._kept.clear()
        return _listed("inputs were changed", found) if found else None


def _data(value: Any) -> Any:
    return value.data if isinstance(value, Tensor) else value


def _difference(before: Any, after: Any) -> str | None:
    """Where two arrays differ in a bit."""
    if (before.shape, before.dtype) != (after.shape, after.dtype):
        return f"{before.dtype} {before.shape} became {after.dtype} {after.shape}"
    if not before.size or before.dtype.hasobject:
        return None
    one, other = [
        np.frombuffer(a.tobytes(), np.uint8).reshape(a.size, -1)
        for a in (before, after)
    ]
    off = np.flatnonzero((one != other).any(axis=1))
    if not off.size:
        return None
    index = tuple([int(i) for i in np.unravel_index(off[0], before.shape)])
    more = f", and {len(off) - 1} more" if len(off) > 1 else ""
    at = f"[{', '.join(map(str, index))}]" if index else "it"
    return f"{at} was {before[index]!s} and is {after[index]!s}{more}"


class SameMode(Guard):
    """Grad mode, scopes and watchers are what they were; what is not is put back."""

    def begin(self) -> None:
        """Remember the mode."""
        self._mode: Mode = current()
        self._watches = list(record._watches)

    def end(self) -> str | None:
        """What is left on or off."""
        before, after = self._mode, current()
        found = []
        if after.grad != before.grad:
            word = "enable_grad()" if after.grad else "no_grad()"
            found.append(
                f"grad mode is {_switch(after.grad)} and was {_switch(before.grad)}: "
                f"a {word} was entered and not left"
            )
        if after.scope is not before.scope:
            found.append(
                f"the scope is {_scope(after)} and was {_scope(before)}: a scope() was "
                "entered and not left"
            )
        left = [one for one in record._watches if one not in self._watches]
        found += [f"{type(one).__name__} is still on" for one in left]
        if not left and after.watchers != before.watchers:
            found.append("other watchers are on than before")
        if not found and after is not before:
            found.append("a no_grad() or another switch was entered and not left")
        for one in reversed(left):
            one.__exit__(None, None, None)  # type: ignore[attr-defined] # a watching
        if found:
            _mode.set(before)  # for the tests to come
        return _listed("the mode was not put back", found) if found else None


def _switch(on: bool) -> str:
    return "on" if on else "off"


def _scope(mode: Mode) -> str:
    return "none" if mode.scope is None else repr(mode.scope.name)


def _listed(title: str, found: list[str]) -> str:
    more = [f"  and {len(found) - FEW} more"] if len(found) > FEW else []
    return "\n".join([f"{title}:", *[f"  {one}" for one in found[:FEW]], *more])


GUARDS: Mapping[str, Callable[[Mapping[str, Any]], Guard]] = {
    "no_leaks": NoLeaks,
    "no_cycles": NoCycles,
    "no_float64": NoFloat64,
    "unchanged": Unchanged,
    "same_mode": SameMode,
}
"""By the name of the fixture. The last begins last and ends first."""
