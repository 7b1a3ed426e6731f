"""Which function stands for which of NumPy's: `np.exp` for `tg.exp`, and so on.

What NumPy calls with other arguments than ours has a form of its own here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tinygrad_jp import dtypes
from tinygrad_jp import functions as f
from tinygrad_jp.compose import (
    creation,
    elementwise,
    indexing,
    joining,
    linalg,
    product,
    rearrange,
    reduction,
    window,
)
from tinygrad_jp.compose import norm as norms
from tinygrad_jp.compose import shape as shapes
from tinygrad_jp.compose.einsum import einsum

UFUNCS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: f.add,
    np.subtract: f.subtract,
    np.multiply: f.multiply,
    np.divide: f.divide,
    np.negative: f.negative,
    np.power: f.pow,
    np.absolute: f.abs,
    np.fabs: f.abs,
    np.maximum: f.maximum,
    np.minimum: f.minimum,
    np.remainder: f.remainder,
    np.hypot: f.hypot,
    np.square: elementwise.square,
    np.reciprocal: elementwise.reciprocal,
    np.positive: elementwise.positive,
    np.exp: f.exp,
    np.expm1: f.expm1,
    np.exp2: f.exp2,
    np.log: f.log,
    np.log1p: f.log1p,
    np.log2: f.log2,
    np.log10: f.log10,
    np.logaddexp: f.logaddexp,
    np.sqrt: f.sqrt,
    np.sin: f.sin,
    np.cos: f.cos,
    np.tan: f.tan,
    np.arcsin: f.asin,
    np.arccos: f.acos,
    np.arctan: f.atan,
    np.arctan2: f.atan2,
    np.sinh: f.sinh,
    np.cosh: f.cosh,
    np.tanh: f.tanh,
    np.arcsinh: f.asinh,
    np.arccosh: f.acosh,
    np.arctanh: f.atanh,
    np.floor: f.floor,
    np.ceil: f.ceil,
    np.trunc: f.trunc,
    np.rint: f.round,
    np.sign: f.sign,
    np.floor_divide: f.floor_divide,
    np.matmul: f.matmul,
    np.equal: f.equal,
    np.not_equal: f.not_equal,
    np.less: f.less,
    np.less_equal: f.less_equal,
    np.greater: f.greater,
    np.greater_equal: f.greater_equal,
    np.bitwise_and: f.bitwise_and,
    np.bitwise_or: f.bitwise_or,
    np.bitwise_xor: f.bitwise_xor,
    np.invert: f.bitwise_invert,
    np.logical_and: elementwise.logical_and,
    np.logical_or: elementwise.logical_or,
    np.logical_xor: elementwise.logical_xor,
    np.logical_not: elementwise.logical_not,
    np.isnan: elementwise.isnan,
    np.isinf: elementwise.isinf,
    np.isfinite: elementwise.isfinite,
}

REDUCTIONS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: f.sum,
    np.multiply: reduction.prod,
    np.maximum: f.max,
    np.minimum: f.min,
    np.logaddexp: f.logsumexp,
    np.logical_and: f.all,
    np.logical_or: f.any,
}


def _clip(
    a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None
) -> Any:
    low, high = a_min if min is None else min, a_max if max is None else max
    return elementwise.clip(a, low, high)


def _round(a: Any, decimals: int = 0) -> Any:
    if not decimals:
        return f.round(a)
    scale = 10.0**decimals
    return f.divide(f.round(f.multiply(a, scale)), scale)


def _nan_to_num(x: Any, copy: bool = True, **keywords: Any) -> Any:
    return elementwise.nan_to_num(x, **keywords)  # it is always a copy


def _cumsum(a: Any, axis: int | None = None) -> Any:
    return reduction.cumulative_sum(a if axis is not None else a.reshape(-1), axis)


def _cumprod(a: Any, axis: int | None = None) -> Any:
    return reduction.cumulative_prod(a if axis is not None else a.reshape(-1), axis)


def _var(a: Any, axis: Any = None, *, ddof: float = 0, **keywords: Any) -> Any:
    return reduction.var(a, axis, **{"correction": ddof, **keywords})


def _std(a: Any, axis: Any = None, *, ddof: float = 0, **keywords: Any) -> Any:
    return reduction.std(a, axis, **{"correction": ddof, **keywords})


dot = product.dot


def _cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None
) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = shapes.moveaxis(a, axisa, -1), shapes.moveaxis(b, axisb, -1)
    return shapes.moveaxis(product.cross(a, b), -1, axisc)


def _einsum(subscripts: Any, *operands: Any, optimize: Any = False) -> Any:
    return einsum(subscripts, *operands)  # it always looks for a cheap order


def _argsort(a: Any, axis: Any = -1, kind: Any = None, *, stable: Any = None) -> Any:
    return f.argsort(a, axis=axis)  # stable, so every `kind` is as good


def _sort(a: Any, axis: Any = -1, kind: Any = None, *, stable: Any = None) -> Any:
    return indexing.sort(a, axis)


def _atleast(function: Callable[[Any], Any]) -> Callable[..., Any]:
    def each(*arrays: Any) -> Any:
        found = tuple([function(x) for x in arrays])
        return found[0] if len(found) == 1 else found

    return each


# A function that takes its arguments as NumPy does stands here as it is.
FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    # elementwise
    np.around: _round,
    np.allclose: elementwise.allclose,
    np.clip: _clip,
    np.fix: f.trunc,
    np.isclose: f.isclose,
    np.nan_to_num: _nan_to_num,
    np.round: _round,
    np.where: f.where,
    # reductions
    np.all: f.all,
    np.amax: f.max,
    np.amin: f.min,
    np.any: f.any,
    np.argmax: f.argmax,
    np.argmin: f.argmin,
    np.count_nonzero: reduction.count_nonzero,
    np.cumprod: _cumprod,
    np.cumsum: _cumsum,
    np.linalg.norm: norms.norm,
    np.max: f.max,
    np.mean: f.mean,
    np.min: f.min,
    np.prod: reduction.prod,
    np.std: _std,
    np.sum: f.sum,
    np.var: _var,
    # linear algebra
    np.cross: _cross,
    np.diag: linalg.diag,
    np.diagonal: linalg.diagonal,
    np.dot: product.dot,
    np.einsum: _einsum,
    np.inner: product.inner,
    np.kron: product.kron,
    np.linalg.cholesky: f.cholesky,
    np.linalg.det: f.det,
    np.linalg.inv: linalg.inv,
    np.linalg.matrix_power: linalg.matrix_power,
    np.linalg.slogdet: linalg.slogdet,
    np.linalg.solve: f.solve,
    np.outer: product.outer,
    np.tensordot: product.tensordot,
    np.trace: linalg.trace,
    np.tril: linalg.tril,
    np.triu: linalg.triu,
    np.vdot: product.vdot,
    # shape
    np.atleast_1d: _atleast(shapes.atleast_1d),
    np.atleast_2d: _atleast(shapes.atleast_2d),
    np.broadcast_arrays: shapes.broadcast_arrays,
    np.broadcast_to: shapes.broadcast_to,
    np.concatenate: joining.concat,
    np.diff: rearrange.diff,
    np.expand_dims: shapes.expand_dims,
    np.flip: rearrange.flip,
    np.meshgrid: rearrange.meshgrid,
    np.moveaxis: shapes.moveaxis,
    np.ndim: lambda a: a.ndim,
    np.pad: rearrange.pad,
    np.ravel: shapes.flatten,
    np.repeat: joining.repeat,
    np.reshape: shapes.reshape,
    np.roll: rearrange.roll,
    np.shape: lambda a: a.shape,
    np.size: lambda a: a.size,
    np.split: joining.split,
    np.squeeze: shapes.squeeze,
    np.stack: joining.stack,
    np.swapaxes: shapes.swapaxes,
    np.tile: joining.tile,
    np.transpose: shapes.transpose,
    # indexing
    np.argsort: _argsort,
    np.nonzero: indexing.nonzero,
    np.sort: _sort,
    np.take: indexing.take,
    np.take_along_axis: indexing.take_along_axis,
    # windows
    np.convolve: window.convolve,
    np.lib.stride_tricks.sliding_window_view: window.sliding_window_view,
}

MAKES: dict[Callable[..., Any], Callable[..., Any]] = {
    np.can_cast: dtypes.can_cast,
    np.empty_like: creation.empty_like,
    np.full_like: creation.full_like,
    np.ones_like: creation.ones_like,
    np.result_type: dtypes.result_type,
    np.zeros_like: creation.zeros_like,
}
"""Functions whose result depends on no element, and which may be given a dtype."""

if hasattr(np, "matrix_transpose"):  # NumPy 2
    FUNCTIONS[np.matrix_transpose] = shapes.matrix_transpose
    FUNCTIONS |= {
        np.linalg.cross: product.cross,
        np.linalg.diagonal: partial(linalg.diagonal, axis1=-2, axis2=-1),
        np.linalg.matmul: f.matmul,
        np.linalg.matrix_transpose: shapes.matrix_transpose,
        np.linalg.outer: product.outer,
        np.linalg.tensordot: product.tensordot,
        np.linalg.trace: partial(linalg.trace, axis1=-2, axis2=-1),
        np.linalg.vecdot: product.vecdot,
        np.linalg.vector_norm: norms.vector_norm,
    }
if hasattr(np, "unstack"):  # NumPy 2.1
    FUNCTIONS[np.unstack] = joining.unstack
if hasattr(np, "vecdot"):  # NumPy 2
    UFUNCS[np.vecdot] = product.vecdot

if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    FUNCTIONS[np.cumulative_sum] = reduction.cumulative_sum
    FUNCTIONS[np.cumulative_prod] = reduction.cumulative_prod
