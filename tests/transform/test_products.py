"""vjp, jvp and hvp."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.testing.slopes import measure, signs

SMOOTH = [
    tg.tanh,
    tg.exp,
    lambda x: x * x,
    lambda x: x / (x * x + 2.0),
    lambda x: tg.log(x * x + 1.0),
    lambda x: x - x.mean(axis=-1, keepdims=True),
    lambda x: x @ tg.matrix_transpose(x),
    lambda x: tg.softmax(x, axis=0),
    lambda x: tg.concat([x, x * 2.0], axis=0)[1:],
    lambda x: x.sum(axis=0, keepdims=True) * x,
]


def composed(steps):
    def function(x):
        for step in steps:
            x = step(x) * 0.5
        return x

    return function


@given(
    steps=st.lists(st.sampled_from(SMOOTH), min_size=1, max_size=5),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=50)
def test_a_tangent_is_the_slope_along_it(steps, seed):
    rng = np.random.default_rng(seed)
    function = composed(steps)
    x = rng.normal(size=(3, 2)) * 0.5
    t = signs(rng, x.shape)
    value, tangent = tg.jvp(function, (x,), (t,))
    np.testing.assert_array_equal(value, function(Tensor(x)).data)
    slopes = measure(
        lambda at: function(Tensor(at.reshape(x.shape))).data.ravel(),
        x.ravel(),
        t.ravel()[None],
    )
    middle = (slopes.ahead + slopes.behind)[0] / 2
    assert (
        np.abs(tangent.data.ravel() - middle)
        <= slopes.doubt[0] + 1e-8 * np.abs(middle).max()
    ).all()


@given(
    steps=st.lists(st.sampled_from(SMOOTH), min_size=1, max_size=5),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=50)
def test_second_derivatives_are_the_same_by_every_way(steps, seed):
    rng = np.random.default_rng(seed)
    function = composed(steps)
    x, t, s = (rng.normal(size=(3, 2)) * 0.5 for _ in range(3))

    def loss(x):
        return (function(x) ** 2).sum()

    def along(x):
        return tg.jvp(loss, (x,), (t,))[1]

    product = tg.hvp(loss, (x,), (t,))[0]
    for other in (
        tg.jvp(tg.grad(loss), (x,), (t,))[1],  # forward over reverse
        tg.grad(along)(x),  # reverse over forward
        np.tensordot(tg.hessian(loss)(x).data, t, 2),
    ):
        np.testing.assert_allclose(product, other, rtol=1e-7, atol=1e-9)
    twice = tg.jvp(along, (x,), (s,))[1]  # forward over forward
    np.testing.assert_allclose(twice, (product.data * s).sum(), rtol=1e-7, atol=1e-9)


def test_pull_may_be_called_again_and_is_linear():
    x = np.array([0.5, -1.0])
    _, pull = tg.vjp(lambda x: tg.exp(x) * x, x)
    u, v = np.array([1.0, 2.0]), np.array([-3.0, 0.5])
    once, other, both = pull(u)[0], pull(v)[0], pull(u + 2 * v)[0]
    np.testing.assert_allclose(both, once.data + 2 * other.data)
    np.testing.assert_array_equal(pull(u)[0], once.data)


def test_pull_can_be_differentiated_by_cotangents_and_by_what_is_around():
    w = Tensor(3.0, requires_grad=True)
    u = Tensor(2.0, requires_grad=True)
    _, pull = tg.vjp(lambda x: w * x * x, 5.0)
    (g,) = pull(u)  # 2 w x u
    g.backward()
    assert w.grad.item() == 2 * 5.0 * 2.0
    assert u.grad.item() == 2 * 3.0 * 5.0
    assert not tg.vjp(lambda x: x * x, 5.0)[1](2.0)[0].requires_grad
    slope = tg.grad(lambda u: tg.vjp(lambda x: x * x, 5.0)[1](u)[0])(2.0)
    assert slope.item() == 10.0


def test_pull_after_an_array_has_changed_is_an_error():
    x = np.array([3.0])
    _, pull = tg.vjp(lambda x: x * x, x)
    x[0] = 100.0
    with pytest.raises(tg.GraphError, match="was changed in place"):
        pull([1.0])


def test_a_tangent_can_be_differentiated_by_its_direction():
    def slope(t):
        return tg.jvp(lambda x: x * x * x, (2.0,), (t,))[1]  # 3 x² t

    assert tg.grad(slope)(1.0).item() == 12.0
    assert tg.jvp(slope, (1.0,), (5.0,))[1].item() == 60.0
    t = Tensor(1.0, requires_grad=True)
    slope(t).backward()
    assert t.grad.item() == 12.0


def test_what_does_not_depend_on_the_arguments_does_not_move():
    value, tangent = tg.jvp(
        lambda x: (x, Tensor([1.0, 2.0]), x.detach() * 2.0), (3.0,), (5.0,)
    )
    assert [t.tolist() for t in tangent] == [5.0, [0.0, 0.0], 0.0]
    assert [v.tolist() for v in value] == [3.0, [1.0, 2.0], 6.0]
    _, pull = tg.vjp(lambda x, y: Tensor([1.0]) * x, 2.0, np.ones(2))
    assert [g.tolist() for g in pull([3.0])] == [3.0, [0.0, 0.0]]


def test_a_result_may_be_an_argument_or_stand_there_twice():
    def function(x, y):
        product = x * y
        return x, product, product, y

    _, pull = tg.vjp(function, 2.0, 3.0)
    gx, gy = pull((1.0, 10.0, 100.0, 1000.0))
    assert (gx.item(), gy.item()) == (1 + 110 * 3.0, 1000 + 110 * 2.0)
    _, tangent = tg.jvp(function, (2.0, 3.0), (1.0, 10.0))
    assert [t.item() for t in tangent] == [1.0, 23.0, 23.0, 10.0]


def test_the_numbers_of_the_symbolic_cotangent_are_never_seen():
    # They are zeros, and 0 · inf would warn and be NaN.
    scale = np.array([np.inf, 1.0])
    _, tangent = tg.jvp(lambda x: x * scale, (np.ones(2),), ([1.0, 2.0],))
    assert tangent.tolist() == [np.inf, 2.0]


def test_forward_mode_computes_no_second_derivatives_that_nobody_asked_for():
    calls = []

    @tg.rule(vjp=(lambda g, y: g * y, lambda g, x: calls.append(1) or g * x))
    def times(x, y, /):
        return x * y

    @tg.rule(vjp=lambda g, x: times(g, 2 * x))
    def squared(x, /):
        return x * x

    w = Tensor(1.0, requires_grad=True)
    assert tg.jvp(squared, (3.0,), (1.0,))[1].item() == 6.0
    with tg.no_grad():
        assert tg.jvp(lambda x: squared(x * w), (3.0,), (1.0,))[1].item() == 6.0
    assert not calls
    tg.jvp(lambda x: squared(x * w), (3.0,), (1.0,))[1].backward()
    assert calls
    assert w.grad.item() == 12.0


def test_forward_mode_in_no_grad_keeps_nothing_of_outside_variables():
    w = Tensor(2.0, requires_grad=True)
    with tg.no_grad():
        value, tangent = tg.jvp(lambda x: tg.exp(w * x), (1.0,), (1.0,))
        value_too, pull = tg.vjp(lambda x: tg.exp(w * x), 1.0)
        assert not pull(1.0)[0].requires_grad
    assert not value.requires_grad
    assert not value_too.requires_grad
    np.testing.assert_allclose(tangent, 2 * np.exp(2))
    assert pull(1.0)[0].requires_grad


def test_no_argument_is_written_to():
    x, t = np.ones(3), np.ones(3)
    live = Tensor(x, requires_grad=True)
    tg.jvp(lambda x: x * x, (x,), (t,))
    tg.vjp(lambda x: x + 0.0, live)[1](t)
    tg.hvp(lambda x: (x * x).sum(), (live,), (t,))
    assert live.grad is None
    for array in (x, t):
        assert array.tolist() == [1.0] * 3
        assert array.flags.writeable


def test_gradients_do_not_share_memory_with_cotangents():
    u = np.ones(3)
    (gx, gy) = tg.vjp(lambda x, y: x + y, np.ones(3), np.ones(3))[1](u)
    assert not np.shares_memory(gx.data, gy.data)
    assert not np.shares_memory(gx.data, u)


def test_hvp_of_a_large_argument_makes_no_matrix():
    x = np.ones(100_000)
    found = tg.hvp(lambda x: (x * x * x).sum(), (x,), (x,))[0]
    np.testing.assert_array_equal(found, 6 * x)
    with pytest.raises(tg.ShapeError, match=r"hvp: .* one element, got \(2,\)"):
        tg.hvp(lambda x: x, (np.ones(2),), (np.ones(2),))
