"""What notebooks show: pictures in their cells, and Tensors with their graph.

A picture stands in the page as an element, not as an image: only so do its tooltips
show, and only so can it know the notebook's theme (JupyterLab makes an image of
`image/svg+xml`).
"""

from __future__ import annotations

import re
from html import escape
from math import prod
from typing import TYPE_CHECKING

from tinygrad_jp.draw.engines.process import hurried

if TYPE_CHECKING:
    from tinygrad_jp.graph import Node
    from tinygrad_jp.tensor import Tensor

NODES = 150
"""Of a graph that a Tensor shows unasked."""

ITEMS = 40
"""Of its picture, in which layers are folded."""

ELEMENTS = 1_000_000
"""Of all its arrays: the ops are run again for their gradients."""

PATIENCE = 1.0
"""Seconds for the layout of a picture that nobody has asked for."""

_LEAST = 0.6  # of its size; a narrower page scrolls, because text would be too small

_TEXT = (
    "margin:0 0 .4em;font-family:var(--jp-code-font-family,monospace);"
    "font-size:var(--jp-code-font-size,inherit)"
)
"""As notebooks show text; some give `pre` the face of prose."""

_WIDTH = re.compile(r'<svg [^>]*?\bwidth="([\d.]+)pt"')


def html_of_svg(svg: str) -> str:
    """An SVG element for a cell: it shrinks with the page while one can read it."""

    def with_least(found: re.Match[str]) -> str:
        least = float(found[1]) * _LEAST
        return f'<svg style="display:block;min-width:{least:.0f}pt"{found[0][4:]}'

    element = _WIDTH.sub(with_least, svg, count=1)
    return f'<div style="overflow-x:auto">{element}</div>'


def html_of_tensor(tensor: Tensor) -> str | None:
    """A Tensor's text and, beneath it, the graph that it was computed from.

    Returns:
        HTML; None for a leaf, for a graph that is too large to be shown unasked, and
        where it cannot be drawn.
    """
    try:
        node = tensor._node
        if node is None or tensor.is_leaf or not _is_small(node):
            return None
        from tinygrad_jp.draw import draw

        drawing = draw(tensor)
        if len(drawing._picture.items) > ITEMS:
            return None
        with hurried(PATIENCE):
            svg = drawing.svg()
        text = f'<pre style="{_TEXT}">{escape(repr(tensor))}</pre>'
        return f"{text}\n{html_of_svg(svg)}"
    except Exception:  # a traceback would hide the value, which was what one asked for
        return None


def _is_small(root: Node) -> bool:
    """Whether the graph of a node can be drawn at once. Looks no further."""
    seen = {root}
    waiting = [root]
    elements = 0
    while waiting:
        node = waiting.pop()
        elements += prod(node.shape)
        if len(seen) > NODES or elements > ELEMENTS:
            return False
        for one in node.inputs:
            if one not in seen:
                seen.add(one)
                waiting.append(one)
    return True
