"""What the timeline remembers: blinks within a sample, what is unknown, and never more than its window."""

from __future__ import annotations

from typing import Any

from fer_edge.core import DriverState, Event, Level, Phase, Signals
from fer_edge.web.history import EVENTS, SAMPLE_S, History
from tests.web.test_logbook import NOON, Clock


def fed(history: History, seconds: float, fps: float = 30.0, **state: Any) -> History:
    for n in range(round(seconds * fps)):
        at = n / fps
        history.add(DriverState(at, **state), Signals(at, n, mouth_open=0.2))
    return history


def test_a_blink_shorter_than_a_sample_is_kept() -> None:
    history = History(60)
    for n in range(30):
        history.add(DriverState(n / 30, eyes_closed=n == 10), Signals(n / 30, n))
    _, samples, _ = history.past()
    assert [sample[1] for sample in samples] == [False, True, False]


def test_unknown_stays_unknown_and_a_widest_mouth_counts() -> None:
    history = History(60)
    for n, mouth in enumerate([None, 0.9, 0.1, None, None, None]):
        history.add(DriverState(n * SAMPLE_S / 3), Signals(n * SAMPLE_S / 3, n, mouth_open=mouth))
    history.add(DriverState(1.0), Signals(1.0, 9))
    assert [sample[1:3] for sample in history.past()[1]] == [[None, 0.9], [None, None]]


def test_it_never_grows_beyond_its_window() -> None:
    history = fed(History(30), 120)
    assert len(history.past()[1]) == 30 / SAMPLE_S
    for n in range(3 * EVENTS):
        history.event(Event(n, "fatigue", "yawn", Phase.START, Level.INFO, n, n, 1.0))
    assert len(history.past()[2]) == EVENTS
    assert history.past()[2][-1]["key"] == 3 * EVENTS - 1


def test_news_are_what_came_since_and_nothing_twice() -> None:
    history = fed(History(60), 2)
    count, fresh = history.since(0)
    assert len(fresh) == count == len(history.past()[1])
    assert history.since(count) == (count, [])


def test_a_clock_that_goes_back_begins_a_new_sample() -> None:
    history = History(60)
    for at in (10.0, 10.1, 2.0, 2.1):
        history.add(DriverState(at), Signals(at, 0))
    assert [sample[0] for sample in history.past()[1]] == [10.0]


def test_the_newest_state_is_told_with_what_it_was_read_from() -> None:
    history = History(60)
    assert history.now() is None
    now = fed(history, 1, perclos=0.0712345, present=True).now()
    assert now is not None
    assert now["kind"] == "state" and now["perclos"] == 0.071 and now["mouth"] == 0.2 and now["closed"] is None


def test_a_driver_who_smiles_a_lot_does_not_make_it_forget_an_alarm() -> None:
    history = History(60)
    history.event(Event(1, "fatigue", "sleep", Phase.END, Level.CRITICAL, 5.0, 1.0, 4.0))
    for n in range(3 * EVENTS):
        history.event(Event(2 + n, "emotion", "emotion", Phase.START, Level.INFO, n, n, 2.0))
    told = history.past()[2]
    assert [event["key"] for event in told if event["category"] == "fatigue"] == [1]
    assert len(told) == 1 + EVENTS


def test_what_happened_before_the_clock_was_set_happened_when_it_did() -> None:
    clock = Clock(wall=0.0)
    history = History(60, clock)
    history.event(Event(1, "fatigue", "yawn", Phase.END, Level.INFO, 5.0, 1.0, 4.0))
    clock.go(20.0)
    clock.now = NOON
    assert history.past()[2][0]["time"] == NOON - 20.0
