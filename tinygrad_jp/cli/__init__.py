"""The command ``tinygrad-jp``: checks and pictures of one's own functions, in a shell.

    tinygrad-jp check layers.py:softmax --shape 8,3
    tinygrad-jp check layers.py:cross_entropy --shape 8,10 --labels 10 --mixes-rows
    tinygrad-jp check --mutate tests/test_layers.py:test_softmax
    tinygrad-jp draw net.py:model --shape 100,784 -o graph.svg
    tinygrad-jp doctor

The exit status is 0 if all is right, 1 if something is wrong, 2 for a wrong call.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_jp.cli import check, doctor, draw
from tinygrad_jp.target import UsageError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Those of the shell, without the command's name; by default its own.

    Returns:
        The exit status.
    """
    parser = _parser()
    words = list(sys.argv[1:] if arguments is None else arguments)
    given = parser.parse_args(words)
    given.words = words
    try:
        return int(given.run(given))
    except UsageError as error:
        print(f"tinygrad-jp: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tinygrad-jp", description="Gradients that one can understand and prove."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in COMMANDS:
        add(commands)
    return parser


COMMANDS: tuple[Callable[[Any], None], ...] = (check.add, draw.add, doctor.add)
"""What adds a command to the parser; one for each."""
