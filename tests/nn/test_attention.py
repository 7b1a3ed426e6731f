"""MultiHeadAttention: values by plain loops, masks, and what steps may know."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg
from tinygrad_jp.testing import check_module, check_semantics, gradcheck

SMALL = st.integers(1, 4)
SEED = st.integers(0, 999)


def rng(seed=0):
    return np.random.default_rng(seed)


def attention(size=4, heads=2, seed=0, **options):
    made = nn.MultiHeadAttention(
        size, heads, rng=rng(seed), **{"dtype": np.float64, **options}
    )
    for number, layer in enumerate((made.query, made.key, made.value, made.output)):
        layer.b = tg.Tensor(rng(number).normal(size=size), requires_grad=True)
        layer.b = layer.b.astype(layer.W.dtype).detach()
        layer.b.requires_grad = True
    return made


def looked_up(layer, x, context, allowed):
    """The definition: row by row, head by head, step by step."""

    def affine(part, rows):
        return rows @ part.W.data + part.b.data

    size = layer.size // layer.heads
    joined = np.zeros(x.shape)
    for row in range(len(x)):
        queries = affine(layer.query, x[row])
        keys, values = (
            affine(layer.key, context[row]),
            affine(layer.value, context[row]),
        )
        for head in range(layer.heads):
            part = slice(head * size, (head + 1) * size)
            for step, query in enumerate(queries[:, part]):
                seen = np.flatnonzero(allowed[row, head, step])
                if not len(seen):
                    continue
                fits = np.exp(keys[seen][:, part] @ query / math.sqrt(size))
                joined[row, step, part] = fits / fits.sum() @ values[seen][:, part]
    return affine(layer.output, joined)


@given(
    seed=SEED,
    batch=SMALL,
    time=SMALL,
    steps=SMALL,
    heads=SMALL,
    size=SMALL,
    cross=st.booleans(),
    share=st.sampled_from([0.0, 0.3, 0.7, 1.0]),
)
@settings(max_examples=60)
def test_each_step_gets_the_mean_of_what_it_may_see(
    seed, batch, time, steps, heads, size, cross, share
):
    layer = attention(heads * size, heads, seed)
    x = rng(seed).normal(size=(batch, time, heads * size))
    context = rng(seed + 1).normal(size=(batch, steps, heads * size)) if cross else x
    shape = (batch, heads, time, context.shape[1])
    mask = rng(seed).random(shape) >= share
    y = layer(x, context if cross else None, mask)
    expected = looked_up(layer, x, context, mask)
    np.testing.assert_allclose(y.data, expected, rtol=1e-9, atol=1e-11)
    if share == 0:
        np.testing.assert_array_equal(layer(x, context).data, y.data)


@given(seed=SEED, time=SMALL, steps=SMALL)
@settings(max_examples=20)
def test_masks_of_fewer_axes_hold_for_all(seed, time, steps):
    layer = attention()
    x, context = rng(seed).normal(size=(3, time, 4)), rng().normal(size=(3, steps, 4))
    for short, along in (
        ((time, steps), (None, None)),
        ((1, steps), (None, None)),
        ((3, time, steps), (slice(None), None)),
        ((3, 1, steps), (slice(None), None)),
        ((3, 1, time, steps), ()),
        ((1, 2, 1, 1), ()),
    ):
        mask = rng(seed).random(short) < 0.6
        wide = np.broadcast_to(mask[along], (3, 2, time, steps))
        expected = layer(x, context, wide).data
        np.testing.assert_array_equal(layer(x, context, mask).data, expected)
        np.testing.assert_array_equal(layer(x, context, tg.Tensor(mask)).data, expected)


@given(seed=SEED, time=st.integers(1, 6))
@settings(max_examples=20)
def test_a_causal_one_sees_no_later_step(seed, time):
    layer = attention(seed=seed, causal=True)
    x = rng(seed).normal(size=(2, time, 4))
    y = layer(x).data
    plain = attention(seed=seed)
    np.testing.assert_array_equal(y, plain(x, mask=np.tri(time, dtype=bool)).data)
    for t in range(time):
        np.testing.assert_allclose(layer(x[:, : t + 1]).data, y[:, : t + 1], atol=1e-12)
        moved = x.copy()
        moved[:, t] += 1
        np.testing.assert_array_equal(layer(moved).data[:, :t], y[:, :t])
    both = np.tri(time, dtype=bool) & (rng(seed).random((time, time)) < 0.5)
    seen = rng(seed).random((time, time)) < 0.5
    np.testing.assert_array_equal(layer(x, mask=seen).data, plain(x, mask=both).data)


@given(seed=SEED)
@settings(max_examples=20)
def test_weights_are_probabilities_of_what_may_be_seen(seed):
    layer = attention(seed=seed)
    x = 5 * rng(seed).normal(size=(2, 3, 4))
    mask = rng(seed).random((2, 2, 3, 3)) < 0.5
    weights = layer.weights(x, mask=mask).data
    assert weights.shape == (2, 2, 3, 3)
    assert not weights[~mask].any()
    np.testing.assert_allclose(weights.sum(axis=-1), mask.any(axis=-1), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_step_that_may_look_nowhere_sees_zeros(dtype):
    layer = attention(dtype=dtype)
    x = tg.Tensor(rng().normal(size=(2, 3, 4)), dtype=dtype, requires_grad=True)
    mask = np.ones((3, 3), bool)
    mask[1] = False
    y = layer(x, mask=mask)
    np.testing.assert_array_equal(y.data[:, 1], np.tile(layer.output.b.data, (2, 1)))
    y.sum().backward()
    assert np.isfinite(x.grad.data).all()
    assert (y.dtype, x.grad.dtype) == (dtype, dtype)


def test_gradient_through_context_and_mask():
    x, context = rng().normal(size=(2, 3, 4)), rng(1).normal(size=(2, 2, 4))
    mask = np.array([[True, False], [False, False], [True, True]])

    def function(x, context, layer):
        return layer(x, context, mask)

    gradcheck(function, x, context, attention(), order=2)
    check_module(attention(), x, data={"context": context})
    padding = rng().random((2, 1, 3)) < 0.5
    held = check_semantics(attention(), x, data={"mask": padding}, keeps_dtype=False)
    assert "rows do not mix" in held


def test_a_batch_without_rows():
    assert attention()(np.zeros((0, 3, 4))).shape == (0, 3, 4)


X = np.zeros((2, 3, 4))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((X[0],), tg.ShapeError, "(batch, time, 4), got (3, 4); use x[None]"),
        (
            (X[..., :3],),
            tg.ShapeError,
            "x must have shape (batch, time, 4), got (2, 3, 3)",
        ),
        (
            (X, X[:1]),
            tg.ShapeError,
            "context must have shape (2, steps, 4) for x of (2, 3, 4), got (1, 3, 4)",
        ),
        ((X, X[0]), tg.ShapeError, "context must have shape (2, steps, 4)"),
        (
            (X, None, np.ones((3, 2), bool)),
            tg.ShapeError,
            "mask must have shape (3, 3), (2, 3, 3) or (2, 2, 3, 3), got (3, 2)",
        ),
        (
            (X, None, np.ones((2, 3), bool)),
            tg.ShapeError,
            "got (2, 3); use mask[:, None]",
        ),
        ((X, None, np.ones(3, bool)), tg.ShapeError, "got (3,)"),
        ((X, None, np.ones((4, 3, 3), bool)), tg.ShapeError, "got (4, 3, 3)"),
        (
            (X, None, np.ones((3, 3))),
            TypeError,
            "mask must hold booleans, True where a step may look, got float64; "
            "use mask != 0",
        ),
    ],
)
def test_what_does_not_fit_is_refused(arguments, error, message):
    with pytest.raises(error, match=rf"^MultiHeadAttention: .*{re.escape(message)}"):
        attention()(*arguments)


def test_a_causal_one_needs_a_context_as_long():
    words = (
        "with causal=True, context must be as long as x, 3 steps, got 2; pass a mask"
    )
    with pytest.raises(tg.ShapeError, match=f"^MultiHeadAttention: {re.escape(words)}"):
        attention(causal=True)(X, X[:, :2])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"size": 0}, ValueError, "size must be at least 1"),
        ({"heads": 3}, ValueError, "heads must divide size, got 3 for 4"),
        ({"causal": 1}, TypeError, "causal must be True or False, got 1"),
        ({"rng": 0}, TypeError, "rng must be a numpy"),
    ],
)
def test_hyper_parameters_are_checked(options, error, message):
    with pytest.raises(error, match=f"^MultiHeadAttention: {message}"):
        nn.MultiHeadAttention(**{"size": 4, "heads": 2, "rng": rng(), **options})


def test_what_repr_shows_of_attention():
    shown = repr(attention(causal=True)).splitlines()
    assert shown[0] == "MultiHeadAttention(4, 2, causal=True)  80 parameters"
    assert shown[1] == "  query: Affine(4, 4)  20 parameters"
