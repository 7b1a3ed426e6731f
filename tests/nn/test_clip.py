"""Clipping: one length for all gradients, or one bound for each element."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg


def with_gradients(*gradients, dtype=np.float64):
    found = []
    for gradient in gradients:
        p = tg.Tensor(np.zeros(np.shape(gradient)), dtype=dtype, requires_grad=True)
        p.grad = tg.Tensor(gradient, dtype=dtype)
        found.append(p)
    return found


ROWS = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=5)


@given(first=ROWS, second=ROWS, max_norm=st.floats(1e-3, 1e4))
def test_the_norm_is_of_all_together_and_the_direction_stays(first, second, max_norm):
    parameters = with_gradients(first, second)
    held = [p.grad.data for p in parameters]
    whole = np.array(first + second)
    norm = math.sqrt(sum(v * v for v in first + second))
    assert nn.clip_grad_norm(parameters, max_norm) == pytest.approx(norm)
    clipped = np.concatenate([p.grad.data for p in parameters])
    shrink = min(1.0, max_norm / norm) if norm else 1.0
    np.testing.assert_allclose(clipped, whole * shrink, 1e-9, 1e-300)
    np.testing.assert_array_equal(np.concatenate(held), whole)  # not written to


@given(first=ROWS, limit=st.floats(1e-3, 1e4))
def test_elements_are_bounded(first, limit):
    (p,) = with_gradients(first)
    nn.clip_grad_value([p], limit)
    assert p.grad.tolist() == [max(-limit, min(limit, v)) for v in first]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_squares_without_room_have_a_norm_all_the_same(dtype):
    big, small = {"f2": (3e4, 6e-7), "f4": (1e30, 1e-30), "f8": (1e150, 1e-140)}[
        np.dtype(dtype).str[1:]
    ]
    for value in (big, small):
        parameters = with_gradients([value, value], dtype=dtype)
        exact = math.sqrt(2) * float(dtype(value))
        assert nn.clip_grad_norm(parameters, 1e-3 * value) == pytest.approx(exact)
        assert parameters[0].grad.dtype == dtype


def test_parameters_without_gradient_and_shared_ones():
    p, q = with_gradients([3.0, 4.0], [1.0])
    q.grad = None
    assert nn.clip_grad_norm([p, p, q], 1.0) == 5.0
    assert np.linalg.norm(p.grad.data) == pytest.approx(1.0)
    assert q.grad is None
    assert nn.clip_grad_norm(iter([q]), 1.0) == 0.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused_and_named(value):
    p, q = with_gradients([1.0], [2.0, value])
    q.name = "W2"
    with pytest.raises(tg.NonFiniteError, match=f"the gradient of W2 holds {value}"):
        nn.clip_grad_norm([p, q], 1.0)
    assert p.grad.tolist() == [1.0]


@pytest.mark.parametrize("clip", [nn.clip_grad_norm, nn.clip_grad_value])
@pytest.mark.parametrize("limit", [0.0, -1.0, math.nan])
def test_a_limit_out_of_range_is_refused(clip, limit):
    with pytest.raises(ValueError, match=f"{clip.__name__}: .* must be finite and abo"):
        clip(with_gradients([1.0]), limit)
