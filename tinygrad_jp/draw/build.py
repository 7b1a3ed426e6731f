"""From a graph to its picture: how much of it is opened, and its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tinygrad_jp.draw import boxes
from tinygrad_jp.draw.basics import TooLargeError
from tinygrad_jp.draw.draft import Draft
from tinygrad_jp.draw.gradients import are_scalars, norms_of
from tinygrad_jp.draw.picture import WIDE, Picture
from tinygrad_jp.graph import walk

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

MOST = 20_000
"""Ops and layers above which not even a model is built."""

_LONG = 150  # items in all that a reader follows down a long page


def picture_of(tensors: Sequence[Tensor], depth: int | None) -> Picture:
    """Build the picture of what `tensors` were computed from.

    Args:
        tensors: The outputs. Each has a node.
        depth: Scopes with fewer scopes around them are opened. None: as much is
            opened as fits on a page.

    Raises:
        TooLargeError: More than `MOST` ops and layers would be drawn.
    """
    roots = [tensor._node for tensor in tensors if tensor._node is not None]
    ops = [node for node in walk(roots) if node.rule is not None]
    whole = boxes.frames_of(ops)
    draft = None
    for opens in boxes.choices(whole, depth):
        boxes.fold(whole, opens)
        if boxes.count(whole) > MOST:
            continue
        fine = draft is None
        draft = Draft(whole, ops, tensors)
        size = len(draft.picture.items)
        if draft.picture.columns <= WIDE or (size <= _LONG and not fine):
            break
    if draft is None:
        raise TooLargeError(
            f"draw: {boxes.count(whole):,} ops would be drawn, where {MOST:,} is the "
            "limit; compute them inside `with tg.scope(name):`, which folds them, or "
            "give a smaller depth="
        )
    picture = draft.picture
    picture.scalar = are_scalars(roots)
    norms, picture.gradients = norms_of(roots, draft.rows)
    for node, norm in norms.items():
        draft.rows[node].norm = norm
    return picture
