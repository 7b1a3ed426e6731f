"""Axes, joining, cutting and padding: NumPy's values, and gradients that come back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp.testing import gradcheck
from tinygrad_jp.testing.strategies import arrays, axes, broadcastable_shapes, shapes

FEW = settings(max_examples=25)
DTYPES = st.sampled_from([np.float16, np.float32, np.float64, np.int32, np.bool_])


def assert_agree(ours, expected, *operands):
    """Equal values of Tensors and arrays, NumPy's dtype, and right gradients."""
    tensors = [tg.Tensor(x) for x in operands]
    for found in (ours(*tensors), ours(*operands)):
        many = found if isinstance(found, tuple) else (found,)
        wanted = expected if isinstance(expected, (tuple, list)) else (expected,)
        assert len(many) == len(wanted)
        for one, array in zip(many, wanted):
            assert isinstance(one, tg.Tensor)
            assert one.dtype == np.asarray(array).dtype
            np.testing.assert_array_equal(one.data, array, strict=True)
    if all(x.dtype == np.float64 and x.size for x in operands) and any(
        np.size(array) for array in wanted
    ):
        gradcheck(ours, *operands, order=2)


@st.composite
def with_axis(draw, **sides):
    """An array with at least one axis, and one of its axes."""
    x = draw(arrays(shape=shapes(min_dims=1, **sides), dtype=draw(DTYPES)))
    return x, draw(axes(x.ndim, none=False, tuples=False))


SIDES = {"min_side": 0, "max_side": 3}


# --- axes ------------------------------------------------------------------------


@given(arrays(shape=shapes(**SIDES)), st.data())
@FEW
def test_axes_are_moved_as_numpy_moves_them(x, data):
    order = data.draw(st.permutations(range(-x.ndim, 0)))
    assert_agree(lambda x: tg.transpose(x), np.transpose(x), x)
    assert_agree(lambda x: tg.transpose(x, order), np.transpose(x, order), x)
    assert_agree(lambda x: tg.permute_dims(x, order), np.transpose(x, order), x)
    if x.ndim:
        i, j = data.draw(st.tuples(*[axes(x.ndim, none=False, tuples=False)] * 2))
        assert_agree(lambda x: tg.swapaxes(x, i, j), np.swapaxes(x, i, j), x)
        assert_agree(lambda x: tg.moveaxis(x, i, j), np.moveaxis(x, i, j), x)
    places = data.draw(st.permutations(range(x.ndim)))[: len(order[1:])]
    assert_agree(
        lambda x: tg.moveaxis(x, order[1:], places),
        np.moveaxis(x, order[1:], places),
        x,
    )


@given(arrays(shape=shapes(**SIDES)), st.data())
@FEW
def test_axes_of_length_one_come_and_go(x, data):
    new = data.draw(axes(x.ndim + 2, none=False).filter(lambda a: a != ()))
    while not isinstance(new, int) and len(new) > 2:
        new = new[:2]
    try:
        expected = np.expand_dims(x, new)
    except np.exceptions.AxisError:
        with pytest.raises(tg.ShapeError, match="expand_dims: axis"):
            tg.expand_dims(x, new)
        return
    assert_agree(lambda x: tg.expand_dims(x, new), expected, x)
    assert_agree(lambda x: tg.squeeze(x, new), x, expected)
    assert_agree(lambda x: tg.squeeze(x), np.squeeze(expected), expected)
    assert_agree(tg.atleast_1d, np.atleast_1d(x), x)
    assert_agree(tg.atleast_2d, np.atleast_2d(x), x)


@given(arrays(shape=shapes(**SIDES)), st.data())
@FEW
def test_flatten_merges_neighbouring_axes(x, data):
    assert_agree(tg.flatten, x.reshape(-1), x)
    ndim = max(x.ndim, 1)
    start = data.draw(st.integers(0, ndim - 1))
    end = data.draw(st.integers(start, ndim - 1))
    shape = x.shape or (1,)
    merged = int(np.prod(shape[start : end + 1], dtype=int))
    expected = x.reshape((*shape[:start], merged, *shape[end + 1 :]))
    assert_agree(lambda x: tg.flatten(x, start, end), expected, x)
    assert_agree(lambda x: tg.flatten(x, start - ndim, end - ndim), expected, x)


@given(broadcastable_shapes(3, min_side=0), st.data())
@FEW
def test_broadcasting_repeats(several, data):
    operands = [data.draw(arrays(shape=shape)) for shape in several]
    assert_agree(
        lambda *a: tg.broadcast_arrays(*a), np.broadcast_arrays(*operands), *operands
    )
    whole = np.broadcast_shapes(*several)
    x = operands[0]
    assert_agree(
        lambda x: tg.broadcast_to(x, list(whole)), np.broadcast_to(x, whole), x
    )


def test_shapes_may_be_ints_and_lists_that_change_later():
    x = tg.Tensor(np.arange(6.0), requires_grad=True)
    assert tg.reshape(x, 6).shape == tg.reshape(x, -1).shape == (6,)
    assert tg.reshape(x, np.int64(6)).shape == tg.broadcast_to(x[:1], 6).shape == (6,)
    shape, order, index = [2, 3], [1, 0], [0, 0]
    y = tg.permute_dims(tg.reshape(x, shape), order)
    z = tg.getitem(y, index)
    place = np.array([1])
    w = tg.scatter_add(z[:1], place, [2, 2])
    for changed in (shape, order, index):
        changed[:] = [5, 5]
    place[:] = 0
    (z.sum() + w.sum()).backward()
    assert x.grad.data.tolist() == [3.0, 0.0, 0.0, 3.0, 0.0, 0.0]
    with pytest.raises(
        TypeError, match=r"reshape: shape must be an int or ints, got 2\.5"
    ):
        tg.reshape(x, 2.5)
    with pytest.raises(TypeError, match=r"permute_dims: axes must be .*got \[0.5\]"):
        tg.permute_dims(x, [0.5])


# --- joining, cutting, repeating ---------------------------------------------------


@given(with_axis(**SIDES), st.integers(1, 3), st.data())
@FEW
def test_stacks_come_apart_again(case, count, data):
    x, _ = case
    several = [data.draw(arrays(shape=x.shape, dtype=x.dtype)) for _ in range(count)]
    axis = data.draw(st.integers(-x.ndim - 1, x.ndim))
    stacked = np.stack(several, axis)
    assert_agree(lambda *a: tg.stack(a, axis), stacked, *several)
    assert_agree(lambda s: tg.unstack(s, axis), several, stacked)
    assert_agree(
        lambda *a: tg.concat(a, axis=None), np.concatenate(several, None), *several
    )


@given(with_axis(**SIDES), st.data())
@FEW
def test_split_cuts_at_places_or_into_sections(case, data):
    x, axis = case
    cuts = data.draw(st.lists(st.integers(-4, 5), max_size=3))
    assert_agree(lambda x: tg.split(x, cuts, axis), np.split(x, cuts, axis), x)
    count = data.draw(st.integers(1, 4))
    try:
        expected = np.split(x, count, axis)
    except ValueError:
        with pytest.raises(tg.ShapeError, match=f"does not divide into {count} equal"):
            tg.split(x, count, axis)
    else:
        assert_agree(lambda x: tg.split(x, count, axis), expected, x)


@given(arrays(shape=shapes(max_dims=2, **SIDES)), st.data())
@FEW
def test_tile_lays_side_by_side(x, data):
    reps = data.draw(st.integers(0, 3) | st.lists(st.integers(0, 2), max_size=3))
    assert_agree(lambda x: tg.tile(x, reps), np.tile(x, reps), x)


@given(with_axis(**SIDES), st.data())
@FEW
def test_repeat_takes_one_number_or_one_for_each(case, data):
    x, axis = case
    n = data.draw(st.integers(0, 3))
    assert_agree(lambda x: tg.repeat(x, n), np.repeat(x, n), x)
    assert_agree(lambda x: tg.repeat(x, n, axis), np.repeat(x, n, axis), x)
    length = x.shape[axis]
    each = data.draw(st.lists(st.integers(0, 2), min_size=length, max_size=length))
    assert_agree(lambda x: tg.repeat(x, each, axis), np.repeat(x, each, axis), x)


# --- in another order --------------------------------------------------------------


@given(arrays(shape=shapes(**SIDES)), st.data())
@FEW
def test_flip_and_roll_move_elements(x, data):
    axis = data.draw(axes(x.ndim))
    assert_agree(lambda x: tg.flip(x, axis), np.flip(x, axis), x)
    shift = data.draw(st.integers(-7, 7))
    assert_agree(lambda x: tg.roll(x, shift), np.roll(x, shift), x)
    if x.ndim:
        several = data.draw(
            st.lists(axes(x.ndim, none=False, tuples=False), min_size=1, max_size=3)
        )
        shifts = [data.draw(st.integers(-7, 7)) for _ in several]
        for many in (shift, shifts):
            expected = np.roll(x, many, several)
            assert_agree(lambda x, s=many: tg.roll(x, s, several), expected, x)


def test_shifts_along_one_axis_add_up():
    x = np.arange(5.0)
    assert_agree(lambda x: tg.roll(x, (1, 3), (0, -1)), np.roll(x, (1, 3), (0, -1)), x)
    assert_agree(lambda x: tg.roll(x, (1, 3), 0), np.roll(x, (1, 3), 0), x)


@given(with_axis(max_side=4), st.integers(0, 3), st.data())
@FEW
def test_diff_subtracts_neighbours(case, n, data):
    x, axis = case
    if x.dtype == bool:
        x = x.astype(np.int32)
    assert_agree(lambda x: tg.diff(x, n, axis), np.diff(x, n, axis), x)
    end = data.draw(st.sampled_from([2, 0]))
    assert_agree(
        lambda x: tg.diff(x, axis=axis, prepend=end, append=x),
        np.diff(x, axis=axis, prepend=x.dtype.type(end), append=x),
        x,
    )


@given(st.lists(st.integers(0, 3), min_size=0, max_size=3), st.booleans(), st.data())
@FEW
def test_meshgrid_lays_out_coordinates(lengths, sparse, data):
    several = [data.draw(arrays(shape=(n,))) for n in lengths]
    if several:
        several[0] = data.draw(st.sampled_from([several[0], np.array(2.0)]))
    for indexing in ("xy", "ij"):
        expected = np.meshgrid(*several, indexing=indexing, sparse=sparse)
        assert_agree(
            lambda *a, i=indexing: tg.meshgrid(*a, indexing=i, sparse=sparse),
            expected,
            *several,
        )


# --- padding -----------------------------------------------------------------------


@st.composite
def pad_widths(draw, ndim):
    one = st.integers(0, 4)
    pair = st.tuples(one, one)
    each = st.lists(pair, min_size=ndim, max_size=ndim)
    return draw(one | pair | pair.map(lambda p: (p,)) | each)


@given(arrays(shape=shapes(min_dims=1, **SIDES), dtype=np.float64), st.data())
@settings(max_examples=40)
def test_pad_is_numpy_s_in_every_mode(x, data):
    width = data.draw(pad_widths(x.ndim))
    assert_agree(lambda x: tg.pad(x, width), np.pad(x, width), x)
    value = data.draw(st.sampled_from([-1.5, 0.0, -np.inf, (1.0, 2.0)]))
    expected = np.pad(x, width, constant_values=value)
    found = tg.pad(x, width, constant_values=value)
    np.testing.assert_array_equal(found.data, expected, strict=True)
    for mode in ("edge", "reflect", "symmetric", "wrap"):
        try:
            expected = np.pad(x, width, mode)
        except ValueError:
            with pytest.raises(tg.ShapeError, match="which has none"):
                tg.pad(x, width, mode)
        else:
            assert_agree(lambda x, m=mode: tg.pad(x, width, m), expected, x)


def test_a_scalar_has_no_end_to_pad():
    for mode in ("constant", "edge"):
        assert tg.pad(2.0, 3, mode, constant_values=1.0).data.tolist() == 2.0


@given(arrays(shape=shapes(min_dims=1, max_side=3), dtype=np.float32))
@FEW
def test_pad_keeps_the_dtype_and_takes_axes_by_number(x):
    y = tg.pad(x, {-1: (1, 2)}, constant_values=0.1)
    widths = [(0, 0)] * (x.ndim - 1) + [(1, 2)]
    expected = np.pad(x, widths, constant_values=0.1)
    np.testing.assert_array_equal(y.data, expected, strict=True)


# --- NumPy's own functions ----------------------------------------------------------

X = np.arange(24.0).reshape(2, 3, 4)

PROTOCOL = [
    lambda x: np.transpose(x, [2, 0, 1]),
    lambda x: np.swapaxes(x, 0, -1),
    lambda x: np.moveaxis(x, [0, 1], [-1, 0]),
    lambda x: np.ravel(x),
    lambda x: np.reshape(x, [4, 6]),
    lambda x: np.expand_dims(x, (0, -1)),
    lambda x: np.broadcast_to(x, (2, 2, 3, 4)),
    lambda x: np.broadcast_arrays(x, np.ones((5, 1, 1, 1)))[0],
    lambda x: np.atleast_1d(x),
    lambda x: np.atleast_2d(x, x)[1],
    lambda x: np.stack([x, X], axis=-1),
    lambda x: np.concatenate([x, X], None),
    lambda x: np.split(x, 2, axis=-1)[1],
    lambda x: np.split(x, [1, 2], 1)[1],
    lambda x: np.tile(x, (2, 1)),
    lambda x: np.repeat(x, [1, 0, 2], axis=1),
    lambda x: np.repeat(x, 2),
    lambda x: np.flip(x, 1),
    lambda x: np.roll(x, 2, axis=2),
    lambda x: np.pad(x, 1, mode="reflect"),
    lambda x: np.pad(x, ((0, 0), (1, 0), (0, 2)), constant_values=3.0),
    lambda x: np.diff(x, axis=1, append=X),
    lambda x: np.meshgrid(x[0, 0], np.ones(2))[0],
]
if hasattr(np, "unstack"):  # NumPy 2.1
    PROTOCOL.append(lambda x: np.unstack(x, axis=1)[2])


@pytest.mark.parametrize("call", PROTOCOL)
def test_numpy_s_own_functions_record(call):
    x = tg.Tensor(X, requires_grad=True)
    y = call(x)
    np.testing.assert_array_equal(y.data, call(X), strict=True)
    assert y.requires_grad
    gradcheck(call, X)


# --- errors ------------------------------------------------------------------------

E = np.zeros((2, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tg.flatten(E, 1, 0), "start_dim must not come after end_dim, got 1"),
        (lambda: tg.flatten(E, 2), "flatten: axis 2 is out of range for 2 axes"),
        (lambda: tg.swapaxes(E, 0, 2), "swapaxes: axis 2 is out of range for 2 axes"),
        (lambda: tg.moveaxis(E, 0, (0, 1)), "got 1 in source and 2 in destination"),
        (lambda: tg.moveaxis(E, (0, 0), (0, 1)), "an axis is given twice"),
        (
            lambda: tg.broadcast_arrays(E, np.zeros(4)),
            r"broadcast_arrays: the shapes do not broadcast: \(2, 3\) and \(4,\)",
        ),
        (lambda: tg.stack([]), "stack: needs at least one tensor, got none"),
        (lambda: tg.stack([E, E.T]), r"one shape, got \(2, 3\) and \(3, 2\)"),
        (lambda: tg.stack([E], 3), "stack: axis 3 is out of range for 3 axes"),
        (
            lambda: tg.split(E, 2, 1),
            r"axis 1 of length 3 does not divide into 2 equal pieces; give .* \[1\]",
        ),
        (lambda: tg.split(E, 0), "does not divide into 0 equal pieces"),
        (lambda: tg.unstack(1.0), "unstack: axis 0 given, but a scalar has no axis"),
        (lambda: tg.tile(E, -1), "tile: reps must not be negative, got -1"),
        (lambda: tg.repeat(E, [1], 5), "repeat: axis 5 is out of range"),
        (lambda: tg.repeat(E, [1, 2], 1), "each of the 3 elements of axis 1, got 2"),
        (lambda: tg.repeat(E, [1, -2], 0), "repeats must not be negative"),
        (lambda: tg.roll(E, (1, 2, 3), (0, 1)), "got 3 shifts and 2 axes"),
        (lambda: tg.roll(E, 1, 2), "roll: axis 2 is out of range for 2 axes"),
        (lambda: tg.pad(E, [(1, 1)] * 3), r"each of the 2 axes of shape \(2, 3\)"),
        (lambda: tg.pad(E, -1), "must not be negative, got -1; to cut off use a slice"),
        (
            lambda: tg.pad(np.zeros((0, 2)), 1, "edge"),
            r"takes elements from axis 0, which has none in shape \(0, 2\)",
        ),
        (lambda: tg.meshgrid(E), r"meshgrid: needs arrays of one axis, got .*\(2, 3\)"),
        (lambda: tg.diff(1.0), "diff: axis -1 given, but a scalar has no axis"),
    ],
)
def test_shape_errors_say_what_came(call, message):
    with pytest.raises(tg.ShapeError, match=message):
        call()


def test_other_errors():
    with pytest.raises(ValueError, match=r"mode must be one of constant, .*got 'odd'"):
        tg.pad(E, 1, "odd")
    with pytest.raises(TypeError, match=r"pad_width must hold ints, got 1\.5"):
        tg.pad(E, 1.5)
    with pytest.raises(TypeError, match="constants, got a tensor that requires"):
        tg.pad(E, 1, constant_values=tg.Tensor(1.0, requires_grad=True))
    with pytest.raises(ValueError, match="indexing must be 'xy' or 'ij', got 'yx'"):
        tg.meshgrid([1.0], indexing="yx")
    with pytest.raises(ValueError, match="n must not be negative, got -1"):
        tg.diff(E, -1)
