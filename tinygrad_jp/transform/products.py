"""Products with the Jacobian and the Hessian, which are never written out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from tinygrad_jp import tree
from tinygrad_jp.transform.gradient import _value_and_grad
from tinygrad_jp.transform.recording import _Recording


def vjp(function: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of a function, and what multiplies its transposed Jacobian.

    `pull` carries cotangents of the results back to the arguments: the backward pass,
    as a function. It may be called many times, and can be differentiated itself.

    Args:
        function: Returns Tensors, one or a container of them.
        primals: The arguments; containers of Tensors too.
        has_aux: Whether `function` returns a pair (value, aux).

    Returns:
        (value, pull), or (value, pull, aux). `pull(cotangents)` takes what is built
        like the value, and returns a tuple with a gradient for each argument.

    Raises:
        TypeError: Arguments or results are not of floating-point numbers, or cotangents
            are not built like the value, or of another dtype.
        ShapeError: A cotangent has another shape.

    Example:
        >>> import tinygrad_jp as tg
        >>> value, pull = tg.vjp(lambda x, y: x * y, [1.0, 2.0], [3.0, 4.0])
        >>> pull([1.0, 10.0])
        (Tensor([ 3., 40.]), Tensor([ 1., 20.]))
    """
    return _vjp("vjp", function, primals, has_aux)


def _vjp(
    who: str, function: Callable[..., Any], primals: Sequence[Any], has_aux: bool
) -> Any:
    call = _Recording(who, function, primals, range(len(primals)), has_aux=has_aux)

    def pull(cotangents: Any) -> tuple[Any, ...]:
        return call.like_trees(call.pull(call.fitting(call.value, cotangents, root)))

    root = "tangents" if who == "hvp" else "cotangents"
    return (call.value, pull, call.aux) if has_aux else (call.value, pull)


def jvp(
    function: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    has_aux: bool = False,
) -> Any:
    """The value of a function, and how fast it changes when its arguments move.

    The tangent is the derivative along a direction: the Jacobian times `tangents`. No
    rule is needed for this besides those of the backward pass: that is linear, and is
    itself differentiated. So it takes about twice as long as a `vjp`, and the memory of
    a backward pass that is recorded, for any number of arguments.

    Args:
        function: Returns Tensors, one or a container of them.
        primals: The arguments, in a tuple or list.
        tangents: Their direction, built like the arguments.
        has_aux: Whether `function` returns a pair (value, aux).

    Returns:
        (value, tangent), or (value, tangent, aux). The tangent is built like the value.

    Raises:
        TypeError: Arguments or results are not of floating-point numbers, or tangents
            are not built like the arguments, or of another dtype.
        ShapeError: A tangent has another shape.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0))
        (Tensor(6.), Tensor(23.))
    """
    _check_sequences("jvp", primals, tangents)
    call = _Recording("jvp", function, primals, range(len(primals)), has_aux=has_aux)
    directions = call.fitting(call.trees, list(tangents), "tangents")
    tangent = tree.rebuild(call.value, call.linear()(directions))
    return (call.value, tangent, call.aux) if has_aux else (call.value, tangent)


def hvp(
    function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]
) -> tuple[Any, ...]:
    """The Hessian of a function times a direction, without the Hessian.

    The Hessian is symmetric, so this is a backward pass through the gradient: it costs
    a few times what the gradient costs, for any number of elements.

    Args:
        function: Returns a Tensor with one element.
        primals: The arguments, in a tuple or list.
        tangents: The direction, built like the arguments.

    Returns:
        A tuple with a product for each argument, built like it.

    Raises:
        TypeError: Arguments are not of floating-point numbers, or tangents are not
            built like the arguments, or of another dtype.
        ShapeError: A tangent has another shape, or the value more than one element.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.hvp(lambda x: (x * x * x).sum(), ([1.0, 2.0],), ([1.0, 1.0],))
        (Tensor([ 6., 12.]),)
    """
    _check_sequences("hvp", primals, tangents)
    both = _value_and_grad("hvp", function, tuple(range(len(primals))))

    @wraps(function, updated=())
    def gradient(*args: Any) -> Any:
        return both(*args)[1]

    _, pull = _vjp("hvp", gradient, primals, has_aux=False)
    found: tuple[Any, ...] = pull(tuple(tangents))
    return found


def _check_sequences(who: str, primals: object, tangents: object) -> None:
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(
                f"{who}: {name} must be a tuple with one entry for each argument, got "
                f"{type(given).__name__}; write (x,) for one"
            )
