"""Tensors that outlive a test, and who holds them, through the garbage collector."""

from __future__ import annotations

import gc
import sys
import weakref
from types import FrameType, FunctionType, ModuleType
from typing import Any

from tinygrad_jp.tensor import Tensor

FEW = 5
"""So many Tensors are listed."""

DEEP = 5
"""So many steps are gone from a Tensor to find a holder that has a name."""


class Leaks:
    """The Tensors that there are, to compare with those that there will be."""

    def __init__(self) -> None:
        self._before = {id(tensor): weakref.ref(tensor) for tensor in _alive()}

    def found(self, *, cycles: bool = False) -> str | None:
        """Say which Tensors are new, and who holds them.

        Args:
            cycles: Whether those count that only the cyclic collector can free.
        """
        new = self._new()
        if not new:
            return None
        if not cycles:
            del new
            gc.collect()
            new = self._new()
        waiting = len(new)
        lines = [_described(tensor) for tensor in new[:FEW]] if not cycles else []
        if cycles:
            lines = [f"  {_shown(tensor)}" for tensor in new[:FEW]]
        del new
        if not waiting:
            return None
        what = "in reference cycles, or held" if cycles else "alive after the test"
        more = [f"  and {waiting - FEW} more"] if waiting > FEW else []
        plural = "s" if waiting > 1 else ""
        return "\n".join([f"{waiting} Tensor{plural} {what}:", *lines, *more])

    def _new(self) -> list[Tensor]:
        return [t for t in _alive() if not self._knew(t)]

    def _knew(self, tensor: Tensor) -> bool:
        known = self._before.get(id(tensor))
        return known is not None and known() is tensor


def _alive() -> list[Tensor]:
    return [thing for thing in gc.get_objects() if type(thing) is Tensor]


def _shown(tensor: Tensor) -> str:
    name = f" {tensor.name!r}" if tensor.name else ""
    return f"{tensor.dtype} Tensor{name} of shape {tensor.shape}"


def _described(tensor: Tensor) -> str:
    try:
        holder = _holder(tensor)
    except Exception:  # of an object that will not be looked at
        holder = None
    return f"  {_shown(tensor)}" + (f", held by {holder}" if holder else "")


def _holder(tensor: Tensor) -> str | None:
    """Who keeps it alive: the nearest thing that has a name."""
    ours = {id(sys._getframe())}
    level: list[tuple[Any, str]] = [(tensor, "")]
    met = {id(tensor)}
    for _ in range(DEEP):
        above: list[tuple[Any, str]] = []
        named: list[str] = []
        met |= {id(level), id(above), id(named)}
        for thing, path in level:
            for holder in gc.get_referrers(thing):
                if id(holder) in met or id(holder) in ours:
                    continue
                if isinstance(holder, FrameType) or _is_ours(holder):
                    continue
                met.add(id(holder))
                name, step = _step(holder, thing)
                if name is not None:
                    way = f"{step}{path}"
                    named.append(
                        f"{name}, at {way}" if way and " " in name else name + way
                    )
                above.append((holder, step + path))
        if named:  # a name in a module says more than an attribute of some object
            return min(named, key=lambda name: " " in name)
        level = above
    return None


def _is_ours(holder: Any) -> bool:
    """The tuples and lists of this search itself."""
    return type(holder) is tuple and len(holder) == 2 and type(holder[1]) is str


def _step(holder: Any, thing: Any) -> tuple[str | None, str]:
    """What a holder is called, if it has a name, and the way from it to a thing."""
    if isinstance(holder, ModuleType):
        return holder.__name__, ""
    if isinstance(holder, FunctionType):
        return f"the function {holder.__qualname__}", ""
    if type(holder) is dict:
        keys = [key for key, value in holder.items() if value is thing]
        key = keys[0] if keys else "?"
        if "__name__" in holder and "__spec__" in holder:
            return f"{holder['__name__']}.{key}", ""
        owners = [o for o in gc.get_referrers(holder) if _dict_of(o) is holder]
        if owners:
            return f"the attribute {key} of {_kind(owners[0])}", ""
        return None, f"[{key!r}]"
    if type(holder) in (list, tuple):
        place = next((i for i, value in enumerate(holder) if value is thing), "?")
        return None, f"[{place}]"
    if isinstance(holder, type):
        return f"the class {holder.__qualname__}", ""
    if type(holder).__name__ == "cell":
        return None, ""
    if isinstance(holder, BaseException):
        return f"the error {type(holder).__name__}", ""
    attributes = [
        name
        for kind in type(holder).__mro__
        for name in vars(kind).get("__slots__", ())
        if getattr(holder, name, None) is thing
    ]
    if not attributes:  # an instance, whose values stand in the object itself
        attributes = [k for k, v in (_dict_of(holder) or {}).items() if v is thing]
    if attributes:
        return f"the attribute {attributes[0]} of {_kind(holder)}", ""
    return None, ""


def _dict_of(thing: Any) -> dict[str, Any] | None:
    found = getattr(thing, "__dict__", None)
    return found if type(found) is dict else None


def _kind(thing: Any) -> str:
    kind = type(thing)
    return f"a {kind.__module__}.{kind.__qualname__}".replace("builtins.", "")
