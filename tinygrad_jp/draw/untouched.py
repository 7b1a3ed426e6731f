"""Running a model without leaving a trace in it.

A forward pass may change a model: running averages move, and a random generator goes
on. Whatever can be reached from a function is put back afterwards: what objects hold,
lists, dicts, sets, arrays and generators. Modules, classes and the Python library's
own objects are left alone, and so are Tensors, which no op changes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from tinygrad_jp.tensor import Tensor

_PLAIN = (str, bytes, int, float, complex, type(None), type, ModuleType)
_OURS = __name__.partition(".")[0]


@contextmanager
def untouched(*things: Any) -> Iterator[list[Tensor]]:
    """Put back, at the end of the block, whatever can be reached from some things.

    It gives the Tensors that were found on the way.
    """
    tensors: list[Tensor] = []
    repairs: list[Callable[[], None]] = []
    seen: dict[int, Any] = {}  # objects by id; kept, so that ids stay
    waiting: list[Any] = list(things)
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, _PLAIN):
            continue
        seen[id(thing)] = thing
        if isinstance(thing, Tensor):
            tensors.append(thing)
            continue
        held, repair = _opened(thing)
        waiting += held
        if repair is not None:
            repairs.append(repair)
    try:
        yield tensors
    finally:
        for repair in repairs:
            repair()


def _opened(thing: Any) -> tuple[list[Any], Callable[[], None] | None]:
    """What a thing holds, and how to put that back."""
    if isinstance(thing, np.random.Generator):
        return [], partial(setattr, thing.bit_generator, "state", _state(thing))
    if isinstance(thing, np.ndarray):
        if not thing.flags.writeable or thing.dtype.hasobject:
            return [], None
        return [], partial(np.copyto, thing, thing.copy())
    if isinstance(thing, dict):
        return list(thing.values()), partial(_refill_dict, thing, dict(thing))
    if isinstance(thing, list):
        return list(thing), partial(_refill_list, thing, list(thing))
    if isinstance(thing, set):
        return list(thing), partial(_refill_set, thing, set(thing))
    if isinstance(thing, (tuple, frozenset)):
        return list(thing), None
    if isinstance(thing, FunctionType):
        return _used(thing), None
    if isinstance(thing, MethodType):
        return [thing.__self__, thing.__func__], None
    if isinstance(thing, partial):
        return [thing.func, thing.args, thing.keywords], None
    if isinstance(thing, BuiltinFunctionType) or _is_foreign(type(thing)):
        return [], None
    return _attributes(thing)


def _state(generator: np.random.Generator) -> Any:
    return generator.bit_generator.state


def _is_foreign(kind: type) -> bool:
    """Whether objects of a class are the business of Python, NumPy or this package."""
    package = kind.__module__.partition(".")[0]
    return package in sys.stdlib_module_names or package in ("numpy", _OURS)


def _used(function: FunctionType) -> list[Any]:
    """What a function of the user's can reach: variables around it, and globals."""
    if function.__module__ is None or function.__module__.split(".")[0] == _OURS:
        return []
    held = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    for cell in function.__closure__ or ():
        try:
            held.append(cell.cell_contents)
        except ValueError:  # not assigned yet
            continue
    found = function.__globals__
    return held + [found[name] for name in _names(function) if name in found]


def _names(function: FunctionType) -> list[str]:
    """The global names in a function, and in the functions written inside of it."""
    names: list[str] = []
    waiting = [function.__code__]
    while waiting:
        code = waiting.pop()
        names += code.co_names
        waiting += [part for part in code.co_consts if isinstance(part, type(code))]
    return names


def _attributes(thing: Any) -> tuple[list[Any], Callable[[], None] | None]:
    held = getattr(thing, "__dict__", None)
    if not isinstance(held, dict):
        return [], None
    before = dict(held)
    held_too = [type(thing).__call__] if callable(thing) else []
    return [*before.values(), *held_too], partial(_refill_dict, held, before)


def _refill_dict(held: dict[Any, Any], before: dict[Any, Any]) -> None:
    held.clear()
    held.update(before)


def _refill_list(held: list[Any], before: list[Any]) -> None:
    held[:] = before


def _refill_set(held: set[Any], before: set[Any]) -> None:
    held.clear()
    held.update(before)
