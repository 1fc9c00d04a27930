"""A flicker of pauses is no silent off-switch: each is told, and between two of them every sleeper is."""

from __future__ import annotations

import pytest

from fer_edge.errors import UsageError
from fer_edge.service.pauses import MARGIN_S, Pauses
from fer_edge.settings import Settings

SLOWEST_S = Settings().monitoring.closure.unresponsive_s


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_between_two_pauses_the_slowest_fatigue_rule_has_its_time() -> None:
    clock = Hand()
    pauses = Pauses(clock)
    pauses.begin(1.0)
    pauses.begin(2.0)  # longer, while it lasts
    assert not pauses.over(SLOWEST_S)
    clock.now += 2.0
    assert pauses.over(SLOWEST_S)
    with pytest.raises(UsageError, match=r"refused: .* try again in 8 s"):
        pauses.begin(1.0)
    clock.now += SLOWEST_S + MARGIN_S
    pauses.begin(1.0)
    assert pauses.count == 2


def test_a_pause_that_is_ended_at_once_still_lasts_long_enough_to_be_told() -> None:
    clock = Hand()
    pauses = Pauses(clock)
    pauses.begin(3600.0)
    pauses.ask_to_end()
    assert pauses.left_s == 1.0
    clock.now += 0.9
    assert not pauses.over(SLOWEST_S)
    pauses.ask_to_end()
    clock.now += 0.1
    assert pauses.over(SLOWEST_S) and pauses.left_s is None


def test_nor_can_a_shorter_pause_cut_it_short() -> None:
    clock = Hand()
    pauses = Pauses(clock)
    pauses.begin(3600.0)
    pauses.begin(0.0)
    assert pauses.left_s == 1.0


def test_the_time_paused_is_summed_with_the_pause_going_on() -> None:
    clock = Hand()
    pauses = Pauses(clock)
    pauses.begin(5.0)
    clock.now += 5.5  # the loop looks every tenth of a second, and may be late
    pauses.over(SLOWEST_S)
    clock.now += 20.0
    assert (pauses.count, pauses.total_s) == (1, 5.5)
    pauses.begin(60.0)
    clock.now += 10.0
    assert (pauses.count, pauses.total_s) == (2, 15.5)


def test_to_resume_what_is_not_paused_does_nothing() -> None:
    pauses = Pauses(Hand())
    pauses.ask_to_end()
    assert not pauses.over(SLOWEST_S) and pauses.left_s is None
