"""Each optimiser against its formula, written plainly in float64; and its state."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg


class Plain:
    """The formulas of book and papers, one array, no thought of speed."""

    def __init__(self, lr, weight_decay):
        self.lr, self.weight_decay = lr, weight_decay
        self.t = 0

    def start(self, p):
        self.v = self.m = self.h = np.zeros_like(p)

    def step(self, p, g):
        self.t += 1
        return p + self.change(g + self.weight_decay * p)


class SGD(Plain):
    def change(self, g):
        return -self.lr * g


class Momentum(Plain):
    momentum = 0.9

    def change(self, g):
        self.v = self.momentum * self.v - self.lr * g
        return self.v


class Nesterov(Momentum):
    def change(self, g):
        """As the book has it: by the velocity before."""
        before = self.v
        self.v = self.momentum * self.v - self.lr * g
        return self.momentum**2 * before - (1 + self.momentum) * self.lr * g


class AdaGrad(Plain):
    def change(self, g):
        self.h = self.h + g * g
        return -self.lr * g / (np.sqrt(self.h) + 1e-7)


class RMSProp(Plain):
    def change(self, g):
        self.h = 0.99 * self.h + 0.01 * g * g
        return -self.lr * g / (np.sqrt(self.h) + 1e-7)


class Adam(Plain):
    def change(self, g):
        self.m = 0.9 * self.m + 0.1 * g
        self.v = 0.999 * self.v + 0.001 * g * g
        m_hat = self.m / (1 - 0.9**self.t)
        v_hat = self.v / (1 - 0.999**self.t)
        return -self.lr * m_hat / (np.sqrt(v_hat) + 1e-8)


class AdamW(Adam):
    def step(self, p, g):
        self.t += 1
        return p - self.lr * self.weight_decay * p + self.change(g)


PLAIN = [SGD, Momentum, Nesterov, AdaGrad, RMSProp, Adam, AdamW]
NAMES = [kind.__name__ for kind in PLAIN]


def parameter(values, dtype=np.float64):
    return tg.Tensor(values, dtype=dtype, requires_grad=True)


NUMBERS = st.floats(-10, 10).filter(lambda v: v == 0 or abs(v) > 1e-3)


@pytest.mark.parametrize("plain", PLAIN, ids=NAMES)
@given(data=st.data())
@settings(max_examples=40)
def test_steps_follow_the_formula(plain, data):
    shape = data.draw(st.sampled_from([(), (3,), (2, 2)]))
    size = int(np.prod(shape))
    rows = st.lists(NUMBERS, min_size=size, max_size=size)
    values = np.array(data.draw(rows)).reshape(shape)
    gradients = data.draw(st.lists(rows, min_size=1, max_size=6))
    lr = data.draw(st.floats(1e-4, 1.0))
    weight_decay = data.draw(st.sampled_from([0.0, 0.1]))
    dtype = data.draw(st.sampled_from([np.float64, np.float32]))
    p = parameter(values, dtype)
    ours = getattr(nn, plain.__name__)([p], lr, weight_decay=weight_decay)
    theirs = plain(lr, weight_decay)
    expected = values.astype(dtype).astype(np.float64)
    theirs.start(expected)
    for row in gradients:
        g = np.array(row).reshape(shape).astype(dtype)
        p.grad = tg.Tensor(g)
        ours.step()
        expected = theirs.step(expected, g.astype(np.float64))
        np.testing.assert_array_equal(p.grad.data, g)
    assert p.dtype == dtype
    assert p.shape == shape
    tolerance = 1e-9 if dtype == np.float64 else 2e-4
    np.testing.assert_allclose(p.data, expected, tolerance, tolerance)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(), (3,)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_state_stays_in_its_dtype(name, shape, dtype):
    p = parameter(np.ones(shape), dtype)
    optimizer = getattr(nn, name)([p])
    fresh = {key: array.shape for key, array in optimizer.state_dict().items()}
    for slope in (0.0, 300.0, 0.0):  # whose square has no room in float16
        optimizer.zero_grad()
        (p * slope).sum().backward()
        optimizer.step()
    assert (p.dtype, p.shape) == (dtype, shape)
    assert np.isfinite(p.data).all()
    state = optimizer.state_dict()
    assert {key: array.shape for key, array in state.items()} == fresh
    working = np.float64 if dtype == np.float64 else np.float32
    kinds = {array.dtype for array in optimizer.memory[0].values()}
    assert kinds <= {np.dtype(working), np.dtype(np.int64)}


@pytest.mark.parametrize("name", NAMES)
def test_a_step_writes_to_no_array_that_was_there(name):
    p = parameter([1.0, 2.0])
    optimizer = getattr(nn, name)([p])
    for _ in range(2):
        optimizer.zero_grad()
        (p * p).sum().backward()
        held = [p.data, p.grad.data, *optimizer.memory[0].values()]
        before = [array.copy() for array in held]
        optimizer.step()
        for array, copied in zip(held, before):
            np.testing.assert_array_equal(array, copied)


@pytest.mark.parametrize("name", NAMES)
def test_a_parameter_without_gradient_keeps_its_state(name):
    """Adam's correction counts the gradients of each parameter by itself."""
    p, late, alone = parameter([1.0]), parameter([1.0]), parameter([1.0])
    both, one = getattr(nn, name)([p, late]), getattr(nn, name)([alone])
    for step in range(6):
        both.zero_grad()
        (p * 2).sum().backward()
        if step >= 3:
            (late * 2).sum().backward()
            one.zero_grad()
            (alone * 2).sum().backward()
            one.step()
        both.step()
    assert late.tolist() == alone.tolist()


@pytest.mark.parametrize("name", NAMES)
@given(stop=st.integers(0, 4))
@settings(max_examples=5)
def test_state_goes_on_as_if_never_stopped(name, stop):
    def run(p, optimizer, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            (p * p * [1.0, 3.0]).sum().backward()
            optimizer.step()

    kind = getattr(nn, name)
    whole, first = parameter([1.0, 2.0]), parameter([1.0, 2.0])
    run(whole, kind([whole], 0.1), 5)
    stopped = kind([first], 0.1)
    run(first, stopped, stop)
    state = stopped.state_dict()
    copied = {key: np.array(array) for key, array in state.items()}
    second = parameter(first.data)
    other = kind([second], 0.7)
    other.load_state_dict(state)
    assert other.lr == 0.1
    run(second, other, 5 - stop)
    assert second.tolist() == whole.tolist()
    for key, array in state.items():  # and nobody has written to it
        np.testing.assert_array_equal(array, copied[key])


def test_a_state_that_does_not_fit_is_refused_with_all_that_differs():
    adam = nn.Adam([parameter([1.0, 2.0]), parameter([1.0])])
    before = adam.state_dict()
    state = {**nn.Adam([parameter([1.0])]).state_dict(), "extra": np.ones(1)}
    state["lr"] = np.array(0.5)
    with pytest.raises(ValueError, match="Adam: the state does not fit") as caught:
        adam.load_state_dict(state)
    assert "missing: 1.m, 1.v, 1.steps\n  unexpected: extra\n" in str(caught.value)
    assert "0.m: needs float64 of shape (2,), got float64 of shape (1,)" in str(
        caught.value
    )
    with pytest.raises(ValueError, match="lr must be finite and at least 0, got -1"):
        adam.load_state_dict({**before, "lr": np.array(-1.0)})
    for key, array in adam.state_dict().items():
        np.testing.assert_array_equal(array, before[key])


@pytest.mark.parametrize(
    ("name", "keywords"),
    [
        ("Momentum", {"momentum": 1.0}),
        ("Momentum", {"momentum": -0.1}),
        ("RMSProp", {"decay_rate": 1.0}),
        ("Adam", {"beta1": 1.0}),
        ("Adam", {"beta2": 1.5}),
        ("Adam", {"eps": 0.0}),
        ("AdaGrad", {"eps": -1.0}),
        ("SGD", {"weight_decay": -1.0}),
        ("AdamW", {"weight_decay": np.nan}),
    ],
)
def test_a_number_out_of_range_is_refused(name, keywords):
    (key,) = keywords
    with pytest.raises(ValueError, match=f"{name}: {key} must be"):
        getattr(nn, name)([parameter([1.0])], **keywords)


def test_defaults_are_the_books():
    p = [parameter([1.0])]
    assert nn.SGD(p).lr == nn.Momentum(p).lr == nn.AdaGrad(p).lr == 0.01
    assert nn.RMSProp(p).decay_rate == 0.99
    adam = nn.Adam(p)
    assert (adam.lr, adam.beta1, adam.beta2) == (0.001, 0.9, 0.999)


@pytest.mark.parametrize("name", NAMES)
def test_each_goes_down_a_valley(name):
    """The book's valley of chapter 6.1: x**2 / 20 + y**2."""
    p = parameter([-7.0, 2.0])
    lr = {"SGD": 0.9, "AdaGrad": 1.5}.get(name, 0.1)
    optimizer = getattr(nn, name)([p], lr)
    for _ in range(200):
        optimizer.zero_grad()
        (p * p * [0.05, 1.0]).sum().backward()
        optimizer.step()
    assert float((p.data * p.data * [0.05, 1.0]).sum()) < 0.05
