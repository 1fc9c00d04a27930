"""Lids that look shut and may be a look down: how long the driver gets the benefit of the doubt, and what ends it.

Drives of a calibrated driver, written as signals as in :mod:`tests.monitoring.test_lids`.
"""

from __future__ import annotations

import pytest

from fer_edge.core import Level
from tests.monitoring.lidded import BENT, LOWERED, SHUT, Scene, drive, starts, told

UNSURE = SHUT | {"eyes_closed": 0.55, "eyes_lowered": 0.4, "width": 0.14}


def test_lids_that_look_shut_as_the_head_goes_down_get_the_benefit_of_the_doubt() -> None:
    """A bite of bread: head and lids go down together for 2.7 s, and up again. Three times."""
    scenes: list[Scene] = [(20, {})]
    for start in (20, 40, 60):
        scenes += [(start + 2.7, SHUT | BENT), (start + 20, {})]
    assert told(drive(*scenes)) == []


def test_lids_that_are_only_half_taken_for_shut_are_no_microsleep_but_never_silent() -> None:
    """A cup, the head nearly still: shut or lowered, the network cannot say. Nothing for 2.7 s; 3 s are warned of."""
    assert told(drive((20, {}), (22.7, UNSURE), (40, {}))) == []
    assert starts(told(drive((20, {}), (28, UNSURE), (40, {})))) == [("distracted", 23.0), ("unresponsive", 26.0)]


def test_a_closure_that_begins_unsure_is_told_once_it_is_sure() -> None:
    """Heavy lids for a second, then shut: one closure from the first, told when the last second was surely shut."""
    events = told(drive((20, {}), (21, UNSURE), (24, SHUT), (40, {})))
    assert starts(events)[0][0] == "microsleep"
    assert 21.4 <= events[0].at <= 22.0
    assert events[0].began_at == pytest.approx(20.0, abs=0.1)


def test_the_further_the_head_falls_the_surer_shut_eyes_must_be() -> None:
    """Eight degrees down with the lids: surely shut is a microsleep at 1.5 s, fairly shut a look."""
    sure, fairly = (
        SHUT | {"pitch": -8.0},
        SHUT | {"eyes_closed": 0.72, "eyes_lowered": 0.2, "width": 0.12, "pitch": -8.0},
    )
    assert starts(told(drive((20, {}), (22.5, sure), (40, {})))) == [("microsleep", 21.5)]
    assert told(drive((20, {}), (22.5, fairly), (40, {}))) == []


def test_the_doubt_ends_at_three_seconds_with_a_warning_and_at_six_it_is_critical() -> None:
    events = told(drive((20, {}), (28, SHUT | BENT), (40, {})))
    assert starts(events) == [("distracted", 23.0), ("unresponsive", 26.0)]
    assert events[0].details["looking"] == "down"


def test_after_a_sign_of_fatigue_the_doubt_ends_in_sleep() -> None:
    """A closure of 1.0 s, too short for a microsleep; two minutes later the head goes down with the lids."""
    events = told(drive((20, {}), (21, SHUT), (140, {}), (144, SHUT | BENT), (150, {})))
    assert starts(events) == [("sleep", 143.0)]
    assert events[0].details["reason"] == "lids_down"
    assert events[0].level is Level.CRITICAL


def test_soon_after_a_microsleep_there_is_no_doubt() -> None:
    """A microsleep from 20 to 22; at 60 head and lids go down together: told after 1.5 s."""
    events = told(drive((20, {}), (22, SHUT), (60, {}), (62.5, SHUT | BENT), (70, {})))
    assert starts(events) == [("microsleep", 21.5), ("microsleep", 61.5)]


def test_a_head_that_goes_on_sinking_is_asleep() -> None:
    """Down to 15 degrees with the lids, and from the first second on slowly to 30."""
    sinking: list[Scene] = [(20, {}), (21, SHUT | {"pitch": -15.0})]
    sinking += [(21 + 0.25 * n, SHUT | {"pitch": -15.0 - 1.5 * n}) for n in range(1, 11)]
    events = told(drive(*sinking, (24.5, SHUT | {"pitch": -30.0}), (40, {})))
    assert starts(events)[0] == ("sleep", 23.0)


def test_a_head_that_was_down_already_excuses_nothing() -> None:
    """The head hangs from 20 on with open eyes; the lids fall at 22: a microsleep at 23.5."""
    events = told(drive((20, {}), (22, BENT), (24, SHUT | BENT), (40, {})))
    assert starts(events)[0] == ("microsleep", 23.5)


def test_eyes_first_and_then_the_head_is_a_closure_from_the_first() -> None:
    events = told(drive((20, {}), (21, SHUT), (22.2, SHUT | BENT), (40, {})))
    assert ("microsleep", 21.5) in starts(events)


def test_eyes_that_looked_down_before_they_look_shut_get_the_benefit_of_the_doubt() -> None:
    """A second with the iris in sight, then none: a look into the lap, told at 3.0 s and critical at 6.0 s."""
    assert told(drive((20, {}), (21, LOWERED), (22.8, SHUT), (40, {}))) == []
    events = told(drive((20, {}), (21, LOWERED), (27, SHUT), (40, {})))
    assert starts(events) == [("distracted", 23.0), ("unresponsive", 26.0)]


def test_a_glance_down_excuses_no_closure() -> None:
    """A third of a second at the speed, and the lids fall: a microsleep."""
    assert ("microsleep", 21.8) in starts(told(drive((20, {}), (20.3, LOWERED), (22.3, SHUT), (40, {}))))


def test_lids_that_sink_over_an_eye_nobody_can_read_are_no_look() -> None:
    """Heavy lids for a second, no gaze to be told, then shut."""
    heavy = LOWERED | {"gaze": None}
    events = told(drive((20, {}), (21, heavy), (23, SHUT), (40, {})))
    assert ("microsleep", 22.5) in starts(events)


def test_what_the_head_did_with_the_lids_is_known_through_a_short_opening() -> None:
    """A bite: head and lids go down, the lids come up for a fifth of a second, the head does not."""
    events = told(drive((20, {}), (20.8, SHUT | BENT), (21, BENT), (22.8, SHUT | BENT), (40, {})))
    assert events == []


def test_a_closure_is_no_sign_of_fatigue_while_its_lids_are_down() -> None:
    """Surely shut for 0.9 s, then lowered as likely as not: the first says nothing about the rest. Later it does."""
    likely = UNSURE | {"eyes_closed": 0.5, "eyes_lowered": 0.49}
    events = told(drive((20, {}), (20.9, SHUT), (24, likely), (40, {})))
    assert starts(events) == [("distracted", 23.0)]
    again = told(drive((20, {}), (20.9, SHUT), (80, {}), (84, likely), (100, {})))
    assert starts(again) == [("sleep", 83.0)]


def test_lids_that_are_down_are_no_sign_of_themselves() -> None:
    """Two looks into the lap, 2.6 and 3.4 s, that look shut: the second is a distraction, not sleep.

    Their own share of the minute would be 5 %.
    """
    events = told(drive((20, {}), (22.6, SHUT | BENT), (50, {}), (53.4, SHUT | BENT), (70, {})))
    assert starts(events) == [("distracted", 53.0)]


@pytest.mark.parametrize("looked_s", [2.8, 3.9])
def test_a_blink_as_the_eyes_come_up_from_the_lap_is_no_sleep(looked_s: float) -> None:
    """Nor after a sign of fatigue: the frame after the blink shows open eyes."""
    up = 100 + looked_s
    events = told(drive((20, {}), (22, SHUT), (100, {}), (up, LOWERED), (up + 0.35, SHUT), (120, {})))
    assert starts(events) == [("microsleep", 21.5), ("distracted", 103.0)]


def test_lids_nearly_shut_over_an_eye_that_looks_straight_out_of_a_bent_head_are_no_look_down() -> None:
    """A lid that looks down follows the eye. Shut for 1.8 s, then all but lowered over such an eye: asleep at 3 s."""
    heavy = {"eyes_closed": 0.01, "eyes_lowered": 0.98, "width": 0.2, "gaze": (0.0, 8.0)} | BENT
    events = told(drive((20, {}), (30, BENT | {"gaze": (0.0, 15.0)}), (31.8, SHUT | BENT), (34, heavy), (40, {})))
    assert starts(events) == [("microsleep", 31.5), ("sleep", 33.0)]


def test_lids_nearly_shut_for_three_seconds_are_warned_of_wherever_the_eye_looks() -> None:
    heavy = {"eyes_closed": 0.05, "eyes_lowered": 0.9, "width": 0.15, "gaze": (0.0, -4.0)}
    assert starts(told(drive((20, {}), (28, heavy), (40, {})))) == [("distracted", 23.0), ("unresponsive", 26.0)]


def test_lids_that_hang_a_little_over_an_eye_that_looks_ahead_are_up() -> None:
    low = {"eyes_closed": 0.05, "eyes_lowered": 0.9, "width": 0.35, "gaze": (0.0, -4.0)}
    assert told(drive((20, {}), (28, low), (40, {}))) == []


def test_a_phone_in_the_lap_of_a_tired_driver_is_a_look_where_lowered_is_as_likely_as_shut() -> None:
    """A yawn, then 4.4 s with head and lids down and no iris; with the head still it may be sleep."""
    deep = {"eyes_closed": 0.45, "eyes_lowered": 0.46, "eyes_narrowed": 0.05, "width": 0.05, "gaze": None}
    yawned = [(15.0, {}), (17.5, {"mouth": 0.95}), (20.0, {})]
    assert starts(told(drive(*yawned, (24.4, deep | BENT), (40, {}))))[1:] == [("distracted", 23.0)]
    assert ("sleep", 23.0) in starts(told(drive(*yawned, (24.4, deep), (40, {}))))
