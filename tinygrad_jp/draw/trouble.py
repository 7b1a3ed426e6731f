"""Trouble in a graph: what is not finite, does not learn, or no longer works.

Layers are judged by `units`.

Where it begins is marked loudly; what it does to others, quietly. An infinity that was
given, such as the -inf of a mask, is none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

from tinygrad_jp.backward import backpropagate
from tinygrad_jp.draw.again import unwatched
from tinygrad_jp.draw.basics import Language
from tinygrad_jp.draw.complaints import COMPLAINTS, Complaints
from tinygrad_jp.draw.facts import Facts
from tinygrad_jp.draw.picture import Mark
from tinygrad_jp.draw.text import short
from tinygrad_jp.draw.units import LOUD, findings
from tinygrad_jp.graph import Node, name_of, walk

KINDS = (
    "nan",
    "infinity",
    "nan_gradient",
    "infinite_gradient",
    "no_gradient",
    "zero_gradient",
    "dead",
    "saturated",
    "alike",
)
"""What a `Mark` can be, the worst first."""

_NAMED = 5  # parameters in a sentence; more are counted


class Trouble:
    """The marks of a graph's nodes.

    Args:
        facts: What is known of a graph.
        lang: Of the marks.
        inputs: Leaves that are inputs, though a gradient flows into them.

    Attributes:
        marks: Of each node that has any, in the order in which they were found.
    """

    def __init__(
        self,
        facts: Facts,
        lang: Language = "en",
        inputs: Collection[Node] = (),
    ) -> None:
        self.marks: dict[Node, list[Mark]] = {}
        self._order = facts.looked
        self._facts = facts
        self._say: Complaints = COMPLAINTS[lang]
        self._inputs = set(inputs)
        self._users: dict[Node, list[Node]] = {}
        for op in facts.looked:
            for node in dict.fromkeys(op.inputs):
                self._users.setdefault(node, []).append(op)
        self._broken: set[Node] = set()  # whose values are not finite, though they were
        self._dead: set[Node] = set()  # of which no unit works
        self._look_at_values()
        self._look_at_units()
        self._look_at_gradients()
        self._look_for_zeros()
        self._look_for_missing()

    @property
    def problems(self) -> tuple[str, ...]:
        """Every loud mark in a sentence, one for all nodes of which it is true."""
        found: dict[str, list[str]] = {}
        for node in self._order:
            for mark in self.marks.get(node, ()):
                if mark.loud:
                    found.setdefault(mark.detail, []).append(self._called(node))
        return tuple([f"{self._list(who)}: {what}" for what, who in found.items()])

    def _mark(self, node: Node, kind: str, text: str, detail: str, loud: bool) -> None:
        self.marks.setdefault(node, []).append(Mark(kind, text, detail, loud))

    # --- names -------------------------------------------------------------------

    def _called(self, node: Node) -> str:
        """A node's name, or the op's, with the scope around it and the user's line."""
        op = str(node.rule.name) if node.rule is not None else str(node.shape)
        name = short(name_of(node) or op)
        if node.rule is not None and node.scope is not None:
            name = self._say.within.format(op=name, scope=short(node.scope.name))
        line = getattr(getattr(node, "site", None), "line", None)
        return name if line is None else f"{name} ({line.shown()})"

    def _list(self, names: Iterable[str]) -> str:
        listed = list(names)
        text = ", ".join(listed[:_NAMED])
        hidden = len(listed) - _NAMED
        return text if hidden <= 0 else self._say.more.format(names=text, count=hidden)

    # --- values ------------------------------------------------------------------

    def _look_at_values(self) -> None:
        """Mark numbers that are not finite, and the op that made the first of them."""
        values, say = self._facts.values, self._say
        bad: dict[Node, tuple[int, int]] = {}
        for node in self._order:
            here = not_finite(values.get(node))
            arrived = not self._broken.isdisjoint(node.inputs)
            if here == (0, 0):
                if arrived and node not in values:
                    self._broken.add(node)
                continue
            bad[node] = here
            nans = here[0]
            given = [bad[u] for u in node.inputs if u in bad]
            if not nans and not arrived and (given or node.rule is None):
                continue  # an infinity that somebody meant
            what = counted(here)
            self._broken.add(node)
            if arrived or (nans and any(nans_there for nans_there, _ in given)):
                text, detail = what, say.arrived
            elif node.rule is None:
                text, detail = say.given, say.given_of
            elif all(u in values for u in node.inputs):
                text, detail = say.made, say.made_of
            else:
                text, detail = say.first, say.first_of
            loud = detail is not say.arrived
            kind = "nan" if nans else "infinity"
            self._mark(
                node, kind, text.format(what=what), detail.format(what=what), loud
            )

    def _look_at_units(self) -> None:
        say = self._say
        texts = {
            "dead": (say.dead, say.dead_of),
            "saturated": (say.saturated, say.saturated_of),
            "alike": (say.alike, say.alike_of),
        }
        for node, kind, figures in findings(
            self._order, self._facts.values, self._inputs
        ):
            if kind == "alike" and self._dead:
                continue  # that is why
            text, detail = [template.format(**figures) for template in texts[kind]]
            self._mark(node, kind, text, detail, figures.get("share", 100) >= LOUD)
            if figures.get("dead") == figures.get("units", 0):
                self._dead.add(node)

    # --- gradients ---------------------------------------------------------------

    def _look_at_gradients(self) -> None:
        """Mark gradients that are not finite, and the op whose vjp made the first."""
        grads, say = self._facts.grads, self._say
        bad = {node: not_finite(g) for node, g in grads.items()}
        blamed = set(self._broken)  # of these it has been said of their values
        for node in reversed(self._order):
            here = bad.get(node, (0, 0))
            if here == (0, 0):
                continue
            what = f"∇ {counted(here)}"
            kind = "nan_gradient" if here[0] else "infinite_gradient"
            users = [op for op in self._users.get(node, ()) if op in grads]
            makers = []
            if all(bad[op] == (0, 0) for op in users):
                makers = [op for op in users if self._makes_bad(op, node, users)]
            for op in makers:
                if op not in blamed:
                    blamed.add(op)
                    text, detail = say.made.format(what=what), say.pulled_of
                    self._mark(op, kind, text, detail.format(what=what), True)
            detail = say.arrived if users else say.given_of
            self._mark(node, kind, what, detail.format(what=what), not users)

    def _makes_bad(self, op: Node, node: Node, users: Sequence[Node]) -> bool:
        """Whether it is this op's vjp that hands on what is not finite."""
        if len(users) == 1:
            return True
        try:
            with unwatched(), np.errstate(all="ignore"):
                seed = self._facts.grads[op]
                found = backpropagate([(op, seed)], retain=True, since=op.order)
        except Exception:  # its arrays have been released: nobody is blamed
            return False
        return not_finite(found.get(node)) != (0, 0)

    def _look_for_zeros(self) -> None:
        """Mark parameters of gradient 0, and the op at which it became that."""
        grads, say = self._facts.grads, self._say
        zero = {node for node, g in grads.items() if g.size and not g.any()}
        leaves = {n for n in zero if n.rule is None and n not in self._inputs}
        above = set(leaves)  # nodes on the way back to them
        made: dict[Node, list[Node]] = {}
        for node in self._order:
            if node not in zero:
                continue
            if not above.isdisjoint(node.inputs):
                above.add(node)
            if node not in above:
                continue
            users = [op for op in self._users.get(node, ()) if op in grads]
            for op in users:
                if op not in zero and self._dead.isdisjoint((op, *op.inputs)):
                    made.setdefault(op, []).append(node)
            self._mark(node, "zero_gradient", say.zero, say.zero_of, not users)
        for op, cut in made.items():
            behind = [node for node in walk(cut) if node in leaves]
            names = self._list([self._called(node) for node in behind])
            detail = say.zero_made_of.format(names=names)
            self._mark(op, "zero_gradient", say.zero_made, detail, True)

    def _look_for_missing(self) -> None:
        """Mark parameters to which no gradient leads."""
        facts, say = self._facts, self._say
        if facts.gradients != "all":
            return
        for node in facts.looked:
            parameter = node.live and node.rule is None and node not in self._inputs
            if parameter and node not in facts.grads:
                self._mark(node, "no_gradient", say.missing, say.missing_of, True)


def not_finite(array: Any) -> tuple[int, int]:
    """How many elements are NaN, and how many infinite."""
    if array is None or array.dtype.kind != "f" or np.isfinite(array).all():
        return 0, 0
    nans = int(np.count_nonzero(np.isnan(array)))
    return nans, int(np.count_nonzero(np.isinf(array)))


def counted(found: tuple[int, int]) -> str:
    """``NaN ×3``, or ``∞ ×1``; an infinity beside a NaN is left out."""
    nans, infinities = found
    return f"NaN ×{nans:,}" if nans else f"∞ ×{infinities:,}"


def joined(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """The marks of all that an item stands for: one of a kind, the worst first."""
    kinds: dict[str, Mark] = {}
    for mark in sorted(marks, key=lambda m: (not m.loud, KINDS.index(m.kind))):
        kinds.setdefault(mark.kind, mark)
    return tuple(kinds.values())
