"""A Drawing: the picture of a graph, that shows and saves itself.

The rooms that do the work are imported where they are used: importing
`tinygrad_jp` must not wait for what most programs never need.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tinygrad_jp.draw.basics import EngineWarning, Options, TooLargeError

if TYPE_CHECKING:
    from pathlib import Path

    from tinygrad_jp.draw.picture import Picture
    from tinygrad_jp.graph import Node
    from tinygrad_jp.tensor import Tensor

MOST = 400
"""Items above which Graphviz is not started; the source can still be had."""


class Drawing:
    """The picture of a graph. A notebook shows it; `save` writes it to a file.

    It holds text and numbers alone, so it keeps no array alive. Made by
    `tinygrad_jp.draw`.

    Example:
        >>> import tinygrad_jp as tg
        >>> x = tg.Tensor(2.0, requires_grad=True, name="x")
        >>> drawing = tg.draw(x * x)
        >>> drawing
        <Drawing: 1 op, 1 parameter, 1 output>
        >>> drawing.dot.startswith("digraph")
        True
    """

    def __init__(
        self, picture: Picture, whole: Picture | None, options: Options
    ) -> None:
        self._picture = picture
        self._whole = whole
        self._options = options

    @classmethod
    def of(
        cls, tensors: Sequence[Tensor], options: Options, inputs: Collection[Node] = ()
    ) -> Drawing:
        """Draw what `tensors` were computed from: `tinygrad_jp.draw`, unchecked."""
        from tinygrad_jp.draw.build import pictures_of

        made = pictures_of(tensors, options, inputs)
        return cls(made.page, made.whole, options)

    @cached_property
    def dot(self) -> str:
        """The DOT source; the same graph gives the same text."""
        from tinygrad_jp.draw.scopes import write

        return write(self._picture, self._options.lang)

    def svg(self) -> str:
        """The picture as an SVG element.

        Raises:
            EngineError: Graphviz is missing or failed; the message has the cure.
            TooLargeError: More than `MOST` items.
        """
        from tinygrad_jp.draw import engine

        return engine.svg(self._checked())

    def png(self) -> bytes:
        """The picture as a PNG, 144 dots an inch, fewer where it is very large.

        Raises:
            EngineError: Graphviz is missing or failed; the message has the cure.
            TooLargeError: More than `MOST` items.
        """
        from tinygrad_jp.draw import engine

        return engine.png(self._checked())

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file: .svg, .png, .pdf or .dot. Folders are made.

        Where Graphviz is missing, the source is written beside it instead, to a file
        that ends in .dot, with an `EngineWarning` that says how to get Graphviz.

        Args:
            path: Where to; the ending says what.

        Returns:
            The path of the file that was written.

        Raises:
            ValueError: Another ending.
            OSError: The file cannot be written.
            EngineError: Graphviz failed.
            TooLargeError: More than `MOST` items, and not .dot.
        """
        from pathlib import Path

        from tinygrad_jp.draw import engine

        path = Path(path).expanduser()
        writers: dict[str, Callable[[], bytes]] = {
            ".svg": lambda: self.svg().encode(),
            ".png": self.png,
            ".pdf": lambda: engine.pdf(self._checked()),
            ".dot": lambda: self.dot.encode(),
        }
        suffix = path.suffix.lower()
        if suffix not in writers:
            raise ValueError(
                f"Drawing.save: the file name must end in {', '.join(writers)}, "
                f"got {path.name!r}"
            )
        asked = path
        if suffix != ".dot" and not engine.is_there():
            path, suffix = path.with_suffix(".dot"), ".dot"
        content = writers[suffix]()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            reason = f"Drawing.save: cannot write the file: {error.strerror}"
            raise OSError(error.errno, reason, str(path)) from error
        if path != asked:
            warnings.warn(
                f"Drawing.save: wrote {path} in place of {asked.name}: {engine.cure()}",
                EngineWarning,
                stacklevel=2,
            )
        return path

    def _checked(self) -> str:
        count = len(self._picture.items)
        if count > MOST:
            raise TooLargeError(
                f"draw: {count:,} items, and {MOST} is the limit for a picture; fold "
                "ops by computing them inside `with tg.scope(name):`, give a smaller "
                'depth=, or take the source: .save("graph.dot")'
            )
        return self.dot

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> dict[str, str]:
        """What a notebook shows: the SVG, or why there is none."""
        try:
            return {"image/svg+xml": self.svg(), "text/plain": repr(self)}
        except Exception as error:  # a traceback would hide the cell's own result
            return {"text/plain": f"{self!r}\n{error}"}

    def __repr__(self) -> str:
        counts = Counter([item.kind.value for item in self._picture.items])
        parts = [
            f"{counts[kind]} {kind}{'s' if counts[kind] > 1 else ''}"
            for kind in ("layer", "op", "parameter", "input", "output")
            if counts[kind]
        ]
        return f"<Drawing: {', '.join(parts)}>"
