"""Digits, batches and one-hot rows."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg


def test_digits_are_those_of_scikit_learn_split_in_two():
    data = nn.digits(rng=np.random.default_rng(0), test_size=300)
    assert (len(data.train), len(data.test)) == (1497, 300)
    for examples in (data.train, data.test):
        assert (examples.x.dtype, examples.t.dtype) == (np.float32, np.int64)
        assert (examples.x.min(), examples.x.max()) == (0, 1)
        assert set(examples.t.tolist()) == set(range(10))
    datasets = pytest.importorskip("sklearn.datasets")
    pixels, labels = datasets.load_digits(return_X_y=True)
    rows = [
        (*(x * 16).tolist(), t)
        for part in (data.train, data.test)
        for x, t in zip(*part)
    ]
    assert sorted(rows) == sorted((*x, t) for x, t in zip(pixels.tolist(), labels))


def test_the_split_depends_on_the_generator_alone():
    first, again, other = (
        nn.digits(rng=np.random.default_rng(seed)).test for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.x, again.x)
    np.testing.assert_array_equal(first.t, again.t)
    assert (first.t != other.t).any()


@pytest.mark.parametrize("size", [0, 1797, 5000])
def test_a_split_that_leaves_nothing_is_refused(size):
    with pytest.raises(ValueError, match=f"test_size must be .*, got {size}"):
        nn.digits(rng=np.random.default_rng(0), test_size=size)


def test_a_seed_in_place_of_a_generator_is_refused_with_the_cure():
    with pytest.raises(
        TypeError, match=r"got 7; pass rng=np\.random\.default_rng\(7\)"
    ):
        nn.digits(rng=7)


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'tinygrad_jp\[nn\]'"):
        nn.digits(rng=np.random.default_rng(0))


def test_examples_unpack_and_must_be_equally_long():
    x, t = nn.Examples(np.zeros((3, 2)), np.zeros(3))
    assert (x.shape, t.shape) == ((3, 2), (3,))
    with pytest.raises(tg.ShapeError, match=r"Examples: .*got x \(3, 2\) and t \(2,\)"):
        nn.Examples(np.zeros((3, 2)), np.zeros(2))
    with pytest.raises(AttributeError):
        nn.Examples(x, t).x = x


# --- batches ---------------------------------------------------------------------


@given(
    count=st.integers(1, 30),
    size=st.integers(1, 40),
    seed=st.none() | st.integers(0, 9),
    drop_last=st.booleans(),
)
def test_batches_visit_every_example_once(count, size, seed, drop_last):
    x = np.arange(count)
    rng = None if seed is None else np.random.default_rng(seed)
    found = list(nn.batches(x, 10 * x, size, rng=rng, drop_last=drop_last))
    assert all((t == 10 * x).all() for x, t in found)
    lengths = [len(x) for x, _ in found]
    rest = [] if drop_last or count % size == 0 else [count % size]
    assert lengths == [size] * (count // size) + rest
    seen = [i for x, _ in found for i in x.tolist()]
    assert len(set(seen)) == len(seen)
    if seed is None:
        assert seen == list(range(len(seen)))
    elif not drop_last:
        assert sorted(seen) == list(range(count))


def test_batches_are_shuffled_by_the_generator():
    x = np.arange(100)
    orders = []
    for seed in (0, 0, 1):
        rng = np.random.default_rng(seed)
        orders.append([next(nn.batches(x, x, 50, rng=rng))[0].tolist()])
    assert orders[0] == orders[1] != orders[2]


def test_batches_of_tensors_are_tensors():
    x = tg.Tensor(np.arange(3.0))
    ((first, t),) = nn.batches(x, [0, 1, 2], 3, rng=None)
    assert isinstance(first, tg.Tensor)
    assert t.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([1, 2], [1], 1), tg.ShapeError, r"got x \(2,\) and t \(1,\)"),
        (([], [], 1), tg.ShapeError, "not empty"),
        ((1.0, 1.0, 1), tg.ShapeError, "equally long"),
        (([1], [1], 0), ValueError, "batch_size must be at least 1, got 0"),
        (([1], [1], 2.0), TypeError, r"batch_size must be a whole number, got 2\.0"),
        (([1], [1], True), TypeError, "batch_size must be a whole number, got True"),
    ],
)
def test_batches_refuses_at_once(arguments, error, message):
    with pytest.raises(error, match=message):
        nn.batches(*arguments, rng=None)


# --- one_hot ---------------------------------------------------------------------


@given(labels=st.lists(st.integers(0, 6), max_size=8))
def test_one_hot_rows_hold_a_one_at_the_label(labels):
    rows = nn.one_hot(np.array(labels, np.int64), 7)
    assert rows.shape == (len(labels), 7)
    assert rows.dtype == np.float32
    assert rows.sum() == len(labels)
    assert rows.argmax(axis=1).tolist() == labels


def test_one_hot_refuses_what_is_no_label():
    with pytest.raises(ValueError, match="labels must be 0 to 2, got 3 at 1"):
        nn.one_hot([0, 3], 3)
    with pytest.raises(ValueError, match="got -1 at 0"):
        nn.one_hot([-1], 3)
    with pytest.raises(TypeError, match="labels must be integers, got float64"):
        nn.one_hot([0.0], 3)
    with pytest.raises(ValueError, match="classes must be at least 1, got 0"):
        nn.one_hot([0], 0)
