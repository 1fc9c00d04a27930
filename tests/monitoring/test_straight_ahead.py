"""Stories of where straight ahead is: cameras high, low and moved, and drivers who look into the lap first."""

from __future__ import annotations

from itertools import chain

import pytest

from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import Camera, Driver, Story, signals
from tests.monitoring.lidded import LOWERED, drive
from tests.monitoring.telling import NO_DROWSY, SETTINGS, USUAL, Told, assert_told, tell

SLOW = Camera(fps=10)
LAP = {"pitch": -30.0}


def starts(told: Told) -> list[tuple[str, float]]:
    return [(name, at) for name, phase, at in told.phases() if phase == "start"]


@pytest.mark.parametrize("pitch", [18.0, 0.0, -14.0, -30.0], ids=["dashboard", "ahead", "mirror", "roof"])
def test_a_camera_mounted_high_or_low_learns_its_straight_ahead(pitch: float) -> None:
    story = Story(100).during(20, 25, pitch=-30.0).during(80, 85, pitch=-30.0)
    told = tell(story, driver=Driver(pitch=pitch))
    due = [("distracted", "start", 23), ("distracted", "end", 27)]
    assert_told(told, [*due, ("distracted", "start", 83), ("distracted", "end", 87)])
    assert told.last.calibration.pitch == pytest.approx(pitch, abs=1)


def test_the_lap_is_not_learned_as_straight_ahead_from_lids_that_are_down() -> None:
    """Reading a phone for the first 20 s: told by the lids, and the road after it is no look up."""
    frames = drive((20, LOWERED | LAP), (80, {}), (84, LOWERED | LAP), (90, {}))
    told = Told(Monitor(NO_DROWSY), frames)
    assert told.state_at(19).calibration.pitch is None
    assert told.state_at(26).calibration.pitch == pytest.approx(0.0, abs=1)
    assert [name for name, at in starts(told) if at > 21] == ["distracted"]
    assert starts(told)[-1][1] == pytest.approx(83.0, abs=0.1)


def test_a_lap_that_the_head_alone_looked_into_is_forgotten_within_seconds_of_the_road() -> None:
    """Sunglasses, 20 s down from the first second on. The road is warned of as a look up for a moment, no more."""
    told = tell(Story(100).during(0, 100, eyes_seen=False).during(0, 20, pitch=-32.0).during(80, 84, pitch=-32.0))
    assert told.state_at(19).calibration.pitch == pytest.approx(-32.0, abs=1)
    assert told.state_at(26).calibration.pitch == pytest.approx(0.0, abs=1)
    assert starts(told) == [("distracted", pytest.approx(23.0, abs=0.1)), ("distracted", pytest.approx(83.0, abs=0.1))]
    assert told.phases()[1] == ("distracted", "end", pytest.approx(27.0, abs=0.2))


def test_a_yawn_that_throws_the_head_back_is_not_learned_as_straight_ahead() -> None:
    told = tell(Story(30).during(4, 9, pitch=24.0, mouth=True).during(10, 16, pitch=-8.0))
    assert told.state_at(12).calibration.pitch == pytest.approx(0.0, abs=4)
    assert "distracted" not in {name for name, _ in starts(told)}


def test_eyes_read_as_shut_beside_a_camera_far_aside_are_still_learned() -> None:
    """Narrow eyes. The direction waits for lids that are up; their width must not wait for the direction."""
    narrow = {"eyes_closed": 0.9, "eyes_lowered": 0.05, "eyes_narrowed": 0.05, "width": 0.62, "yaw": 42.0}
    told = Told(Monitor(SETTINGS), drive((90, narrow)))
    assert told.last.calibration.openness == pytest.approx(0.62, abs=0.02)


def test_looks_down_in_more_than_half_of_the_first_minute_do_not_shift_straight_ahead() -> None:
    story = Story(100)
    for start in range(1, 61, 5):
        story.during(start, start + 2.9, pitch=-28.0)
    assert tell(story).last.calibration.pitch == pytest.approx(0.0, abs=1)


def test_a_lap_that_was_calibrated_gives_way_to_the_road_after_a_minute() -> None:
    """70 s of the head down from the first second on, open eyes: nothing else was ever seen. Then the road."""
    told = tell(Story(200).during(0, 70, pitch=-32.0).during(180, 184, pitch=-32.0))
    assert told.state_at(69).calibration.state == "calibrated"
    assert told.state_at(135).calibration.pitch == pytest.approx(0.0, abs=1)
    assert [name for name, at in starts(told) if at > 80] == ["distracted"]
    assert starts(told)[-1][1] == pytest.approx(183.0, abs=0.1)
    assert told.monitor.saved()["pitch"] == pytest.approx(0.0, abs=1)


def test_a_camera_that_was_moved_is_learned_within_ten_minutes() -> None:
    """Its holder slips by 20 degrees down and 35 aside at 100 s."""
    before = signals(Story(100), SLOW)
    after = signals(Story(900).during(850, 855, yaw=-45.0), SLOW, driver=Driver(yaw=35.0, pitch=20.0), start=100.0)
    told = Told(Monitor(SETTINGS), chain(before, after))
    assert told.state_at(690).calibration.yaw == pytest.approx(0, abs=1)
    assert told.state_at(720).calibration.yaw == pytest.approx(35, abs=1)
    assert told.state_at(720).calibration.pitch == pytest.approx(20, abs=1)
    assert [name for name, at in starts(told) if at > 710] == ["distracted"]


def test_minutes_aside_or_down_do_not_become_straight_ahead() -> None:
    """Parked without a speed signal: five minutes in the lap, five turned to the passenger; then the road again."""
    told = tell(Story(800).during(100, 400, pitch=-30.0).during(400, 700, yaw=-33.0), SLOW)
    assert told.last.calibration.pitch == pytest.approx(0.0, abs=1)
    assert told.last.calibration.yaw == pytest.approx(0.0, abs=1)


def test_looks_that_differ_do_not_add_up_to_a_straight_ahead() -> None:
    """Half an hour of a taxi: less than half of the time ahead, the rest now here, now there."""
    story = Story(1900)
    for start in range(100, 1880, 10):
        story.during(start, start + 2, yaw=-33.0).during(start + 2, start + 4, yaw=33.0)
        story.during(start + 4, start + 6, pitch=33.0)
    told = tell(story, Camera(fps=5))
    assert told.last.calibration.pitch == pytest.approx(0.0, abs=1)
    assert told.last.calibration.yaw == pytest.approx(0.0, abs=1)


def test_nothing_is_learned_anew_in_a_car_that_is_known_to_stand() -> None:
    """Head back against the rest for two minutes, eyes open; the speed says that the car stands."""
    monitor = Monitor(SETTINGS, saved={"v": 1, "openness": 0.8, "yaw": 0.0, "pitch": 0.0})
    for frame in signals(Story(140).during(10, 130, pitch=35.0), USUAL):
        monitor.speed(0.0, frame.at)
        monitor.step(frame)
    assert monitor.saved()["pitch"] == pytest.approx(0.0, abs=0.1)
