"""Reading the user's page: what an operand is called there, where it was assigned.

Everything here works on the text of a page, and is a heuristic: a page that cannot be
read gives nothing, and never an error of its own.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)
_ATOMS = (ast.Name, ast.Attribute, ast.Subscript, ast.Call)
_REDUCTIONS = ("sum", "mean", "max", "min", "prod", "var", "std", "norm", "logsumexp")


_parsed = lru_cache(maxsize=8)(ast.parse)


class Page(NamedTuple):
    """A file of the user's: its text, and its tree."""

    title: str
    text: str
    tree: ast.Module

    @classmethod
    def read(cls, frame: Any) -> Page | None:
        """The page that a frame runs, or None: no source, or not Python's."""
        title = frame.f_code.co_filename
        linecache.checkcache(title)
        text = "".join(linecache.getlines(title, frame.f_globals))
        try:
            return cls(title, text, _parsed(text)) if text else None
        except (SyntaxError, ValueError, RecursionError):
            return None

    def line(self, number: int) -> str:
        """A line, without its indentation."""
        lines = self.text.splitlines()
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""

    def piece(self, node: ast.AST | None) -> str:
        """The text of a part of the tree."""
        return (ast.get_source_segment(self.text, node) or "") if node else ""

    def running(self, frame: Any) -> ast.AST | None:
        """The expression that a frame is working on, found by its exact place."""
        places = list(frame.f_code.co_positions())
        place = places[frame.f_lasti // 2]
        if None in place:
            return None
        for node in _around(self.tree, frame.f_lineno):
            if isinstance(node, (ast.expr, ast.stmt)) and place == (
                node.lineno,
                node.end_lineno,
                node.col_offset,
                node.end_col_offset,
            ):
                return node.value if isinstance(node, ast.Expr) else node
        return None

    def assigned(self, key: str, line: int, top: int | None) -> int | None:
        """The line on which a name was last assigned before `line`.

        Args:
            key: A name, or an attribute such as ``self.W``.
            line: The line that is running.
            top: The line of the module that is running; None if it has ended.

        Returns:
            0 if it came in as a parameter; None if it is nowhere to be found.
        """
        inside = _scopes(self.tree, line)
        for scope in inside:
            if isinstance(scope, ast.ClassDef) and key.isidentifier():
                continue  # the names of a class are not seen in its methods
            limit = line
            if isinstance(scope, ast.Module) and len(inside) > 1:
                limit = top or len(self.text)
            lines = [n.lineno for n in _statements(scope) if key in _targets(n)]
            earlier = [n for n in lines if n < limit]
            if earlier:
                return max(earlier)
            if isinstance(scope, Function) and key in _parameters(scope):
                return 0
            if lines:
                return max(lines)  # in the round of a loop before this one
        return None


def _scopes(tree: ast.Module, line: int) -> list[ast.AST]:
    """The scopes around a line, the innermost first."""
    around = [node for node in _around(tree, line) if isinstance(node, _SCOPES[:3])]
    return [*sorted(around, key=lambda node: -node.lineno), tree]


def _around(tree: ast.Module, line: int) -> Iterator[ast.AST]:
    """Every node that a line is in, or that has no place of its own."""
    waiting = list(ast.iter_child_nodes(tree))
    for node in waiting:
        first = getattr(node, "lineno", line)
        if first <= line <= (getattr(node, "end_lineno", None) or line):
            yield node
            waiting.extend(ast.iter_child_nodes(node))


def _statements(scope: ast.AST) -> Iterator[ast.stmt]:
    """Every statement of a scope; for a class those of its methods too."""
    waiting = list(ast.iter_child_nodes(scope))
    for node in waiting:
        if isinstance(node, ast.stmt):
            yield node
        inner = isinstance(node, _SCOPES) and not isinstance(scope, ast.ClassDef)
        if not inner and not isinstance(node, ast.expr):
            waiting.extend(ast.iter_child_nodes(node))


def _targets(statement: ast.stmt) -> Iterator[str]:
    """What a statement itself assigns, as it is written."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        for alias in statement.names:
            yield (alias.asname or alias.name).split(".")[0]
        return
    waiting: list[ast.AST] = [statement]
    for node in waiting:
        if isinstance(getattr(node, "ctx", None), ast.Store):
            yield ast.unparse(node)
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, (ast.stmt, ast.Lambda, ast.comprehension)):
                waiting.append(child)


def _parameters(function: Function) -> list[str]:
    given = function.args
    found = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return [arg.arg for arg in [*found, given.vararg, given.kwarg] if arg]


def operands_of(
    node: ast.AST | None, modules: Collection[str | None]
) -> list[ast.expr] | ast.expr:
    """The operands that an expression hands to its op; one expression if a list."""
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.AugAssign):
        return [node.target, node.value]
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return [node.left, node.comparators[0]]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, (ast.Subscript, ast.Attribute)):
        return [node.value]
    if not isinstance(node, ast.Call):
        return []
    given = list(node.args)
    if any(isinstance(argument, ast.Starred) for argument in given):
        return []
    function = node.func
    if isinstance(function, ast.Attribute) and holder(function) not in modules:
        return [function.value, *given]
    if given and isinstance(given[0], (ast.List, ast.Tuple)):
        return given[0].elts  # concat([x, y])
    return given if len(given) != 1 else given[0]


def holder(function: ast.Attribute) -> str | None:
    """The first name of ``np.linalg.solve``; None of ``np.ones(2).sum``."""
    node: ast.AST = function
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def root(node: ast.AST) -> str | None:
    """The name at the left end of ``name.attribute[index]``, ``name.method()``."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        if isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
            return None  # a plain function says nothing of where its values are from
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def atom(node: ast.AST, text: str) -> str:
    """An expression that a method can be written after."""
    return text if isinstance(node, _ATOMS) else f"({text})"


def keeping(node: ast.AST, text: str) -> tuple[str, int] | None:
    """A reduction without `keepdims`, as it reads with it, and its axis."""
    if not isinstance(node, ast.Call) or not text.endswith(")"):
        return None
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else root(function)
    words = {word.arg: word.value for word in node.keywords}
    if name not in _REDUCTIONS or "keepdims" in words:
        return None
    axis: ast.AST | None = words.get("axis") or (node.args[-1] if node.args else None)
    try:
        number = ast.literal_eval(axis) if axis else None
    except ValueError:
        return None
    if not isinstance(number, int):
        return None
    return f"{text[:-1].rstrip().rstrip(',')}, keepdims=True)", number
