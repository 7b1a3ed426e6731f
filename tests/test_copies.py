"""`copy`, `deepcopy` and `pickle` of tensors, graphs and modules, at any depth."""

import copy
import pickle
import sys

import numpy as np
import pytest

import nn
import tinygrad_jp as tg
from tinygrad_jp.graph import walk

WAYS = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
}


@pytest.fixture(params=WAYS)
def copied(request):
    return WAYS[request.param]


@tg.rule(vjp=lambda g, x: 2 * g * x)
def squared(x, /):
    return x * x


def parameter(values, **keywords):
    return tg.Tensor(values, requires_grad=True, **keywords)


def test_a_leaf_is_copied_with_its_name_dtype_and_gradient(copied):
    x = parameter([1.0, 2.0], dtype=np.float32, name="重み")
    (x * x).sum().backward()
    twin = copied(x)
    assert repr(twin) == repr(x)
    np.testing.assert_array_equal(twin.grad.data, x.grad.data)
    twin.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [2.0, 4.0])
    np.testing.assert_array_equal(twin.grad.data, [3.0, 5.0])
    assert not np.shares_memory(twin.data, x.data)


def test_constants_stay_constants(copied):
    for constant in (tg.Tensor([1, 2]), tg.Tensor(True), tg.asarray(np.ones(2))):
        twin = copied(constant)
        assert repr(twin) == repr(constant)
        assert not twin.requires_grad


def test_a_graph_is_copied_with_its_leaves(copied):
    x, w = parameter([1.0, 2.0]), parameter([[1.0, 2.0], [3.0, 4.0]], name="W")
    with tg.scope("層"):
        h = np.tanh(x @ w)
    loss = (h * tg.concat([x, h])[1:3] * np.array([1.0, 2.0])).sum()
    x2, w2, h2, loss2 = copied((x, w, h, loss))
    assert tg.draw(loss2).dot == tg.draw(loss).dot
    loss2.backward(retain_graph=True)
    assert x.grad is None
    loss.backward()
    for one, other in ((x, x2), (w, w2)):
        np.testing.assert_array_equal(one.grad.data, other.grad.data)
    w2.grad = None
    (h2 * 2).sum().backward()  # the copies hang together
    assert w2.grad is not None


def test_a_released_graph_stays_released(copied):
    x = parameter([1.0])
    loss = (x * x).sum()
    loss.backward()
    with pytest.raises(tg.GraphError, match="released"):
        copied(loss).backward()


def test_second_order_gradients_are_copied_with_their_graph(copied):
    x = parameter(3.0)
    (x * x * x).backward(create_graph=True)
    twin = copied(x)
    slope, twin.grad = twin.grad, None
    slope.backward()
    assert twin.grad.item() == 18.0


def test_a_result_that_keeps_its_gradient_still_does():
    h = parameter([1.0]) * 2
    h.retain_grad()
    h.register_hook(lambda g: g * 10)
    twin, loss = copy.deepcopy((h, (h * 3).sum()))
    loss.backward()
    assert twin.grad.tolist() == [3.0]  # and who listened to h does not hear of it
    assert h.grad is None


def test_rules_of_one_s_own_are_pickled_by_name():
    x = parameter([3.0])
    x2, y2 = pickle.loads(pickle.dumps((x, squared(x))))
    y2.backward()
    assert x2.grad.tolist() == [6.0]

    @tg.rule(vjp=lambda g: g)
    def local(x, /):
        return x + 0.0

    with pytest.raises(pickle.PicklingError, match=r"local: .* top level"):
        pickle.dumps(local(x))


def test_deep_graphs_and_models_are_pickled():
    x = parameter([1.0])
    h = x
    depth = 20 * sys.getrecursionlimit()
    for _ in range(depth):
        h = h + 1.0
    x2, h2 = pickle.loads(pickle.dumps((x, h)))
    assert len(walk([h2._node])) == len(walk([h._node]))
    h2.backward()
    assert x2.grad.tolist() == [1.0]


def test_a_module_is_copied_with_its_parameters(copied):
    rng = np.random.default_rng(0)
    model = nn.TwoLayerNet(4, 3, 2, rng=rng)
    images, labels = rng.normal(size=(5, 4)), np.array([0, 1, 1, 0, 1])
    twin = copied(model)
    for net in (model, twin):
        net.loss(images, labels).backward()
    pairs = list(zip(model.parameters(), twin.parameters()))
    assert len(pairs) == 4
    for one, other in pairs:
        assert one is not other
        np.testing.assert_array_equal(one.grad.data, other.grad.data)
    nn.SGD(twin.parameters(), lr=0.1).step()
    assert all((one.data != other.data).any() for one, other in pairs)
