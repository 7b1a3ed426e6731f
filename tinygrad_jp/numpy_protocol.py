"""The tables behind NumPy's own functions: `np.exp(x)` of a Tensor records.

NumPy asks a Tensor among the arguments what to do (`__array_ufunc__` of NEP 13,
`__array_function__` of NEP 18); the answer is looked up here. What is not in the
tables is refused by name: never an object array, never a silent detach.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp.compose import reduction
from tinygrad_jp.compose import shape as shapes
from tinygrad_jp.operands import as_tensor

UFUNCS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: f.add,
    np.subtract: f.subtract,
    np.multiply: f.multiply,
    np.divide: f.divide,
    np.negative: f.negative,
    np.power: f.pow,
    np.exp: f.exp,
    np.log: f.log,
    np.sqrt: f.sqrt,
    np.tanh: f.tanh,
    np.absolute: f.abs,
    np.maximum: f.maximum,
    np.minimum: f.minimum,
    np.matmul: f.matmul,
    np.equal: f.equal,
    np.not_equal: f.not_equal,
    np.less: f.less,
    np.less_equal: f.less_equal,
    np.greater: f.greater,
    np.greater_equal: f.greater_equal,
    np.bitwise_and: f.bitwise_and,
    np.bitwise_or: f.bitwise_or,
    np.invert: f.bitwise_invert,
    np.sign: f.sign,
}

REDUCTIONS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: f.sum,
    np.maximum: f.max,
    np.minimum: f.min,
}


def dot(a: Any, b: Any) -> Any:
    """`np.dot`: a product for scalars, else over a's last and b's second last axis."""
    a, b = as_tensor("dot", a), as_tensor("dot", b)
    if a.ndim == 0 or b.ndim == 0:
        return f.multiply(a, b)
    if b.ndim <= 2:
        return f.matmul(a, b)
    # Every row of a meets every matrix of b: (rows, k) @ (..., k, m).
    rows = f.reshape(a, shape=(-1, a.shape[-1]))
    product = f.matmul(rows, b)
    lead = b.ndim - 2
    product = f.permute_dims(product, (lead, *range(lead), lead + 1))
    return f.reshape(product, shape=a.shape[:-1] + b.shape[:-2] + b.shape[-1:])


def _reshape(a: Any, /, shape: Any) -> Any:
    return f.reshape(a, shape if isinstance(shape, tuple) else (shape,))


def _transpose(a: Any, axes: Any = None) -> Any:
    axes = tuple(reversed(range(np.ndim(a)))) if axes is None else tuple(axes)
    return f.permute_dims(a, axes)


def _swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    axes = list(range(a.ndim))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return f.permute_dims(a, tuple(axes))


# A function that takes its arguments as NumPy does stands here as it is.
FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    # elementwise
    np.where: f.where,
    # reductions
    np.all: f.all,
    np.amax: f.max,
    np.amin: f.min,
    np.any: f.any,
    np.argmax: f.argmax,
    np.argmin: f.argmin,
    np.max: f.max,
    np.mean: reduction.mean,
    np.min: f.min,
    np.sum: f.sum,
    # linear algebra
    np.dot: dot,
    # shape
    np.broadcast_to: f.broadcast_to,
    np.concatenate: shapes.concat,
    np.expand_dims: shapes.expand_dims,
    np.ndim: lambda a: a.ndim,
    np.reshape: _reshape,
    np.shape: lambda a: a.shape,
    np.size: lambda a: a.size,
    np.squeeze: shapes.squeeze,
    np.swapaxes: _swapaxes,
    np.transpose: _transpose,
    # indexing
}
if hasattr(np, "matrix_transpose"):  # NumPy 2
    FUNCTIONS[np.matrix_transpose] = shapes.matrix_transpose

_NAMES = [ufunc.__name__ for ufunc in UFUNCS] + [call.__name__ for call in FUNCTIONS]


def _refuse(name: str) -> TypeError:
    near = get_close_matches(name, _NAMES, n=1, cutoff=0.4)
    hint = f"; the nearest that is recorded is np.{near[0]}" if near else ""
    return TypeError(
        f"np.{name}: not an op of tinygrad_jp{hint}; for the values alone call it on "
        "x.data"
    )


def _only_defaults(name: str, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Drop keywords that ask for nothing; refuse `out`, `dtype` and `where`."""
    kept = {}
    for key, value in keywords.items():
        if key in ("out", "dtype", "where", "order", "initial", "casting"):
            if value is None or value is np._NoValue or value is True:
                continue
            raise TypeError(f"np.{name}: {key}= is not possible with a Tensor")
        if value is not np._NoValue:
            kept[key] = value
    return kept


def array_ufunc(
    ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], keywords: Mapping[str, Any]
) -> Any:
    """Answer `ufunc(*inputs)` and `ufunc.reduce(x)`."""
    table = {"__call__": UFUNCS, "reduce": REDUCTIONS}.get(method, {})
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    if ufunc not in table:
        raise _refuse(name)
    given = _only_defaults(name, keywords)
    if method == "reduce":
        given.setdefault("axis", 0)
    return table[ufunc](*inputs, **given)


def array_function(
    function: Callable[..., Any], args: tuple[Any, ...], keywords: Mapping[str, Any]
) -> Any:
    """Answer NumPy functions that are no ufuncs."""
    if function not in FUNCTIONS:
        raise _refuse(function.__name__)
    given = _only_defaults(function.__name__, keywords)
    return FUNCTIONS[function](*args, **given)
