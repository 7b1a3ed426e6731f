"""What an engine is: a form of Graphviz that turns DOT source into a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tinygrad_jp.draw.basics import EngineError
from tinygrad_jp.draw.engines.process import Ran

Kind = Literal["svg", "png", "pdf"]


class MissingEngineError(EngineError):
    """There is no engine, or none that draws this kind of picture."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A form of Graphviz.

    Attributes:
        name: What its users call it.
        kinds: The pictures that it makes.
        find: Where it is; None where it is not installed.
        render: Makes a picture of a kind of DOT source.
        cure: What installs it.
        plain: It drops HTML-like labels, and needs plain ones.
    """

    name: str
    kinds: tuple[Kind, ...]
    find: Callable[[], str | None]
    render: Callable[[str, Kind], bytes]
    cure: Callable[[], str]
    plain: bool = False


def output_of(ran: Ran, name: str, kind: Kind) -> bytes:
    """What a program made.

    Raises:
        EngineError: It failed; the error quotes it.
    """
    if ran.status or not ran.made:
        raise EngineError(
            f"draw: `{name}` failed to make a {kind} with exit code {ran.status}: "
            f"{ran.said[-500:]}"
        )
    return ran.made
