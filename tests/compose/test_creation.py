"""Constants and dtypes: NumPy's, as Tensors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp.testing.strategies import arrays, shapes

FEW = settings(max_examples=25)
REAL = [
    *(f"float{n}" for n in (16, 32, 64)),
    *(f"{kind}{n}" for kind in ("int", "uint") for n in (8, 16, 32, 64)),
    "bool",
]


def assert_same(found, expected):
    assert isinstance(found, tg.Tensor)
    assert not found.requires_grad
    np.testing.assert_array_equal(found.data, expected, strict=True)
    assert np.array(found).flags.writeable


@given(shapes(min_side=0), st.sampled_from(REAL))
@FEW
def test_filled_arrays_are_numpy_s(shape, dtype):
    for ours, numpys in ((tg.zeros, np.zeros), (tg.ones, np.ones)):
        assert_same(ours(shape), numpys(shape))
        assert_same(ours(list(shape), dtype), numpys(shape, dtype))
    assert_same(tg.full(shape, 3), np.full(shape, 3))
    assert_same(tg.full(shape, 1.0, dtype), np.full(shape, 1.0, dtype))
    assert_same(tg.full(shape, tg.Tensor(0.5)), np.full(shape, 0.5))
    assert tg.empty(shape, dtype).shape == shape
    assert tg.empty(shape, dtype).dtype == np.dtype(dtype)
    assert tg.zeros(3).shape == (3,)


@given(arrays(dtype=np.float32), st.sampled_from([None, *REAL]))
@FEW
def test_arrays_like_others(x, dtype):
    t = tg.Tensor(x, requires_grad=True)
    for name in ("zeros_like", "ones_like"):
        expected = getattr(np, name)(x, dtype)
        for given_x in (x, t):
            assert_same(getattr(tg, name)(given_x, dtype=dtype), expected)
        assert_same(getattr(np, name)(t, dtype=dtype), expected)
    expected = np.full_like(x, 1, dtype=dtype)
    assert_same(tg.full_like(t, 1, dtype=dtype), expected)
    assert_same(np.full_like(t, 1, dtype=dtype), expected)
    for empty in (tg.empty_like(t, dtype), np.empty_like(t, dtype)):
        assert isinstance(empty, tg.Tensor)
        assert (empty.shape, empty.dtype) == (x.shape, np.dtype(dtype or np.float32))


@given(st.integers(0, 4), st.none() | st.integers(0, 4), st.integers(-5, 5))
@FEW
def test_eye_is_numpy_s(rows, columns, k):
    assert_same(tg.eye(rows, columns, k=k), np.eye(rows, columns, k))
    assert_same(tg.eye(rows, dtype=tg.float32), np.eye(rows, dtype=np.float32))


@given(
    st.integers(-3, 3) | st.floats(-3, 3),
    st.integers(-3, 3),
    st.sampled_from([1, -2, 0.5]),
)
@FEW
def test_ranges_are_numpy_s(start, stop, step):
    assert_same(tg.arange(stop), np.arange(stop))
    assert_same(tg.arange(start, stop, step), np.arange(start, stop, step))
    assert_same(tg.arange(3, dtype=np.float32), np.arange(3, dtype=np.float32))
    for num in (0, 1, 4):
        assert_same(tg.linspace(start, stop, num), np.linspace(start, stop, num))
    assert_same(tg.linspace(0, 1, 4, endpoint=False), np.linspace(0, 1, 4, False))
    assert_same(tg.linspace(0, 3, dtype="int32"), np.linspace(0, 3, dtype=np.int32))


def test_a_fresh_constant_is_nobody_else_s():
    x = tg.zeros(3)
    x.requires_grad = True
    (x * 2.0).sum().backward()
    assert x.grad.data.tolist() == [2.0] * 3
    assert not tg.zeros(3).data.any()


@pytest.mark.parametrize(
    "call",
    [
        lambda: tg.zeros(2, dtype=complex),
        lambda: tg.full(2, 1j),
        lambda: tg.eye(2, dtype="complex64"),
        lambda: tg.zeros_like(tg.ones(2), dtype=object),
        lambda: (
            tg.linspace(0, 1, dtype=np.longdouble)
            if np.longdouble(0).itemsize > 8
            else tg.zeros(2, dtype="S1")
        ),
    ],
)
def test_only_real_numbers_are_made(call):
    with pytest.raises(TypeError, match="needs"):
        call()


def test_errors_name_the_function():
    with pytest.raises(TypeError, match=r"full: makes constants.* use tg.broadcast_to"):
        tg.full(2, tg.Tensor(1.0, requires_grad=True))
    with pytest.raises(
        tg.ShapeError, match="zeros: shape must not be negative, got -1"
    ):
        tg.zeros(-1)
    with pytest.raises(tg.ShapeError, match="full: could not broadcast"):
        tg.full(2, [1.0, 2.0, 3.0])
    with pytest.raises(
        TypeError, match=r"ones: shape must be an int or ints, got 1\.5"
    ):
        tg.ones(1.5)
    with pytest.raises(ValueError, match="arange: step must not be 0"):
        tg.arange(1, 2, 0)
    with pytest.raises(ValueError, match="num must not be negative, got -1"):
        tg.linspace(0, 1, -1)


# --- dtypes ------------------------------------------------------------------------


@pytest.mark.parametrize("name", REAL)
def test_dtypes_are_what_tensors_have(name):
    dtype = getattr(tg, name)
    assert dtype == np.dtype(name)
    assert tg.zeros(1, dtype=dtype).dtype is dtype


def test_constants_are_numpy_s():
    assert (tg.pi, tg.e, tg.inf) == (np.pi, np.e, np.inf)
    assert np.isnan(tg.nan)
    assert tg.ones(2)[tg.newaxis].shape == (1, 2)


KINDS = {
    "bool": ["bool"],
    "signed integer": ["int8", "int16", "int32", "int64"],
    "unsigned integer": ["uint8", "uint16", "uint32", "uint64"],
    "real floating": ["float16", "float32", "float64"],
    "complex floating": ["complex64", "complex128"],
}
KINDS["integral"] = KINDS["signed integer"] + KINDS["unsigned integer"]
KINDS["numeric"] = (
    KINDS["integral"] + KINDS["real floating"] + KINDS["complex floating"]
)


@pytest.mark.parametrize("kind", KINDS)
def test_isdtype_knows_the_array_api_s_kinds(kind):
    for name in {name for names in KINDS.values() for name in names}:
        assert tg.isdtype(np.dtype(name), kind) is (name in KINDS[kind])
        assert tg.isdtype(np.dtype(name), ("bool", kind)) is (
            name in KINDS[kind] or name == "bool"
        )
    assert tg.isdtype(tg.ones(1), "real floating")
    assert tg.isdtype(np.float32, tg.float32)
    assert not tg.isdtype(np.float32, tg.float64)
    with pytest.raises(
        ValueError, match="isdtype: kind must be a dtype or one of bool"
    ):
        tg.isdtype(tg.float32, "real")


def test_limits_and_casts_take_tensors():
    x = tg.ones(2, dtype=tg.float32)
    assert tg.finfo(x).eps == np.finfo(np.float32).eps
    assert tg.iinfo(tg.ones(2, dtype=tg.int8)).max == 127
    assert tg.result_type(x, tg.float64) == np.float64
    assert tg.result_type(x, 2.0) == np.float32
    assert tg.result_type(x, tg.ones(2, dtype=tg.int64)) == np.float64
    assert np.result_type(x, np.float64) == np.float64
    assert tg.can_cast(x, tg.float64)
    assert not tg.can_cast(tg.ones(2), x)
    assert np.can_cast(tg.float32, np.float64)
