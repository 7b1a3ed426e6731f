"""Containers of Tensors, taken apart into their leaves and put together again.

Tuples, named tuples, lists and dicts are containers, at any depth. A leaf is whatever
else there is: a Tensor, an array, a number, but also a list of numbers, which is one
array here as everywhere. None holds nothing, and stays where it is.

    leaves({"W": W, "b": None})                ->  [W]
    paths({"layer": [W, b]}, "params")         ->  ['params["layer"][0]', ...]
    rebuild({"W": W, "b": None}, [grad])       ->  {"W": grad, "b": None}

This page knows nothing of Tensors, so it may be used with any kind of leaf.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np

Tree: TypeAlias = Any
"""A leaf, None, or a tuple, named tuple, list or dict of trees."""


def is_container(value: Tree) -> bool:
    """Whether a value is taken apart, and not a leaf or None."""
    if isinstance(value, (tuple, list)):
        return not _is_numbers(value)
    return isinstance(value, dict)


def _is_named(value: object) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _is_numbers(value: object) -> bool:
    """Whether it is a number, or nested lists of nothing but numbers."""
    if isinstance(value, (tuple, list)):
        return bool(value) and not _is_named(value) and all(map(_is_numbers, value))
    return isinstance(value, (int, float, complex, np.generic))


def _parts(tree: Tree) -> Iterable[Tree]:
    return tree.values() if isinstance(tree, dict) else tree


def leaves(tree: Tree) -> list[Any]:
    """The leaves of a tree, from left to right; a dict's in its own order."""
    if tree is None:
        return []
    if not is_container(tree):
        return [tree]
    return [leaf for part in _parts(tree) for leaf in leaves(part)]


def rebuild(tree: Tree, new: Iterable[Any]) -> Tree:
    """A tree of the same containers, with other leaves in the places of its own.

    Every container is a new one, of the same kind. `new` has as many leaves.
    """
    return _rebuilt(tree, iter(new))


def _rebuilt(tree: Tree, new: Iterator[Any]) -> Tree:
    if tree is None:
        return None
    if not is_container(tree):
        return next(new)
    parts = [_rebuilt(part, new) for part in _parts(tree)]
    if isinstance(tree, dict):
        if type(tree) is dict:
            return dict(zip(tree, parts))
        made = copy.copy(tree)  # keeps what a subclass holds besides
        made.update(zip(tree, parts))
        return made
    if _is_named(tree):
        return type(tree)._make(parts)
    return type(tree)(parts)


def paths(tree: Tree, root: str) -> list[str]:
    """How to write each leaf, if the whole tree is called `root`."""
    if tree is None:
        return []
    if not is_container(tree):
        return [root]
    return [
        path
        for step, part in zip(_steps(tree), _parts(tree))
        for path in paths(part, root + step)
    ]


def _steps(tree: Tree) -> list[str]:
    """How to write the way from a container to each of its parts."""
    if isinstance(tree, dict):
        return [f"[{_key(key)}]" for key in tree]
    if _is_named(tree):
        return [f".{field}" for field in tree._fields]
    return [f"[{i}]" for i in range(len(tree))]


def _key(key: object) -> str:
    if isinstance(key, str) and key.isprintable() and not {'"', "\\"} & set(key):
        return f'"{key}"'
    return repr(key)


def leaves_like(needed: Tree, came: Tree, root: str) -> list[Any]:
    """The leaves of a tree that must be built like another one, in that one's order.

    Sequences may be of another kind: a list where a tuple was. Keys may be in another
    order. In the place of a leaf anything may stand that is no container.

    Args:
        needed: How the tree must be built.
        came: The tree.
        root: What errors call it.

    Raises:
        TypeError: It is built otherwise; says where.
    """
    if needed is None:
        if came is not None:
            raise TypeError(f"{root} must be None, got {_kind(came)}")
        return []
    if not is_container(needed):
        if came is None or is_container(came):
            raise TypeError(f"{root} must be {_kind(needed)}, got {_kind(came)}")
        return [came]
    if isinstance(needed, dict):
        fits = isinstance(came, dict) and came.keys() == needed.keys()
        parts = [came[key] for key in needed] if fits else []
    else:
        fits = isinstance(came, (tuple, list)) and len(came) == len(needed)
        parts = list(came) if fits else []
    if not fits:
        raise TypeError(f"{root} must be {_kind(needed)}, got {_kind(came)}")
    return [
        leaf
        for step, inner, part in zip(_steps(needed), _parts(needed), parts)
        for leaf in leaves_like(inner, part, root + step)
    ]


def _kind(value: Tree) -> str:
    """What a value is, as far as the structure is concerned."""
    if value is None:
        return "None"
    if isinstance(value, dict):
        keys = ", ".join([_key(key) for key in value]) or "none"
        return f"a {type(value).__name__} with the keys {keys}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of length {len(value)}"
    return f"a {type(value).__name__}"
