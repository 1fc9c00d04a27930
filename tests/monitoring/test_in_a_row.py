"""Stories of looks and blinks in a row: which of them are one, and when each began."""

from __future__ import annotations

import pytest

from fer_edge.monitoring.filters import Switch
from fer_edge.settings.monitoring import FilterSettings
from tests.monitoring.lidded import BENT, LOWERED, SHUT, drive, starts, told

DOUBTED = SHUT | {"eyes_closed": 0.35, "eyes_lowered": 0.42, "width": 0.11}
YAWNED = [(15.0, {}), (17.5, {"mouth": 0.95}), (20.0, {})]
"""A sign of fatigue: lids that may be a look are sleep after 3 s."""


def test_a_second_of_doubt_is_outweighed_by_half_a_second_of_open_eyes() -> None:
    """Just above the middle for a second is no state; nor does a blink half a second later date back to it."""
    switch = Switch(FilterSettings())
    frames = [(0.0, 0.01)] * 20 + [(0.0, 0.53)] * 20 + [(0.0, 0.01)] * 10 + [(0.0, 0.99)] * 6
    for number, (_, value) in enumerate(frames):
        switch.step(number / 20, value)
    assert switch.state is True
    assert switch.since == pytest.approx(2.475)


def test_a_bite_and_the_blink_half_a_second_after_it_are_no_microsleep() -> None:
    """Head and lids go down for 1.3 s, shut or lowered, nobody can say; up for 0.45 s, and a blink of 0.35."""
    assert told(drive((20, {}), (21.3, DOUBTED | {"pitch": -28.0}), (21.75, {}), (22.1, SHUT), (30, {}))) == []


def test_a_blink_just_before_a_look_down_leaves_it_a_look() -> None:
    """The lids shut for 0.4 s, open for a moment, and go down again with the head: no microsleep in 1.6 s of that."""
    assert told(drive((20, {}), (20.45, SHUT), (20.5, {}), (22.1, SHUT | BENT), (30, {}))) == []


def test_a_closure_of_a_second_is_no_blink_that_excuses_what_follows() -> None:
    events = told(drive((20, {}), (21, SHUT), (21.05, {}), (23, SHUT | BENT), (30, {})))
    assert ("microsleep", 21.5) in starts(events)


def test_lids_that_come_up_for_a_moment_between_two_looks_down_do_not_make_them_sleep() -> None:
    """After a yawn: two seconds into the lap, a blink, up for a quarter of a second, and down again."""
    looks = [(22.05, LOWERED), (22.35, SHUT), (22.6, {}), (23.4, LOWERED), (30.0, {})]
    assert "sleep" not in [what for what, _ in starts(told(drive(*YAWNED, *looks)))]


def test_eyes_that_come_up_from_the_lap_are_ahead_at_once() -> None:
    """1.6 s into the lap, 0.65 s ahead, 1.5 s to the right, each time answered: no distraction of 3 s."""
    right = {"yaw": -45.0, "gaze": None}
    assert told(drive((20, {}), (21.6, LOWERED), (22.25, {}), (23.75, right), (30, {}))) == []


def test_lids_that_go_down_with_the_head_right_after_a_closure_are_judged_for_themselves() -> None:
    """Shut for 0.9 s, open for a quarter of a second, and a bite: no microsleep in the 1.7 s of that."""
    assert told(drive((20, {}), (20.9, SHUT), (21.15, {}), (22.85, SHUT | BENT), (30, {}))) == []
