"""The debug mode names the first number that is not finite; broadcasts by surprise."""

import threading

import numpy as np
import pytest

import tinygrad_jp as tg

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def parameter(values, name=None):
    return tg.Tensor(values, requires_grad=True, name=name)


def message_of(call):
    with pytest.raises(tg.NonFiniteError) as caught:
        call()
    return str(caught.value)


def test_the_op_that_makes_an_infinity_is_named_with_its_element_and_line():
    y = parameter([[0.5, 1.0], [0.0, 0.25]], "y")

    def loss():
        with tg.detect_anomaly():
            return -np.log(y * 1.0).sum()

    text = message_of(loss)
    assert text.startswith("log: made -inf at [1, 0] of finite numbers\n")
    assert "x  (2, 2)  x[1, 0] = 0.0" in text
    assert "test_debug.py" in text
    assert "return -np.log(y * 1.0).sum()" in text
    assert "log(x + 1e-7)" in text


def test_a_nan_is_found_whatever_it_is_made_of():
    x = parameter([np.inf, 1.0])
    with tg.detect_anomaly():
        x + 1.0  # an infinity that was handed in may go on
        text = message_of(lambda: x - x)
    assert text.startswith("subtract: made nan at [0] of these\n")
    assert "x[0] = inf" in text


def test_masks_of_infinities_may_be_used():
    scores = parameter([[1.0, 2.0]])
    with tg.detect_anomaly():
        masked = tg.where(np.array([[True, False]]), scores, -np.inf)
        tg.softmax(masked).sum().backward()
        padded = tg.max_pool(tg.Tensor(np.ones((1, 1, 3, 3))), 2, padding=1)
    assert np.isfinite(scores.grad.data).all()
    assert np.isfinite(padded.data).all()


def test_constants_are_watched_too():
    with tg.detect_anomaly():
        text = message_of(lambda: tg.divide(1.0, tg.Tensor([2.0, 0.0])))
    assert text.startswith("divide: made inf at [1] of finite numbers\n")
    assert "y[1] = 0.0" in text


def test_the_vjp_that_makes_an_infinity_is_named_with_the_line_of_its_op():
    x = parameter([4.0, 0.0], "x")
    with tg.detect_anomaly():
        y = np.sqrt(x)  # the line to be named
        text = message_of((y * 3.0).sum().backward)
    assert text.startswith("sqrt: backward made the gradient of x inf at [1]\n")
    assert "y = np.sqrt(x)  # the line to be named" in text
    assert "x[1] = 0.0" in text
    assert "sqrt(x + 1e-12)" in text
    assert x.grad is None


def test_a_branch_that_is_not_taken_is_told_with_its_repair():
    x = parameter([1.0, 0.0])

    def value():
        return tg.where(x > 0, np.log(tg.where(x > 0, x, 1.0)), 0.0).sum()

    with tg.detect_anomaly():
        safe = tg.sqrt(x)
        loss = tg.where(x > 0, safe, 0.0).sum()
        text = message_of(loss.backward)
        assert "Nothing uses this element" in text
        assert "where(ok, f(where(ok, x, 1)), 0)" in text
        value().backward()  # the repair
    np.testing.assert_array_equal(x.grad.data, [1.0, 0.0])


def test_a_recorded_backward_pass_is_watched():
    x = parameter([0.0])
    with tg.detect_anomaly():
        text = message_of(lambda: (x**0.5).sum().backward(create_graph=True))
        assert text.startswith("pow: made inf at [0] of finite numbers")
        slope = tg.grad(lambda v: (v * v).sqrt().sum())
        assert "gradient of x inf" in message_of(lambda: slope(x))


def test_off_nothing_is_watched_and_nothing_is_kept():
    x = parameter([0.0])
    code = tg.log.__code__
    with tg.detect_anomaly():
        assert tg.log.__code__ is not code
    assert tg.log.__code__ is code
    assert np.isneginf(np.log(x).data).all()
    y = x * 2.0
    assert not hasattr(y._node, "site")


def test_it_is_a_decorator_and_nests():
    @tg.detect_anomaly()
    def logarithm(x):
        with tg.detect_anomaly(), tg.no_grad():
            return tg.log(x)

    with pytest.raises(tg.NonFiniteError):
        logarithm(tg.Tensor(0.0))
    assert np.isneginf(tg.log(tg.Tensor(0.0)).item())


def test_other_threads_are_not_watched():
    found = []

    def work():
        found.append(tg.log(tg.Tensor(0.0)).item())

    with tg.detect_anomaly():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert found == [-np.inf]


def test_results_are_the_same_under_watch():
    x = parameter(np.linspace(-1, 1, 12).reshape(3, 4))

    def run():
        loss = (tg.softmax(x @ x.T, axis=1) * 2).max(0, keepdims=True).sum()
        x.grad = None
        loss.backward()
        return loss.item(), x.grad.data

    plain = run()
    with tg.detect_anomaly(), tg.strict_broadcast():
        watched = run()
    assert plain[0] == watched[0]
    np.testing.assert_array_equal(plain[1], watched[1])


def test_metadata_that_is_given_by_position_is_no_operand():
    x = parameter(np.ones((2, 3)))
    ragged = (slice(None), np.array([0, 1, 1]))
    with tg.detect_anomaly():
        tg.getitem(x, ragged).sum().backward()
        assert tg.repeat(x, repeats=(1, 2, 1), axis=1).shape == (2, 4)
    assert x.grad.tolist() == [[1.0, 2.0, 0.0]] * 2


def test_surprising_broadcasts_are_refused_on_request():
    y, t = parameter(np.ones((3, 1))), tg.Tensor(np.ones(3))
    assert (y - t).shape == (3, 3)
    with tg.strict_broadcast():
        with pytest.raises(tg.ShapeError, match=r"(?s)subtract: .*\(3, 3\)"):
            y - t
        for fine in (y - t[:, None], y - 1.0, y * np.ones((3, 4)), y - y.mean()):
            assert fine.ndim == 2
    assert (y - t).shape == (3, 3)
