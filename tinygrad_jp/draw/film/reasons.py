"""Why a node is visited when it is: the question that a topological sort answers."""

from __future__ import annotations

from tinygrad_jp.draw.film.arrivals import Arrivals
from tinygrad_jp.draw.film.names import Names
from tinygrad_jp.draw.film.story import Story
from tinygrad_jp.draw.film.text import Line, Section


class Reasons:
    """Explains the order of visits.

    Args:
        story: Whose order.
        names: What its nodes are called.
        arrivals: What has arrived at them.
    """

    def __init__(self, story: Story, names: Names, arrivals: Arrivals) -> None:
        self.story = story
        self.names = names
        self.words = names.words
        self.arrivals = arrivals

    def why(self, turn: int) -> Section:
        """Why a node is visited at this turn, and what an earlier visit would break."""
        place = self.story.visits[turn]
        lines = [Line(self._users(place)), *self._early(place)]
        choices = [
            self.names.of(other)
            for other in self.story.visits[turn + 1 :]
            if self.arrivals.there(other, turn) == self.arrivals.total(other)
        ]
        if choices:
            said = self.words["why_choice"].format(self.names.several(choices))
            lines.append(Line(said, "quiet"))
        return Section(self.words["why"], lines)

    def _users(self, place: int) -> str:
        parts = self.arrivals.users(place)
        users = [self.names.of(user) for user in dict.fromkeys(parts)]
        if not users:
            return self.words["why_output"]
        if len(users) > 1:
            return self.words["why_all"].format(self.names.several(users))
        if len(parts) > 1:
            return self.words["why_twice"].format(users[0], len(parts))
        return self.words["why_one"].format(users[0])

    def _early(self, place: int) -> list[Line]:
        """What would be lost if the node came before its last user."""
        terms = self.arrivals.terms(place)
        user = terms[-1].user
        before = [term.text for term in terms if term.user != user]
        if user is None or not before:
            return []
        late = [term.text for term in terms if term.user == user]
        said = self.words["why_early"].format(
            self.names.of(user), " + ".join(before), " + ".join(late)
        )
        return [Line(said)]

    def waiting(self, turn: int) -> list[Section]:
        """A table of the nodes at which gradients have arrived after so many visits."""
        coming = self.story.visits[turn:]
        values = enumerate(self.story.values)
        leaves = [place for place, value in values if not value.rule]
        rows: list[tuple[str, ...]] = []
        for place in [*coming, *leaves]:
            there, total = self.arrivals.there(place, turn), self.arrivals.total(place)
            if not there:
                continue
            state = "state_waiting" if there < total else "state_complete"
            if there == total and place in leaves:
                state = "state_leaf"
            elif place == coming[0]:
                state = "state_next"
            row = self.names.of(place), f"{there} / {total}", self.words[state]
            rows.append(row)
        if not rows:
            return []
        head = self.words["list_node"], self.words["list_parts"], ""
        return [Section(self.words["list"], [], [head, *rows])]
