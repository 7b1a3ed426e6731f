"""`Tensor.backward`: what it starts from, and whose `grad` it adds to."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp.backward import backpropagate
from tinygrad_jp.errors import GraphError, ShapeError
from tinygrad_jp.graph import Node
from tinygrad_jp.hooks import visit
from tinygrad_jp.mode import enable_grad, no_grad
from tinygrad_jp.operands import bare, constant

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor


def accumulate(
    tensor: Tensor,
    cotangent: Any,
    inputs: Tensor | Sequence[Tensor] | None,
    *,
    retain: bool,
    create_graph: bool,
) -> None:
    """Backpropagate from a tensor, and add what comes out to each taker's `grad`."""
    node, seed = _seed(tensor, cotangent, create_graph)
    owners = None if inputs is None else _owners(inputs)
    with enable_grad() if create_graph else no_grad():
        found = backpropagate(
            [(node, seed)],
            retain=retain,
            wrap=bare if create_graph else None,
            wanted=owners,
            visit=visit,
        )
        totals = []
        for taker, g in found.items():
            owner = taker.owner if owners is None else owners[taker]
            target = None if owner is None else owner()
            if target is not None:
                grad = g if create_graph else bare(g)
                before = getattr(target, "_grad", None)
                totals.append((target, grad if before is None else before + grad))
    for target, total in totals:  # all or nothing
        target._grad = total


def _seed(tensor: Tensor, cotangent: Any, create_graph: bool) -> tuple[Node, Any]:
    node = tensor._node
    if node is None or not node.live:
        raise GraphError(
            "backward: this tensor was not computed from any tensor with "
            "requires_grad=True (or inside no_grad()), so there is no gradient"
        )
    if cotangent is None:
        if tensor._data.size != 1:
            raise ShapeError(
                f"backward: needs a scalar, got shape {tensor.shape}; reduce it "
                "with sum() or mean(), or pass a cotangent of that shape"
            )
        seed: Any = np.array(1, node.dtype)
        if node.shape:
            seed = seed.reshape(node.shape)
    else:
        seed = cotangent
        if not isinstance(seed, type(tensor)):
            seed = constant("backward", seed)
        if seed.shape != tensor.shape:
            raise ShapeError(
                f"backward: the cotangent must have shape {tensor.shape}, "
                f"got {seed.shape}"
            )
        if not create_graph and isinstance(seed, type(tensor)):
            seed = seed._data
    if create_graph and not isinstance(seed, type(tensor)):
        seed = bare(seed)
    return node, seed


def _owners(
    inputs: Tensor | Sequence[Tensor],
) -> dict[Node, Callable[[], Tensor | None]]:
    """The nodes of the tensors that `backward` was asked to give a gradient."""
    tensors: list[Any] = list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
    owners: dict[Node, Callable[[], Tensor | None]] = {}
    for i, tensor in enumerate(tensors):
        if not getattr(tensor, "requires_grad", False):
            raise GraphError(
                f"backward: inputs[{i}] must be a Tensor with requires_grad=True, or "
                f"computed from one, got {tensor!r}"
            )
        owners[tensor._node] = weakref.ref(tensor)
    return owners
