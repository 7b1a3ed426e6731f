"""A Drawing: the picture of a graph, that shows and saves itself.

The rooms that do the work are imported where they are used: importing
`tinygrad_jp` must not wait for what most programs never need.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tinygrad_jp.draw.basics import EngineWarning, Options, TooLargeError

if TYPE_CHECKING:
    from pathlib import Path

    from tinygrad_jp.draw.film.story import Refusal, Story
    from tinygrad_jp.draw.picture import Picture
    from tinygrad_jp.graph import Node
    from tinygrad_jp.tensor import Tensor

MOST = 400
"""Items above which Graphviz is not started; the source can still be had."""

READ = 40
"""Items that a text shows with all scopes opened."""


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
        self,
        picture: Picture,
        whole: Picture | None,
        options: Options,
        story: Story | Refusal,
    ) -> None:
        self._picture = picture
        self._whole = whole
        self._options = options
        self._story = story

    @classmethod
    def of(
        cls,
        tensors: Sequence[Tensor],
        options: Options,
        inputs: Collection[Node] = (),
        titles: Mapping[Node, str] | None = None,
    ) -> Drawing:
        """Draw what `tensors` were computed from: `tinygrad_jp.draw`, unchecked."""
        from tinygrad_jp.draw.build import pictures_of
        from tinygrad_jp.draw.film.story import story_of

        made = pictures_of(tensors, options, inputs, titles)
        told = options._replace(profile=None)  # its numbers are in the pictures
        return cls(made.page, made.whole, told, story_of(made))

    @cached_property
    def dot(self) -> str:
        """The DOT source; the same graph gives the same text."""
        if self._options.style == "book":
            from tinygrad_jp.draw import book

            backward = self._options.backward
            return book.write(self._picture, self._options.lang, backward=backward)
        from tinygrad_jp.draw.scopes import write

        return write(self._picture, self._options.lang)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong in the graph, a sentence for each; in the picture's language.

        Numbers that are not finite, and which op made them; parameters whose gradient
        is exactly 0 or missing; dead units, saturation, outputs that hardly differ.

        Example:
            >>> x = tg.Tensor([0.0, 1.0], requires_grad=True, name="x")
            >>> with np.errstate(divide="ignore"):
            ...     tg.draw(tg.log(x).sum()).problems
            ('log: ∞ ×1 made here, of finite numbers',)
        """
        return self._picture.problems

    def svg(self) -> str:
        """The picture as an SVG element, in a browser light or dark as its page.

        Raises:
            EngineError: Graphviz is missing or failed; the message has the cure.
            TooLargeError: More than `MOST` items.
        """
        from tinygrad_jp.draw import engines
        from tinygrad_jp.draw.theme import themed

        return themed(engines.svg(self._checked()))

    def png(self) -> bytes:
        """The picture as a PNG, 144 dots an inch, fewer where it is very large.

        Raises:
            EngineError: Graphviz is missing or failed; the message has the cure.
            TooLargeError: More than `MOST` items.
        """
        from tinygrad_jp.draw import engines

        return engines.png(self._checked())

    def text(self) -> str:
        """The picture as a tree for a terminal, which needs no Graphviz.

        Scopes are branches. Where `style` and `depth` leave it open, all of them are
        opened in a small graph without repeated blocks.

        Example:
            >>> x = tg.Tensor(2.0, requires_grad=True, name="x")
            >>> print(tg.draw(x * x).text())
            computation graph  (∇ gradient norm)
            ├─ x  parameter  float64  = 2  ∇ 4
            ├─ #1 = ×        float64  = 4  ∇ 1  ← x, x
            └─ output        float64  = 4  ∇ 1
            <BLANKLINE>
        """
        from tinygrad_jp.draw import listing

        shown = self._picture
        free = self._options.depth is None and self._options.style == "scopes"
        if free and self._whole is not None:
            most = min(READ, 3 * len(shown.items))
            shown = self._whole if len(self._whole.items) <= most else shown
        return listing.write(shown, self._options.lang)

    def html(self) -> str:
        """The picture as a page to move in, search, fold and click; no Graphviz needed.

        One file that asks the network for nothing. A click on a node shows its values,
        its gradient and its line.
        """
        from tinygrad_jp.draw import page

        return page.write(self._picture, self._whole, self._options)

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file: .svg, .png, .pdf, .dot, .html or .txt.

        Folders are made. The file is written whole or not at all.

        Where Graphviz is missing, the source is written beside it instead, to a file
        that ends in .dot, with an `EngineWarning` that says how to get Graphviz.

        Args:
            path: Where to; the ending says what.

        Returns:
            The path of the file that was written.

        Raises:
            ValueError: Another ending.
            OSError: The file cannot be written; what stood there is unchanged.
            EngineError: Graphviz failed, or what stands in for it makes no such file.
            TooLargeError: More than `MOST` items, for .svg, .png and .pdf.
        """
        from pathlib import Path

        from tinygrad_jp import files
        from tinygrad_jp.draw import engines

        path = Path(path).expanduser()
        writers: dict[str, Callable[[], bytes]] = {
            ".svg": lambda: self.svg().encode(),
            ".png": self.png,
            ".pdf": lambda: engines.pdf(self._checked()),
            ".dot": lambda: self.dot.encode(),
            ".html": lambda: self.html().encode(),
            ".txt": lambda: self.text().encode(),
        }
        suffix = path.suffix.lower()
        if suffix not in writers:
            raise ValueError(
                f"Drawing.save: the file name must end in {', '.join(writers)}, "
                f"got {path.name!r}"
            )
        try:
            content = writers[suffix]()
        except engines.MissingEngineError as error:
            asked, path = path, path.with_suffix(".dot")
            files.replace(path, self.dot.encode(), "Drawing.save")
            reason = str(error).removeprefix("draw: ")
            warnings.warn(
                f"Drawing.save: wrote {path} in place of {asked.name}: {reason}",
                EngineWarning,
                stacklevel=2,
            )
            return path
        files.replace(path, content, "Drawing.save")
        return path

    def film(self, path: str | Path) -> Path:
        """Write a page that goes through the backward pass node by node, for teaching.

        Each step says which gradient arrives, the local derivative, what is handed on
        to whom, and why this node comes now: why the order is a topological sort. The
        arrow keys move through it. One file that asks the network for nothing.

        Args:
            path: Where to; it ends in .html.

        Returns:
            The path.

        Raises:
            ValueError: Another ending.
            TooLargeError: More than 60 ops.
            GraphError: No gradient: the output is not a single number, or the graph was
                released by `backward()` and its ops cannot be run again.
            EngineError: Graphviz is missing or failed; the message has the cure.
            OSError: The file cannot be written; what stood there is unchanged.
        """
        from pathlib import Path

        from tinygrad_jp import files
        from tinygrad_jp.draw import film
        from tinygrad_jp.draw.film.story import Refusal

        path = Path(path).expanduser()
        if path.suffix.lower() != ".html":
            raise ValueError(
                f"Drawing.film: the file name must end in .html, got {path.name!r}"
            )
        if isinstance(self._story, Refusal):
            raise self._story.kind(self._story.message)
        page = film.write(self._story, self._options.lang)
        files.replace(path, page.encode(), "Drawing.film")
        return path

    def _checked(self) -> str:
        count = len(self._picture.items)
        if count > MOST:
            cure = (
                'style="scopes" draws layers as boxes, and folds them'
                if self._options.style == "ops"
                else "fold ops by computing them inside `with tg.scope(name):`, give a "
                "smaller depth="
            )
            raise TooLargeError(
                f"draw: {count:,} items, and {MOST} is the limit for a picture; "
                f'{cure}, or take the source: .save("graph.dot")'
            )
        return self.dot

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> dict[str, str]:
        """What a notebook shows: the picture, or why there is none."""
        from tinygrad_jp.draw.notebook import html_of_svg

        try:
            svg = self.svg()
            return {
                "text/html": html_of_svg(svg),
                "image/svg+xml": svg,
                "text/plain": repr(self),
            }
        except Exception as error:  # a traceback would hide the cell's own result
            return {"text/plain": f"{self!r}\n{error}"}

    def __str__(self) -> str:
        return self.text().rstrip("\n")

    def __repr__(self) -> str:
        counts = Counter([item.kind.value for item in self._picture.items])
        parts = [
            f"{counts[kind]} {kind}{'s' if counts[kind] > 1 else ''}"
            for kind in ("layer", "op", "parameter", "input", "output")
            if counts[kind]
        ]
        count = len(self.problems)
        if count:
            parts.append("1 problem" if count == 1 else f"{count} problems")
        return f"<Drawing: {', '.join(parts)}>"
