"""Convolution and pooling against PyTorch's, values and gradients, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as theirs
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp.testing.strategies import arrays
from tinygrad_jp.testing.windows import window_settings

pytestmark = pytest.mark.peers

CONV = {1: theirs.conv1d, 2: theirs.conv2d, 3: theirs.conv3d}
CONV_TRANSPOSE = {
    1: theirs.conv_transpose1d,
    2: theirs.conv_transpose2d,
    3: theirs.conv_transpose3d,
}
MAX_POOL = {1: theirs.max_pool1d, 2: theirs.max_pool2d, 3: theirs.max_pool3d}
AVG_POOL = {1: theirs.avg_pool1d, 2: theirs.avg_pool2d, 3: theirs.avg_pool3d}
FEWER = settings(max_examples=settings().max_examples // 2)


def compare(ours: Any, peers: Any, *operands: Any) -> None:
    """Values, first and second derivatives of a weighted sum of squares."""
    mine = [tg.Tensor(x, requires_grad=True) for x in operands]
    their = [torch.tensor(x, requires_grad=True) for x in operands]
    y, z = ours(*mine), peers(*their)
    close(y, z)
    weights = np.cos(np.arange(y.size)).reshape(y.shape)
    (y * y * weights).sum().backward(create_graph=True)
    first = torch.autograd.grad(
        (z * z * torch.tensor(weights)).sum(), their, create_graph=True
    )
    total: Any = 0.0
    for x, g in zip(mine, first):
        close(x.grad, g)
        total = total + (x.grad * x.grad).sum()
        x.grad = None
    total.backward()
    second = torch.autograd.grad(sum((g * g).sum() for g in first), their)
    for x, g in zip(mine, second):
        close(x.grad, g)


def close(ours: Any, peers: Any) -> None:
    """Equal but for rounding, on the scale of the largest element."""
    expected = peers.detach().numpy()
    scale = np.abs(expected).max(initial=1.0)
    np.testing.assert_allclose(ours.data, expected, rtol=0, atol=1e-11 * scale)


@st.composite
def settings_of_torch(draw: Any) -> tuple[Any, Any, dict[str, Any]]:
    """As `window_settings`, with as much padding before an axis as after it."""
    spatial, size, keywords = draw(window_settings())
    keywords["padding"] = tuple([max(ends) for ends in keywords["padding"]])
    return spatial, size, keywords


@given(settings_of_torch(), st.data())
@FEWER
def test_conv(case: Any, data: st.DataObject) -> None:
    spatial, size, keywords = case
    N, groups, depth, pieces = (data.draw(st.integers(1, 3)) for _ in range(4))
    x = data.draw(arrays(shape=(N, groups * depth, *spatial)))
    W = data.draw(arrays(shape=(groups * pieces, depth, *size)))
    b = data.draw(arrays(shape=(groups * pieces,)))
    keywords["groups"] = groups
    compare(
        lambda *o: tg.conv(*o, **keywords),
        lambda *o: CONV[len(size)](*o, **keywords),
        x,
        W,
        b,
    )


@given(settings_of_torch(), st.data())
@FEWER
def test_conv_transpose(case: Any, data: st.DataObject) -> None:
    _, size, keywords = case
    keywords["padding"] = tuple(
        [
            min(p, (k - 1) * d // 2)
            for p, k, d in zip(keywords["padding"], size, keywords["dilation"])
        ]
    )
    N, groups, depth, pieces = (data.draw(st.integers(1, 3)) for _ in range(4))
    spatial = [data.draw(st.integers(1, 3)) for _ in size]
    keywords["output_padding"] = tuple(
        [data.draw(st.integers(0, step - 1)) for step in keywords["stride"]]
    )
    x = data.draw(arrays(shape=(N, groups * depth, *spatial)))
    W = data.draw(arrays(shape=(groups * depth, pieces, *size)))
    b = data.draw(arrays(shape=(groups * pieces,)))
    keywords["groups"] = groups
    compare(
        lambda *o: tg.conv_transpose(*o, **keywords),
        lambda *o: CONV_TRANSPOSE[len(size)](*o, **keywords),
        x,
        W,
        b,
    )


@given(settings_of_torch(), st.data())
@FEWER
def test_pooling(case: Any, data: st.DataObject) -> None:
    spatial, size, keywords = case
    del keywords["dilation"]
    # PyTorch takes padding up to half of a window.
    keywords["padding"] = tuple(
        [min(p, k // 2) for p, k in zip(keywords["padding"], size)]
    )
    spatial = [max(n, k) for n, k in zip(spatial, size)]
    count = int(np.prod(spatial)) * 4
    order = data.draw(st.randoms(use_true_random=False)).sample(range(count), count)
    x = (
        np.array(order, float).reshape(2, 2, *spatial) / count
    )  # PyTorch's max has one winner
    for ours, peers in ((tg.max_pool, MAX_POOL), (tg.avg_pool, AVG_POOL)):
        compare(
            lambda x, ours=ours: ours(x, size, **keywords),
            lambda x, peers=peers: peers[len(size)](x, size, **keywords),
            x,
        )


def test_volumes() -> None:
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(2, 4, 5, 4, 6)), rng.normal(size=(6, 2, 2, 3, 2))
    keywords = {"stride": (1, 2, 1), "padding": (1, 0, 1), "dilation": (2, 1, 1)}
    compare(
        lambda x, W: tg.conv3d(x, W, groups=2, **keywords),
        lambda x, W: theirs.conv3d(x, W, groups=2, **keywords),
        x,
        W,
    )
    compare(lambda x: tg.avg_pool(x, 2), lambda x: theirs.avg_pool3d(x, 2), x)
