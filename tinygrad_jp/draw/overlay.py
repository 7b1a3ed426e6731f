"""What lies over a picture: the marks of trouble, and the amounts of a colour mode."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from tinygrad_jp.draw import measure
from tinygrad_jp.draw.basics import Options
from tinygrad_jp.draw.facts import Facts
from tinygrad_jp.draw.picture import (
    Amount,
    Item,
    Kind,
    Mark,
    Picture,
    Row,
    root_sum_square,
)
from tinygrad_jp.draw.text import short
from tinygrad_jp.draw.trouble import Trouble, joined
from tinygrad_jp.graph import Node, name_of


class Overlay:
    """Trouble and costs of a graph's nodes, to be laid over its pictures.

    Args:
        order: All nodes, oldest first.
        facts: What is known of them.
        options: The language of the marks, and what colours say.
        inputs: Leaves that are inputs, though a gradient flows into them.
    """

    def __init__(
        self,
        order: Sequence[Node],
        facts: Facts,
        options: Options,
        inputs: Collection[Node] = (),
    ) -> None:
        self._order = facts.looked if options.profile is None else order
        self._color = options.color
        self._measured = options.profile is not None
        trouble = Trouble(facts, options.lang, inputs)
        self._marks = trouble.marks
        self._problems = trouble.problems
        self._costs: Mapping[Node, measure.Parts] = {}
        if options.profile is not None:
            self._costs = measure.measured(order, options.profile, options.color)
        elif options.color == "time":
            self._costs = measure.times(order, facts)
        elif options.color == "memory":
            self._costs = measure.memory(order, facts)
        self._total = sum([sum(parts) for parts in self._costs.values()])

    def onto(
        self, picture: Picture, place: Mapping[Node, Item], rows: Mapping[Node, Row]
    ) -> None:
        """Give a picture's items their marks and amounts.

        Args:
            picture: Whose rows have their numbers.
            place: The item of every op.
            rows: The row of every node that is seen.
        """
        picture.color = self._color
        picture.measured = self._measured
        picture.problems = self._problems
        within = self._within(picture, place, rows)
        for item, nodes in within.items():
            item.marks = joined(self._marked(item, nodes))
            if self._color == "grad":
                item.amount = _gradient(item)
            elif self._color is not None:
                item.amount = self._cost(nodes)

    def _marked(self, item: Item, nodes: Sequence[Node]) -> list[Mark]:
        """The marks of the nodes of an item: on a card, with the parameter's name."""
        marks = [(node, mark) for node in nodes for mark in self._marks.get(node, ())]
        counts = Counter([mark.text for _, mark in marks])
        found = []
        for node, mark in marks:
            name = name_of(node)
            if len(item.rows) > 1 and name and counts[mark.text] < len(item.rows):
                mark = replace(mark, text=f"{short(name)} {mark.text}")
            found.append(mark)
        return found

    def _within(
        self, picture: Picture, place: Mapping[Node, Item], rows: Mapping[Node, Row]
    ) -> dict[Item, list[Node]]:
        """The nodes that each item stands for; a leaf that is not seen, by its user."""
        nodes = {row: node for node, row in rows.items()}
        found: dict[Item, list[Node]] = {item: [] for item in picture.items}
        for item in picture.items:
            if item.kind in (Kind.INPUT, Kind.PARAMETER):
                found[item] += [nodes[row] for row in item.rows if row in nodes]
        seen = {node for some in found.values() for node in some}
        for op in self._order:
            item_of_op = place.get(op) if op.rule is not None else None
            if item_of_op not in found:
                continue
            found[item_of_op].append(op)
            aside = [u for u in op.inputs if u.rule is None and u not in seen]
            found[item_of_op] += dict.fromkeys(aside)
            seen.update(aside)
        return found

    def _cost(self, nodes: Sequence[Node]) -> Amount | None:
        known = [self._costs[node] for node in nodes if node in self._costs]
        ops = [node for node in nodes if node.rule is not None]
        unseen = self._measured and ops and self._costs.keys().isdisjoint(ops)
        if unseen or not known:
            return None
        parts = tuple([sum(part) for part in zip(*known)])
        share = sum(parts) / self._total if self._total else 0.0
        return Amount(sum(parts), parts, share)


def _gradient(item: Item) -> Amount | None:
    """The RMS of the gradient of what an item makes, or holds."""
    grads = [row.grad for row in item.made or item.rows if row.grad is not None]
    size = sum([grad.size for grad in grads])
    norm = root_sum_square([grad.norm for grad in grads])
    return Amount(norm / size**0.5) if norm is not None and size else None
