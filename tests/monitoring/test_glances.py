"""Two-minute drives of looks away: eyes aside, heads turned, glances at mirrors. When is what told?"""

from __future__ import annotations

import pytest

from tests.monitoring.lidded import BENT, LOWERED, SHUT, Scene, drive, phases, starts, told
from tests.monitoring.telling import settings

AWAY = {"yaw": 45.0, "gaze": None}


def test_eyes_that_look_aside_are_a_distraction_though_the_head_is_ahead() -> None:
    """A lizard, as Euro NCAP calls it: the eyes 40 degrees to the left from 20 on, the head straight."""
    events = told(drive((20, {}), (24.5, {"gaze": (40.0, 0.0)}), (40, {})))
    assert phases(events) == [("distracted", "start", 23.0), ("distracted", "end", 26.5)]
    assert (events[0].details["looking"], events[0].details["by"]) == ("left", "eyes")


def test_a_head_turned_away_with_the_eyes_on_the_road_is_no_distraction() -> None:
    assert told(drive((20, {}), (30, {"yaw": 35.0, "gaze": (-30.0, 0.0)}), (40, {}))) == []


def test_a_gaze_read_a_little_too_far_ahead_in_a_turned_head_is_away() -> None:
    """The head 35 degrees to the left, the gaze 25: its error, not a look at the road. At 20 it may be one."""
    assert told(drive((20, {}), (24.5, {"yaw": 35.0, "gaze": (-15.0, 0.0)}), (40, {}))) == []
    events = told(drive((20, {}), (24.5, {"yaw": 35.0, "gaze": (-10.0, 0.0)}), (40, {})))
    assert starts(events) == [("distracted", 23.0)]
    assert (events[0].details["looking"], events[0].details["by"]) == ("left", "head")


def test_a_look_up_is_a_look_away() -> None:
    """A phone held high, the roof: the head 35 degrees up."""
    events = told(drive((20, {}), (24, {"pitch": 35.0}), (40, {})))
    assert phases(events) == [("distracted", "start", 23.0), ("distracted", "end", 26.0)]
    assert (events[0].details["looking"], events[0].details["by"]) == ("up", "head")


def test_glances_at_mirrors_start_afresh_after_two_seconds_ahead() -> None:
    """1.1 s every 3.2 s for four minutes: 10 s in 30 s in all, and nothing."""
    scenes: list[Scene] = [(20, {})]
    for n in range(70):
        scenes += [(21.1 + 3.2 * n, {"yaw": 45.0, "gaze": (0.0, 0.0)}), (23.2 + 3.2 * n, {})]
    assert told(drive(*scenes)) == []


def test_glances_without_two_seconds_ahead_add_up_and_want_an_answer() -> None:
    """2.5 s away, 1 s ahead, again and again, the fourth for good: no answer for three seconds."""
    scenes: list[Scene] = [(20, {})]
    for n in range(3):
        scenes += [(22.5 + 3.5 * n, AWAY), (23.5 + 3.5 * n, {})]
    events = told(drive(*scenes, (45, AWAY), (60, {})))
    assert starts(events)[0] == ("distracted", pytest.approx(33.0, abs=0.3))
    assert events[0].details["reason"] == "shared"
    assert starts(events)[1] == ("unresponsive", pytest.approx(36.0, abs=0.3))


def test_a_jerk_with_shut_eyes_is_no_answer() -> None:
    """Warned at 23; at 24.5 the head comes up for a second, the eyes stay shut."""
    jerk = SHUT | {"pitch": 2.0}
    events = told(drive((20, {}), (24.5, SHUT | BENT), (25.5, jerk), (28, SHUT | BENT), (40, {})))
    assert ("unresponsive", 26.0) in starts(events)


def test_open_eyes_ahead_for_half_a_second_are_an_answer() -> None:
    """Warned at 23, ahead from 24.5 to 25.3, away again until 27.5."""
    events = told(drive((20, {}), (24.5, AWAY), (25.3, {}), (27.5, AWAY), (40, {})))
    assert starts(events) == [("distracted", 23.0)]


@pytest.mark.parametrize(
    ("rules", "km_h", "looked_s", "in_all_s"),
    [("euro-ncap", 80.0, 4.0, 6.0), ("eu-2023-2590", 80.0, 4.0, 6.5), ("eu-2023-2590", 30.0, 7.0, 9.0)],
)
def test_after_an_answer_a_new_look_away_has_the_whole_time(
    rules: str, km_h: float, looked_s: float, in_all_s: float
) -> None:
    """Ahead for 0.8 s a second after the warning, then away again: the driver had answered that one."""
    config = settings(monitoring={"rules": rules, "drowsy": {"advisory": 0.98, "warning": 0.99}})
    back = 20 + looked_s
    again = back + 0.8
    for away_s in (in_all_s - 0.5, 14.0):
        events = told(drive((20, {}), (back, AWAY), (again, {}), (again + away_s, AWAY), (55, {})), config, km_h=km_h)
        due = ["distracted", "unresponsive"] if away_s > in_all_s else ["distracted"]
        assert [event.event_type for event in events if event.phase != "end"] == due
    critical = events[2]
    assert (critical.event_type, critical.details["reason"]) == ("unresponsive", "distracted")
    assert critical.at == pytest.approx(again + in_all_s, abs=0.1)
    assert critical.held_s == pytest.approx(in_all_s, abs=0.1)


def test_looks_one_way_can_be_allowed() -> None:
    """Into the lap three times, then to the side; only lids that stay down are told all the same."""
    allowed = settings(monitoring={"distraction": {"pitch_deg": 0}})
    looks = [scene for at in (20, 24, 28, 32) for scene in ((at, {}), (at + 2.8, LOWERED))]
    assert starts(told(drive(*looks, (60, {})))) == [("distracted", pytest.approx(33.8, abs=0.2))]
    assert starts(told(drive(*looks, (60, {})), allowed)) == []
    assert starts(told(drive((20, {}), (24, LOWERED), (40, {})), allowed)) == [("distracted", 23.0)]
    bent = {"pitch": -40.0, "gaze": (0.0, 0.0)}
    assert starts(told(drive((20, {}), (24, bent), (40, {}), (44, AWAY), (60, {})), allowed)) == [("distracted", 43.0)]


def test_the_regulation_gives_more_time_the_slower_the_car() -> None:
    """3.5 s from 50 km/h and 6 s below it; three more until unresponsive."""
    config = settings(monitoring={"rules": "eu-2023-2590"})
    for km_h, due in ((80.0, 23.5), (30.0, 26.0)):
        events = told(drive((20, {}), (40, {"yaw": 45.0, "gaze": None}), (50, {})), config, km_h=km_h)
        assert starts(events) == [("distracted", due), ("unresponsive", due + 3.0)]


def test_a_distraction_by_lids_stays_when_the_driver_vanishes_with_them_down() -> None:
    """Lids down from 20 on and warned at 23, then out of view: that may be a slump."""
    unread = dict.fromkeys(("eyes_closed", "eyes_lowered", "eyes_narrowed", "width", "gaze", "mouth"))
    gone = {**unread, "face": None, "yaw": None, "pitch": None, "roll": None}
    events = told(drive((20, {}), (23.2, LOWERED), (90, gone)))
    assert phases(events) == [("distracted", "start", 23.0), ("distracted", "end", pytest.approx(83.2, abs=0.1))]
