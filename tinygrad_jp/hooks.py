"""Results that keep their gradient, and hooks: functions called with a gradient.

The backward pass stops only at nodes whose class says so. A node that is asked for
changes its class then, so all others pay nothing.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import cache
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from tinygrad_jp.errors import GraphError, ShapeError
from tinygrad_jp.graph import Node
from tinygrad_jp.operands import bare

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Hook: TypeAlias = "Callable[[Tensor], Tensor | None]"

_number: Callable[[], int] = count().__next__


class HookHandle:
    """A hook in its place: `remove()` takes it out, and so does the end of a `with`.

    Example:
        >>> x = tg.Tensor([1.0, 2.0], requires_grad=True)
        >>> handle = x.register_hook(lambda g: print("gradient:", g.tolist()))
        >>> (x * x).sum().backward()
        gradient: [2.0, 4.0]
        >>> handle.remove()
    """

    def __init__(self, hooks: dict[int, Hook], hook: Hook) -> None:
        self._hooks = hooks
        self._number = _number()
        hooks[self._number] = hook

    def remove(self) -> None:
        """Take the hook out, if it is still there."""
        self._hooks.pop(self._number, None)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()


def add_hook(tensor: Tensor, hook: Hook) -> HookHandle:
    """Call `hook` with the gradient of a tensor; what it returns takes its place."""
    node = _visited("register_hook", tensor)
    if not callable(hook):
        raise TypeError(
            f"register_hook: needs a function of a gradient, got {type(hook).__name__}"
        )
    if not hasattr(node, "hooks"):
        node.hooks = {}
    return HookHandle(node.hooks, hook)


def keep_grad(tensor: Tensor) -> None:
    """Have `backward` leave the gradient of a result in its `grad`, as for a leaf."""
    node = _visited("retain_grad", tensor)
    node.owner = weakref.ref(tensor)


def visit(node: Node, g: Any) -> Any:
    """Call the hooks of a node, in their order, and return what is left of `g`."""
    recorded = not hasattr(g, "__array_interface__")
    grad = g if recorded else bare(g)
    for hook in list(node.hooks.values()):
        new = hook(grad)
        if new is None:
            continue
        if not isinstance(new, type(grad)):
            raise TypeError(
                f"hook: must return a Tensor or None, got {type(new).__name__}"
            )
        if new.shape != node.shape or new.dtype != node.dtype:
            raise ShapeError(
                f"hook: must return a gradient of shape {node.shape} and {node.dtype}, "
                f"got {new.shape} and {new.dtype}"
            )
        grad = new
    return grad if recorded else grad._data


def _visited(op: str, tensor: Tensor) -> Node:
    """The node of a tensor, made one that the backward pass stops at."""
    node = tensor._node
    if node is None or not node.live:
        raise GraphError(
            f"{op}: no gradient flows into this tensor; it needs requires_grad=True, "
            "or to be computed from one that has it"
        )
    if not node.takes:
        node.__class__ = _visited_class(cast("Any", type(node)))
    return node


@cache
def _visited_class(kind: Any) -> type[Node]:
    body = {"__slots__": (), "__module__": kind.__module__, "takes": True}
    made: type[Node] = type(f"visited_{kind.__name__}", (kind,), body)
    return made
