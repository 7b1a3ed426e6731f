"""`tg.einsum`: every specification that NumPy reads, with its gradients."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp.testing import gradcheck

LETTERS = "aAbZ"  # not in alphabetical order, of both cases


@st.composite
def specifications(draw):
    """A specification and the shapes of its operands, drawn letter by letter."""
    sides = {letter: draw(st.integers(0, 3)) for letter in LETTERS}
    further = draw(st.lists(st.integers(0, 3), max_size=2))
    parts, shapes = [], []
    for _ in range(draw(st.integers(1, 4))):
        own = draw(st.lists(st.sampled_from(LETTERS), max_size=3))
        narrow = {x for x in own if draw(st.integers(0, 5)) == 0}  # repeats on its own
        shape = [1 if letter in narrow else sides[letter] for letter in own]
        if draw(st.booleans()):
            dots = further[draw(st.integers(0, len(further))) :]
            dots = [1 if draw(st.integers(0, 3)) == 0 else n for n in dots]
            place = draw(st.integers(0, len(own)))
            own.insert(place, "...")
            shape[place:place] = dots
        parts.append("".join(own))
        shapes.append(tuple(shape))
    inputs = ",".join(parts)
    if draw(st.booleans()):
        return inputs, shapes
    known = sorted(set(inputs) - set(".,"))
    output = draw(st.permutations(known))[: draw(st.integers(0, len(known)))]
    if "..." in inputs:
        output.insert(draw(st.integers(0, len(output))), "...")
    return f"{inputs}->{''.join(output)}", shapes


def filled(shapes, seed, dtype=np.float64):
    """Arrays of small integers, for which every order of summing is exact."""
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.integers(-2, 3, shape), dtype=dtype) for shape in shapes]


@given(specifications(), st.integers(0, 1000))
@settings(max_examples=3 * settings().max_examples)
def test_values_are_those_of_numpy(drawn, seed):
    spec, shapes = drawn
    operands = filled(shapes, seed)
    expected = np.einsum(spec, *operands)
    result = tg.einsum(spec, *[tg.Tensor(x) for x in operands])
    assert result.shape == expected.shape
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result.data, expected)
    np.testing.assert_array_equal(np.einsum(spec, *map(tg.Tensor, operands)), expected)


@given(specifications(), st.integers(0, 1000))
@settings(max_examples=settings().max_examples // 2)
def test_gradients_are_right_to_the_second_order(drawn, seed):
    spec, shapes = drawn
    operands = [x + 0.25 for x in filled(shapes, seed)]
    gradcheck(lambda *xs: tg.einsum(spec, *xs), *operands, order=2, seed=seed)


@given(specifications(), st.sampled_from("?bhief"))
@settings(max_examples=settings().max_examples // 2)
def test_the_dtype_is_kept(drawn, dtype):
    spec, shapes = drawn
    operands = filled(shapes, 0, np.dtype("e" if dtype == "f" else dtype))
    if dtype == "f":  # float16 and float32 together
        operands[-1] = operands[-1].astype(np.float32)
    expected = np.einsum(spec, *operands)
    result = tg.einsum(spec, *operands)
    # NumPy 1 lets a 0-d operand have no say.
    assert result.dtype == np.result_type(*[x.dtype for x in operands])
    np.testing.assert_array_equal(result.data, expected)


NAMED = {
    "i->": [(3,)],
    "ij->ji": [(2, 3)],
    "ba": [(2, 3)],
    "ii": [(3, 3)],
    "ii->i": [(3, 3)],
    "iij->j": [(2, 2, 3)],
    "iii->i": [(2, 2, 2)],
    "i,j->ij": [(2,), (3,)],
    "ij,jk": [(2, 3), (3, 4)],
    "ij,ij->i": [(2, 3), (2, 3)],
    "bhqd,bhkd->bhqk": [(2, 2, 3, 4), (2, 2, 5, 4)],
    "bhqk,bhkd->bqhd": [(2, 2, 3, 5), (2, 2, 5, 4)],
    "bi,oij,bj->bo": [(2, 3), (4, 3, 2), (2, 2)],
    "ij,jk,kl,lm->im": [(2, 3), (3, 2), (2, 4), (4, 2)],
    "...ij,...jk->...ik": [(2, 1, 2, 3), (4, 3, 2)],
    "i...,i->...": [(2, 3), (2,)],
    " i j , j -> i ": [(2, 3), (3,)],
    ",i,->i": [(), (2,), ()],
    "i,i->i": [(1,), (3,)],
    "ij,j->i": [(2, 0), (0,)],
    "i,i,i": [(3,), (3,), (3,)],
    "cd,bc,ac->bda": [(4, 3), (3, 4), (2, 4)],  # NumPy would take all three at once
}


@pytest.mark.parametrize("spec", NAMED)
def test_what_people_write(spec):
    rng = np.random.default_rng(0)
    operands = [rng.normal(size=shape) for shape in NAMED[spec]]
    expected = np.einsum(spec, *operands)
    result = tg.einsum(spec, *operands)
    assert result.shape == expected.shape
    np.testing.assert_allclose(result.data, expected, rtol=1e-12, atol=1e-12)
    recorded = np.einsum(spec, *map(tg.Tensor, operands), optimize=True)
    np.testing.assert_array_equal(recorded.data, result.data)
    gradcheck(lambda *xs: tg.einsum(spec, *xs), *operands, order=3)


def ops_of(tensor):
    """The names of the ops that made a tensor."""
    nodes, names = [tensor._node], []
    while nodes:
        node = nodes.pop()
        if node.rule is not None:
            names.append(node.rule.name)
            nodes += node.inputs
    return sorted(names)


def test_a_matrix_product_is_one():
    x = tg.Tensor(np.ones((2, 3)), requires_grad=True)
    y = tg.Tensor(np.ones((3, 4)), requires_grad=True)
    assert "matmul" in ops_of(tg.einsum("ij,jk->ik", x, y))
    assert "multiply" not in ops_of(tg.einsum("ij,kj", x, x))


def test_many_operands_are_multiplied_in_a_cheap_order():
    # From left to right the first product would have a million elements.
    column, row = np.ones((1000, 1)), np.ones((1, 1000))
    seen = []
    x = tg.Tensor(column, requires_grad=True)
    result = tg.einsum("ij,jk,kl->il", x, row, column)
    node = result._node
    while node is not None and node.rule is not None:
        seen.append(int(np.prod(node.shape)))
        node = next((n for n in node.inputs if n.rule is not None), None)
    assert max(seen) <= 1000


@pytest.mark.parametrize(
    ("spec", "shapes", "error", "message"),
    [
        (
            "ij,jk->ik",
            [(2, 3), (4, 5)],
            tg.ShapeError,
            "einsum: in 'ij,jk->ik' the index 'j' has length 3, but 4 in operand 1; "
            "got shapes (2, 3), (4, 5)",
        ),
        (
            "...i,...i",
            [(2, 3), (4, 3)],
            tg.ShapeError,
            "einsum: in '...i,...i' the index axis -1 of '...' has length 2, but 4 in "
            "operand 1; got shapes (2, 3), (4, 3)",
        ),
        (
            "ii",
            [(2, 3)],
            tg.ShapeError,
            "einsum: 'ii' takes a diagonal of operand 0 over 'i', whose lengths must "
            "be equal, got 2 and 3 in (2, 3)",
        ),
        (
            "i,ij",
            [(2,), (2,)],
            tg.ShapeError,
            "einsum: in 'i,ij' operand 1 has the axes 'ij', got shape (2,)",
        ),
        (
            "i",
            [(2, 3)],
            tg.ShapeError,
            "einsum: in 'i' operand 0 has the axes 'i', got shape (2, 3); '...' stands "
            "for further axes",
        ),
        ("i,j", [(2,)], ValueError, "einsum: 'i,j' is for 2 operands, got 1"),
        (
            "i->j",
            [(2,)],
            ValueError,
            "einsum: 'i->j' has 'j' in the result, but no operand has that axis",
        ),
        (
            "i->ii",
            [(2,)],
            ValueError,
            "einsum: 'i->ii' has 'i' twice in the result, where each axis stands once",
        ),
        (
            "...i->i",
            [(2, 3)],
            ValueError,
            "einsum: in '...i->i' '...' stands for 1 axes, which the result must have "
            "too; put '...' right of the arrow",
        ),
        (
            "i1",
            [(2, 3)],
            ValueError,
            "einsum: 'i1' has '1' in 'i1'; an axis is a letter, and further axes are "
            "'...', once for each operand",
        ),
    ],
)
def test_errors_name_the_index_and_the_lengths(spec, shapes, error, message):
    operands = [np.ones(shape) for shape in shapes]
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        tg.einsum(spec, *operands)
    with pytest.raises(ValueError, match=r"."):
        np.einsum(spec, *operands)


@pytest.mark.parametrize("spec", ["i.j", "...i...", "i-j", "i->i->i", "é", "i>j"])
def test_what_cannot_be_read_is_refused(spec):
    with pytest.raises(ValueError, match="einsum: "):
        tg.einsum(spec, np.ones((2, 2)))


def test_the_form_with_numbers_is_refused_by_name():
    with pytest.raises(TypeError, match=r"subscripts first.*lists of numbers"):
        tg.einsum(np.ones((2, 2)), [0, 1])
    with pytest.raises(TypeError, match="lists of numbers"):
        np.einsum(tg.Tensor(np.ones((2, 2))), [0, 1])


def test_ten_operands_are_not_too_many():
    x = np.array([1.0, 2.0])
    result = tg.einsum(",".join("abcdefghij"), *[x] * 10)
    assert result.shape == (2,) * 10
    assert result[(1,) * 10].item() == 1024.0
