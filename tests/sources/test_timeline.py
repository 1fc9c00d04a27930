"""The acting: how lids, head and mouth move over time, the same every time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fer_edge.sources.sim.script import built_in, load_script, parse_script
from fer_edge.sources.sim.states import CHANNELS, RANGES
from fer_edge.sources.sim.timeline import Timeline


def line(text: str) -> Timeline:
    return Timeline(parse_script(text))


def closures(timeline: Timeline, until: float, threshold: float = 0.2, step: float = 0.005) -> list[float]:
    """How long each closure of the right eye below ``threshold`` lasts, seconds."""
    shut = [timeline.pose(at).eye_right <= threshold for at in np.arange(0, until, step)]
    return [len(list(run)) * step for is_shut, run in itertools.groupby(shut) if is_shut]


def test_lids_close_in_a_tenth_of_a_second_and_stay_shut() -> None:
    timeline = line("0 stare\n5 eyes-closed\n9 stare\n12 end")
    assert timeline.pose(5.0).eye_left == 1.0
    assert timeline.pose(5.06).eye_left == pytest.approx(0.5, abs=0.01)
    assert timeline.pose(5.12).eye_left == 0.0
    assert closures(timeline, 12) == [pytest.approx(4.0, abs=0.05)]


def test_an_alert_driver_blinks_about_fifteen_times_a_minute_for_less_than_a_third_of_a_second() -> None:
    blinks = closures(line("seed 3\n0 awake\n300 end"), 300, threshold=0.5)
    assert 11 <= len(blinks) / 5 <= 19
    assert all(0.08 <= blink <= 0.3 for blink in blinks)


def test_a_drowsy_driver_has_long_closures_but_no_microsleep() -> None:
    shut = closures(line("seed 3\n0 drowsy\n120 end"), 120)
    assert sum(shut) / 120 > 0.12  # PERCLOS of a warning
    assert all(0.4 < closure < 1.5 for closure in shut)


def test_the_rate_of_blinks_can_be_asked_for() -> None:
    assert 34 <= len(closures(line("0 awake blinks=40\n60 end"), 60)) <= 46
    assert closures(line("0 awake blinks=0\n60 end"), 60) == []


def test_a_line_describes_everything_from_its_time_on() -> None:
    timeline = line("0 look-left\n3 smile\n6 end")
    assert timeline.pose(2.5).yaw == pytest.approx(45, abs=2)
    assert timeline.pose(5.5).yaw == pytest.approx(0, abs=2)
    assert timeline.pose(5.5).smile == 1


def test_a_change_can_be_made_slow() -> None:
    timeline = line("0 awake\n2 light=0.2 over=4\n8 end")
    assert [round(timeline.pose(at).light, 2) for at in (2, 4, 6)] == [1.0, 0.6, 0.2]


def test_a_change_cut_short_goes_on_from_where_it_is() -> None:
    timeline = line("0 awake\n1 mouth=1 over=2\n2 mouth=0 over=2\n5 end")
    assert timeline.pose(1.999).mouth == pytest.approx(timeline.pose(2.001).mouth, abs=0.01)


def test_talking_moves_the_mouth_without_opening_it_wide_for_long() -> None:
    timeline = line("0 talk\n20 end")
    mouth = np.array([timeline.pose(at).mouth for at in np.arange(0, 20, 0.02)])
    assert 0.25 < mouth.max() < 0.5
    assert (np.diff(np.sign(np.diff(mouth))) != 0).sum() > 40


def test_nobody_holds_perfectly_still() -> None:
    timeline = line("0 awake\n60 end")
    yaw = [timeline.pose(at).yaw for at in np.arange(0, 60, 0.5)]
    assert 0.5 < np.std(yaw) < 2


@pytest.mark.parametrize("name", built_in())
def test_every_pose_of_the_built_in_scripts_is_possible_and_moves_without_jumps(name: str) -> None:
    timeline, again = Timeline(load_script(name)), Timeline(load_script(name))
    before = None
    for at in np.arange(0, timeline.script.length_s, 1 / 30):
        pose = timeline.pose(at)
        assert pose == again.pose(at)
        for channel in CHANNELS:
            least, most = RANGES[channel]
            slack = 4.0 if channel in ("yaw", "pitch", "roll") else 1e-6
            assert least - slack <= getattr(pose, channel) <= most + slack
        assert before is None or abs(pose.yaw - before.yaw) < 20
        before = pose
