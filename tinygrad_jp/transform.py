"""Gradients of functions: a function in, a function out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp.backward import backpropagate
from tinygrad_jp.errors import ShapeError
from tinygrad_jp.graph import walk
from tinygrad_jp.mode import current, enable_grad, no_grad
from tinygrad_jp.operands import as_tensor, bare, node_of
from tinygrad_jp.tensor import Tensor


def value_and_grad(
    function: Callable[..., Tensor], argnums: int | tuple[int, ...] = 0
) -> Callable[..., tuple[Tensor, Any]]:
    """Make a function that returns `function`'s value and its gradient.

    Args:
        function: Returns a Tensor with one element.
        argnums: Which positional arguments to differentiate with respect to.

    Returns:
        A function of the same arguments. Its gradient is a Tensor for an int, and
        a tuple of Tensors for a tuple of ints.

    Raises:
        TypeError: An argument is not of floating-point numbers.
        ShapeError: The value has more than one element.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.value_and_grad(lambda x: (x * x).sum())([1.0, 2.0])
        (Tensor(5.), Tensor([2., 4.]))
    """
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)

    def run(*args: Any, **keywords: Any) -> tuple[Tensor, Any]:
        values = list(args)
        with enable_grad():
            for i in numbers:
                values[i] = _input(args[i])
            value = function(*values, **keywords)
        if not isinstance(value, Tensor) or value.size != 1:
            got = value.shape if isinstance(value, Tensor) else type(value).__name__
            raise ShapeError(
                f"grad: the function must return a Tensor with one element, got {got}"
            )
        grads, recorded = _gradients(value, [values[i] for i in numbers])
        if not recorded:
            value = value.detach()  # nothing is left to differentiate
        return value, grads if isinstance(argnums, tuple) else grads[0]

    return run


def grad(
    function: Callable[..., Tensor], argnums: int | tuple[int, ...] = 0
) -> Callable[..., Any]:
    """Make a function that returns the gradient of `function`; it can be nested.

    See `value_and_grad`.

    Example:
        >>> import tinygrad_jp as tg
        >>> cube = lambda x: x * x * x
        >>> tg.grad(cube)(2.0), tg.grad(tg.grad(cube))(2.0)
        (Tensor(12.), Tensor(12.))
    """
    both = value_and_grad(function, argnums)

    def run(*args: Any, **keywords: Any) -> Any:
        return both(*args, **keywords)[1]

    return run


def _input(value: Any) -> Tensor:
    """A tensor of its own to differentiate by, that an outer gradient sees through."""
    given = as_tensor("grad", value)
    if given.dtype.kind != "f":
        raise TypeError(f"grad: needs floating-point arguments, got {given.dtype}")
    if given.requires_grad:
        return f.reshape(given, shape=given.shape)
    fresh = given.detach()
    fresh.requires_grad = True
    return fresh


def _gradients(value: Tensor, inputs: list[Tensor]) -> tuple[list[Tensor], bool]:
    """The gradient by each input, and whether it can be differentiated itself."""
    zeros = [bare(np.zeros(x.shape, x.dtype)) for x in inputs]
    if value._node is None or not value._node.live:
        return zeros, False
    nodes = [x._node or node_of(x) for x in inputs]
    leaves = {n for n in walk([value._node], live_only=True) if n.rule is None}
    # Another leaf below means that this gradient can be differentiated again.
    recorded = current().grad and not leaves.issubset(nodes)
    seed: Any = np.ones(value.shape, value.dtype)
    with enable_grad() if recorded else no_grad():
        found = backpropagate(
            [(value._node, bare(seed) if recorded else seed)],
            retain=True,
            wrap=bare if recorded else None,
            wanted=nodes,
        )
    grads = []
    for node, zero in zip(nodes, zeros):
        g = found.get(node)
        grads.append(zero if g is None else g if recorded else bare(g))
    return grads, recorded
