"""Products in float16: summed in float32 by BLAS, and rounded once."""

import numpy as np
import pytest

import tinygrad_jp as tg

SHAPES = [
    ((400,), (400,)),
    ((400,), (400, 300)),
    ((7, 400), (400,)),
    ((64, 2048), (2048, 64)),
    ((60, 400), (2, 400, 50)),
]


def numbers(*shapes, dtype=np.float16):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


@pytest.mark.parametrize("shapes", SHAPES)
def test_a_product_is_that_in_float32_rounded_once(shapes):
    x, y = numbers(*shapes)
    out = tg.matmul(x, y)
    wide = np.matmul(x.astype(np.float32), y.astype(np.float32))
    assert out.dtype == np.float16
    np.testing.assert_allclose(out.numpy(), wide, rtol=6e-4, atol=2e-3)
    if len(shapes[1]) == 2 == len(shapes[0]):
        rounded = wide.astype(np.float16)
        np.testing.assert_array_equal(out.numpy(), rounded)


def test_gradients_of_a_product_are_rounded_once_too():
    x, y, g = numbers((64, 50), (50, 2048), (64, 2048))
    first = tg.Tensor(x, requires_grad=True)
    tg.matmul(first, y).backward(g)
    wide = g.astype(np.float32) @ y.T.astype(np.float32)
    np.testing.assert_array_equal(first.grad.numpy(), wide.astype(np.float16))


def test_gradients_of_gradients_are_taken_through_it():
    x, y = numbers((3, 4), (4, 2))
    first, second = (tg.Tensor(a, requires_grad=True) for a in (x, y))
    tg.matmul(first, second).backward(np.ones((3, 2), np.float16), create_graph=True)
    first.grad.sum().backward()
    assert first.grad.dtype == second.grad.dtype == np.float16
    np.testing.assert_allclose(second.grad.numpy()[0], x[:, 0].sum() + 3, rtol=2e-3)


def test_other_dtypes_are_left_alone():
    half, single = numbers((3, 4), (4, 2))
    single = single.astype(np.float32)
    assert tg.matmul(half, single).dtype == np.float32
    whole = np.array([[16_385, 2], [3, 4]], np.int16)  # no float16, though as wide
    assert (
        tg.matmul(whole, np.eye(2, dtype=np.int16)).numpy().tolist() == whole.tolist()
    )


def test_an_overflow_is_infinite_and_told():
    x = np.full((2, 300), 30, np.float16)
    with pytest.warns(RuntimeWarning, match="overflow"):
        out = tg.matmul(x, x.T).numpy()
    assert np.isinf(out).all()
