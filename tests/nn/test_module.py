"""Modules: what they hold, what they are called, and what calling them records."""

import copy
import gc
import threading
import weakref

import numpy as np
import pytest

import nn
import tinygrad_jp as tg
from tinygrad_jp.graph import walk


def rng():
    return np.random.default_rng(0)


def mlp():
    return nn.Sequential(
        nn.Affine(4, 3, rng=rng()), nn.ReLU(), nn.Affine(3, 2, rng=rng())
    )


class Pair(nn.Module):
    """Two layers as attributes, without `super().__init__()`."""

    def __init__(self):
        self.hidden = nn.Affine(4, 3, rng=rng())
        self.out = nn.Affine(3, 2, rng=rng())
        self.scale = tg.Tensor(2.0, requires_grad=True)
        self.constant = tg.Tensor(3.0)

    def forward(self, x):
        return self.out(tg.relu(self.hidden(x))) * self.scale


def paths(result):
    """The scopes of all recorded ops, as "outer/inner"."""
    found = []
    for node in walk([result._node]):
        names = []
        scope = node.scope
        while scope is not None:
            names.append(scope.name)
            scope = scope.parent
        if node.rule is not None:
            found.append("/".join(reversed(names)))
    return found


# --- what it holds ---------------------------------------------------------------


def test_parameters_are_the_live_tensors_here_and_below():
    pair = Pair()
    assert [name for name, _ in pair.named_parameters()] == [
        "scale",
        "hidden.W",
        "hidden.b",
        "out.W",
        "out.b",
    ]
    assert [p is q for p, (_, q) in zip(pair.parameters(), pair.named_parameters())]
    assert pair.constant not in set(pair.parameters())


def test_a_tensor_that_is_frozen_is_no_parameter_any_more():
    affine = nn.Affine(2, 2, rng=rng())
    affine.b.requires_grad = False
    assert [name for name, _ in affine.named_parameters()] == ["W"]


def test_shared_parameters_and_modules_are_listed_once():
    affine = nn.Affine(3, 3, rng=rng())
    twice = nn.Sequential(affine, affine)
    other = nn.Affine(3, 3, rng=rng())
    other.W = affine.W
    assert len(twice.parameters()) == 2
    assert [n for n, _ in nn.Sequential(affine, other).named_parameters()] == [
        "Affine1.W",
        "Affine1.b",
        "Affine2.b",
    ]


def test_a_module_that_refers_to_its_parent_does_not_loop():
    pair = Pair()
    pair.hidden.parent = pair
    assert len(pair.parameters()) == 5
    assert len(pair.named_modules()) == 3


def test_depth_is_limited_by_memory_alone():
    model = nn.Affine(1, 1, rng=rng())
    for _ in range(5000):
        model = nn.Sequential(model)
    assert len(model.parameters()) == 2


@pytest.mark.parametrize("container", [list, tuple, lambda layers: {"a": layers[0]}])
def test_modules_in_a_container_are_refused_with_the_cure(container):
    pair = Pair()
    pair.more = container([nn.ReLU()])
    with pytest.raises(TypeError, match=r"Pair\.more: .*nn\.Sequential"):
        pair.parameters()


def test_children_are_called_as_their_attributes():
    assert list(Pair().children) == ["hidden", "out"]
    assert list(mlp().children) == ["Affine1", "ReLU1", "Affine2"]
    assert [name for name, _ in nn.Sequential(mlp()).named_modules()] == [
        "",
        "Sequential1",
        "Sequential1.Affine1",
        "Sequential1.ReLU1",
        "Sequential1.Affine2",
    ]


# --- what it is called -----------------------------------------------------------


def test_a_parameter_is_named_after_its_attribute_unless_it_has_a_name():
    pair = Pair()
    assert (pair.scale.name, pair.hidden.W.name) == ("scale", "W")
    pair.other = tg.Tensor(1.0, requires_grad=True, name="θ")
    assert pair.other.name == "θ"


def test_ops_are_recorded_in_scopes_named_for_the_picture():
    x = np.ones((2, 4))
    assert set(paths(Pair()(x))) == {"Pair", "Pair/hidden", "Pair/out"}
    assert set(paths(mlp()(x))) == {
        "Sequential/Affine1",
        "Sequential/ReLU1",
        "Sequential/Affine2",
    }


def test_a_name_that_is_given_wins():
    model = Pair()
    model.hidden.name = "隠れ層"
    model.name = "network"
    assert "network/隠れ層" in paths(model(np.ones((2, 4))))
    model.hidden.name = "hidden"
    assert "network/hidden" in paths(model(np.ones((2, 4))))
    named = nn.ReLU()
    named.name = "gate"
    nn.Sequential(named)
    assert named.name == "gate"


def scopes(result):
    return {node.scope for node in walk([result._node]) if node.rule is not None}


def test_two_layers_of_one_name_are_two_scopes_and_two_calls_of_one_are_one():
    x = tg.Tensor(np.ones(2), requires_grad=True)
    relu = nn.ReLU()
    assert len(scopes(relu(relu(x)))) == 1
    assert len(scopes(nn.ReLU()(nn.ReLU()(x)))) == 2


def test_a_copy_is_a_module_of_its_own():
    x = tg.Tensor(np.ones((2, 4)), requires_grad=True)
    model = mlp()
    before = scopes(model(x))
    for twin in (copy.deepcopy(model), copy.copy(model)):
        assert not before & scopes(twin(x))
    twin = copy.deepcopy(model)
    with tg.no_grad():
        twin[0].W -= 1.0
    np.testing.assert_array_equal(model[0].W.data - 1, twin[0].W.data)
    assert twin[0].W.name == "W"
    twin(x).sum().backward()
    assert twin[0].W.grad is not None
    assert model[0].W.grad is None


def test_the_scope_is_left_when_forward_raises():
    with pytest.raises(tg.ShapeError):
        mlp()(np.ones((2, 5)))
    assert paths(tg.Tensor(1.0, requires_grad=True) * 2) == [""]


def test_threads_call_one_module_without_disturbing_each_other():
    model = mlp()
    x = np.ones((2, 4))
    alone = paths(model(x))
    barrier = threading.Barrier(4)
    found = []

    def work():
        barrier.wait()
        found.extend(paths(model(x)) for _ in range(100))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 400
    assert all(path == alone for path in found)


def test_a_module_without_forward_says_so():
    class Empty(nn.Module):
        pass

    with pytest.raises(TypeError, match="Empty: a Module needs a method forward"):
        Empty()(1)


def test_modules_are_freed_without_the_collector():
    gc.disable()
    try:
        model = mlp()
        gone = weakref.ref(model), weakref.ref(model[0].W)
        model(np.ones((2, 4))).sum().backward()
        del model
        assert [reference() for reference in gone] == [None, None]
    finally:
        gc.enable()


# --- Sequential ------------------------------------------------------------------


def test_sequential_is_a_sequence():
    model = mlp()
    assert len(model) == 3
    assert [type(layer) for layer in model] == [nn.Affine, nn.ReLU, nn.Affine]
    assert model[-1] is list(model)[2]
    part = model[1:]
    assert isinstance(part, nn.Sequential)
    assert list(part) == list(model)[1:]
    with pytest.raises(IndexError):
        model[3]


def test_sequential_applies_its_modules_in_order():
    model = mlp()
    x = tg.Tensor(np.ones((2, 4)))
    step_by_step = model[2](model[1](model[0](x)))
    np.testing.assert_array_equal(model(x).data, step_by_step.data)
    assert nn.Sequential()(x) is x


def test_sequential_refuses_what_is_no_module():
    with pytest.raises(TypeError, match="argument 1 must be a Module, got <function"):
        nn.Sequential(nn.ReLU(), tg.relu)


def test_repr_shows_the_tree_with_numbers_of_parameters():
    assert repr(Pair()) == (
        "Pair()  24 parameters\n"
        "  hidden: Affine(4, 3)  15 parameters\n"
        "  out: Affine(3, 2)  8 parameters"
    )
    assert repr(nn.Softmax(axis=1)) == "Softmax(axis=1)"
    assert repr(nn.Affine(784, 50, rng=rng())) == "Affine(784, 50)  39,250 parameters"
