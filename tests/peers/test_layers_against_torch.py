"""Layers and losses against PyTorch's, values and gradients, in float64.

Weights are copied over, into the other layout and order where theirs differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg

pytestmark = pytest.mark.peers

SMALL = st.integers(1, 4)
SEED = st.integers(0, 9999)
FEWER = settings(max_examples=max(settings().max_examples // 3, 20))
DOUBLE = {"dtype": np.float64}


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def stirred(layer: Any, seed: int) -> Any:
    """A layer with random numbers in all its parameters, biases among them."""
    draw = rng(seed)
    for name, parameter in layer.named_parameters():
        *path, last = name.split(".")
        owner = layer
        for part in path:
            owner = owner.children[part]
        values = draw.normal(size=parameter.shape)
        setattr(owner, last, tg.Tensor(values, requires_grad=True))
    return layer


def filled(theirs: Any, values: dict[str, Any]) -> Any:
    """PyTorch's layer in float64, with these parameters."""
    theirs = theirs.double()
    with torch.no_grad():
        for name, parameter in theirs.named_parameters():
            parameter.copy_(torch.tensor(np.array(values[name])))
    return theirs


def close(ours: Any, theirs: Any) -> None:
    """Equal but for rounding, on the scale of the largest element."""
    expected = theirs.detach().numpy()
    found = np.asarray(ours)
    assert found.shape == expected.shape
    scale = np.abs(expected).max(initial=1.0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * scale)


def compare(
    ours: Any, theirs: Any, arrays: list[Any], parameters: dict[str, Any]
) -> None:
    """Results, and gradients by inputs and parameters, of a weighted sum of squares.

    `parameters` has for each name of theirs a function of our layer's gradients.
    """
    mine = [tg.Tensor(x, requires_grad=True) for x in arrays]
    their = [torch.tensor(x, requires_grad=True) for x in arrays]
    results, expected = ours(*mine), theirs(*their)
    total: Any = 0.0
    goal: Any = 0.0
    for y, z in zip(results, expected, strict=True):
        close(y.data, z)
        weights = np.cos(np.arange(y.size)).reshape(y.shape)
        total = total + (y * y * weights).sum()
        goal = goal + (z * z * torch.tensor(weights)).sum()
    total.backward()
    goal.backward()
    for x, z in zip(mine, their):
        close(x.grad.data, z.grad)
    for gradient, parameter in parameters.values():
        close(gradient(), parameter.grad)


# --- pictures --------------------------------------------------------------------


@given(
    st.data(),
    SEED,
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from([1, 2]),
)
@FEWER
def test_convolution(
    data: st.DataObject, seed: int, count: int, C: int, F: int, axes: int
) -> None:
    size, stride = (
        tuple(data.draw(st.lists(st.integers(1, 3), min_size=axes, max_size=axes)))
        for _ in range(2)
    )
    padding = tuple([data.draw(st.integers(0, 2)) for _ in size])
    spatial = [k + data.draw(st.integers(0, 4)) for k in size]
    ours = nn.Convolution(C, F, size, stride, padding, rng=rng(seed), **DOUBLE)
    stirred(ours, seed)
    kind = {1: torch.nn.Conv1d, 2: torch.nn.Conv2d}[axes]
    theirs = filled(
        kind(C, F, size, stride, padding), {"weight": ours.W, "bias": ours.b}
    )
    compare(
        lambda x: [ours(x)],
        lambda x: [theirs(x)],
        [rng(seed).normal(size=(count, C, *spatial))],
        {
            "W": (lambda: ours.W.grad.data, theirs.weight),
            "b": (lambda: ours.b.grad.data, theirs.bias),
        },
    )


@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")
@given(SEED, st.integers(1, 9), st.integers(1, 5))
@FEWER
def test_convolution_that_keeps_the_size(seed: int, n: int, size: int) -> None:
    ours = nn.Convolution(2, 3, size, padding="same", rng=rng(seed), **DOUBLE)
    theirs = filled(
        torch.nn.Conv2d(2, 3, size, padding="same"), {"weight": ours.W, "bias": ours.b}
    )
    x = rng(seed).normal(size=(2, 2, n, n + 1))
    compare(lambda x: [ours(x)], lambda x: [theirs(x)], [x], {})


@given(st.data(), SEED, st.sampled_from(["max", "average"]))
@FEWER
def test_pooling(data: st.DataObject, seed: int, kind: str) -> None:
    size, stride = (tuple([data.draw(st.integers(1, 3)) for _ in "ab"]) for _ in "ab")
    padding = tuple([data.draw(st.integers(0, k // 2)) for k in size])
    spatial = [k + data.draw(st.integers(0, 4)) for k in size]
    ours = nn.Pooling(size, stride, padding, kind=kind)
    made = {"max": torch.nn.MaxPool2d, "average": torch.nn.AvgPool2d}[kind]
    theirs = made(size, stride, padding)
    x = rng(seed).normal(size=(2, 3, *spatial))
    compare(lambda x: [ours(x)], lambda x: [theirs(x)], [x], {})


# --- sequences -------------------------------------------------------------------


def columns(array: Any, order: list[int], signs: list[int], gates: int) -> Any:
    """Our columns of gates as PyTorch's rows: in their order, with their sign."""
    parts = np.split(np.asarray(array), gates, axis=-1)
    found = np.concatenate([s * parts[i] for i, s in zip(order, signs)], axis=-1)
    return found.T


RECURRENT = {
    "RNN": (nn.RNN, torch.nn.RNN, {}, [0], [1]),
    "LSTM": (nn.LSTM, torch.nn.LSTM, {}, [2, 0, 1, 3], [1, 1, 1, 1]),
    "GRU": (nn.GRU, torch.nn.GRU, {"reset": "after"}, [1, 0, 2], [1, -1, 1]),
}


@pytest.mark.parametrize("name", RECURRENT)
@given(seed=SEED, batch=SMALL, steps=st.integers(1, 12), in_size=SMALL, size=SMALL)
@FEWER
def test_recurrent(
    name: str, seed: int, batch: int, steps: int, in_size: int, size: int
) -> None:
    kind, peer, options, order, signs = RECURRENT[name]
    gates = len(order)
    ours = stirred(kind(in_size, size, rng=rng(seed), **options, **DOUBLE), seed)

    def theirs_of(Wx: Any, Wh: Any, b: Any, bh: Any) -> dict[str, Any]:
        given = {
            "weight_ih_l0": columns(Wx, order, signs, gates),
            "weight_hh_l0": columns(Wh, order, signs, gates),
            "bias_ih_l0": columns(b, order, signs, gates),
            "bias_hh_l0": np.zeros(gates * size),
        }
        if bh is not None:
            given["bias_hh_l0"] = np.concatenate([np.zeros(2 * size), np.asarray(bh)])
        return given

    bh = getattr(ours, "bh", None)
    theirs = filled(
        peer(in_size, size, batch_first=True),
        theirs_of(
            ours.Wx.data, ours.Wh.data, ours.b.data, None if bh is None else bh.data
        ),
    )
    x = rng(seed).normal(size=(batch, steps, in_size))
    starts = list(rng(seed + 1).normal(size=(2 if name == "LSTM" else 1, batch, size)))

    def mine(x: Any, *start: Any) -> list[Any]:
        hidden, state = ours(x, start if len(start) > 1 else start[0])
        return [hidden, *(state if isinstance(state, tuple) else (state,))]

    def their(x: Any, *start: Any) -> list[Any]:
        first = [part[None] for part in start]
        hidden, state = theirs(x, tuple(first) if len(first) > 1 else first[0])
        parts = state if isinstance(state, tuple) else (state,)
        return [hidden, *[part[0] for part in parts]]

    def gradient(parameter: str) -> Any:
        return lambda: columns(getattr(ours, parameter).grad.data, order, signs, gates)

    parameters = {
        "Wx": (gradient("Wx"), theirs.weight_ih_l0),
        "Wh": (gradient("Wh"), theirs.weight_hh_l0),
        "b": (gradient("b"), theirs.bias_ih_l0),
    }
    compare(mine, their, [x, *starts], parameters)
    if bh is not None:
        close(ours.bh.grad.data, theirs.bias_hh_l0.grad[2 * size :])


@given(SEED, SMALL, SMALL)
@FEWER
def test_gru_of_the_book(seed: int, batch: int, steps: int) -> None:
    """PyTorch has no layer that resets before the product; its ops stand in."""
    ours = stirred(nn.GRU(3, 2, rng=rng(seed), **DOUBLE), seed)
    parameters = [p.data for p in (ours.Wx, ours.Wh, ours.b)]

    def mine(x: Any, Wx: Any, Wh: Any, b: Any) -> list[Any]:
        ours.Wx, ours.Wh, ours.b = Wx, Wh, b
        return list(ours(x))

    def their(x: Any, Wx: Any, Wh: Any, b: Any) -> list[Any]:
        h = torch.zeros(len(x), 2, dtype=torch.float64)
        hidden = []
        (Az, Ar, An), (Wz, Wr, Wn) = Wx.split(2, 1), Wh.split(2, 1)
        bz, br, bn = b.split(2)
        for t in range(x.shape[1]):
            z = torch.sigmoid(x[:, t] @ Az + h @ Wz + bz)
            r = torch.sigmoid(x[:, t] @ Ar + h @ Wr + br)
            n = torch.tanh(x[:, t] @ An + (r * h) @ Wn + bn)
            h = (1 - z) * h + z * n
            hidden.append(h)
        return [torch.stack(hidden, 1), h]

    x = rng(seed).normal(size=(batch, steps, 3))
    compare(mine, their, [x, *parameters], {})


@given(
    seed=SEED,
    batch=SMALL,
    time=SMALL,
    steps=SMALL,
    heads=SMALL,
    size=st.integers(1, 3),
    causal=st.booleans(),
)
@FEWER
def test_attention(
    seed: int, batch: int, time: int, steps: int, heads: int, size: int, causal: bool
) -> None:
    width = heads * size
    ours = nn.MultiHeadAttention(width, heads, causal=causal, rng=rng(seed), **DOUBLE)
    stirred(ours, seed)
    parts = (ours.query, ours.key, ours.value)
    theirs = filled(
        torch.nn.MultiheadAttention(width, heads, batch_first=True),
        {
            "in_proj_weight": np.concatenate([part.W.data.T for part in parts]),
            "in_proj_bias": np.concatenate([part.b.data for part in parts]),
            "out_proj.weight": ours.output.W.data.T,
            "out_proj.bias": ours.output.b.data,
        },
    )
    steps = time if causal else steps
    mask = rng(seed).random((time, steps)) < 0.6
    mask[:, 0] = True  # PyTorch gives NaN where a step may look nowhere
    seen = mask & np.tri(time, dtype=bool) if causal else mask
    x = rng(seed).normal(size=(batch, time, width))
    context = rng(seed + 1).normal(size=(batch, steps, width))

    def their(x: Any, context: Any) -> list[Any]:
        y, weights = theirs(
            x,
            context,
            context,
            attn_mask=torch.tensor(~seen),
            average_attn_weights=False,
        )
        return [y, weights]

    compare(
        lambda x, context: [ours(x, context, mask), ours.weights(x, context, mask)],
        their,
        [x, context],
        {
            "W": (
                lambda: np.concatenate([part.W.grad.data.T for part in parts]),
                theirs.in_proj_weight,
            ),
            "output": (lambda: ours.output.W.grad.data.T, theirs.out_proj.weight),
        },
    )


# --- normalization, activations, losses ------------------------------------------


@given(seed=SEED, size=st.lists(SMALL, min_size=1, max_size=2))
@FEWER
def test_layer_normalization(seed: int, size: list[int]) -> None:
    ours = stirred(nn.LayerNormalization(size, **DOUBLE), seed)
    theirs = filled(
        torch.nn.LayerNorm(size), {"weight": ours.gamma.data, "bias": ours.beta.data}
    )
    compare(
        lambda x: [ours(x)],
        lambda x: [theirs(x)],
        [rng(seed).normal(size=(2, 3, *size))],
        {
            "gamma": (lambda: ours.gamma.grad.data, theirs.weight),
            "beta": (lambda: ours.beta.grad.data, theirs.bias),
        },
    )


@given(seed=SEED, C=SMALL, training=st.booleans())
@FEWER
def test_batch_normalization(seed: int, C: int, training: bool) -> None:
    ours = stirred(nn.BatchNormalization(C, eps=1e-5, **DOUBLE), seed).train(training)
    ours.running_mean = rng(seed).normal(size=C)
    ours.running_var = rng(seed).random(C) + 0.5
    theirs = filled(
        torch.nn.BatchNorm2d(C), {"weight": ours.gamma.data, "bias": ours.beta.data}
    ).train(training)
    theirs.running_mean.copy_(torch.tensor(ours.running_mean))
    theirs.running_var.copy_(torch.tensor(ours.running_var))
    x = rng(seed).normal(size=(3, C, 2, 3))
    compare(lambda x: [ours(x)], lambda x: [theirs(x)], [x], {})
    close(ours.running_mean, theirs.running_mean)


ACTIVATIONS = {
    "ELU": (nn.ELU(0.5), torch.nn.ELU(0.5)),
    "GELU": (nn.GELU(), torch.nn.GELU()),
    "GELU tanh": (nn.GELU("tanh"), torch.nn.GELU(approximate="tanh")),
    "LeakyReLU": (nn.LeakyReLU(0.2), torch.nn.LeakyReLU(0.2)),
    "SiLU": (nn.SiLU(), torch.nn.SiLU()),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(seed=SEED, scale=st.sampled_from([0.1, 1.0, 8.0]))
@FEWER
def test_activations(name: str, seed: int, scale: float) -> None:
    ours, theirs = ACTIVATIONS[name]
    x = scale * rng(seed).normal(size=(3, 4))
    compare(lambda x: [ours(x)], lambda x: [theirs(x)], [x], {})


LOSSES = {
    "Huber": (nn.Huber, torch.nn.HuberLoss, {"delta": 0.7}),
    "L1": (nn.L1, torch.nn.L1Loss, {}),
    "MeanSquaredError": (nn.MeanSquaredError, torch.nn.MSELoss, {}),
    "SigmoidWithLoss": (nn.SigmoidWithLoss, torch.nn.BCEWithLogitsLoss, {}),
}


@pytest.mark.parametrize("name", LOSSES)
@given(seed=SEED, reduction=st.sampled_from(["mean", "sum"]))
@FEWER
def test_losses(name: str, seed: int, reduction: str) -> None:
    ours, theirs, options = LOSSES[name]
    y, t = 3 * rng(seed).normal(size=(4, 3)), rng(seed + 1).random((4, 3))
    mine = ours(reduction=reduction, **options)
    their = theirs(reduction=reduction, **options)
    compare(lambda y, t: [mine(y, t)], lambda y, t: [their(y, t)], [y, t], {})


@given(seed=SEED, count=SMALL)
@FEWER
def test_embedding(seed: int, count: int) -> None:
    ours = nn.Embedding(count, 3, rng=rng(seed), **DOUBLE)
    theirs = filled(torch.nn.Embedding(count, 3), {"weight": ours.W.data})
    ids = rng(seed).integers(0, count, (3, 4))
    compare(
        lambda x: [ours(ids) * x],
        lambda x: [theirs(torch.tensor(ids)) * x],
        [rng(seed).normal(size=(3, 4, 3))],
        {"W": (lambda: ours.W.grad.data, theirs.weight)},
    )
