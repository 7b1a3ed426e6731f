"""From a graph to its picture: how much of it is opened, and its numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import inf, isnan
from typing import TYPE_CHECKING, NamedTuple

from tinygrad_jp.draw import boxes
from tinygrad_jp.draw.again import owner_of
from tinygrad_jp.draw.basics import Options, TooLargeError
from tinygrad_jp.draw.draft import Draft
from tinygrad_jp.draw.facts import Facts, are_scalars, facts_of
from tinygrad_jp.draw.overlay import Overlay
from tinygrad_jp.draw.picture import WIDE, Picture
from tinygrad_jp.draw.repeat import Alike, fold_alike, together
from tinygrad_jp.draw.runs import stem
from tinygrad_jp.draw.summary import Summary, summary_of
from tinygrad_jp.graph import Node, name_of, walk

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

MOST = 20_000
"""Ops and layers above which not even a model is built."""

BOOK = 30
"""Ops above which circles with figures on every wire are no help."""

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
        values: What those that are drawn hold, in numbers.
        grads: Their gradients, in numbers.
    """

    page: Picture
    whole: Picture | None
    tensors: Sequence[Tensor]
    nodes: Sequence[Node]
    facts: Facts
    values: Mapping[Node, Summary]
    grads: Mapping[Node, Summary]


def pictures_of(
    tensors: Sequence[Tensor],
    options: Options,
    inputs: Collection[Node] = (),
    titles: Mapping[Node, str] | None = None,
) -> Pictures:
    """Build the pictures of what `tensors` were computed from.

    Args:
        tensors: The outputs. Each has a node.
        options: What was asked for.
        inputs: Leaves that are inputs, though a gradient flows into them.
        titles: What outputs are called that have no name.

    Raises:
        TooLargeError: More than `MOST` ops and layers would be drawn.
    """
    roots = [tensor._node for tensor in tensors if tensor._node is not None]
    nodes = walk(roots)
    ops = [node for node in nodes if node.rule is not None]
    if options.style == "book" and len(ops) > BOOK:
        raise TooLargeError(
            f'draw: style="book" is for graphs of up to {BOOK} ops, and this one has '
            f'{len(ops):,}; style="scopes" draws layers as boxes, and folds them'
        )
    titles = gradient_titles(tensors, nodes) | dict(titles or {})
    frames = boxes.frames_of(ops)
    alike = Alike()

    def drafts(
        opened: Iterable[boxes.Opens], everything: bool = False
    ) -> Iterator[Draft]:
        for opens in opened:
            boxes.fold(frames, opens)
            if boxes.count(frames) <= MOST:
                yield Draft(
                    frames,
                    ops,
                    tensors,
                    inputs=inputs,
                    titles=titles,
                    everything=everything,
                    alike=alike,
                )

    full = None
    if len(ops) <= _WHOLE:
        full = next(drafts([boxes.everything]))
    if options.style != "scopes":
        page = next(drafts([boxes.everything], everything=True), None)
    elif options.depth is not None:
        page = next(drafts([boxes.to_depth(options.depth)]), None)
    else:
        page = next(drafts([boxes.layers]), None)
        if page is None or page.picture.columns > WIDE:
            if options.color != "grad":  # by which blocks that are alike differ
                alike = fold_alike(frames)
            page = _fitting(drafts(boxes.choices(frames)))
    if page is None:
        raise TooLargeError(
            f"draw: {boxes.count(frames):,} ops would be drawn, where {MOST:,} is the "
            "limit; compute them inside `with tg.scope(name):`, which folds them, or "
            "give a smaller depth="
        )
    made = [page] if full is None else [page, full]
    wanted = dict.fromkeys([node for draft in made for node in draft.rows])
    members = page.members()
    wanted |= dict.fromkeys([node for some in members.values() for node in some])
    facts = facts_of(tensors, nodes, wanted, fresh=bool(inputs))
    values = {n: summary_of(facts.values[n]) for n in wanted if n in facts.values}
    grads = {n: summary_of(facts.grads[n]) for n in wanted if n in facts.grads}
    for draft in made:
        draft.picture.scalar = are_scalars(roots)
        draft.picture.gradients = facts.gradients
        for node, row in draft.rows.items():
            row.value, row.grad = values.get(node), grads.get(node)
    for node, some in members.items():
        row = page.rows[node]
        row.value, row.grad = together(some, values), together(some, grads)
        norms = sorted([grads[one].norm for one in some if one in grads], key=_size)
        row.norms = (norms[0], norms[-1]) if norms else None
        names = {name_of(one) for one in some}
        if len(names) > 1 and row.name is not None:
            row.name = stem(row.name) or row.name
    overlay = Overlay(nodes, facts, options, inputs)
    for draft in made:
        overlay.onto(draft.picture, draft.place, draft.rows)
    whole = None if full is None else full.picture
    return Pictures(page.picture, whole, tensors, nodes, facts, values, grads)


def _fitting(drafts: Iterator[Draft]) -> Draft | None:
    """The first that fits on a page, or down a long one; or else the last."""
    page = None
    for draft in drafts:
        fine = page is None
        page = draft
        size = len(draft.picture.items)
        if draft.picture.columns <= WIDE or (size <= _LONG and not fine):
            break
    return page


def _size(norm: float) -> float:
    """To sort by: NaN is larger than anything."""
    return inf if isnan(norm) else norm


def gradient_titles(
    tensors: Sequence[Tensor], nodes: Sequence[Node]
) -> dict[Node, str]:
    """Names for the outputs that are gradients of named leaves: ∇W for that of W."""
    found: dict[Node, str] = {}
    outputs = {id(tensor): tensor for tensor in tensors}
    for leaf in nodes:
        owner = owner_of(leaf)
        output = outputs.get(id(getattr(owner, "grad", None)))
        if output is not None and output._node is not None and name_of(leaf):
            found[output._node] = f"∇{name_of(leaf)}"
    return found
