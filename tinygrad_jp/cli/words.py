"""The words that commands share: what to look at, and its shapes."""

from __future__ import annotations

import argparse


def shape(text: str) -> tuple[int, ...]:
    """A shape as it is written in a shell: ``8,3``; ``()`` for a single number."""
    bare = text.strip("()[] ,").replace("x", ",")
    try:
        sides = tuple([int(side) for side in bare.split(",")] if bare else [])
    except ValueError:
        sides = (-1,)
    if any(side < 0 for side in sides):
        raise argparse.ArgumentTypeError(f"needs lengths such as 8,3, got {text!r}")
    return sides


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the function and its arguments to a command's parser."""
    option = parser.add_argument
    option(
        "target",
        metavar="MODULE:FUNCTION",
        help="a function, a module, or a class or factory that needs no arguments; "
        "MODULE is a dotted name or a file",
    )
    option(
        "--shape",
        type=shape,
        action="append",
        default=[],
        metavar="8,3",
        help="of the batch; once more for each further array",
    )
    option("--labels", type=int, metavar="K", help="a last argument: labels below K")
