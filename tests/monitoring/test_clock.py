"""Stories of the frames' clock: slow cameras, lost, late and equal times, jumps, suspend, a stop."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import pytest

from fer_edge.core import Signals
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import Camera, Story, signals
from tests.monitoring.lidded import BENT, SAVED, SHUT, drive
from tests.monitoring.telling import SETTINGS, USUAL, Told, assert_told, tell

MICROSLEEP = [("microsleep", "start", 71.5), ("microsleep", "end", 72.3)]


def moved(story: Story, by_s: float) -> list[Signals]:
    return [replace(frame, at=frame.at + by_s) for frame in signals(story, USUAL)]


@pytest.mark.parametrize("fps", [8, 10, 15, 25, 30, 60])
@pytest.mark.parametrize("seed", range(3))
def test_a_microsleep_at_every_frame_rate_with_jitter_and_loss(fps: int, seed: int) -> None:
    told = tell(Story(80).closed(70, 72), Camera(fps, jitter=0.4, loss=0.2), seed=seed)
    assert_told(told, MICROSLEEP, within_s=0.45 if fps <= 10 else 0.2)


@pytest.mark.parametrize(("fps", "degraded"), [(5, True), (8, True), (10, False), (15, False)])
def test_below_10_fps_the_state_says_so(fps: int, degraded: bool) -> None:
    told = tell(Story(30), Camera(fps, jitter=0.3))
    assert told.last.degraded_rate is degraded
    assert told.last.fps == pytest.approx(fps, rel=0.05)


def test_a_camera_that_falls_below_a_frame_a_second_is_degraded() -> None:
    """20 frames a second for 20 s, then one every 1.3 s."""
    slow = (replace(frame, at=20 + 1.3 * number) for number, frame in enumerate(signals(Story(2), USUAL)))
    told = Told(Monitor(SETTINGS), chain(signals(Story(20), USUAL), slow))
    assert told.last.degraded_rate
    assert told.last.fps == pytest.approx(1.0, abs=0.1)


def test_one_gap_does_not_degrade_the_rate() -> None:
    told = Told(Monitor(SETTINGS), chain(signals(Story(20), Camera(10)), moved(Story(5), 30.0)))
    assert not any(state.degraded_rate for state in told.states)


def test_frames_out_of_order_and_with_equal_times_are_ignored() -> None:
    frames = list(signals(Story(80).closed(70, 72), USUAL))
    shuffled = [f for a, b in zip(frames[::2], frames[1::2], strict=True) for f in (b, a, b)]
    told = Told(Monitor(SETTINGS), shuffled)
    assert_told(told, MICROSLEEP, within_s=0.2)
    times = [state.at for state in told.states]
    assert times == sorted(times)


def test_one_frame_far_in_the_past_changes_nothing() -> None:
    frames = list(signals(Story(80).closed(70, 72), USUAL))
    late = [*frames[:1420], replace(frames[0], at=3.0), *frames[1420:]]
    assert Told(Monitor(SETTINGS), late).events == Told(Monitor(SETTINGS), frames).events


def test_a_clock_set_back_ends_what_was_open_and_goes_on() -> None:
    """At 72 s into a closure the clock starts again at 0; the eyes close once more at 20 s."""
    first = signals(Story(72).closed(70, 72), USUAL)
    again = signals(Story(30).closed(20, 22), USUAL)
    told = Told(Monitor(SETTINGS), chain(first, again))
    ended = told.events[2]
    assert (ended.event_type, ended.phase, ended.details["reason"]) == ("microsleep", "end", "clock")
    assert ended.held_s == pytest.approx(2.0, abs=0.1)
    assert_told(told, [("microsleep", "start", 71.5), ("microsleep", "end", 1.0), *moved_back()])


def moved_back() -> list[tuple[str, str, float]]:
    return [("microsleep", "start", 21.5), ("microsleep", "end", 22.3)]


def test_a_speed_from_before_a_clock_set_back_is_forgotten() -> None:
    """The car stands at 600 s; the clock starts again at 0, and 600 s are far ahead."""
    monitor = Monitor(SETTINGS)
    Told(monitor, moved(Story(10), 600.0))
    monitor.speed(0.0, at=610.0)
    told = Told(monitor, signals(Story(30).during(20, 25, yaw=45.0), USUAL))
    assert_told(told, [("distracted", "start", 23), ("distracted", "end", 27)])


def test_a_sign_of_fatigue_from_before_a_clock_set_back_is_forgotten() -> None:
    """A microsleep at 910 s of the old clock would be less than ten minutes ago until 1510 s of the new one."""
    bent = list(drive((5, {}), (8.4, SHUT | BENT), (20, {})))
    monitor = Monitor(SETTINGS, saved=SAVED)
    Told(monitor, [replace(frame, at=frame.at + 900.0) for frame in drive((10, {}), (12, SHUT), (20, {}))])
    assert Told(monitor, bent).phases() == Told(Monitor(SETTINGS, saved=SAVED), bent).phases()


def test_a_suspend_of_an_hour_ends_what_was_open_and_forgets_the_driver() -> None:
    before = signals(Story(72).closed(70, 72), USUAL)
    after = moved(Story(20), 3672.0)
    told = Told(Monitor(SETTINGS), chain(before, after))
    assert_told(told, [("microsleep", "start", 71.5), ("microsleep", "end", 3672.0)])
    end = told.find("microsleep", "end")
    assert end.details["reason"] == "gap"
    assert end.held_s == pytest.approx(2.0, abs=0.1)
    assert told.states[1439].calibration.state == "calibrated"
    assert told.last.calibration.state == "calibrating"
    assert told.last.coverage == pytest.approx(20 / 60, abs=0.02)


def test_a_gap_of_some_seconds_is_time_in_which_nothing_was_seen() -> None:
    """Frames stop for 5 s in a closure: the event is held, and ends when open eyes are seen."""
    before = signals(Story(72).closed(70, 72), USUAL)
    told = Told(Monitor(SETTINGS), chain(before, moved(Story(10), 77.0)))
    assert_told(told, [("microsleep", "start", 71.5), ("microsleep", "end", 77.3)])
    assert told.last.calibration.state == "calibrated"


def test_a_gap_does_not_make_a_closure() -> None:
    """Closed for half a second before a gap of 3 s and for half a second after it."""
    before = signals(Story(70.5).closed(70, 70.5), USUAL)
    told = Told(Monitor(SETTINGS), chain(before, moved(Story(10).closed(0, 0.5), 73.5)))
    assert_told(told, [])


def missing(story: Story, start: float, end: float) -> list[Signals]:
    return [frame for frame in signals(story, USUAL) if not start <= frame.at < end]


def test_seconds_without_frames_are_not_judged_while_a_head_is_away() -> None:
    """Away from 70 s, no frames from 71 to 72.85: half of it is judged at 73.75 s."""
    told = Told(Monitor(SETTINGS), missing(Story(90).during(70, 75, yaw=45.0), 71, 72.85))
    assert_told(told, [("distracted", "start", 73.75), ("distracted", "end", 77)])
    assert told.find("distracted").details["coverage"] == pytest.approx(0.5, abs=0.02)


def test_seconds_without_frames_are_not_judged_in_a_closure() -> None:
    """Shut from 70 s, no frames from 71.6 to 73.4: half of it is judged at 73.65 s."""
    told = Told(Monitor(SETTINGS), missing(Story(90).closed(70, 74.5), 71.6, 73.4))
    assert_told(told, [("microsleep", "start", 71.5), ("sleep", "update", 73.65), ("sleep", "end", 76.5)])


def test_a_stop_ends_every_open_event() -> None:
    told = tell(Story(75).closed(70, 75))
    opened = {event.key for event in told.last.open_events}
    ended = told.monitor.abort(75.0, "stopped")
    assert {event.key for event in ended} == opened
    assert {event.details["reason"] for event in ended} == {"stopped"}
    assert {event.phase.value for event in ended} == {"end"}
    assert told.monitor.abort(75.0, "stopped") == ()


def test_a_pause_in_a_closure_starts_afresh() -> None:
    """Open events end at the pause; the eyes still closed after it begin a new one."""
    monitor = Monitor(SETTINGS)
    first = Told(monitor, signals(Story(72.5).closed(70, 72.5), USUAL))
    monitor.abort(72.5, "paused")
    second = Told(monitor, moved(Story(10).closed(0, 3), 80.0))
    assert_told(first, [("microsleep", "start", 71.5)])
    assert_told(second, [("microsleep", "start", 81.5), ("microsleep", "end", 83.3)])
    keys = {event.key for event in first.events + second.events if event.event_type == "microsleep"}
    assert len(keys) == 2


@pytest.mark.parametrize("pause_s", [5.0, 300.0])
def test_a_pause_of_any_length_keeps_what_is_known_of_the_driver(pause_s: float) -> None:
    monitor = Monitor(SETTINGS)
    learned = Told(monitor, signals(Story(70), USUAL)).last.calibration
    monitor.abort(70, "paused")
    after = Told(monitor, moved(Story(2), 70 + pause_s))
    assert [state.calibration.state for state in (after.states[0], after.last)] == ["calibrated"] * 2
    assert after.last.calibration.openness == pytest.approx(learned.openness, abs=0.01)
    assert after.events == []


def test_no_pause_between_two_drives_of_the_same_story_changes_what_is_told() -> None:
    story = Story(100).closed(70, 72).during(80, 85, yaw=45.0)
    assert tell(story).events == tell(story).events


def test_a_distraction_after_a_clock_set_back_ends() -> None:
    """Before it, at 614 s, the eyes shut for a moment in the answer to another."""
    monitor = Monitor(SETTINGS)
    Told(monitor, moved(Story(20).during(10, 13.5, yaw=45.0).closed(14, 14.8), 600.0))
    told = Told(monitor, signals(Story(40).during(20, 25, yaw=45.0), USUAL))
    assert_told(told, [("distracted", "start", 23), ("distracted", "end", 27)])
