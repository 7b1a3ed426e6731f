"""Initialisers: what they draw, from what, and which of them a layer takes."""

import doctest
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg
from nn import init

SEED = st.integers(0, 2**32 - 1)
WIDTHS = {"he": math.sqrt(2 / 300), "xavier": math.sqrt(1 / 300)}


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", WIDTHS)
@given(seed=SEED)
@settings(max_examples=10)
def test_normal_numbers_of_the_width_that_suits(name, seed):
    W = getattr(init, name)((300, 200), fan_in=300, rng=rng(seed))
    assert math.isclose(W.std(), WIDTHS[name], rel_tol=0.02)
    assert abs(W.mean()) < WIDTHS[name] / 40
    # As many beyond twice the width as of normal numbers.
    assert abs((np.abs(W) > 2 * WIDTHS[name]).mean() - 0.0455) < 0.006


def test_signals_keep_their_size_through_layers():
    x = rng().standard_normal((400, 100))
    for bend, draw in ((nn.ReLU(), "relu"), (nn.Tanh(), "sigmoid")):
        y = x
        for depth in range(5):
            y = bend(nn.Affine(100, 100, rng=rng(depth), init=draw)(y))
        assert 0.2 < y.data.std() < 2
    y = x
    for depth in range(5):
        y = nn.ReLU()(nn.Affine(100, 100, rng=rng(depth), init=0.01)(y))
    assert y.data.std() < 1e-3


@given(
    seed=SEED,
    rows=st.integers(1, 6),
    rest=st.lists(st.integers(1, 4), min_size=1, max_size=3),
)
def test_orthogonal_rows_or_columns(seed, rows, rest):
    W = init.orthogonal((rows, *rest), fan_in=1, rng=rng(seed))
    assert W.shape == (rows, *rest)
    flat = W.reshape(rows, -1)
    product = flat @ flat.T if rows <= flat.shape[1] else flat.T @ flat
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-12)


def test_orthogonal_matrices_are_all_equally_likely():
    drawn = np.array(
        [init.orthogonal((2, 2), fan_in=2, rng=rng(i)) for i in range(2000)]
    )
    assert abs((drawn[:, 0, 0] > 0).mean() - 0.5) < 0.05
    assert abs((np.linalg.det(drawn) > 0).mean() - 0.5) < 0.05
    angles = np.arctan2(drawn[:, 0, 1], drawn[:, 0, 0])
    counts, _ = np.histogram(angles, bins=8, range=(-math.pi, math.pi))
    assert counts.min() > 200


LAYERS = {
    "Affine": lambda **o: nn.Affine(4, 4, **o).W,
    "Convolution": lambda **o: nn.Convolution(2, 3, 2, **o).W,
    "Embedding": lambda **o: nn.Embedding(4, 3, **o).W,
    "LSTM": lambda **o: nn.LSTM(4, 3, **o).Wh,
    "MultiHeadAttention": lambda **o: nn.MultiHeadAttention(4, 2, **o).key.W,
}


@pytest.mark.parametrize("name", LAYERS)
def test_names_functions_and_numbers_mean_the_same(name):
    made = LAYERS[name]
    for words, function in (
        (("he", "relu", "ReLU"), init.he),
        (("xavier", "sigmoid"), init.xavier),
        (("orthogonal",), init.orthogonal),
        ((0.1, np.float32(0.1).item()), init.std(0.1)),
    ):
        expected = made(rng=rng(), init=function).data
        for word in words:
            found = made(rng=rng(), init=word).data
            np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert not made(rng=rng(), init=0).data.any()


def test_layers_say_of_how_many_numbers_each_result_is_a_sum():
    met = {}

    def spy(shape, *, fan_in, rng):
        met[shape] = fan_in
        return np.zeros(shape)

    nn.Affine(5, 2, rng=rng(), init=spy)
    nn.Convolution(3, 4, (2, 5), rng=rng(), init=spy)
    nn.Embedding(7, 8, rng=rng(), init=spy)
    nn.GRU(6, 9, rng=rng(), init=spy)
    assert met == {(5, 2): 5, (4, 3, 2, 5): 30, (7, 8): 1, (6, 9): 6, (9, 9): 9}


def test_each_gate_is_drawn_by_itself():
    W = nn.LSTM(3, 5, rng=rng(), init="orthogonal", dtype=np.float64).Wh.data
    for gate in np.split(W, 4, axis=1):
        np.testing.assert_allclose(gate @ gate.T, np.eye(5), atol=1e-12)
    assert not np.allclose(W[:, :5], W[:, 5:10])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", LAYERS)
def test_every_dtype_starts_from_the_same_numbers(name, dtype):
    double = LAYERS[name](rng=rng(), dtype=np.float64).data
    W = LAYERS[name](rng=rng(), dtype=dtype)
    assert W.dtype == dtype
    assert W.requires_grad
    np.testing.assert_array_equal(W.data, double.astype(dtype))
    assert (LAYERS[name](rng=rng(1), dtype=dtype).data != W.data).any()


def test_what_an_initialiser_keeps_is_not_shared():
    kept = np.ones((2, 2))
    affine = nn.Affine(
        2, 2, rng=rng(), init=lambda shape, fan_in, rng: kept, dtype=float
    )
    kept[:] = 5
    assert affine.W.tolist() == [[1, 1], [1, 1]]


def test_an_initialiser_of_another_shape_is_refused():
    words = r"^Affine: init must return shape \(3, 2\), got \(2, 3\)$"
    with pytest.raises(tg.ShapeError, match=words):
        nn.Affine(
            3, 2, rng=rng(), init=lambda shape, fan_in, rng: np.zeros(shape[::-1])
        )


@pytest.mark.parametrize("name", LAYERS)
def test_layers_check_how_they_start(name):
    with pytest.raises(ValueError, match=r'init must be "he", .*, got \'best\''):
        LAYERS[name](rng=rng(), init="best")
    with pytest.raises(ValueError, match="init must be finite and at least 0, got inf"):
        LAYERS[name](rng=rng(), init=math.inf)
    with pytest.raises(TypeError, match=r"pass rng=np\.random\.default_rng\(7\)"):
        LAYERS[name](rng=7)
    with pytest.raises(TypeError, match=r"dtype must be float16, .*, got int64"):
        LAYERS[name](rng=rng(), dtype=np.int64)


def test_a_width_is_checked():
    with pytest.raises(ValueError, match=r"init\.std: value must be finite and at"):
        init.std(-1)


@pytest.mark.parametrize("name", ["he", "orthogonal", "std", "xavier"])
def test_docstrings_have_examples_that_run(name):
    finder = doctest.DocTestFinder()
    found = finder.find(
        getattr(init, name), name, module=False, globs={"nn": nn, "np": np}
    )
    assert found[0].examples
    runner = doctest.DocTestRunner()
    runner.run(found[0])
    assert not runner.failures
