"""TwoLayerNet, as the book uses it."""

import numpy as np
import pytest

import nn
import tinygrad_jp as tg
from tinygrad_jp.testing import check_semantics


def network(dtype=np.float32, std=0.5):
    rng = np.random.default_rng(0)
    return nn.TwoLayerNet(6, 5, 3, weight_init_std=std, rng=rng, dtype=dtype)


def batch(size=4):
    rng = np.random.default_rng(1)
    return rng.random((size, 6), np.float32), rng.integers(3, size=size)


def by_hand(net, x, t):
    """The book's forward and backward pass, in plain float64 NumPy."""
    W1, b1, W2, b2 = (np.array(p, np.float64) for p in net.params.values())
    a1 = x @ W1 + b1
    z1 = np.maximum(a1, 0)
    scores = z1 @ W2 + b2
    y = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    loss = -np.log(y[np.arange(len(t)), t]).mean()
    ds = (y - np.eye(3)[t]) / len(t)
    da = (ds @ W2.T) * (a1 > 0)
    gradients = {"W1": x.T @ da, "b1": da.sum(0), "W2": z1.T @ ds, "b2": ds.sum(0)}
    return scores, loss, gradients


@pytest.mark.parametrize("one_hot", [False, True])
def test_it_computes_what_the_book_computes(one_hot):
    net = network(np.float64)
    x, labels = batch()
    t = nn.one_hot(labels, 3) if one_hot else labels
    scores, loss, gradients = by_hand(net, x, labels)
    np.testing.assert_allclose(net.predict(x).data, scores, rtol=1e-12)
    np.testing.assert_allclose(net(x).data, scores, rtol=1e-12)
    np.testing.assert_allclose(net.loss(x, t).item(), loss, rtol=1e-12)
    found = net.gradient(x, t)
    assert list(found) == ["W1", "b1", "W2", "b2"]
    for name, gradient in gradients.items():
        np.testing.assert_allclose(found[name], gradient, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_gradients_agree(dtype):
    net = network(dtype)
    x, t = batch()
    before = [np.array(p) for p in net.parameters()]
    exact, numerical = net.gradient(x, t), net.numerical_gradient(x, t)
    for name, parameter in net.params.items():
        assert exact[name].dtype == dtype
        assert exact[name].shape == numerical[name].shape == parameter.shape
        np.testing.assert_allclose(exact[name], numerical[name], atol=1e-7)
        assert np.abs(exact[name]).max() > 1e-3
    for old, parameter in zip(before, net.parameters()):
        np.testing.assert_array_equal(old, parameter.data)


def test_gradient_leaves_accumulated_gradients_alone():
    net = network()
    x, t = batch()
    net.loss(x, t).backward()
    before = [p.grad for p in net.parameters()]
    net.gradient(x, t)
    assert all(p.grad is g for p, g in zip(net.parameters(), before))
    with pytest.raises(ValueError, match="labels"):
        net.gradient(x, [9, 9, 9, 9])
    assert all(p.grad is g for p, g in zip(net.parameters(), before))


def test_no_row_of_the_batch_leaks_into_another():
    check_semantics(network().predict, batch()[0])


def test_accuracy_counts_the_labels_that_were_hit():
    net = network()
    x, _ = batch(8)
    predicted = net.predict(x).data.argmax(axis=1)
    t = predicted.copy()
    t[:2] = (t[:2] + 1) % 3
    assert net.accuracy(x, t) == 0.75
    assert net.accuracy(x, nn.one_hot(t, 3)) == 0.75
    assert net.accuracy(tg.Tensor(x), tg.Tensor(predicted)) == 1.0
    with pytest.raises(tg.ShapeError, match=r"t of \(7,\) and x of \(8, 6\)"):
        net.accuracy(x, t[:7])


def test_params_are_the_layers_own_tensors():
    net = network()
    assert list(net.params) == ["W1", "b1", "W2", "b2"]
    assert [p.name for p in net.parameters()] == ["W1", "b1", "W2", "b2"]
    assert all(p is q for p, q in zip(net.params.values(), net.parameters()))
    net.params["b2"] = tg.Tensor(np.ones(3, np.float32), requires_grad=True)
    assert net.layers[2].b.tolist() == [1, 1, 1]
    with pytest.raises(tg.ShapeError, match=r"params\['b2'\]: .*\(3,\), got \(4,\)"):
        net.params["b2"] = tg.Tensor(np.ones(4))
    with pytest.raises(TypeError, match="cannot be deleted"):
        del net.params["b2"]
    with pytest.raises(KeyError):
        net.params["W3"]


def test_the_books_training_loop_learns():
    rng = np.random.default_rng(0)
    centers = 3 * rng.standard_normal((3, 6))
    t = rng.integers(3, size=300)
    x = (centers[t] + rng.standard_normal((300, 6))).astype(np.float32)
    net = network(std=0.01)
    before = net.loss(x, t).item()
    for _ in range(200):
        pick = rng.choice(len(x), 50)
        gradients = net.gradient(x[pick], t[pick])
        with tg.no_grad():
            for name in net.params:
                net.params[name] -= 0.1 * gradients[name]
    assert net.loss(x, t).item() < 0.1 * before
    assert net.accuracy(x, t) > 0.95


def test_weights_start_as_told_and_from_the_generator_alone():
    first, again = network(), network()
    for p, q in zip(first.parameters(), again.parameters()):
        np.testing.assert_array_equal(p.data, q.data)
    rng = np.random.default_rng(0)
    net = nn.TwoLayerNet(100, 100, 10, rng=rng)
    assert abs(float(net.params["W1"].data.std()) - 0.01) < 0.001
    assert not net.params["b1"].data.any()
    with pytest.raises(TypeError, match="rng"):
        nn.TwoLayerNet(4, 3, 2)


def test_float32_stays_float32():
    net = network(np.float32)
    x, t = batch()
    loss = net.loss(x.astype(np.float64), nn.one_hot(t, 3, dtype=np.float64))
    assert loss.dtype == np.float32
    loss.backward()
    assert {p.grad.dtype for p in net.parameters()} == {np.dtype(np.float32)}
