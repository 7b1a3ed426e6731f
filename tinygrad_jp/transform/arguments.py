"""What transformations take and give: checked, and named where it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp import tree
from tinygrad_jp.graph import Node
from tinygrad_jp.operands import as_tensor
from tinygrad_jp.tensor import Tensor

_ARRAYS = np.ndarray, np.generic, float, int, list, tuple


def _variables(who: str, function: Any, number: int, value: tree.Tree) -> tree.Tree:
    """An argument as Tensors of its own, that an outer derivative sees through.

    Raises:
        TypeError: A leaf is not of floating-point numbers.
    """
    found = []
    for i, leaf in enumerate(tree.leaves(value)):
        given = leaf if isinstance(leaf, Tensor) else None
        if given is None and isinstance(leaf, _ARRAYS):
            given = as_tensor(who, leaf)
        if given is None or given.dtype.kind != "f":
            path = tree.paths(value, _parameter(function, number))[i]
            got = type(leaf).__name__ if given is None else str(given.dtype)
            raise TypeError(
                f"{who}: {path} must be of floating-point numbers, got {got}; leave it "
                "out of what is differentiated by, or make it a float"
            )
        if given.requires_grad:
            found.append(f.reshape(given, shape=given.shape))
        else:
            found.append(_variable(given))
    return tree.rebuild(value, found)


def _variable(value: Tensor) -> Tensor:
    """A leaf to differentiate by, with the same numbers."""
    fresh = value.detach()
    fresh.requires_grad = True
    return fresh


def _parameter(function: Any, number: int) -> str:
    """What a function calls one of its positional arguments."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    names = () if code is None else code.co_varnames[: code.co_argcount]
    names = names[hasattr(function, "__self__") :]
    return names[number] if number < len(names) else f"argument {number}"


def _chosen(
    who: str, argnums: int | tuple[int, ...], arguments: Sequence[Any]
) -> list[int]:
    """The arguments to differentiate by.

    Raises:
        ValueError: There are not so many, or one is named twice.
    """
    count = len(arguments)
    found = []
    for i in argnums if isinstance(argnums, tuple) else (argnums,):
        if not -count <= i < count:
            raise ValueError(
                f"{who}: argnums names argument {i}, but the function was called with "
                f"{count} positional argument{'' if count == 1 else 's'}"
            )
        found.append(i % count)
    if len(set(found)) < len(found):
        raise ValueError(f"{who}: argnums names an argument twice in {argnums}")
    return found


# --- results ---------------------------------------------------------------------


def _checked_outputs(who: str, value: tree.Tree, kinds: str = "f") -> list[Tensor]:
    """The Tensors that a function returned.

    Raises:
        TypeError: There is something else among them, or a dtype of another kind.
    """
    found = tree.leaves(value)
    for i, leaf in enumerate(found):
        tensor = isinstance(leaf, Tensor)
        if not tensor or leaf.dtype.kind not in kinds:
            path = tree.paths(value, "result")[i]
            raise TypeError(
                f"{who}: the function must return Tensors"
                f"{' of floating-point numbers' if kinds == 'f' else ''}, got "
                f"{leaf.dtype if tensor else type(leaf).__name__} for {path}"
            )
    return found


def _is_live(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad


def _is_held(leaf: Node, since: int) -> bool:
    """Whether somebody outside of a call could ask for a leaf's gradient.

    Leaves that were made during the call are those of derivatives inside of it, unless
    a Tensor that is still there, such as a layer's new parameter, owns them.
    """
    owner = getattr(leaf, "owner", None)
    return leaf.order < since or (owner is not None and owner() is not None)
