"""Pictures of graphs: layers as boxes, tensors as wires, gradients in colour.

The way from a graph to a file is a row of rooms, each of which knows its neighbour
alone: `boxes` and `draft` turn nodes into a picture model (`picture`) with the numbers
of `facts`, a flavour (`scopes`, `book`) writes it down as DOT, and `engines` run
Graphviz on that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, get_args

from tinygrad_jp.display import show_with
from tinygrad_jp.draw.basics import (
    Color,
    EngineError,
    EngineWarning,
    Language,
    Measured,
    Options,
    Style,
    TooLargeError,
)
from tinygrad_jp.draw.drawing import Drawing
from tinygrad_jp.errors import GraphError
from tinygrad_jp.graph import Node
from tinygrad_jp.tensor import Tensor

__all__ = ["Drawing", "EngineError", "EngineWarning", "TooLargeError", "draw"]


def draw(
    target: Tensor | Sequence[Tensor] | Callable[..., Any],
    *args: Any,
    style: Style = "scopes",
    depth: int | None = None,
    color: Color | None = None,
    lang: Language = "en",
    backward: bool = True,
    profile: Measured | None = None,
) -> Drawing:
    """Draw what a tensor was computed from, or what a function computes.

    Scopes (`tinygrad_jp.scope`, and every layer of `nn`) are boxes, or single nodes
    where much is in them. Wires carry the tensor's shape and the norm of its
    gradient, which also sets their colour and width. That of a scalar is computed
    here, and no `grad` is touched; where `backward()` has released the graph, its ops
    are run again, which needs parameters that have not been updated since.

    Trouble is marked with ⚠ where it begins: see `Drawing.problems`.

    Args:
        target: The result, such as a loss; or several; or a function or model, which
            is run on `args`.
        args: Examples to run `target` on: tensors or arrays of numbers, and dicts,
            lists and tuples of them. Other things, and an int, are handed on as they
            are.
            What a model changes in itself while it runs, such as running averages or
            the state of a random generator, is put back.
        style: "scopes"; "book" for the book's graph of circles, from left to right,
            with values above the wires and gradients beneath; "ops" for every op.
        depth: How many levels of scopes to open: 0 for none. Where it is None, as
            much is opened as fits on a page, and of three or more blocks that are alike
            and feed each other one is drawn, as "Block ×12", unless all fit. For
            "scopes" alone.
        color: What the colour of a node says, in the place of its kind: "grad" the
            size of gradients, as the root of their mean square; "time" the seconds of
            an op, forward and backward, for which every op is run several times;
            "memory" its bytes. Not in the book's style.
        lang: Language of the legend, "en" or "ja".
        backward: Whether gradients are drawn. Only the book's style can leave them
            out, to show the forward pass alone.
        profile: A `tinygrad_jp.profile` in whose block the tensors were computed. The
            colours "time" and "memory" then tell what it has measured, of its backward
            pass too, and no op is run again for them. Ops that it did not see are grey.

    Returns:
        A picture: a notebook shows it, and `save("graph.svg")` writes it.

    Raises:
        TypeError: Not a Tensor, not a whole number, not a truth value or no profile;
            or a profile for a function, whose ops have yet to run.
        ValueError: No tensor, a negative depth, or another style, colour or language;
            a profile without a colour that it knows.
        GraphError: A tensor of which nothing was recorded.
        TooLargeError: More ops than can be drawn; 30 in the book's style.

    Example:
        >>> import tinygrad_jp as tg
        >>> from tinygrad_jp.draw import draw
        >>> x = tg.Tensor([1.0, 2.0], requires_grad=True, name="x")
        >>> with tg.scope("square"):
        ...     y = x * x
        >>> draw(y.sum())
        <Drawing: 1 layer, 1 op, 1 parameter, 1 output>
        >>> draw(lambda x: (x * x).sum(), [1.0, 2.0])
        <Drawing: 2 ops, 1 input, 1 output>
    """
    if depth is not None:
        if not isinstance(depth, int) or isinstance(depth, bool):
            raise TypeError(
                f"draw: depth must be a whole number or None, got {depth!r}"
            )
        if depth < 0:
            raise ValueError(f"draw: depth must be 0 or more, got {depth}")
    _check_choice("style", style, get_args(Style))
    _check_choice("lang", lang, get_args(Language))
    if color is not None:
        _check_choice("color", color, get_args(Color))
    if color is not None and style == "book":
        raise ValueError(f'draw: style="book" has no colours, got color={color!r}')
    if not isinstance(backward, bool):
        raise TypeError(f"draw: backward must be True or False, got {backward!r}")
    if not backward and style != "book":
        raise ValueError(
            f'draw: backward=False needs style="book", got style={style!r}'
        )
    if profile is not None:
        _check_profile(profile, color, target)
    if callable(target) and not isinstance(target, Tensor):
        from tinygrad_jp.draw.trace import traced

        found = traced(target, args)
        tensors, inputs, titles = found.tensors, found.inputs, found.titles
    else:
        tensors, inputs, titles = _recorded(target, args), [], {}
    unique = {one._node: one for one in tensors}
    options = Options(style, depth, color, lang, backward, profile)
    return Drawing.of(list(unique.values()), options, inputs, titles)


def _html_of(tensor: Tensor) -> str | None:
    from tinygrad_jp.draw.notebook import html_of_tensor

    return html_of_tensor(tensor)


show_with(_html_of)


def _recorded(target: object, args: Sequence[Any]) -> list[Tensor]:
    """The tensors to draw, each of which has something to show."""
    if isinstance(target, Tensor):
        tensors: list[Any] = [target]
    elif isinstance(target, (list, tuple)):
        tensors = list(target)
    else:
        raise TypeError(
            f"draw: needs a Tensor or a list of them, got {type(target).__name__}"
        )
    if args:
        raise TypeError(
            f"draw: takes examples for a function or a model alone, got {len(args)} "
            "beside a Tensor; for several tensors pass a list"
        )
    if not tensors:
        raise ValueError("draw: needs at least one Tensor, got none")
    for one in tensors:
        if not isinstance(one, Tensor):
            raise TypeError(f"draw: needs Tensors, got {type(one).__name__}")
        node: Node | None = one._node
        if node is None or (node.rule is None and not node.live):
            raise GraphError(
                f"draw: nothing was recorded of the tensor of shape {one.shape}; "
                "compute it from a tensor with requires_grad=True, outside of no_grad()"
            )
    return tensors


def _check_profile(profile: object, color: Color | None, target: object) -> None:
    asked = ("seconds_of", "bytes_of")
    if isinstance(profile, type) or not all(hasattr(profile, name) for name in asked):
        raise TypeError(f"draw: profile must be a tg.profile, got {profile!r}")
    if color not in ("time", "memory"):
        raise ValueError(
            f'draw: profile= needs color="time" or "memory", got color={color!r}'
        )
    if callable(target) and not isinstance(target, Tensor):
        raise TypeError(
            "draw: profile= needs a Tensor that was computed in its block; a function "
            "is run anew"
        )


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(
            f"draw: {name} must be one of {', '.join(choices)}, got {value!r}"
        )
