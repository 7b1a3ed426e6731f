"""Pictures of graphs: layers as boxes, tensors as wires, gradients in colour.

The way from a graph to a file is a row of rooms, each of which knows its neighbour
alone: `boxes` and `draft` turn nodes into a picture model (`picture`), a flavour
(`scopes`) writes it down as DOT, and `engine` runs Graphviz on that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from tinygrad_jp.draw.basics import (
    EngineError,
    EngineWarning,
    Language,
    TooLargeError,
)
from tinygrad_jp.draw.drawing import Drawing
from tinygrad_jp.errors import GraphError
from tinygrad_jp.tensor import Tensor

__all__ = ["Drawing", "EngineError", "EngineWarning", "TooLargeError", "draw"]


def draw(
    tensor: Tensor | Sequence[Tensor],
    *,
    depth: int | None = None,
    lang: Language = "en",
) -> Drawing:
    """Draw what a tensor was computed from.

    Scopes (`tinygrad_jp.scope`, and every layer of `nn`) are boxes, or single nodes
    where much is in them. Wires carry the tensor's shape and the norm of its
    gradient, which also sets their colour and width. That of a scalar is computed
    here, and no `grad` is touched; after `backward()` has released the graph only
    the parameters' own `grad` can be shown.

    Args:
        tensor: The result, such as a loss; or several.
        depth: How many levels of scopes to open: 0 for none. Where it is None, as
            much is opened as fits on a page.
        lang: Language of the legend, "en" or "ja".

    Returns:
        A picture: a notebook shows it, and `save("graph.svg")` writes it.

    Raises:
        TypeError: Not a Tensor, or not a whole number.
        ValueError: No tensor, a negative depth, or another language.
        GraphError: A tensor of which nothing was recorded.
        TooLargeError: More ops than can be drawn.

    Example:
        >>> import tinygrad_jp as tg
        >>> from tinygrad_jp.draw import draw
        >>> x = tg.Tensor([1.0, 2.0], requires_grad=True, name="x")
        >>> with tg.scope("square"):
        ...     y = x * x
        >>> draw(y.sum())
        <Drawing: 1 layer, 1 op, 1 parameter, 1 output>
    """
    tensors = [tensor] if isinstance(tensor, Tensor) else list(_sequence(tensor))
    if not tensors:
        raise ValueError("draw: needs at least one Tensor, got none")
    for one in tensors:
        if not isinstance(one, Tensor):
            raise TypeError(f"draw: needs Tensors, got {type(one).__name__}")
        if one._node is None or (one._node.rule is None and not one._node.live):
            raise GraphError(
                f"draw: nothing was recorded of the tensor of shape {one.shape}; "
                "compute it from a tensor with requires_grad=True, outside of no_grad()"
            )
    if depth is not None:
        if not isinstance(depth, int) or isinstance(depth, bool):
            raise TypeError(
                f"draw: depth must be a whole number or None, got {depth!r}"
            )
        if depth < 0:
            raise ValueError(f"draw: depth must be 0 or more, got {depth}")
    if lang not in get_args(Language):
        raise ValueError(
            f"draw: lang must be one of {', '.join(get_args(Language))}, got {lang!r}"
        )
    unique = {one._node: one for one in tensors}
    return Drawing.of(list(unique.values()), depth, lang)


def _sequence(value: object) -> Sequence[Tensor]:
    if isinstance(value, (list, tuple)):
        return value
    raise TypeError(
        f"draw: needs a Tensor or a list of them, got {type(value).__name__}"
    )
