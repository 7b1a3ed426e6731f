"""What PyTorch calls each of our rules, with our arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from math import prod
from typing import Any

import numpy as np

from tinygrad_jp.testing.compare import minors
from tinygrad_jp.testing.compare.backend import Backend, Call, Ran
from tinygrad_jp.testing.compare.places import picked, windowed

torch: Any = import_module("torch")  # which may be missing, so types know nothing of it

SAME_NAMES = """
    abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_or bitwise_xor
    ceil cos cosh divide erf exp exp2 expm1 floor greater greater_equal hypot isclose
    less less_equal log log10 log1p log2 logaddexp matmul maximum minimum multiply
    negative not_equal pow relu remainder round sign sin sinh sqrt subtract tan tanh
    trunc where
"""


def over(op: Call, of_nothing: Call = lambda x: x) -> Call:
    """A reduction; over no axis at all PyTorch's is over all, and ours `of_nothing`."""

    def reduced(x: Any, *, axis: Any, keepdims: bool) -> Any:
        axes = tuple(range(x.ndim)) if axis is None else axis
        return of_nothing(x) if axes == () else op(x, dim=axes, keepdim=keepdims)

    return reduced


def best(op: Call) -> Call:
    """The first place of an extreme."""
    return lambda x, *, axis, keepdims: op(x, dim=axis, keepdim=keepdims)


def argsort(x: Any, *, axis: int | None, descending: bool, stable: bool) -> Any:
    """The stable one, as ours always is."""
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
    return torch.argsort(x, dim=axis, descending=descending, stable=True)


def getitem(x: Any, *, index: Any) -> Any:
    """By flat places."""
    return x.reshape(-1)[torch.tensor(picked(x.shape, index))]


def added(x: Any, places: Any, count: int) -> Any:
    """Zeros, with each element of `x` added at its place."""
    zeros = torch.zeros(count, dtype=x.dtype)
    return zeros.index_add(0, torch.tensor(places.reshape(-1)), x.reshape(-1))


def scatter_add(x: Any, *, index: Any, shape: Any) -> Any:
    """By flat places."""
    return added(x, picked(shape, index), prod(shape)).reshape(shape)


def sliding_window_view(x: Any, *, window_shape: Any, **settings: Any) -> Any:
    """By flat places, of which the first is the padding's zero."""
    flat = torch.cat([torch.zeros(1, dtype=x.dtype), x.reshape(-1)])
    return flat[torch.tensor(windowed(x.shape, window_shape, **settings))]


def overlap_add(x: Any, *, shape: Any, **settings: Any) -> Any:
    """By flat places too."""
    whole = (*x.shape[: x.ndim - 2 * len(shape)], *shape)
    places = windowed(whole, x.shape[x.ndim - len(shape) :], **settings)
    return added(x, places, 1 + prod(whole))[1:].reshape(whole)


def solve(x: Any, y: Any) -> Any:
    """A vector is one of one axis only, whatever the axes of `x`."""
    columns = y[:, None] if y.ndim == 1 else y
    if columns.ndim < x.ndim:
        columns = columns.expand(*x.shape[:-2], *columns.shape[-2:])
    out = torch.linalg.solve(x, columns)
    return out[..., 0] if y.ndim == 1 else out


def cholesky(x: Any, *, upper: bool) -> Any:
    """Of the symmetric part."""
    return torch.linalg.cholesky((x + x.mT) / 2, upper=upper)


def cofactors(x: Any) -> Any:
    """Small ones at any rank; large ones of matrices that have an inverse."""
    if x.shape[-1] <= minors.LARGEST:
        return minors.cofactors(x, lambda parts: torch.stack(parts, -1))
    return torch.linalg.det(x)[..., None, None] * torch.linalg.inv(x).mT


def slope(function: Call, x: Any, along: Any) -> Any:
    """How a function changes as `x` moves along another array."""
    jvp = torch.autograd.functional.jvp
    return jvp(function, x, along, create_graph=True)[1]


def cofactors_along(x: Any, y: Any) -> Any:
    """By PyTorch's own differentiation."""
    return slope(cofactors, x, y)


def cofactors_along_two(x: Any, y: Any, z: Any) -> Any:
    """By PyTorch's own differentiation, twice."""
    return slope(lambda x: slope(cofactors, x, y), x, z)


TABLE: dict[str, Call] = {
    **{name: getattr(torch, name) for name in SAME_NAMES.split()},
    "all": over(torch.all),
    "any": over(torch.any),
    "argmax": best(torch.argmax),
    "argmin": best(torch.argmin),
    "argsort": argsort,
    "astype": lambda x, *, dtype: x.to(getattr(torch, np.dtype(dtype).name)),
    "bitwise_invert": torch.bitwise_not,
    "broadcast_to": lambda x, *, shape: torch.broadcast_to(x, shape),
    "cholesky": cholesky,
    "cofactors": cofactors,
    "cofactors_along": cofactors_along,
    "cofactors_along_two": cofactors_along_two,
    "concat": lambda *arrays, axis: torch.cat(arrays, dim=axis),
    "cumulative_sum": lambda x, *, axis: torch.cumsum(x, axis),
    "det": torch.linalg.det,
    "equal": torch.eq,
    "floor_divide": lambda x, y: torch.div(x, y, rounding_mode="floor"),
    "getitem": getitem,
    "logabsdet": lambda x: torch.linalg.slogdet(x)[1],
    "logsumexp": over(torch.logsumexp),
    "max": over(torch.amax),
    "mean": over(torch.mean),
    "min": over(torch.amin),
    "norm": over(torch.linalg.vector_norm, torch.abs),
    "overlap_add": overlap_add,
    "permute_dims": lambda x, *, axes: torch.permute(x, axes),
    "reshape": lambda x, *, shape: torch.reshape(x, shape),
    "scatter_add": scatter_add,
    "signdet": lambda x: torch.linalg.slogdet(x)[0],
    "sliding_window_view": sliding_window_view,
    "solve": solve,
    "sum": over(torch.sum),
}


class Torch(Backend):
    """PyTorch on the CPU."""

    name = "torch"
    table = TABLE

    def constant(self, array: Any) -> Any:
        """A tensor with a copy."""
        return torch.tensor(array)

    def floating(self, value: Any) -> Any:
        """The same numbers in float64."""
        return value.to(torch.float64)

    def pinned(self, value: Any, array: Any) -> Any:
        """A value plus a constant that takes it there."""
        if not value.is_floating_point():
            return torch.tensor(array)
        there = torch.tensor(array)
        gap = there - value.detach()
        moved = torch.where(torch.isfinite(gap), value + gap, there)
        return torch.where(value == there, value, moved)

    def run(
        self,
        function: Callable[[list[Any]], list[Any]],
        arrays: Sequence[Any],
        live: Sequence[bool],
        cotangents: Sequence[Any],
    ) -> Ran:
        """By `torch.autograd.grad`."""
        given = [torch.tensor(a, requires_grad=on) for a, on in zip(arrays, live)]
        with torch.enable_grad():
            results = function(given)
        leaves = [x for x in given if x.requires_grad]
        pairs = [
            (result, torch.tensor(g).to(result.dtype))
            for result, g in zip(results, cotangents)
            if g is not None and result.requires_grad and result.shape == g.shape
        ]
        found = [None] * len(leaves)
        if pairs and leaves:
            outs, gs = zip(*pairs)
            found = torch.autograd.grad(outs, leaves, gs, allow_unused=True)
        gradients = [
            np.zeros(tuple(x.shape)) if g is None else g.numpy()
            for x, g in zip(leaves, found)
        ]
        return Ran([result.detach().numpy() for result in results], gradients)


BACKEND = Torch()
