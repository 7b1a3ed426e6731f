"""What JAX calls each of our rules, with our arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from math import prod
from typing import Any

import numpy as np

from tinygrad_jp.testing.compare import minors
from tinygrad_jp.testing.compare.backend import Backend, Call, Ran
from tinygrad_jp.testing.compare.places import picked, windowed

jax: Any = import_module("jax")  # which may be missing, so types know nothing of it
jnp: Any = import_module("jax.numpy")
special: Any = import_module("jax.scipy.special")

SAME_NAMES = """
    abs add all any argmax argmin argsort bitwise_and bitwise_or bitwise_xor
    broadcast_to ceil cos cosh divide equal exp exp2 expm1 floor floor_divide greater
    greater_equal hypot isclose less less_equal log log10 log1p log2 logaddexp matmul
    max maximum mean min minimum multiply negative not_equal remainder reshape round
    sign sin sinh sqrt subtract sum tan tanh trunc where
"""


def getitem(x: Any, *, index: Any) -> Any:
    """By flat places."""
    return x.reshape(-1)[picked(x.shape, index)]


def scatter_add(x: Any, *, index: Any, shape: Any) -> Any:
    """By flat places."""
    places = picked(shape, index).reshape(-1)
    flat = jnp.zeros(prod(shape), x.dtype).at[places].add(x.reshape(-1))
    return flat.reshape(shape)


def sliding_window_view(x: Any, *, window_shape: Any, **settings: Any) -> Any:
    """By flat places, of which the first is the padding's zero."""
    flat = jnp.concatenate([jnp.zeros(1, x.dtype), x.reshape(-1)])
    return flat[windowed(x.shape, window_shape, **settings)]


def overlap_add(x: Any, *, shape: Any, **settings: Any) -> Any:
    """By flat places too."""
    whole = (*x.shape[: x.ndim - 2 * len(shape)], *shape)
    places = windowed(whole, x.shape[x.ndim - len(shape) :], **settings).reshape(-1)
    flat = jnp.zeros(1 + prod(whole), x.dtype).at[places].add(x.reshape(-1))
    return flat[1:].reshape(whole)


def norm(x: Any, *, axis: Any, keepdims: bool) -> Any:
    """JAX's own knows one or two axes; it is this."""
    return jnp.sqrt(jnp.sum(x * x, axis=axis, keepdims=keepdims))


def solve(x: Any, y: Any) -> Any:
    """A vector is one of one axis only, whatever the axes of `x`."""
    columns = y[:, None] if y.ndim == 1 else y
    stack = jnp.broadcast_shapes(x.shape[:-2], columns.shape[:-2])
    out = jnp.linalg.solve(
        jnp.broadcast_to(x, (*stack, *x.shape[-2:])),
        jnp.broadcast_to(columns, (*stack, *columns.shape[-2:])),
    )
    return out[..., 0] if y.ndim == 1 else out


def cholesky(x: Any, *, upper: bool) -> Any:
    """Of the symmetric part."""
    lower = jnp.linalg.cholesky((x + x.mT) / 2)
    return lower.mT if upper else lower


def det(x: Any) -> Any:
    """JAX differentiates none of matrices without rows; theirs is 1."""
    return jnp.linalg.det(x) if x.shape[-1] else x.sum((-1, -2)) + 1.0


def cofactors(x: Any) -> Any:
    """Small ones at any rank; large ones of matrices that have an inverse."""
    if x.shape[-1] <= minors.LARGEST:
        return minors.cofactors(x, lambda parts: jnp.stack(parts, -1))
    return jnp.linalg.det(x)[..., None, None] * jnp.linalg.inv(x).mT


def slope(function: Call, x: Any, along: Any) -> Any:
    """How a function changes as `x` moves along another array."""
    return jax.jvp(function, (x,), (along,))[1]


def cofactors_along(x: Any, y: Any) -> Any:
    """By JAX's own differentiation."""
    return slope(cofactors, x, y)


def cofactors_along_two(x: Any, y: Any, z: Any) -> Any:
    """By JAX's own differentiation, twice."""
    return slope(lambda x: slope(cofactors, x, y), x, z)


TABLE: dict[str, Call] = {
    **{name: getattr(jnp, name) for name in SAME_NAMES.split()},
    "acos": jnp.arccos,
    "acosh": jnp.arccosh,
    "asin": jnp.arcsin,
    "asinh": jnp.arcsinh,
    "atan": jnp.arctan,
    "atan2": jnp.arctan2,
    "atanh": jnp.arctanh,
    "astype": lambda x, *, dtype: x.astype(dtype),
    "bitwise_invert": jnp.invert,
    "cholesky": cholesky,
    "cofactors": cofactors,
    "cofactors_along": cofactors_along,
    "cofactors_along_two": cofactors_along_two,
    "concat": lambda *arrays, axis: jnp.concatenate(arrays, axis),
    "cumulative_sum": lambda x, *, axis: jnp.cumsum(x, axis),
    "det": det,
    "erf": special.erf,
    "getitem": getitem,
    "logabsdet": lambda x: jnp.linalg.slogdet(x)[1],
    "logsumexp": special.logsumexp,
    "relu": jax.nn.relu,
    "norm": norm,
    "overlap_add": overlap_add,
    "permute_dims": lambda x, *, axes: jnp.transpose(x, axes),
    "pow": jnp.power,
    "scatter_add": scatter_add,
    "signdet": lambda x: jnp.linalg.slogdet(x)[0],
    "sliding_window_view": sliding_window_view,
    "solve": solve,
}


class Jax(Backend):
    """JAX, in 64 bits as long as it is asked."""

    name = "jax"
    table = TABLE

    def constant(self, array: Any) -> Any:
        """An array of JAX."""
        return jnp.asarray(array)

    def floating(self, value: Any) -> Any:
        """The same numbers in float64."""
        return value.astype(np.float64)

    def pinned(self, value: Any, array: Any) -> Any:
        """A value plus a constant that takes it there."""
        if value.dtype.kind != "f":
            return jnp.asarray(array)
        there = jnp.asarray(array)
        gap = there - jax.lax.stop_gradient(value)
        moved = jnp.where(jnp.isfinite(gap), value + gap, there)
        return jnp.where(value == there, value, moved)

    def run(
        self,
        function: Callable[[list[Any]], list[Any]],
        arrays: Sequence[Any],
        live: Sequence[bool],
        cotangents: Sequence[Any],
    ) -> Ran:
        """By `jax.vjp`."""

        def of_live(*chosen: Any) -> Any:
            rest = iter(chosen)
            results = function(
                [next(rest) if on else x for x, on in zip(constants, live)]
            )
            pulled = [r for r, g in zip(results, cotangents) if _fits(r, g)]
            return pulled, results

        with jax.enable_x64(True):
            constants = [jnp.asarray(array) for array in arrays]
            chosen = [x for x, on in zip(constants, live) if on]
            pulled, pull, results = jax.vjp(of_live, *chosen, has_aux=True)
            pairs = [g for r, g in zip(results, cotangents) if _fits(r, g)]
            gs = [jnp.asarray(g, r.dtype) for g, r in zip(pairs, pulled)]
            found = pull(gs) if chosen else ()
            return Ran([np.asarray(r) for r in results], [np.asarray(g) for g in found])


def _fits(result: Any, g: Any) -> bool:
    return g is not None and result.dtype.kind == "f" and result.shape == g.shape


BACKEND = Jax()
