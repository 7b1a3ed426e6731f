"""What gradcheck takes: containers, modules, methods; and that it changes nothing."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg
from tinygrad_jp.testing import GradientError, gradcheck


@tg.rule(vjp=lambda g, x: 1.5 * g * np.cos(x), elementwise=True)
def steep(x, /):
    return np.sin(x)


@tg.rule(vjp=(lambda g, y: g @ y.T, lambda g, x: 2.0 * (x.T @ g)))
def heavy(x, y, /):
    return x @ y


class Pair(NamedTuple):
    first: object
    second: object


RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3))

CONTAINERS = {
    'params["W"]': ({"W": X, "b": 0.5}, lambda p: steep(p["W"]) + p["b"]),
    'params["b"]': ({"W": X, "b": X + 1}, lambda p: p["W"] + steep(p["b"])),
    "params[1]": ([X, X + 1], lambda p: p[0] * steep(p[1])),
    "params.second": (Pair(X, X + 1), lambda p: p.first * steep(p.second)),
    'params[0]["a"][1]': (({"a": [X, X]}, None), lambda p: steep(p[0]["a"][1])),
    "params": ([0.5, 1.5], lambda p: steep(p)),
}


@pytest.mark.parametrize("label", CONTAINERS)
def test_an_element_in_a_container_is_named_by_its_path(label):
    params, body = CONTAINERS[label]

    def function(params):
        return body(params)

    with pytest.raises(GradientError) as caught:
        gradcheck(function, params)
    mismatch = caught.value.mismatch
    assert (mismatch.label, mismatch.argument) == (label, 0)
    inside = ", ".join(map(str, mismatch.index))
    assert f"by {label}[{inside}] (argument 0) is wrong" in str(caught.value)


def test_containers_keep_their_kinds_and_their_data():
    places = np.array([1, 0])

    def function(params, pair, rest):
        assert type(params) is dict
        assert params["places"] is not places
        assert type(pair) is Pair
        assert rest == ["name", (2, 3), None]
        x = pair.first[:, params["places"]] * params["layers"][0]
        return Pair({"x": x}, [pair.second.sum(), None])

    params = {"layers": (0.5,), "places": places}
    report = gradcheck(function, params, Pair(X, X), ["name", (2, 3), None], order=2)
    assert report.order == 2


def test_results_in_containers_are_named_by_their_paths():
    def function(x):
        return {"a": (x, [steep(x)])}

    with pytest.raises(
        GradientError, match=r'of result\["a"\]\[1\]\[0\]\[0\] by x\[0\]'
    ):
        gradcheck(function, np.array([0.5]))


# --- modules -----------------------------------------------------------------------


class Layer(nn.Module):
    def __init__(self, matmul=tg.matmul):
        self.W = tg.Tensor(
            RNG.normal(size=(3, 2)), dtype=np.float32, requires_grad=True
        )
        self.frozen = tg.Tensor(np.ones(2, np.float32))
        self.matmul = matmul
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return self.matmul(x, self.W) + self.frozen

    def loss(self, x):
        return (self(x) ** 2).sum()


class Network(nn.Module):
    def __init__(self, matmul=tg.matmul):
        self.layer1 = Layer(matmul)

    def forward(self, x):
        return tg.tanh(self.layer1(x))


class Homemade:
    """Not of `nn`: it has parameters, and that is all."""

    def __init__(self):
        self.W = tg.Tensor(RNG.normal(size=(3, 2)), requires_grad=True)

    def parameters(self):
        return [self.W]

    def __call__(self, x):
        return heavy(x, self.W)


MODULES = {
    "fn": (lambda m: (m, X), "W of layer1", None),
    "method": (lambda m: (m.layer1.loss, X), "W of Layer", None),
    "argument": (lambda m: (lambda net, x: net(x), m, X), "W of net.layer1", 0),
    "in a list": (lambda m: (lambda nets: nets[0](X), [m]), "W of nets[0].layer1", 0),
}


def state(module):
    return [
        (p.data.copy(), p.dtype, p.requires_grad, p.grad, p.name)
        for p in module.parameters()
    ]


def same(before, after):
    return all(
        np.array_equal(a[0], b[0])
        and a[1:3] == b[1:3]
        and a[3] is b[3]
        and a[4] == b[4]
        for a, b in zip(before, after)
    )


@pytest.mark.parametrize("way", MODULES)
@pytest.mark.parametrize("matmul", [tg.matmul, heavy], ids=["right", "wrong"])
@pytest.mark.parametrize("with_grads", [False, True])
def test_the_parameters_of_modules_are_checked_and_left_alone(way, matmul, with_grads):
    arguments, label, argument = MODULES[way]
    module = Network(matmul)
    if with_grads:
        module(X).sum().backward()
    before = state(module)
    if matmul is tg.matmul:
        gradcheck(*arguments(module), order=2)
    else:
        with pytest.raises(GradientError) as caught:
            gradcheck(*arguments(module))
        mismatch = caught.value.mismatch
        assert (mismatch.label, mismatch.argument) == (label, argument)
        assert f"by {label}[{mismatch.index[0]}, {mismatch.index[1]}]" in str(
            caught.value
        )
        assert caught.value.op == "heavy"
    assert same(before, state(module))
    assert module.layer1.calls == with_grads  # nor are its other attributes


def test_anything_with_parameters_is_a_module():
    with pytest.raises(GradientError, match=r"by parameter 0 of Homemade\[\d, \d\] is"):
        gradcheck(Homemade(), X)


def test_a_closure_s_parameters_get_no_gradient():
    layer = Layer()
    layer(X).sum().backward()
    before = state(layer)
    gradcheck(lambda x: layer(x), X, order=2)
    assert same(before, state(layer))
    with pytest.raises(GradientError):
        gradcheck(lambda x: steep(layer(x)), X)
    assert same(before, state(layer))


def test_a_module_that_is_there_twice_is_one():
    layer = Layer()

    def function(first, second, x):
        assert first is second
        return first(x) * second(x)

    report = gradcheck(function, layer, layer, X)
    assert report.directions == 3 + layer.W.size + X.size


def test_frozen_parameters_are_data():
    class Frozen(Homemade):
        def parameters(self):
            self.W.requires_grad = False
            return [self.W]

    report = gradcheck(lambda m, x: x @ m.W, Frozen(), X)
    assert report.directions == 3 + X.size


def test_a_module_with_its_own_random_numbers_starts_again_each_time():
    class Dropout(nn.Module):
        def __init__(self):
            self.rng = np.random.default_rng(0)

        def forward(self, x):
            return x * (self.rng.random(x.shape) < 0.5)

    layer = Dropout()
    gradcheck(layer, X)
    assert layer.rng.random() == np.random.default_rng(0).random()


def test_a_random_generator_is_copied_for_each_call():
    rng = np.random.default_rng(0)
    gradcheck(lambda x, rng: x * rng.normal(size=x.shape), X, rng, order=2)
    assert rng.random() == np.random.default_rng(0).random()


class Careless(Homemade):
    def __call__(self, x):
        with tg.no_grad():
            self.W *= 2.0
        return x @ self.W


class NoCopies(Homemade):
    def __deepcopy__(self, memo):
        raise ValueError("locked")


class NoLeaf(Homemade):
    def parameters(self):
        return [self.W * 2.0]


class NoTensor(Homemade):
    def parameters(self):
        return {"w": np.ones(2)}


def test_a_module_that_writes_to_its_parameters_is_reported():
    with pytest.raises(
        GradientError, match="its own parameter parameter 0 of Careless"
    ):
        gradcheck(Careless(), X)
    with pytest.raises(GradientError, match=r"argument 0 \(parameter 0 of m\)"):
        gradcheck(lambda m, x: m(x), Careless(), X)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (NoCopies(), r"needs copies of its modules \(NoCopies\).*locked"),
        (NoLeaf(), "parameter 0 of NoLeaf must be a leaf Tensor, got a result"),
        (NoTensor(), "w of NoTensor must be a leaf Tensor, got a ndarray"),
    ],
)
def test_modules_that_cannot_be_checked_are_refused(module, words):
    with pytest.raises(TypeError, match=words):
        gradcheck(module, X)


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.pop("b"),
        lambda p: p.update(b=p["W"] * 2.0),
        lambda p: p["data"].__setitem__(0, 7),
        lambda p: p["list"].append(1.0),
    ],
)
def test_a_function_that_changes_a_container_is_reported(change):
    params = {"W": X, "b": 0.5, "data": np.arange(2), "list": [X]}

    def function(params):
        change(params)
        return params["W"] * 1.0

    with pytest.raises(GradientError, match=r"writes to its argument 0 \(params\)"):
        gradcheck(function, params)
    assert list(params) == ["W", "b", "data", "list"]
    assert params["data"][0] == 0


@given(
    seed=st.integers(0, 1000),
    sizes=st.lists(st.integers(1, 3), min_size=2, max_size=3),
    batch=st.integers(1, 3),
)
@settings(max_examples=10)
def test_networks_of_nn_are_right(seed, sizes, batch):
    rng = np.random.default_rng(seed)
    layers = [nn.Affine(n, m, rng=rng) for n, m in pairwise(sizes)]
    network = nn.Sequential(*[part for a in layers for part in (a, nn.ReLU())])
    before = state(network)
    gradcheck(network, rng.normal(size=(batch, sizes[0])), seed=seed)
    assert same(before, state(network))
