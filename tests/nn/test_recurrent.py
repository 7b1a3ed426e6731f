"""RNN, LSTM and GRU: values step by step, states handed on, long sequences."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg
from tinygrad_jp.graph import walk

SMALL = st.integers(1, 4)
SEED = st.integers(0, 999)


def rng(seed=0):
    return np.random.default_rng(seed)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rnn_step(x, state, p):
    (h,) = state
    return (np.tanh(x @ p["Wx"] + h @ p["Wh"] + p["b"]),)


def lstm_step(x, state, p):
    h, c = state
    f, g, i, o = np.split(x @ p["Wx"] + h @ p["Wh"] + p["b"], 4, axis=1)
    c = sigmoid(f) * c + np.tanh(g) * sigmoid(i)
    return sigmoid(o) * np.tanh(c), c


def gru_step(x, state, p):
    (h,) = state
    Wz, Wr, Wn = np.split(p["Wh"], 3, axis=1)
    az, ar, an = np.split(x @ p["Wx"] + p["b"], 3, axis=1)
    z, r = sigmoid(az + h @ Wz), sigmoid(ar + h @ Wr)
    old = r * (h @ Wn + p["bh"]) if "bh" in p else (r * h) @ Wn
    n = np.tanh(an + old)
    return ((1 - z) * h + z * n,)


LAYERS = {
    "RNN": (nn.RNN, {}, rnn_step, 1),
    "LSTM": (nn.LSTM, {}, lstm_step, 2),
    "GRU": (nn.GRU, {}, gru_step, 1),
    "GRU after": (nn.GRU, {"reset": "after"}, gru_step, 1),
}
EACH = pytest.mark.parametrize("name", LAYERS)


def made(name, in_size=3, hidden_size=2, seed=0, **options):
    kind, more, _, _ = LAYERS[name]
    options = {"dtype": np.float64, **more, **options}
    layer = kind(in_size, hidden_size, rng=rng(seed), **options)
    for key, parameter in layer.named_parameters():
        if key.startswith("b"):
            values = rng(seed + 1).normal(size=parameter.shape)
            changed = tg.Tensor(values, dtype=parameter.dtype, requires_grad=True)
            setattr(layer, key, changed)
    return layer


def states_of(result):
    """All hidden states, and the parts of the last state."""
    hidden, state = result
    return hidden, state if isinstance(state, tuple) else (state,)


# --- values ----------------------------------------------------------------------


@EACH
@given(seed=SEED, batch=SMALL, steps=st.integers(1, 20), in_size=SMALL, size=SMALL)
@settings(max_examples=25)
def test_every_step_by_its_formulas(name, seed, batch, steps, in_size, size):
    layer = made(name, in_size, size, seed)
    *_, step, count = LAYERS[name]
    parameters = {key: p.data for key, p in layer.named_parameters()}
    x = rng(seed).normal(size=(batch, steps, in_size))
    start = tuple(rng(seed + 2).normal(size=(count, batch, size)))
    for state, given_state in (
        (tuple(np.zeros((count, batch, size))), None),
        (start, start if count > 1 else start[0]),
    ):
        hidden, last = states_of(layer(x, given_state))
        assert hidden.shape == (batch, steps, size)
        for t in range(steps):
            state = step(x[:, t], state, parameters)
            np.testing.assert_allclose(hidden.data[:, t], state[0], atol=1e-12)
        for ours, theirs in zip(last, state, strict=True):
            np.testing.assert_allclose(ours.data, theirs, atol=1e-12)


@EACH
@given(seed=SEED, cut=st.integers(1, 9))
@settings(max_examples=10)
def test_a_sequence_goes_on_where_it_was_cut(name, seed, cut):
    layer = made(name, seed=seed)
    x = rng(seed).normal(size=(2, 10, 3))
    whole, last = states_of(layer(x))
    first, state = layer(x[:, :cut])
    second, ended = states_of(layer(x[:, cut:], state))
    joined = np.concatenate([first.data, second.data], axis=1)
    np.testing.assert_allclose(joined, whole.data, atol=1e-12)
    for one, other in zip(ended, last, strict=True):
        np.testing.assert_allclose(one.data, other.data, atol=1e-12)


@EACH
def test_no_step_knows_of_later_ones(name):
    layer = made(name)
    x = rng().normal(size=(2, 9, 3))
    before = layer(x)[0].data
    for t in range(9):
        moved = x.copy()
        moved[:, t] += 1
        hidden = layer(moved)[0].data
        np.testing.assert_array_equal(hidden[:, :t], before[:, :t])
        assert (hidden[:, t:] != before[:, t:]).all()


@EACH
def test_what_it_returns_is_as_told(name):
    x = rng().normal(size=(2, 5, 3))
    hidden, last = states_of(made(name)(x))
    alone = made(name, returns="hidden")(x)
    np.testing.assert_array_equal(alone.data, hidden.data)
    np.testing.assert_array_equal(made(name, returns="last")(x).data, last[0].data)
    np.testing.assert_array_equal(hidden.data[:, -1], last[0].data)


# --- gradient --------------------------------------------------------------------


@EACH
def test_gradients_reach_the_first_step_and_the_state_to_start_from(name):
    layer, count = made(name), LAYERS[name][-1]
    x = tg.Tensor(rng().normal(size=(2, 40, 3)), requires_grad=True)
    start = [
        tg.Tensor(rng().normal(size=(2, 2)), requires_grad=True) for _ in range(count)
    ]
    hidden, _ = layer(x, tuple(start) if count > 1 else start[0])
    hidden.sum().backward()
    assert (x.grad.data != 0).all()
    assert all((part.grad.data != 0).all() for part in start)
    assert all((p.grad.data != 0).any() for p in layer.parameters())


@EACH
def test_a_detached_state_cuts_the_gradient(name):
    layer = made(name)
    x = tg.Tensor(rng().normal(size=(2, 4, 3)), requires_grad=True)
    _, state = layer(x)
    parts = state if isinstance(state, tuple) else (state,)
    cut = tuple(part.detach() for part in parts)
    hidden, _ = layer(np.ones((2, 3, 3)), cut if len(cut) > 1 else cut[0])
    hidden.sum().backward()
    assert x.grad is None


@EACH
def test_slices_of_a_long_sequence_are_cut_from_short_pieces(name):
    """The gradient of a slice is as large as what it was cut from."""
    layer = made(name)
    x = tg.Tensor(np.zeros((2, 512, 3)), requires_grad=True)
    nodes = walk([layer(x)[0]._node])
    cuts = [node for node in nodes if node.rule is tg.RULES["getitem"]]
    assert len(cuts) > 512
    size = sum(math.prod(node.inputs[0].shape) for node in cuts)
    assert size < 30 * x.size  # 512 times it, if each were cut from the whole


# --- dtypes, refusals, words -----------------------------------------------------


@EACH
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(name, dtype):
    layer = made(name, dtype=dtype)
    hidden, last = states_of(layer(np.ones((2, 3, 3))))
    hidden.sum().backward()
    assert {hidden.dtype, *[part.dtype for part in last]} == {np.dtype(dtype)}
    assert {p.grad.dtype for p in layer.parameters()} == {np.dtype(dtype)}
    start = np.ones((2, 2)) if len(last) == 1 else (np.ones((2, 2)),) * 2
    assert layer(np.ones((2, 3, 3)), start)[0].dtype == dtype


@EACH
@pytest.mark.parametrize(
    ("shape", "repair"),
    [
        ((5, 3), "; use x[None]"),
        ((5, 2), ""),
        ((2, 5, 4), ""),
        ((2, 0, 3), ""),
        ((), ""),
    ],
)
def test_shapes_are_refused_with_a_repair_that_works(name, shape, repair):
    layer = made(name)
    words = "x must have shape (batch, time, 3), with one step or more, got "
    with pytest.raises(tg.ShapeError, match=re.escape(f"{words}{shape}{repair}") + "$"):
        layer(np.zeros(shape))
    if repair:
        layer(eval(repair.removeprefix("; use "), {"x": np.zeros(shape)}))


@EACH
def test_a_state_that_does_not_fit_is_refused(name):
    count = LAYERS[name][-1]
    state = np.zeros((1, 2)) if count == 1 else (np.zeros((2, 2)), np.zeros((1, 2)))
    part = "h" if count == 1 else "c"
    words = rf"{part} of the state must have shape \(2, 2\), got \(1, 2\)"
    with pytest.raises(tg.ShapeError, match=words):
        made(name)(np.zeros((2, 5, 3)), state)


def test_a_state_of_the_wrong_kind_is_refused():
    words = r"^LSTM: state must be \(h, c\), got ndarray$"
    with pytest.raises(TypeError, match=words):
        made("LSTM")(np.zeros((2, 5, 3)), np.zeros((2, 2)))
    with pytest.raises(TypeError, match=r"state must be \(h, c\), got tuple"):
        made("LSTM")(np.zeros((2, 5, 3)), (np.zeros((2, 2)),))


@EACH
def test_hyper_parameters_are_checked(name):
    kind = LAYERS[name][0]
    who = kind.__name__
    for options, error, words in (
        ({"in_size": 0}, ValueError, "in_size must be at least 1, got 0"),
        ({"hidden_size": 2.0}, TypeError, "hidden_size must be a whole number"),
        ({"returns": "all"}, ValueError, 'returns must be "both", "hidden" or "last"'),
        ({"dtype": int}, TypeError, "dtype must be float16"),
        ({"rng": None}, TypeError, "rng must be a numpy.random.Generator"),
    ):
        arguments = {"in_size": 2, "hidden_size": 2, "rng": rng(), **options}
        with pytest.raises(error, match=f"^{who}: {re.escape(words)}"):
            kind(**arguments)
    with pytest.raises(ValueError, match=r'^GRU: reset must be "before"'):
        nn.GRU(2, 2, rng=rng(), reset="later")


def test_parameters_and_what_repr_shows():
    lstm = nn.LSTM(3, 5, rng=rng())
    shapes = {name: p.shape for name, p in lstm.named_parameters()}
    assert shapes == {"Wx": (3, 20), "Wh": (5, 20), "b": (20,)}
    assert repr(lstm) == "LSTM(3, 5)  180 parameters"
    gru = nn.GRU(3, 5, rng=rng(), reset="after", returns="last")
    assert repr(gru) == 'GRU(3, 5, returns="last", reset="after")  140 parameters'
    assert gru.bh.shape == (5,)
    assert not hasattr(nn.GRU(3, 5, rng=rng()), "bh")
