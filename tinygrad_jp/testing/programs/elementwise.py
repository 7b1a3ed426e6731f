"""Steps of elementwise ops, and of what a layer bends its numbers with."""

from __future__ import annotations

import numpy as np

from tinygrad_jp.testing.programs.figures import Array
from tinygrad_jp.testing.programs.fitting import (
    NONZERO,
    POSITIVE,
    REAL,
    Domain,
    apart,
    away_from,
    between,
    moved,
    within,
)
from tinygrad_jp.testing.programs.writer import MARGIN, Entry, Value, Writer


def elementwise(op: str, *domains: Domain) -> Entry:
    """Operands that broadcast, each made to fit its domain."""

    def write(w: Writer) -> None:
        w.step(op, *[d.fit(w, x) for d, x in zip(domains, w.operands(len(domains)))])

    return write


def kinked_at_zero(op: str) -> Entry:
    """One operand, now and then with a 0; there the gradient of `op` is 0."""

    def write(w: Writer) -> None:
        x = w.on_a_kink()
        w.step(op, away_from(0).fit_value(w, w.some()) if x is None else x)

    return write


def of_two_apart(op: str, *, jumps: bool = False) -> Entry:
    """Two operands with a kink where they are equal."""

    def write(w: Writer) -> None:
        w.step(op, *apart(w, *w.operands(2), jumps=jumps))

    return write


def compared(w: Writer) -> tuple[int, Value]:
    """A condition, and a value that broadcasts with it."""
    x, y = apart(w, *w.operands(2), jumps=True)
    op = w.of(("less", "greater_equal", "greater", "less_equal", "not_equal", "equal"))
    return w.step(op, x, y), x


def where(w: Writer) -> None:
    """A condition on values of the program, or one that is constant."""
    if w.flag():
        condition, x = compared(w)
        branches = [x, w.beside(condition)]
    else:
        branches = list(w.operands(2))
        shape = w.shape_of_both(*branches)
        pattern = np.arange(int(np.prod(shape))).reshape(shape) % 3
        condition = w.constant(pattern == w.below(3))
    w.step("where", condition, *w.swapped(*branches))


def divided(op: str) -> Entry:
    """A remainder or a whole quotient, away from where x is a multiple of y."""

    def write(w: Writer) -> None:
        x, y = w.operands(2)
        y = NONZERO.fit(w, y)
        divisor = w.array(y)

        def clear(a: Array) -> Array:
            ratio = a / divisor
            return np.asarray(np.abs(ratio - np.round(ratio)) >= 2 * MARGIN)

        if not isinstance(x, int) and not clear(w.array(x)).all():
            x = w.constant(np.asarray(x))
        if isinstance(x, int) and not clear(w.array(x)).all():
            x = moved(w, x, clear)
        w.step(op, x, y)

    return write


def clip(w: Writer) -> None:
    """Between two constants, or from one side alone.

    A value that is on a bound by chance is no tie by construction, so that it moves.
    """
    low, high = w.of(((-0.5, 0.5), (-1.25, 0.75), (None, 0.25), (0.0, None)))
    points = [bound for bound in (low, high) if bound is not None]
    x = away_from(*points, jumps=True).fit_value(w, w.some())
    bounds = {"min": low, "max": high}
    w.step("clip", x, **{key: b for key, b in bounds.items() if b is not None})


def astype(w: Writer) -> None:
    """To the dtype that all have: slopes of float32 cannot be measured sharply."""
    w.step("astype", w.some(), dtype=np.float64)


STEPS = away_from(0, period=1.0, jumps=True)
HALVES = away_from(0.5, period=1.0, jumps=True)
JUMP = away_from(0, jumps=True)

ARITHMETIC: dict[str, Entry] = {
    "add": elementwise("add", REAL, REAL),
    "multiply": elementwise("multiply", REAL, REAL),
    "subtract": elementwise("subtract", REAL, REAL),
    "negative": elementwise("negative", REAL),
    "positive": elementwise("positive", REAL),
    "divide": elementwise("divide", REAL, NONZERO),
    "square": elementwise("square", within(3)),
    "reciprocal": elementwise("reciprocal", NONZERO),
    "pow": elementwise("pow", between(0.3, 3.0), within(2)),
    "sqrt": elementwise("sqrt", POSITIVE),
    "abs": kinked_at_zero("abs"),
    "maximum": of_two_apart("maximum"),
    "minimum": of_two_apart("minimum"),
    "where": where,
    "clip": clip,
    "hypot": elementwise("hypot", NONZERO, REAL),
    "remainder": divided("remainder"),
    "floor_divide": divided("floor_divide"),
    "floor": elementwise("floor", STEPS),
    "ceil": elementwise("ceil", STEPS),
    "trunc": elementwise("trunc", STEPS),
    "round": elementwise("round", HALVES),
    "sign": elementwise("sign", JUMP),
    "astype": astype,
    "nan_to_num": elementwise("nan_to_num", REAL),
}

FUNCTIONS: dict[str, Entry] = {
    "exp": elementwise("exp", within(2)),
    "log": elementwise("log", POSITIVE),
    "tanh": elementwise("tanh", within(3)),
    "exp2": elementwise("exp2", within(3)),
    "expm1": elementwise("expm1", within(2)),
    "log1p": elementwise("log1p", POSITIVE),
    "log2": elementwise("log2", POSITIVE),
    "log10": elementwise("log10", POSITIVE),
    "logaddexp": elementwise("logaddexp", within(5), within(5)),
    "erf": elementwise("erf", within(2)),
    "sin": elementwise("sin", REAL),
    "cos": elementwise("cos", REAL),
    "tan": elementwise("tan", within(1.2)),
    "asin": elementwise("asin", within(0.9)),
    "acos": elementwise("acos", within(0.9)),
    "atan": elementwise("atan", REAL),
    "atan2": elementwise("atan2", REAL, POSITIVE),
    "sinh": elementwise("sinh", within(2)),
    "cosh": elementwise("cosh", within(2)),
    "asinh": elementwise("asinh", REAL),
    "acosh": elementwise("acosh", between(1.3)),
    "atanh": elementwise("atanh", within(0.8)),
}

ACTIVATIONS: dict[str, Entry] = {
    "relu": kinked_at_zero("relu"),
    "sigmoid": elementwise("sigmoid", REAL),
    "softplus": elementwise("softplus", REAL),
    "gelu": elementwise("gelu", REAL),
    "silu": elementwise("silu", REAL),
    "mish": elementwise("mish", REAL),
    "leaky_relu": elementwise("leaky_relu", away_from(0)),
    "elu": elementwise("elu", away_from(0)),
    "selu": elementwise("selu", away_from(0)),
    "hard_sigmoid": elementwise("hard_sigmoid", away_from(-3, 3, jumps=True)),
    "hard_tanh": elementwise("hard_tanh", away_from(-1, 1, jumps=True)),
}
