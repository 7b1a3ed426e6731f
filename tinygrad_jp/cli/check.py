"""The command ``tinygrad-jp check``: gradient and meaning of one's own function."""

from __future__ import annotations

import argparse
import shlex
import textwrap
from collections.abc import Callable
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np

from tinygrad_jp.cli.words import add_target
from tinygrad_jp.target import UsageError, load, made

WIDTH, INDENT = 88, 12
INSTALL = "pip install 'tinygrad_jp[testing]'"


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "check",
        help="check the gradient and the meaning of a function",
        description="Check the gradient of a function of arrays at several points, "
        "kinks among them, and that it treats each row of a batch for itself.",
    )
    option = parser.add_argument
    add_target(parser)
    option("--domain", default="real", help="of the numbers: real, positive, ...")
    option("--order", type=int, default=1, help="of the derivatives to check")
    option("--seed", type=int, help="of the numbers; another one each time by default")
    rows = parser.add_mutually_exclusive_group()
    rows.add_argument("--batch-axis", type=int, default=0, help="where the rows lie")
    rows.add_argument(
        "--mixes-rows", action="store_true", help="rows are mixed on purpose"
    )
    option("--no-semantics", action="store_true", help="check the gradient alone")
    option(
        "--mutate",
        action="store_true",
        help="break each op on purpose, and say what the checks do not notice; "
        "FUNCTION may be a test",
    )
    parser.set_defaults(run=_run)


def _run(given: argparse.Namespace) -> int:
    try:
        from tinygrad_jp.testing import checkup, mutation
    except ImportError as error:
        raise UsageError(f"{error}; install what is missing: {INSTALL}") from error
    if given.mutate and find_spec("hypothesis") is None:
        raise UsageError(f"--mutate needs hypothesis; install it: {INSTALL}")
    function, is_test = made(load(given.target), given.target)
    seed = given.seed
    if seed is None:
        seed = int(np.random.default_rng().integers(2**32))
    if is_test:
        if not given.mutate:
            raise UsageError(f"{given.target} is a test: run it by pytest, or --mutate")
        return _mutate(mutation, {given.target.rpartition(":")[2]: function})
    try:
        subject = checkup.Checkup(
            function,
            given.shape,
            labels=given.labels,
            domain=given.domain,
            order=given.order,
            seed=seed,
            batch_axis=given.batch_axis,
            mixes_rows=given.mixes_rows,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    checks: dict[str, Callable[[], Any]] = {}
    if given.shape:
        checks |= {"gradient": subject.gradient, "memory": subject.memory}
    if not given.no_semantics:
        checks["meaning"] = subject.meaning
    elif not checks:
        raise UsageError("needs --shape, such as --shape 8,3")
    shapes = "".join([f", shape {shape}" for shape in given.shape])
    print(f"{subject.name} ({given.target}){shapes}, seed {seed}")
    failed = [name for name, check in checks.items() if not _passes(name, check)]
    if failed:
        words = list(given.words)
        words += ["--seed", str(seed)] if given.seed is None else []
        print(f"WRONG: {' and '.join(failed)}. To repeat it:")
        print(f"    tinygrad-jp {shlex.join(words)}")
        return 1
    return _mutate(mutation, checks, subject.rules()) if given.mutate else 0


def _passes(name: str, check: Callable[[], Any]) -> bool:
    """Run a check, and print what it says."""
    try:
        seen = check()
    except Exception as error:
        text = str(error)
        if not isinstance(error, AssertionError):
            text = f"raises {type(error).__name__}: {text}"
        _print_part(name, "WRONG", *_wrapped(text))
        return False
    if isinstance(seen, str):
        _print_part(name, *_wrapped(seen))
    else:
        laws = ", ".join(seen)
        _print_part(name, *_wrapped(f"{len(seen)} laws hold: {laws}"))
    return True


def _mutate(
    mutation: ModuleType, checks: dict[str, Callable[[], Any]], rules: Any = None
) -> int:
    """Print the mutation score; what lives is no error of the function's."""
    try:
        with np.errstate(all="ignore"):  # broken rules may divide by 0
            score = mutation.mutation_score(checks, rules)
    except ValueError as error:
        print(f"WRONG: {error}")
        return 1
    _print_part("mutants", *str(score).splitlines())
    return 0


def _wrapped(text: str) -> list[str]:
    """Lines that fit; what is indented stays so."""
    lines = []
    for line in text.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        lines += textwrap.wrap(
            line,
            WIDTH - INDENT,
            subsequent_indent=f"{indent}  " if indent else "",
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return lines


def _print_part(name: str, first: str, *lines: str) -> None:
    print(f"  {name:{INDENT - 2}}{first}")
    for line in lines:
        print(f"{'':{INDENT}}{line}".rstrip())
