"""The backward pass as plain data: who hands on what to whom, and in which order.

Every number is the engine's own: each op's cotangent is carried through a copy of its
node, whose operands are leaves, so that the parts of ``x * x`` are told apart. No
`.grad` is touched, and no hook is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

import numpy as np

from tinygrad_jp.backward import backpropagate
from tinygrad_jp.draw import again
from tinygrad_jp.draw.basics import TooLargeError
from tinygrad_jp.draw.build import Pictures
from tinygrad_jp.draw.reading import brief, literal, op_label
from tinygrad_jp.draw.summary import Summary, summary_of
from tinygrad_jp.errors import GraphError
from tinygrad_jp.graph import Leaf, Node, name_of, tick

MOST = 60
"""Ops of a film; a class that has followed so many is asleep."""

_FEW = 64  # elements; of larger arrays no derivative is written out


@dataclass(slots=True)
class Value:
    """A node of the graph: a leaf, or an op with its result.

    Attributes:
        title: The symbol in its circle; of a leaf its name, or its number.
        name: What the user calls it; None where it has none.
        rule: The op's name; "" for a leaf.
        operands: What the op calls its operands.
        keywords: The op's other arguments, as they are written.
        kept: Which arrays the op kept for its gradient.
        shape: Its shape.
        live: Whether a gradient flows into it.
        written: A leaf that is a number of the formula.
        known: What it holds, in numbers.
        grad: Its complete gradient; None where none arrives.
        seed: Whether it is an output, whose gradient starts with 1.
        number: Of an op: its place in the forward pass, from 1.
        uses: Where it goes, by their places in `Story.uses`.
        takes: What comes into the op.
    """

    title: str
    name: str | None
    rule: str
    operands: tuple[str, ...]
    keywords: tuple[str, ...]
    kept: tuple[str, ...]
    shape: tuple[int, ...]
    live: bool
    written: bool
    known: Summary | None
    grad: Summary | None
    seed: bool
    number: int
    uses: list[int] = field(default_factory=list)
    takes: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Use:
    """One operand of one op: a wire.

    Attributes:
        source: The place of the operand in `Story.values`.
        user: That of the op.
        operand: What the op calls it.
        part: What the op hands on to it; None where that is nothing.
        slope: The local derivative at each place; None where there is no such thing, or
            too many places.
        repeated: Whether the operand was broadcast to the shape of the result.
    """

    source: int
    user: int
    operand: str
    part: Summary | None = None
    slope: Summary | None = None
    repeated: bool = False


@dataclass(slots=True)
class Story:
    """A whole backward pass.

    Attributes:
        values: All nodes, oldest first.
        uses: All wires, in the order of computation.
        visits: The ops in the order in which the backward pass comes to them.
    """

    values: list[Value]
    uses: list[Use]
    visits: list[int]

    def parts(self, place: int) -> list[int]:
        """The uses that hand on something to a node, in the order of their visits."""
        when = {op: i for i, op in enumerate(self.visits)}
        found = [i for i in self.values[place].uses if self.uses[i].part is not None]
        return sorted(found, key=lambda i: (when[self.uses[i].user], i))


class Refusal(NamedTuple):
    """Why there is no film, kept until somebody asks for one."""

    kind: type[Exception]
    message: str


def story_of(pictures: Pictures) -> Story | Refusal:
    """Follow the backward pass of the graph of a picture."""
    nodes, facts = pictures.nodes, pictures.facts
    count = sum([node.rule is not None for node in nodes])
    if count > MOST:
        return Refusal(
            TooLargeError,
            f"film: {count:,} ops, and {MOST} is the limit for a film; make one of a "
            "smaller function or of a single layer, and look at the whole by "
            '.save("graph.html"), which folds scopes',
        )
    if facts.gradients != "all":
        return Refusal(GraphError, f"film: {_missing(pictures)}")
    roots = [one._node for one in pictures.tensors if one._node is not None]
    known = _summaries(facts.values, pictures.values)
    values = _values(nodes, known, _summaries(facts.grads, pictures.grads), roots)
    story = Story(values, [], [])
    place = {node: i for i, node in enumerate(nodes)}
    for node in nodes:
        names = _operand_names(node)
        for u, operand in zip(node.inputs, names):
            values[place[u]].uses.append(len(story.uses))
            values[place[node]].takes.append(len(story.uses))
            story.uses.append(Use(place[u], place[node], operand))
    for node in reversed(nodes):
        if node.rule is None or node not in facts.grads:
            continue
        carried = _carried(node, facts.again.get(node), facts.grads[node])
        if carried is None:
            return Refusal(GraphError, f"film: {_RELEASED}")
        story.visits.append(place[node])
        parts, slopes = carried
        for i, u, part, slope in zip(
            values[place[node]].takes, node.inputs, parts, slopes
        ):
            use = story.uses[i]
            if part is not None:
                only = len(values[use.source].uses) == 1 and not values[use.source].seed
                use.part = values[use.source].grad if only else summary_of(part)
            use.repeated = node.rule.elementwise and u.shape != node.shape
            if slope is not None and not use.repeated:
                use.slope = summary_of(slope)
    return story


_RELEASED = (
    "the arrays of the backward pass are gone, and the ops cannot be run again; make "
    "the picture before backward(), or call backward(retain_graph=True)"
)


def _missing(pictures: Pictures) -> str:
    if not pictures.page.scalar:
        return (
            "a backward pass starts at one number, and the output has more; make a "
            "film of its sum, or of a loss"
        )
    if not any(node.live for node in pictures.nodes):
        return (
            "no gradient flows here; compute it from a tensor with requires_grad=True"
        )
    return _RELEASED


def _summaries(
    arrays: Mapping[Node, Any], made: Mapping[Node, Summary]
) -> dict[Node, Summary]:
    """Arrays in numbers, where that has not been done for the picture."""
    return {
        node: made[node] if node in made else summary_of(array)
        for node, array in arrays.items()
    }


def _values(
    nodes: Sequence[Node],
    known: Mapping[Node, Summary],
    grads: Mapping[Node, Summary],
    roots: Sequence[Node],
) -> list[Value]:
    found = []
    number = 0
    for node in nodes:
        rule = node.rule
        number += rule is not None
        shown = literal(node) if rule is None else None
        title = op_label(node, everything=True) if rule else shown or name_of(node)
        keywords = rule.signature.keywords if rule else ()
        kept = rule.signature.operands if rule else ()
        found.append(
            Value(
                title=title or "",
                name=name_of(node) or None,
                rule=rule.name if rule else "",
                operands=_operand_names(node),
                keywords=tuple(
                    [f"{k}={brief(getattr(node, f'{k}_given'))}" for k in keywords]
                ),
                kept=tuple([k for k in (*kept, "out") if rule and rule.kept_for(k)]),
                shape=node.shape,
                live=node.live,
                written=shown is not None,
                known=known.get(node),
                grad=grads.get(node),
                seed=node in roots,
                number=number if rule else 0,
            )
        )
    return found


def _operand_names(node: Node) -> tuple[str, ...]:
    """What the formulas call the operands of an op."""
    if node.rule is None:
        return ()
    signature = node.rule.signature
    if signature.variadic:
        return tuple([f"x{i}" for i in range(1, len(node.inputs) + 1)])
    return tuple(signature.operands)


def _carried(
    node: Node, twin: Node | None, g: Any
) -> tuple[list[Any], list[Any]] | None:
    """What a node, or its twin if it is spent, hands on of a cotangent, and of ones.

    That of ones is the derivative at each place, and is asked for where it is shown.
    """
    few = node.rule.elementwise and prod(node.shape) <= _FEW
    found = []
    # NaN shall be seen in the film, so nobody stops at it.
    with again.unwatched(), np.errstate(all="ignore"):
        for cotangent in (g, np.ones(node.shape, node.dtype))[: 1 + few]:
            try:
                found.append(_parts(node, cotangent))
            except GraphError:  # released, or changed since: that may not be used
                if twin is None:
                    return None
                found.append(_parts(twin, cotangent))
    parts, *slopes = found
    return parts, slopes[0] if slopes else [None] * len(parts)


def _parts(node: Node, g: Any) -> list[Any]:
    """Carry a cotangent through a copy of a node, whose operands are leaves."""
    leaves = [Leaf(u.shape, u.dtype, live=u.live) for u in node.inputs]
    alone = object.__new__(type(node))  # not `copy`: some refuse to be pickled
    for name, value in node.slots().items():
        setattr(alone, name, value)
    alone.order = tick()  # younger than its operands
    signature = node.rule.signature
    given = [tuple(leaves)] if signature.variadic else leaves
    for name, leaf in zip(signature.operands, given):
        setattr(alone, f"{name}_node", leaf)
    found = backpropagate([(alone, g)], retain=True, wanted=leaves)
    return [found.get(leaf) for leaf in leaves]
