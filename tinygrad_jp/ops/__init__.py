"""The calculus: every rule, in plain NumPy, a page per family."""

from tinygrad_jp.ops import (
    arithmetic,
    determinant,
    exponential,
    indexing,
    linalg,
    logic,
    reduction,
    rounding,
    shape,
    trigonometric,
    window,
)
from tinygrad_jp.ops.rule import Rule, rule

PAGES = (
    arithmetic,
    exponential,
    trigonometric,
    rounding,
    reduction,
    linalg,
    determinant,
    shape,
    indexing,
    window,
    logic,
)

RULES: dict[str, Rule[...]] = {
    value.name: value
    for page in PAGES
    for value in vars(page).values()
    if isinstance(value, Rule)
}
"""Every rule of the project by name, in the order of its pages."""

__all__ = ["PAGES", "RULES", "Rule", "rule"]
