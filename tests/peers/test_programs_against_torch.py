"""Random programs of all our ops, run by PyTorch too: gradients agree in float64.

`TORCH` says what each op is there. Conventions are the same wherever programs go:
values have no ties but those that share a gradient in both, like ``maximum(a, a)``,
and stay away from kinks, or are on one where both say 0 (`relu`, `abs`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as PyTorch's own documents name it
from hypothesis import find, given, settings

import tinygrad_jp as tg
from tinygrad_jp.testing import strategies as st
from tinygrad_jp.testing.programs import Program
from tinygrad_jp.testing.programs.vocabulary import VOCABULARY, WRITTEN

pytestmark = pytest.mark.peers

PROGRAMS = int(os.environ.get("PROGRAMS", "5000"))
"""So many in a run."""

Op = Callable[..., Any]


def tensor(x: Any) -> Any:
    """An operand; constants are Python numbers."""
    return torch.tensor(x, dtype=torch.float64) if isinstance(x, float) else x


def of_tensors(op: Op) -> Op:
    """An op that takes no Python numbers."""
    return lambda *operands: op(*[tensor(x) for x in operands])


def floor_divide(x: Any, y: Any) -> Any:
    """Flat, which PyTorch does not say."""
    return torch.floor_divide(tensor(x).detach(), tensor(y).detach())


# --- reductions --------------------------------------------------------------------


def reduction(op: Op, of_nothing: Op = lambda x: x) -> Op:
    """One over several axes; `of_nothing` is what it is over none."""

    def reduced(
        x: Any, *, axis: Any = None, keepdims: bool = False, **rest: Any
    ) -> Any:
        if axis is None:
            axis = tuple(range(x.ndim))
        if axis == ():
            return of_nothing(x)
        return op(x, dim=axis, keepdim=keepdims, **rest)

    return reduced


def prod(x: Any, *, dim: Any, keepdim: bool) -> Any:
    """PyTorch's takes one axis at a time."""
    axes = sorted([i % x.ndim for i in (dim if isinstance(dim, tuple) else (dim,))])
    for i in reversed(axes):
        x = torch.prod(x, dim=i, keepdim=keepdim)
    return x


def clip(x: Any, *, min: Any = None, max: Any = None) -> Any:
    """Kinks are kept away from."""
    return torch.clamp(x, min, max)


# --- shapes ------------------------------------------------------------------------


def expand_dims(x: Any, *, axis: Any) -> Any:
    """One axis, or one at each end."""
    for i in axis if isinstance(axis, tuple) else (axis,):
        x = torch.unsqueeze(x, i)
    return x


def split(x: Any, *, indices_or_sections: Any, axis: int) -> Any:
    """NumPy's meaning is that of `tensor_split`."""
    return torch.tensor_split(x, indices_or_sections, dim=axis)


def repeat(x: Any, *, repeats: Any, axis: int | None = None) -> Any:
    """NumPy's meaning is that of `repeat_interleave`."""
    if isinstance(repeats, tuple):
        repeats = torch.tensor(repeats)
    return torch.repeat_interleave(x, repeats, dim=axis)


def flip(x: Any, *, axis: Any = None) -> Any:
    """PyTorch's needs its axes."""
    axes = tuple(range(x.ndim)) if axis is None else axis
    return torch.flip(x, (axes,) if isinstance(axes, int) else axes)


def roll(x: Any, *, shift: Any, axis: Any = None) -> Any:
    """The same with other names."""
    return torch.roll(x, shift, axis)


def pad(
    x: Any, *, pad_width: Any, mode: str = "constant", constant_values: float = 0.0
) -> Any:
    """By positions, as PyTorch's modes are for batches of pictures only."""
    if mode == "constant":
        ends = [end for pair in reversed(pad_width) for end in pair]
        return F.pad(x, ends, value=constant_values)
    places = np.arange(x.numel()).reshape(x.shape)
    return x.reshape(-1)[torch.tensor(np.pad(places, pad_width, mode=mode))]


def meshgrid(*arrays: Any, indexing: str, sparse: bool = False) -> Any:
    """PyTorch has no sparse one; that is dense with axes of one element."""
    dense = torch.meshgrid(*[a.reshape(-1) for a in arrays], indexing=indexing)
    if not sparse:
        return dense
    shapes = [
        a.shape
        for a in np.meshgrid(
            *[np.zeros(a.numel()) for a in arrays], indexing=indexing, sparse=True
        )
    ]
    return [a.reshape(shape) for a, shape in zip(arrays, shapes)]


def diff(x: Any, *, axis: int, n: int = 1, prepend: float | None = None) -> Any:
    """A number before each line."""
    if prepend is None:
        return torch.diff(x, n=n, dim=axis)
    end = torch.full_like(x.select(axis, 0).unsqueeze(axis), prepend)
    return torch.diff(x, n=n, dim=axis, prepend=end)


# --- picking -----------------------------------------------------------------------


def plain(index: Any) -> Any:
    """An index without slices of negative step, which PyTorch does not know."""
    if isinstance(index, tuple):
        return tuple([plain(part) for part in index])
    return torch.tensor(index) if isinstance(index, np.ndarray) else index


def picked(x: Any, index: Any) -> Any:
    """Which element of `x` stands where in ``x[index]``."""
    places = np.arange(x.numel()).reshape(tuple(x.shape))
    return torch.tensor(places[index].copy())


def getitem(x: Any, *, index: Any) -> Any:
    """PyTorch's own indexing, but for negative steps."""
    if isinstance(index, slice) and (index.step or 1) < 0:
        return torch.flip(x, (0,))
    return x[plain(index)]


def scatter_add(x: Any, *, index: Any, shape: Any) -> Any:
    """By flat places."""
    zeros = torch.zeros(shape, dtype=torch.float64)
    places = picked(zeros, index)
    flat = zeros.reshape(-1).index_add(0, places.reshape(-1), x.reshape(-1))
    return flat.reshape(shape)


def at_set(x: Any, value: Any, *, index: Any) -> Any:
    """By flat places; where one comes twice, the last one counts."""
    places = picked(x, index)
    value = torch.broadcast_to(value, places.shape).reshape(-1)
    last = {int(place): i for i, place in enumerate(places.reshape(-1))}
    flat = x.reshape(-1).index_copy(
        0, torch.tensor(list(last)), value[torch.tensor(list(last.values()))]
    )
    return flat.reshape(x.shape)


def at_add(x: Any, value: Any, *, index: Any) -> Any:
    """By flat places."""
    places = picked(x, index)
    value = torch.broadcast_to(value, places.shape).reshape(-1)
    return x.reshape(-1).index_add(0, places.reshape(-1), value).reshape(x.shape)


def take(x: Any, indices: Any, *, axis: int | None = None) -> Any:
    """Indices of any shape."""
    if axis is None:
        return x.reshape(-1)[indices]
    axis %= x.ndim
    indices = indices % x.shape[axis]
    taken = torch.index_select(x, axis, indices.reshape(-1))
    return taken.reshape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def sort(x: Any, *, axis: int | None, descending: bool = False) -> Any:
    """The values alone."""
    if axis is None:
        x, axis = x.reshape(-1), 0
    return torch.sort(x, dim=axis, descending=descending, stable=True).values


def topk(x: Any, *, k: int, axis: int, largest: bool = True) -> Any:
    """Values and indices."""
    return tuple(torch.topk(x, k, dim=axis, largest=largest))


# --- linear algebra ----------------------------------------------------------------


def solve(x: Any, y: Any) -> Any:
    """A vector is one of one axis only, whatever the axes of `x`."""
    if y.ndim == 1:
        return torch.linalg.solve(x, y[:, None])[..., 0]
    if y.ndim < x.ndim:
        y = y.expand(*x.shape[:-2], *y.shape[-2:])
    return torch.linalg.solve(x, y)


def kron(x: Any, y: Any) -> Any:
    """PyTorch fails on some layouts of memory."""
    whole = torch.contiguous_format  # `contiguous()` leaves strides of length-1 axes
    x, y = (a.clone(memory_format=whole) for a in (x, y))
    return torch.kron(x, y)


def dot(x: Any, y: Any) -> Any:
    """NumPy's: over the last axis and the second last."""
    if not x.ndim or not y.ndim:
        return x * y
    return torch.tensordot(x, y, dims=([-1], [0 if y.ndim == 1 else y.ndim - 2]))


def inner(x: Any, y: Any) -> Any:
    """NumPy's: over the last axes."""
    return torch.inner(x, y) if x.ndim and y.ndim else x * y


def vecdot(x: Any, y: Any, *, axis: int) -> Any:
    """With broadcasting."""
    return (x * y).sum(axis)


def tensordot(x: Any, y: Any, *, axes: Any) -> Any:
    """The same with another name."""
    return torch.tensordot(x, y, dims=axes)


def diagonal(x: Any, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The same with other names."""
    return torch.diagonal(x, offset, axis1, axis2)


def triangle(op: Op) -> Op:
    """The same with another name."""
    return lambda x, *, k=0: op(x, diagonal=k)


def cholesky(x: Any, *, upper: bool = False) -> Any:
    """Of the symmetric part."""
    return torch.linalg.cholesky((x + x.mT) / 2, upper=upper)


def cofactors(x: Any) -> Any:
    """From the inverse."""
    return torch.linalg.det(x)[..., None, None] * torch.linalg.inv(x).mT


def cofactors_along(x: Any, y: Any) -> Any:
    """How these change: the textbook's formula."""
    inverse = torch.linalg.inv(x)
    trace = torch.diagonal(inverse @ y, dim1=-2, dim2=-1).sum(-1)[..., None, None]
    changed = trace * inverse - inverse @ y @ inverse
    return torch.linalg.det(x)[..., None, None] * changed.mT


def cofactors_along_two(x: Any, y: Any, z: Any) -> Any:
    """How that changes: by PyTorch's own differentiation."""
    _, changed = torch.autograd.functional.jvp(
        lambda moved: cofactors_along(moved, y), x, z, create_graph=True
    )
    return changed


# --- windows -----------------------------------------------------------------------


def padded(x: Any, padding: Any, count: int) -> Any:
    """Zeros around the last axes, of an int or a pair for each axis."""
    pairs = [(padding, padding)] * count if isinstance(padding, int) else padding
    return F.pad(x, [end for pair in reversed(pairs) for end in pair])


def conv(x: Any, W: Any, b: Any = None, *, padding: Any = 0, **settings: Any) -> Any:
    """One or two spatial axes."""
    count = W.ndim - 2
    call = (F.conv1d, F.conv2d)[count - 1]
    return call(padded(x, padding, count), W, b, **settings)


def conv_transpose(x: Any, W: Any, b: Any = None, **settings: Any) -> Any:
    """One or two spatial axes."""
    return (F.conv_transpose1d, F.conv_transpose2d)[W.ndim - 3](x, W, b, **settings)


def pooling(*calls: Op) -> Op:
    """One or two spatial axes."""
    return lambda x, *, size, **settings: calls[x.ndim - 3](x, size, **settings)


def sliding_window_view(
    x: Any, *, window_shape: int, axis: int = -1, stride: Any = 1, padding: Any = 0
) -> Any:
    """Over one axis."""
    x = padded(x.movedim(axis, -1), padding, 1)
    step = stride[0] if isinstance(stride, tuple) else stride
    windows = x.unfold(-1, window_shape, step)
    return windows.movedim(-2, axis if axis >= 0 else axis - 1)


def overlap_add(x: Any, *, shape: int, stride: int = 1, padding: int = 0) -> Any:
    """By places in a line."""
    count, size = x.shape
    places = (torch.arange(count) * stride)[:, None] + torch.arange(size)
    line = torch.zeros(shape + 2 * padding, dtype=torch.float64)
    line = line.index_add(0, places.reshape(-1), x.reshape(-1))
    return line[padding : padding + shape]


def convolve(x: Any, y: Any, *, mode: str = "full") -> Any:
    """By all products, added up along the diagonals."""
    products = torch.outer(x, y)
    line = torch.zeros(len(x) + len(y) - 1, dtype=torch.float64)
    places = torch.arange(len(x))[:, None] + torch.arange(len(y))
    line = line.index_add(0, places.reshape(-1), products.reshape(-1))
    short, long = sorted((len(x), len(y)))
    if mode == "full":
        return line
    if mode == "valid":
        return line[short - 1 : long]
    return line[(short - 1) // 2 : (short - 1) // 2 + long]


def cross_entropy(
    logits: Any, labels: Any, *, axis: int = -1, reduction: str = "mean"
) -> Any:
    """Labels that are numbers of classes, or probabilities."""
    logs = torch.log_softmax(logits, dim=axis)
    if labels.dtype == torch.float64:
        rows = -(labels * logs).sum(axis)
    else:
        rows = -torch.take_along_dim(logs, labels.unsqueeze(axis), dim=axis).squeeze(
            axis
        )
    return getattr(rows, reduction)() if reduction != "none" else rows


# --- the table ---------------------------------------------------------------------

SAME_NAMES = """
    abs acos acosh add asin asinh atan atan2 atanh ceil cos cosh divide erf exp exp2
    expm1 floor greater greater_equal hypot less less_equal log log10 log1p log2
    logaddexp maximum minimum multiply negative not_equal positive pow reciprocal
    remainder round sigmoid sign sin sinh sqrt square subtract tan tanh trunc
    atleast_1d atleast_2d outer nan_to_num
"""


TORCH: dict[str, Op] = {
    **{name: of_tensors(getattr(torch, name)) for name in SAME_NAMES.split()},
    "constant": lambda *, value: torch.tensor(value),
    "part": lambda parts, *, index: parts[index],
    "where": of_tensors(torch.where),
    "equal": of_tensors(torch.eq),
    "floor_divide": floor_divide,
    "clip": clip,
    "astype": lambda x, *, dtype: x,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "silu": F.silu,
    "mish": F.mish,
    "softplus": F.softplus,
    # F.hardsigmoid multiplies gradients by 1/6 in float32.
    "hard_sigmoid": lambda x: torch.clamp(x / 6 + 0.5, 0, 1),
    "hard_tanh": F.hardtanh,
    "softmax": lambda x, *, axis: torch.softmax(x, axis),
    "log_softmax": lambda x, *, axis: torch.log_softmax(x, axis),
    "cross_entropy": cross_entropy,
    "sum": reduction(torch.sum),
    "mean": reduction(torch.mean),
    "max": reduction(torch.amax),
    "min": reduction(torch.amin),
    "prod": reduction(prod),
    "logsumexp": reduction(torch.logsumexp),
    "norm": reduction(torch.linalg.vector_norm, torch.abs),
    "vector_norm": reduction(torch.linalg.vector_norm, torch.abs),
    "var": lambda x, *, correction=0, **rest: reduction(torch.var)(
        x, correction=correction, **rest
    ),
    "std": lambda x, *, correction=0, **rest: reduction(torch.std)(
        x, correction=correction, **rest
    ),
    "cumulative_sum": lambda x, *, axis: torch.cumsum(x, axis),
    "cumulative_prod": lambda x, *, axis: torch.cumprod(x, axis),
    "argmax": lambda x, *, axis, keepdims: torch.argmax(x, axis, keepdims),
    "reshape": lambda x, *, shape: torch.reshape(x, shape),
    "flatten": torch.flatten,
    "permute_dims": lambda x, *, axes: torch.permute(x, axes),
    "transpose": lambda x, *, axes=None: torch.permute(
        x, tuple(reversed(range(x.ndim))) if axes is None else axes
    ),
    "matrix_transpose": lambda x: x.mT,
    "swapaxes": lambda x, *, axis1, axis2: torch.swapaxes(x, axis1, axis2),
    "moveaxis": torch.moveaxis,
    "expand_dims": expand_dims,
    "squeeze": lambda x, *, axis=None: torch.squeeze(
        x, dim=tuple(range(x.ndim)) if axis is None else axis
    ),
    "broadcast_to": lambda x, *, shape: torch.broadcast_to(x, shape),
    "broadcast_arrays": torch.broadcast_tensors,
    "concat": lambda arrays, *, axis: torch.cat(
        [a.reshape(-1) for a in arrays] if axis is None else arrays, dim=axis or 0
    ),
    "stack": lambda arrays, *, axis: torch.stack(arrays, dim=axis),
    "split": split,
    "unstack": lambda x, *, axis: torch.unbind(x, axis),
    "tile": lambda x, *, reps: torch.tile(x, reps),
    "repeat": repeat,
    "flip": flip,
    "roll": roll,
    "pad": pad,
    "meshgrid": meshgrid,
    "diff": diff,
    "getitem": getitem,
    "take": take,
    "take_along_axis": lambda x, indices, *, axis: torch.take_along_dim(
        x, indices, axis
    ),
    "scatter_add": scatter_add,
    "at_set": at_set,
    "at_add": at_add,
    "sort": sort,
    "topk": topk,
    "matmul": torch.matmul,
    "dot": dot,
    "vecdot": vecdot,
    "inner": inner,
    "vdot": lambda x, y: torch.dot(x.reshape(-1), y.reshape(-1)),
    "kron": kron,
    "cross": lambda x, y, *, axis: torch.linalg.cross(x, y, dim=axis),
    "tensordot": tensordot,
    "einsum": torch.einsum,
    "diagonal": diagonal,
    "trace": lambda x, **keywords: diagonal(x, **keywords).sum(-1),
    "diag": lambda x, *, k=0: torch.diag(x, k),
    "tril": triangle(torch.tril),
    "triu": triangle(torch.triu),
    "det": torch.linalg.det,
    "inv": torch.linalg.inv,
    "solve": solve,
    "slogdet": lambda x: tuple(torch.linalg.slogdet(x)),
    "logabsdet": lambda x: torch.linalg.slogdet(x)[1],
    "cholesky": cholesky,
    "matrix_power": lambda x, n: torch.linalg.matrix_power(x, int(n)),
    "cofactors": cofactors,
    "cofactors_along": cofactors_along,
    "cofactors_along_two": cofactors_along_two,
    "conv": conv,
    "conv_transpose": conv_transpose,
    "convolve": convolve,
    "max_pool": pooling(F.max_pool1d, F.max_pool2d),
    "avg_pool": pooling(F.avg_pool1d, F.avg_pool2d),
    "sliding_window_view": sliding_window_view,
    "overlap_add": overlap_add,
}
"""What PyTorch calls each op, with our arguments."""


def close(ours: Any, theirs: Any, scale: float) -> None:
    """Equal to nine digits of the largest."""
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9 * scale)


def compare(program: Program, table: dict[str, Op] = TORCH) -> None:
    """Value and gradients of a program, by both."""
    inputs = [tg.Tensor(x, requires_grad=True) for x in program.inputs]
    loss = program(*inputs)
    loss.backward()
    leaves = [torch.tensor(x, requires_grad=True) for x in program.inputs]
    expected = program(*leaves, ns=table)
    close(loss.data, expected.detach().numpy(), 1.0)
    gradients = [None] * len(leaves)
    if expected.requires_grad:
        gradients = torch.autograd.grad(expected, leaves, allow_unused=True)
    gradients = [
        np.zeros(x.shape) if g is None else g.numpy() for x, g in zip(leaves, gradients)
    ]
    found = [np.zeros(x.shape) if x.grad is None else x.grad.data for x in inputs]
    scale = max([1.0, *(float(np.abs(g).max(initial=0.0)) for g in gradients)])
    for ours, theirs in zip(found, gradients):
        close(ours, theirs, scale)


SHARED = {name: entry for name, entry in VOCABULARY.items() if name in TORCH}


@given(program=st.graphs(vocabulary=SHARED))
@settings(max_examples=PROGRAMS)
def test_gradients_of_programs_are_pytorch_s(program: Program) -> None:
    compare(program)


def test_every_op_of_the_vocabulary_has_its_counterpart() -> None:
    assert set(WRITTEN) <= set(TORCH)


def test_a_wrong_op_is_found() -> None:
    def half_cut_off(x: Any) -> Any:
        return (torch.tanh(x) + torch.tanh(x).detach()) / 2

    def differs(program: Program) -> bool:
        try:
            compare(program, {**TORCH, "tanh": half_cut_off})
        except AssertionError:
            return True
        return False

    program = find(st.graphs(vocabulary=SHARED), differs)
    assert [step.op for step in program.steps] == ["tanh"]
