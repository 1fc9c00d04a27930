"""Stories of tiredness: PERCLOS, yawns, nods."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fer_edge.core import Level
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import Camera, Story, signals
from tests.monitoring.telling import NO_DROWSY, SETTINGS, USUAL, Told, assert_told, tell


def drowsing(seconds: float, start: float, end: float, closed_s: float, every_s: float) -> Story:
    """Eyes that shut for ``closed_s`` every ``every_s`` from ``start`` to ``end``."""
    story, at = Story(seconds), start
    while at < end:
        story.closed(at, at + closed_s)
        at += every_s
    return story


def first_crossing(story: Story, limit: float, window_s: float = 60.0) -> float:
    """When PERCLOS of the story's truth first reaches ``limit`` (closures from 0.4 s on), to 0.05 s."""
    closures = [(act.start, act.end) for act in story.acts if act.changes.get("lids") == 0.0]
    at = 30.0
    while at < story.seconds:
        span = min(at, window_s)
        shut = sum(max(min(e, at) - max(s, at - window_s), 0.0) for s, e in closures if min(e, at) - s >= 0.4)
        if shut / span >= limit:
            return at
        at += 0.05
    raise AssertionError(f"PERCLOS never reaches {limit}")


def test_slow_drowsiness_crosses_both_limits() -> None:
    """Long blinks of 0.9 s, ever more often: 9 % of the time from 100 s on, 15 % from 200 s on."""
    story = drowsing(420, 100, 200, 0.9, 10.0)
    story.acts += drowsing(0, 200, 300, 0.9, 6.0).acts
    told = tell(story)
    due = [
        ("drowsy", "start", first_crossing(story, 0.08)),
        ("drowsy", "update", first_crossing(story, 0.12)),
    ]
    assert [p[:2] for p in told.phases()] == [("drowsy", "start"), ("drowsy", "update"), ("drowsy", "end")]
    assert_times(told, due)
    assert told.find("drowsy").level is Level.ADVISORY
    assert told.find("drowsy", "update").level is Level.WARNING
    assert told.find("drowsy").details["perclos"] == pytest.approx(0.08, abs=0.005)


def assert_times(told: Told, due: list[tuple[str, str, float]], within_s: float = 1.0) -> None:
    """Within a second: the window of PERCLOS moves in half seconds."""
    for event_type, phase, at in due:
        assert told.find(event_type, phase).at == pytest.approx(at, abs=within_s)


def test_drowsiness_ends_after_30_s_below_6_percent() -> None:
    story = drowsing(300, 70, 130, 0.9, 6.0)
    told = tell(story)
    end = told.find("drowsy", "end")
    low = next(s.at for s in told.states if s.at > 130 and s.perclos is not None and s.perclos < 0.06)
    assert end.at == pytest.approx(low + 30, abs=0.2)


def test_no_drowsiness_before_half_a_window_was_judged() -> None:
    told = tell(drowsing(60, 1, 29, 0.9, 3.0))
    assert told.find("drowsy").at == pytest.approx(30, abs=0.6)
    assert told.state_at(20).perclos is None


@pytest.mark.parametrize("fps", [15, 30])
def test_an_hour_of_blinks_is_no_drowsiness(fps: int) -> None:
    """45 blinks a minute of 0.15 s: 11 % of all time with closed eyes, and PERCLOS nearly 0."""
    told = tell(drowsing(600, 1, 599, 0.15, 1.33), Camera(fps))
    assert_told(told, [])
    assert told.last.perclos == pytest.approx(0.0, abs=0.005)
    assert told.last.blinks_per_min == pytest.approx(45, abs=4)


def test_unknown_eyes_count_neither_way() -> None:
    """Behind glare half of the time: PERCLOS of the rest."""
    story = drowsing(200, 70, 200, 0.9, 6.0)
    for start in range(70, 200, 6):
        story.during(start + 3, start + 6, eyes_seen=False)
    told = tell(story)
    assert told.last.perclos == pytest.approx(0.9 / 3, abs=0.03)
    assert told.last.coverage == pytest.approx(0.5, abs=0.03)


def test_looks_at_the_instruments_are_not_judged() -> None:
    """A look of 0.9 s every 6 s, lids down with the head: 15 % of the time, and no drowsiness."""
    story = Story(200)
    for start in range(70, 195, 6):
        story.during(start, start + 0.9, pitch=-16.0, lids=0.1)
    told = tell(story)
    assert_told(told, [])
    assert told.last.coverage == pytest.approx(0.85, abs=0.03)


def test_three_yawns_in_five_minutes_are_an_advisory() -> None:
    story = Story(500)
    for start in (70, 150, 250):
        story.during(start, start + 5, mouth=True)
    told = tell(story)
    yawns = [e.at for e in told.events if e.event_type == "yawn"]
    assert yawns == pytest.approx([71.5, 75.5, 151.5, 155.5, 251.5, 255.5], abs=0.1)
    start, end = told.find("drowsy"), told.find("drowsy", "end")
    assert start.at == pytest.approx(251.5, abs=0.1)
    assert start.level is Level.ADVISORY
    assert start.details["yawns"] == 3
    assert end.at == pytest.approx(371.5 + 30, abs=0.2)  # 300 s after the first yawn, then 30 s


def test_yawns_behind_sunglasses_are_an_advisory_that_was_judged() -> None:
    story = Story(260).during(0, 260, eyes_seen=False)
    for start in (70, 150, 250):
        story.during(start, start + 5, mouth=True)
    told = tell(story).find("drowsy")
    assert told.details["perclos"] is None
    assert told.details["coverage"] > 0.9


def test_a_yawn_starts_after_1_5_s_and_ends_half_a_second_after_the_mouth_closes() -> None:
    told = tell(Story(90).during(70, 75, mouth=True))
    assert_told(told, [("yawn", "start", 71.5), ("yawn", "end", 75.5)])
    assert told.find("yawn").level is Level.INFO
    assert told.find("yawn", "end").held_s == pytest.approx(5.0, abs=0.06)
    assert told.last.yawns == 1


def test_talking_and_singing_are_no_yawn() -> None:
    """Syllables at 4 Hz for a minute, and notes held for 1.3 s."""
    story = Story(130)
    for number in range(240):
        story.during(10 + number / 4, 10 + number / 4 + 0.14, mouth=True)
    for number in range(25):
        story.during(75 + 2 * number, 76.3 + 2 * number, mouth=True)
    assert_told(tell(story), [])


def test_a_hand_before_the_yawning_mouth_ends_it_unjudged() -> None:
    frames = signals(Story(90).during(70, 75, mouth=True), USUAL)
    hidden = (replace(f, mouth_open=None) if 73 <= f.at < 80 else f for f in frames)
    told = Told(Monitor(SETTINGS), hidden)
    assert_told(told, [("yawn", "start", 71.5), ("yawn", "end", 73.55)])
    assert told.find("yawn", "end").details["reason"] == "unjudged"


def test_eyes_shut_in_a_yawn_are_part_of_it() -> None:
    """The mouth opens at 70, the eyes shut from 71 to 73.8, the mouth closes at 75: no microsleep."""
    told = tell(Story(90).during(70, 75, mouth=True).closed(71, 73.8))
    assert_told(told, [("yawn", "start", 71.5), ("yawn", "end", 75.5)])


def test_eyes_that_stay_shut_after_a_yawn_count_from_its_end() -> None:
    """A yawn excuses 1 s of shut eyes here, so the microsleep is due at 75.5."""
    told = tell(Story(90).during(70, 74, mouth=True).closed(73, 75.9), config=NO_DROWSY)
    due = [("yawn", "start", 71.5), ("yawn", "end", 74.5), ("microsleep", "start", 75.5)]
    assert_told(told, [*due, ("microsleep", "end", 76.2)], within_s=0.25)


def test_a_yawn_excuses_no_more_than_three_seconds() -> None:
    """Shut from 71 on in a yawn without end: told at 74, a microsleep at 75.5, critical at 77."""
    told = tell(Story(90).during(70, 82, mouth=True).closed(71, 82), config=NO_DROWSY)
    due = [("yawn", "start", 71.5), ("distracted", "start", 74), ("microsleep", "start", 75.5)]
    due += [("distracted", "end", 75.5), ("unresponsive", "update", 77), ("yawn", "end", 82.5)]
    assert_told(told, [*due, ("unresponsive", "end", 84)], within_s=0.2)


def test_eyes_hardly_seen_after_a_yawn_are_no_microsleep() -> None:
    """Shut from 74.2 to 77.1, in a yawn until 75; after it hidden but for glimpses: a fifth of it is judged."""
    story = Story(90).during(70, 75, mouth=True).closed(74.2, 77.1)
    story.during(75.2, 76.1, eyes_seen=False).during(76.2, 77, eyes_seen=False)
    assert_told(tell(story, config=NO_DROWSY), [("yawn", "start", 71.5), ("yawn", "end", 75.5)])


def test_a_sleeper_whose_jaw_drops_is_not_yawning() -> None:
    """First the eyes, then the mouth."""
    told = tell(Story(90).closed(70, 73.5).during(71, 74, mouth=True))
    assert ("sleep", "update") in {p[:2] for p in told.phases()}


def test_a_head_thrown_back_in_a_yawn_is_no_nod() -> None:
    story = Story(90).during(70, 75, mouth=True).closed(71, 73.8)
    story.moving(70.5, 71.5, "pitch", 0, 20).during(71.5, 74, pitch=20.0).moving(74, 74.4, "pitch", 20, 0)
    assert_told(tell(story), [("yawn", "start", 71.5), ("yawn", "end", 75.5)])


def test_a_nod_first_the_eyes_then_the_head() -> None:
    """Eyes close at 70; the head falls by 20 degrees within half a second from 70.8; up again at 73."""
    story = Story(90).closed(70, 71.3)
    story.moving(70.8, 71.3, "pitch", 0, -20).during(71.3, 73, pitch=-20.0)
    told = tell(story)
    assert_told(told, [("nod", "start", 71.2), ("nod", "end", 74)], within_s=0.15)
    assert told.find("nod").level is Level.ADVISORY
    assert told.find("nod").details["reason"] == "drop"


def test_a_head_that_sank_slowly_and_jerks_up_is_a_nod() -> None:
    story = Story(90).closed(70, 71.4)
    story.moving(70.5, 71.3, "pitch", 0, -14).moving(71.3, 71.5, "pitch", -14, 4).during(71.5, 72, pitch=4.0)
    told = tell(story)
    assert_told(told, [("nod", "start", 71.4), ("nod", "end", 72.5)], within_s=0.2)
    assert told.find("nod").details["reason"] == "jerk"
    assert told.find("nod").details["coverage"] == 1.0


def test_a_head_that_falls_after_a_closure_hardly_seen_is_no_nod() -> None:
    """Shut from 70 s and hidden from 70.2 to 70.6; until the head is down less than half of it was judged."""
    story = Story(90).closed(70, 71.3).during(70.2, 70.6, eyes_seen=False)
    story.moving(70.64, 70.84, "pitch", 0, -20).during(70.84, 73, pitch=-20.0)
    assert_told(tell(story), [])


def test_a_look_at_the_instruments_is_no_nod() -> None:
    """Lids and head go down together, and together up again, for a second each time."""
    story = Story(120)
    for start in range(70, 115, 5):
        story.closed(start, start + 1.0)
        story.moving(start, start + 0.3, "pitch", 0, -20).during(start + 0.3, start + 0.8, pitch=-20.0)
        story.moving(start + 0.8, start + 1.0, "pitch", -20, 0)
    assert [p for p in tell(story).phases() if p[0] == "nod"] == []


def test_a_long_blink_before_a_look_down_is_no_nod() -> None:
    """Eyes shut for 0.6 s, open again, and then the head goes down with open eyes."""
    story = Story(90).closed(70, 70.6)
    story.moving(70.8, 71.0, "pitch", 0, -20).during(71.0, 72, pitch=-20.0)
    assert_told(tell(story), [])


@pytest.mark.parametrize("blink_s", [0.35, 0.4, 0.45])
@pytest.mark.parametrize("open_s", [0.05, 0.1])
def test_a_blink_that_a_look_at_the_instruments_follows_is_no_nod(blink_s: float, open_s: float) -> None:
    """The head is down within two frames; under the low lids of the look no iris shows."""
    story = Story(120)
    for start in range(70, 115, 5):
        looks = start + blink_s + open_s
        story.closed(start, start + blink_s).during(looks, looks + 0.8, lids=0.0, pitch=-25.0)
    assert [p for p in tell(story).phases() if p[0] == "nod"] == []


def test_nodding_yes_with_open_eyes_is_no_nod() -> None:
    story = Story(90)
    for start in (70, 71, 72):
        story.moving(start, start + 1, "pitch", 0, -18, 0)
    assert_told(tell(story), [])
