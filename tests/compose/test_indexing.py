"""Elements picked and replaced: NumPy's values, and gradients with repeats and ties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp.testing import gradcheck
from tinygrad_jp.testing.cases import indices
from tinygrad_jp.testing.strategies import arrays, axes, narrowed, shapes

FEW = settings(max_examples=25)
DTYPES = st.sampled_from([np.float16, np.float32, np.float64, np.int32, np.bool_])


def assert_same(found, expected):
    assert isinstance(found, tg.Tensor)
    np.testing.assert_array_equal(found.data, expected, strict=True)


@st.composite
def with_axis(draw, **sides):
    """An array with at least one axis, and one of its axes."""
    x = draw(arrays(shape=shapes(min_dims=1, max_side=3, **sides), dtype=draw(DTYPES)))
    return x, draw(axes(x.ndim, none=False, tuples=False))


@st.composite
def some_indices(draw, length):
    """Places along an axis, from either end, with repeats; none where it is empty."""
    shape = draw(shapes(max_dims=2, max_side=3)) if length else (0,)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    return rng.integers(-length, length or 1, shape)


# --- take --------------------------------------------------------------------------


@given(with_axis(min_side=0), st.data())
@FEW
def test_take_picks_along_an_axis(case, data):
    x, axis = case
    places = data.draw(some_indices(x.shape[axis]))
    assert_same(tg.take(x, places, axis), np.take(x, places, axis))
    flat = data.draw(some_indices(x.size))
    assert_same(tg.take(tg.Tensor(x), tg.Tensor(flat)), np.take(x, flat))
    if x.dtype == np.float64 and x.size:
        gradcheck(lambda x: tg.take(x, places, axis), x, order=2)
        gradcheck(lambda x: tg.take(x, flat), x, order=2)


@given(with_axis(min_side=0), st.data())
@FEW
def test_take_along_axis_picks_for_each_line(case, data):
    x, axis = case
    shape = list(data.draw(narrowed(x.shape)))
    shape = [1] * (x.ndim - len(shape)) + shape
    length = x.shape[axis]
    shape[axis] = data.draw(st.integers(0, 4)) if length else 0
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    places = rng.integers(-length, length or 1, shape)
    assert_same(
        tg.take_along_axis(x, places, axis), np.take_along_axis(x, places, axis)
    )
    flat = places.ravel() if x.size else np.zeros(0, int)
    assert_same(tg.take_along_axis(x, flat, None), np.take_along_axis(x, flat, None))
    if x.dtype == np.float64 and x.size and places.size:
        gradcheck(lambda x: tg.take_along_axis(x, places, axis), x, order=2)


def test_a_gradient_is_summed_where_an_element_was_picked_twice():
    x = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    (
        tg.take(x, [[2, 0], [2, -1]]) * np.array([[1.0, 10.0], [100.0, 1000.0]])
    ).sum().backward()
    assert x.grad.data.tolist() == [10.0, 0.0, 1101.0]


def test_indices_may_change_after_they_were_used():
    x = tg.Tensor(np.arange(3.0), requires_grad=True)
    places, lines = np.array([0, 0]), np.array([1])
    y = tg.take(x, places).sum() + tg.take_along_axis(x, lines).sum()
    places[:] = lines[:] = 2
    y.backward()
    assert x.grad.data.tolist() == [2.0, 1.0, 0.0]


# --- order -------------------------------------------------------------------------


@given(with_axis(min_side=0), st.booleans())
@FEW
def test_sort_puts_in_order_and_keeps_equals_so(case, descending):
    x, axis = case
    expected = np.sort(x, axis)
    if descending:
        expected = np.flip(expected, axis)
    assert_same(tg.sort(x, axis, descending), expected)
    order = tg.argsort(x, axis=axis, descending=descending)
    assert_same(tg.take_along_axis(x, order, axis), expected)
    key = (-x if x.dtype != bool else ~x) if descending else x
    assert_same(order, np.argsort(key, axis, kind="stable"))
    flat = np.sort(x, None)
    assert_same(tg.sort(x, None, descending), flat[::-1] if descending else flat)
    if x.dtype == np.float64 and x.size:
        gradcheck(lambda x: tg.sort(x, axis, descending), x, ties="any")


@given(st.lists(st.integers(0, 2), min_size=4, max_size=12))
@FEW
def test_equal_elements_stay_in_order(numbers):
    x = np.array(numbers, float)
    assert_same(tg.argsort(x), np.argsort(x, kind="stable"))
    down = np.argsort(-x, kind="stable")
    assert_same(tg.argsort(x, descending=True), down)
    assert_same(tg.argsort(tg.Tensor(x), descending=True, stable=False), down)
    assert_same(tg.topk(x, 3).indices, down[:3])


@given(st.permutations(range(6)), st.booleans())
@FEW
def test_sort_has_second_derivatives(order, descending):
    x = np.array(order, float).reshape(2, 3)
    gradcheck(lambda x: tg.sort(x * x, 1, descending), x, order=2)


def test_nan_counts_as_larger_than_any_number():
    x = np.array([1.0, np.nan, np.inf, -1.0])
    assert_same(tg.sort(x), np.sort(x))
    assert_same(tg.sort(x, descending=True), np.sort(x)[::-1])


@given(with_axis(), st.booleans(), st.data())
@FEW
def test_topk_is_the_head_of_a_sort(case, largest, data):
    x, axis = case
    k = data.draw(st.integers(0, x.shape[axis]))
    values, places = tg.topk(x, k, axis, largest)
    whole = tg.sort(x, axis, largest)
    assert_same(values, np.take(whole.data, np.arange(k), axis))
    assert_same(values, np.take_along_axis(x, places.data, axis))
    if x.dtype == np.float64 and k:
        gradcheck(lambda x: tg.topk(x, k, axis, largest).values, x, ties="any")


# --- places --------------------------------------------------------------------------


@given(st.data())
@FEW
def test_one_hot_has_a_one_at_the_label(data):
    classes = data.draw(st.integers(1, 4))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    labels = rng.integers(0, classes, data.draw(shapes(min_side=0)))
    dtype = data.draw(DTYPES)
    assert_same(
        tg.one_hot(labels, classes, dtype), np.eye(classes, dtype=dtype)[labels]
    )
    assert_same(tg.one_hot(tg.Tensor(labels), classes), np.eye(classes)[labels])


@given(with_axis(min_side=0))
@FEW
def test_nonzero_names_places(case):
    x, _ = case
    found, expected = tg.nonzero(x), np.nonzero(x)
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        assert_same(one, other)
    assert_same(tg.Tensor(x)[found], x[expected])


# --- assignment ----------------------------------------------------------------------


@st.composite
def assignments(draw, dtype=np.float64):
    x = draw(arrays(shape=shapes(min_side=0, max_side=3), dtype=dtype))
    index = draw(indices(x.shape))
    value = draw(arrays(shape=draw(narrowed(np.shape(x[index]))), dtype=dtype))
    return x, index, value


@given(st.data())
@settings(max_examples=100)
def test_set_is_numpy_s_assignment(data):
    x, index, value = data.draw(assignments(data.draw(DTYPES)))
    expected = x.copy()
    expected[index] = value
    assert_same(tg.At(x)[index].set(value), expected)
    assert_same(tg.At(tg.Tensor(x))[index].set(tg.Tensor(value)), expected)
    if value.size == 1 and x.dtype != bool:
        number = value.item() if x.dtype.kind == "f" else 7
        expected[index] = number
        assert_same(tg.At(x)[index].set(number), expected)


@given(st.data())
@settings(max_examples=50)
def test_add_counts_every_time_an_element_is_picked(data):
    x, index, value = data.draw(
        assignments(data.draw(st.sampled_from([np.float64, np.int32])))
    )
    expected = x.copy()
    # Of one shape with the index: np.add.at reads beyond a value that is to broadcast.
    np.add.at(expected, index, np.broadcast_to(value, x[index].shape).copy())
    found = tg.At(x)[index].add(value)
    assert found.dtype == x.dtype
    np.testing.assert_allclose(found.data, expected, rtol=1e-12, atol=1e-12)


@given(assignments(), st.booleans())
@settings(max_examples=50)
def test_gradients_of_assignments(case, adds):
    x, index, value = case
    if not x.size or not value.size:
        return

    def assigned(x, value):
        place = tg.At(x)[index]
        return place.add(value) if adds else place.set(value)

    gradcheck(assigned, x, value, order=2)
    gradcheck(lambda x, v: tg.tanh(assigned(x, v * v)), x, value, order=2)


def test_the_last_of_several_values_counts_and_alone_has_a_gradient():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    v = tg.Tensor([5.0, 6.0, 7.0], requires_grad=True)
    y = tg.At(x)[[0, 0, -2]].set(v)
    assert y.data.tolist() == [7.0, 2.0]
    (y * np.array([10.0, 100.0])).sum().backward()
    assert x.grad.data.tolist() == [0.0, 100.0]
    assert v.grad.data.tolist() == [0.0, 0.0, 10.0]


def test_assignment_leaves_the_operand_as_it_is_and_ignores_what_it_held():
    data = np.array([np.nan, np.inf, 1.0])
    x = tg.Tensor(data, requires_grad=True)
    y = tg.At(x)[:2].set(0.0)
    np.testing.assert_array_equal(x.data, data)
    y.sum().backward()
    assert x.grad.data.tolist() == [0.0, 0.0, 1.0]


def test_assignment_keeps_the_dtype_of_its_tensor():
    x = tg.Tensor([1.0, 2.0], dtype=np.float32, requires_grad=True)
    v = tg.Tensor([0.1], requires_grad=True)
    y = tg.At(x)[0].set(v) + tg.At(x)[[1]].add(v) + tg.At(x)[0].set(np.int64(3))
    assert y.dtype == np.float32
    y.sum().backward()
    assert v.grad.dtype == np.float64
    assert v.grad.data.tolist() == [2.0]
    with pytest.raises(
        TypeError, match=r"at\[0\].set: x holds int64, .*float64; use x.as"
    ):
        tg.At(tg.Tensor([1, 2]))[0].set(0.5)


def test_scatter_add_takes_what_broadcasts_to_the_index():
    places = np.zeros((2, 2), int)
    found = tg.scatter_add(np.array([1.0, 10.0]), places, 2)
    assert found.data.tolist() == [22.0, 0.0]
    gradcheck(lambda x: tg.scatter_add(x, places, 2), np.array([1.0, 10.0]), order=2)


def test_an_index_may_change_after_it_was_used():
    x = tg.Tensor(np.arange(3.0), requires_grad=True)
    index = np.array([0, 1])
    place = tg.At(x)[index]
    y = place.set(tg.Tensor([5.0, 6.0]))
    index[:] = 2
    assert place.add(1.0).data.tolist() == [1.0, 2.0, 2.0]
    y.sum().backward()
    assert x.grad.data.tolist() == [0.0, 0.0, 1.0]


# --- NumPy's own functions -----------------------------------------------------------

X = np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]])


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.take(x, [2, 0, 0], axis=1),
        lambda x: np.take_along_axis(x, np.argsort(x, axis=1), 1),
        lambda x: np.sort(x),
        lambda x: np.sort(x, axis=0, kind="stable"),
        lambda x: x[np.nonzero(x > 2.5)],
    ],
)
def test_numpy_s_own_functions_record(call):
    x = tg.Tensor(X, requires_grad=True)
    y = call(x)
    assert_same(y, call(X))
    assert y.requires_grad
    gradcheck(call, X)


# --- errors --------------------------------------------------------------------------

E = tg.zeros((2, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: tg.take(E, [0, 3], axis=1),
            r"take: index 3 is out of range for axis 1 of length 3 \(0 to 2, or -3 to",
        ),
        (lambda: tg.take(E, 0, axis=2), "take: axis 2 is out of range for 2 axes"),
        (lambda: tg.take(tg.zeros(0), 0), "of length 0 .it has none."),
        (lambda: tg.take_along_axis(E, [[3]], 1), "index 3 is out of range for axis 1"),
        (
            lambda: tg.take_along_axis(E, [1, 2], 1),
            r"but along axis 1, got x \(2, 3\) and indices \(2,\)",
        ),
        (
            lambda: tg.scatter_add([1.0, 2.0], [[0, 1, 2]], 3),
            r"must broadcast to \(1, 3\), which the index picks of \(3,\), got \(2,\)",
        ),
        (lambda: tg.scatter_add(1.0, 3, 3), "scatter_add: index 3 is out of bounds"),
        (lambda: tg.sort(1.0), "sort: axis -1 given, but a scalar has no axis"),
        (lambda: tg.topk(E, 4), "k must be 0 to 3, the length of axis 1, got 4"),
        (lambda: tg.one_hot([0, 3], 3), "must be 0 to 2 for 3 classes, got 3"),
        (lambda: tg.nonzero(1.0), "nonzero: needs at least one axis"),
        (
            lambda: tg.getitem(E, (0, 3)),
            "getitem: index 3 is out of bounds.* axis 1",
        ),
        (
            lambda: tg.At(E)[1, 3].set(0.0),
            r"x.at\[1, 3\].set: index 3 is out of bounds for axis 1 with size 3; got x",
        ),
        (
            lambda: tg.At(E)[:, 1:].add([1.0, 2.0, 3.0]),
            r"x.at\[:, 1:\].add: the value must broadcast to \(2, 2\), .*got \(3,\)",
        ),
        (
            lambda: tg.At(E)[0, 0, ..., 0].set(1.0),
            r"x.at\[0, 0, ..., 0\].set: too many",
        ),
    ],
)
def test_shape_errors_say_what_came(call, message):
    with pytest.raises(tg.ShapeError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tg.take(E, [0.5]), "take: indices must be integers, got float64"),
        (lambda: tg.one_hot([1.0], 3), "labels must be integers, got float64"),
        (lambda: tg.getitem(E, [0.5]), "must hold integers or booleans, got float64"),
        (lambda: tg.At(E)[[0.5]], "must hold integers or booleans, got float64"),
    ],
)
def test_indices_of_another_kind_are_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call()
