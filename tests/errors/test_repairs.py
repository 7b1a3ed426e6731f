"""Every repair that is listed works, and every mark stands under the right axis."""

import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp.errors import clash

LENGTHS = st.sampled_from([0, 1, 2, 3, 4, 6, 12])
SHAPES = st.lists(LENGTHS, max_size=5).map(tuple)


@st.composite
def related(draw):
    """A shape, and one that somebody could have meant to fit it."""
    x = draw(SHAPES)
    start = draw(st.integers(0, len(x)))
    stop = draw(st.integers(start, len(x)))
    y = draw(
        st.sampled_from(
            [
                x[::-1],
                x[start:stop],
                (*x[:start], int(np.prod(x[start:]))),
                tuple(n for n in x if n != 1),
                (*x[:start], 1, *x[start:]),
                (*x[start:], *x[:start]),
                (int(np.prod(x[start:])), *x[start:stop]),
            ]
        )
    )
    return draw(st.sampled_from([(x, y), (y, x)]))


PAIRS = st.one_of(related(), st.tuples(SHAPES, SHAPES))


def operand(draw, shape):
    kind = draw(st.sampled_from(["tensor", "array", "labels"]))
    if kind == "labels":
        return np.zeros(shape, int)
    return np.ones(shape) if kind == "array" else tg.Tensor(np.ones(shape))


@st.composite
def operands(draw):
    x, y = draw(PAIRS)
    assume(np.prod(x) * np.prod(y) < 1e5)
    return tg.Tensor(np.ones(x)), operand(draw, y)


def message_of(call):
    try:
        call()
    except tg.ShapeError as error:
        return str(error)
    assume(False)
    raise AssertionError


def repairs_of(text):
    """Each repair, and the shape that it promises."""
    return [
        (expression, eval(shape))
        for expression, shape in re.findall(
            r"(?:^    |fits: )(.*)  # (\(.*)$", text, re.M
        )
    ]


def marks_of(text):
    """For each line of carets: the row above it, the column of its number, its text."""
    lines = text.splitlines()
    for i, line in enumerate(lines):
        found = re.match(r" +(\^+)", line)
        if found:
            start, stop = found.span(1)
            row = lines[i - 1][4:].split()[0]
            yield row, lines[i - 1][start:stop], stop


def check(text, space):
    assert all(len(line) <= 100 for line in text.splitlines()), text
    found = repairs_of(text)
    assert len(found) <= 3
    for expression, shape in found:
        result = eval(expression, {"tg": tg, "np": np}, space)
        assert result.shape == shape, text


@given(operands(), st.booleans())
@settings(max_examples=300)
def test_of_matrix_products(pair, swap):
    x, y = pair
    if swap:
        x, y = y, x
    text = message_of(lambda: x @ y)
    check(text, {"x": x, "y": y})
    marks = list(marks_of(text))
    if len(marks) == 2:
        (above, left, _), (below, right, _) = marks
        assert (above, below) == ("x", "y")
        assert int(left) == x.shape[-1]
        assert int(right) == y.shape[-2:][0]
    elif marks:
        ((row, number, _),) = marks
        axis = int(re.search(r"axis (-\d+)", text)[1])
        assert row == "y"
        assert axis < -2
        assert int(number) == y.shape[axis] != x.shape[axis]
        assert 1 not in (y.shape[axis], x.shape[axis])
        assert len({x.shape[-1], y.shape[-2]}) == 1
    else:
        assert () in (x.shape, y.shape)


OPERATORS = {
    "add": lambda x, y: x + y,
    "less": lambda x, y: tg.less(x, y),
    "greater": lambda x, y: x > y,
    "maximum": lambda x, y: tg.maximum(x, y),
    "multiply": lambda x, y: np.multiply(x, y),
    "subtract": lambda x, y: x - y,
}


@given(operands(), st.sampled_from(sorted(OPERATORS)))
@settings(max_examples=400)
def test_of_elementwise_ops(pair, name):
    x, y = pair
    assume(name != "greater" or isinstance(y, tg.Tensor))
    text = message_of(lambda: OPERATORS[name](x, y))
    assert text.startswith(f"{name}: ")
    check(text, {"x": x, "y": y})
    ((row, number, stop),) = marks_of(text)
    axis = int(re.search(r"axis (-\d+)", text)[1])
    assert row == "y"
    assert int(number) == y.shape[axis]
    assert y.shape[axis] != x.shape[axis]
    assert 1 not in (x.shape[axis], y.shape[axis])
    # What follows that axis broadcasts, and both numbers stand in one column.
    np.broadcast_shapes(x.shape[axis + 1 :] if axis < -1 else (), y.shape[axis:][1:])
    above = text.splitlines()[1]
    assert above[:stop].endswith(str(x.shape[axis]))


@given(st.lists(operands(), min_size=1, max_size=2), st.integers(-3, 3))
@settings(max_examples=200)
def test_of_concat(pairs, axis):
    arrays = [array for pair in pairs for array in pair]
    text = message_of(lambda: tg.concat(arrays, axis=axis))
    check(text, {"arrays": arrays})
    for row, number, _ in marks_of(text):
        at = int(re.search(r"axis (\d+)", text)[1])
        i = int(row[len("arrays[") : -1])
        assert int(number) == arrays[i].shape[at] != arrays[0].shape[at]
        assert at != axis % arrays[0].ndim


@given(SHAPES, st.lists(st.sampled_from([-1, 1, 2, 3, 5, 6, 12]), max_size=4))
@settings(max_examples=200)
def test_of_reshape(shape, wanted):
    x = tg.Tensor(np.ones(shape))
    text = message_of(lambda: x.reshape(tuple(wanted)))
    assert str(shape) in text.splitlines()[0]
    check(text, {"x": x})


@given(PAIRS)
@settings(max_examples=200)
def test_of_broadcast_to(shapes):
    shape, wanted = shapes
    assume(np.prod(wanted) < 1e5)
    x = tg.Tensor(np.ones(shape))
    text = message_of(lambda: tg.broadcast_to(x, wanted))
    check(text, {"x": x})
    for row, number, _ in marks_of(text):
        axis = int(re.search(r"axis (-\d+)", text)[1])
        assert row == "wanted"
        assert int(number) == wanted[axis] != shape[axis]


@given(SHAPES, st.lists(st.integers(-4, 4), max_size=5))
@settings(max_examples=200)
def test_of_permute_dims(shape, axes):
    x = tg.Tensor(np.ones(shape))
    text = message_of(lambda: x.transpose(tuple(axes)) if axes else x.transpose(0, 0))
    check(text, {"x": x})


def of(shape):
    return tg.Tensor(np.ones(shape))


def test_every_kind_of_repair_is_found():
    for x, y, op, expected in [
        ((5, 3, 4), (5, 6, 4), "@", "x @ y.mT"),
        ((2, 3), (4, 2), "@", "y @ x"),
        ((2, 3, 1), (4, 2, 3), "+", "x.squeeze(2) + y"),
        ((7, 3, 4), (12, 5), "@", "x.reshape(-1, 12) @ y"),
        ((5, 4), (5, 6, 4), "-", "x[:, None] - y"),
        ((2, 3), (3, 2), "*", "x * y.T"),
        ((2, 3, 4), (24,), "+", "x.reshape(-1) + y"),
        ((2, 3, 4), (2, 12), "+", "x.reshape(-1, 12) + y"),
        ((2, 3, 4, 5), (2, 3, 20), "+", "x.reshape(2, 3, 20) + y"),
        ((6, 8, 9, 3), (6, 3, 8, 9), "+", "x + y.transpose(0, 2, 3, 1)"),
    ]:
        with pytest.raises(tg.ShapeError) as caught:
            eval(f"x {op} y", {"x": of(x), "y": of(y)})
        found = [expression for expression, _ in repairs_of(str(caught.value))]
        assert expected in found, str(caught.value)


def test_what_does_not_fit_gets_no_repair():
    x, y = tg.Tensor(np.ones((5, 3))), tg.Tensor(np.ones((7, 2)))
    for call in (lambda: x @ y, lambda: x + y, lambda: tg.concat([x, y])):
        assert not repairs_of(message_of(call))
    # All pairs of two vectors would fit too, and are hardly ever meant.
    a, b = tg.Tensor(np.ones(3)), tg.Tensor(np.ones(2))
    assert not repairs_of(message_of(lambda: a + b))


# --- broadcasts by surprise ------------------------------------------------------


def test_a_column_with_a_vector_is_surprising():
    assert clash.surprising([(100, 1), (100,)], ["y", "t"]).splitlines() == [
        "y (100, 1) with t (100,) gives (100, 100): every element of one meets",
        "  all of the other",
        "    y  (100,   1)",
        "    t       (100,)",
        "To pair them: t[:, None]  # (100, 1), or y.squeeze(1)  # (100,)",
        "If all pairs are meant: t[None]",
    ]
    text = clash.surprising([(3,), (4, 1)])
    assert text.endswith("If all pairs are meant: x[None]")
    assert "To pair" not in text


def test_broadcasts_that_are_meant_are_not_surprising():
    for shapes in (
        [(100, 10), (10,)],
        [(100, 1), (100, 10)],
        [(100, 1), (1, 10)],
        [(100, 1), ()],
        [(1, 1), (5,)],
        [(1, 1, 1), (4, 5)],
        [(100,), (100,)],
        [(0, 1), (0,)],
        [(3,), (4,)],  # a clash: no surprise, an error
        [(5,)],
        [],
    ):
        assert clash.surprising(shapes) is None


@given(st.lists(SHAPES, min_size=2, max_size=3))
@settings(max_examples=300)
def test_the_rule_of_surprise(shapes):
    text = clash.surprising(shapes)
    try:
        size = np.prod(np.broadcast_shapes(*shapes))
    except ValueError:
        assert text is None
        return
    real = [shape for shape in shapes if np.prod(shape) != 1]
    if text is None:
        larger = size > max(np.prod(shape) for shape in shapes)
        assert not larger or len({len(shape) for shape in real}) == 1
        return
    assert size > max(np.prod(shape) for shape in shapes)
    assert all(len(line) <= 100 for line in text.splitlines())
    assert len({len(shape) for shape in real}) > 1
    space = {name: np.ones(s) for name, s in zip("xyz", shapes)}
    for edit, shape in re.findall(r"(?:pair them: |, or )(.*?)  # (\(.*?\))", text):
        name = edit[0]
        changed = {**space, name: eval(edit, {}, space)}
        assert changed[name].shape == eval(shape)
        together = np.broadcast_shapes(*[a.shape for a in changed.values()])
        assert np.prod(together) <= max(a.size for a in changed.values())
