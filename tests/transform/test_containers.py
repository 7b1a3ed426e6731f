"""Arguments, results, tangents in containers; and what is refused, by name."""

from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_jp as tg
from tinygrad_jp import Tensor, tree


class Params(NamedTuple):
    W: Any
    b: Any


def model(params, x):
    hidden = tg.tanh(x @ params["layers"][0].W + params["layers"][0].b)
    return (hidden @ params["layers"][1][0]).sum() * params["scale"]


def parameters(rng, make=lambda a: a):
    first = Params(make(rng.normal(size=(2, 3))), make(rng.normal(size=3)))
    return {"layers": [first, (make(rng.normal(size=3)), None)], "scale": make(1.5)}


def by_hand(params, x):
    """The gradients by `backward`, with each tensor on its own."""
    leaves = [Tensor(leaf, requires_grad=True) for leaf in tree.leaves(params)]
    model(tree.rebuild(params, leaves), x).backward()
    return tree.rebuild(params, [leaf.grad for leaf in leaves])


def assert_same(found, expected):
    assert repr(tree.rebuild(found, [0.5] * len(tree.leaves(found)))) == repr(
        tree.rebuild(expected, [0.5] * len(tree.leaves(expected)))
    )
    for one, other in zip(tree.leaves(found), tree.leaves(expected)):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("make", [lambda a: a, Tensor], ids=["arrays", "tensors"])
def test_a_gradient_is_built_like_its_argument(make):
    rng = np.random.default_rng(0)
    params, x = parameters(rng, make), rng.normal(size=(4, 2))
    value, gradient = tg.value_and_grad(model)(params, x)
    assert_same(gradient, by_hand(params, x))
    assert type(gradient["layers"][0]) is Params
    assert type(gradient["layers"][1]) is tuple
    assert gradient["layers"][1][1] is None
    np.testing.assert_allclose(value, model(params, x))


def test_several_containers_and_an_argument_by_its_number_from_behind():
    def inner(a, unused, b):
        return (a["x"] * b[0]).sum() + unused

    ones, twos = np.ones(2), np.full(2, 2.0)
    found = tg.grad(inner, argnums=(0, -1))({"x": ones}, 5, [twos])
    assert_same(found, ({"x": twos}, [ones]))


def test_a_tensor_may_stand_in_several_places():
    x = Tensor([1.0, 2.0], requires_grad=True)
    gradient = tg.grad(lambda pair: (pair[0] * pair[1]).sum())((x, x))
    assert_same(gradient, (x.detach(), x.detach()))  # each place for itself
    gradient[0].sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_lists_of_numbers_are_arrays_as_everywhere():
    assert tg.grad(lambda x: (x * x).sum())([1.0, 2.0]).tolist() == [2.0, 4.0]
    assert tg.grad(lambda x: (x * x).sum())((1.0, 2.0)).tolist() == [2.0, 4.0]
    assert_same(tg.grad(lambda p: p["x"].sum())({"x": [1.0]}), {"x": [1.0]})


def test_vjp_and_jvp_take_and_give_containers():
    def function(p, x):
        return {"sum": p.W + x, "rest": (p.W * x, None)}

    p, x = Params(np.array([2.0]), None), np.array([3.0])
    value, pull = tg.vjp(function, p, x)
    assert_same(value, {"sum": [5.0], "rest": ([6.0], None)})
    # Keys in another order, a list for a tuple.
    found = pull({"rest": [np.array([10.0]), None], "sum": np.array([1.0])})
    assert_same(found, (Params([31.0], None), [21.0]))
    value, tangent = tg.jvp(function, [p, x], ([[1.0], None], [5.0]))
    assert_same(tangent, {"sum": [6.0], "rest": ([13.0], None)})


def test_a_jacobian_is_built_like_the_result_of_the_argument():
    def function(p, x):
        return {"y": p["w"] * x, "z": (p["w"].sum(),)}

    p, x = {"w": np.array([1.0, 2.0])}, np.array([3.0, 4.0])
    both = tg.jacobian(function, argnums=(0, 1))(p, x)
    expected = {
        "y": ({"w": np.diag(x)}, np.diag(p["w"])),
        "z": (({"w": np.ones(2)}, np.zeros(2)),),
    }
    assert_same(both, expected)
    assert_same(
        tg.jacobian(function)(p, x),
        {"y": {"w": np.diag(x)}, "z": ({"w": np.ones(2)},)},
    )


def test_a_hessian_has_a_block_for_each_pair():
    def function(p):
        return (p["a"] * p["a"]).sum() * p["b"][0]

    a, b = np.array([1.0, 2.0]), np.array(3.0)
    found = tg.hessian(function)({"a": a, "b": [Tensor(b)]})
    expected = {
        "a": {"a": 6 * np.eye(2), "b": [2 * a]},
        "b": [{"a": 2 * a, "b": [np.array(0.0)]}],
    }
    assert_same(found, expected)


def test_hvp_is_built_like_the_arguments():
    def function(p, x):
        return (p["w"] * p["w"] * x).sum()

    found = tg.hvp(function, ({"w": [2.0]}, [3.0]), ({"w": [1.0]}, [10.0]))
    assert_same(found, ({"w": [2 * 3.0 * 1 + 2 * 2.0 * 10]}, [2 * 2.0 * 1]))


def test_what_is_returned_besides_is_not_differentiated():
    def function(x):
        y = x * x
        return y.sum(), {"y": y, "text": "said"}

    x = np.array([1.0, 2.0])
    (value, aux), gradient = tg.value_and_grad(function, has_aux=True)(x)
    assert value.item() == 5.0
    assert aux["text"] == "said"
    assert not aux["y"].requires_grad
    assert_same(gradient, 2 * x)
    gradient, aux = tg.grad(function, has_aux=True)(x)
    assert_same(aux["y"], x * x)
    value, pull, aux = tg.vjp(function, x, has_aux=True)
    assert_same(pull(1.0), (2 * x,))
    value, tangent, aux = tg.jvp(function, (x,), (x,), has_aux=True)
    assert tangent.item() == 10.0
    assert aux["text"] == "said"
    with pytest.raises(TypeError, match=r"grad: with has_aux=True .* got Tensor"):
        tg.grad(lambda x: x, has_aux=True)(1.0)


def test_what_is_returned_besides_keeps_a_parameter_and_what_it_leads_to():
    w = Tensor(2.0, requires_grad=True)
    _, (same, product) = tg.grad(lambda x: (x, (w, w * x)), has_aux=True)(3.0)
    assert same is w
    product.backward()
    assert w.grad.item() == 3.0


# --- what is refused ---------------------------------------------------------------


def squared(params):
    return params["a"] * params["a"]


@pytest.mark.parametrize(
    "call",
    [
        lambda x: tg.grad(squared)(x),
        lambda x: tg.vjp(squared, x),
        lambda x: tg.jvp(squared, (x,), (x,)),
        lambda x: tg.jacobian(squared)(x),
        lambda x: tg.hessian(squared)(x),
        lambda x: tg.hvp(squared, (x,), (x,)),
    ],
    ids=["grad", "vjp", "jvp", "jacobian", "hessian", "hvp"],
)
@pytest.mark.parametrize(
    ("leaf", "got"),
    [
        (np.array([1, 2]), "int64"),
        (Tensor([True]), "bool"),
        (1, "int64"),
        ("text", "str"),
        (len, "builtin_function_or_method"),
    ],
)
def test_what_has_no_gradient_is_refused_by_name_and_path(call, leaf, got, request):
    who = request.node.callspec.id.split("-")[-1]
    needed = "must be of floating-point numbers"
    with pytest.raises(
        TypeError, match=rf'^{who}: params\["b"\]\[1\] {needed}, got {got}'
    ):
        call({"a": 1.0, "b": [np.ones(1), leaf]})


def test_what_is_no_function_s_own_name_is_counted():
    with pytest.raises(TypeError, match="grad: argument 1 must be"):
        tg.grad(lambda *args: args[0], argnums=1)(1.0, 2)


def test_a_result_must_be_tensors():
    for who, call in {
        "vjp": lambda function: tg.vjp(function, 1.0),
        "jvp": lambda function: tg.jvp(function, (1.0,), (1.0,)),
        "jacobian": lambda function: tg.jacobian(function)(1.0),
        "hessian": lambda function: tg.hessian(function)(1.0),
        "grad": lambda function: tg.grad(function)(1.0),
    }.items():
        with pytest.raises(TypeError, match=rf"{who}: .* got ndarray for result\[1\]"):
            call(lambda x: (x, x.numpy()))
        with pytest.raises(TypeError, match=rf'{who}: .* int64 for result\["n"\]'):
            call(lambda x: {"x": x, "n": tg.argmax(tg.expand_dims(x, axis=0))})


def test_tangents_must_fit():
    def call(tangents):
        return tg.jvp(lambda p: p["x"], ({"x": np.ones(2, np.float32)},), tangents)

    assert call(({"x": [1.0, 2.0]},))[1].dtype == np.float32  # a list is weak
    for error, tangents, message in [
        (TypeError, np.ones(2), "jvp: tangents must be a tuple .* got ndarray; write"),
        (TypeError, (), r"jvp: tangents must be a list of length 1, got a list of l"),
        (TypeError, ([1.0],), r'tangents\[0\] must be a dict with the keys "x", got'),
        (
            tg.ShapeError,
            ({"x": np.ones(3, np.float32)},),
            r'jvp: tangents\[0\]\["x"\] must have shape \(2,\) .* got \(3,\)',
        ),
        (
            TypeError,
            ({"x": np.ones(2)},),
            r"must have shape \(2,\) and float32, .* got \(2,\) and float64",
        ),
    ]:
        with pytest.raises(error, match=message):
            call(tangents)
    with pytest.raises(TypeError, match=r"jvp: primals must be a tuple .* got float"):
        tg.jvp(lambda x: x, 1.0, 1.0)
    with pytest.raises(TypeError, match="hvp: primals must be a tuple"):
        tg.hvp(lambda x: x, 1.0, 1.0)
    with pytest.raises(TypeError, match="hvp: tangents must be a tuple of length 1"):
        tg.hvp(lambda x: x, (1.0,), (1.0, 2.0))


def test_cotangents_must_fit():
    value, pull = tg.vjp(lambda x: (x, {"y": x * x}), np.ones(2))
    for error, cotangents, message in [
        (TypeError, value[0], "vjp: cotangents must be a tuple of length 2, got a Ten"),
        (TypeError, (value[0], value[0]), r"cotangents\[1\] must be a dict"),
        (TypeError, (None, {"y": value[0]}), r"cotangents\[0\] must be a Tensor, got"),
        (
            tg.ShapeError,
            (value[0], {"y": 1.0}),
            r'vjp: cotangents\[1\]\["y"\] must have shape \(2,\) .*, got \(\)',
        ),
        (TypeError, (value[0], {"y": np.ones(2, int)}), r'\["y"\] .* got .* int64'),
    ]:
        with pytest.raises(error, match=message):
            pull(cotangents)


def test_argnums_must_name_arguments_once():
    with pytest.raises(ValueError, match="jacobian: argnums names argument 2, but"):
        tg.jacobian(lambda x, y: x, argnums=2)(1.0, 2.0)
    with pytest.raises(ValueError, match=r"names an argument twice in \(0, -2\)"):
        tg.grad(lambda x, y: x, argnums=(0, -2))(1.0, 2.0)
    with pytest.raises(ValueError, match="called with 0 positional arguments"):
        tg.grad(lambda x: x)(x=1.0)
