"""Running a function or a model on an example, to draw what it computes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from inspect import Parameter, signature
from typing import Any, NamedTuple

import numpy as np

from tinygrad_jp import tree
from tinygrad_jp.debug import Note, arrays_among
from tinygrad_jp.draw.untouched import untouched
from tinygrad_jp.errors import GraphError
from tinygrad_jp.errors.origin import user_line
from tinygrad_jp.graph import Leaf, Node, walk
from tinygrad_jp.mode import Watcher, enable_grad
from tinygrad_jp.record import watching
from tinygrad_jp.tensor import Tensor


class _Lines(Watcher):
    """Notes the user's line of every op, and what it computed from what."""

    def ran(self, rule: Any, operands: Any, keywords: Any, result: Any) -> None:
        if result._node is not None:
            arrays = [np.asarray(given) for given in arrays_among(rule, operands)]
            result._node.site = Note(user_line(), tuple(arrays), result._data)


class Traced(NamedTuple):
    """What a function did with its examples.

    Attributes:
        tensors: What it returned.
        titles: What the results are called, where the function returned a dict or a
            named tuple; "" otherwise.
        inputs: The examples.
        owners: Hold the examples' values.
    """

    tensors: list[Tensor]
    titles: dict[Node, str]
    inputs: list[Node]
    owners: list[Tensor]


def traced(function: Callable[..., Any], args: Sequence[Any]) -> Traced:
    """Run a function on examples. What it changes in itself is put back afterwards.

    The examples are copied into Tensors named like the function's parameters, so the
    user's own take no gradient. An example of floats takes one in the picture if the
    user's did, or if there is nothing else that does.

    Args:
        function: Of tensors, such as a model.
        args: Tensors, arrays of numbers, or containers of them. Whatever else is
            handed in, such as an int, is passed on.

    Raises:
        TypeError: It returned something else than Tensors.
        GraphError: It recorded nothing.
    """
    owners: list[Tensor] = []
    wished: set[Tensor] = set()  # by the user, to take a gradient
    passed = []
    with untouched(function, args) as found:
        kinds = {tensor.dtype for tensor in found if tensor.requires_grad}
        for arg, name in zip(args, _parameters(function, len(args))):
            new = []
            for leaf, path in zip(tree.leaves(arg), tree.paths(arg, name)):
                made = _example(leaf, path, kinds)
                new.append(made)
                if isinstance(made, Tensor):
                    owners.append(made)
                    if isinstance(leaf, Tensor) and leaf.requires_grad:
                        wished.add(made)
            passed.append(tree.rebuild(arg, new))
        with enable_grad(), watching(_Lines()):
            result = function(*passed)
    tensors, titles = _results(function, result)
    leaves = [n for n in walk([t._node for t in tensors if t._node]) if n.rule is None]
    ours = {_node(tensor) for tensor in owners if tensor not in wished}
    if any(leaf.live and leaf not in ours for leaf in leaves):
        for node in ours:
            node.live = False
    return Traced(tensors, titles, [_node(tensor) for tensor in owners], owners)


def _example(value: Any, name: str, kinds: set[Any]) -> Any:
    """A Tensor of its own of an example, or what is no example as it is.

    Floats that are no Tensor take the dtype of the model's parameters, if it is one.
    """
    if isinstance(value, Tensor):
        name = value.name or name
    elif isinstance(value, (bool, int)) or np.asarray(value).dtype.kind not in "fiub":
        return value
    example = Tensor(value, name=name)
    if len(kinds) == 1 and not isinstance(value, Tensor) and example.dtype.kind == "f":
        example = Tensor(value, dtype=next(iter(kinds)), name=name)
    example.requires_grad = example.dtype.kind == "f"
    return example


def _node(example: Tensor) -> Leaf:
    node = example._node
    if not isinstance(node, Leaf):
        raise AssertionError("an example without a name")
    return node


def _parameters(function: Callable[..., Any], count: int) -> list[str]:
    """What the arguments of a function are called."""
    names = []
    more = "x"
    try:
        called = signature(getattr(function, "forward", function))
        for one in called.parameters.values():
            if one.kind is Parameter.VAR_POSITIONAL:
                more = one.name
            elif one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD):
                names.append(one.name)
    except (TypeError, ValueError):  # written in C
        pass
    return [*names, *[f"{more}{i}" for i in range(count - len(names))]]


def _results(function: Any, result: Any) -> tuple[list[Tensor], dict[Node, str]]:
    """The Tensors that a function returned, as far as they were recorded."""
    name = getattr(function, "__name__", type(function).__name__)
    found = []
    titles: dict[Node, str] = {}
    leaves = tree.leaves(result) if result is not None else [None]
    for leaf, path in zip(leaves, tree.paths(result, name) or [name]):
        if not isinstance(leaf, Tensor):
            kind = type(leaf).__name__
            raise TypeError(f"draw: {path} must be a Tensor, got {kind}")
        node = leaf._node
        if node is not None and (node.rule is not None or node.live):
            found.append(leaf)
            titles.setdefault(node, _title(path.removeprefix(name)))
    if not found:
        raise GraphError(
            f"draw: {name} computed no tensor from its arguments or from parameters, "
            "or did so inside no_grad()"
        )
    return found, titles


def _title(path: str) -> str:
    """What a result is called: loss for ``["loss"]``, and nothing for ``[0]``."""
    found = re.fullmatch(r'(?:\["(.*?)"\]|\.([^.[]+))(.*)', path)
    return "" if found is None else "".join([part or "" for part in found.groups()])
