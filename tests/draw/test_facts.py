"""What is known of a graph is what it computed: right, or not known."""

import gc

import numpy as np
import pytest
from drawn import mlp, parameter
from hypothesis import assume, given, settings
from hypothesis import strategies as hypothesis_strategies

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.draw import again
from tinygrad_jp.draw.facts import facts_of
from tinygrad_jp.draw.trace import traced
from tinygrad_jp.graph import walk
from tinygrad_jp.mode import Watcher
from tinygrad_jp.record import watching
from tinygrad_jp.testing import strategies as st

FEWER = settings(max_examples=60)


class Seen(Watcher):
    """Copies of all values, at the time when they were computed."""

    def __init__(self):
        self.values = {}

    def ran(self, rule, operands, keywords, result):
        if result._node is not None:
            self.values[result._node] = result.data.copy()
            for node, operand in zip(result._node.inputs, operands):
                self.values.setdefault(node, np.array(operand, node.dtype))


def facts(*tensors, fresh=False):
    order = walk([tensor._node for tensor in tensors])
    return facts_of(tensors, order, order, fresh=fresh)


def known(tensors, names):
    """The values of leaves, by name, as far as they are known."""
    values = facts(*tensors).values
    return {n.name: v for n, v in values.items() if n.rule is None and n.name in names}


def run(program):
    inputs = [Tensor(array, requires_grad=True) for array in program.inputs]
    seen = Seen()
    with watching(seen):
        loss = program(*inputs)
    return loss, inputs, seen.values


def same(value, expected):
    assert (value.shape, value.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(value, expected, rtol=1e-13, atol=1e-14)  # BLAS rounds


def has_ops(loss):
    return loss._node is not None and loss._node.rule is not None


# --- random programs -----------------------------------------------------------------


@given(st.graphs())
@FEWER
def test_values_are_those_of_the_forward_pass_before_and_after_backward(program):
    loss, inputs, seen = run(program)
    assume(has_ops(loss))
    for released in (False, True):
        if released:
            loss.backward()
        found = facts(loss).values
        for node, value in found.items():
            same(value, seen[node])
        assert {tensor._node for tensor in inputs} & seen.keys() <= found.keys()


@given(st.graphs(), hypothesis_strategies.booleans())
@FEWER
def test_gradients_are_those_of_backward(program, released):
    loss, inputs, _ = run(program)
    assume(has_ops(loss))
    before = facts(loss)
    loss.backward()
    after = facts(loss) if released else before
    assert before.gradients == "all"
    for tensor in inputs:
        if tensor.grad is not None:
            np.testing.assert_allclose(
                after.grads[tensor._node], tensor.grad.data, rtol=1e-10, atol=1e-10
            )


@given(st.graphs(), hypothesis_strategies.booleans(), hypothesis_strategies.booleans())
@FEWER
def test_no_value_is_wrong_after_an_update(program, released, in_place):
    loss, inputs, seen = run(program)
    assume(has_ops(loss))
    if released:
        loss.backward()
    for tensor in inputs:
        if in_place:
            with tg.no_grad():
                tensor += 1.0
        else:
            tensor.data = tensor.data + 1.0
    for node, value in facts(loss).values.items():
        same(value, seen[node])


@given(st.graphs())
@FEWER
def test_a_traced_function_is_known_in_full(program):
    assume(has_ops(run(program)[0]))
    tensors, _ = traced(lambda *inputs: program(*inputs), program.inputs)[:2]
    order = walk([tensor._node for tensor in tensors])
    found = facts_of(tensors, order, order, fresh=True)
    assert found.values.keys() == set(order)


# --- what cannot be known ------------------------------------------------------------


def test_an_update_that_the_result_does_not_show_is_noticed():
    x, b = parameter("x", (3,)), parameter("b", (3,))
    loss = (x + b).sum()
    assert known([loss], "b")["b"].tolist() == b.tolist()
    with tg.no_grad():
        b += Tensor([1.0, -1.0, 0.0])  # the sum is the same
    assert known([loss], "xb").keys() == {"x"}
    assert known([(x + b).sum()], "b")["b"].tolist() == b.tolist()  # a younger graph


def test_a_constant_that_became_a_parameter_is_another_leaf():
    x, c = parameter("x", (3,)), Tensor([1.0, 2.0, 3.0], name="c")
    loss = (x + c).sum()
    c.requires_grad = True
    with tg.no_grad():
        c += Tensor([1.0, -1.0, 0.0])
    assert known([loss], "c") == {}


def test_a_leaf_of_which_two_ops_saw_different_values_is_not_known():
    b = parameter("b", (3,))
    first = b * b
    b.data = b.data + 1.0
    assert known([(first * b).sum()], "b") == {}


def test_a_constant_whose_tensor_is_gone_is_not_known():
    x = parameter("x", (3,))

    def loss():
        c = Tensor([1.0, 2.0, 3.0], name="c")
        return (x + c).sum()

    gc.collect()
    assert known([loss()], "c") == {}


@pytest.mark.parametrize("released", [True, False])
def test_an_array_that_is_changed_in_place_is_right_or_not_known(released):
    x = parameter("x", (3,))
    added, multiplied = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])
    loss = ((x + added) * multiplied).sum()
    if released:
        loss.backward()
    before = (added.copy(), multiplied.copy())
    added[:] = added[::-1].copy()
    multiplied[:] = multiplied[::-1].copy()
    order = walk([loss._node])
    constants = [n for n in order if n.rule is None and n is not x._node]
    found = facts(loss).values
    for node, value in zip(constants, before):
        if node in found:
            np.testing.assert_array_equal(found[node], value)
    assert (constants[1] in found) is not released


def test_an_array_that_is_changed_so_that_the_result_is_the_same_is_not_known():
    x, added = parameter("x", (3,)), np.array([1.0, 2.0, 3.0])
    loss = (x + added).sum()
    added[:] = added[::-1].copy()
    assert facts(loss).values.keys() == {x._node, loss._node}


def test_memory_that_is_shared_is_not_trusted():
    array = np.array([1.0, 2.0])
    c = tg.asarray(array)
    c.name = "c"
    loss = (parameter("x", (2,)) + c).sum()
    array[:] = array[::-1].copy()
    assert known([loss], "c") == {}


def test_a_constant_that_is_called_like_a_number_is_no_number():
    c = Tensor(5.0, name="3.0")
    loss = parameter("x") + c
    assert known([loss], ["3.0"])["3.0"] == 5.0


def test_numbers_of_the_formula_are_known_in_their_dtype():
    x = Tensor([1.5], dtype=np.float32, requires_grad=True)
    found = facts((tg.where(x > 0, x, 0.0) * 0.1).sum()).values
    literals = {
        v[()]: v.dtype for n, v in found.items() if n.rule is None and not n.shape
    }
    assert literals == {np.float32(0.1): np.float32, np.float32(0.0): np.float32}


# --- nothing is disturbed ------------------------------------------------------------


@pytest.mark.parametrize("released", [True, False])
def test_no_grad_is_touched_and_no_hook_is_called(released):
    parameters = []
    loss = mlp(parameters)
    called = []
    for tensor in parameters:
        tensor.register_hook(called.append)
    if released:
        loss.backward()
        called.clear()
    before = [tensor.grad for tensor in parameters]
    facts(loss)
    assert [tensor.grad for tensor in parameters] == before
    assert called == []
    if not released:
        loss.backward()  # the graph is still there


def test_who_watches_is_not_told():
    seen = Seen()
    with tg.detect_anomaly(), watching(seen):
        x = parameter("x", (2,))
        loss = (x * x).sum()
        count = len(seen.values)
        assert facts(loss).gradients == "all"
    assert len(seen.values) == count


def test_anomaly_mode_does_not_stop_the_picture():
    x = Tensor([0.0, 1.0], requires_grad=True)
    loss = tg.sqrt(x).sum()
    with tg.detect_anomaly():
        assert np.isinf(facts(loss).grads[x._node]).any()


@pytest.mark.parametrize("error", [ValueError, RuntimeWarning, MemoryError])
def test_a_rule_that_fails_the_second_time_leaves_the_rest_known(error):
    runs = []

    @tg.rule(vjp=lambda g: g)
    def odd(x, /):
        runs.append(1)
        if len(runs) > 1:
            raise error
        return x + 0.0

    x = parameter("x", (2,))
    y = x * 2.0
    y.name = "y"
    found = facts((odd(y) + 1.0).sum())
    assert y._node in found.values
    assert found.gradients == "all"


def test_a_rule_that_is_not_the_same_twice_is_believed_to_nobody():
    numbers = iter([1.0, 2.0, 3.0])

    @tg.rule(vjp=lambda g: g)
    def drawn(x, /):
        return x + next(numbers)

    x = parameter("x")
    y = drawn(x)
    loss = y * y
    loss.backward()
    found = facts(loss)
    assert set(found.values) == {loss._node}
    assert found.gradients == "leaves"


# --- limits --------------------------------------------------------------------------


@pytest.mark.parametrize("limit", ["OPS", "BYTES"])
def test_a_large_graph_is_not_run_again(monkeypatch, limit):
    loss = mlp()
    monkeypatch.setattr(again, limit, 10)
    runs = []
    monkeypatch.setattr(again, "once_more", lambda *_: runs.append(1))
    found = facts(loss)
    assert runs == []
    assert found.gradients == "all"  # from what the graph keeps
    assert loss._node in found.values


def test_an_index_has_its_value_and_ints_and_truths_too():
    from tinygrad_jp.draw.reading import index_leaves

    picked = parameter("x", (3, 2))[np.array([2, 0, 1]), np.array([1, 0, 1])]
    order = walk([picked._node])
    leaves = index_leaves(picked._node)
    found = facts_of([picked], order, [*order, *leaves]).values
    assert [found[leaf].tolist() for leaf in leaves] == [[2, 0, 1], [1, 0, 1]]
    x = parameter("x", (3,))
    mask, whole = Tensor([True, False, True]), Tensor([1, 2, 3])
    values = facts((tg.where(mask, x, 0.0) * whole).sum()).values
    assert values[mask._node].dtype == bool
    assert values[whole._node].tolist() == [1, 2, 3]
