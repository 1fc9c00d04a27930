"""What nodes say, as the fleet side reads it: the contract's payloads are good, the rest is dead with a reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_edge.core import DriverState, Event, Level, Phase
from fer_edge.sinks.clock import iso
from fer_edge.sinks.payloads import event_payload, state_payload
from fer_edge.sinks.wire import encode
from fleet.messages import LARGEST, Dead, Message, read, topic_of

NOW = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)


def event(**changes: Any) -> bytes:
    told = Event(1, "fatigue", "sleep", Phase.START, Level.CRITICAL, 3.0, 0.0, 3.0)
    payload = event_payload(told, id="0a1b2c3d-7", seq=7, time=iso(NOW.timestamp()), time_ok=True)
    return encode({**payload, "run": "0a1b2c3d", **changes})


def read_event(payload: bytes, topic: str = "fer-edge/cab-7/event/fatigue") -> Message | Dead:
    return read(topic, payload, NOW)


def test_what_the_product_publishes_is_read_as_it_is() -> None:
    told = read_event(event())
    assert isinstance(told, Message)
    assert (told.kind, told.node, told.at) == ("event", "cab-7", NOW)
    assert json.loads(told.row)["body"]["run"] == "0a1b2c3d"
    state = read(
        "fer-edge/cab-7/state", encode(state_payload(DriverState(0.0), time=iso(NOW.timestamp()), time_ok=True)), NOW
    )
    assert isinstance(state, Message)
    assert state.kind == "state"
    status = read("fer-edge/cab-7/status", b"offline", NOW)
    assert isinstance(status, Message)
    assert json.loads(status.row)["body"] == "offline"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not JSON"),
        (b"[]", "a JSON object was expected, not list"),
        (b"\xff", "not UTF-8 at byte 0"),
        (event(v=2), "version 2 is not known (1 is)"),
        (event(v=True), "version True is not known"),
        (event(seq=0), "seq must be bigger"),
        (event(seq="7"), "seq must be integer"),
        (event(event_type="dancing"), "event_type must be one of"),
        (event(category="view"), "category view on topic event/fatigue"),
        (event(time="2026-13-28T10:00:00.000Z"), "is not a time"),
        (event().replace(b'"held_s":3.0', b'"held_s":NaN'), "NaN is not a JSON number"),
        (b'{"v":1,"a":' + b"[" * 20_000, "nested too deeply"),
        (b" " * (LARGEST + 1), f"at most {LARGEST} are read"),
    ],
)
def test_a_broken_payload_is_dead_and_says_why(payload: bytes, reason: str) -> None:
    dead = read_event(payload)
    assert isinstance(dead, Dead)
    assert reason in dead.reason
    assert dead.node == "cab-7"


@pytest.mark.parametrize("topic", ["fer-edge", "fer-edge/cab-7", "fer-edge/cab-7/song", "fer-edge/a b/state", ""])
def test_a_topic_of_no_node_is_dead(topic: str) -> None:
    dead = read(topic, event(), NOW)
    assert isinstance(dead, Dead)
    assert "topic" in dead.reason


@pytest.mark.parametrize(
    ("off", "trusted", "believed"),
    [
        (timedelta(), True, True),
        (timedelta(days=-7, hours=-1), True, True),  # a week without a link
        (timedelta(days=-9), True, False),
        (timedelta(minutes=59), True, True),
        (timedelta(hours=2), True, False),
        (timedelta(days=-400), False, False),  # a Pi without a battery clock
        (timedelta(), False, False),
    ],
)
def test_a_nodes_clock_is_believed_within_bounds(off: timedelta, trusted: bool, believed: bool) -> None:
    told = read_event(event(time=iso((NOW + off).timestamp()), time_ok=trusted))
    assert isinstance(told, Message)
    assert told.at == (NOW + off if believed else NOW)
    assert told.received == NOW


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300), st.text(max_size=60))
def test_whatever_comes_is_read_or_dead_never_an_error(payload: bytes, topic: str) -> None:
    for one in (topic, "fer-edge/cab-7/event/fatigue", "fer-edge/cab-7/state", "fer-edge/cab-7/camera"):
        told = read(one, payload, NOW)
        assert isinstance(told, Message | Dead)
        if isinstance(told, Message):
            json.loads(told.row)


@settings(max_examples=50, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x, max_size=3)))
def test_any_value_in_a_field_is_read_or_dead(value: Any) -> None:
    for name in ("seq", "level", "time", "held_s", "perclos", "person", "v"):
        assert isinstance(read_event(json.dumps({**json.loads(event()), name: value}).encode()), Message | Dead)


def test_rabbitmqs_routing_key_is_the_topic_again() -> None:
    assert topic_of("fer-edge.cab-7.event.fatigue") == "fer-edge/cab-7/event/fatigue"
