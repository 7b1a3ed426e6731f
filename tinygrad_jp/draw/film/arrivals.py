"""What has arrived at each node so far: the parts of its gradient, and their sum."""

from __future__ import annotations

from typing import NamedTuple

from tinygrad_jp.draw.film.names import Names
from tinygrad_jp.draw.film.story import Story


class Term(NamedTuple):
    """A part of a gradient.

    Attributes:
        text: The number.
        user: The op that it comes from; None for the 1 of an output.
    """

    text: str
    user: int | None


class Arrivals:
    """Counts the parts of gradients, and writes them down.

    Args:
        story: Whose gradients.
        names: That writes arrays.
    """

    def __init__(self, story: Story, names: Names) -> None:
        self.story = story
        self.names = names
        self._parts = [story.parts(place) for place in range(len(story.values))]

    def users(self, place: int) -> list[int]:
        """The op of each part, in the order of arrival."""
        return [self.story.uses[i].user for i in self._parts[place]]

    def terms(self, place: int) -> list[Term]:
        """What the gradient of a node is the sum of."""
        value = self.story.values[place]
        uses = [self.story.uses[i] for i in self._parts[place]]
        found = [Term("1", None)] if value.seed else []
        return found + [
            Term(self.names.array(u.part, value.shape), u.user) for u in uses
        ]

    def total(self, place: int) -> int:
        """How many parts the gradient of a node has."""
        return len(self._parts[place]) + self.story.values[place].seed

    def there(self, place: int, turn: int) -> int:
        """How many of them have arrived after so many visits."""
        visited = set(self.story.visits[:turn])
        arrived = [user for user in self.users(place) if user in visited]
        return len(arrived) + self.story.values[place].seed

    def sum(self, place: int) -> str:
        """The sum written out: ``1.1 + 0.4 = 1.5``; one part as it is."""
        value = self.story.values[place]
        whole = self.names.array(value.grad, value.shape)
        terms = self.terms(place)
        if len(terms) < 2:
            return whole
        parts = [
            f"({term.text})" if term.text.startswith("-") and i else term.text
            for i, term in enumerate(terms)
        ]
        return f"{' + '.join(parts)} = {whole}"
