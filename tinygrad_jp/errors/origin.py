"""Where an error arose: the user's line, and the operands as the user knows them.

Looked for only when an error is raised: the frames are walked outwards, past those of
this project and of NumPy, to the first one of the user. No frame is kept, and no value.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from os.path import basename, split
from types import ModuleType
from typing import Any, NamedTuple

from tinygrad_jp.errors.frames import (
    Line,
    cut,
    module_line,
    shown_line,
    user_frame,
    user_line,
    variables,
    visible,
)
from tinygrad_jp.errors.source import Page, atom, holder, keeping, operands_of, root

__all__ = ["Line", "Operand", "Origin", "find", "user_line"]

_CARRIERS = ("tinygrad_jp", "ops")  # operators and protocols: they add nothing
_MAKERS = ("backward", "transform", "update")  # of the pages there, those that compute
_LONGEST = 28


class Operand(NamedTuple):
    """An operand, as the user would write it."""

    label: str
    """What a message calls it."""
    shape: tuple[int, ...]
    text: str | None = None
    """What a method can be written after; None where the user has no name for it."""
    largest: int | None = None
    """The largest element, if they are integers that could be labels."""
    keeping: tuple[str, int] | None = None
    """The same reduction with ``keepdims=True``, and its axis."""
    flips: bool = True
    """Whether it has ``mT``; arrays have since NumPy 2."""


class Origin(NamedTuple):
    """What is known of the place where an op failed."""

    operands: list[Operand]
    lines: list[str]
    """The user's line, and those on which the operands were assigned."""
    function: str | None = None
    """What the user called, if it was a function and not an operator or a method."""
    through: str | None = None
    """The composition or layer that the user called, if the op is a part of it."""
    space: str = "tg"
    """What the user calls this package."""


class _Part(NamedTuple):
    """A part of the user's line."""

    text: str
    node: ast.expr


class _Scene(NamedTuple):
    """A frame of the user's while it is being read."""

    frame: Any
    page: Page | None
    names: dict[str, Any]


def find(
    frame: Any, names: Sequence[str], arrays: Sequence[Any], own: str, variadic: bool
) -> Origin:
    """The origin of an error in the op `own`; what is not found is left out.

    Args:
        frame: The frame of the op, in which operands stand under their own names.
        names: The operands' names in the op.
        arrays: The operands' arrays.
        own: The op's name.
        variadic: Whether the op takes any number of operands, under one name.
    """
    values: Sequence[Any] = arrays
    inner = variables(frame)
    if variadic:
        values = inner.get(names[0], arrays)
    elif all(name in inner for name in names):
        values = [inner[name] for name in names]
    del inner
    if len(values) != len(arrays):
        values = arrays
    labels = [f"{names[0]}[{i}]" for i in range(len(arrays))] if variadic else names
    shapes = [array.shape for array in arrays]
    scene = None
    try:
        passed, outer = user_frame(frame)
        if outer is None:
            raise LookupError  # called by no one, as in a thread of our own
        scene = _Scene(outer, Page.read(outer), visible(outer))
        del outer
        return _origin(scene, passed, labels, values, arrays, own)
    except Exception:  # a heuristic that fails must not hide the error it is to explain
        return Origin([Operand(*pair) for pair in zip(labels, shapes)], [])
    finally:
        del scene, frame


# --- operands --------------------------------------------------------------------


def _origin(
    scene: _Scene,
    passed: list[tuple[str, str]],
    labels: Sequence[str],
    values: Sequence[Any],
    arrays: Sequence[Any],
    own: str,
) -> Origin:
    makers = [name for title, name in passed if name != own and _computes(title)]
    node = scene.page.running(scene.frame) if scene.page else None
    written: Sequence[_Part | None] = [None] * len(values)
    if not makers:
        written = _written(scene, node, values) or written
    operands, keys = [], []
    for label, value, array, part in zip(labels, values, arrays, written):
        operand, key = _operand(scene, label, value, array, part)
        operands.append(operand)
        keys.append(key)
    space = [name for name, value in scene.names.items() if _is_package(value)]
    return Origin(
        operands=_told_apart(operands, labels),
        lines=_lines(scene, keys),
        function=None if makers else _function(scene, node),
        through=makers[-1] if makers else None,
        space=space[0] if space else "tg",
    )


def _computes(title: str) -> bool:
    """Whether a page of ours calls ops with operands of its own making."""
    folder, page = split(title)
    return basename(folder) not in _CARRIERS or page.removesuffix(".py") in _MAKERS


def _function(scene: _Scene, node: ast.AST | None) -> str | None:
    """What is called, where it is no method: ``tg.where``, ``maximum``."""
    if scene.page is None or not isinstance(node, ast.Call):
        return None
    function = node.func
    if isinstance(function, ast.Attribute):
        owner = scene.names.get(holder(function) or "")
        return scene.page.piece(function) if isinstance(owner, ModuleType) else None
    return scene.page.piece(function)


def _is_package(value: Any) -> bool:
    return isinstance(value, ModuleType) and value.__name__ == "tinygrad_jp"


def _written(
    scene: _Scene, node: ast.AST | None, values: Sequence[Any]
) -> list[_Part] | None:
    """The expressions that stand for the operands, if they are surely these."""
    if scene.page is None:
        return None
    modules = [k for k, value in scene.names.items() if isinstance(value, ModuleType)]
    found = operands_of(node, modules)
    if isinstance(found, ast.Name):  # concat(pieces), or exp(x)
        given = scene.names.get(found.id)
        if isinstance(given, (list, tuple)) and len(given) == len(values):
            return [_Part(f"{found.id}[{i}]", found) for i in range(len(values))]
    nodes = [found] if isinstance(found, ast.expr) else found
    if len(nodes) < len(values):
        return None
    for part, value in zip(nodes, values):
        if isinstance(part, ast.Name) and scene.names.get(part.id) is not value:
            return None
    return [_Part(scene.page.piece(part), part) for part in nodes[: len(values)]]


def _operand(
    scene: _Scene, label: str, value: Any, array: Any, part: _Part | None
) -> tuple[Operand, str | None]:
    """An operand, and the name whose assignment tells of it."""
    key = root(part.node) if part is not None else None
    if part is None or "\n" in part.text or len(part.text) > _LONGEST:
        text = _called(value, scene.names)
        part = _Part(text, ast.parse(text, mode="eval").body) if text else None
    largest = None
    if array.dtype.kind in "iu" and array.ndim == 1 and array.size and array.min() >= 0:
        largest = int(array.max())
    if part is None:
        name = getattr(value, "name", None)
        if isinstance(name, str) and name.isprintable() and 0 < len(name) <= _LONGEST:
            label = name
        return Operand(label, array.shape, None, largest), key
    text, node = part
    written = atom(node, text)
    if not hasattr(value, "reshape"):  # a list or a number
        space = [name for name, thing in scene.names.items() if _is_package(thing)]
        written = f"{space[0] if space else 'tg'}.asarray({text})"
    key = text if isinstance(node, (ast.Name, ast.Attribute)) else root(node)
    kept = keeping(node, text)
    flips = hasattr(type(value), "mT") or "asarray(" in written
    return Operand(text, array.shape, written, largest, kept, flips), key


def _called(value: Any, names: dict[str, Any]) -> str | None:
    """What a value is called: a name, or an attribute or a key one level deeper."""
    for name, thing in reversed(names.items()):
        if thing is value and not name.startswith("_"):
            return name
    for name, thing in reversed(names.items()):
        if isinstance(thing, (ModuleType, type)) or name.startswith("_"):
            continue
        inner = getattr(thing, "__dict__", None)
        for key, held in list(inner.items()) if isinstance(inner, dict) else ():
            if held is value:
                return f"{name}.{key}"
        for key, held in list(thing.items()) if type(thing) is dict else ():
            if held is value and isinstance(key, (str, int)):
                return f"{name}[{key!r}]"
    return None


def _told_apart(operands: list[Operand], labels: Sequence[str]) -> list[Operand]:
    """Two operands of one label, of which one is the op's own word for it."""
    known = {operand.label for operand in operands if operand.text}
    words = ("left", "right") if len(operands) == 2 else labels
    return [
        operand._replace(label=word if word not in known else f"operand {i + 1}")
        if operand.text is None and operand.label in known
        else operand
        for i, (operand, word) in enumerate(zip(operands, words))
    ]


# --- lines -----------------------------------------------------------------------


def _lines(scene: _Scene, keys: Iterable[str | None]) -> list[str]:
    """The user's line, and below it where each operand was assigned."""
    if scene.page is None or scene.page.title.startswith("<"):
        return []
    number = scene.frame.f_lineno
    found: dict[str, list[str]] = {}
    for key in dict.fromkeys(keys):
        told = _assigned(scene, key) if key else None
        if key and told:
            found.setdefault(told, []).append(key)
    heads = {told: ", ".join(named) for told, named in found.items()}
    longest = max([len(head) for head in heads.values()], default=0)
    rows = [f"    {head.ljust(longest)}  {told}" for told, head in heads.items()]
    here = shown_line(scene.page.title, number, scene.page.line(number))
    return [cut(row) for row in [here, *rows]]


def _assigned(scene: _Scene, key: str) -> str | None:
    """The line that gave a name its value; through parameters to the callers."""
    title = scene.page.title if scene.page else ""
    for _ in range(8):
        if scene.page is None:
            return None
        first = key.partition(".")[0]
        value = scene.names.get(first)
        if isinstance(value, ModuleType):
            return None
        running = scene.frame.f_lineno
        top = module_line(scene.frame)
        line = scene.page.assigned(key, running, top)
        while line is None and "." in key:  # of self.W.T: self.W, then self
            key = key.rpartition(".")[0]
            line = scene.page.assigned(key, running, top)
        if line:
            text = scene.page.line(line)
            if scene.page.title == title:
                return f"line {line}: {text}"
            return shown_line(scene.page.title, line, text)
        _, outer = user_frame(scene.frame.f_back)
        if line is None or outer is None:
            return None
        scene = _Scene(outer, Page.read(outer), visible(outer))
        del outer
        called = _called(value, scene.names)
        if called is None:
            return None
        key = called
    return None
