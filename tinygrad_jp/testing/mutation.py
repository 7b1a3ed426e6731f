"""How good are my checks? Break each rule on purpose, and see who notices.

    score = mutation_score({"gradient": check_gradient, "meaning": check_meaning})
    print(score)

A check is anything that can be called and raises when something is wrong: a test, a
call of gradcheck. One rule at a time is broken in one way (`mutation_kinds.py`), and
the checks run until one fails: then the mutant is killed. One that no check fails for
is alive: so wrong could the gradient be, and nobody would know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from tinygrad_jp.mode import Watcher
from tinygrad_jp.ops import Rule
from tinygrad_jp.record import watching
from tinygrad_jp.testing.inputs import name_of
from tinygrad_jp.testing.mutation_kinds import MUTANTS, Break, Mutant
from tinygrad_jp.testing.mutation_probe import broken, equivalent, examples_of

__all__ = [
    "MUTANTS",
    "Outcome",
    "Score",
    "broken",
    "examples_of",
    "mutation_score",
    "rules_used",
]

Check: TypeAlias = Callable[[], object]


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant.

    Attributes:
        rule: The rule's name.
        mutant: How it was broken.
        where: In which of its gradients, or in its forward function.
        verdict: "killed"; "alive"; "equivalent": it changes no number of this rule.
        by: The check that killed it.
        words: What that said, in a line.
        seen: Whether anything that the checks computed was another number for it.
    """

    rule: str
    mutant: str
    where: str
    verdict: Literal["killed", "alive", "equivalent"]
    by: str | None = None
    words: str = ""
    seen: bool = False

    def __str__(self) -> str:
        return f"{self.rule}: {self.mutant} ({self.where})"


@dataclass(frozen=True)
class Score:
    """What became of all mutants. Scores can be added.

    Attributes:
        outcomes: One for each.
    """

    outcomes: tuple[Outcome, ...] = ()

    def __add__(self, other: Score) -> Score:
        return Score(self.outcomes + other.outcomes)

    @property
    def killed(self) -> list[Outcome]:
        """Those for which a check failed."""
        return self._of("killed")

    @property
    def alive(self) -> list[Outcome]:
        """Those that no check failed for."""
        return self._of("alive")

    @property
    def equivalent(self) -> list[Outcome]:
        """Those that change nothing, such as the sign of a gradient that is 0."""
        return self._of("equivalent")

    @property
    def part(self) -> float:
        """Which part of those that change something was killed: at most 1."""
        killed, alive = len(self.killed), len(self.alive)
        return killed / (killed + alive) if killed + alive else 1.0

    def by_check(self) -> Counter[str]:
        """How many mutants each check killed."""
        return Counter([str(outcome.by) for outcome in self.killed])

    def __str__(self) -> str:
        killed, alive = len(self.killed), len(self.alive)
        percent = int(1000 * self.part) / 10  # 100 is said of all alone
        lines = [f"mutation score {percent:g} %: {killed} of {killed + alive} killed"]
        if not killed + alive:
            lines = ["no mutant changes anything"]
        if self.equivalent:
            lines[0] += f"; {len(self.equivalent)} more change nothing"
        by = [f"{name} {count}" for name, count in self.by_check().most_common()]
        if by:
            lines.append(f"  killed by: {', '.join(by)}")
        noticed = [o for o in self.alive if o.seen]
        others = [o for o in self.alive if not o.seen]
        for words, found in (
            ("alive, though numbers changed", noticed),
            ("alive, for nothing was computed that they change", others),
        ):
            if found:
                lines.append(f"  {words}:")
                lines += [f"    {line}" for line in _by_rule(found)]
        return "\n".join(lines)

    def _of(self, verdict: str) -> list[Outcome]:
        return [o for o in self.outcomes if o.verdict == verdict]


def _by_rule(outcomes: list[Outcome]) -> Iterator[str]:
    """A line for each rule and way to break it, with all places."""
    places: dict[tuple[str, str], list[str]] = {}
    for o in outcomes:
        places.setdefault((o.rule, o.mutant), []).append(o.where)
    for (rule, mutant), where in places.items():
        yield f"{rule}: {mutant} ({', '.join(where)})"


def mutation_score(
    checks: Iterable[Check] | Mapping[str, Check],
    rules: Iterable[Rule[Any]] | None = None,
    mutants: Iterable[Mutant] = MUTANTS,
) -> Score:
    """Say which mutants of rules the checks kill, and which they let live.

    Args:
        checks: Callables that raise when something is wrong, with names if you like.
            They run again and again, so let them be quick, and repeat themselves.
        rules: What to break; the rules that the checks run, by default.
        mutants: In which ways; `of_gradient` makes more.

    Raises:
        ValueError: A check fails though nothing is broken, or none runs a rule.

    Example:
        >>> from tinygrad_jp.testing.mutation import mutation_score
        >>> def grows():
        ...     assert tg.grad(tg.exp)(1.0).item() > 0
        >>> print(mutation_score([grows]))
        mutation score 20 %: 1 of 5 killed
          killed by: grows 1
          alive, though numbers changed:
            exp: 0.05 % scale (by x)
            exp: aliasing: one array for all (by x)
          alive, for nothing was computed that they change:
            exp: g ignored (by x)
            exp: aliasing: written over g (by x)
    """
    trial = _Trial(_named(checks))
    used = rules_used(trial.run) if rules is None else list(rules)
    if not used:
        raise ValueError(
            "mutation_score: the checks run no rule of tinygrad_jp, so there is "
            "nothing to break"
        )
    kinds = list(mutants)
    found = [one for rule in used for mutant in kinds for one in mutant.of(rule)]
    return Score(tuple([trial.outcome(one) for one in found]))


def _named(checks: Iterable[Check] | Mapping[str, Check]) -> dict[str, Check]:
    if isinstance(checks, Mapping):
        return dict(checks)
    named: dict[str, Check] = {}
    for check in checks:
        name = name_of(check)
        same = [known for known in named if known.split(" #")[0] == name]
        named[f"{name} #{len(same) + 1}" if same else name] = check
    return named


class _Users(Watcher):
    """Notes which rules are run."""

    def __init__(self) -> None:
        self.rules: dict[Rule[Any], None] = {}

    def runs(self, rule: Any, operands: tuple[Any, ...]) -> None:
        self.rules[rule] = None


def rules_used(call: Callable[[], object]) -> list[Rule[Any]]:
    """The rules that a call runs, each once."""
    users = _Users()
    with watching(users):
        call()
    return list(users.rules)


class _Trial:
    """Checks, each of which must pass as long as nothing is broken."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._passed: set[str] = set()

    def run(self) -> None:
        """Run all checks; none may fail."""
        for name in self._checks:
            self._demand_pass(name)

    def outcome(self, found: Break) -> Outcome:
        """Break a rule, and run the checks until one fails."""
        told = (found.rule.name, found.mutant, found.where)
        if equivalent(found):
            return Outcome(*told, "equivalent")
        note = found.twin.note
        note.changed = False
        by, words = None, ""
        with broken(found):
            for name, check in self._checks.items():
                try:
                    check()
                except Exception as error:
                    by = name
                    words = (str(error).splitlines() or [type(error).__name__])[0]
                    break
        if by is None:
            return Outcome(*told, "alive", seen=note.changed)
        self._demand_pass(by)
        return Outcome(*told, "killed", by, words, seen=True)

    def _demand_pass(self, name: str) -> None:
        if name in self._passed:
            return
        try:
            self._checks[name]()
        except Exception as error:
            raise ValueError(
                f"mutation_score: {name} fails though nothing is broken: {error}"
            ) from error
        self._passed.add(name)
