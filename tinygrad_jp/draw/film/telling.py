"""The steps of a film in sentences: what a teacher says beside the picture."""

from __future__ import annotations

from tinygrad_jp.draw.basics import Language
from tinygrad_jp.draw.film import derivatives
from tinygrad_jp.draw.film.arrivals import Arrivals
from tinygrad_jp.draw.film.names import Names
from tinygrad_jp.draw.film.reasons import Reasons
from tinygrad_jp.draw.film.story import Story
from tinygrad_jp.draw.film.text import Line, Section, Step
from tinygrad_jp.draw.film.words import FILM_WORDS


def steps_of(story: Story, lang: Language) -> list[Step]:
    """Tell a story from its beginning to its end."""
    return _Teller(story, lang).steps()


class _Teller:
    """Writes the steps one after the other."""

    def __init__(self, story: Story, lang: Language) -> None:
        self.story = story
        self.lang = lang
        self.words = FILM_WORDS[lang]
        self.names = Names(story, lang)
        self.arrivals = Arrivals(story, self.names)
        self.reasons = Reasons(story, self.names, self.arrivals)

    def steps(self) -> list[Step]:
        """All of them."""
        ops = [i for i, value in enumerate(self.story.values) if value.rule]
        found = [self._intro()]
        found += [self._forward(place) for place in ops]
        found.append(self._seed())
        found += [self._visit(turn) for turn in range(len(self.story.visits))]
        found.append(self._end())
        return found

    # --- before the backward pass ------------------------------------------------

    def _intro(self) -> Step:
        section = Section(self.words["intro_head"], [Line(self.words["intro_text"])])
        return Step("intro", None, self.words["intro"], [section])

    def _forward(self, place: int) -> Step:
        value = self.story.values[place]
        expression = derivatives.expression(value)
        lines = [Line(f"{expression} = {self.names.known(place)}", "formula")]
        for i in value.takes:
            use = self.story.uses[i]
            source, held = self.names.of(use.source), self.names.known(use.source)
            called = "" if source == held else f" ({source})"
            lines.append(Line(f"{use.operand} = {held}{called}"))
        kept = self.words["kept_nothing"]
        if value.kept:
            kept = self.words["kept"].format(self.names.several(value.kept))
        lines.append(Line(kept, "quiet"))
        title = self.words["forward"].format(self.names.of(place))
        return Step("forward", place, title, [Section(self.words["computed"], lines)])

    def _seed(self) -> Step:
        seeds = [i for i, value in enumerate(self.story.values) if value.seed]
        said = self.words["seed_several"]
        if len(seeds) == 1:
            said = self.words["seed_text"].format(self.names.known(seeds[0]))
        lines = [Line("∂L/∂L = 1", "formula"), Line(said), Line(self.words["question"])]
        sections = [Section(self.words["seed_head"], lines), *self.reasons.waiting(0)]
        return Step("seed", None, self.words["seed"], sections)

    # --- a visit -----------------------------------------------------------------

    def _visit(self, turn: int) -> Step:
        place = self.story.visits[turn]
        title = self.words["visit"].format(self.names.of(place))
        sections = [
            self._arrived(place),
            self._local(place),
            self._handed(place, turn),
            self.reasons.why(turn),
            *self.reasons.waiting(turn + 1),
        ]
        return Step("visit", place, title, sections)

    def _arrived(self, place: int) -> Section:
        name = self.names.result(place)
        said = self.words["arrived_one"].format(name, self.arrivals.sum(place))
        lines = [Line(said, "formula")]
        terms = self.arrivals.terms(place)
        if len(terms) > 1:
            sources = [
                self.words["from_start"].format(term.text)
                if term.user is None
                else self.words["from"].format(term.text, self.names.of(term.user))
                for term in terms
            ]
            several = self.names.several(sources)
            lines.append(Line(self.words["arrived_parts"].format(len(terms), several)))
        return Section(self.words["arrived"], lines)

    def _local(self, place: int) -> Section:
        uses = [self.story.uses[i] for i in self.story.values[place].takes]
        told = derivatives.told(self.story, place, self.names, self.lang)
        lines = [
            Line(text, "formula")
            for text, use in zip(told, uses)
            if use.part is not None
        ]
        meant = [
            self.words["is"].format(use.operand, self.names.of(use.source))
            for use in uses
            if use.operand != self.names.of(use.source)
        ]
        if meant:
            here = self.words["where"].format(self.names.several(meant))
            lines.append(Line(here, "quiet"))
        return Section(self.words["local"], lines)

    def _handed(self, place: int, turn: int) -> Section:
        value = self.story.values[place]
        uses = [self.story.uses[i] for i in value.takes]
        given = [use for use in uses if use.part is not None]
        lines = []
        if derivatives.is_factor(value):
            lines.append(Line(self.words["handed_text"]))
        for use in given:
            product = derivatives.product(self.story, place, use, self.names)
            name = self.names.result(use.source)
            lines.append(Line(self.words["to"].format(name, product), "formula"))
        for source in dict.fromkeys([use.source for use in given]):
            lines += self._progress(source, turn)
        others = [self.names.of(use.source) for use in uses if use.part is None]
        if others:
            several = self.names.several(list(dict.fromkeys(others)))
            lines.append(Line(self.words["no_gradient"].format(several), "quiet"))
        return Section(self.words["handed"], lines)

    def _progress(self, place: int, turn: int) -> list[Line]:
        """What has arrived at a node of several parts, after a visit."""
        total = self.arrivals.total(place)
        if total < 2:
            return []
        name = self.names.result(place)
        there = self.arrivals.there(place, turn + 1)
        if there < total:
            return [Line(self.words["waits"].format(name, there, total), "result")]
        said = self.words["completed"].format(name, total, self.arrivals.sum(place))
        return [Line(said, "result")]

    # --- the end -----------------------------------------------------------------

    def _end(self) -> Step:
        rows: list[tuple[str, ...]] = []
        for place, value in enumerate(self.story.values):
            if not value.rule and value.live:
                none = value.grad is None
                shown = self.words["no_grad"] if none else self.arrivals.sum(place)
                rows.append((self.names.of(place), shown))
        head = self.words["end_leaf"], self.words["end_grad"]
        table = Section(self.words["end_head"], [], [head, *rows])
        order = Section(self.words["end_order"], [Line(self.words["end_text"])])
        return Step("end", None, self.words["end"], [table, order])
