"""Checkpoints: compute a part again in the backward pass instead of keeping it.

A checkpoint is one node of the graph. It keeps the arguments of a function, and
nothing of what the function computed on its way. Its backward pass calls the function
again, records it this time for good, and goes back through the record, down to what
was there before the call: arguments, and whatever else the function used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pickle import PicklingError
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp import tree
from tinygrad_jp.backward import backpropagate
from tinygrad_jp.cotangents import Cotangents
from tinygrad_jp.errors import GraphError
from tinygrad_jp.graph import Leaf, Node, tick, walk
from tinygrad_jp.hooks import visit
from tinygrad_jp.mode import current, enable_grad
from tinygrad_jp.operands import bare, node_of, reopen
from tinygrad_jp.ops.rule import Array, Rule
from tinygrad_jp.tensor import Tensor
from tinygrad_jp.transform.arguments import _checked_outputs, _is_held
from tinygrad_jp.transform.fingerprint import _difference, _fingerprint, _Line

P = ParamSpec("P")
T = TypeVar("T")


def checkpoint(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function that keeps nothing but its arguments for the backward pass.

    It returns what `function` returns, and has the same gradients. What `function`
    computes on its way is dropped, and computed again in the backward pass: of a chain
    of n layers in √n checkpoints, about 2√n layers are in memory at a time instead of
    n, for one more forward pass. Gradients also flow into tensors that `function` takes
    from elsewhere, such as the parameters of a layer. Checkpoints may be nested.

    Derivatives of higher order keep what they need of the second run.

    Args:
        function: Returns Tensors, one or a container of them; its arguments may be
            anything. It must compute the same when it is called again: give it random
            numbers as an argument instead of drawing them in it.

    Raises:
        TypeError: When called: `function` returns something else than Tensors.
        GraphError: In the backward pass: the second run was not the same as the first,
            because of randomness, or of a parameter or array that has changed.

    Example:
        >>> import tinygrad_jp as tg
        >>> layer = tg.checkpoint(lambda x: x.exp().tanh())
        >>> x = tg.Tensor([0.0, 1.0], requires_grad=True)
        >>> layer(x).sum().backward()
        >>> x.grad
        Tensor([0.41997434, 0.04693652])
    """

    @wraps(function, updated=())
    def run(*args: P.args, **keywords: P.kwargs) -> T:
        if not current().grad:
            return function(*args, **keywords)
        call = _Call(function, args, keywords)
        value, outputs = call.first()
        if not call.sources:
            return cast("T", value)
        return cast("T", tree.rebuild(value, _split(call, outputs)))

    return run


def _split(call: _Call, outputs: list[Tensor]) -> list[Tensor]:
    """The results, made of one node's: so the function is run again once, not for each.

    Several are joined in one vector, and taken out of it again.
    """
    joined = [y for y in outputs if y.requires_grad]
    if len(joined) == 1:
        node = _checkpoint_node(call, joined[0]._data)
        return [bare(y._data, node) if y is joined[0] else y for y in outputs]
    data = np.concatenate([y._data.ravel() for y in joined])
    vector = bare(data, _checkpoint_node(call, data))
    found = []
    start = 0
    for y in outputs:
        if y.requires_grad:
            part = f.getitem(vector, index=slice(start, start + y.size))
            start += y.size
            part = f.reshape(part, shape=y.shape)
            y = part if part.dtype == y.dtype else f.astype(part, dtype=y.dtype)
        found.append(y)
    return found


class _Kept:
    """A Tensor among the arguments: its numbers and its node.

    Not itself: it may hold a gradient, whose graph may lead back to the checkpoint.
    """

    __slots__ = ("data", "node")

    def __init__(self, tensor: Tensor) -> None:
        self.data = tensor._data
        self.node = tensor._node


class _Call:
    """A call of a function that can be made again.

    Attributes:
        sources: The nodes that gradients flow into from it, none of them its own.
        lines: The fingerprint of what the first run recorded.
    """

    def __init__(
        self, function: Callable[..., Any], args: Any, keywords: dict[str, Any]
    ) -> None:
        self.function = function
        given = args, keywords
        kept = [_Kept(x) if isinstance(x, Tensor) else x for x in tree.leaves(given)]
        self.arguments = tree.rebuild(given, kept)
        self.sources: list[Node] = []
        self.lines: list[_Line] = []

    def first(self) -> tuple[tree.Tree, list[Tensor]]:
        """Run it, and look at what it recorded; the record itself is dropped."""
        value, outputs, self.sources, self.lines, _ = self._run()
        return value, outputs

    def again(self) -> tuple[list[Tensor], int]:
        """The results of another run, and a number that is older than its nodes.

        Raises:
            GraphError: It recorded something else than the first.
        """
        _, outputs, sources, lines, since = self._run()
        change = _difference(self.lines, lines)
        if sources != self.sources:
            change = "it used other tensors than before"
        if change is not None:
            name = getattr(self.function, "__name__", type(self.function).__name__)
            raise GraphError(
                f"checkpoint: {name} was not the same when it was computed again for "
                f"its gradient: {change}. Give it random numbers as an argument "
                "instead of drawing them in it, and change parameters and arrays after "
                "the backward pass"
            )
        return outputs, since

    def _run(self) -> tuple[tree.Tree, list[Tensor], list[Node], list[_Line], int]:
        leaves = [
            bare(x.data, x.node) if isinstance(x, _Kept) else x
            for x in tree.leaves(self.arguments)
        ]
        args, keywords = tree.rebuild(self.arguments, leaves)
        since = tick()
        with enable_grad():
            value = self.function(*args, **keywords)
        outputs = _checked_outputs("checkpoint", value, kinds="fiub")
        roots = [y._node for y in outputs if y._node is not None and y._node.live]
        sources: list[Node] = []
        own: list[Node] = []
        for node in walk(roots, live_only=True, since=since):
            variable = node.rule is None and _is_held(node, since)
            (sources if variable or node.order < since else own).append(node)
        return value, outputs, sources, _fingerprint(own, sources, outputs), since

    def constants(self) -> list[Node]:
        """Nodes of the arguments that no gradient flows into, for pictures."""
        found: list[Node] = []
        for x in tree.leaves(self.arguments):
            if isinstance(x, _Kept) and (x.node is None or not x.node.live):
                x.node = x.node or Leaf(x.data.shape, x.data.dtype)
                found.append(x.node)
        return found


# --- the node --------------------------------------------------------------------


def _rule() -> Rule[Any]:
    def checkpoint(*inputs: Array) -> Array:
        """What pictures and errors call the node; it is never run."""

    return Rule(checkpoint, None, elementwise=False, symbol=None, domain="real")


class _Checkpoint(Node):
    """A recorded call, whose gradient runs it again."""

    __slots__ = ("call", "inputs_node")

    rule = _rule()
    call: _Call | None
    inputs_node: tuple[Node, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return self.inputs_node

    def pull(
        self, g: Any, cotangents: Cotangents, wait: Any, _: Any, retain: bool
    ) -> None:
        """Carry a cotangent on, as arrays; see `graph.Node`."""
        self._carry(g, cotangents, retain, None)

    def pull_tensors(
        self, g: Any, cotangents: Cotangents, wait: Any, _: Any, retain: bool
    ) -> None:
        """Carry a cotangent on, recorded."""
        self._carry(g, cotangents, retain, bare)

    def _carry(
        self,
        g: Any,
        cotangents: Cotangents,
        retain: bool,
        wrap: Callable[[Any, Node], Any] | None,
    ) -> None:
        call = self.call
        if call is None:
            reopen(self, None)  # says that it was released
            return
        pairs = list(zip(call.sources, self.inputs_node))
        if wrap is not None and any(source is not u for source, u in pairs):
            raise GraphError(
                "checkpoint: the gradient of a copied graph can be computed, but not "
                "recorded; copy without checkpoints, or use create_graph=False"
            )
        outputs, since = call.again()
        roots = _pieces(g, [y for y in outputs if y.requires_grad])
        # What the second run has recorded serves once.
        found = backpropagate(
            roots, retain=wrap is not None, wrap=wrap, visit=visit, since=since
        )
        for source, u in pairs:
            if source in found:
                cotangents.give(found[source], u)
        if not retain:
            self.call = None

    def __reduce__(self) -> tuple[Any, ...]:
        raise PicklingError(
            "checkpoint: a graph with a checkpoint cannot be pickled, because it holds "
            "a function; pickle x.detach()"
        )


def _pieces(g: Any, outputs: list[Tensor]) -> list[tuple[Node, Any]]:
    """The cotangent of each result, out of that of all."""
    if len(outputs) == 1:
        return [(y._node or node_of(y), g) for y in outputs]
    pieces = []
    start = 0
    for y in outputs:
        piece = g[start : start + y.size].reshape(y.shape)
        pieces.append((y._node or node_of(y), piece))
        start += y.size
    return pieces


def _checkpoint_node(call: _Call, data: Any) -> _Checkpoint:
    node = _Checkpoint()
    node.order, node.scope, node.live = tick(), current().scope, True
    node.shape, node.dtype = data.shape, data.dtype
    node.call = call
    node.inputs_node = (*call.sources, *call.constants())
    return node
