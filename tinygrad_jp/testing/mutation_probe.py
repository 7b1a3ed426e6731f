"""Mutants that change nothing: found by trying a broken rule on examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np

from tinygrad_jp.ops import Rule
from tinygrad_jp.tensor import Tensor
from tinygrad_jp.testing.mutation_kinds import Break
from tinygrad_jp.testing.mutation_switch import exchanged

EXAMPLES = (50, 150)
"""On so many examples, and so many more, an equivalent mutant must change nothing."""


@contextmanager
def broken(found: Break) -> Iterator[None]:
    """Put a mutant in its rule's place; everything is put back, also on errors.

    Args:
        found: One of `Mutant.of(rule)`.

    Raises:
        RuntimeError: A rule is broken already; all threads would see this one.

    Example:
        >>> from tinygrad_jp.testing.mutation import MUTANTS, broken
        >>> sign = next(MUTANTS[0].of(tg.RULES["exp"]))
        >>> with broken(sign):
        ...     tg.grad(tg.exp)(0.0)
        Tensor(-1.)
        >>> tg.grad(tg.exp)(0.0)
        Tensor(1.)
    """
    with exchanged(found.rule, found.twin):
        yield


def equivalent(found: Break) -> bool:
    """Whether a mutant changes no number on examples of its rule."""
    return all(_changes_nothing(found, round) for round in range(len(EXAMPLES)))


def _changes_nothing(found: Break, round: int) -> bool:
    examples = examples_of(found.rule, round)
    note = found.twin.note
    with broken(found), np.errstate(all="ignore"):
        for operands, keywords in examples:
            try:
                _use_twice(found.rule, operands, keywords)
            except Exception:
                return False
            if note.changed:
                return False
    return bool(examples)


def _use_twice(
    rule: Rule[Any], operands: tuple[Any, ...], keywords: Mapping[str, Any]
) -> None:
    """Backpropagate through two uses, which get the same memory for a cotangent."""
    uses = []
    for _ in range(2):
        tensors = [Tensor(x, requires_grad=x.dtype.kind == "f") for x in operands]
        uses.append(rule(*tensors, **keywords))
    if uses[0].requires_grad:
        weights = 1.0 + np.arange(uses[0].size).reshape(uses[0].shape)
        total = (uses[0] * 2.0 + uses[1]) * weights
        total.sum().backward()


@lru_cache(maxsize=256)
def examples_of(rule: Rule[Any], round: int = 0) -> list[Any]:
    """Operands and keywords that the rule takes; none, where nobody knows any."""
    # An optional dependency, and only needed here.
    from hypothesis import HealthCheck, Phase, given, seed, settings

    from tinygrad_jp.testing.cases import rule_cases

    found = []

    @seed(round)
    @settings(
        max_examples=EXAMPLES[round],
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(rule_cases(rule))
    def note(case: Any) -> None:
        try:
            with np.errstate(all="ignore"):
                _use_twice(rule, *case)
        except Exception:
            return
        found.append(case)

    try:
        note()
    except LookupError:
        return []  # a rule of the user's with keywords that cases.py does not know
    return found
