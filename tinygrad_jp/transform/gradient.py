"""The gradient of a function with one number as its result."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from tinygrad_jp.errors import ShapeError
from tinygrad_jp.operands import bare
from tinygrad_jp.tensor import Tensor
from tinygrad_jp.transform.arguments import _chosen
from tinygrad_jp.transform.recording import _Recording


def value_and_grad(
    function: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    *,
    has_aux: bool = False,
) -> Callable[..., tuple[Any, Any]]:
    """Make a function that returns `function`'s value and its gradient.

    Args:
        function: Returns a Tensor with one element.
        argnums: Which positional arguments to differentiate by. Each may be a
            container of Tensors: a tuple, list or dict, at any depth.
        has_aux: Whether `function` returns a pair (value, aux), where `aux` is
            anything that is not differentiated.

    Returns:
        A function of the same arguments that returns (value, gradient), or
        ((value, aux), gradient). The gradient is built like the argument; it is a tuple
        for a tuple of `argnums`.

    Raises:
        TypeError: An argument is not of floating-point numbers; says which leaf.
        ShapeError: The value has more than one element.
        ValueError: There are not so many arguments.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.value_and_grad(lambda x: (x * x).sum())([1.0, 2.0])
        (Tensor(5.), Tensor([2., 4.]))
        >>> line = lambda p, x: (p["w"] * x + p["b"]).sum()
        >>> tg.grad(line)({"w": tg.Tensor(2.0), "b": tg.Tensor(1.0)}, [3.0, 4.0])
        {'w': Tensor(7.), 'b': Tensor(2.)}
    """
    return _value_and_grad("grad", function, argnums, has_aux)


def grad(
    function: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    *,
    has_aux: bool = False,
) -> Callable[..., Any]:
    """Make a function that returns the gradient of `function`; it can be nested.

    See `value_and_grad`. With `has_aux` it returns (gradient, aux).

    Example:
        >>> import tinygrad_jp as tg
        >>> cube = lambda x: x * x * x
        >>> tg.grad(cube)(2.0), tg.grad(tg.grad(cube))(2.0)
        (Tensor(12.), Tensor(12.))
    """
    both = value_and_grad(function, argnums, has_aux=has_aux)

    @wraps(function, updated=())
    def run(*args: Any, **keywords: Any) -> Any:
        value, gradient = both(*args, **keywords)
        return (gradient, value[1]) if has_aux else gradient

    return run


def _value_and_grad(
    who: str,
    function: Callable[..., Any],
    argnums: int | tuple[int, ...],
    has_aux: bool = False,
) -> Callable[..., tuple[Any, Any]]:
    @wraps(function, updated=())
    def run(*args: Any, **keywords: Any) -> tuple[Any, Any]:
        numbers = _chosen(who, argnums, args)
        call = _Recording(who, function, args, numbers, keywords, has_aux=has_aux)
        value = call.value
        if not isinstance(value, Tensor) or value.size != 1:
            got = value.shape if isinstance(value, Tensor) else type(value).__name__
            raise ShapeError(
                f"{who}: the function must return a Tensor with one element, got {got}"
            )
        ones = bare(np.ones(value.shape, value.dtype))
        gradients = call.like_trees(call.pull([ones], retain=call.followed))
        gradient = gradients if isinstance(argnums, tuple) else gradients[0]
        return ((value, call.aux) if has_aux else value), gradient

    return run
