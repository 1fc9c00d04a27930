"""Settings at the ends of what they may be, and memories that nobody can have left: the rules stay rules."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from fer_edge.monitoring.simulation import Story
from tests.monitoring.telling import assert_told, settings, tell

AWAY = Story(110).during(100, 105, yaw=45.0)
AWAY_DUE = [("distracted", "start", 103), ("distracted", "end", 107)]


def test_a_distraction_that_ends_at_the_first_look_ahead_does_not_end_before_it() -> None:
    told = tell(AWAY, config=settings(monitoring={"distraction": {"end_s": 0}}))
    assert_told(told, [("distracted", "start", 103), ("distracted", "end", 105)], within_s=0.3)


def test_an_answer_of_any_length_is_still_a_look_ahead() -> None:
    """Who goes on looking away has not answered, and becomes unresponsive."""
    told = tell(Story(120).during(100, 110, yaw=45.0), config=settings(monitoring={"distraction": {"answered_s": 0}}))
    assert told.find("unresponsive").at == pytest.approx(106, abs=0.1)


def test_straight_ahead_is_learned_though_it_is_first_set_after_a_full_calibration() -> None:
    told = tell(AWAY, config=settings(monitoring={"calibration": {"first_s": 90, "full_s": 60}}))
    assert_told(told, AWAY_DUE)


def test_a_driver_who_is_gone_at_once_is_still_watched_while_there() -> None:
    told = tell(Story(110).closed(70, 72), config=settings(monitoring={"closure": {"absent_s": 0}}))
    assert_told(told, [("microsleep", "start", 71.5), ("microsleep", "end", 72.3)])
    assert told.last.calibration.state == "calibrated"


def test_eyes_that_shut_in_a_yawn_are_no_microsleep_of_no_length() -> None:
    """In the first second of a drive, a hand before the mouth."""
    story = Story(1).during(0.1, 1, hand="mouth").closed(0.5, 1)
    assert_told(tell(story, config=settings(monitoring={"closure": {"microsleep_s": 0}})), [])


def test_a_sleep_is_no_blink_though_perclos_leaves_it_out() -> None:
    told = tell(Story(90).closed(70, 74), config=settings(monitoring={"drowsy": {"min_closure_s": 5}}))
    assert told.find("sleep", "end").held_s == pytest.approx(4, abs=0.1)
    assert told.find("sleep", "end").at == pytest.approx(76, abs=0.1)
    told = tell(Story(90).closed(70, 71.8), config=settings(monitoring={"drowsy": {"min_closure_s": 2}}))
    assert told.find("microsleep", "end").held_s == pytest.approx(1.8, abs=0.1)


@pytest.mark.parametrize(
    "change", [{"begins_above": 1}, {"ends_below": 0}, {"gap_s": 0.05}], ids=["begins_above", "ends_below", "gap_s"]
)
def test_what_no_signal_can_reach_and_no_camera_keeps_is_refused(change: dict[str, float]) -> None:
    """With these nothing would ever begin, end or be judged, and nobody would be told."""
    with pytest.raises(ValidationError, match=next(iter(change))):
        settings(monitoring={"filter": change})


@pytest.mark.parametrize(
    "changed", [{"yaw": 500.0}, {"pitch": -1e300}, {"openness": 10**400}], ids=["yaw", "pitch", "openness"]
)
def test_a_memory_that_nobody_can_have_left_is_as_good_as_none(changed: dict[str, Any]) -> None:
    saved = {"v": 1, "openness": 0.8, "yaw": 0.0, "pitch": 0.0, **changed}
    told = tell(AWAY, saved=saved)
    assert told.states[0].calibration.state == "calibrating"
    assert_told(told, AWAY_DUE)
