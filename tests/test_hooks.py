"""Results that keep their gradient, hooks, and `backward(inputs=...)`."""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_jp as tg


def chain():
    """x, h = 3 x, and the sum of h squared: dh = 2 h = 6 x, dx = 18 x."""
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    h = x * 3
    return x, h, (h * h).sum()


@pytest.mark.parametrize("late", [False, True])
def test_a_result_keeps_its_gradient_when_told(late):
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    h = x * 3
    if not late:
        h.retain_grad()
    loss = (h * h).sum()
    if late:
        h.retain_grad()
    loss.backward()
    np.testing.assert_array_equal(h.grad.data, [6.0, 12.0])
    np.testing.assert_array_equal(x.grad.data, [18.0, 36.0])
    assert not np.shares_memory(h.grad.data, x.grad.data)


def test_a_result_that_was_not_told_keeps_none():
    _, h, loss = chain()
    loss.backward()
    assert h.grad is None


def test_the_gradient_of_a_sum_is_kept_in_full_shape():
    x = tg.Tensor(np.ones((100, 100)), requires_grad=True)
    h = x * 2
    h.retain_grad()
    h.sum().backward()
    assert h.grad.shape == (100, 100)


def test_what_is_kept_accumulates_and_the_root_counts_too():
    _, h, loss = chain()
    h.retain_grad()
    loss.retain_grad()
    loss.backward(retain_graph=True)
    loss.backward()
    np.testing.assert_array_equal(h.grad.data, [12.0, 24.0])
    assert loss.grad.item() == 2.0


def test_keeping_a_gradient_makes_no_cycle():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    gc.collect()
    gc.disable()
    try:
        h = x * 3
        h.retain_grad()
        h.register_hook(lambda g: g * 2)
        loss = (h * h).sum()
        loss.backward(create_graph=True)
        freed = weakref.ref(h)
        x.grad = None
        del h, loss
        assert freed() is None
        assert gc.collect() == 0
    finally:
        gc.enable()


@given(factors=st.lists(st.integers(-3, 3), min_size=1, max_size=4))
def test_hooks_run_in_order_and_replace_the_gradient(factors):
    x, h, loss = chain()
    seen = []
    for factor in factors:

        def hook(g, factor=factor):
            seen.append(g.data.copy())
            return g * factor

        h.register_hook(hook)
    h.retain_grad()
    loss.backward()
    expected = np.array([6.0, 12.0])
    for g, factor in zip(seen, factors):
        np.testing.assert_array_equal(g, expected)
        expected = expected * factor
    np.testing.assert_array_equal(h.grad.data, expected)
    np.testing.assert_array_equal(x.grad.data, expected * 3)


def test_a_hook_of_a_leaf_sees_the_whole_gradient_once():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    seen = []
    x.register_hook(lambda g: seen.append(g.tolist()))
    (x * x + x * 3).sum().backward()
    assert seen == [[5.0, 7.0]]


def test_a_hook_is_called_until_it_is_removed():
    x, h, _ = chain()
    calls = []
    handle = h.register_hook(calls.append)
    (h * 1).sum().backward(retain_graph=True)
    handle.remove()
    handle.remove()
    (h * 1).sum().backward()
    assert len(calls) == 1
    with x.register_hook(lambda g: g * 0):
        x.grad = None
        (x * 2).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [0.0, 0.0])


def test_a_hook_is_differentiated_when_the_pass_is_recorded():
    x = tg.Tensor(2.0, requires_grad=True)
    h = x * 1.0
    with h.register_hook(lambda g: g * x):
        (h * h).backward(create_graph=True)
    assert x.grad.item() == 8.0  # 2 x, times x
    first = x.grad
    x.grad = None
    first.backward()
    assert x.grad.item() == 8.0  # 4 x


def test_drawing_calls_no_hook():
    _, h, loss = chain()
    h.register_hook(lambda g: pytest.fail("called"))
    tg.draw(loss).dot  # noqa: B018 - drawing computes gradients of its own


@pytest.mark.parametrize(
    ("returned", "error", "words"),
    [
        (np.ones(2), TypeError, "Tensor or None, got ndarray"),
        (tg.Tensor([1.0]), tg.ShapeError, r"shape \(2,\) and float64, got \(1,\)"),
        (tg.Tensor([1.0, 2.0], dtype=np.float32), tg.ShapeError, "got .* float32"),
    ],
)
def test_what_a_hook_returns_must_fit(returned, error, words):
    x, h, loss = chain()
    h.register_hook(lambda g: returned)
    with pytest.raises(error, match=words):
        loss.backward()
    assert x.grad is None


def test_what_has_no_gradient_can_be_neither_kept_nor_hooked():
    for constant in (tg.Tensor([1.0]), tg.Tensor([1.0]) * 2):
        with pytest.raises(tg.GraphError, match="retain_grad: no gradient flows"):
            constant.retain_grad()
        with pytest.raises(tg.GraphError, match="register_hook: no gradient flows"):
            constant.register_hook(lambda g: g)
    with pytest.raises(TypeError, match="needs a function of a gradient, got int"):
        chain()[0].register_hook(3)


def test_inputs_alone_get_a_gradient():
    x, h, loss = chain()
    y = tg.Tensor(1.0, requires_grad=True)
    (loss * y).backward(inputs=[h, y])
    np.testing.assert_array_equal(h.grad.data, [6.0, 12.0])
    assert y.grad.item() == 45.0
    assert x.grad is None


def test_an_input_made_of_another_input_does_not_hide_it():
    x, h, loss = chain()
    loss.backward(inputs=(x, h))
    np.testing.assert_array_equal(h.grad.data, [6.0, 12.0])
    np.testing.assert_array_equal(x.grad.data, [18.0, 36.0])


def test_inputs_must_have_a_gradient():
    _, _, loss = chain()
    with pytest.raises(tg.GraphError, match=r"inputs\[1\] must be a Tensor with"):
        loss.backward(inputs=[loss, tg.Tensor(1.0)])
