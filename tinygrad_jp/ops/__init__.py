"""The calculus: every rule, in plain NumPy, a page per family."""

from tinygrad_jp.ops import elementwise, indexing, linalg, logic, reduction, shape
from tinygrad_jp.ops.rule import Rule, rule

PAGES = (elementwise, reduction, linalg, shape, indexing, logic)

RULES: dict[str, Rule[...]] = {
    value.name: value
    for page in PAGES
    for value in vars(page).values()
    if isinstance(value, Rule)
}
"""Every rule of the project by name, in the order of its pages."""

__all__ = ["PAGES", "RULES", "Rule", "rule"]
