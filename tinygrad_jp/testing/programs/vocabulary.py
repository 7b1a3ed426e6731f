"""Every op with a gradient, and how to write a step of it."""

from collections.abc import Iterable
from typing import Any

from tinygrad_jp.ops import RULES, Rule
from tinygrad_jp.testing.programs.elementwise import (
    ACTIVATIONS,
    ARITHMETIC,
    FUNCTIONS,
    elementwise,
)
from tinygrad_jp.testing.programs.fitting import (
    NONZERO,
    POSITIVE,
    away_from,
    between,
    within,
)
from tinygrad_jp.testing.programs.picking import PICKING
from tinygrad_jp.testing.programs.products import MATRICES, PRODUCTS
from tinygrad_jp.testing.programs.reductions import REDUCTIONS
from tinygrad_jp.testing.programs.shapes import JOINING, MOULDING, REARRANGING
from tinygrad_jp.testing.programs.windows import WINDOWS
from tinygrad_jp.testing.programs.writer import Entry

FITS = {
    "real": within(3),
    "positive": POSITIVE,
    "nonzero": NONZERO,
    "unit": within(0.8),
    "above one": between(1.3),
    "off the steps": away_from(0, period=0.5, jumps=True),
}
"""What fits the words of a rule's `domain` (`tinygrad_jp.testing.samples`)."""


def by_domain(rules: Iterable[Rule[Any]]) -> dict[str, Entry]:
    """Entries of elementwise rules with a gradient, by what their domains say."""
    return {
        rule.name: elementwise(rule.name, *[FITS[word] for word in rule.domain])
        for rule in rules
        if rule.elementwise and all(rule.vjps) and set(rule.domain) <= set(FITS)
    }


WRITTEN: dict[str, Entry] = {
    **ARITHMETIC,
    **FUNCTIONS,
    **REDUCTIONS,
    **ACTIVATIONS,
    **MOULDING,
    **JOINING,
    **REARRANGING,
    **PICKING,
    **PRODUCTS,
    **MATRICES,
    **WINDOWS,
}
"""Those that a page says more of: kinks, shapes, keywords."""

VOCABULARY = WRITTEN | {
    name: entry
    for name, entry in by_domain(RULES.values()).items()
    if name not in WRITTEN
}
"""By name, the simplest first: a failing program shrinks to these."""
