"""The command ``tinygrad-jp doctor``."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "doctor",
        help="say what draws pictures here, with versions and fonts",
        description="Say which engine draws pictures on this machine and why, with "
        "the versions of all that matters, the Japanese fonts, and how to get what is "
        "missing. The exit status is 1 if no picture can be made.",
    )
    parser.set_defaults(run=_run)


def _run(given: argparse.Namespace) -> int:
    from tinygrad_jp.doctor import examine

    report = examine()
    print(report.text)
    return 0 if report.draws else 1
