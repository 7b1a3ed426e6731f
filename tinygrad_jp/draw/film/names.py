"""How a film names nodes and writes arrays, in running text."""

from __future__ import annotations

from collections.abc import Sequence

from tinygrad_jp.draw.basics import Language
from tinygrad_jp.draw.film.story import Story, Value
from tinygrad_jp.draw.film.words import FILM_WORDS
from tinygrad_jp.draw.plain import written
from tinygrad_jp.draw.summary import Summary
from tinygrad_jp.draw.text import number, short


class Names:
    """The names of a story's nodes.

    Args:
        story: Whose nodes.
        lang: The language of what has no name.
    """

    def __init__(self, story: Story, lang: Language) -> None:
        self.story = story
        self.words = FILM_WORDS[lang]

    def of(self, place: int) -> str:
        """A node: ``#3 ×`` for an op, with the name of its result, if it has one."""
        value = self.story.values[place]
        if not value.rule:
            return self.leaf(value)
        name = f" ({short(value.name)})" if value.name else ""
        return f"#{value.number} {value.title}{name}"

    def result(self, place: int) -> str:
        """What stands under a fraction bar: a name, or the op's number."""
        value = self.story.values[place]
        if value.name:
            return short(value.name)
        return f"#{value.number}" if value.rule else self.leaf(value)

    def leaf(self, value: Value) -> str:
        """The name of a leaf, or what it is."""
        if value.title:
            return short(value.title)
        return self.words["parameter" if value.live else "constant"]

    def known(self, place: int) -> str:
        """What a node holds."""
        value = self.story.values[place]
        return self.array(value.known, value.shape)

    def several(self, texts: Sequence[str]) -> str:
        """Texts one after the other."""
        return self.words["and"].join(texts)

    def array(self, summary: Summary | None, shape: tuple[int, ...]) -> str:
        """Its elements where they are few, otherwise its sizes and its norm."""
        sizes = "×".join([str(size) for size in shape]) or "1"
        if summary is None:
            return self.words["unknown"].format(sizes)
        if len(shape) > 2 or not summary.elements:
            return self.words["array"].format(sizes, number(summary.norm))
        figures = [written(float(element)) for element in summary.elements]
        if not shape:
            return figures[0]
        if len(shape) == 1:
            return f"[{' '.join(figures)}]"
        width = shape[1]
        starts = range(0, len(figures), width)
        rows = [f"[{' '.join(figures[i : i + width])}]" for i in starts]
        return f"[{' '.join(rows)}]"
