"""Residual: two ways that are added, and what does not fit."""

import re

import numpy as np
import pytest

import nn
import tinygrad_jp as tg


def affine(in_size, out_size, seed=0):
    return nn.Affine(in_size, out_size, rng=np.random.default_rng(seed), dtype=float)


X = np.random.default_rng(0).normal(size=(4, 3))


def test_what_goes_around_is_added():
    body, projection = affine(3, 3), affine(3, 3, 1)
    np.testing.assert_array_equal(nn.Residual(body)(X).data, X + body(X).data)
    both = nn.Residual(body, projection)(X).data
    np.testing.assert_array_equal(both, projection(X).data + body(X).data)


def test_gradients_pass_where_the_body_gives_none():
    x = tg.Tensor(-np.ones((2, 3)), requires_grad=True)
    nn.Residual(nn.ReLU())(x).sum().backward()
    assert x.grad.tolist() == [[1, 1, 1]] * 2


def test_modules_below_are_found_and_switched():
    dropout = nn.Dropout(0.5, rng=np.random.default_rng(0))
    block = nn.Residual(nn.Sequential(affine(3, 2), dropout), affine(3, 2))
    names = [name for name, _ in block.named_parameters()]
    assert names == ["body.Affine1.W", "body.Affine1.b", "projection.W", "projection.b"]
    assert not block.eval().body[1].training
    assert list(nn.Residual(nn.ReLU()).children) == ["body"]


def test_contract_is_that_of_both_ways():
    def random():
        return nn.Dropout(0.5, rng=np.random.default_rng(0))

    assert nn.Residual(nn.BatchNormalization(3)).contract.mixes_rows
    assert nn.Residual(nn.Tanh(), nn.BatchNormalization(3)).contract.mixes_rows
    assert nn.Residual(nn.ReLU(), random()).contract.random
    assert nn.Residual(random()).contract.without == ("takes one row", "splits")
    assert nn.Residual(nn.ReLU()).contract.laws == ()

    class Empty(nn.Module):
        def forward(self, x):
            return x

    assert nn.Residual(Empty()).contract is None
    assert nn.Residual(nn.ReLU(), Empty()).contract is None


@pytest.mark.parametrize(
    ("body", "projection", "words"),
    [
        (affine(3, 2), None, "; pass a projection that gives (4, 2) too"),
        (affine(3, 1), None, "; pass a projection that gives (4, 1) too"),
        (affine(3, 2), affine(3, 1), ", but projection gives (4, 1)"),
    ],
)
def test_shapes_that_would_broadcast_are_refused_too(body, projection, words):
    gives = (4, body.out_size)
    text = f"Residual: body gives {gives} for x of (4, 3){words}"
    with pytest.raises(tg.ShapeError, match=f"^{re.escape(text)}$"):
        nn.Residual(body, projection)(X)


def test_other_things_than_modules_are_refused():
    with pytest.raises(TypeError, match="Residual: body must be a Module, got None"):
        nn.Residual(None)
    with pytest.raises(TypeError, match="body must be a Module, got <function"):
        nn.Residual(lambda x: x)
    for wrong in ("same", 0, []):
        with pytest.raises(TypeError, match="projection must be a Module, got"):
            nn.Residual(nn.ReLU(), wrong)
