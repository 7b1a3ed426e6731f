"""What a notebook shows of a Tensor beside its text: a slot, that `draw` fills.

A Tensor does not know how it is drawn; it asks here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_makers: list[Callable[[Any], str | None]] = []


def show_with(maker: Callable[[Any], str | None]) -> None:
    """Name what makes the HTML of a Tensor: called once, by `draw`."""
    _makers[:] = [maker]


def html_of(tensor: Any) -> str | None:
    """A Tensor as HTML; None where its text says all."""
    return _makers[0](tensor) if _makers else None
