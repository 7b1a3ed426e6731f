"""Clipping of gradients, between `backward` and the optimiser's step."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tinygrad_jp as tg
from nn import checks


def clip_grad_norm(parameters: Iterable[tg.Tensor], max_norm: float) -> float:
    """Shorten all gradients together to a norm of `max_norm`; shorter ones stay.

    The direction of the whole gradient stays as it is (Pascanu et al. 2013).

    Args:
        parameters: Whose `grad` is replaced; those without are left out.
        max_norm: The largest Euclidean norm of all elements together.

    Returns:
        The norm before.

    Raises:
        NonFiniteError: A gradient holds NaN or an infinity; none has changed then.

    Example:
        >>> p = tg.Tensor([3.0, 4.0], requires_grad=True)
        >>> (p * p * 0.5).sum().backward()
        >>> nn.clip_grad_norm([p], 1.0)
        5.0
        >>> p.grad.tolist()
        [0.6000000000000001, 0.8]
    """
    limit = checks.real("clip_grad_norm", "max_norm", max_norm)
    found = _gradients(parameters)
    total = _norm(found.values())
    if not isfinite(total):
        raise tg.NonFiniteError(f"clip_grad_norm: {_culprit(found)}")
    if total > limit:
        for parameter, gradient in found.items():
            parameter.grad = tg.asarray(gradient * (limit / total))
    return total


def clip_grad_value(parameters: Iterable[tg.Tensor], limit: float) -> None:
    """Bring each element of each gradient between ``-limit`` and ``limit``.

    Args:
        parameters: Whose `grad` is replaced; those without are left out.
        limit: The largest absolute value of an element.

    Example:
        >>> p = tg.Tensor([3.0, -0.5], requires_grad=True)
        >>> (p * p).sum().backward()
        >>> nn.clip_grad_value([p], 1.0)
        >>> p.grad.tolist()
        [1.0, -1.0]
    """
    limit = checks.real("clip_grad_value", "limit", limit)
    for parameter, gradient in _gradients(parameters).items():
        parameter.grad = tg.asarray(np.clip(gradient, -limit, limit))


def _gradients(parameters: Iterable[tg.Tensor]) -> dict[tg.Tensor, NDArray[Any]]:
    """The gradients that are there, each once."""
    return {p: p.grad.data for p in parameters if p.grad is not None}


def _norm(gradients: Iterable[NDArray[Any]]) -> float:
    """The Euclidean norm of all of them together."""
    flat = [np.ravel(gradient) for gradient in gradients]
    with np.errstate(over="ignore"):
        total = sum([float(np.dot(array, array)) for array in flat])
    if not 1e-30 < total < inf:
        # The squares may have had no room in their dtype, where their root has.
        total = sum([float(np.sum(np.square(a, dtype=np.float64))) for a in flat])
    return sqrt(total)


def _culprit(gradients: dict[tg.Tensor, NDArray[Any]]) -> str:
    for position, (parameter, gradient) in enumerate(gradients.items()):
        bad = ~np.isfinite(gradient)
        if bad.any():
            name = parameter.name or f"parameter {position}"
            return f"the gradient of {name} holds {gradient[bad][0]}"
    return "the norm of the gradients has no room in float64"
