"""What the strategies draw fits together, and every kind of it is drawn."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import find, given
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


@given(
    batch=strategies.batches(max_rows=8, features=strategies.shapes(max_dims=2)),
)
def test_rows_of_batches_differ(batch):
    rows = batch.reshape(len(batch), -1)
    assert len(rows) >= 2
    assert (rows[:, None] != rows).any(axis=2).sum() == len(rows) * (len(rows) - 1)


@given(data=st.data(), count=st.integers(0, 9), classes=st.integers(1, 9))
def test_labels_are_of_the_classes(data, count, classes):
    numbers = data.draw(strategies.labels(count, classes))
    assert numbers.shape == (count,)
    assert ((numbers >= 0) & (numbers < classes)).all()
    rows = data.draw(strategies.labels(count, classes, one_hot=True))
    assert rows.shape == (count, classes)
    assert (rows.sum(axis=1) == 1).all()


MEANINGS = {
    "real": lambda x: np.isfinite(x),
    "positive": lambda x: x >= 0.125,
    "nonzero": lambda x: np.abs(x) >= 0.125,
    "boolean": lambda x: x | ~x,
    "distinct": lambda x: np.isfinite(x),
}


@pytest.mark.parametrize("domain", DOMAINS)
@given(data=st.data(), dtype=st.sampled_from([np.float16, np.float32, np.float64]))
def test_values_are_of_their_domain(domain, data, dtype):
    x = data.draw(strategies.arrays(domain=domain, dtype=dtype))
    assert MEANINGS[domain](x).all()
    assert x.dtype == (np.bool_ if domain == "boolean" else dtype)


@pytest.mark.parametrize("domain", DOMAINS)
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
