"""gradcheck names the op at fault, says what it costs, and reports what it saw."""

import inspect
import re
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg
from tinygrad_jp.testing import GradientError, gradcheck

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3))
W = RNG.normal(size=(3, 2))


@tg.rule(vjp=lambda g, out: -g * out, elementwise=True)
def wrong_sign(x, /):
    return np.exp(x)


@tg.rule(vjp=(lambda g: g, lambda g: g), elementwise=True)
def forgets_to_negate(x, y, /):
    return np.subtract(x, y)


@tg.rule(vjp=lambda g, axis: np.expand_dims(g, axis))
def forgets_the_count(x, /, axis):
    return np.mean(x, axis=axis)


@tg.rule(vjp=lambda g, arrays_shape: [g * 2.0 for _ in arrays_shape])
def doubles(*arrays):
    return sum(arrays)


@tg.rule(vjp=lambda g, x: g * np.where(x == 0, 3.0, x > 0), elementwise=True)
def leaps_at_0(x, /):
    return np.maximum(x, 0)


@tg.rule(vjp=lambda g, x: g * (np.arange(x.size).reshape(x.shape) == x.argmax()))
def one_winner(x, /):
    return x.max()


@tg.rule(vjp=lambda g: g[:-1])
def wrong_shape(x, /):
    return x * 1.0


@tg.rule(vjp=lambda g, x: g * 2.0 * _constant(x), elementwise=True)
def constant_slope(x, /):
    return x * x


@tg.rule(vjp=lambda g: g * 2.0, elementwise=True)
def writes_to_its_operand(x, /):
    x *= 2.0
    return x.copy()


def _product(h, f):
    return h * f(h)


def _constant(x):
    return x.detach() if isinstance(x, tg.Tensor) else x


def early(x, W):
    h = tg.tanh(wrong_sign(x) @ W)
    return wrong_sign(h).sum(axis=0)


def late(x, W):
    h = tg.tanh(x @ W)
    return forgets_to_negate(h, tg.exp(h)) * 2.0


def reduced(x, W):
    return tg.exp(forgets_the_count(x @ W, axis=1))


def variadic(x, W):
    h = x @ W
    return {"y": doubles(h, tg.sin(h), 1.0)}


def kinked(x, W):
    h = x @ W
    return leaps_at_0(h - tg.max(h.detach())) + tg.relu(h)


def tied(x, W):
    h = x @ (W * 0.0) + 1.0
    return one_winner(x[:, :1] * 0.0 + h)


FAULTS = {
    early: ("wrong_sign", "wrong_sign(x)"),
    late: ("forgets_to_negate", "forgets_to_negate(h"),
    reduced: ("forgets_the_count", "forgets_the_count("),
    variadic: ("doubles", "doubles(h"),
    kinked: ("leaps_at_0", "leaps_at_0(h"),
}


def line_of(function, text):
    lines, start = inspect.getsourcelines(function)
    (number,) = [start + i for i, line in enumerate(lines) if text in line]
    return f"test_gradcheck_faults.py:{number}: {lines[number - start].strip()}"


@pytest.mark.parametrize("function", FAULTS, ids=lambda f: f.__name__)
def test_the_first_wrong_op_is_named_with_its_line(function):
    name, text = FAULTS[function]
    with pytest.raises(GradientError) as caught:
        gradcheck(function, X, W)
    error = caught.value
    assert error.kind == "wrong"
    assert error.op == name
    assert error.line == line_of(function, text)
    assert f"op at fault    {name}: its gradient by " in str(error)
    assert str(error).endswith(error.line)


def test_what_is_wrong_with_the_op_is_said_in_its_own_terms():
    x = np.array([0.0, 1.0])
    with pytest.raises(GradientError) as caught:
        gradcheck(lambda a: forgets_to_negate(1.0, tg.exp(a)) * 3.0, x)
    text = str(caught.value)
    assert re.search(
        r"by a\[\d\] \(argument 0\) is wrong\n    backward says  [38]", text
    )
    assert re.search(r"its gradient by y\[\d\] is 1, the slope -1\n", text)


@pytest.mark.parametrize("depth", [0, 1, 5, 30])
@given(place=st.integers(0, 30), seed=st.integers(0, 100))
@settings(max_examples=5)
def test_it_is_found_at_any_depth(depth, place, seed):
    def function(x):
        for i in range(depth + 1):
            x = tg.tanh(x) + x
            if i == place % (depth + 1):
                x = forgets_to_negate(1.0, x)
        return x

    with pytest.raises(GradientError) as caught:
        gradcheck(function, np.random.default_rng(seed).normal(size=2), seed=seed)
    assert caught.value.op == "forgets_to_negate"


def test_one_wrong_element_of_a_large_op_is_found():
    @tg.rule(vjp=lambda g, x: g * np.where(np.arange(x.size) == 77, 1.1, 1.0))
    def nearly(x, /):
        return x * 1.0

    with pytest.raises(GradientError) as caught:
        gradcheck(lambda x: nearly(x * 2.0).sum(), np.ones(100))
    assert caught.value.op == "nearly"
    assert caught.value.mismatch.index == (77,)
    assert "its gradient by x[77] is 1.1, the slope 1" in str(caught.value)


def test_an_op_that_picks_one_winner_is_named():
    with pytest.raises(GradientError, match=r"one_winner: x.* and x.* tie") as caught:
        gradcheck(lambda x: one_winner(x * 2.0), np.array([1.0, 2.0, 2.0]))
    assert (caught.value.op, caught.value.kind) == ("one_winner", "tie")


def test_an_op_whose_backward_fails_is_named():
    with pytest.raises(GradientError, match=r"backward failed: wrong_shape") as caught:
        gradcheck(lambda x: tg.exp(wrong_shape(x * 2.0)), np.ones((3, 2)))
    assert (caught.value.op, caught.value.kind) == ("wrong_shape", "backward")
    assert "wrong_shape(x * 2.0)" in caught.value.line


def test_an_op_that_writes_to_its_operand_is_named():
    with pytest.raises(GradientError, match="writes to its argument 0") as caught:
        gradcheck(lambda x: _product(tg.exp(x), writes_to_its_operand), X)
    assert caught.value.op == "writes_to_its_operand"


def test_at_second_order_the_op_with_the_wrong_second_derivative_is_named():
    def function(x):
        return tg.exp(x) + constant_slope(tg.sin(x))

    gradcheck(function, np.array([0.3, 1.0]))
    with pytest.raises(GradientError) as caught:
        gradcheck(function, np.array([0.3, 1.0]), order=2)
    assert caught.value.op == "constant_slope"
    assert caught.value.line == line_of(function, "constant_slope(")


def test_a_layer_s_op_is_named_by_the_line_that_calls_the_layer():
    class Layer(nn.Module):
        def forward(self, x):
            return wrong_sign(x)

    with pytest.raises(GradientError) as caught:
        gradcheck(nn.Sequential(nn.ReLU(), Layer()), X)
    assert caught.value.line == line_of(Layer.forward, "wrong_sign(")


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (
            lambda x, y: x.detach() * y,
            "arrives at x at all, while y gets one: detached",
        ),
        (lambda x, y: x * y.data, "arrives at y at all, while x gets one: detached"),
        (lambda x, y: (x * y, x.detach() * 2.0), r"result\[1\] is cut off from all in"),
        (lambda x, y: x * y + x.detach(), "times the slope"),
    ],
)
def test_if_every_op_is_right_something_between_them_is_not(function, words):
    with pytest.raises(GradientError, match=words) as caught:
        gradcheck(function, X, X + 1.0)
    assert caught.value.op is caught.value.line is None
    assert "right on its own. Is something between" in str(caught.value)


def test_a_number_that_is_not_finite_is_traced_to_its_op():
    with pytest.raises(GradientError, match=r"inf or NaN.*\nlog: made -inf") as caught:
        gradcheck(lambda x: tg.exp(tg.log(x)) / x, np.array([0.0, 1.0]))
    assert caught.value.kind == "nonfinite"


def test_the_graph_is_drawn_when_it_is_asked_for():
    with pytest.raises(GradientError) as caught:
        gradcheck(late, X, W)
    assert "forgets_to_negate: wrong gradient" in caught.value.drawing.dot
    with pytest.raises(GradientError) as caught:
        gradcheck(lambda x: x > 0, X)
    assert caught.value.drawing is None


def test_watching_leaves_nothing_behind():
    with pytest.raises(GradientError):
        gradcheck(late, X, W)
    assert tg.mode.current().watchers == ()


# --- cost and report -----------------------------------------------------------------


class Clock:
    """Time goes on by a second each time a function is called."""

    def __init__(self, monkeypatch, seconds):
        self.now = 0.0
        self.seconds = seconds
        for page in ("flat", "gradcheck"):
            module = sys.modules[f"tinygrad_jp.testing.{page}"]
            monkeypatch.setattr(module, "perf_counter", lambda: self.now)

    def __call__(self, x):
        self.now += self.seconds
        return x * 2.0


def test_a_slow_check_says_what_it_will_cost(monkeypatch, capsys):
    report = gradcheck(Clock(monkeypatch, 0.02), np.ones(10))
    text = capsys.readouterr().err
    assert text == (
        "gradcheck: Clock: 182 calls of 0.02 s take about 4 s; a smaller input takes "
        "less, and every_element=False 42 calls\n"
    )
    assert 3.64 <= report.seconds <= 3.75  # what it said, and a few calls more


def test_a_quick_check_says_nothing(monkeypatch, capsys):
    clock = Clock(monkeypatch, 0.01)
    gradcheck(clock, np.ones(10), every_element=False)
    gradcheck(clock, np.ones(65))  # too many to move each
    assert capsys.readouterr().err == ""
    gradcheck(clock, np.ones(65), every_element=True)
    assert "952 calls" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("size", "every_element", "directions"),
    [(64, None, 67), (65, None, 3), (65, True, 68), (200, True, 203), (9, False, 3)],
)
def test_every_element_says_how_much_is_measured(size, every_element, directions):
    report = gradcheck(tg.tanh, np.linspace(-1, 1, size), every_element=every_element)
    assert report.directions == directions


def test_every_element_finds_what_many_kinks_hide():
    x = np.zeros(100)
    x[70] = 1.0

    @tg.rule(vjp=lambda g, x: g * np.where(x == 1.0, 1.5, x > 0), elementwise=True)
    def steep_at_1(x, /):
        return np.maximum(x, 0)

    gradcheck(steep_at_1, x, every_element=False)
    with pytest.raises(GradientError, match=r"x\[70\]"):
        gradcheck(steep_at_1, x, every_element=True)


def test_a_report_reads_well_and_adds_up():
    first = gradcheck(tg.relu, np.array([-1.0, 0.0, 2.0]))
    assert re.fullmatch(
        r"relu: gradients are right: 6 directions, 4 of them with kinks, worst error "
        r"\S+ x tolerance, \S+ s",
        str(first),
    )
    second = gradcheck(tg.relu, np.array([-1.0, 0.5]), order=2)
    total = first + second
    assert (total.name, total.order, total.points) == ("relu", 2, 2)
    assert total.directions == first.directions + second.directions
    assert total.worst == max(first.worst, second.worst)
    assert str(total).startswith("relu: gradients are right to order 2 at 2 points: ")
