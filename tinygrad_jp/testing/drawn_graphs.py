"""A Hypothesis strategy for programs."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from tinygrad_jp.testing.drawn_shapes import Draw
from tinygrad_jp.testing.programs import VOCABULARY, Entry, Program, Writer

CHOICES = 20
"""So many may be made for one step of a program."""


@st.composite
def graphs(
    draw: Draw, *, max_ops: int = 30, vocabulary: Mapping[str, Entry] = VOCABULARY
) -> Program:
    """Random programs of our ops, with shared values, broadcasting and size-1 axes.

    Nearly all are smooth where they stand; now and then one is on a single kink. A
    program that fails shrinks to the few ops that it takes, on small arrays of short
    numbers; printed, it is a script.

    Args:
        draw: Given by Hypothesis.
        max_ops: How many ops at most, besides those that make operands fit.
        vocabulary: The ops to use, the simplest first, and how to write each.

    Example:
        >>> from hypothesis import find
        >>> from tinygrad_jp.testing import strategies as st
        >>> find(st.graphs(), lambda program: len(program.steps) == 1)
        import numpy as np
        import tinygrad_jp as tg
        <BLANKLINE>
        x1 = tg.Tensor(0.5, requires_grad=True)
        a = tg.add(x1, x1)
        <BLANKLINE>
        loss = a
        loss.backward()
        print(x1.grad)
    """
    # Every byte is one choice. Hypothesis shrinks them one by one to 0, the simplest.
    step = st.binary(min_size=CHOICES, max_size=CHOICES)
    few = st.lists(step, min_size=1, max_size=max_ops)
    many = st.lists(step, min_size=(max_ops + 1) // 2, max_size=max_ops)
    writer = Writer(draw(st.integers(0, 9999)))
    entries = list(vocabulary.values())
    for choices in draw(few | many):
        writer.choose_by(choices)
        number = writer.below(len(entries) + 1)
        if number > 0:  # 0 leaves the step out
            entries[number - 1](writer)
    return writer.finish()
