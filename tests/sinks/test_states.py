"""When a state is published: at once for what is discrete, at most once a second for numbers, every 30 s anyway."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fer_edge.core import Calibration, DriverState, Lens, Level, OpenEvent, PersonState
from fer_edge.settings import MqttSettings
from fer_edge.sinks.clock import iso
from fer_edge.sinks.mqtt.states import StateFeed
from tests.sinks.clocks import HandClock

AWAKE = DriverState(at=1.0, present=True, emotion="neutral", perclos=0.01)


class Feed:
    """A feed whose only time is the clock's."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.feed = StateFeed(MqttSettings(), self.clock, self.clock.ticks)
        self.ids: dict[int, str] = {}

    def published(self, state: DriverState | None = None) -> dict[str, Any] | None:
        if state is not None:
            self.feed.put(state)
        return self.feed.take(self.ids)

    def after(self, seconds: float, state: DriverState | None = None) -> dict[str, Any] | None:
        self.clock.pass_s(seconds)
        return self.published(state)


@pytest.fixture
def feed() -> Feed:
    one = Feed()
    assert one.published() is None
    assert one.published(AWAKE) is not None
    return one


@pytest.mark.parametrize(
    "change",
    [
        {"present": False},
        {"present": None},
        {"level": Level.WARNING},
        {"open_events": (OpenEvent(1, "microsleep", Level.WARNING, 0.0),)},
        {"emotion": "happy"},
        {"calibration": Calibration("calibrated", 1.0)},
        {"paused_s": 10.0},
        {"lens": Lens.COVERED},
        {"degraded_rate": True},
        {"people": (PersonState(1, 2.0),)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_discrete_change_goes_at_once(feed: Feed, change: dict[str, Any]) -> None:
    assert feed.feed.put(replace(AWAKE, **change)) is True
    assert feed.after(0.03) is not None


@pytest.mark.parametrize("change", [{"perclos": 0.5}, {"eyes_closed": True}, {"faces": 2}, {"yaw": 3.0}])
def test_a_number_waits_for_its_second(feed: Feed, change: dict[str, Any]) -> None:
    changed = replace(AWAKE, **change)
    assert feed.feed.put(changed) is False
    assert feed.after(0.5) is None
    assert feed.after(0.51) is not None
    assert feed.after(0.5) is None


def test_at_thirty_frames_a_second_numbers_go_once_a_second(feed: Feed) -> None:
    sent = [feed.after(1 / 30, replace(AWAKE, yaw=float(n))) for n in range(300)]
    assert 9 <= len([payload for payload in sent if payload]) <= 10


def test_nothing_new_is_said_every_thirty_seconds(feed: Feed) -> None:
    sent = [feed.after(1.0, AWAKE) for _ in range(95)]
    assert [n for n, payload in enumerate(sent) if payload] == [29, 59, 89]


def test_a_silent_camera_repeats_the_state_with_its_own_time(feed: Feed) -> None:
    taken_at = feed.clock.wall()
    repeated = feed.after(30.0)
    assert repeated is not None
    assert repeated["time"] == iso(taken_at)


def test_an_open_event_gets_its_id_as_soon_as_it_is_known(feed: Feed) -> None:
    asleep = replace(AWAKE, open_events=(OpenEvent(5, "sleep", Level.CRITICAL, 0.0),))
    first = feed.after(0.03, asleep)
    assert first is not None
    assert first["open_events"] == []
    feed.ids[5] = "7c1e9a02-411"
    second = feed.after(0.01)
    assert second is not None
    assert second["open_events"][0]["id"] == "7c1e9a02-411"
