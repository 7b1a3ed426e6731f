"""A rule with another vjp, made of the right one: what mutants are written with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from tinygrad_jp.ops import Rule
from tinygrad_jp.ops.source import compile_source

Keywords: TypeAlias = Callable[[dict[str, Any], int], dict[str, Any]]
"""Takes the keywords of a call and the number of axes; returns other keywords."""


class Note:
    """Whether a broken rule has given a number that the right one would not."""

    changed = False


class Altered(Rule[Any]):
    """A rule that is broken, with the `note` of what came of it."""

    note: Note


class Pull:
    """A call of a vjp.

    Attributes:
        g: The cotangent of the result; an array or a Tensor, as what is kept.
        kept: What the vjp needs, by name, and the operand's shape.
        shape: The operand's shape; of ``*operands``, that of the first.
        note: Set `changed` where others notice what this call has written to.
    """

    def __init__(
        self, right: _Right, operand: int, g: Any, kept: dict[str, Any], note: Note
    ) -> None:
        self._right = right
        self._operand = operand
        self.g = g
        self.kept = kept
        self.note = note
        shape = kept[right.shape_of(operand)]
        self.shape: tuple[int, ...] = shape[0] if right.variadic else shape

    @property
    def ndim(self) -> int:
        """The number of the operand's axes."""
        return len(self.shape)

    def run(self, g: Any = None, *, operand: int | None = None, **changed: Any) -> Any:
        """What the right vjp returns.

        Args:
            g: Another cotangent.
            operand: The vjp of another operand, by its number.
            changed: Other values of what is kept.
        """
        number = self._operand if operand is None else operand
        kept = self.kept | changed
        names = self._right.keeps[number]
        g = self.g if g is None else g
        return self._right.vjps[number](g, *[kept[name] for name in names])


Change: TypeAlias = Callable[[Pull], Any]
"""Takes the call of a vjp, and returns a cotangent."""


class _Right:
    """What a rule was before it was broken."""

    def __init__(self, rule: Rule[Any]) -> None:
        self.operands = rule.signature.operands
        self.variadic = rule.signature.variadic
        self.forward = rule.forward
        self.vjps: tuple[Any, ...] = rule.vjps
        self.keeps = rule.keeps

    def shape_of(self, operand: int) -> str:
        """What the shape of an operand is called among what is kept."""
        return f"{self.operands[operand]}_shape"


def altered(
    rule: Rule[Any],
    changes: Mapping[int, Change],
    needs: Sequence[str] = (),
    *,
    keywords: Keywords | None = None,
) -> Altered:
    """A rule with other vjps, which notes whether that makes a difference.

    Args:
        rule: The right one.
        changes: By the number of the operand, what takes the place of its vjp.
        needs: What shall be kept besides what that vjp names.
        keywords: Other keywords for the forward function.
    """
    right, note = _Right(rule), Note()
    vjps = list(rule.vjps)
    for operand, change in changes.items():
        names = [*rule.keeps[operand], *needs, right.shape_of(operand)]
        vjps[operand] = _vjp(right, operand, change, list(dict.fromkeys(names)), note)
    made = Altered(
        rule.forward,
        vjps if any(vjps) else None,
        elementwise=rule.elementwise,
        symbol=rule.symbol,
        domain=rule.domain,
    )
    if keywords is not None:
        made.forward = _forward(rule, keywords, note)
    made.note = note
    return made


def _vjp(
    right: _Right, operand: int, change: Change, names: list[str], note: Note
) -> Any:
    """A vjp with these parameters, of which a rule reads what to keep."""

    def run(g: Any, *values: Any) -> Any:
        before = np.array(g) if isinstance(g, (np.ndarray, np.generic)) else None
        pull = Pull(right, operand, g, dict(zip(names, values)), note)
        if before is None or note.changed:
            return change(pull)
        expected = pull.run()
        shapes = pull.kept[right.shape_of(operand)]
        expected = _fitted(expected, shapes)
        found = change(pull)
        alike = same(g, before) and same(_fitted(found, shapes), expected)
        note.changed = note.changed or not alike
        return found

    parameters = ", ".join(["g", *names])
    text = f"def vjp({parameters}):\n    return run({parameters})"
    return compile_source(text, f"<broken vjp of {names}>", {"run": run})["vjp"]


def _forward(rule: Rule[Any], change: Keywords, note: Note) -> Callable[..., Any]:
    signature, forward = rule.signature, rule.forward

    def run(*given: Any, **keywords: Any) -> Any:
        count = len(given) if signature.variadic else len(signature.operands)
        operands, by_position = given[:count], given[count:]
        known = dict(signature.defaults) | dict(zip(signature.keywords, by_position))
        known |= keywords
        found = forward(*operands, **(known | change(known, np.ndim(operands[0]))))
        note.changed = note.changed or not same(found, forward(*operands, **known))
        return found

    run.__name__ = rule.name
    run.__module__ = rule.forward.__module__
    return run


# --- is it another number? ---------------------------------------------------------


def _fitted(found: Any, shapes: Any) -> Any:
    if not isinstance(found, list):
        return fitted_to(found, shapes)
    return [fitted_to(g, shape) for g, shape in zip(found, shapes)]


def fitted_to(found: Any, shape: tuple[int, ...]) -> Any:
    """What the engine makes of a cotangent: repeated or summed to a shape."""
    found = np.asarray(found)
    try:
        whole = np.broadcast_to(found, np.broadcast_shapes(found.shape, shape))
    except ValueError:
        return found  # the engine refuses it
    extra = whole.ndim - len(shape)
    gone = [i for i, n in enumerate(shape, extra) if n == 1 != whole.shape[i]]
    return whole.sum(axis=(*range(extra), *gone)).reshape(shape)


def same(found: Any, expected: Any) -> bool:
    """Whether two results differ by no more than rounding."""
    if isinstance(expected, list):
        return all(map(same, found, expected))
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        return False
    if expected.dtype.kind != "f":
        return np.array_equal(found, expected)
    tiny = 64 * float(np.finfo(expected.dtype).eps)
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
    return np.allclose(found, expected, tiny, tiny * float(scale), equal_nan=True)
