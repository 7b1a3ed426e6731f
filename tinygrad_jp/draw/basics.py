"""What a caller of `draw` can meet: what can be asked for, and what can go wrong.

Light, so that importing `tinygrad_jp` stays quick; the rooms that do the work are
loaded with the first picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from typing import Protocol

    class Measured(Protocol):
        """What knows what nodes took when they ran: a `tinygrad_jp.profile`."""

        def seconds_of(self, node: Any) -> tuple[float, float] | None:
            """Seconds forward and backward; None if it did not see the node."""

        def bytes_of(self, node: Any) -> tuple[int, int] | None:
            """Bytes of the result, and of copies that the node keeps beside it."""

else:  # making a Protocol takes longer than most rooms take to load
    Measured = Any


Style = Literal["scopes", "book", "ops"]
"""Layers as boxes, the book's circles, or every op."""

Color = Literal["grad", "time", "memory"]
"""What the colour of a node says, in the place of its kind."""

Language = Literal["en", "ja"]
"""Of the legend and of the words in labels."""


class Options(NamedTuple):
    """What `draw` was asked for; see there."""

    style: Style = "scopes"
    depth: int | None = None
    color: Color | None = None
    lang: Language = "en"
    backward: bool = True
    profile: Measured | None = None


class EngineError(RuntimeError):
    """Graphviz is missing, failed, or took too long."""


class EngineWarning(UserWarning):
    """A picture that was not made as asked, with the cure."""


class TooLargeError(ValueError):
    """A picture with more items than can be drawn, or looked at."""
