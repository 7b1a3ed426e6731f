"""An op's local derivatives, and what it hands on, as formulas with numbers."""

from __future__ import annotations

from tinygrad_jp.draw.basics import Language
from tinygrad_jp.draw.film.formulas import FORMULAS, RESULTS, WORDS
from tinygrad_jp.draw.film.names import Names
from tinygrad_jp.draw.film.story import Story, Use, Value
from tinygrad_jp.draw.film.words import FILM_WORDS

_NUMBERS = ("0", "1", "−1")


def expression(value: Value) -> str:
    """An op and its operands, as they are written."""
    if value.rule in FORMULAS:
        return FORMULAS[value.rule][0]
    called = f"{value.rule}({', '.join([*value.operands, *value.keywords])})"
    return RESULTS.get(value.rule, called)


def is_factor(value: Value) -> bool:
    """Whether its local derivative is a number that the gradient is multiplied by."""
    return value.rule in FORMULAS


def told(story: Story, place: int, names: Names, lang: Language) -> list[str]:
    """The local derivative of an op in each of its operands."""
    words = FILM_WORDS[lang]
    value = story.values[place]
    uses = [story.uses[i] for i in value.takes]
    if is_factor(value):
        forms = FORMULAS[value.rule][1:]
        return [_slope(value, use, form, names) for use, form in zip(uses, forms)]
    general = words["general"].format(value.rule)
    said = WORDS[lang].get(value.rule, (general,))
    forms = said if len(said) == len(uses) else said[:1] * len(uses)
    carried = words["carried"]
    return [carried.format(use.operand, form) for use, form in zip(uses, forms)]


def _slope(value: Value, use: Use, form: str, names: Names) -> str:
    """A derivative, with its number where there are few: ``∂(x · y)/∂x = y = 100``."""
    result = expression(value)
    plain = names.words["slope"].format(result, use.operand, form)
    if use.slope is None or not use.slope.elements or form in _NUMBERS:
        return plain
    return f"{plain} = {names.array(use.slope, value.shape)}"


def product(story: Story, place: int, use: Use, names: Names) -> str:
    """How what is handed on came about: ``1.1 × 100 = 110``."""
    value = story.values[place]
    part = names.array(use.part, story.values[use.source].shape)
    if use.repeated:
        return names.words["repeated"].format(part, names.result(use.source))
    if use.slope is None or not use.slope.elements:
        return part
    g = names.array(value.grad, value.shape)
    slope = names.array(use.slope, value.shape)
    slope = f"({slope})" if slope.startswith("-") else slope
    return f"{g} × {slope} = {part}"
