"""What is so of every drive, whatever is in it (hypothesis)."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as some

import fer_edge
from fer_edge.core import EMOTIONS, Box, Event, Face, Lens, Level, Person, Signals
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import Story
from tests.monitoring.telling import SETTINGS, settings, tell

FACE = Face(Box(0, 0, 100, 100), 0.9)
KIOSK = settings(profile="kiosk", monitoring={"fatigue": True, "attention": True})

share = some.none() | some.floats(0, 1)
angle = some.none() | some.floats(-90, 90)
stretch = some.fixed_dictionaries(
    {
        "seconds": some.sampled_from([0.1, 0.5, 1.0, 2.0, 4.0, 8.0]),
        "fps": some.sampled_from([5, 10, 15, 30]),
        "pause": some.sampled_from([0.0, 0.0, 0.0, -0.5, 0.7, 3.0, 61.0, -30.0]),
        "face": some.booleans(),
        "lens": some.sampled_from([Lens.CLEAR, Lens.CLEAR, Lens.DARK, Lens.COVERED]),
        "eyes_closed": share,
        "eye_left": share,
        "mouth_open": share,
        "yaw": angle,
        "pitch": angle,
        "roll": angle,
        "emotion": some.none() | some.sampled_from(EMOTIONS),
        "track": some.none() | some.integers(1, 3),
    }
)


def drive(stretches: list[dict[str, Any]]) -> list[Signals]:
    frames, at = [], 0.0
    for piece in stretches:
        at += piece["pause"]
        for _ in range(max(int(piece["seconds"] * piece["fps"]), 1)):
            at += 1 / piece["fps"]
            frames.append(frame(at, len(frames), piece))
    return frames


def frame(at: float, number: int, piece: dict[str, Any]) -> Signals:
    if not piece["face"]:
        return Signals(at, number, lens=piece["lens"])
    names = ("eyes_closed", "eye_left", "mouth_open", "yaw", "pitch", "roll", "lens")
    mood = piece["emotion"] and {name: 0.7 if name == piece["emotion"] else 0.05 for name in EMOTIONS}
    person = Person(Face(FACE.box, 0.9, track=piece["track"]), mood)
    return Signals(at, number, face=FACE, faces=1, emotions=mood, people=(person,), **{n: piece[n] for n in names})


def check(told: list[tuple[Event, ...]], opened: dict[int, Event]) -> None:
    """Every event starts once, never falls in level while open, and ends once."""
    for event in (event for step in told for event in step):
        assert event.held_s >= 0
        assert math.isfinite(event.held_s)
        if event.phase == "start":
            assert event.key not in opened
            opened[event.key] = event
        else:
            before = opened[event.key]
            assert event.level.rank >= before.level.rank
            assert event.category == before.category
            if event.phase == "end":
                assert event.event_type == before.event_type
                del opened[event.key]
            else:
                opened[event.key] = event


@effort(max_examples=60, deadline=None)
@given(some.lists(stretch, min_size=1, max_size=10), some.sampled_from([SETTINGS, KIOSK]))
def test_every_event_has_a_start_and_one_end(stretches: list[dict[str, Any]], config: Any) -> None:
    monitor, opened = Monitor(config), {}
    for signals in drive(stretches):
        state, events = monitor.step(signals)
        check([events], opened)
        assert {event.key for event in state.open_events} == set(opened)
        alarming = [e.level for e in opened.values() if e.category in ("fatigue", "attention")]
        if alarming:
            assert state.level == max(alarming, key=lambda level: level.rank)
        else:
            assert state.level in (None, Level.NONE)
        for value in (state.perclos, state.coverage):
            assert value is None or 0 <= value <= 1
        assert state.closure_s is None or state.closure_s >= 0
        assert (state.closure_s is None) == (state.eyes_closed is None)
    check([monitor.abort(signals.at, "stopped")], opened)
    assert not opened


@effort(max_examples=30, deadline=None)
@given(some.lists(stretch, min_size=1, max_size=8))
def test_the_same_drive_is_told_the_same_way_twice(stretches: list[dict[str, Any]]) -> None:
    frames = drive(stretches)
    first, second = Monitor(SETTINGS), Monitor(SETTINGS)
    assert [first.step(f) for f in frames] == [second.step(f) for f in frames]


@effort(max_examples=30, deadline=None)
@given(some.lists(stretch, min_size=1, max_size=8))
def test_eyes_never_seen_never_sleep(stretches: list[dict[str, Any]]) -> None:
    """Unknown is not closed: no closure without a frame that shows closed eyes."""
    monitor = Monitor(SETTINGS)
    for signals in drive([{**piece, "eyes_closed": None} for piece in stretches]):
        state, events = monitor.step(signals)
        assert state.perclos is None
        assert not {e.event_type for e in events} & {"microsleep", "sleep", "nod"}


@effort(max_examples=30, deadline=None)
@given(
    some.floats(0.05, 1.4),
    some.floats(15, 60),
    some.integers(0, 1000),
)
def test_a_closure_shorter_than_1_4_s_is_never_a_microsleep(length: float, fps: float, phase: int) -> None:
    told = closure(length, fps, phase / 1000)
    assert "microsleep" not in told


@effort(max_examples=30, deadline=None)
@given(
    some.floats(1.6, 2.8),
    some.floats(8, 60),
    some.integers(0, 1000),
)
def test_a_closure_of_1_6_s_or_more_is_always_one(length: float, fps: float, phase: int) -> None:
    told = closure(length, fps, phase / 1000)
    assert told["microsleep"] == 1


def closure(length: float, fps: float, phase: float) -> dict[str, int]:
    """Event types started by one closure of ``length`` seconds, ``phase`` of a frame after 5 s."""
    monitor, told = Monitor(SETTINGS), {}
    start = 5.0 + phase / fps
    for number in range(int(10 * fps)):
        at = number / fps
        shut = start <= at < start + length
        values = {"eyes_closed": 0.97, "eye_left": 0.05} if shut else {"eyes_closed": 0.03, "eye_left": 0.8}
        _, events = monitor.step(Signals(at, number, face=FACE, faces=1, yaw=0.0, pitch=0.0, **values))
        for event in events:
            if event.phase == "start":
                told[event.event_type] = told.get(event.event_type, 0) + 1
    return told


def test_whatever_is_told_is_in_the_schema() -> None:
    """Every type, category and field of events, of a drive in which everything happens."""
    schema = json.loads((Path(fer_edge.__file__).parent / "schemas" / "event.json").read_text())["properties"]
    story = Story(400).closed(70, 80).during(90, 97, yaw=50.0).closed(110, 112).during(111.8, 115, face=False)
    story.during(130, 134, mouth=True).during(140, 144, mouth=True).during(150, 154, mouth=True)
    story.closed(160, 161).during(160.7, 162, pitch=-25.0).during(180, 195, eyes_seen=False)
    story.during(200, 220, emotion="happy").during(320, 400, face=False)
    told = tell(story)
    types = {event.event_type for event in told.events}
    assert types >= set(schema["event_type"]["enum"]) - {"present"}
    for event in told.events:
        assert event.category in schema["category"]["enum"]
        assert set(event.details) <= set(schema), event.details
