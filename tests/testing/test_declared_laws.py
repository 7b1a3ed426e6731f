"""Declared laws: each is kept by what keeps it, and catches what was broken."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg
from tinygrad_jp.testing import (
    SemanticsError,
    check_semantics,
    declared,
    duplicate_batch_invariant,
    gradcheck,
    homogeneous,
    monotone,
    permutation_equivariant,
    permutation_invariant,
    shift_invariant,
    strategies,
    sums_to_one,
)

X = np.random.default_rng(7).normal(size=(4, 3))
LABELS = np.array([0, 2, 1, 2])


def naive_softmax(x):
    """Right until it overflows."""
    e = tg.exp(x)
    return e / e.sum(axis=-1, keepdims=True)


def softmax_of_everything(x):
    e = tg.exp(x - tg.max(x))
    return e / tg.sum(e)


def softmax_less_the_wrong_maximum(x):
    e = tg.exp(x - tg.max(x, axis=0, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def centred(x, axis=0):
    return x - tg.mean(x, axis=axis, keepdims=True)


def mean_loss(x, t):
    return -tg.mean(tg.log_softmax(x)[np.arange(len(x)), t])


def sum_loss(x, t):
    return -tg.sum(tg.log_softmax(x)[np.arange(len(x)), t])


def loss_of_shifted_labels(x, t):
    return -tg.mean(tg.log_softmax(x)[np.arange(len(x)), np.roll(t, 1)])


def loss_without_the_last_row(x, t):
    return -tg.mean(tg.log_softmax(x)[np.arange(len(x) - 1), t[:-1]])


def unbiased(x):
    return (x - tg.mean(x, axis=0)) / tg.std(x, axis=0, correction=1)


def by_place(x):
    return x * np.arange(1, 4, dtype=x.dtype)


def rolled(x):
    return tg.roll(x, 1, axis=1)


KEPT = [
    (sums_to_one(), tg.softmax, {}),
    (sums_to_one(axis=0), lambda x: tg.softmax(x, axis=0), {"mixes_rows": True}),
    (sums_to_one(axis=(0, 1)), softmax_of_everything, {"mixes_rows": True}),
    (shift_invariant(), tg.softmax, {}),
    (shift_invariant(), lambda x: centred(x, 1), {}),
    (shift_invariant(axis=0), centred, {"mixes_rows": True}),
    (shift_invariant(axis=(0, 1)), softmax_of_everything, {"mixes_rows": True}),
    (shift_invariant(), mean_loss, {"mixes_rows": True, "data": {"t": LABELS}}),
    (permutation_equivariant(), tg.softmax, {}),
    (permutation_equivariant(), tg.relu, {}),
    (permutation_equivariant(axis=0), centred, {"mixes_rows": True}),
    (permutation_equivariant(axis=0), by_place, {}),
    (permutation_invariant(axis=1), lambda x: tg.sum(x, axis=1), {}),
    (permutation_invariant(), mean_loss, {"mixes_rows": True, "data": {"t": LABELS}}),
    (permutation_invariant(), tg.max, {"mixes_rows": True}),
    (
        duplicate_batch_invariant(),
        mean_loss,
        {"mixes_rows": True, "data": {"t": LABELS}},
    ),
    (duplicate_batch_invariant(), centred, {"mixes_rows": True}),
    (duplicate_batch_invariant(), lambda x: tg.max(x, axis=0), {"mixes_rows": True}),
    (duplicate_batch_invariant(), tg.relu, {}),
    (homogeneous(), tg.relu, {}),
    (homogeneous(), lambda x: tg.norm(x, axis=1), {}),
    (homogeneous(2), tg.square, {}),
    (homogeneous(0), lambda x: x / tg.sum(tg.abs(x), axis=1, keepdims=True), {}),
    (homogeneous(0.5), lambda x: tg.sqrt(tg.abs(x)), {}),
    (monotone(), tg.relu, {}),
    (monotone(), tg.sigmoid, {}),
    (monotone(), lambda x: tg.sum(x, axis=1), {}),
    (monotone(), lambda x: tg.round(x), {}),
    (monotone(increasing=False), lambda x: -x, {}),
    (monotone(), lambda x: tg.log(x), {"x": np.abs(X)}),
]

BROKEN = [
    (sums_to_one(), softmax_of_everything, "over axis -1 sum to"),
    (sums_to_one(), lambda x: tg.softmax(x, axis=0), "instead of 1 at"),
    (sums_to_one(), tg.log_softmax, "instead of 1 at"),
    (shift_invariant(), naive_softmax, "1000 added to all elements along axis -1"),
    (shift_invariant(), softmax_of_everything, "another number added to all elements"),
    (shift_invariant(), softmax_less_the_wrong_maximum, "1000 added|another number"),
    (shift_invariant(), centred, "added to all elements along axis -1"),
    (permutation_equivariant(), by_place, r"the order \[2, 1, 0\] along axis -1"),
    (permutation_equivariant(), rolled, "along axis -1"),
    (
        permutation_equivariant(),
        lambda x: tg.cumulative_sum(x, axis=1),
        r"the order \[2, 1, 0\]",
    ),
    (permutation_equivariant(), lambda x: tg.sum(x, axis=1), r"shape \(4,\), whose ax"),
    (permutation_equivariant(), tg.sum, r"returns shape \(\), whose axis -1"),
    (
        permutation_equivariant(axis=0),
        lambda x: tg.concat([x[:1] * 2.0, x[1:]]),
        r"the order \[3, 2, 1, 0\] along axis 0",
    ),
    (permutation_invariant(), loss_without_the_last_row, "along axis 0 gives"),
    (permutation_invariant(), loss_of_shifted_labels, "along axis 0 gives"),
    (permutation_invariant(axis=1), tg.relu, "along axis 1 gives"),
    (duplicate_batch_invariant(), sum_loss, "every row given twice"),
    (duplicate_batch_invariant(), loss_without_the_last_row, "every row given twice"),
    (duplicate_batch_invariant(), unbiased, "every row given twice"),
    (
        duplicate_batch_invariant(),
        lambda x: tg.sum(x, axis=0),
        "every row given twice",
    ),
    (homogeneous(), tg.sigmoid, "2 times the batch"),
    (homogeneous(), lambda x: x + 1e-3, "times the batch"),
    (homogeneous(2), tg.relu, "times the batch"),
    (monotone(), lambda x: -tg.relu(x), "no element became smaller, and the result"),
    (monotone(), tg.square, "no element became smaller, and the result went from"),
    (monotone(), tg.softmax, "no element became smaller"),
    (monotone(), tg.gelu, "no element became smaller"),
    (monotone(increasing=False), tg.relu, "no element became smaller"),
    (monotone(), lambda x: tg.relu(x) * tg.relu(2.0 - x), "became smaller"),
]


@pytest.mark.parametrize(("law", "function", "options"), KEPT)
def test_what_keeps_a_law_passes(law, function, options):
    options = {"x": X, "without": ["takes an empty batch"], **options}
    assert check_semantics(function, laws=[law], **options)[-1] == law.name


@pytest.mark.parametrize(("law", "function", "words"), BROKEN)
def test_what_breaks_a_law_is_caught_and_named(law, function, words):
    takes_labels = (
        getattr(function, "__code__", None)
        and "t" in (function.__code__.co_varnames[: function.__code__.co_argcount])
    )
    data = {"t": LABELS} if takes_labels else None
    with pytest.raises(SemanticsError, match=words) as caught:
        check_semantics(function, X, mixes_rows=True, data=data, laws=[law])
    assert caught.value.law == law.name
    lines = str(caught.value).splitlines()
    assert lines[1:] == [f"  law: {law.name}", f"  usual cause: {law.hint}"]
    assert law.hint


def test_every_declared_law_is_kept_by_some_and_broken_by_some():
    makers = {name for name, made in vars(declared).items() if is_maker(made)}
    assert len(makers) == 7
    for cases in (KEPT, BROKEN):
        assert {case[0].name.split("(")[0] for case in cases} == makers


def is_maker(made):
    own = getattr(made, "__module__", None) == declared.__name__
    return own and callable(made) and not made.__name__.startswith("_")


# --- over many batches -----------------------------------------------------------


@given(x=strategies.batches(features=(3,)), seed=st.integers(0, 1000))
@settings(max_examples=30)
def test_no_false_alarm_for_softmax(x, seed):
    laws = [sums_to_one(), shift_invariant(), permutation_equivariant()]
    check_semantics(tg.softmax, x, laws=laws, seed=seed)


@given(
    x=strategies.batches(features=strategies.shapes(min_dims=1, max_dims=2)),
    seed=st.integers(0, 1000),
)
@settings(max_examples=30)
def test_no_false_alarm_for_relu(x, seed):
    laws = [monotone(), homogeneous(), permutation_equivariant()]
    check_semantics(tg.relu, x, laws=laws, seed=seed)


@given(data=st.data(), x=strategies.batches(features=(4,)), seed=st.integers(0, 1000))
@settings(max_examples=30)
def test_no_false_alarm_for_the_books_loss_and_an_alarm_for_its_sum(data, x, seed):
    t = data.draw(strategies.labels(len(x), 4))
    laws = [duplicate_batch_invariant(), permutation_invariant(), shift_invariant()]
    loss = nn.SoftmaxWithLoss()
    check_semantics(loss, x, data={"t": t}, mixes_rows=True, laws=laws, seed=seed)
    gradcheck(lambda x: sum_loss(x, t), x)  # right, of another function
    with pytest.raises(SemanticsError, match="every row given twice") as caught:
        check_semantics(sum_loss, x, data={"t": t}, mixes_rows=True, laws=laws)
    assert caught.value.law == "duplicate_batch_invariant()"


@given(x=strategies.batches(features=(4,)), seed=st.integers(0, 1000))
@settings(max_examples=30)
def test_a_step_that_goes_down_is_found_wherever_it_is(x, seed):
    scale = float(np.abs(x).max())

    def dips(x):
        return x - 3 * tg.relu(x - scale)

    with pytest.raises(SemanticsError, match="became smaller"):
        check_semantics(dips, x, laws=[monotone()], seed=seed)


@pytest.mark.parametrize("law", [shift_invariant(), homogeneous(), monotone()])
def test_laws_of_numbers_refuse_integers(law):
    words = "needs a batch of floating-point numbers, got int64"
    with pytest.raises(TypeError, match=words):
        check_semantics(lambda x: x, np.array([1, 2]), laws=[law])


def test_permutations_along_the_batch_axis_wherever_it_is():
    laws = [permutation_equivariant(axis=1)]
    check_semantics(lambda x: centred(x, 1), X, -1, mixes_rows=True, laws=laws)
