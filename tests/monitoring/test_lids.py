"""Two-minute drives of lids that go down: in sleep, in a look into the lap, in a laugh. When is what told?

Written as signals, since it is what the eye network says that tells them apart. The head's straight ahead is 0 and
known after five seconds; every drive is calibrated (saved values), so 70 s may pass quickly.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from fer_edge.core import EMOTIONS, Level
from fer_edge.monitoring import Monitor
from fer_edge.settings import Settings
from tests.monitoring.lidded import BENT, FACE, LAUGH, LOWERED, OPEN, SAVED, SHUT, Scene, drive, phases, starts, told
from tests.monitoring.telling import settings


def test_a_look_into_the_lap_under_lowered_lids_is_no_closure() -> None:
    """2.5 s on the phone, the iris under the lid in sight, the head still up."""
    monitor = Monitor(Settings(), saved=SAVED)
    states = [monitor.step(frame)[0] for frame in drive((20, {}), (22.5, LOWERED), (90, {}))]
    looking = next(state for state in states if state.at >= 21.5)
    assert (looking.eyes_down, looking.eyes_closed, looking.looking) == (True, False, "down")
    assert looking.lids_down_s == pytest.approx(1.5, abs=0.15)
    assert states[-1].perclos == 0.0
    assert told(drive((20, {}), (22.5, LOWERED), (40, {}))) == []


def test_a_look_down_for_long_is_a_distraction_and_then_unresponsive() -> None:
    """Down at 20: warned at 23, critical at 26, and never a microsleep."""
    events = told(drive((20, {}), (30, LOWERED), (40, {})))
    assert starts(events) == [("distracted", 23.0), ("unresponsive", 26.0)]
    assert (events[0].details["looking"], events[0].details["by"]) == ("down", "eyes")


def test_low_lids_over_eyes_that_look_ahead_are_not_down() -> None:
    """A driver who laughs for long, or whose lids hang: lowered, but the iris is seen to look at the road."""
    hanging = LOWERED | {"gaze": (1.0, -5.0)}
    monitor = Monitor(Settings(), saved=SAVED)
    states = [monitor.step(frame)[0] for frame in drive((20, {}), (60, hanging))]
    assert {state.eyes_down for state in states[-200:]} == {False}
    assert told(drive((20, {}), (60, hanging))) == []


def test_a_chin_on_a_hand_excuses_nothing() -> None:
    """The mouth is hidden for ten seconds before the eyes shut: a microsleep."""
    hand = {"mouth": None}
    assert starts(told(drive((20, {}), (30, hand), (32, SHUT | hand), (40, {}))))[0] == ("microsleep", 31.5)


def test_a_broad_squint_without_an_iris_is_no_look_down() -> None:
    """Lids at a sixth for eight seconds, no iris to be told, as in the laugh of a man with glasses."""
    narrow = {"eyes_narrowed": 0.65, "eyes_closed": 0.2, "eyes_lowered": 0.1, "width": 0.18, "gaze": None}
    assert told(drive((20, {}), (28, narrow), (40, {}))) == []


def test_eyes_read_as_shut_and_as_lowered_may_look_into_the_lap() -> None:
    """Two to one for shut, no iris: nothing in 2.5 s, a look down after 3. A sleeper's are lowered for a tenth."""
    unsure = {"eyes_closed": 0.64, "eyes_lowered": 0.33, "eyes_narrowed": 0.02, "width": 0.07, "gaze": None}
    assert told(drive((20, {}), (22.5, unsure), (40, {}))) == []
    assert starts(told(drive((20, {}), (24, unsure), (40, {})))) == [("distracted", 23.0)]
    asleep = unsure | {"eyes_closed": 0.85, "eyes_lowered": 0.12}
    assert starts(told(drive((20, {}), (22.5, asleep), (40, {})))) == [("microsleep", 21.5)]


def test_eyes_as_narrow_as_shut_ones_that_are_read_as_lowered_rather_than_shut_look_down() -> None:
    """As people in clips look into the lap: lowered two to one with an iris between the lashes, or four to three."""
    lashes = {"eyes_closed": 0.3, "eyes_lowered": 0.67, "eyes_narrowed": 0.01, "width": 0.04, "gaze": (0.0, -25.0)}
    deep = lashes | {"eyes_closed": 0.4, "eyes_lowered": 0.53, "gaze": None}
    rather_shut = deep | {"eyes_closed": 0.46, "eyes_lowered": 0.5}
    for eyes, down, closed in ((lashes, True, False), (deep, True, False), (rather_shut, False, True)):
        monitor = Monitor(Settings(), saved=SAVED)
        state = [monitor.step(frame)[0] for frame in drive((20, {}), (22, eyes))][-1]
        assert (state.eyes_down, state.eyes_closed) == (down, closed)
    assert starts(told(drive((20, {}), (24, lashes), (40, {})))) == [("distracted", 23.0)]


def test_a_phone_read_again_and_again_is_distraction_each_time_and_not_drowsiness() -> None:
    """Four looks of 4.4 s into the lap in a minute, head bent, no iris: 18 s that look shut."""
    scenes: list[Scene] = [(20, {})]
    for look in range(4):
        scenes += [(24.4 + 15 * look, SHUT | BENT), (35 + 15 * look, {})]
    assert [what for what, _ in starts(told(drive(*scenes), settings()))] == ["distracted"] * 4


def test_a_head_that_falls_with_the_lids_every_ten_seconds_is_drowsy() -> None:
    """Two seconds each time: less than is told, but a sixth of the minute."""
    scenes: list[Scene] = [(20, {})]
    for fall in range(6):
        scenes += [(22 + 10 * fall, SHUT | BENT), (30 + 10 * fall, {})]
    assert "drowsy" in [what for what, _ in starts(told(drive(*scenes), settings()))]


def test_eyes_pressed_shut_in_a_yawn_behind_a_hand_and_a_look_at_the_speed_are_no_nod() -> None:
    hand = {"mouth": None}
    assert told(drive((20, {}), (21, hand), (21.9, SHUT | hand), (22.3, SHUT | BENT | hand), (40, {}))) == []


def test_a_pose_misread_for_a_moment_does_not_start_a_look_away_afresh() -> None:
    """Away from 20 to 24; from 21.5 on the head is read as ahead for 0.3 s."""
    away = {"yaw": 45.0, "gaze": None}
    events = told(drive((20, {}), (21.5, away), (21.8, {"gaze": None}), (24, away), (40, {})))
    assert starts(events) == [("distracted", 23.0)]


def test_narrow_eyes_as_narrow_as_this_drivers_shut_ones_are_excused_for_three_seconds_only() -> None:
    """Shut behind glasses, read as narrowed for good: told at 3 s and critical at 6."""
    glasses = {"eyes_closed": 0.3, "eyes_lowered": 0.1, "eyes_narrowed": 0.55, "width": 0.12, "gaze": None}
    events = told(drive((20, {}), (28, glasses), (40, {})))
    assert starts(events) == [("distracted", 23.0), ("unresponsive", 26.0)]


def test_glasses_that_make_shut_eyes_look_wide_do_not_hide_a_closure() -> None:
    """Put on in mid-drive: shut eyes now read 0.3 wide, the network is still sure. Twenty closures, each told."""
    behind = SHUT | {"eyes_closed": 0.88, "width": 0.3}
    scenes: list[Scene] = [(20, {}), (22, SHUT), (30, {})]
    for n in range(20):
        scenes += [(42 + 10 * n, behind), (50 + 10 * n, {})]
    assert starts(told(drive((40, {}), *scenes[3:]))).count(("microsleep", 41.5)) <= 1
    found = [event for event in starts(told(drive(*scenes))) if event[0] == "microsleep"]
    assert len(found) == 21


@pytest.mark.parametrize(
    "config",
    [
        {"rules": "eu-2023-2590"},
        {"attention": False},
        {"rules": "eu-2023-2590", "attention": False},
    ],
)
def test_nothing_silences_lids_that_are_down(config: dict[str, Any]) -> None:
    """A slow car, another preset, attention switched off: warned at 3 s and critical at 6."""
    config = {**config, "drowsy": {"advisory": 0.98, "warning": 0.99}}
    for lids in (SHUT | BENT, LOWERED, LOWERED | BENT):
        events = told(drive((20, {}), (28, lids), (40, {})), settings(monitoring=config), km_h=5.0)
        assert starts(events) == [("distracted", 23.0), ("unresponsive", 26.0)]


def test_lids_down_before_anything_is_known_of_the_driver_are_told() -> None:
    monitor = Monitor(settings(monitoring={"drowsy": {"advisory": 0.98, "warning": 0.99}}))
    frames = drive((1, {}), (8, SHUT | BENT), (12, {}))
    came = [event for frame in frames for event in monitor.step(frame)[1] if event.category != "view"]
    assert starts(came) == [("distracted", 4.0), ("unresponsive", 7.0)]


def test_a_closure_is_not_carried_from_one_person_to_another() -> None:
    """Asleep from 20; at 22 another face is there, eyes shut: the event ends, and the new one counts from 22."""
    other = SHUT | {"face": replace(FACE, track=2)}
    events = told(drive((20, {}), (22, SHUT), (25, other), (40, {"face": replace(FACE, track=2)})))
    assert phases(events)[:2] == [("microsleep", "start", 21.5), ("microsleep", "end", 22.0)]
    assert events[1].details["reason"] == "person"
    assert starts(events)[1] == ("microsleep", 23.5)


def test_the_end_of_a_closure_is_dated_to_the_opening_though_lids_stay_low() -> None:
    """Shut from 20 to 24, half-lowered until 28: the event may last, what it tells of the closure may not."""
    half = OPEN | {"eyes_closed": 0.05, "eyes_lowered": 0.6, "width": 0.5, "gaze": (0.0, -15.0)}
    events = told(drive((20, {}), (24, SHUT), (28, half), (40, {})))
    end = next(event for event in events if event.phase == "end" and event.category == "fatigue")
    assert end.held_s == pytest.approx(4.0, abs=0.3)


def test_an_event_that_rises_for_lids_down_longer_than_the_closure_is_as_long_as_they() -> None:
    """Heavy lids for 2 s, then shut for 4.6: `unresponsive` says 6 s, and the end must not say less."""
    heavy = LOWERED | {"gaze": None}
    events = told(drive((20, {}), (20.4, LOWERED), (22, heavy), (26.6, SHUT), (40, {})))
    assert starts(events)[-1] == ("unresponsive", 26.0)
    assert [event.held_s for event in events[-2:]] == pytest.approx([6.0, 6.6], abs=0.1)


def test_perclos_leaves_looks_down_out_but_not_for_ever() -> None:
    """2 s down every 8 s: nothing. 40 s of every minute: those beyond 20 s count."""
    for down_s, every_s, drowsy in ((2.0, 8.0, False), (2.8, 4.0, True)):
        scenes: list[Scene] = [(20, {})]
        for n in range(40):
            scenes += [(20 + every_s * n + down_s, LOWERED), (20 + every_s * (n + 1), {})]
        events = told(drive(*scenes), settings())
        assert any(event.event_type == "drowsy" for event in events) is drowsy


DOWN = st.lists(st.sampled_from([SHUT, SHUT | BENT, LOWERED, LOWERED | BENT, LAUGH | BENT]), min_size=1, max_size=4)


@trials(max_examples=25, deadline=None)
@given(lids=DOWN, fps=st.sampled_from([12.0, 20.0, 30.0]), seconds=st.floats(6.6, 9.0))
def test_lids_down_for_long_are_never_silent(lids: list[dict[str, Any]], fps: float, seconds: float) -> None:
    """Whatever is under them and in whatever order: a warning by 3.2 s and critical by 6.3 s."""
    share = seconds / len(lids)
    scenes = [(20 + share * (n + 1), what) for n, what in enumerate(lids)]
    events = told(drive((20, {}), *scenes, (35, {}), fps=fps))
    levels = [(event.at, event.level) for event in events if event.phase != "end"]
    assert any(at <= 23.3 and level.rank >= Level.WARNING.rank for at, level in levels), phases(events)
    assert any(at <= 26.4 and level is Level.CRITICAL for at, level in levels), phases(events)


@trials(max_examples=12, deadline=None)
@given(
    leads=st.lists(st.sampled_from(EMOTIONS), min_size=5, max_size=5),
    lids=st.lists(st.sampled_from([OPEN, SHUT, LOWERED, LAUGH, OPEN | {"mouth": 0.9}]), min_size=5, max_size=5),
)
def test_expressions_decide_nothing(leads: list[str], lids: list[dict[str, Any]]) -> None:
    """The same drive with and without the expression network tells the same fatigue and attention."""
    plain = [(20.0 + 2.5 * n, what) for n, what in enumerate(lids)]
    felt = [
        (until, {**what, "emotions": {e: float(e == lead) for e in EMOTIONS}})
        for (until, what), lead in zip(plain, leads, strict=True)
    ]
    assert phases(told(drive(*plain, (40, {})))) == phases(told(drive(*felt, (40, {}))))


def test_lids_that_stay_low_after_sleep_are_not_open_yet() -> None:
    """Shut for 4 s, lowered for 1.5 s: the alarm stops after 2 s of open eyes, not sooner."""
    end = told(drive((20, {}), (24, SHUT), (25.5, LOWERED), (40, {})))[-1]
    assert (end.event_type, end.phase) == ("sleep", "end")
    assert end.at == pytest.approx(27.5, abs=0.1) and end.held_s == pytest.approx(4.0, abs=0.3)
