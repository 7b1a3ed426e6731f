"""What the strategies draw fits together, and every kind of it is drawn."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp.testing import strategies
from tinygrad_jp.testing.cases import indices, rule_cases
from tinygrad_jp.testing.samples import DOMAINS, KINDS, sample

shapes = strategies.shapes(min_side=0)


@given(pair=strategies.broadcastable_shapes(3, min_side=0))
def test_broadcastable_shapes_broadcast(pair):
    np.broadcast_shapes(*pair)


@pytest.mark.parametrize(
    "wanted",
    [
        lambda pair: pair[0] == () and pair[1] != (),
        lambda pair: pair[0] != np.broadcast_shapes(*pair) != pair[1],
        lambda pair: 0 < len(pair[1]) < len(pair[0]),
        lambda pair: 0 in pair[0] and 1 in pair[1],
    ],
)
def test_broadcastable_shapes_are_of_every_kind(wanted):
    find(strategies.broadcastable_shapes(min_side=0), wanted)


@given(data=st.data(), shape=shapes)
def test_axes_suit_numpy(data, shape):
    axis = data.draw(strategies.axes(len(shape)))
    np.sum(np.zeros(shape), axis=axis)


@pytest.mark.parametrize("wanted", [None, 1, -1, (), (0, 1), (-1, 0)])
def test_axes_are_of_every_kind(wanted):
    assert find(strategies.axes(2), lambda axis: axis == wanted) == wanted


@given(pair=strategies.matmul_operands())
def test_matmul_operands_multiply(pair):
    np.matmul(*pair)


@pytest.mark.parametrize(
    "dims", [(1, 1), (1, 2), (2, 1), (2, 2), (3, 2), (2, 4), (1, 3)]
)
def test_matmul_operands_are_of_every_kind(dims):
    find(
        strategies.matmul_operands(), lambda pair: (pair[0].ndim, pair[1].ndim) == dims
    )


floats = st.sampled_from([np.float16, np.float32, np.float64])


@given(data=st.data(), dtype=floats)
def test_rows_of_batches_have_no_element_in_common(data, dtype):
    features = strategies.shapes(max_dims=2)
    batch = data.draw(strategies.batches(max_rows=9, features=features, dtype=dtype))
    rows = batch.reshape(len(batch), -1)
    assert 2 <= len(rows) <= 9
    assert batch.dtype == dtype
    for i, row in enumerate(rows):
        assert not np.isin(row, np.delete(rows, i, axis=0)).any()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("rows", [33, 100])
def test_rows_of_large_batches_differ_in_narrow_dtypes_too(rows, dtype):
    @given(strategies.batches(min_rows=rows, max_rows=rows, features=(3,), dtype=dtype))
    @settings(max_examples=20)
    def check(batch):
        steps = 2 ** (rows - 1).bit_length()
        parts = batch.astype(np.float64) * 4 * steps % steps
        # Each row has its own part of a quarter, and no rounding has touched it.
        assert (parts == parts[:, :1]).all()
        assert sorted(parts[:, 0]) == list(range(rows))

    check()


@given(
    data=st.data(),
    count=st.sampled_from([0, 1, 5, 32, 33, 200]),
    classes=st.integers(1, 9),
)
def test_labels_are_of_the_classes(data, count, classes):
    numbers = data.draw(strategies.labels(count, classes))
    assert numbers.shape == (count,)
    assert numbers.dtype == np.int64
    assert ((numbers >= 0) & (numbers < classes)).all()
    rows = data.draw(strategies.labels(count, classes, one_hot=True, dtype=np.float32))
    assert rows.shape == (count, classes)
    assert rows.dtype == np.float32
    assert (rows.sum(axis=1) == 1).all()


@given(data=st.data(), dtype=floats, grad=st.booleans())
def test_tensors_are_leaves_of_the_shape_and_dtype(data, dtype, grad):
    shape = data.draw(shapes)
    x = data.draw(strategies.tensors(shape=shape, dtype=dtype, requires_grad=grad))
    assert isinstance(x, tg.Tensor)
    assert (x.shape, x.dtype, x.requires_grad) == (shape, dtype, grad)
    assert x.is_leaf
    mask = data.draw(strategies.tensors(shape=shape, domain="boolean"))
    assert (mask.dtype, mask.requires_grad) == (np.bool_, False)


@given(shape=strategies.shapes(min_dims=1, max_dims=2, min_side=2, max_side=5))
def test_shapes_keep_their_bounds(shape):
    assert 1 <= len(shape) <= 2
    assert all(2 <= side <= 5 for side in shape)


# --- what it draws, and how fast -----------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 4), (100,)])
def test_numbers_are_of_all_kinds_whether_drawn_or_from_a_seed(shape):
    seen = set()

    @given(strategies.arrays(shape=shape))
    @settings(max_examples=200, database=None)
    def look(x):
        whole = bool((x == np.round(x)).all())
        zeros, ties = bool((x == 0).any()), len(set(x.flat)) < x.size
        seen.add((whole, zeros, ties))
        assert not np.signbit(x[x == 0]).any() or shape == (100,)
        assert np.abs(x).max() <= 100

    look()
    assert {(True, True, True), (False, False, False), (False, True, True)} <= seen


def test_large_arrays_cost_hypothesis_nothing():
    choices = []

    @given(st.data())
    @settings(max_examples=20, database=None)
    def look(data):
        x = data.draw(strategies.arrays(shape=(300, 300)))
        data.draw(strategies.batches(features=(1000,)))
        data.draw(strategies.labels(10_000, 10))
        assert x.shape == (300, 300)
        choices.append(1)

    look()  # a health check would fail
    assert len(choices) >= 20


# --- what fails shrinks to the simplest ----------------------------------------------


def found(strategy, wanted=lambda value: True):
    return find(strategy, wanted, settings=settings(max_examples=2000, database=None))


SIMPLEST = {
    "shapes": (strategies.shapes(), (), lambda s: len(s) == 2, (1, 1)),
    "shapes, empty": (shapes, (), lambda s: len(s) > 0, (0,)),
    "broadcastable_shapes": (
        strategies.broadcastable_shapes(3),
        ((), (), ()),
        lambda three: three[0] != () == three[1],
        ((1,), (), (1,)),
    ),
    "axes": (strategies.axes(3), None, lambda axis: isinstance(axis, tuple), ()),
    "matmul_operands": (
        strategies.matmul_operands(),
        (np.zeros((1, 1)), np.zeros((1, 1))),
        lambda pair: pair[0].ndim == 3,
        (np.zeros((1, 1, 1)), np.zeros((1, 1))),
    ),
    "arrays": (
        strategies.arrays(shape=(2, 3)),
        np.zeros((2, 3)),
        lambda x: x[0, 1] < 0 < x[1, 2],
        np.array([[0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]),
    ),
    "arrays of any shape": (
        strategies.arrays(),
        np.zeros(()),
        lambda x: x.ndim == 2,
        np.zeros((1, 1)),
    ),
    "arrays, positive": (
        strategies.arrays(shape=(2,), domain="positive"),
        np.full(2, 0.125),
        lambda x: x[0] > x[1],
        np.array([1.125, 0.125]),
    ),
    "batches": (
        strategies.batches(features=(2,)),
        np.array([[0.0, 0.0], [0.125, 0.125]]),
        lambda x: len(x) == 3,
        np.array([[0.0, 0.0], [0.0625, 0.0625], [0.125, 0.125]]),
    ),
    "labels": (
        strategies.labels(4, 9),
        np.zeros(4, int),
        lambda t: t[2] > 3,
        np.array([0, 0, 4, 0]),
    ),
    "one-hot labels": (
        strategies.labels(2, 3, one_hot=True),
        np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]),
        lambda t: t[1, 0] == 0,
        np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
    ),
}


@pytest.mark.parametrize("name", SIMPLEST)
def test_what_fails_shrinks_to_the_simplest(name):
    strategy, simplest, wanted, simple = SIMPLEST[name]
    assert_same(found(strategy), simplest)
    assert_same(found(strategy, wanted), simple)


def assert_same(given, expected):
    if isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(given, expected, strict=True)
    elif isinstance(expected, tuple) and expected and hasattr(expected[0], "dtype"):
        for one, other in zip(given, expected):
            np.testing.assert_array_equal(one, other, strict=True)
    else:
        assert given == expected


def test_tensors_shrink_to_zeros():
    x = found(strategies.tensors(), lambda x: x.ndim == 1 and x.data.sum() < 0)
    assert x.tolist() == [-1.0]


def test_a_wrong_function_is_shown_on_the_simplest_array():
    def wrong_below_a_half(x):
        return bool((np.maximum(x, 0) != np.where(x > -0.5, x, 0)).any())

    def negative(x):
        return bool((np.abs(x) != x).any())

    small = found(strategies.arrays(), negative)
    np.testing.assert_array_equal(small, -1.0)
    # Not on integers: what is left is one number, as near to 0 as can be drawn.
    fraction = found(strategies.arrays(shape=(3,)), wrong_below_a_half)
    assert np.count_nonzero(fraction) == 1
    assert -0.01 < fraction.min() < 0


MEANINGS = {
    "real": lambda x: np.isfinite(x),
    "positive": lambda x: x >= 0.125,
    "nonzero": lambda x: np.abs(x) >= 0.125,
    "boolean": lambda x: x | ~x,
    "distinct": lambda x: np.isfinite(x),
    "unit": lambda x: np.abs(x) <= 0.875,
    "above one": lambda x: x >= 1.125,
    "off the steps": lambda x: np.abs(x * 2 - np.round(x * 2)) >= 0.2,
    "invertible": lambda x: np.abs(np.linalg.det(x)) > 0.2,
    "positive definite": lambda x: (
        np.linalg.eigvalsh((x + np.swapaxes(x, -1, -2)) / 2) > 0.4
    ),
}
MATRICES = ("invertible", "positive definite")
squares = st.sampled_from([(1, 1), (3, 3), (2, 2, 2)])


@pytest.mark.parametrize("domain", DOMAINS)
@given(data=st.data(), dtype=st.sampled_from([np.float16, np.float32, np.float64]))
def test_values_are_of_their_domain(domain, data, dtype):
    shape = squares if domain in MATRICES else None
    x = data.draw(strategies.arrays(shape=shape, domain=domain, dtype=dtype))
    wide = x.astype(np.float64) if domain in MATRICES else x
    assert MEANINGS[domain](wide).all()
    assert x.dtype == (np.bool_ if domain == "boolean" else dtype)


def test_every_domain_has_its_meaning_tested():
    assert set(MEANINGS) == set(DOMAINS)


@pytest.mark.parametrize("domain", [name for name in DOMAINS if name not in MATRICES])
def test_ties_are_drawn_on_purpose(domain):
    rng = np.random.default_rng(0)
    tied = [sample(rng, (2,), domain=domain, kind=kind) for kind in list(KINDS) * 50]
    assert sum(x[0] == x[1] for x in tied) >= 10


@pytest.mark.parametrize("kind", KINDS)
def test_kinks_are_drawn_on_purpose(kind):
    x = sample(np.random.default_rng(0), (1000,), kind=kind)
    assert (x == 0).any() == (kind in ("grid", "sparse"))


@given(data=st.data(), shape=shapes)
def test_indices_suit_numpy(data, shape):
    np.zeros(shape)[data.draw(indices(shape))]


def _parts(index):
    return index if isinstance(index, tuple) else (index,)


@pytest.mark.parametrize(
    "wanted",
    [
        lambda part: part is None,
        lambda part: part is Ellipsis,
        lambda part: isinstance(part, slice) and part.step not in (None, 1),
        lambda part: isinstance(part, np.ndarray) and part.dtype == bool,
        lambda part: (
            isinstance(part, np.ndarray) and 0 < len(set(part.flat)) < part.size
        ),
    ],
)
def test_indices_are_of_every_kind(wanted):
    find(indices((2, 3)), lambda index: any(wanted(part) for part in _parts(index)))


@tg.rule(vjp=lambda g: g, domain="imaginary")
def unknown_domain(x, /):
    return x * 1.0


@tg.rule(vjp=lambda g: g)
def unknown_keyword(x, /, *, dilation):
    return x * dilation


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (unknown_domain, "unknown_domain: no meaning.*'imaginary'.*samples.DOMAINS"),
        (unknown_keyword, "unknown_keyword: no values.*'dilation'.*KEYWORDS"),
    ],
)
def test_a_rule_that_cannot_be_tested_says_what_to_add(rule, words):
    with pytest.raises(LookupError, match=words):
        find(rule_cases(rule), lambda case: True)


def test_without_hypothesis_only_the_strategies_are_missing():
    script = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "from tinygrad_jp.testing import check_semantics, gradcheck\n"
        "try: from tinygrad_jp.testing import strategies\n"
        "except ImportError as error: print(error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "pip install 'tinygrad_jp[testing]'" in run.stdout


def test_the_checkers_do_not_import_hypothesis():
    script = "import sys, tinygrad_jp.testing; print('hypothesis' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"
