"""check_semantics finds functions whose gradient is right and whose meaning is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp.testing import (
    LAWS,
    Law,
    SemanticsError,
    check_semantics,
    difference,
    gradcheck,
    strategies,
)


def softmax_of_everything(x):
    """As a reader wrote it: right for one row, wrong for a batch."""
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def softmax(x):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


@given(x=strategies.batches())
def test_the_softmax_over_the_whole_batch_is_caught_though_its_gradient_is_right(x):
    gradcheck(softmax_of_everything, x)
    words = r"softmax_of_everything: row \d moved when only row \d changed"
    with pytest.raises(SemanticsError, match=words) as caught:
        check_semantics(softmax_of_everything, x)
    assert caught.value.law == "rows do not mix"


def test_the_message_names_the_rows():
    words = "softmax_of_everything: row 0 moved when only row 1 changed, by 0.0"
    with pytest.raises(SemanticsError, match=words):
        check_semantics(softmax_of_everything)


@given(x=strategies.batches())
def test_the_right_softmax_passes_both(x):
    gradcheck(softmax, x)
    assert check_semantics(softmax, x) == tuple(law.name for law in LAWS)


@pytest.mark.parametrize(
    "x", [np.zeros((4, 3)), np.ones((1, 3)), np.full((9, 1, 2), 7)]
)
def test_equal_rows_are_made_to_differ(x):
    x = x.astype(np.float64)
    kept = x.copy()
    with pytest.raises(SemanticsError, match="row 0 moved when only row 1 changed"):
        check_semantics(lambda x: x - tg.mean(x), x)
    assert np.array_equal(x, kept)


MIXING = {
    "largest of all": lambda x: x / tg.max(tg.abs(x)),
    "mean of the batch": lambda x: x - x.mean(axis=0),
    "wrong axis": lambda x: tg.softmax(x, axis=0),
    "turned round": lambda x: x[::-1],
    "moved on by one": lambda x: tg.roll(x, 1, axis=0),
    "row before": lambda x: tg.concat([x[:1], x[1:] + 1e-3 * x[:-1]]),
    "running sum": lambda x: np.tril(np.ones((len(x), len(x)), np.float32)) @ x,
    "only the last row leaks": lambda x: x + 0.01 * x[-1],
}


@pytest.mark.parametrize("name", MIXING)
@given(x=strategies.batches(features=(3,)))
@settings(max_examples=30)
def test_functions_that_mix_rows_are_caught(name, x):
    with pytest.raises(SemanticsError, match=r"row \d moved when only row \d changed"):
        check_semantics(MIXING[name], x)
    check_semantics(MIXING[name], x, mixes_rows=True)


KEEPING = {
    "identity": lambda x: x,
    "softmax": tg.softmax,
    "log_softmax": tg.log_softmax,
    "affine": lambda x: x @ np.ones((3, 2), np.float32) + np.float32(1),
    "relu": tg.relu,
    "row sums": lambda x: x.sum(axis=1),
    "shifted by the first of all": lambda x: tg.softmax(x - tg.sum(x[:1, :1])),
    "labels": lambda x: tg.argmax(x, axis=1),
    "constant": lambda x: tg.Tensor(np.zeros(len(x), np.float32)),
    "centred": lambda x: x - x.mean(axis=1, keepdims=True),
}


@pytest.mark.parametrize("name", KEEPING)
@given(x=strategies.batches(features=(3,)), seed=st.integers(0, 1000))
@settings(max_examples=30)
def test_functions_of_rows_raise_no_false_alarm(name, x, seed):
    check_semantics(KEEPING[name], x, seed=seed)


@given(x=strategies.batches(features=(3,)))
@settings(max_examples=20)
def test_the_batch_axis_may_be_another(x):
    check_semantics(lambda x: tg.softmax(x, axis=0), x.T, batch_axis=1)
    check_semantics(lambda x: tg.softmax(x, axis=0), x.T, batch_axis=-1)
    with pytest.raises(SemanticsError, match="batch axis 1"):
        check_semantics(lambda x: tg.softmax(x, axis=1), x.T, batch_axis=1)


def test_a_batch_is_drawn_where_none_is_given():
    shapes = set()

    def spy(x):
        shapes.add(x.shape)
        return x * 2.0

    check_semantics(spy, shape=(5, 2, 2))
    assert (5, 2, 2) in shapes
    assert (1, 2, 2) in shapes


# --- one broken function for each law ----------------------------------------------


@tg.rule(vjp=lambda g: 2 * g, elementwise=True)
def writes_to_its_input(x, /):
    np.multiply(x, 2, out=x)
    return x.copy()


def only_for_columns(x):
    """Wrong for an array that does not lie in memory row by row."""
    return x * (1.0 if np.asarray(x).flags.c_contiguous else 1.1)


def first_row_is_special(x):
    return tg.concat([x[:1] * 2.0, x[1:]])


def needs_pairs(x):
    return x * (2.0 if len(x) % 2 else 1.0) if len(x) > 1 else x


generator = np.random.default_rng(0)

BROKEN = {
    "leaves its input alone": (writes_to_its_input, "writes to its input"),
    "deterministic": (
        lambda x: x * generator.normal(size=x.shape),
        "not deterministic",
    ),
    "gives numbers": (lambda x: tg.log(-tg.abs(x)), "returns NaN"),
    "has a batch axis": (
        lambda x: tg.mean(x),
        r"returns shape \(\) for shape \(4, 3\): axis 0 must have length 4"
        r"[\s\S]*mixes_rows=True",
    ),
    "takes one row": (
        lambda x: tg.squeeze(x.sum(axis=1)),
        r"row 1 as a batch of one have the shape \(\), which must be \(1,\)",
    ),
    "takes an empty batch": (
        lambda x: tg.softmax(x - tg.max(x)),
        "raises ShapeError: max: [\\s\\S]*a max without axis=",
    ),
    "makes no float64 of float16": (
        lambda x: x * np.ones(3, np.float64 if x.dtype.itemsize == 2 else np.float32),
        "returns float64 for a float16 batch",
    ),
    "splits": (needs_pairs, "rows 1 to 3 as a batch of their own differ in row 1"),
    "ignores the memory layout": (only_for_columns, "in Fortran order"),
    "works in float32": (
        lambda x: x * np.ones(3),
        r"returns float64 for a float32 batch[\s\S]*keeps_dtype=False",
    ),
}


@pytest.mark.parametrize("law", BROKEN)
def test_each_law_catches_what_breaks_it(law):
    function, words = BROKEN[law]
    with (
        np.errstate(all="ignore"),
        pytest.raises(SemanticsError, match=words) as caught,
    ):
        check_semantics(function)
    assert caught.value.law == law


def test_every_law_is_tested_by_what_breaks_it():
    assert {*BROKEN, "rows do not mix"} == {law.name for law in LAWS}


def test_a_row_that_is_special_is_caught():
    with pytest.raises(SemanticsError, match="differ in row 1") as caught:
        check_semantics(first_row_is_special)
    assert caught.value.law == "takes one row"


def test_digits_lost_in_float32_are_caught():
    x = np.array([[1.0, 100.0], [3.0, 4.0]])
    with pytest.raises(SemanticsError, match="loses its digits in float32: gives inf"):
        check_semantics(lambda x: tg.log(tg.exp(x)), x)
    with pytest.raises(SemanticsError, match="loses its digits in float32"):
        check_semantics(lambda x: (x + 1e6) - 1e6)


def test_a_function_may_declare_its_dtype():
    check_semantics(lambda x: x * np.ones(3), keeps_dtype=False)


def test_the_result_may_be_an_array_and_nothing_else():
    check_semantics(lambda x: np.exp(x.data))
    with pytest.raises(SemanticsError, match="must return a Tensor or an array, got l"):
        check_semantics(lambda x: x.tolist())


def test_what_only_all_others_together_move_is_caught():
    def leans_on_the_median(x):
        if len(x) < 3:
            return x * 1.0
        middle = np.sort(np.asarray(x), axis=0)[len(x) // 2]
        return x + tg.asarray(np.where(np.abs(middle) > 2, 1, 0).astype(x.dtype))

    x = np.array([[0.5], [0.25], [-0.5], [1.0], [-1.0], [0.75], [0.125]])
    words = "row 1 moved when only the rows other than 1 changed, by 1: "
    with pytest.raises(SemanticsError, match=words) as caught:
        check_semantics(leans_on_the_median, x)
    assert caught.value.law == "rows do not mix"


def test_a_message_names_the_law_the_place_both_numbers_and_the_usual_cause():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(SemanticsError) as caught:
        check_semantics(lambda x: x * np.array([[1.0], [2.0]])[: len(x)], x)
    assert str(caught.value) == (
        "<lambda>: the results for row 1 as a batch of one differ in row 1: 4 instead "
        "of 8 at [0, 1] (and 1 more)\n"
        "  law: takes one row\n"
        "  usual cause: squeeze() without axis=, or a statistic of the batch"
    )


def test_a_function_that_fails_at_once_fails_with_its_own_error():
    with pytest.raises(tg.ShapeError, match="matmul"):
        check_semantics(lambda x: x @ np.ones((5, 2)))


def test_a_function_that_fails_for_one_row_is_caught():
    def refuses_one(x):
        if len(x) == 1:
            raise ValueError("needs two rows")
        return x

    with pytest.raises(SemanticsError, match="raises ValueError: needs two rows") as e:
        check_semantics(refuses_one)
    assert e.value.law == "takes one row"


def test_laws_can_be_left_out_by_name():
    held = check_semantics(
        lambda x: tg.softmax(x - tg.max(x)), without=["takes an empty batch"]
    )
    assert held == tuple(n.name for n in LAWS if n.name != "takes an empty batch")
    with pytest.raises(ValueError, match="no law 'empty'; there are 'leaves its input"):
        check_semantics(tg.relu, without="empty")


# --- data that goes with the batch -------------------------------------------------


def picked(x, t):
    return x[np.arange(len(x)), t]


def test_labels_move_with_their_rows():
    t = np.array([0, 2, 1, 1])
    check_semantics(picked, data={"t": t})
    check_semantics(picked, data={"t": tg.Tensor(t)})
    check_semantics(picked, np.ones((1, 3)), data={"t": [2]})
    with pytest.raises(SemanticsError, match="as a batch of"):
        check_semantics(lambda x, t: picked(x, np.roll(t, 1)), data={"t": t})


def test_float_data_is_taken_in_the_dtype_of_the_batch():
    weights = np.random.default_rng(0).random((4, 3))
    check_semantics(lambda x, w: x * w, data={"w": weights})
    check_semantics(lambda x, w: x * w, data={"w": tg.Tensor(weights)})


def test_data_along_another_axis():
    w = np.arange(8.0).reshape(2, 4)
    x = np.random.default_rng(0).random((3, 4))
    check_semantics(lambda x, w: x + w.sum(axis=0), x, 1, data={"w": w})
    check_semantics(lambda x, t: x + t, x, -1, data={"t": w[0]})


def test_a_function_that_writes_to_its_data_is_caught():
    def sorts_labels(x, t):
        t.sort()
        return x

    words = "writes to its input t: 0 instead of 2"
    with pytest.raises(SemanticsError, match=words) as caught:
        check_semantics(sorts_labels, data={"t": np.array([2, 0, 1, 0])})
    assert caught.value.law == "leaves its input alone"


def test_data_with_other_rows_is_refused():
    words = r"t must have 4 rows along axis 0, as the batch has, got shape \(3,\)"
    with pytest.raises(ValueError, match=words):
        check_semantics(picked, data={"t": [0, 1, 2]})


@given(x=strategies.batches(features=(3,)), seed=st.integers(0, 1000))
@settings(max_examples=20)
def test_the_batch_that_was_handed_in_stays_as_it_is(x, seed):
    kept = x.copy()
    check_semantics(lambda x: x * 2.0, x, seed=seed)
    assert np.array_equal(x, kept)


# --- laws and batches of one's own -------------------------------------------------


def test_laws_can_be_added():
    def odd(subject):
        return difference(subject(-subject.x), -subject(subject.x))

    law = Law("odd", odd, hint="an even power")
    assert check_semantics(tg.tanh, laws=[law])[-1] == "odd"
    words = (
        r"square: .* instead of .* at \[.*\n  law: odd\n  usual cause: an even power"
    )
    with pytest.raises(SemanticsError, match=words) as caught:
        check_semantics(tg.square, laws=[law])
    assert caught.value.law == "odd"


def test_batches_of_integers():
    table = tg.Tensor(np.random.default_rng(0).normal(size=(5, 3)))
    check_semantics(lambda ids: table[ids], np.array([1, 1, 4, 0]))
    with pytest.raises(SemanticsError, match="row 0 moved when only row 1 changed"):
        check_semantics(lambda ids: table[ids] - table[ids].mean(), np.array([1, 4]))
    with pytest.raises(ValueError, match="2 rows of int64 are all equal"):
        check_semantics(lambda ids: table[ids], np.array([1, 1]))


def test_positive_batches_stay_positive():
    check_semantics(lambda x: tg.log(x), np.ones((4, 3)))


@pytest.mark.parametrize(
    ("x", "axis", "words"),
    [
        (np.ones((2, 3)), 2, r"shape \(2, 3\) has no axis 2"),
        (np.array(1.0), 0, "has no axis 0"),
        (np.ones((0, 3)), 0, "must not be empty"),
    ],
)
def test_wrong_batches_are_refused(x, axis, words):
    with pytest.raises(ValueError, match=words):
        check_semantics(tg.softmax, x, axis)
