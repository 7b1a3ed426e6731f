"""The command ``tinygrad-jp draw``: a picture of what one's own function computes."""

from __future__ import annotations

import argparse
import inspect
import sys
import warnings
from pathlib import Path
from typing import Any, get_args

import numpy as np

from tinygrad_jp.cli.words import add_target
from tinygrad_jp.draw import Drawing, EngineError, EngineWarning, TooLargeError, draw
from tinygrad_jp.draw.basics import Color, Language, Style
from tinygrad_jp.errors import GraphError
from tinygrad_jp.target import UsageError, load, made

_DTYPES = ("float32", "float64", "float16")  # first that of parameters in `nn`


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "draw",
        help="draw what a function computes",
        description="Run a function or a model on random numbers, and draw what it "
        "computed: as a tree of text, or with -o as a file.",
    )
    add_target(parser)
    option = parser.add_argument
    option("-o", "--output", metavar="FILE", help="where to: graph.svg, .png, ...")
    option("--style", choices=get_args(Style), default="scopes", help="of the picture")
    option("--depth", type=int, metavar="N", help="levels of layers to open")
    option("--color", choices=get_args(Color), help="what the colour of a node says")
    option("--lang", choices=get_args(Language), default="en", help="of the words")
    option("--dtype", choices=_DTYPES, default=_DTYPES[0], help="of the numbers")
    option("--seed", type=int, default=0, help="of the numbers; 0 by default")
    parser.set_defaults(run=_run)


def _run(given: argparse.Namespace) -> int:
    drawing = _drawing(given)
    if given.output is None:
        print(drawing.text(), end="")
        return 0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", EngineWarning)
        try:
            path = drawing.save(given.output)
        except ValueError as error:
            if isinstance(error, TooLargeError):
                return _wrong(error)
            raise UsageError(str(error)) from error
        except (EngineError, OSError) as error:
            return _wrong(error)
    for warning in caught:
        print(f"tinygrad-jp: {warning.message}", file=sys.stderr)
    print(path)
    return 0 if path == Path(given.output).expanduser() else 1


def _drawing(given: argparse.Namespace) -> Drawing:
    """Run the function, and draw it.

    Raises:
        UsageError: It cannot be called so, or computed nothing to draw.
    """
    if given.depth is not None and given.depth < 0:
        raise UsageError(f"--depth must be 0 or more, got {given.depth}")
    function = _function(given)
    arrays = _arrays(given)
    name = given.target.rpartition(":")[2]
    _check_count(function, name, len(arrays))
    try:
        return draw(
            function,
            *arrays,
            style=given.style,
            depth=given.depth,
            color=given.color,
            lang=given.lang,
        )
    except (GraphError, TooLargeError) as error:
        raise UsageError(str(error)) from error
    except Exception as error:
        shapes = ", ".join([str(array.shape) for array in arrays]) or "no arrays"
        raise UsageError(
            f"{name} failed on {shapes}: {type(error).__name__}: {error}"
        ) from error


def _function(given: argparse.Namespace) -> Any:
    """What to draw. A function without arguments brings its own numbers."""
    found = load(given.target)
    alone = inspect.isfunction(found) and not inspect.signature(found).parameters
    if alone and not given.shape:
        return found
    function, is_test = made(found, given.target)
    if is_test:
        raise UsageError(f"{given.target} is a test; draw the function that it tests")
    return function


def _arrays(given: argparse.Namespace) -> list[Any]:
    """Random numbers of the shapes that were asked for, and labels."""
    rng = np.random.default_rng(given.seed)
    # Drawn in float64, so that a seed stands for the same numbers in all.
    drawn = [np.asarray(rng.standard_normal(shape)) for shape in given.shape]
    arrays: list[Any] = [array.astype(given.dtype) for array in drawn]
    if given.labels is None:
        return arrays
    if given.labels < 1:
        raise UsageError(f"--labels must be 1 or more, got {given.labels}")
    if not given.shape or not given.shape[0]:
        raise UsageError("--labels needs a --shape that says how many, such as 8,3")
    return [*arrays, rng.integers(given.labels, size=given.shape[0][0])]


def _check_count(function: Any, name: str, count: int) -> None:
    """Refuse what does not take so many arrays, as far as one can tell."""
    called = getattr(function, "forward", function)
    try:
        signature = inspect.signature(called)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*range(count))
    except TypeError as error:
        arrays = f"{count} array{'' if count == 1 else 's'}"
        raise UsageError(
            f"{name}({', '.join(signature.parameters)}) does not take {arrays}: "
            f"{error}; give --shape once for each, such as --shape 8,3"
        ) from error


def _wrong(error: Exception) -> int:
    print(f"tinygrad-jp: {error}", file=sys.stderr)
    return 1
