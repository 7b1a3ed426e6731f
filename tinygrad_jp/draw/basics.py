"""What a caller of `draw` can meet: the languages, and what can go wrong.

Light, so that importing `tinygrad_jp` stays quick; the rooms that do the work are
loaded with the first picture.
"""

from typing import Literal

Language = Literal["en", "ja"]
"""Of the legend and of the words in labels."""


class EngineError(RuntimeError):
    """Graphviz is missing, failed, or took too long."""


class EngineWarning(UserWarning):
    """A picture that was not made as asked, with the cure."""


class TooLargeError(ValueError):
    """A picture with more items than can be drawn, or looked at."""
