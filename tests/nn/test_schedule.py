"""Schedules: the factor after each step and epoch, and what composes."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn


def steps(schedule, count):
    return [schedule.factor, *(schedule.step() for _ in range(count))]


def test_steps_and_epochs_are_counted_apart():
    schedule = nn.StepDecay(2, 0.5, per="step")
    assert steps(schedule, 4) == [1.0, 1.0, 0.5, 0.5, 0.25]
    assert schedule.end_epoch(0.0) == 0.25
    schedule = nn.StepDecay(2, 0.5)
    assert steps(schedule, 9)[-1] == 1.0
    assert [schedule.end_epoch(0.0) for _ in range(2)] == [1.0, 0.5]


@given(length=st.integers(1, 50), floor=st.floats(0, 0.99))
def test_cosine_goes_down_from_one_to_its_floor(length, floor):
    factors = steps(nn.CosineDecay(length, floor), length + 3)
    assert factors[0] == 1.0
    assert all(a >= b for a, b in pairwise(factors))
    assert factors[length:] == pytest.approx([floor] * 4)
    middle = (1 + floor) / 2 if length % 2 == 0 else None
    assert middle is None or factors[length // 2] == pytest.approx(middle)


@given(warm=st.integers(1, 20), then=st.integers(1, 20))
def test_warm_up_then_cosine_is_one_after_the_other(warm, then):
    factors = steps(nn.WarmUp(warm, then=nn.CosineDecay(then)), warm + then)
    rising = [(i + 1) / warm for i in range(warm)]
    assert factors == pytest.approx(rising + steps(nn.CosineDecay(then), then + 1)[1:])


def test_plateau_is_passed_after_a_warm_up_and_waits():
    schedule = nn.WarmUp(2, then=nn.Plateau(patience=1, gamma=0.5, floor=0.2))
    assert schedule.end_epoch(1.0) == 0.5  # still warming up
    assert schedule.step() == 1.0
    losses = [1.0, 0.5, 0.5, 0.6, 0.7, 0.8, 0.9, 0.9]
    assert [schedule.end_epoch(v) for v in losses] == (
        [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.2]
    )


def test_what_is_better_is_better_by_a_part_of_the_best():
    schedule = nn.Plateau(patience=0, gamma=0.5, least=0.1)
    assert [schedule.end_epoch(v) for v in (1.0, 0.95, 0.85, 0.85)] == (
        [1.0, 0.5, 0.5, 0.25]
    )
    below = nn.Plateau(patience=0, gamma=0.5, least=0.1)
    assert [below.end_epoch(v) for v in (-1.0, -1.05, -1.2)] == [1.0, 0.5, 0.5]
    assert nn.Plateau(patience=0, gamma=0.5).end_epoch(math.nan) == 0.5


MAKERS = {
    "Schedule": nn.Schedule,
    "StepDecay": lambda: nn.StepDecay(3, 0.5, per="step"),
    "CosineDecay": lambda: nn.CosineDecay(9),
    "WarmUp": lambda: nn.WarmUp(3, then=nn.CosineDecay(5)),
    "WarmUp epochs": lambda: nn.WarmUp(2, per="epoch"),
    "Plateau": lambda: nn.Plateau(patience=1, gamma=0.5),
    "nested": lambda: nn.WarmUp(2, then=nn.WarmUp(2, then=nn.Plateau(0, 0.5))),
}


@pytest.mark.parametrize("name", MAKERS)
@given(stop=st.integers(0, 10))
def test_state_goes_on_as_if_never_stopped(name, stop):
    losses = [3.0, 2.0, 2.0, 2.5, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5]

    def run(schedule, losses):
        return [(schedule.step(), schedule.end_epoch(loss)) for loss in losses]

    whole = run(MAKERS[name](), losses)
    first = MAKERS[name]()
    before = run(first, losses[:stop])
    second = MAKERS[name]()
    second.load_state_dict(first.state_dict())
    assert before + run(second, losses[stop:]) == whole


def test_a_state_of_another_schedule_is_refused_whole():
    schedule = nn.WarmUp(3)
    schedule.step()
    with pytest.raises(ValueError, match=r"WarmUp: .*(?s:.)*missing: then\.count"):
        schedule.load_state_dict(nn.CosineDecay(3).state_dict())
    bad = {**schedule.state_dict(), "then.count": np.array("x")}
    with pytest.raises(ValueError, match=r"then\.count: needs int64 of shape \(\)"):
        schedule.load_state_dict(bad)
    assert schedule.count == 1


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.StepDecay(0), ValueError, "StepDecay: every must be at least 1"),
        (lambda: nn.StepDecay(1, 0), ValueError, "StepDecay: gamma must be finite"),
        (lambda: nn.StepDecay(1, per="day"), ValueError, 'per must be "step" or "ep'),
        (lambda: nn.CosineDecay(1.5), TypeError, "CosineDecay: length must be a whole"),
        (lambda: nn.CosineDecay(1, 1.0), ValueError, "CosineDecay: floor must be bel"),
        (lambda: nn.WarmUp(1, then=0.5), TypeError, "WarmUp: then must be a Schedule"),
        (lambda: nn.Plateau(-1), ValueError, "Plateau: patience must be at least 0"),
    ],
)
def test_what_cannot_be_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_repr_says_where_it_stands():
    schedule = nn.StepDecay(1, 0.5, per="step")
    schedule.step()
    assert repr(schedule) == "StepDecay(factor=0.5, after 1)"
