"""The ways in which a rule is broken on purpose, each a `Mutant` with a name.

A mutant of your own changes what a vjp returns:

    halved = of_gradient("half of it", lambda pull: pull.run() * 0.5)
    mutation_score(checks, mutants=[*MUTANTS, halved])

`pull` is the call of the vjp: its cotangent `g`, what is kept for it, and `run`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import Any, NamedTuple

import numpy as np

from tinygrad_jp.ops import Rule
from tinygrad_jp.testing.mutation_pull import Altered, Change, Pull, altered

__all__ = ["MUTANTS", "Break", "Mutant", "of_forward", "of_gradient"]

SCALE = 1.0005
"""An error that no loose tolerance finds."""


@dataclass(frozen=True)
class Mutant:
    """A way to break rules.

    Attributes:
        name: What is wrong then.
        apply: Makes broken rules of a right one, each with words that say where it is
            broken; none, where there is nothing to break in this way.
    """

    name: str
    apply: Callable[[Rule[Any]], Iterable[tuple[str, Altered]]]

    def of(self, rule: Rule[Any]) -> Iterator[Break]:
        """The rule, broken in this way: once for each place where it can be."""
        for where, twin in self.apply(rule):
            yield Break(rule, self.name, where, twin)


class Break(NamedTuple):
    """A rule, and what to put in its place.

    Attributes:
        rule: The right one.
        mutant: The name of the way in which it is broken.
        where: In which of its gradients.
        twin: The broken one.
    """

    rule: Rule[Any]
    mutant: str
    where: str
    twin: Altered


def of_gradient(
    name: str,
    change: Change,
    *,
    where: Callable[[Rule[Any]], bool] = lambda rule: True,
    needs: Sequence[str] = (),
) -> Mutant:
    """A mutant that changes what one vjp returns.

    Args:
        name: What is wrong then.
        change: Takes a `Pull` and returns a cotangent; on Tensors too.
        where: Which rules it breaks.
        needs: What it looks at besides what the vjp names: operands, ``out``, keywords.
    """

    def apply(rule: Rule[Any]) -> Iterator[tuple[str, Altered]]:
        if where(rule):
            for i, operand in _differentiable(rule):
                yield f"by {operand}", altered(rule, {i: change}, needs)

    return Mutant(name, apply)


def of_forward(
    name: str, change: Callable[[dict[str, Any], int], dict[str, Any]], *words: str
) -> Mutant:
    """A mutant that computes something else, with the gradient of that.

    Args:
        name: What is wrong then.
        change: Takes the keywords and the number of axes; returns other keywords.
        words: The keywords that it changes; it breaks rules that have one of them.
    """

    def apply(rule: Rule[Any]) -> Iterator[tuple[str, Altered]]:
        if set(words) & set(rule.signature.keywords):
            gradients = {
                i: lambda pull: pull.run(**change(pull.kept, pull.ndim))
                for i, _ in _differentiable(rule)
            }
            yield "forward", altered(rule, gradients, keywords=change)

    return Mutant(name, apply)


def _differentiable(rule: Rule[Any]) -> list[tuple[int, str]]:
    names = enumerate(rule.signature.operands)
    return [(i, name) for i, name in names if rule.vjps[i] is not None]


# --- gradients ---------------------------------------------------------------------


def each(change: Callable[[Any], Any], found: Any) -> Any:
    """Change a cotangent, or each of those that a rule of ``*operands`` returns."""
    return [change(g) for g in found] if isinstance(found, list) else change(found)


def _first_row(found: Any, shape: tuple[int, ...]) -> Any:
    """Of what should be summed over the axes that were broadcast, the first row."""
    extra = max(found.ndim - len(shape), 0)
    kept = shape[len(shape) - (found.ndim - extra) :]
    firsts = [slice(1) if n == 1 else slice(None) for n in kept]
    return found[(*[0] * extra, *firsts)] if found.size else found


def _other_axis(kept: dict[str, Any], ndim: int) -> dict[str, Any]:
    """The axes after those that are meant."""
    if "axes" in kept:
        return {"axes": (*kept["axes"][1:], *kept["axes"][:1])}
    axis = kept.get("axis")
    if isinstance(axis, tuple):
        return {"axis": tuple([(i + 1) % ndim for i in axis])}
    return {} if axis is None or not ndim else {"axis": (axis + 1) % ndim}


def _knows_axis(rule: Rule[Any]) -> bool:
    return any({"axis", "axes"} & set(keeps) for keeps in rule.keeps)


def _in_place(pull: Pull) -> Any:
    """Compute in the memory of g, which others hold."""
    found, g = pull.run(), pull.g
    fits = getattr(found, "shape", None) == g.shape and found.dtype == g.dtype
    # A single number may be a constant of the engine, which must survive this.
    if type(g) is not np.ndarray or not g.ndim or not fits or not g.flags.writeable:
        return found
    g[...] = found
    return g


def _one_buffer(rule: Rule[Any]) -> Change:
    """Return the same array whenever one of this shape is asked for."""
    buffers: dict[Any, Any] = {}

    def kept(pull: Pull, found: Any, place: int) -> Any:
        if not isinstance(found, (np.ndarray, np.generic)):
            return found
        buffer = buffers.get((place, found.shape, found.dtype))
        if buffer is None:
            buffer = buffers[place, found.shape, found.dtype] = np.array(found)
        elif not np.array_equal(buffer, found, equal_nan=True):
            pull.note.changed = True  # of what was returned before
            buffer[...] = found
        return buffer

    def change(pull: Pull) -> Any:
        found = pull.run()
        if isinstance(found, list):
            return [kept(pull, g, i) for i, g in enumerate(found)]
        return kept(pull, found, 0)

    return change


def _buffers(rule: Rule[Any]) -> Iterator[tuple[str, Altered]]:
    for i, operand in _differentiable(rule):
        yield f"by {operand}", altered(rule, {i: _one_buffer(rule)})


def _swaps(rule: Rule[Any]) -> Iterator[tuple[str, Altered]]:
    """Exchange the vjps of two operands; of ``*operands``, turn the list round."""
    if rule.signature.variadic:
        yield "reversed", altered(rule, {0: lambda pull: pull.run()[::-1]})
    for (i, one), (j, other) in combinations(_differentiable(rule), 2):
        changes = {
            i: lambda pull, j=j: pull.run(operand=j),
            j: lambda pull, i=i: pull.run(operand=i),
        }
        needs = (*rule.keeps[i], *rule.keeps[j])
        yield f"by {one} and {other}", altered(rule, changes, needs)


# --- ties --------------------------------------------------------------------------


def _picks(rule: Rule[Any]) -> bool:
    """Whether a rule's result is one of its operands' elements, so that two may tie."""
    numbers = np.array([3.3, -1.7, 2.2]), np.array([0.4, 4.1, 2.6])
    if len(_differentiable(rule)) != len(rule.signature.operands) <= 2:
        return False
    try:
        with np.errstate(all="ignore"):
            out = rule.forward(*numbers[: len(rule.signature.operands)])
    except Exception:
        return False  # it needs more than two operands, or other ones
    return bool(np.isin(out, numbers).all())


def _winners(rule: Rule[Any]) -> Iterator[tuple[str, Altered]]:
    if rule.signature.variadic or not _picks(rule):
        return
    if len(rule.signature.operands) == 2:
        names = rule.signature.operands
        needs = (*names, *rule.keeps[0], *rule.keeps[1])

        def tied(pull: Pull) -> Any:
            x, y = [pull.kept[name] for name in names]
            return x == y

        changes: dict[int, Change] = {
            0: lambda pull: pull.run() + pull.run(operand=1) * tied(pull),
            1: lambda pull: pull.run() * ~tied(pull),
        }
        yield f"{names[0]} wins", altered(rule, changes, needs)
    elif "axis" in rule.signature.keywords:
        yield "the first wins", altered(rule, {0: _first_wins}, ["axis"])


def _first_wins(pull: Pull) -> Any:
    found = pull.run()
    axis = pull.kept["axis"]
    axes = range(pull.ndim) if axis is None else np.atleast_1d(axis)
    places = tuple([int(i) % pull.ndim for i in axes])
    shares = pull.run(np.ones_like(pull.g))
    first = _first_of(np.asarray(getattr(shares, "data", shares)) != 0, places)
    return np.sum(found, axis=places, keepdims=True) * first


def _first_of(winners: Any, axes: tuple[int, ...]) -> Any:
    """Of the winners along some axes, the first alone."""
    ahead = tuple(range(len(axes)))
    moved = np.moveaxis(winners, axes, ahead)
    lines = moved.reshape(prod(moved.shape[: len(axes)]), -1)
    first = lines & (np.cumsum(lines, axis=0) == 1)
    return np.moveaxis(first.reshape(moved.shape), ahead, axes)


MUTANTS = (
    of_gradient("sign", lambda pull: each(lambda g: -g, pull.run())),
    of_gradient("g ignored", lambda pull: pull.run(np.ones_like(pull.g))),
    of_gradient("0.05 % scale", lambda pull: each(lambda g: SCALE * g, pull.run())),
    of_gradient(
        "no sum over a broadcast axis",
        lambda pull: _first_row(pull.run(), pull.shape),
        where=lambda rule: (
            len(rule.signature.operands) > 1 or "shape" in rule.signature.keywords
        ),
    ),
    Mutant("one winner at a tie", _winners),
    Mutant("swapped operands", _swaps),
    of_gradient(
        "wrong axis",
        lambda pull: pull.run(**_other_axis(pull.kept, pull.ndim)),
        where=_knows_axis,
    ),
    of_gradient("aliasing: written over g", _in_place),
    Mutant("aliasing: one array for all", _buffers),
    of_forward("meaning: another axis", _other_axis, "axis", "axes"),
)
"""All of them; give `mutation_score` others, or more."""
