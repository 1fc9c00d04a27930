"""Stories of heads that turn away, and of what only looks like it."""

from __future__ import annotations

import pytest

from fer_edge.core import Level
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import Driver, Story, signals
from tests.monitoring.telling import SETTINGS, USUAL, Told, assert_told, settings, tell


def test_a_long_distraction_starts_at_3_s_and_ends_after_2_s_ahead() -> None:
    told = tell(Story(90).during(70, 75, yaw=45.0))
    assert_told(told, [("distracted", "start", 73), ("distracted", "end", 77)])
    start = told.find("distracted")
    assert start.level is Level.WARNING
    assert start.category == "attention"
    assert start.details["reason"] == "long"
    assert told.find("distracted", "end").held_s == pytest.approx(5.0, abs=0.06)


@pytest.mark.parametrize(("yaw", "pitch"), [(33.0, 0.0), (-33.0, 0.0), (0.0, -28.0)])
def test_away_is_left_right_or_down(yaw: float, pitch: float) -> None:
    told = tell(Story(90).during(70, 75, yaw=yaw, pitch=pitch))
    assert_told(told, [("distracted", "start", 73), ("distracted", "end", 77)])


@pytest.mark.parametrize(("yaw", "pitch"), [(27.0, 0.0), (-27.0, 0.0), (0.0, -22.0), (0.0, 28.0)])
def test_a_little_to_the_side_or_up_is_ahead(yaw: float, pitch: float) -> None:
    assert_told(tell(Story(90).during(70, 85, yaw=yaw, pitch=pitch)), [])


def test_mirror_checks_are_no_distraction() -> None:
    story = Story(200)
    for number, start in enumerate(range(10, 195, 5)):
        story.during(start, start + 1.1, yaw=50.0 if number % 2 else -40.0)
    assert_told(tell(story), [])


def test_looks_at_the_instruments_are_no_distraction() -> None:
    """A second each, head and lids down together: neither distracted nor asleep nor drowsy."""
    story = Story(200)
    for start in range(10, 190, 15):
        story.during(start, start + 1.0, pitch=-28.0, lids=0.1)
    assert_told(tell(story), [])


def test_a_shared_distraction_of_10_s_within_30_s() -> None:
    """Glances of 2 s with 1.5 s between: the fifth fills the 10 s, at 86 s; the last ends at 96.5 s."""
    story = Story(120)
    for number in range(8):
        story.during(70 + 3.5 * number, 72 + 3.5 * number, yaw=40.0)
    told = tell(story)
    assert_told(told, [("distracted", "start", 86), ("distracted", "end", 98.5)], within_s=0.2)
    assert told.find("distracted").details["reason"] == "shared"


def test_a_long_distraction_without_response_becomes_unresponsive() -> None:
    told = tell(Story(110).during(70, 90, yaw=33.0))
    due = [("distracted", "start", 73), ("distracted", "end", 76), ("unresponsive", "start", 76)]
    assert_told(told, [*due, ("unresponsive", "end", 92)])
    assert told.find("unresponsive").level is Level.CRITICAL
    assert told.find("unresponsive").category == "fatigue"
    assert told.find("distracted", "end").details["reason"] == "unresponsive"


def test_a_head_lost_while_turned_away_stays_away_for_2_s() -> None:
    story = Story(100).during(70, 80, yaw=60.0).during(72, 80, face=False)
    told = tell(story)
    assert told.phases()[0][:2] == ("distracted", "start")
    assert told.phases()[0][2] == pytest.approx(73, abs=0.1)
    assert "unresponsive" not in {p[0] for p in told.phases()}


def test_a_head_hardly_seen_as_it_turns_away_is_no_distraction() -> None:
    """Away from 70 s, lost at once until 70.5 and again from 71.6: what is unknown since the turn counts as such."""
    story = Story(100).during(70, 80, yaw=33.0).during(70.05, 70.5, face=False).during(71.6, 80, face=False)
    assert_told(tell(story), [])


def test_a_face_lost_at_once_is_no_distraction() -> None:
    assert_told(tell(Story(100).during(70, 75, yaw=60.0).during(70.4, 75, face=False)), [])


@pytest.mark.parametrize(("lost_at", "looked_s"), [(73.2, 3.2), (75.0, 4.0)], ids=["looking away", "ahead again"])
def test_a_distraction_ends_with_the_driver_who_leaves(lost_at: float, looked_s: float) -> None:
    """Turned away from 70 to 74, warned at 73; gone at once, before it is clear that no answer comes, or after one."""
    told = tell(Story(100).during(70, 74, yaw=45.0).during(lost_at, 100, face=False))
    assert_told(told, [("distracted", "start", 73), ("distracted", "end", lost_at + 5)])
    assert told.find("distracted", "end").details["reason"] == "absent"
    assert told.find("distracted", "end").held_s == pytest.approx(looked_s, abs=0.1)
    assert told.last.level is None


def test_turned_away_is_never_a_degraded_view() -> None:
    story = Story(120).during(70, 100, yaw=50.0)
    assert_told(tell(story), [], "view")


def test_a_camera_at_40_degrees_before_and_after_calibration() -> None:
    """Straight ahead is at 40 degrees for this camera: distracted waits for 5 s, then knows."""
    story = Story(200).during(20, 25, yaw=45.0).during(100, 105, yaw=-45.0)
    told = tell(story, driver=Driver(yaw=40.0, pitch=8.0))
    due = [("distracted", "start", 23), ("distracted", "end", 27)]
    assert_told(told, [*due, ("distracted", "start", 103), ("distracted", "end", 107)])
    assert told.last.calibration.yaw == pytest.approx(40, abs=1)
    assert told.last.calibration.pitch == pytest.approx(8, abs=1)
    assert told.last.yaw == pytest.approx(0, abs=1)


def test_nothing_is_away_before_straight_ahead_is_known() -> None:
    told = tell(Story(4.9), driver=Driver(yaw=40.0))
    assert_told(told, [])
    assert told.last.yaw is None


def drive_at(story: Story, speeds: list[tuple[float, float]]) -> Told:
    """The story with a speed message each second: (from, km/h)."""
    monitor = Monitor(SETTINGS)

    def frames():
        told_at = -1.0
        for frame in signals(story, USUAL):
            known = [km_h for start, km_h in speeds if start <= frame.at]
            if known and frame.at - told_at >= 1.0:
                told_at = frame.at
                monitor.speed(known[-1], frame.at)
            yield frame

    return Told(monitor, frames())


def test_a_standing_car_is_quiet_and_counts_on_from_launch() -> None:
    """The driver looks down at 70 s at a red light; the car moves off at 80 s."""
    story = Story(110).during(70, 85, yaw=40.0)
    told = drive_at(story, [(0, 50.0), (60, 0.0), (80, 50.0)])
    assert_told(told, [("distracted", "start", 83), ("distracted", "end", 87)], within_s=0.15)


def test_a_car_that_stops_ends_the_distraction() -> None:
    told = drive_at(Story(110).during(70, 85, yaw=40.0), [(0, 50.0), (74, 0.0)])
    assert_told(told, [("distracted", "start", 73), ("distracted", "end", 74)], within_s=0.15)
    assert told.find("distracted", "end").details["reason"] == "slow"


def test_a_speed_is_forgotten_after_5_s() -> None:
    monitor = Monitor(SETTINGS)
    monitor.speed(0.0, at=60.0)
    told = Told(monitor, signals(Story(90).during(70, 74, yaw=40.0), USUAL))
    assert_told(told, [("distracted", "start", 73), ("distracted", "end", 76)])


def test_a_standing_car_does_not_wake_a_sleeper() -> None:
    told = drive_at(Story(90).closed(70, 72), [(0, 0.0)])
    assert_told(told, [("microsleep", "start", 71.5), ("microsleep", "end", 72.3)])


def test_attention_switched_off_says_nothing_of_it() -> None:
    told = tell(Story(100).during(70, 80, yaw=45.0), config=settings(monitoring={"attention": False}))
    assert_told(told, [])


def test_a_sleepers_hanging_head_is_not_distracted() -> None:
    story = Story(100).closed(70, 80).moving(72, 75, "pitch", 0, -40).during(75, 80, pitch=-40.0)
    assert "distracted" not in {phase[0] for phase in tell(story).phases()}


def test_a_distraction_is_one_event_where_nothing_may_follow_it() -> None:
    """Without fatigue nothing is `unresponsive`: it goes on until the driver looks ahead."""
    told = tell(Story(60).during(20, 40, yaw=45.0), config=settings(monitoring={"fatigue": False}))
    assert_told(told, [("distracted", "start", 23.0), ("distracted", "end", 42.0)])


def test_a_distraction_that_is_cut_short_had_lasted_until_the_driver_looked_ahead() -> None:
    told = tell(Story(26.5).during(20, 25, yaw=45.0))
    (end,) = (event for event in told.monitor.abort(26.5, "stopped") if event.category == "attention")
    assert end.held_s == pytest.approx(5.0, abs=0.1)
