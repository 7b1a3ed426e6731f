"""Matrices of first and second derivatives, written out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp import tree
from tinygrad_jp.operands import bare
from tinygrad_jp.tensor import Tensor
from tinygrad_jp.transform.arguments import _chosen
from tinygrad_jp.transform.recording import _Recording


def jacobian(
    function: Callable[..., Any], argnums: int | tuple[int, ...] = 0
) -> Callable[..., Any]:
    """Make a function that returns the Jacobian: all results by all arguments.

    It is filled by rows, a backward pass for each element of the result, or by columns,
    as many as there are elements to differentiate by, whichever are fewer.

    Args:
        function: Returns Tensors, one or a container of them.
        argnums: Which positional arguments to differentiate by; containers too.

    Returns:
        A function of the same arguments. Its result is of shape
        ``result.shape + argument.shape``, in the argument's dtype. Where the function
        returns a container, so does this, and each leaf of it is built like the
        argument; for a tuple of `argnums` it is a tuple of these.

    Raises:
        TypeError: Arguments or results are not of floating-point numbers.
        ValueError: There are not so many arguments.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.jacobian(lambda x: x[:2] * x[2])([1.0, 2.0, 3.0])
        Tensor([[3., 0., 1.],
                [0., 3., 2.]])
    """
    return _jacobian("jacobian", function, argnums)


def hessian(
    function: Callable[..., Any], argnums: int | tuple[int, ...] = 0
) -> Callable[..., Any]:
    """Make a function that returns the Hessian: the Jacobian of the Jacobian.

    Args:
        function: Returns Tensors, mostly one of a single element.
        argnums: Which positional arguments to differentiate by; containers too.

    Returns:
        A function of the same arguments. Its result is of shape
        ``result.shape + argument.shape + argument.shape``; with containers it is built
        like the result, each leaf like the argument, each leaf of that like it again.

    Raises:
        TypeError: Arguments or results are not of floating-point numbers.
        ValueError: There are not so many arguments.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.hessian(lambda x: x[0] * x[0] * x[1])([2.0, 3.0])
        Tensor([[6., 4.],
                [4., 0.]])
    """
    return _jacobian("hessian", _jacobian("hessian", function, argnums), argnums)


def _jacobian(
    who: str, function: Callable[..., Any], argnums: int | tuple[int, ...]
) -> Callable[..., Any]:
    @wraps(function, updated=())
    def run(*args: Any, **keywords: Any) -> Any:
        numbers = _chosen(who, argnums, args)
        call = _Recording(who, function, args, numbers, keywords)
        fill = _by_rows if _size(call.outputs) <= _size(call.inputs) else _by_columns
        found = []
        for blocks in fill(call):
            parts = call.like_trees(blocks)
            found.append(parts if isinstance(argnums, tuple) else parts[0])
        return tree.rebuild(call.value, found)

    return run


def _size(tensors: Sequence[Tensor]) -> int:
    return sum([tensor.size for tensor in tensors])


def _by_rows(call: _Recording) -> list[list[Tensor]]:
    """For each result a list of blocks, one for each argument."""
    blocks = []
    for k, y in enumerate(call.outputs):
        rows = [call.pull(unit) for unit in _units(call.outputs, k)]
        columns = list(zip(*rows)) or [()] * len(call.inputs)
        blocks.append(
            [_stacked(part, y, x, 0) for part, x in zip(columns, call.inputs)]
        )
    return blocks


def _by_columns(call: _Recording) -> list[list[Tensor]]:
    """The same blocks, from the other side."""
    push = call.linear()
    blocks: list[list[Tensor]] = [[] for _ in call.outputs]
    for k, x in enumerate(call.inputs):
        columns = [push(unit) for unit in _units(call.inputs, k)]
        rows = list(zip(*columns)) or [()] * len(call.outputs)
        for row, part, y in zip(blocks, rows, call.outputs):
            row.append(_stacked(part, y, x, 1))
    return blocks


def _units(tensors: Sequence[Tensor], which: int) -> Any:
    """For each element of one Tensor, a 1 in its place and zeros all over else."""
    x = tensors[which]
    for i in range(x.size):
        unit = np.zeros(x.shape, x.dtype)
        unit.flat[i] = 1
        yield [bare(unit) if k == which else None for k in range(len(tensors))]


def _stacked(parts: Sequence[Tensor], y: Tensor, x: Tensor, axis: int) -> Tensor:
    """Rows or columns as one block, in the dtype of `x`."""
    shape = y.shape + x.shape
    if not parts:
        return bare(np.zeros(shape, x.dtype))
    flat = [f.reshape(part, shape=(1, -1) if axis == 0 else (-1, 1)) for part in parts]
    block = f.reshape(f.concat(*flat, axis=axis), shape=shape)
    return block if block.dtype == x.dtype else f.astype(block, dtype=x.dtype)
