"""What ``MODULE:NAME`` stands for in a shell: a function, ready to call."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any


class UsageError(Exception):
    """A wrong call of the command; the message says what would be right."""


def load(target: str) -> Any:
    """Import what ``MODULE:NAME`` stands for.

    Raises:
        UsageError: There is no such module or name.
    """
    place, colon, name = target.rpartition(":")
    if not colon or not place or not name:
        raise UsageError(
            f"needs MODULE:FUNCTION, such as layers.py:softmax, got {target!r}"
        )
    found: Any = _module(place)
    for part in name.split("."):
        if not hasattr(found, part):
            raise UsageError(_no_name(found, place, name, part))
        found = getattr(found, part)
    return found


def _module(place: str) -> ModuleType:
    path = Path(place)
    is_file = path.suffix == ".py"
    if is_file and not path.is_file():
        raise UsageError(f"there is no file {place}")
    # As `python file.py` and `python -m module` do.
    sys.path.insert(0, str(path.resolve().parent if is_file else Path.cwd()))
    try:
        if not is_file:
            return importlib.import_module(place)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise UsageError(f"{place} is no page of Python")
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if not is_file and (place == missing or place.startswith(f"{missing}.")):
            raise UsageError(f"there is no module {place}") from None
        raise UsageError(_failed(place, error)) from error
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(_failed(place, error)) from error
    return module


def _failed(place: str, error: Exception) -> str:
    return f"importing {place} failed: {type(error).__name__}: {error}"


def _no_name(found: Any, place: str, name: str, part: str) -> str:
    own = getattr(found, "__name__", None)
    names = [
        key
        for key, value in vars(found).items()
        if not key.startswith("_")
        and callable(value)
        and getattr(value, "__module__", own) in (own, None)
    ]
    close = get_close_matches(part, names, n=1)
    advice = f"; did you mean {close[0]}?" if close else ""
    there = f"; there are {', '.join(sorted(names))}" if names else "; it defines none"
    where = place if part == name else f"{name.rpartition('.')[0]} of {place}"
    return f"{where} has no {part}{advice or there}" + (there if advice else "")


def made(found: Any, target: str) -> tuple[Any, bool]:
    """What to check: of a class or a factory, what it makes. And: is it a test?

    Raises:
        UsageError: It cannot be called, or cannot be made without arguments.
    """
    name = target.rpartition(":")[2]
    if not callable(found):
        raise UsageError(f"{target} is no function, but a {type(found).__name__}")
    if not isinstance(found, type) and (not inspect.isroutine(found) or _takes(found)):
        return found, False
    if name.rpartition(".")[2].startswith("test"):
        return found, True
    try:
        made = found()
    except TypeError as error:
        raise UsageError(
            f"{name} cannot be made without arguments ({error}); write a function "
            f"that makes one, def made(): return {name}(...), and check that"
        ) from error
    if not callable(made):
        raise UsageError(
            f"{name} takes no arguments, so it must make what to check, and it "
            f"returned {type(made).__name__}"
        )
    return made, False


def _takes(function: Any) -> bool:
    """Whether a function takes arguments, as far as one can tell."""
    try:
        return bool(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return True
