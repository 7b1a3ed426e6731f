"""Our optimisers against PyTorch's, step by step in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg

pytestmark = pytest.mark.peers

SLOPES = st.floats(-5, 5).filter(lambda v: v == 0 or abs(v) > 1e-3)
GRADIENTS = st.lists(st.lists(SLOPES, min_size=3, max_size=3), min_size=1, max_size=8)

PAIRS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "SGD": (nn.SGD, torch.optim.SGD),
    "Momentum": (
        nn.Momentum,
        lambda p, **k: torch.optim.SGD(p, momentum=0.9, **k),
    ),
    "Nesterov": (
        nn.Nesterov,
        lambda p, **k: torch.optim.SGD(p, momentum=0.9, nesterov=True, **k),
    ),
    "AdaGrad": (
        nn.AdaGrad,
        lambda p, **k: torch.optim.Adagrad(p, eps=1e-7, **k),
    ),
    "RMSProp": (
        nn.RMSProp,
        lambda p, **k: torch.optim.RMSprop(p, eps=1e-7, **k),
    ),
    "Adam": (nn.Adam, torch.optim.Adam),
    "AdamW": (nn.AdamW, torch.optim.AdamW),
}


@pytest.mark.parametrize("name", PAIRS)
@given(
    gradients=GRADIENTS,
    lr=st.floats(1e-4, 1.0),
    weight_decay=st.sampled_from([0.0, 0.01, 0.3]),
)
@settings(max_examples=30)
def test_steps_are_the_same(
    name: str, gradients: list[list[float]], lr: float, weight_decay: float
) -> None:
    values = np.array([1.0, -2.0, 0.5])
    p = tg.Tensor(values, requires_grad=True)
    q = torch.tensor(values, requires_grad=True)
    make_ours, make_theirs = PAIRS[name]
    ours = make_ours([p], lr=lr, weight_decay=weight_decay)
    theirs = make_theirs([q], lr=lr, weight_decay=weight_decay)
    for gradient in gradients:
        p.grad, q.grad = tg.Tensor(gradient), torch.tensor(gradient, dtype=q.dtype)
        ours.step()
        theirs.step()
        np.testing.assert_allclose(p.data, q.detach().numpy(), 1e-9, 1e-11)


@given(gradients=GRADIENTS, max_norm=st.floats(0.01, 100))
def test_clipping_is_the_same(gradients: list[list[float]], max_norm: float) -> None:
    ours = [tg.Tensor(np.zeros(3), requires_grad=True) for _ in gradients]
    theirs = [torch.zeros(3, dtype=torch.float64) for _ in gradients]
    for p, q, gradient in zip(ours, theirs, gradients):
        p.grad, q.grad = tg.Tensor(gradient), torch.tensor(gradient, dtype=q.dtype)
    norm = nn.clip_grad_norm(ours, max_norm)
    assert norm == pytest.approx(
        torch.nn.utils.clip_grad_norm_(theirs, max_norm).item()
    )
    for p, q in zip(ours, theirs):
        assert p.grad is not None
        assert q.grad is not None
        # PyTorch adds 1e-6 to the norm that it divides by.
        tolerance = 1e-9 + 2e-6 / (norm or 1.0)
        np.testing.assert_allclose(p.grad.data, q.grad.numpy(), tolerance, 1e-12)


def test_schedules_are_the_same() -> None:
    q = torch.zeros(1, requires_grad=True)
    sgd = torch.optim.SGD([q], lr=1.0)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, 10, eta_min=0.1)
    ours = nn.CosineDecay(10, 0.1)
    for _ in range(10):
        sgd.step()
        cosine.step()
        assert ours.step() == pytest.approx(cosine.get_last_lr()[0])
    sgd = torch.optim.SGD([q], lr=1.0)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(sgd, patience=2)
    falling = nn.Plateau(patience=2)
    for loss in (1.0, 0.9, 0.9, 0.9, 0.9, 0.8, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9):
        plateau.step(loss)
        assert falling.end_epoch(loss) == pytest.approx(sgd.param_groups[0]["lr"])
