"""Errors say who, what was needed and what came; shapes stand in columns."""

import numpy as np
import pytest

import tinygrad_jp as tg
from tinygrad_jp import Tensor


def text_of(call):
    with pytest.raises(tg.ShapeError) as caught:
        call()
    return str(caught.value)


def test_shapes_that_do_not_broadcast_stand_in_columns():
    message = text_of(lambda: Tensor(np.ones((100, 28, 10))) + np.ones((784, 1)))
    assert message.splitlines()[:4] == [
        "add: axis -2 has length 28 in x, but 784 in np.ones((784, 1))",
        "    x                  (100,  28, 10)",
        "    np.ones((784, 1))       (784,  1)",
        "                             ^^^ must be equal, or one of them 1",
    ]


def test_matmul_says_which_axes_must_agree():
    x = Tensor(np.ones((100, 28)))
    assert text_of(lambda: x @ np.ones((784, 50))).splitlines()[:5] == [
        "matmul: x has 28 columns, but np.ones((784, 50)) has 784 rows",
        "    x                   (100, 28)",
        "                              ^^",
        "    np.ones((784, 50))  (784, 50)",
        "                         ^^^ must be equal",
    ]
    assert "but np.ones(5) has 5 elements" in text_of(lambda: x @ np.ones(5))
    assert "at least one axis" in text_of(lambda: x @ 2.0)


def test_axes_are_checked_by_every_reduction():
    x = Tensor(np.ones((2, 3)))
    for op in (tg.sum, tg.max, tg.min):
        assert "axis 2 is out of bounds" in text_of(lambda op=op: op(x, axis=2))
        assert "axis -3 is out of bounds" in text_of(lambda op=op: op(x, axis=-3))
        assert "duplicate value" in text_of(lambda op=op: op(x, axis=(1, -1)))
    assert "axis 2" in text_of(lambda: tg.mean(x, axis=2))
    with pytest.raises(TypeError, match="sum"):
        tg.sum(x, axis="rows")


def test_what_is_not_about_the_operands_passes_through():
    with pytest.raises(RuntimeWarning, match="divide by zero"):
        Tensor([1.0]) / 0.0  # warnings are errors in tests


def test_errors_are_pythons_own_types():
    assert issubclass(tg.ShapeError, ValueError)
    assert issubclass(tg.ShapeError, IndexError)
    assert issubclass(tg.GraphError, RuntimeError)


def test_the_error_is_raised_at_the_users_line():
    x = Tensor(np.ones(2))
    with pytest.raises(tg.ShapeError) as caught:
        x + np.ones(3)
    here = [entry for entry in caught.traceback if str(entry.path) == __file__]
    assert "x + np.ones(3)" in str(here[-1].statement)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: tg.rule(vjp=lambda g: g)(lambda x: x), "before '/'"),
        (lambda: tg.rule(vjp=())(lambda x, /: x), "one vjp per operand"),
        (lambda: tg.rule(vjp=lambda g, y: g)(lambda x, /: x), "asks for 'y'"),
        (lambda: tg.rule(vjp=lambda g: g)(lambda *, axis: axis), "before '/'"),
        (lambda: tg.rule(vjp=lambda g: g)(lambda x, /, **k: x), "each by name"),
        (lambda: tg.rule(vjp=lambda g: g)(lambda x=1, /: x), "cannot have a default"),
        (lambda: tg.rule(vjp=lambda g: g)(lambda x, /: x), "needs a name"),
    ],
)
def test_a_rule_is_checked_when_it_is_defined(make, words):
    with pytest.raises(TypeError, match=words):
        make()


def test_a_users_rule_may_carry_the_name_of_ours():
    @tg.rule(vjp=lambda g: 5.0 * g)
    def exp(x, /, *, scale=5.0):
        """Times five, by another name."""
        return x * scale

    x = Tensor([1.0], requires_grad=True)
    (exp(x) + tg.exp(x)).backward()
    np.testing.assert_allclose(x.grad.data, [5.0 + np.e])
    assert exp(np.ones(1)).tolist() == [5.0]
