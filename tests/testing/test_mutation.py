"""Rules broken on purpose: our own tests of rules kill every mutant of every rule."""

import linecache
import sys
import threading
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import tinygrad_jp as tg
from tinygrad_jp.operands import space
from tinygrad_jp.record import lift
from tinygrad_jp.testing import check_semantics, gradcheck, slopes
from tinygrad_jp.testing.mutation import (
    MUTANTS,
    Score,
    broken,
    examples_of,
    mutation_score,
    rules_used,
)
from tinygrad_jp.testing.mutation_kinds import of_gradient

sys.path.append(str(Path(__file__).parents[1] / "ops"))
import test_rules as suite

KINDS = {mutant.name: mutant for mutant in MUTANTS}

# --- our own suite -----------------------------------------------------------------


class Drawn:
    """Stands for Hypothesis's `data`: what a test draws has been drawn before."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def draw(self, strategy):
        return self.answers.pop(0)


def run(test, rule, *drawn, **others):
    """Run a test of test_rules.py on one example."""
    *first, (operands, keywords) = drawn
    data = Drawn(*first, (operands, dict(keywords)))  # the test may change these
    test.hypothesis.inner_test(rule=rule, data=data, **others)


def varied(examples):
    """One example of each size first, the small ones ahead, which are quick."""
    met = Counter()
    keys = []
    for operands, _ in examples:
        size = operands[0].size
        met[size] += 1
        keys.append((size == 0, met[size], size))  # empty ones say the least
    return [examples[i] for i in sorted(range(len(keys)), key=keys.__getitem__)]


def checks_of(rule, round=0):
    """What test_rules.py does for a rule: a check for each test and example."""
    checks = {}
    examples = examples_of(rule, round)
    for i, case in enumerate(varied(examples)):
        for name, test, *more in (
            ("forward", suite.test_forward_is_numpy_s_own, np.float64),
            ("two uses", suite.test_two_uses_do_not_disturb_each_other),
            ("gradients", suite.test_gradients_are_right_to_the_second_order),
        ):
            seed = {"seed": i} if name == "gradients" else {}
            if name == "forward" or any(rule.vjps):
                checks[f"{name} #{i}"] = partial(run, test, rule, *more, case, **seed)
    return checks


FLAT = {
    *("floor by x", "ceil by x", "trunc by x", "round by x", "sign by x"),
    *("floor_divide by x", "floor_divide by y"),
}
EQUIVALENT = {
    "sign": FLAT,  # of 0
    "g ignored": FLAT,
    "0.05 % scale": FLAT,
    "aliasing: one array for all": FLAT,
    "swapped operands": {"add by x and y", "floor_divide by x and y"},
    "no sum over a broadcast axis": {
        # Zeros, or operands that do not broadcast.
        *("floor_divide by x", "floor_divide by y"),
        *("cofactors_along by x", "cofactors_along by y"),
        *(f"cofactors_along_two by {name}" for name in "xyz"),
        *("reshape by x", "scatter_add by x", "overlap_add by x"),
    },
    "aliasing: written over g": {
        # It is g, or has another shape, or the same numbers where it has not.
        *("add by x", "add by y", "subtract by x", "remainder by x", "astype by x"),
        *(f"{name} by x" for name in ("sum", "max", "min", "logsumexp")),
        *(f"{name} by x" for name in ("det", "logabsdet", "reshape", "broadcast_to")),
        *("sliding_window_view by x", "overlap_add by x", "concat by arrays"),
    },
}
"""Mutants that change nothing: so that no other one passes for such."""


BREAKABLE = [
    rule for rule in tg.RULES.values() if any([*mutant.of(rule)] for mutant in MUTANTS)
]


def test_every_differentiable_rule_is_broken():
    assert set(BREAKABLE) >= set(suite.DIFFERENTIABLE)
    assert {rule.name for rule in set(BREAKABLE) - set(suite.DIFFERENTIABLE)} == {
        *("argsort", "argmax", "argmin", "all", "any")
    }


@pytest.mark.parametrize("rule", BREAKABLE, ids=lambda rule: rule.name)
def test_our_own_tests_kill_every_mutant(rule, monkeypatch):
    # What is wrong shall be found, and need not be explained at length.
    monkeypatch.setattr(slopes, "POINTS", 64)
    score = mutation_score(checks_of(rule), [rule])
    alive = {str(outcome) for outcome in score.alive}
    if alive:  # one run draws more examples than these
        again = mutation_score(checks_of(rule, 1), [rule])
        alive &= {str(outcome) for outcome in again.alive}
    assert not alive, str(score)
    for outcome in score.equivalent:
        place = f"{outcome.rule} {outcome.where}"
        assert place in EQUIVALENT[outcome.mutant], f"{outcome} changes nothing?"


# --- the mutants -------------------------------------------------------------------


def check_exp():
    gradcheck(tg.exp, np.array([0.5, -1.0]))


def parts_of(rule):
    lifted = lift(rule)
    parts = (rule.forward, rule.vjps, rule.keeps, rule.node, lifted.__code__)
    return (*parts, rule.node.pull, rule.node.pull_tensors, set(space))


def one(name, rule):
    return next(iter(KINDS[name].of(tg.RULES[rule])))


@pytest.mark.parametrize("rule", ["exp", "sum", "concat", "solve", "maximum"])
def test_everything_is_put_back_also_after_an_error(rule):
    rule = tg.RULES[rule]
    for mutant in MUTANTS:
        for found in mutant.of(rule):
            with broken(found):  # written, if it was not yet
                pass
            before = parts_of(rule)
            lines = linecache.getlines(f"<rule {rule.name}>")
            with pytest.raises(KeyError, match="True"), broken(found):
                raise KeyError(rule.vjps is found.twin.vjps)
            assert parts_of(rule) == before
            assert linecache.getlines(f"<rule {rule.name}>") == lines


def test_what_was_recorded_before_is_pulled_as_it_was():
    x = tg.Tensor(0.0, requires_grad=True)
    before = tg.exp(x)
    with broken(one("sign", "exp")):
        during = tg.exp(x)
        before.backward()
        assert x.grad.item() == 1.0
    during.backward()
    assert x.grad.item() == 0.0
    tg.exp(x).backward()
    assert x.grad.item() == 1.0


def test_a_watcher_does_not_bring_the_right_rule_back():
    rules = []
    with broken(one("sign", "exp")):
        rules += rules_used(lambda: tg.exp(1.0))
        assert tg.grad(tg.exp)(0.0).item() == -1.0
    assert rules == [tg.RULES["exp"]]


def test_one_mutant_at_a_time_in_all_threads():
    problems = []

    def other():
        try:
            with broken(one("sign", "log")):
                pass
        except RuntimeError as error:
            problems.append(str(error))

    with broken(one("sign", "exp")):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        other()
    assert len(problems) == 2
    assert all("one mutant at a time" in problem for problem in problems)
    other()
    assert len(problems) == 2


def gradients_of(rule, *operands, **keywords):
    tensors = [tg.Tensor(x, requires_grad=True) for x in operands]
    out = rule(*tensors, **keywords)
    out.backward(np.arange(1.0, 1 + out.size).reshape(out.shape))
    return [t.grad.data.tolist() for t in tensors]


X, ROW = np.array([[1.0, 2.0], [3.0, 2.0]]), np.array([1.0, 5.0])


@pytest.mark.parametrize(
    ("mutant", "number", "rule", "operands", "keywords", "expected"),
    [
        ("sign", 0, "negative", (X,), {}, [[[1, 2], [3, 4]]]),
        ("g ignored", 0, "negative", (X,), {}, [[[-1, -1], [-1, -1]]]),
        ("0.05 % scale", 1, "add", (ROW, ROW), {}, [[1, 2], [1.0005, 2.001]]),
        (
            "no sum over a broadcast axis",
            1,
            "add",
            (X, ROW),
            {},
            [[[1, 2], [3, 4]], [1, 2]],
        ),
        ("one winner at a tie", 0, "maximum", (ROW, ROW), {}, [[1, 2], [0, 0]]),
        ("one winner at a tie", 0, "max", (X,), {"axis": 0}, [[[0, 2], [1, 0]]]),
        ("one winner at a tie", 0, "min", (X * 0,), {}, [[[1, 0], [0, 0]]]),
        ("swapped operands", 0, "subtract", (ROW, ROW), {}, [[-1, -2], [1, 2]]),
        ("wrong axis", 0, "cumulative_sum", (X,), {"axis": 0}, [[[3, 2], [7, 4]]]),
        ("meaning: another axis", 0, "sum", (X,), {"axis": 0}, [[[1, 1], [2, 2]]]),
    ],
)
def test_what_a_mutant_breaks(mutant, number, rule, operands, keywords, expected):
    found = list(KINDS[mutant].of(tg.RULES[rule]))[number]
    right = gradients_of(found.rule, *operands, **keywords)
    with broken(found):
        assert gradients_of(found.rule, *operands, **keywords) == expected
    assert gradients_of(found.rule, *operands, **keywords) == right != expected


def test_a_forward_mutant_has_the_gradient_of_what_it_computes():
    def total(x):
        return tg.sum(x, axis=1)

    x = np.arange(6.0).reshape(3, 2)
    with broken(one("meaning: another axis", "sum")):
        gradcheck(total, x, order=2)
        with pytest.raises(AssertionError, match="axis"):
            check_semantics(total, x)
    check_semantics(total, x)


# --- the score ---------------------------------------------------------------------


def test_the_score_says_what_killed_and_what_lives():
    def positive():
        assert tg.grad(tg.exp)(1.0).item() > 0

    score = mutation_score({"positive": positive, "gradcheck": check_exp})
    assert score.by_check() == {"positive": 1, "gradcheck": 2}
    assert score.part == 3 / 5
    assert {o.mutant.split(":")[0] for o in score.alive} == {"aliasing"}
    text = str(score)
    assert text.startswith("mutation score 60 %: 3 of 5 killed")
    assert "exp: aliasing: one array for all (by x)" in text


def test_scores_add_up():
    score = mutation_score([check_exp], mutants=[KINDS["sign"]])
    assert (score + score).outcomes == score.outcomes * 2
    assert len((score + score).killed) == 2
    assert Score().part == 1
    assert str(Score()) == "no mutant changes anything"


def test_a_mutant_that_changes_nothing_is_not_counted():
    score = mutation_score([lambda: tg.floor(0.5)], mutants=[KINDS["sign"]])
    assert [o.verdict for o in score.outcomes] == ["equivalent"]


def test_mutants_that_are_not_reached_are_told_apart():
    def same_shapes():
        gradcheck(tg.add, np.ones(2), np.ones(2))

    mutants = [KINDS["no sum over a broadcast axis"]]
    score = mutation_score([same_shapes], [tg.RULES["add"]], mutants)
    assert [(o.verdict, o.seen) for o in score.outcomes] == [("alive", False)] * 2
    assert "for nothing was computed that they change" in str(score)


def test_a_mutant_of_one_s_own():
    halved = of_gradient("half of it", lambda pull: pull.run() * 0.5)
    (outcome,) = mutation_score([check_exp], mutants=[halved]).outcomes
    assert (outcome.verdict, outcome.by) == ("killed", "check_exp")
    assert "0.5 times the slope" not in outcome.words  # the first line alone
    assert str(outcome) == "exp: half of it (by x)"


def test_a_rule_of_one_s_own():
    @tg.rule(vjp=(lambda g, y: g * y, lambda g, x: g * x), elementwise=True)
    def product(x, y, /):
        return np.multiply(x, y)

    def check():
        gradcheck(product, np.ones((2, 2)), np.array([1.0, 2.0]))

    score = mutation_score([check], [product])
    assert {str(o) for o in score.alive if not o.mutant.startswith("aliasing")} == {
        "product: no sum over a broadcast axis (by x)"
    }


def test_checks_must_pass_and_run_a_rule():
    def fails():
        raise AssertionError("always")

    with pytest.raises(ValueError, match="fails fails though nothing is broken: alw"):
        mutation_score([fails])
    with pytest.raises(ValueError, match="fails though nothing is broken"):
        mutation_score([fails], [tg.RULES["exp"]])
    with pytest.raises(ValueError, match="run no rule"):
        mutation_score([lambda: None])
