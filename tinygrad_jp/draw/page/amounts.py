"""What colours say of a folded scope, in a picture whose colours tell no kinds.

The page folds scopes by itself, so it needs the amount of each: of time and memory the
sum, of gradients that of all that leaves the scope, as everywhere in `draw`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tinygrad_jp.draw.heat import written
from tinygrad_jp.draw.picture import (
    Amount,
    Box,
    Item,
    Kind,
    Picture,
    Row,
    root_sum_square,
)
from tinygrad_jp.draw.text import Words, number


def amounts_of(picture: Picture) -> tuple[Mapping[Box, Amount], Mapping[Box, Amount]]:
    """The amounts of each box as one node, and of a card with its parameters."""
    within: dict[Box, list[Item]] = {}
    for item in picture.items:
        for box in around(item):
            within.setdefault(box, []).append(item)
    leaving: dict[Box, dict[Row, None]] = {}
    for wire in picture.wires:
        outside = around(wire.target)
        for box in around(wire.source):
            if box not in outside:
                leaving.setdefault(box, {}).update(dict.fromkeys(wire.rows))
    boxes, cards = {}, {}
    for box, items in within.items():
        held = [item for item in items if item.kind is Kind.PARAMETER]
        if picture.color == "grad":
            found = _root_mean_square(leaving.get(box, ()))
            card = _root_mean_square({row: None for item in held for row in item.rows})
        else:
            found = _sum([item for item in items if item.kind in (Kind.OP, Kind.LAYER)])
            card = _sum(held)
        if found is not None:
            boxes[box] = found
        if card is not None:
            cards[box] = card
    return boxes, cards


def around(item: Item) -> list[Box]:
    """The boxes in which an item stands, without the sheet."""
    found = []
    box = item.box
    while box.parent is not None:
        found.append(box)
        box = box.parent
    return found


def cost(amount: Amount, picture: Picture, words: Words) -> str:
    """An amount in full: with what it is the sum of, and its share of all."""
    text = written(amount.value, picture.color)
    if amount.share is None:
        return text
    form = words.time_parts if picture.color == "time" else words.memory_parts
    parts = form.format(*[written(part, picture.color) for part in amount.parts])
    share = words.share.format(number(100 * amount.share))
    return f"{text} ({parts}), {share}"


def _sum(items: Iterable[Item]) -> Amount | None:
    known = [item.amount for item in items if item.amount is not None]
    if not known:
        return None
    parts = tuple([sum(part) for part in zip(*[amount.parts for amount in known])])
    share = sum([amount.share or 0.0 for amount in known])
    return Amount(sum([amount.value for amount in known]), parts, share)


def _root_mean_square(rows: Iterable[Row]) -> Amount | None:
    grads = [row.grad for row in rows if row.grad is not None]
    size = sum([grad.size for grad in grads])
    norm = root_sum_square([grad.norm for grad in grads])
    return Amount(norm / size**0.5) if norm is not None and size else None
