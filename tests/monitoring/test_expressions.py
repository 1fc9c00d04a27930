"""Stories of expressions, of one driver and of many people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

import pytest

from fer_edge.core import EMOTIONS, Box, Face, Person, Signals
from fer_edge.monitoring import Monitor
from fer_edge.monitoring.simulation import Story, signals
from tests.monitoring.telling import USUAL, Told, assert_told, settings, tell

KIOSK = settings(profile="kiosk")


def leaning(name: str, share: float = 0.7) -> dict[str, float]:
    rest = (1 - share) / 6
    return {other: share if other == name else rest for other in EMOTIONS}


def test_an_expression_that_holds_2_s_is_told_and_ends_with_the_next() -> None:
    """Smoothed over a second, happy leads by 0.15 some 0.9 s after the change, and then holds 2 s."""
    told = tell(Story(40).during(10, 30, emotion="happy"))
    due = [("emotion", "start", 2), ("emotion", "end", 12.8), ("emotion", "start", 12.8)]
    due += [("emotion", "end", 32.8), ("emotion", "start", 32.8)]
    assert_told(told, due, "emotion", within_s=0.3)
    happy = [e for e in told.events if e.phase == "start"][1]
    assert happy.details["emotion"] == "happy"
    assert happy.details["previous"] == "neutral"
    assert happy.details["probability"] > 0.5
    assert told.state_at(20).emotion == "happy"
    assert sum(told.last.emotions.values()) == pytest.approx(1)


def test_a_flash_of_surprise_is_not_told() -> None:
    told = tell(Story(40).during(10, 11.5, emotion="surprise"))
    assert_told(told, [("emotion", "start", 2)], "emotion", within_s=0.3)


def frames(probabilities: Mapping[str, float], start: float, end: float) -> Iterator[Signals]:
    face = Face(Box(0, 0, 90, 90), 0.9)
    for number in range(int(start * 20), int(end * 20)):
        yield Signals(number / 20, number, face=face, faces=1, emotions=probabilities)


def test_a_glimpse_before_and_after_a_lost_face_does_not_hold_2_s() -> None:
    """Happy for half a second, nobody seen for 3 s, happy again: it holds from then on."""
    seen = chain(frames(leaning("happy"), 0, 0.5), frames(leaning("happy"), 3.5, 10))
    unseen = (Signals(number / 20, number) for number in range(10, 70))
    told = Told(Monitor(settings()), sorted(chain(seen, unseen), key=lambda frame: frame.at))
    assert_told(told, [("emotion", "start", 5.5)], "emotion", within_s=0.3)


def yawning(narrowed: float) -> Iterator[Signals]:
    """Neutral; from 4 s to 9 s a mouth wide open and the anger that networks see in a yawn; neutral again."""
    face = Face(Box(0, 0, 90, 90), 0.9)
    for number in range(15 * 20):
        at, wide = number / 20, 4 <= number / 20 < 9
        yield Signals(
            at, number, face=face, faces=1, emotions=leaning("angry" if wide else "neutral"),
            yaw=0.0, pitch=0.0, roll=0.0, eye_left=0.9, eye_right=0.9, eyes_closed=0.02, eyes_lowered=0.02,
            mouth_open=0.97 if wide else 0.03, eyes_narrowed=narrowed if 3 <= at < 9 else 0.02,
        )  # fmt: skip


def test_a_yawn_is_no_expression() -> None:
    """Shouting and yawning look alike to a network of seven expressions, and drivers yawn."""
    told = Told(Monitor(settings()), yawning(narrowed=0.02))
    assert_told(told, [("emotion", "start", 2)], "emotion", within_s=0.3)
    assert told.last.emotion == "neutral"


def test_a_laugh_with_a_wide_mouth_is_one() -> None:
    told = Told(Monitor(settings()), yawning(narrowed=0.95))
    assert [e.details["emotion"] for e in told.events if e.phase == "start" and e.category == "emotion"] == [
        "neutral", "angry", "neutral",
    ]  # fmt: skip


def test_two_expressions_in_balance_do_not_flicker() -> None:
    """Frame by frame the label changes; the averaged probabilities never lead by the margin."""
    monitor = Monitor(settings())
    told = Told(
        monitor,
        (
            frame
            for number in range(400)
            for frame in [next(frames(leaning("sad" if number % 2 else "angry"), number / 20, number / 20 + 1))]
        ),
    )
    assert_told(told, [], "emotion")


def test_a_model_of_five_classes_is_as_welcome() -> None:
    five = {"Happy": 0.8, "Sad": 0.05, "Anger": 0.05, "Fear": 0.05, "Neutral": 0.05}
    told = Told(Monitor(settings()), frames(five, 0, 5))
    assert told.last.emotion == "Happy"


def test_an_expression_ends_when_the_face_is_gone() -> None:
    told = tell(Story(40).during(20, 40, face=False))
    assert_told(told, [("emotion", "start", 2), ("emotion", "end", 25)], "emotion", within_s=0.3)
    assert told.last.emotion is None
    assert told.last.emotions is None


def test_emotion_off_says_nothing_of_it() -> None:
    told = tell(Story(20), config=settings(emotion={"enabled": False}))
    assert_told(told, [], "emotion")
    assert told.last.emotion is None


def visitor(track: int, emotion: str = "neutral") -> Person:
    return Person(Face(Box(100.0 * track, 50, 80, 80), 0.9, track=track), leaning(emotion))


def crowd(seconds: float, *visits: tuple[int, float, float, str]) -> Iterator[Signals]:
    """Visitors (track, from, until, expression) before a kiosk."""
    for number in range(int(seconds * 20)):
        at = number / 20
        people = tuple(visitor(track, mood) for track, start, end, mood in visits if start <= at < end)
        face = people[0].face if people else None
        yield Signals(at, number, face=face, faces=len(people), people=people)


def test_every_visitor_of_a_kiosk_has_a_presence_and_an_expression() -> None:
    told = Told(Monitor(KIOSK), crowd(40, (1, 6, 20, "happy"), (2, 10, 30, "sad")))
    view = [(e.event_type, e.phase, round(e.at), e.details.get("person")) for e in told.events if e.category == "view"]
    assert view == [
        ("absent", "start", 5, None),
        ("absent", "end", 7, None),
        ("present", "start", 7, 1),
        ("present", "start", 11, 2),
        ("present", "end", 23, 1),
        ("present", "end", 33, 2),
        ("absent", "start", 35, None),
    ]
    moods = {(e.details["person"], e.details["emotion"]) for e in told.events if e.category == "emotion"}
    assert moods == {(1, "happy"), (2, "sad")}
    both = told.state_at(15)
    assert both.faces == 2
    assert [(p.person, p.emotion, round(p.present_s)) for p in both.people] == [(1, "happy", 9), (2, "sad", 5)]
    gone = [e for e in told.events if e.event_type == "present" and e.phase == "end"]
    assert [round(e.held_s) for e in gone] == [14, 20]


def test_a_passer_by_is_not_told() -> None:
    told = Told(Monitor(KIOSK), crowd(20, (1, 0, 20, "neutral"), (7, 8, 8.7, "happy")))
    assert {e.details.get("person") for e in told.events} == {1}


def test_fatigue_and_attention_are_off_at_a_kiosk_and_can_be_switched_on() -> None:
    story = Story(90).closed(70, 72).during(80, 84, yaw=45.0)
    assert_told(tell(story, config=KIOSK), [])
    told = tell(story, config=settings(profile="kiosk", monitoring={"fatigue": True, "attention": True}))
    assert {phase[0] for phase in told.phases()} == {"microsleep", "distracted"}


def test_a_stop_ends_every_visit() -> None:
    told = Told(Monitor(KIOSK), crowd(10, (1, 0, 10, "happy"), (2, 0, 10, "sad")))
    opened = {event.key for event in told.last.open_events}
    assert {event.key for event in told.monitor.abort(10.0, "stopped")} == opened
    assert len(opened) == 4


def test_a_thousand_visitors_leave_nothing_behind() -> None:
    visits = [(number, number * 0.5, number * 0.5 + 2.0, "happy") for number in range(200)]
    told = Told(Monitor(KIOSK), crowd(110, *visits))
    assert told.last.people == ()
    assert [e.event_type for e in told.last.open_events] == ["absent"]


def test_signals_of_a_usual_drive_are_read_at_a_kiosk_too() -> None:
    """Perception that follows nobody (no track) gives counts and no persons."""
    told = Told(Monitor(KIOSK), signals(Story(5), USUAL))
    assert told.last.people == ()
    assert told.last.faces == 1
