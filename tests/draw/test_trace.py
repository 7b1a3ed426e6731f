"""Drawing a function or a model before it has been run."""

import functools
from typing import NamedTuple

import numpy as np
import pytest
from drawn import leaves, named, numbers, parameter, titles

import tinygrad_jp as tg
from tinygrad_jp import Tensor, draw
from tinygrad_jp.draw.picture import Kind


def picture(function, *args):
    return draw(function, *args)._picture


def outputs(function, *args):
    return titles(picture(function, *args), Kind.OUTPUT)


# --- examples --------------------------------------------------------------------


def test_examples_are_inputs_called_like_the_parameters():
    found = picture(lambda x, scale: x * scale, np.ones((2, 3)), Tensor(2.0))
    assert sorted(leaves(found, Kind.INPUT)) == [["scale"], ["x"]]
    assert leaves(found, Kind.PARAMETER) == []


@pytest.mark.parametrize("arg", ["x", "*xs"])
def test_names_where_there_are_several_parameters(arg):
    function = eval(f"lambda {arg}: x.sum() if {arg == 'x'} else xs[0] + xs[1]")
    args = [np.ones(3)] * (1 if arg == "x" else 2)
    names = sorted(leaves(picture(function, *args), Kind.INPUT))
    assert names == ([["x"]] if arg == "x" else [["xs0"], ["xs1"]])


def test_a_model_takes_the_gradient_and_its_example_none():
    W = parameter("W", (3, 2))
    x = Tensor(numbers(4, 3))
    found = picture(lambda x: tg.tanh((x * 2.0) @ W).sum(), x)
    assert named(found, "W").rows[0].grad is not None
    assert named(found, "x").rows[0].grad is None
    assert titles(found, Kind.OP)[0] == "× 2"  # though nothing flows through it
    assert x.name is None
    assert not x.requires_grad


def test_arrays_take_the_dtype_of_the_parameters():
    W = Tensor(numbers(3, 2), dtype=np.float32, requires_grad=True, name="W")
    found = picture(lambda x: (x @ W).sum(), numbers(4, 3))
    assert named(found, "x").rows[0].dtype == "float32"
    found = picture(lambda x: (x @ W).sum(), Tensor(numbers(4, 3)))
    assert named(found, "x").rows[0].dtype == "float64"


def test_without_parameters_the_example_takes_it():
    found = picture(lambda x: (x * x).sum(), [1.0, 2.0])
    assert named(found, "x").rows[0].grad.norm == pytest.approx(np.sqrt(4 + 16))


def test_an_example_that_wants_a_gradient_has_it_in_the_picture_alone():
    W, x = parameter("W", (3,)), parameter("x", (3,))
    found = picture(lambda x: (x * W).sum(), x)
    assert named(found, "x").kind is Kind.INPUT
    assert named(found, "x").rows[0].grad is not None
    assert x.grad is None


def test_labels_and_other_things_are_handed_on():
    W = parameter("W", (3, 4))

    def loss(x, t, times, how, *, last=None):
        assert (times, how) == (2, "sum")
        with tg.scope("loss"):
            rows = np.arange(len(t.data))
            return -tg.log_softmax(x @ W * times)[rows, np.asarray(t)].sum()

    found = picture(loss, numbers(2, 3), np.array([3, 1]), 2, "sum")
    assert leaves(found, Kind.INPUT) == [["x"], ["t"]]


def test_whole_numbers_that_pick_are_the_example():
    W = parameter("W", (9, 2))
    found = picture(lambda ids: W[np.asarray(ids)].sum(), [[3, 1], [4, 1]])
    assert leaves(found, Kind.INPUT) == [["ids"]]


def test_containers_of_examples():
    def cell(x, state):
        h, c = state["h"], state["c"]
        return tg.tanh(x + h) * c

    state = {"h": numbers(3), "c": Tensor(numbers(3), name="memory")}
    found = picture(cell, numbers(3), state)
    assert sorted(leaves(found, Kind.INPUT)) == [["memory"], ['state["h"]'], ["x"]]


# --- results ---------------------------------------------------------------------


class Result(NamedTuple):
    loss: Tensor
    logits: Tensor


def test_results_are_called_by_key_or_field():
    x = numbers(3)
    assert outputs(lambda x: {"loss": x.sum(), "h": x * x}, x) == ["loss", "h"]
    assert outputs(lambda x: Result(x.sum(), x * x), x) == ["loss", "logits"]
    assert outputs(lambda x: (x.sum(), x * x), x) == ["", ""]
    assert outputs(lambda x: {"parts": [x * x, x]}, x)[0] == "parts[0]"


def test_an_example_that_comes_back_is_an_input_and_an_output():
    found = picture(lambda x: x, numbers(3))
    assert [item.kind for item in found.items] == [Kind.INPUT, Kind.OUTPUT]


def test_what_is_no_tensor_is_named():
    def accuracy(x):
        return {"loss": x.sum(), "accuracy": 0.5}

    with pytest.raises(
        TypeError, match=r'accuracy\["accuracy"\] must be a Tensor, .*f'
    ):
        draw(accuracy, numbers(3))
    with pytest.raises(TypeError, match="accuracy must be a Tensor, got NoneType"):
        draw(functools.wraps(accuracy)(lambda x: None), numbers(3))


def test_what_is_recorded_nowhere_is_refused():
    def predict(x):
        with tg.no_grad():
            return x * 2.0

    with pytest.raises(tg.GraphError, match="predict computed no tensor"):
        draw(predict, numbers(3))


def test_what_runs_inside_no_grad_is_a_constant():
    def function(x):
        with tg.no_grad():
            factor = tg.exp(x)
        return x * factor

    assert titles(picture(function, numbers(3)), Kind.OP) == ["×"]


def test_drawing_inside_no_grad():
    with tg.no_grad():
        assert titles(picture(tg.exp, numbers(3)), Kind.OP) == ["exp"]
        assert not tg.is_grad_enabled()


def test_errors_are_the_functions_own_and_the_mode_is_put_back():
    def wrong(x):
        with tg.scope("inside"):
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        draw(wrong, numbers(3))
    assert draw(lambda x: x * 2.0, numbers(3))._picture.items[-2].box.parent is None


def test_the_users_lines_are_noted():
    def function(x):
        return x * x

    (op,) = [i for i in picture(function, numbers(3)).items if i.kind is Kind.OP]
    assert op.made[0].site.endswith("return x * x")
    assert op.made[0].site.startswith("test_trace.py:")


# --- state -----------------------------------------------------------------------


class Noisy:
    """A model that changes itself in every way when it is called."""

    def __init__(self):
        self.rng = np.random.default_rng(0)
        self.average = np.zeros(3)
        self.calls = 0
        self.seen = []
        self.table = {"a": {1}}
        self.W = parameter("W", (3,))
        self.inner = None

    def __call__(self, x):
        self.average += x.data.mean(axis=0)
        self.average = self.average * 1.0
        self.calls += 1
        self.seen.append(x)
        self.table["a"].add(2)
        self.table["b"] = 1
        self.inner = object()
        return (x * self.W * self.rng.random(3)).sum()

    def state(self):
        return (
            self.rng.bit_generator.state["state"],
            self.average.tolist(),
            *(self.calls, len(self.seen), {k: set(v) for k, v in self.table.items()}),
            *(self.inner, id(self.W), id(self.average)),
        )


GLOBAL = Noisy()


def through_a_global(x):
    return GLOBAL(x)


def test_a_model_is_left_as_it_was():
    model = Noisy()
    made_before = [model, through_a_global]
    before = model.state(), GLOBAL.state()
    for function in (
        *made_before,
        model.__call__,
        lambda x: model(x),
        functools.partial(model),
        lambda x: (lambda y: GLOBAL(y))(x),
        lambda x, inner=model: inner(x),
    ):
        draw(function, numbers(2, 3))
        assert (model.state(), GLOBAL.state()) == before


def test_it_is_left_so_by_an_error_too():
    model = Noisy()
    before = model.state()

    def fails(x):
        model(x)
        raise LookupError

    with pytest.raises(LookupError):
        draw(fails, numbers(2, 3))
    assert model.state() == before


def test_parameters_are_the_models_own():
    model = Noisy()
    found = picture(model, numbers(2, 3))
    assert named(found, "W").rows[0].value.mean == pytest.approx(model.W.data.mean())
    assert model.W.grad is None
