"""Memory shared with PyTorch by DLPack, both ways, without a copy."""

import numpy as np
import pytest
import torch

import tinygrad_jp as tg

pytestmark = pytest.mark.peers


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
def test_memory_goes_both_ways(dtype):
    x = tg.Tensor([[1, 2, 3], [4, 5, 6]], dtype=dtype)
    there = torch.from_dlpack(x)
    assert there.data_ptr() == x.data.ctypes.data
    assert there.tolist() == x.tolist()
    theirs = torch.arange(6).reshape(2, 3).T
    here = tg.from_dlpack(theirs)
    assert here.data.ctypes.data == theirs.data_ptr()
    assert here.tolist() == theirs.tolist()


def test_what_pytorch_writes_is_noticed():
    x = tg.Tensor([3.0], requires_grad=True)
    there = torch.from_dlpack(x)
    y = x * x
    there[0] = 50.0
    with pytest.raises(tg.GraphError, match="changed in place"):
        y.backward()


def test_a_graph_keeps_its_values_when_pytorch_gets_a_copy():
    x = tg.Tensor([3.0], requires_grad=True)
    y = x * x
    torch.from_dlpack(x)[0] = 50.0
    y.backward()
    assert x.grad.tolist() == [6.0]
