"""A function, called once and recorded, ready to be differentiated.

Everything here is made of one thing: the vjp, which the backward pass computes.

- `pull` carries cotangents of the results back to the arguments: the vjp itself.
- `linear` carries tangents of the arguments on to the results: the jvp. The vjp is
  linear in its cotangents u, so it is a matrix; run on symbolic u and recorded, it is
  a graph. The vjp of that graph, by u, is the transpose of the transpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tinygrad_jp import tree
from tinygrad_jp.backward import backpropagate
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.graph import Node, tick, walk
from tinygrad_jp.hooks import visit
from tinygrad_jp.mode import current, enable_grad, no_grad
from tinygrad_jp.operands import as_tensor, bare, node_of
from tinygrad_jp.tensor import Tensor
from tinygrad_jp.transform.arguments import (
    _checked_outputs,
    _is_held,
    _is_live,
    _variable,
    _variables,
)

_Parts = Sequence[Tensor | None]
"""One Tensor for each result or each argument; None stands for zeros."""


class _Recording:
    """One call of a function.

    Args:
        who: What errors call the one who asks.
        function: Returns Tensors, in containers or not; with `has_aux` a pair of that
            and of anything else.
        arguments: What to call it with.
        numbers: Which of the arguments to differentiate by.
        keywords: More arguments.
        has_aux: Whether the function returns such a pair.

    Attributes:
        trees: The arguments to differentiate by, as new Tensors.
        inputs: The leaves of these.
        value: What the function returned.
        outputs: The leaves of that.
        aux: What it returned besides.
        followed: Whether a variable from outside of the call had a part in it, so
            that a derivative can be differentiated again.
    """

    def __init__(
        self,
        who: str,
        function: Callable[..., Any],
        arguments: Sequence[Any],
        numbers: Sequence[int],
        keywords: dict[str, Any] | None = None,
        *,
        has_aux: bool = False,
    ) -> None:
        self.who = who
        since = tick()
        given = list(arguments)
        with enable_grad():
            for i in numbers:
                given[i] = _variables(who, function, i, arguments[i])
            self.trees = [given[i] for i in numbers]
            value = function(*given, **(keywords or {}))
        aux = None
        if has_aux:
            if not isinstance(value, tuple) or len(value) != 2:
                raise TypeError(
                    f"{who}: with has_aux=True the function must return a pair "
                    f"(value, aux), got {type(value).__name__}"
                )
            value, aux = value
        self.inputs: list[Tensor] = tree.leaves(self.trees)
        self.nodes = [x._node or node_of(x) for x in self.inputs]
        self.outputs = _checked_outputs(who, value)
        self.followed = self._is_followed([*self.outputs, *tree.leaves(aux)], since)
        self.value, self.aux = self._released(value), self._released(aux)

    def _is_followed(self, results: Iterable[Any], since: int) -> bool:
        own = set(self.nodes)
        roots = [t._node for t in results if _is_live(t)]
        return any(
            node.rule is None and node not in own and _is_held(node, since)
            for node in walk(roots, live_only=True)
        )

    def _released(self, value: tree.Tree) -> tree.Tree:
        """Results without their graph, where nobody can differentiate them."""
        if self.followed and current().grad:
            return value
        own = set(self.nodes)
        found = []
        for leaf in tree.leaves(value):
            live = _is_live(leaf) and (not leaf.is_leaf or leaf._node in own)
            found.append(leaf.detach() if live else leaf)
        return tree.rebuild(value, found)

    # --- the vjp -----------------------------------------------------------------

    def pull(self, cotangents: _Parts, *, retain: bool = True) -> list[Tensor]:
        """The cotangents of the arguments, for those of the results."""
        again = self.followed or any(_is_live(u) for u in cotangents)
        return self._pull(cotangents, current().grad and again, retain)

    def _pull(self, cotangents: _Parts, recorded: bool, retain: bool) -> list[Tensor]:
        keep = _with_its_node if self.followed and current().grad else _constant
        found = _carried(
            self.outputs,
            cotangents,
            self.nodes,
            wrap=keep if recorded else None,
            retain=retain,
            hooks=True,
        )
        return [_of(x, found.get(node)) for x, node in zip(self.inputs, self.nodes)]

    # --- the jvp -----------------------------------------------------------------

    def linear(self) -> Callable[[_Parts], list[Tensor]]:
        """Make the function from tangents of the arguments to those of the results."""
        symbols = [_variable(bare(np.zeros(y.shape, y.dtype))) for y in self.outputs]
        with np.errstate(all="ignore"):  # what it gives for these zeros is not used
            back = self._pull(symbols, recorded=True, retain=True)
        nodes = [u._node or node_of(u) for u in symbols]
        keep = _with_its_node if self.followed else _constant

        def push(tangents: _Parts) -> list[Tensor]:
            again = self.followed or any(_is_live(t) for t in tangents)
            recorded = current().grad and again
            found = _carried(back, tangents, nodes, wrap=keep if recorded else None)
            return [_of(y, found.get(node)) for y, node in zip(self.outputs, nodes)]

        return push

    # --- from and to the caller --------------------------------------------------

    def fitting(self, needed: tree.Tree, came: tree.Tree, root: str) -> list[Tensor]:
        """Tangents or cotangents as the leaves that belong to those of `needed`.

        Raises:
            TypeError: They are built otherwise, or of another dtype.
            ShapeError: One has another shape.
        """
        found = []
        given = tree.leaves_like(needed, came, f"{self.who}: {root}")
        for i, (x, t) in enumerate(zip(tree.leaves(needed), given)):
            weak = not hasattr(t, "dtype")  # a number, or a list of numbers
            tensor = as_tensor(f"{self.who}: {root}", t)
            if weak and tensor.dtype.kind in "iuf":
                tensor = bare(tensor._data.astype(x.dtype))
            if tensor.shape != x.shape or tensor.dtype != x.dtype:
                path = tree.paths(needed, root)[i]
                wrong = ShapeError if tensor.shape != x.shape else TypeError
                raise wrong(
                    f"{self.who}: {path} must have shape {x.shape} and {x.dtype}, as "
                    f"what it belongs to, got {tensor.shape} and {tensor.dtype}"
                )
            found.append(tensor)
        return found

    def like_trees(self, parts: Iterable[Any]) -> tuple[tree.Tree, ...]:
        """One thing for each leaf of the arguments, built like the arguments."""
        return tuple(tree.rebuild(self.trees, parts))


def _carried(
    roots: Sequence[Tensor],
    cotangents: _Parts,
    wanted: Sequence[Node],
    *,
    wrap: Callable[[Any, Node], Tensor] | None,
    retain: bool = True,
    hooks: bool = False,
) -> dict[Node, Any]:
    """Backpropagate from Tensors, as far as gradients flow into them."""
    pairs = []
    for y, u in zip(roots, cotangents):
        if y._node is not None and y._node.live and u is not None:
            pairs.append((y._node, u._data if wrap is None else u))
    with no_grad() if wrap is None else enable_grad():
        return backpropagate(
            pairs,
            retain=retain,
            wrap=wrap,
            wanted=wanted,
            visit=visit if hooks else None,
        )


def _with_its_node(data: Any, node: Node) -> Tensor:
    """A kept array that derivatives of the derivative are traced through."""
    return bare(data, node)


def _constant(data: Any, node: Node) -> Tensor:
    """A kept array that only the call's own arguments had a part in."""
    return bare(data)


def _of(x: Tensor, g: Any) -> Tensor:
    """What was found for a Tensor; zeros where nothing depends on it."""
    if g is None:
        return bare(np.zeros(x.shape, x.dtype))
    return g if isinstance(g, Tensor) else bare(g)
