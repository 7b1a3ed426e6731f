"""From a graph to its picture: how much of it is opened, and its numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tinygrad_jp.draw import boxes
from tinygrad_jp.draw.basics import Options, TooLargeError
from tinygrad_jp.draw.draft import Draft
from tinygrad_jp.draw.facts import Facts, are_scalars, facts_of
from tinygrad_jp.draw.picture import WIDE, Picture
from tinygrad_jp.draw.summary import summary_of
from tinygrad_jp.graph import Node, walk

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

MOST = 20_000
"""Ops and layers above which not even a model is built."""

_LONG = 150  # items in all that a reader follows down a long page
_WHOLE = 2_000  # ops of a graph of which a picture with all scopes open is kept too


class Pictures(NamedTuple):
    """One graph, as a picture of a page and in full.

    Attributes:
        page: As much is opened as was asked for, or fits.
        whole: Every scope is opened; None for a graph that is too large for that.
        tensors: The outputs.
        nodes: All nodes, oldest first.
        facts: What is known of them.
    """

    page: Picture
    whole: Picture | None
    tensors: Sequence[Tensor]
    nodes: Sequence[Node]
    facts: Facts


def pictures_of(
    tensors: Sequence[Tensor], options: Options, inputs: Collection[Node] = ()
) -> Pictures:
    """Build the pictures of what `tensors` were computed from.

    Args:
        tensors: The outputs. Each has a node.
        options: What was asked for.
        inputs: Leaves that are inputs, though a gradient flows into them.

    Raises:
        TooLargeError: More than `MOST` ops and layers would be drawn.
    """
    roots = [tensor._node for tensor in tensors if tensor._node is not None]
    nodes = walk(roots)
    ops = [node for node in nodes if node.rule is not None]
    frames = boxes.frames_of(ops)

    def drafts(opened: Iterator[boxes.Opens], everything: bool) -> Iterator[Draft]:
        for opens in opened:
            boxes.fold(frames, opens)
            if boxes.count(frames) <= MOST:
                yield Draft(frames, ops, tensors, inputs=inputs, everything=everything)

    page = None
    if options.style == "scopes":
        for draft in drafts(boxes.choices(frames, options.depth), False):
            fine = page is None
            page = draft
            size = len(draft.picture.items)
            if draft.picture.columns <= WIDE or (size <= _LONG and not fine):
                break
    else:
        page = next(drafts(iter([boxes.everything]), True), None)
    if page is None:
        raise TooLargeError(
            f"draw: {boxes.count(frames):,} ops would be drawn, where {MOST:,} is the "
            "limit; compute them inside `with tg.scope(name):`, which folds them, or "
            "give a smaller depth="
        )
    full = None
    if len(ops) <= _WHOLE:
        full = next(drafts(iter([boxes.everything]), False))
    made = [page] if full is None else [page, full]
    wanted = dict.fromkeys([node for draft in made for node in draft.rows])
    facts = facts_of(tensors, nodes, wanted)
    values = {n: summary_of(facts.values[n]) for n in wanted if n in facts.values}
    grads = {n: summary_of(facts.grads[n]) for n in wanted if n in facts.grads}
    for draft in made:
        draft.picture.scalar = are_scalars(roots)
        draft.picture.gradients = facts.gradients
        for node, row in draft.rows.items():
            row.value, row.grad = values.get(node), grads.get(node)
    return Pictures(
        page.picture, None if full is None else full.picture, tensors, nodes, facts
    )
