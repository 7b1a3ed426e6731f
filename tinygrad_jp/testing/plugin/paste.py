"""Code that repeats a failed check, ready to paste: imports, arrays, the call."""

from __future__ import annotations

import ast
import dis
import inspect
import re
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

import tinygrad_jp as tg
from tinygrad_jp.testing.inputs import name_of
from tinygrad_jp.testing.plugin.example import Example

LITERAL = 400
"""So many numbers are written down; larger arrays are saved in a file."""

_PUBLIC = ("tinygrad_jp", "tinygrad_jp.testing", "nn")
_SHORT = {"numpy": "np", "tinygrad_jp": "tg"}


def code_of(example: Example, space: Mapping[str, Any], folder: Path) -> str:
    """Write a failed check as a script.

    Args:
        example: What was called.
        space: The names of the test's module.
        folder: Where large arrays are saved.
    """
    return _Script(space, folder).write(example)


class _Script:
    """A script while it is being written.

    Names are those of the test's module where it has them; functions that have none
    that could be imported are written down, with the values that they close over.
    """

    def __init__(self, space: Mapping[str, Any], folder: Path) -> None:
        self._space = space
        self._folder = folder
        self._imports: dict[str, None] = {}
        self._lines: list[str] = []
        self._known: dict[str, Any] = {}

    def write(self, example: Example) -> str:
        called = self._found(example.called) or name_of(example.called)
        of_test = hasattr(example.called, "check")
        arguments = [] if of_test else [self._expression(example.function, "function")]
        arguments += [self._defined(k, v) for k, v in example.inputs.items()]
        for key, value in example.keywords.items():
            arguments.append(f"{key}={self._defined(key, value)}")
        call = f"{called}{'.check' if of_test else ''}({', '.join(arguments)})"
        order = sorted(self._imports, key=lambda line: (line.startswith("from"), line))
        return "\n".join([*order, "", *self._lines, call]) + "\n"

    def _defined(self, name: str, value: Any) -> str:
        """An expression for an argument; an array gets a line of its own."""
        text = self._expression(value, name)
        if not isinstance(value, (np.ndarray, tg.Tensor, dict, list, tuple)):
            return text
        name = re.sub(r"\W", "_", name)
        self._lines.append(f"{name} = {text}")
        return name

    def _expression(self, value: Any, name: str) -> str:
        if value is None or type(value) in (bool, int, float, str, complex):
            return re.sub(r"\b(nan|inf)\b", r'float("\1")', repr(value))
        if isinstance(value, np.ndarray):
            return self._array(value, name)
        if isinstance(value, tg.Tensor):
            self._import("tinygrad_jp")
            extra = ", requires_grad=True" if value.requires_grad else ""
            return f"tg.Tensor({self._array(value.data, name)}{extra})"
        if type(value) in (list, tuple):
            parts = [self._expression(v, f"{name}{i}") for i, v in enumerate(value)]
            inner = ", ".join(parts) + ("," if type(value) is tuple and parts else "")
            return f"[{inner}]" if type(value) is list else f"({inner})"
        if type(value) is dict:
            parts = [f"{k!r}: {self._expression(v, str(k))}" for k, v in value.items()]
            return f"{{{', '.join(parts)}}}"
        if isinstance(value, ModuleType):
            return self._import(value.__name__)
        return self._found(value) or self._written(value, name)

    def _array(self, array: Any, name: str) -> str:
        self._import("numpy")
        dtype = "" if array.dtype in (float, int, bool) else f", dtype=np.{array.dtype}"
        if not array.size:
            return f"np.zeros({array.shape}, dtype=np.{array.dtype})"
        if array.size > LITERAL:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{name}.npy"
            np.save(path, array)
            return f"np.load({str(path)!r})"
        text = np.array2string(
            array,
            separator=", ",
            threshold=sys.maxsize,
            max_line_width=84,
            formatter={"float_kind": str},
            prefix=f"{name} = np.array(",
        )
        text = re.sub(r"\b(nan|inf)\b", r"np.\1", text)
        return f"np.array({text}{dtype})"

    def _import(self, module: str) -> str:
        short = _SHORT.get(module)
        self._imports[f"import {module}" + (f" as {short}" if short else "")] = None
        return short or module

    def _found(self, value: Any) -> str | None:
        """The name of something that can be imported."""
        own: str = name_of(value)
        if getattr(tg, own, None) is value:
            return f"{self._import('tinygrad_jp')}.{own}"
        for home in _PUBLIC[1:]:
            if getattr(sys.modules.get(home), own, None) is value:
                self._imports[f"from {home} import {own}"] = None
                return own
        for name, known in self._space.items():
            if known is value and not name.startswith("@"):
                self._imports[f"from {self._space['__name__']} import {name}"] = None
                return name
        path = getattr(value, "__qualname__", "<locals>")
        home = getattr(value, "__module__", None) or ""
        thing: Any = sys.modules.get(home)
        for part in path.split("."):
            thing = getattr(thing, part, None)
        if thing is not value or thing is None:
            return None
        self._imports[f"from {home} import {path.partition('.')[0]}"] = None
        return str(path)

    def _written(self, value: Any, name: str) -> str:
        """A function that cannot be imported, written down; others are left open."""
        if isinstance(value, MethodType):
            owner = self._expression(
                value.__self__, type(value.__self__).__name__.lower()
            )
            return f"{owner}.{value.__name__}"
        kind = type(value)
        if kind.__init__ is object.__init__ and not getattr(value, "__dict__", True):
            found = self._found(kind)
            if found:
                return f"{found}()"
        name = value.__name__ if _is_plain(value) else name
        if self._known.get(name) is value:
            return name
        self._known[name] = value
        text = _source(value) if isinstance(value, FunctionType) else None
        if text is None:
            self._lines.append(f"{name} = ...  # {_described(value)}")
            return name
        self._close_over(value)
        self._lines.append(f"{name} = {text}" if text.startswith("lambda") else text)
        return name

    def _close_over(self, function: FunctionType) -> None:
        """Define the names of others that a function uses."""
        for name, value in _used(function).items():
            if self._known.get(name) is value:
                continue
            if isinstance(value, ModuleType):
                short = "" if name == value.__name__ else f" as {name}"
                self._imports[f"import {value.__name__}{short}"] = None
                continue
            text = self._expression(value, name)
            if text != name:
                self._known[name] = value
                self._lines.append(f"{name} = {text}")


def _used(function: FunctionType) -> dict[str, Any]:
    """What the names stand for that a function reads from around it."""
    found: dict[str, Any] = {}
    codes = [function.__code__]
    for code in codes:
        codes += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
        for step in dis.get_instructions(code):
            if step.opname == "LOAD_GLOBAL" and step.argval in function.__globals__:
                found[step.argval] = function.__globals__[step.argval]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        if cell != CellType():  # it is not empty
            found[name] = cell.cell_contents
    return found


def _is_plain(value: Any) -> bool:
    return isinstance(value, FunctionType) and value.__name__.isidentifier()


def _described(value: Any) -> str:
    kind = type(value)
    return f"a {kind.__module__}.{kind.__qualname__}; it cannot be written down"


def _source(function: FunctionType) -> str | None:
    """The definition of a function, without decorators; None where it is not found."""
    code = function.__code__
    try:
        lines, _ = inspect.findsource(function)
        page = "".join(lines)
        tree = ast.parse(page)
    except (OSError, SyntaxError):
        return None
    places = [place for place in code.co_positions() if None not in place]
    kinds = ast.Lambda if function.__name__ == "<lambda>" else ast.FunctionDef
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, kinds) and all(_spans(node, place) for place in places)
    ]
    inner = [node for node in found if abs(node.lineno - code.co_firstlineno) < 8]
    if not inner:
        return None
    node = inner[-1]
    text = ast.get_source_segment(page, node, padded=True) or ""
    return textwrap.dedent(text).strip()


def _spans(node: Any, place: tuple[Any, ...]) -> bool:
    line, end_line, column, end = place
    if line == end_line == node.lineno and column == end:  # where it begins
        return True
    start = (node.lineno, node.col_offset) <= (line, column)
    return start and (end_line, end) <= (node.end_lineno, node.end_col_offset)
