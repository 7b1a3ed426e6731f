"""Memory shared with other libraries: DLPack, NumPy, the Array API's namespace."""

import ctypes

import numpy as np
import pytest

import tinygrad_jp as tg


def test_memory_goes_out_without_a_copy():
    x = tg.Tensor([1.0, 2.0, 3.0])
    out = np.from_dlpack(x)
    assert np.shares_memory(out, x.data)
    assert x.__dlpack_device__() == (1, 0)
    again = np.from_dlpack(x)
    assert np.shares_memory(again, x.data)


def test_memory_comes_in_without_a_copy():
    a = np.arange(3.0)
    x = tg.from_dlpack(a)
    assert np.shares_memory(x.data, a)
    there = np.from_dlpack(x)
    np.testing.assert_array_equal(there, a)
    if np.lib.NumpyVersion(np.__version__) >= "2.1.0":
        assert np.shares_memory(there, a)
    assert not np.shares_memory(tg.from_dlpack(a, copy=True).data, a)
    with pytest.raises(ValueError, match="device must be 'cpu' or None, got 'cuda'"):
        tg.from_dlpack(a, device="cuda")


def test_whoever_writes_to_memory_given_away_is_noticed():
    x = tg.Tensor([3.0], requires_grad=True)
    address = np.from_dlpack(x).ctypes.data
    y = x * x
    ctypes.c_double.from_address(address).value = 50.0
    with pytest.raises(tg.GraphError, match="changed in place"):
        y.backward()


def test_memory_that_a_graph_holds_is_given_away_as_a_copy():
    x = tg.Tensor([3.0], requires_grad=True)
    y = x * x
    out = np.from_dlpack(x)
    assert not np.shares_memory(out, x.data)
    with pytest.raises(BufferError, match="as a copy only"):
        x.__dlpack__(copy=False)
    y.backward()
    assert x.grad.tolist() == [6.0]


def test_asarray_of_a_tensor_is_a_read_only_view():
    x = tg.Tensor([1.0, 2.0])
    view = np.asarray(x)
    assert np.shares_memory(view, x.data)
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 5.0
    copied = np.array(x)
    copied[0] = 5.0
    assert x.tolist() == [1.0, 2.0]


def test_the_array_namespace_is_tinygrad_jp():
    x = tg.Tensor([1.0, 4.0], requires_grad=True)
    xp = x.__array_namespace__()
    assert xp is tg
    xp.sum(xp.sqrt(x)).backward()
    np.testing.assert_array_equal(x.grad.data, [0.5, 0.25])
