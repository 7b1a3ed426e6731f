"""From ops and frames to items and wires, still without gradients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, islice
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from tinygrad_jp.draw.again import owner_of
from tinygrad_jp.draw.boxes import Frame, shown
from tinygrad_jp.draw.picture import Box, Item, Kind, Picture, Row, Wire, arrange
from tinygrad_jp.draw.reading import (
    call_form,
    in_loss,
    index_leaves,
    is_data,
    literal,
    op_label,
)
from tinygrad_jp.draw.repeat import Alike
from tinygrad_jp.graph import Leaf, Node, name_of

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Group = tuple[Node, ...]
"""Leaves that share one item: the parameters of a folded layer."""

_USES = 2  # of a leaf that are drawn as wires; more would be a tangle
_LISTED = 12  # ops in a tooltip


class Draft:
    """A picture in the making.

    Attributes:
        picture: What has been drawn so far.
        alike: What is drawn once for several.
        rows: The row of each node that is seen in it.
        inputs: Leaves that are inputs, though a gradient flows into them.
        titles: What outputs are called that have no name.
        everything: Whether numbers of a formula, masks and indices are drawn too.
    """

    def __init__(
        self,
        whole: Frame,
        ops: Sequence[Node],
        tensors: Sequence[Tensor],
        *,
        inputs: Collection[Node] = (),
        titles: Mapping[Node, str] | None = None,
        everything: bool = False,
        alike: Alike | None = None,
    ) -> None:
        self.alike = alike or Alike()
        self.picture = Picture(Box("", None))
        self.inputs = inputs
        self.titles = titles or {}
        self.everything = everything
        self.rows: dict[Node, Row] = {}
        self._place: dict[Node, Item] = {}
        self._put_ops(whole)
        self._put_leaves(self._connect(ops))
        self._number_operands(ops)
        arrange(self.picture, [self._put_output(tensor) for tensor in tensors])

    def members(self) -> dict[Node, list[Node]]:
        """For each node that is seen, and stands for others, all of them."""
        found: dict[Node, list[Node]] = {}
        for node, twin in self.alike.twins.items():
            if twin in self.rows:
                found.setdefault(twin, [twin]).append(node)
        return found

    @property
    def place(self) -> Mapping[Node, Item]:
        """The item in which each op is drawn."""
        return self._place

    def _row(self, node: Node) -> Row:
        """The row of a node: one for all places where it is seen."""
        if node not in self.rows:
            site = getattr(node, "site", None)
            line = "" if site is None or site.line is None else site.line.shown()
            name = name_of(node) or None
            self.rows[node] = Row(name, node.shape, str(node.dtype), site=line)
        return self.rows[node]

    # --- ops and layers ----------------------------------------------------------

    def _put_ops(self, whole: Frame) -> None:
        """Make an item of every op that is seen, and of every folded frame."""
        opened, folded = shown(whole)
        made: list[tuple[int, Item]] = []
        for frame in opened:
            frame.box = self._box(frame)
            for op in frame.ops:
                self._place[op] = Item(
                    Kind.OP,
                    op_label(op, everything=self.everything),
                    frame.box,
                    ops=(call_form(op),),
                    size=1,
                    made=(self._row(op),),
                )
                made.append((op.order, self._place[op]))
        for frame in folded:
            item = self._layer(frame)
            inside = dict.fromkeys(frame.all_ops(), item)
            self._place.update(inside)
            made.append((min([op.order for op in inside]), item))
        made.sort(key=lambda pair: pair[0])
        self.picture.items = [item for _, item in made]
        for op, twin in self.alike.twins.items():
            if twin in self._place:
                self._place[op] = self._place[twin]

    def _box(self, frame: Frame) -> Box:
        if frame.parent is None:
            return self.picture.sheet
        sizes = [prod(leaf.shape) for leaf in frame.parameters - set(self.inputs)]
        # The frames in a unit of several have names of their own.
        title = f"×{frame.times}" if frame.scope is None else frame.label
        return Box(title, frame.parent.box, parameters=sum(sizes))

    def _layer(self, frame: Frame) -> Item:
        listed = [call_form(op) for op in islice(frame.all_ops(), _LISTED)]
        box = frame.parent.box if frame.parent else None
        return Item(
            Kind.LAYER,
            frame.label,
            box or self.picture.sheet,
            ops=tuple(listed),
            size=frame.size * frame.times,
        )

    # --- wires and leaves --------------------------------------------------------

    def _connect(self, ops: Sequence[Node]) -> dict[Item, list[Node]]:
        """Draw the wires between ops; return the leaves that each item uses."""
        uses: dict[Item, list[Node]] = {}
        drawn = set()
        linked = set()
        twins, entries = self.alike.twins, self.alike.entries
        for op in ops:
            target = self._place[op]
            hidden = op in twins
            if hidden and not entries:
                continue
            picked = [self._as_input(leaf) for leaf in index_leaves(op)]
            for i, node in enumerate(chain(op.inputs, picked)):
                source = self._place.get(node)
                if source is target or (hidden and (op, i) not in entries):
                    continue
                one_of_many = hidden or node in twins  # of such wires one is enough
                if one_of_many and (source is None or (source, target) in linked):
                    continue
                linked.add((source, target))
                if not (self.everything or is_data(node, op)):
                    continue
                if target.kind is Kind.LAYER:  # it needs each tensor once; an op
                    if (node, target) in drawn:  # such as x * x has two wires
                        continue
                    drawn.add((node, target))
                if source is None:
                    uses.setdefault(target, []).append(node)
                else:
                    self._wire(source, target, node)
        return uses

    def _as_input(self, index: Leaf) -> Node:
        """The input that holds the same labels or places; or the leaf itself."""
        held = owner_of(index)
        for node in self.inputs:
            same_kind = node.shape == index.shape and node.dtype.kind in "iu"
            if same_kind and np.array_equal(np.asarray(owner_of(node)), held):
                return node
        return index

    def _wire(self, source: Item, target: Item, node: Node) -> None:
        row = self._row(node)
        self.picture.wires.append(Wire(source, target, (row,)))
        if row not in source.made and source.kind in (Kind.OP, Kind.LAYER):
            source.made = (*source.made, row)

    def _put_leaves(self, uses: dict[Item, list[Node]]) -> None:
        """Give each item its leaves: those that feed it before it, others beside.

        A leaf with many users is drawn again for each.
        """
        feeding = self._feeding(uses)
        groups = {
            item: _grouped(item, leaves, feeding[item]) for item, leaves in uses.items()
        }
        users = Counter([group for found in groups.values() for group in set(found)])
        placed: dict[Group, Item] = {}
        ordered: list[Item] = []
        for item in self.picture.items:
            drawn: dict[Group, Item] = {}  # for this item
            taken = 0  # places beside it
            for group in groups.get(item, ()):
                before = group[0] in feeding[item]
                source = drawn.get(group, placed.get(group))
                new = source is None or (users[group] > _USES and group not in drawn)
                if source is None or new:
                    box = self.picture.sheet if before else item.box
                    source = self._leaf(group, box, repeated=source is not None)
                    ordered.append(source)
                    drawn[group] = source
                    placed.setdefault(group, source)
                places = 2 if self.everything and not group[0].live else 1
                beside = new and not before and taken < places
                taken += beside
                self.picture.wires.append(Wire(source, item, source.rows, beside))
            ordered.append(item)
        self.picture.items = ordered
        self._place.update((group[0], item) for group, item in placed.items())

    def _feeding(self, uses: dict[Item, list[Node]]) -> dict[Item, set[Node]]:
        """The leaves that come before an item: from outside, or as no other op does."""
        fed = {wire.target for wire in self.picture.wires}
        found: dict[Item, set[Node]] = {}
        for item, leaves in uses.items():
            arrays = [leaf for leaf in leaves if literal(leaf) is None] or leaves
            constants = [leaf for leaf in arrays if not leaf.live]
            found[item] = set() if item in fed else set(constants or arrays[:1])
            found[item] |= self.alike.outside.intersection(leaves)
        return found

    def _number_operands(self, ops: Sequence[Node]) -> None:
        """Note which operand of its op each wire is."""
        found: dict[tuple[Item, Row], int] = {}
        for op in ops:
            for i, node in enumerate(op.inputs):
                if node in self.rows:
                    found.setdefault((self._place[op], self.rows[node]), i)
        for wire in self.picture.wires:
            wire.operand = found.get((wire.target, wire.rows[0]), len(found))

    def _leaf(self, group: Group, box: Box, *, repeated: bool) -> Item:
        live = group[0].live and group[0] not in self.inputs
        kind = Kind.PARAMETER if live else Kind.INPUT
        rows = tuple([self._row(leaf) for leaf in group])
        title = self._constant(group[0]) if kind is Kind.INPUT else ""
        return Item(kind, title, box, rows, repeated=repeated)

    def _constant(self, leaf: Node) -> str:
        """What a number of a formula is called, and a mask without a name."""
        if not self.everything:
            return ""
        unnamed_mask = leaf.dtype.kind == "b" and name_of(leaf) is None
        return literal(leaf) or ("mask" if unnamed_mask else "")

    # --- outputs -----------------------------------------------------------------

    def _put_output(self, tensor: Tensor) -> Item:
        """Put the result at the end of the wire that leads to it."""
        node = tensor._node
        if node is None:
            raise AssertionError("an output without a node")
        row = self._row(node)
        sheet = self.picture.sheet
        value = float(tensor.item()) if tensor.size == 1 else None
        title = row.name or self.titles.get(node, "")
        if not title and value is not None and in_loss(node):
            title = "loss"
        item = Item(Kind.OUTPUT, title, sheet, (row,), value=value)
        if node not in self._place:
            source = self._leaf((node,), sheet, repeated=False)
            self.picture.items.append(source)
            self._place[node] = source
        self.picture.items.append(item)
        self._wire(self._place[node], item, node)
        return item


def _grouped(item: Item, leaves: list[Node], feeding: set[Node]) -> list[Group]:
    """Put the parameters of a folded layer together; all others stand alone.

    Parameters come first: they get the place beside the item.
    """
    live = [leaf for leaf in leaves if leaf.live and leaf not in feeding]
    alone = [(leaf,) for leaf in leaves if leaf not in live]
    if item.kind is Kind.LAYER and live:
        return [tuple(live), *alone]
    return [*[(leaf,) for leaf in live], *alone]
