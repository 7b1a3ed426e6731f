"""What is recorded, and where: gradient mode and scopes.

Both live in one `ContextVar`, so threads and asyncio tasks do not disturb each
other, and an op pays for one look-up alone. Whoever watches the ops of a thread
(`record.watching`) stands here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ContextDecorator
from contextvars import ContextVar
from types import TracebackType
from typing import Any, NamedTuple


class Scope(NamedTuple):
    """A named part of the user's program, such as a layer; a box in a picture."""

    name: str
    parent: Scope | None
    key: int = 0
    """Tells two scopes of one name apart: equal for calls of the same module."""


_new_scope = tuple.__new__  # in half the time that Scope() takes


class Mode:
    """The state under which an op runs. Never changed, only replaced."""

    # The fields of a NamedTuple take longer to read.
    __slots__ = ("grad", "outer", "scope", "watchers")

    def __init__(
        self,
        grad: bool,
        scope: Scope | None,
        watchers: tuple[Watcher, ...],
        outer: Mode | None = None,
    ) -> None:
        self.grad = grad
        self.scope = scope
        self.watchers = watchers
        self.outer = outer


class Watcher:
    """Who is told of every op while it is in the mode; does nothing by itself."""

    def runs(self, rule: Any, operands: tuple[Any, ...]) -> None:
        """An op is about to run."""

    def ran(
        self,
        rule: Any,
        operands: tuple[Any, ...],
        keywords: Mapping[str, Any],
        result: Any,
    ) -> None:
        """An op has been run, with these operands, and has given this Tensor."""

    def pulls(self, node: Any) -> None:
        """A cotangent is about to be carried through a node.

        Where the backward pass is recorded, the scope is that of its ops already.
        """

    def pulled(self, node: Any, g: Any, cotangents: Mapping[Any, Any]) -> None:
        """A cotangent has been carried through a node, to those of its inputs."""


_FRESH = Mode(True, None, ())
_mode: ContextVar[Mode] = ContextVar("tinygrad_jp.mode", default=_FRESH)
current = _mode.get


class Switch(ContextDecorator):
    """A context manager and decorator that changes the mode and puts it back.

    What it puts back is kept in the mode, so one switch serves many threads.
    """

    def _changed(self, mode: Mode) -> Mode:
        raise NotImplementedError

    def __enter__(self) -> None:
        _mode.set(self._changed(_mode.get()))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _mode.set(_mode.get().outer or _FRESH)


class no_grad(Switch):
    """Record nothing inside the block, or inside the decorated function.

    Example:
        >>> import tinygrad_jp as tg
        >>> x = tg.Tensor([1.0, 2.0], requires_grad=True)
        >>> with tg.no_grad():
        ...     (x * 2).requires_grad
        False
    """

    def _changed(self, mode: Mode) -> Mode:
        return Mode(False, mode.scope, mode.watchers, mode)


class enable_grad(Switch):
    """Record inside the block again, within a `no_grad`.

    Example:
        >>> import tinygrad_jp as tg
        >>> x = tg.Tensor([1.0, 2.0], requires_grad=True)
        >>> with tg.no_grad(), tg.enable_grad():
        ...     (x * 2).requires_grad
        True
    """

    def _changed(self, mode: Mode) -> Mode:
        return Mode(True, mode.scope, mode.watchers, mode)


def is_grad_enabled() -> bool:
    """Whether ops are being recorded here.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.is_grad_enabled()
        True
    """
    return current().grad


class Mirror:
    """Scopes for the backward pass: what goes through Affine1 goes to ∇ Affine1.

    Args:
        here: Where the backward pass runs.
    """

    __slots__ = ("_here", "_known")

    def __init__(self, here: Scope | None) -> None:
        self._here = here
        self._known: dict[int, tuple[Scope, Scope]] = {}

    def of(self, place: Scope | None) -> Scope | None:
        """The scope for what carries a gradient through an op of `place`.

        It stands in the scope of the backward pass, and the ones that both are in are
        not named twice. One scope has one mirror, so that its ops stay together.
        """
        missing: list[Scope] = []
        mirrored = self._here
        while place is not None and not self._is_around(place):
            if id(place) in self._known:
                mirrored = self._known[id(place)][1]
                break
            missing.append(place)
            place = place.parent
        for inner in reversed(missing):
            gap = "" if inner.name.startswith("∇") else " "
            mirrored = Scope(f"∇{gap}{inner.name}", mirrored, inner.key)
            self._known[id(inner)] = inner, mirrored  # kept, so that its id stays
        return mirrored

    def _is_around(self, place: Scope) -> bool:
        """Whether the backward pass runs inside of a scope."""
        here = self._here
        while here is not None and here is not place:
            here = here.parent
        return here is place


class within(Switch):
    """Record inside a scope that is known already.

    Args:
        place: The scope.
    """

    def __init__(self, place: Scope | None) -> None:
        self._place = place

    def _changed(self, mode: Mode) -> Mode:
        return Mode(mode.grad, self._place, mode.watchers, mode)


class scope(Switch):
    """Name a part of a computation; `tinygrad_jp.draw` shows it as a box.

    Args:
        name: Any text, in any language.
        key: Calls that carry the same name and key share one box.

    Example:
        >>> import tinygrad_jp as tg
        >>> x = tg.Tensor([1.0, 2.0], requires_grad=True)
        >>> with tg.scope("正規化"):
        ...     y = x / x.sum()
    """

    def __init__(self, name: str, key: int = 0) -> None:
        self.name = name
        self.key = key

    def _changed(self, mode: Mode) -> Mode:
        # A new one each time: pictures tell one call from the next by that.
        inner = _new_scope(Scope, (self.name, mode.scope, self.key))
        return Mode(mode.grad, inner, mode.watchers, mode)
