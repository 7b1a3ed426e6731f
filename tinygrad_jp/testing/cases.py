"""Operands and keywords for any rule: what the test over all rules runs on.

Most rules need nothing here. An elementwise rule gets operands that broadcast, any
other rule one array for each operand, both from its `domain`, and its keywords are
drawn by their names. A rule whose operands must fit each other, or its keywords, has a
strategy of its own in `SPECIAL`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from tinygrad_jp.ops import Rule
from tinygrad_jp.testing.matrices import MATRICES
from tinygrad_jp.testing.samples import DOMAINS, Array
from tinygrad_jp.testing.strategies import (
    Draw,
    Shape,
    arrays,
    axes,
    broadcastable_shapes,
    matmul_operands,
    narrowed,
    shapes,
)
from tinygrad_jp.testing.windows import WINDOWS


class Case(NamedTuple):
    """What to call a rule with."""

    operands: tuple[Array, ...]
    keywords: dict[str, Any]


@st.composite
def rule_cases(draw: Draw, rule: Rule[Any], *, dtype: Any = np.float64) -> Case:
    """Operands of a rule, of a floating dtype where they are numbers, and keywords.

    Raises:
        LookupError: The rule has a domain or a keyword that nothing here knows; says
            what to add.
    """
    for word in rule.domain:
        if word not in DOMAINS:
            raise LookupError(
                f"{rule.name}: no meaning is known for the domain {word!r}; add it to "
                "tinygrad_jp.testing.samples.DOMAINS"
            )
    if rule.name in SPECIAL:
        return Case(*draw(SPECIAL[rule.name](dtype)))
    if rule.elementwise:
        # A sum over a broadcast axis shows where it is 2 or longer, and there is one.
        least = draw(st.sampled_from([2, 1, 0]))
        operand_shapes = draw(broadcastable_shapes(len(rule.domain), min_side=least))
    else:
        least = 0 if rule.name in TAKES_EMPTY else 1
        one = shapes(max_dims=3, min_side=least, max_side=3)
        operand_shapes = tuple(draw(one) for _ in rule.domain)
    operands = tuple(
        draw(arrays(shape=shape, dtype=dtype, domain=domain))
        for shape, domain in zip(operand_shapes, rule.domain)
    )
    keywords = {
        name: draw(_keyword(rule, name, operands[0]))
        for name in rule.signature.keywords
    }
    return Case(operands, keywords)


def _keyword(rule: Rule[Any], name: str, x: Array) -> st.SearchStrategy[Any]:
    if name not in KEYWORDS:
        raise LookupError(
            f"{rule.name}: no values are known for the keyword {name!r}; add them to "
            "KEYWORDS, or the rule to SPECIAL, in tinygrad_jp.testing.cases"
        )
    return KEYWORDS[name](rule, x)


# --- keywords --------------------------------------------------------------------


def _axis(rule: Rule[Any], x: Array) -> st.SearchStrategy[Any]:
    return axes(x.ndim, tuples=rule.name not in {"argmax", "argmin"})


def _orders(rule: Rule[Any], x: Array) -> st.SearchStrategy[Any]:
    signed = st.tuples(*[st.sampled_from([0, x.ndim]) for _ in x.shape])
    order = st.permutations(range(x.ndim))
    return st.builds(lambda o, s: tuple(i - n for i, n in zip(o, s)), order, signed)


KEYWORDS: Mapping[str, Callable[[Rule[Any], Array], st.SearchStrategy[Any]]] = {
    "axis": _axis,
    "keepdims": lambda rule, x: st.booleans(),
    "rtol": lambda rule, x: st.sampled_from([1e-5, 0.5]),
    "atol": lambda rule, x: st.sampled_from([1e-8, 0.5]),
    "equal_nan": lambda rule, x: st.booleans(),
    "axes": _orders,
    "dtype": lambda rule, x: st.sampled_from([np.float32, np.float64]),
}
"""Values of a keyword by its name, given the rule and its first operand."""

TAKES_EMPTY = {"sum", "norm", "all", "any", "permute_dims", "astype"}
"""Rules, not elementwise, that arrays without elements have a meaning for."""


# --- rules of their own ------------------------------------------------------------


@st.composite
def _reshape(draw: Draw, dtype: Any) -> Case:
    x = draw(arrays(shape=shapes(max_side=3), dtype=dtype))
    sides = list(draw(st.permutations([*x.shape, 1])))
    if draw(st.booleans()):
        sides[:2] = [prod(sides[:2])]
    if draw(st.booleans()):
        sides[draw(st.integers(0, len(sides) - 1))] = -1
    return Case((x,), {"shape": tuple(sides)})


@st.composite
def _broadcast_to(draw: Draw, dtype: Any) -> Case:
    whole = draw(shapes(min_side=0, max_side=3))
    x = draw(arrays(shape=narrowed(whole), dtype=dtype))
    return Case((x,), {"shape": whole})


@st.composite
def _concat(draw: Draw, dtype: Any) -> Case:
    shape = draw(shapes(min_dims=1, max_side=3))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    pieces = []
    for length in draw(st.lists(st.integers(0, 2), min_size=1, max_size=3)):
        sides = list(shape)
        sides[axis] = length
        pieces.append(draw(arrays(shape=tuple(sides), dtype=dtype)))
    return Case(tuple(pieces), {"axis": axis})


def _matmul(dtype: Any) -> st.SearchStrategy[Case]:
    return matmul_operands(dtype=dtype).map(lambda pair: Case(pair, {}))


@st.composite
def indices(draw: Draw, shape: Shape) -> Any:
    """Indices of an array: basic ones, integer arrays with repeats, masks, mixtures."""
    basic = numpy_strategies.basic_indices(shape, allow_newaxis=True)
    if not shape or not prod(shape):
        return draw(basic)
    whole = numpy_strategies.integer_array_indices(
        shape, result_shape=numpy_strategies.array_shapes(max_dims=2, max_side=3)
    )
    mask = arrays(shape=shape, domain="boolean")
    first = numpy_strategies.integer_array_indices(
        shape[:1], result_shape=numpy_strategies.array_shapes(max_dims=2, max_side=4)
    )
    last = numpy_strategies.basic_indices(shape[1:], allow_ellipsis=False)
    mixed = st.builds(
        lambda a, b: (*a, *(b if isinstance(b, tuple) else (b,))), first, last
    )
    return draw(st.one_of(basic, whole, first, mask, mixed))


@st.composite
def _getitem(draw: Draw, dtype: Any) -> Case:
    x = draw(arrays(shape=shapes(min_side=0, max_side=3), dtype=dtype))
    return Case((x,), {"index": draw(indices(x.shape))})


@st.composite
def _scatter_add(draw: Draw, dtype: Any) -> Case:
    shape = draw(shapes(min_side=0, max_side=3))
    index = draw(indices(shape))
    x = draw(arrays(shape=np.zeros(shape)[index].shape, dtype=dtype))
    return Case((x,), {"index": index, "shape": shape})


@st.composite
def _division(draw: Draw, dtype: Any) -> Case:
    """A dividend and a divisor whose quotient is off the steps."""
    whole = draw(shapes(min_side=draw(st.sampled_from([2, 1, 0])), max_side=3))
    narrow = draw(st.just(whole) | narrowed(whole))
    one = draw(arrays(shape=narrow, dtype=dtype, domain="nonzero"))
    quotient = draw(arrays(shape=whole, dtype=dtype, domain="off the steps"))
    if draw(st.booleans()):
        return Case((one, one / quotient), {})
    return Case((one * quotient, one), {})


@st.composite
def _cumulative_sum(draw: Draw, dtype: Any) -> Case:
    x = draw(arrays(shape=shapes(min_dims=1, min_side=0, max_side=4), dtype=dtype))
    return Case((x,), {"axis": draw(st.integers(-x.ndim, x.ndim - 1))})


@st.composite
def _argsort(draw: Draw, dtype: Any) -> Case:
    x = draw(arrays(shape=shapes(min_side=0, max_side=6), dtype=dtype))
    x = np.sign(x) if draw(st.booleans()) else x  # many ties
    axis = draw(st.integers(-x.ndim, x.ndim - 1)) if x.ndim else None
    descending, stable = draw(st.booleans()), draw(st.booleans())
    return Case((x,), {"axis": axis, "descending": descending, "stable": stable})


SPECIAL: Mapping[
    str, Callable[[Any], st.SearchStrategy[tuple[tuple[Array, ...], dict[str, Any]]]]
] = {
    "reshape": _reshape,
    "broadcast_to": _broadcast_to,
    "concat": _concat,
    "cumulative_sum": _cumulative_sum,
    "floor_divide": _division,
    "remainder": _division,
    "matmul": _matmul,
    **MATRICES,
    **WINDOWS,
    "argsort": _argsort,
    "getitem": _getitem,
    "scatter_add": _scatter_add,
}
"""Strategies of rules whose operands and keywords depend on each other, by name."""
