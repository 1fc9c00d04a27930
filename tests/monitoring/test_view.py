"""Stories of what the camera does not show: nobody there, a dark lens, eyes that cannot be judged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fer_edge.core import Lens, Level, Phase
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import Camera, Story, signals
from tests.monitoring.telling import SETTINGS, Told, assert_told, tell


def test_absent_after_5_s_and_back_after_1_s() -> None:
    told = tell(Story(100).during(70, 80, face=False))
    assert_told(told, [("absent", "start", 75), ("absent", "end", 81)], "view")
    assert told.state_at(72).present is False
    assert told.last.present is True


def test_a_face_lost_and_found_is_nothing() -> None:
    story = Story(120)
    for start in range(20, 110, 8):
        story.during(start, start + 4, face=False)
    assert_told(tell(story), [], "view", "fatigue", "attention")


def test_an_empty_car_from_the_start() -> None:
    told = tell(Story(20).during(0, 20, face=False))
    assert_told(told, [("absent", "start", 5)], "view")
    assert told.last.faces == 0


def test_a_covered_lens_is_degraded_never_absent() -> None:
    told = tell(Story(120).during(70, 90, lens=Lens.COVERED))
    assert_told(told, [("view_degraded", "start", 80), ("view_degraded", "end", 93)], "view")
    assert told.find("view_degraded").details["reason"] == "covered"
    assert told.state_at(80).present is None


@pytest.mark.parametrize("flashes", [False, True], ids=["dark", "a lamp now and then"])
def test_who_fell_asleep_before_the_lens_went_dark_is_no_danger_all_night(flashes: bool) -> None:
    """A parked car: critical is told for a minute in which the driver may be back, then the event ends as unjudged."""
    story = Story(300).closed(70, 73.5).during(73.5, 300, lens=Lens.DARK)
    for at in range(75, 300, 10) if flashes else ():
        story.during(at, at + 0.2, lens=Lens.CLEAR, face=False)
    told = tell(story)
    assert told.state_at(130).level is Level.CRITICAL
    ends = [event for event in told.events if event.category == "fatigue" and event.phase is Phase.END]
    assert [(event.event_type, event.details["reason"]) for event in ends] == [("sleep", "unjudged")]
    assert (ends[0].at, ends[0].held_s) == (pytest.approx(133.5, abs=0.6), pytest.approx(3.5, abs=0.1))
    assert (told.last.level, told.last.calibration.state) == (None, "calibrated")


def test_flashes_of_light_in_the_dark_do_not_show_an_empty_seat() -> None:
    """A dark tunnel with a lamp each half second: a fifth of the time the lens is clear, and no face found."""
    story = Story(150).during(70, 140, lens=Lens.DARK)
    for number in range(140):
        story.during(70 + number / 2, 70.1 + number / 2, lens=Lens.CLEAR, face=False)
    told = tell(story)
    assert "absent" not in {phase[0] for phase in told.phases("view")}
    assert told.last.calibration.state == "calibrated"


def test_eyes_that_come_late_into_view_do_not_change_why_it_was_hidden() -> None:
    """The hand goes first, the eyes are readable a second later."""
    told = tell(Story(120).during(70, 90, lens=Lens.COVERED).during(90, 91, eyes_seen=False))
    reasons = [event.details["reason"] for event in told.events if event.event_type == "view_degraded"]
    assert reasons == ["covered", "covered"]


def test_a_camera_on_its_side_is_told_at_once_and_ends_when_it_is_set_right() -> None:
    """Perception needs its time to be sure of it; the rule adds none."""
    drive = [
        replace(frame, rotated=90, eyes_closed=None, eye_left=None, eye_right=None) if 5 <= frame.at < 30 else frame
        for frame in signals(Story(60), Camera(20))
    ]
    told = Told(Monitor(SETTINGS), drive)
    assert_told(told, [("view_degraded", "start", 5.1), ("view_degraded", "end", 33)], "view")
    assert told.find("view_degraded").details["reason"] == "rotated"


def test_a_camera_knocked_over_behind_dark_glasses_is_still_told() -> None:
    story = Story(60).during(0, 60, eyes_seen=False)
    drive = [replace(frame, rotated=270 if frame.at >= 30 else 0) for frame in signals(story, Camera(20))]
    told = Told(Monitor(SETTINGS), drive)
    assert told.find("view_degraded").details["reason"] == "eyes"
    assert told.find("view_degraded", "update").details["reason"] == "rotated"


def test_a_short_dark_tunnel_is_nothing() -> None:
    assert_told(tell(Story(100).during(70, 79, lens=Lens.DARK)), [], "view", "fatigue", "attention")


def test_a_long_dark_tunnel_is_a_degraded_view_and_no_alarm() -> None:
    """Two minutes of darkness: nobody is forgotten for it."""
    told = tell(Story(240).during(70, 190, lens=Lens.DARK))
    assert_told(told, [("view_degraded", "start", 80), ("view_degraded", "end", 193)], "view")
    assert_told(told, [])
    assert told.last.calibration.state == "calibrated"


def test_sunglasses_are_a_degraded_view_after_10_s() -> None:
    told = tell(Story(120).during(70, 100, eyes_seen=False))
    assert_told(told, [("view_degraded", "start", 80), ("view_degraded", "end", 103)], "view")
    assert_told(told, [])
    assert told.find("view_degraded").details["reason"] == "eyes"
    assert told.state_at(90).eyes_closed is None
    assert told.state_at(90).closure_s is None


def test_sunglasses_and_mirror_checks_are_still_a_degraded_view() -> None:
    story = Story(120).during(70, 110, eyes_seen=False)
    for start in range(72, 110, 6):
        story.during(start, start + 1, yaw=50.0)
    assert_told(tell(story), [("view_degraded", "start", 80), ("view_degraded", "end", 113)], "view")


def test_glare_for_9_s_is_nothing() -> None:
    assert_told(tell(Story(100).during(70, 79, eyes_seen=False)), [], "view", "fatigue", "attention")


def test_a_driver_whose_eyes_cannot_be_judged_is_not_said_to_be_safe() -> None:
    """Dark glasses from 70 on: told as a degraded view at 80, and from then on there is no level."""
    told = tell(Story(100).during(70, 95, eyes_seen=False))
    assert told.state_at(69).level is Level.NONE
    assert told.state_at(85).level is None
    assert told.last.level is Level.NONE
