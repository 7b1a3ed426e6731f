"""Activations: values by arithmetic of their own, gradients by measured slopes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import nn
import tinygrad_jp as tg
from tinygrad_jp.testing import check_semantics, gradcheck

NUMBERS = st.floats(-20, 20, width=32)
ROWS = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 4), st.integers(1, 5)), elements=NUMBERS
)
SMALL = st.integers(1, 4)
SEED = st.integers(0, 2**32 - 1)
LAYERS = {
    "ELU": nn.ELU(),
    "ELU(2)": nn.ELU(2),
    "GELU": nn.GELU(),
    "GELU(tanh)": nn.GELU("tanh"),
    "LeakyReLU": nn.LeakyReLU(0.2),
    "ReLU": nn.ReLU(),
    "SiLU": nn.SiLU(),
    "Sigmoid": nn.Sigmoid(),
    "Softmax": nn.Softmax(),
    "Tanh": nn.Tanh(),
}


@pytest.mark.parametrize("name", LAYERS)
@given(x=ROWS)
@settings(max_examples=40)
def test_gradient_at_every_point(name, x):
    gradcheck(LAYERS[name], x)


@pytest.mark.parametrize("name", LAYERS)
@given(seed=SEED, batch=st.integers(2, 5), size=SMALL)
@settings(max_examples=25)
def test_rows_are_kept_apart(name, seed, batch, size):
    x = np.random.default_rng(seed).standard_normal((batch, size))
    check_semantics(LAYERS[name], x)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(name, dtype):
    x = tg.Tensor([[-1.0, 0.0, 2.0]], dtype=dtype, requires_grad=True)
    y = LAYERS[name](x)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype) == (dtype, dtype)


@given(x=ROWS)
def test_relu_keeps_what_is_above_zero(x):
    y = nn.ReLU()(x).data
    assert y.tolist() == [[max(v, 0.0) for v in row] for row in x.tolist()]


def test_relu_has_gradient_zero_at_zero():
    x = tg.Tensor([-1.0, 0.0, 1.0], requires_grad=True)
    nn.ReLU()(x).sum().backward()
    assert x.grad.tolist() == [0, 0, 1]


@given(x=ROWS)
def test_sigmoid_is_the_logistic_function(x):
    y = nn.Sigmoid()(x).data
    expected = [[1 / (1 + math.exp(-v)) for v in row] for row in x.tolist()]
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-16)
    np.testing.assert_allclose(y + nn.Sigmoid()(-x).data, 1, rtol=1e-15)


@given(x=ROWS, shift=st.floats(-1e3, 1e3))
def test_softmax_gives_probabilities(x, shift):
    y = nn.Softmax()(x).data
    assert (y > 0).all()
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-12)
    for row, probabilities in zip(x.tolist(), y):
        total = math.fsum(math.exp(v) for v in row)
        expected = [math.exp(v) / total for v in row]
        np.testing.assert_allclose(probabilities, expected, rtol=1e-12)
    np.testing.assert_allclose(nn.Softmax()(x + shift).data, y, rtol=1e-9)


@given(x=ROWS)
def test_softmax_over_another_axis(x):
    np.testing.assert_allclose(nn.Softmax(axis=0)(x.T).data, nn.Softmax()(x).data.T)


def test_softmax_over_the_batch_is_caught():
    x = np.random.default_rng(0).standard_normal((4, 3))
    gradcheck(nn.Softmax(axis=0), x)
    with pytest.raises(Exception, match="row"):
        check_semantics(nn.Softmax(axis=0), x)


@pytest.mark.parametrize("axis", [1.0, "1", None, True, (0, 1)])
def test_softmax_checks_its_axis(axis):
    with pytest.raises(TypeError, match="Softmax: axis must be a whole number, got"):
        nn.Softmax(axis=axis)


def test_softmax_of_the_book():
    y = nn.Softmax()([2.2, 0.4, 0.7]).data
    np.testing.assert_allclose(y, [0.72023846, 0.11905462, 0.16070692], atol=5e-9)


# --- those of others than the book ------------------------------------------------


def normal_share(v):
    return (1 + math.erf(v / math.sqrt(2))) / 2


def near_share(v):
    return (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) / 2


FORMULAS = [
    (nn.LeakyReLU(), lambda v: v if v > 0 else 0.01 * v),
    (nn.LeakyReLU(0.25), lambda v: v if v > 0 else 0.25 * v),
    (nn.ELU(), lambda v: v if v > 0 else math.expm1(v)),
    (nn.ELU(1.5), lambda v: v if v > 0 else 1.5 * math.expm1(v)),
    (nn.GELU(), lambda v: v * normal_share(v)),
    (nn.GELU("tanh"), lambda v: v * near_share(v)),
    (nn.SiLU(), lambda v: v / (1 + math.exp(-v))),
    (nn.Tanh(), math.tanh),
]


@pytest.mark.parametrize(
    ("layer", "formula"), FORMULAS, ids=[repr(layer) for layer, _ in FORMULAS]
)
@given(x=ROWS)
def test_each_number_by_its_formula(layer, formula, x):
    expected = [[formula(v) for v in row] for row in x.tolist()]
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-6, atol=1e-14)


@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        (
            lambda: nn.LeakyReLU(1),
            ValueError,
            "LeakyReLU: negative_slope must be below",
        ),
        (
            lambda: nn.LeakyReLU(-0.1),
            ValueError,
            "finite and at least 0, got -0.1",
        ),
        (
            lambda: nn.LeakyReLU("a"),
            TypeError,
            "slope must be a number, got 'a'",
        ),
        (lambda: nn.ELU(0), ValueError, "ELU: alpha must be finite and above 0, got 0"),
        (
            lambda: nn.GELU("tan"),
            ValueError,
            'GELU: approximate must be "none" or "tanh", got \'tan\'',
        ),
        (lambda: nn.GELU(True), ValueError, "approximate must be .*, got True"),
    ],
)
def test_hyper_parameters_are_checked(made, error, message):
    with pytest.raises(error, match=message):
        made()


def test_what_repr_shows_of_activations():
    shown = [repr(layer) for layer in LAYERS.values()]
    assert shown == [
        "ELU(1)",
        "ELU(2)",
        "GELU()",
        'GELU("tanh")',
        "LeakyReLU(0.2)",
        "ReLU()",
        "SiLU()",
        "Sigmoid()",
        "Softmax(axis=-1)",
        "Tanh()",
    ]
