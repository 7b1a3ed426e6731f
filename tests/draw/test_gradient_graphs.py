"""Graphs of gradients: scopes of the backward pass, and names of gradients."""

import numpy as np
import pytest
from drawn import mlp, model, numbers, parameter, titles

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.draw.picture import Kind
from tinygrad_jp.graph import walk
from tinygrad_jp.mode import Mirror, Scope, current, within


def scopes(tensor):
    """The names of the scopes in a graph, from the outermost on."""
    found = set()
    for node in walk([tensor._node]):
        path, scope = [], node.scope
        while scope is not None:
            path.append(scope.name)
            scope = scope.parent
        if node.rule is not None:
            found.add(tuple(path[::-1]))
    return found


def test_the_backward_pass_of_the_books_network():
    kept = []
    mlp(kept).backward(create_graph=True)
    picture = model(*[one.grad for one in kept])
    assert titles(picture, Kind.LAYER) == [
        *("Affine1", "ReLU1", "Affine2", "SoftmaxWithLoss"),
        *("∇ SoftmaxWithLoss", "∇ Affine2", "∇ ReLU1", "∇ Affine1"),
    ]
    assert sorted(titles(picture, Kind.OUTPUT)) == ["∇W1", "∇W2", "∇b1", "∇b2"]
    assert kept[0].grad.name is None


def test_scopes_are_mirrored_with_those_around_them():
    x = parameter("x", (3,))
    with tg.scope("net"), tg.scope("layer"):
        y = tg.tanh(x) * x
    y.sum().backward(create_graph=True)
    assert ("∇ net", "∇ layer") in scopes(x.grad)


def test_the_backward_pass_stands_in_the_scope_where_it_runs():
    x = parameter("x", (3,))
    with tg.scope("net"):
        with tg.scope("layer"):
            y = tg.tanh(x)
        y = y * y
        y.sum().backward(create_graph=True)
        with tg.scope("penalty"):
            z = x.grad * x.grad
    assert scopes(z) == {
        *(("net",), ("net", "layer"), ("net", "∇ layer"), ("net", "penalty"))
    }


def test_second_derivatives():
    x = parameter("x", (3,))
    with tg.scope("layer"):
        y = tg.tanh(x) ** 3.0
    y.sum().backward(create_graph=True)
    first = x.grad
    x.grad = None
    first.sum().backward(create_graph=True)
    assert {("layer",), ("∇ layer",), ("∇∇ layer",)} <= scopes(x.grad)
    slope = 1 - np.tanh(x.data) ** 2
    y = np.tanh(x.data)
    expected = 6 * y * slope**2 - 6 * y**3 * slope
    assert x.grad.data == pytest.approx(expected)


def test_grad_of_grad():
    def function(x):
        with tg.scope("f"):
            return (tg.tanh(x) ** 2.0).sum()

    def penalty(x):
        return (tg.grad(function)(x) ** 2.0).sum()

    drawing = tg.draw(penalty, [1.0, 2.0])
    found = {item.box.title for item in drawing._whole.items} | set(
        titles(drawing._whole, Kind.LAYER)
    )
    assert {"f", "∇ f"} <= found


def test_the_mode_is_put_back_even_by_an_error():
    x = parameter("x", (3,))
    with tg.scope("layer"):
        y = tg.tanh(x)
        z = y.sum()
    before = current()
    z.backward(create_graph=True)
    assert current() is before

    def fail(g):
        raise LookupError

    @tg.rule(vjp=lambda g: fail(g))
    def broken(x, /):
        return x * 1.0

    with tg.scope("layer"):
        y = broken(x).sum()
    with pytest.raises(LookupError):
        y.backward(create_graph=True)
    assert current() is before


def test_a_mirror_gives_one_scope_one_mirror():
    outer = Scope("outer", None)
    one, other = Scope("inner", outer, 1), Scope("inner", outer, 2)
    mirror = Mirror(None)
    assert mirror.of(None) is None
    assert mirror.of(one) is mirror.of(one)
    assert mirror.of(one).parent is mirror.of(other).parent is mirror.of(outer)
    assert (mirror.of(other).name, mirror.of(other).key) == ("∇ inner", 2)
    assert Mirror(outer).of(one) == Scope("∇ inner", outer, 1)
    assert Mirror(one).of(outer) is one


def test_within_records_in_a_known_scope():
    place = Scope("there", None)
    x = Tensor(numbers(3), requires_grad=True)
    with tg.scope("here"), within(place):
        y = x * 2.0
    assert y._node.scope is place
