"""The example on which a check failed: kept with the error, and drawn.

An error takes its example along as an attribute, so nothing outlives it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tinygrad_jp.draw import Drawing, EngineWarning, TooLargeError, draw
from tinygrad_jp.mode import enable_grad
from tinygrad_jp.tensor import Tensor
from tinygrad_jp.tree import leaves, rebuild


class Example(NamedTuple):
    """A call that failed.

    Attributes:
        called: What was called: `gradcheck`, `check_semantics`, or a ``@gradtest``.
        function: The function that was checked.
        inputs: What it got, by the names of its parameters.
        keywords: The rest of the call.
    """

    called: Callable[..., Any]
    function: Callable[..., Any]
    inputs: Mapping[str, Any]
    keywords: Mapping[str, Any]


def attach(error: BaseException, example: Example) -> None:
    """Let an error take its example along; one from further outside replaces it."""
    vars(error)["example"] = example


def examples_of(error: BaseException) -> Iterator[tuple[BaseException, Example]]:
    """The errors in an error that have an example, with it: groups have several."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from examples_of(one)
    elif "example" in vars(error):
        yield error, vars(error)["example"]


def save_picture(error: BaseException, example: Example, path: Path) -> Path | str:
    """Draw what failed; where that cannot be done, say why.

    Args:
        error: With a drawing of its own, or without.
        example: What to record and draw then.
        path: Where to, ending in .svg; where that cannot be had it will be .dot.
    """
    try:
        drawing = getattr(error, "drawing", None) or _drawing(example)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EngineWarning)  # the ending tells
            try:
                return drawing.save(path)
            except TooLargeError:
                return drawing.save(path.with_suffix(".dot"))
    except Exception as problem:  # the test has failed already; this is an extra
        first = str(problem).partition("\n")[0]
        return f"there is none: {type(problem).__name__}: {first}"


def _drawing(example: Example) -> Drawing:
    """The graph of a function that has not failed to run."""
    arguments = [
        rebuild(tree, [_live(name, leaf) for leaf in leaves(tree)])
        for name, tree in example.inputs.items()
    ]
    with enable_grad(), np.errstate(all="ignore"):
        results = leaves(example.function(*arguments))
    return draw([r for r in results if isinstance(r, Tensor) and r.requires_grad])


def _live(name: str, leaf: Any) -> Any:
    """A float array as a Tensor that records."""
    if not isinstance(leaf, (Tensor, np.ndarray, float)):
        return leaf
    array = np.array(leaf)
    if array.dtype.kind != "f":
        return leaf
    return Tensor(array, requires_grad=True, name=name)
