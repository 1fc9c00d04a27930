"""The state as vehicle signals: unknown is null, levels are percent, and each is on its own topic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fer_edge.core import DriverState, Lens, Level, OpenEvent
from fer_edge.sinks.mqtt.vss import NAMES, VehicleSignals, signals
from fer_edge.sinks.payloads import state_payload
from tests.brokers import Mosquitto, Subscriber, mosquitto, needs_mosquitto, subscriber, wait_until
from tests.sinks.examples import STATE, settings
from tests.sinks.nodes import node

__all__ = ["mosquitto", "subscriber"]

AWAKE: dict[str, Any] = {"present": True, "level": Level.NONE, "eyes_closed": False, "eyes_down": False}
AHEAD = {**AWAKE, "looking": "ahead", "perclos": 0.04}


def told(camera: str = "online", **values: Any) -> dict[str, Any]:
    found = signals(state_payload(DriverState(0.0, **values)), camera)
    return {name.rpartition(".")[2]: value for name, value in found.items()}


def opened(kind: str, level: Level) -> dict[str, Any]:
    return {"level": level, "open_events": (OpenEvent(1, kind, level, 0.0),)}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (AHEAD, {"FatigueLevel": 25, "DistractionLevel": 0, "AttentiveProbability": 75, "IsEyesOnRoad": True}),
        ({**AHEAD, "perclos": None}, {"FatigueLevel": None, "AttentiveProbability": None, "IsWarning": False}),
        ({**AHEAD, "looking": None}, {"DistractionLevel": None, "IsEyesOnRoad": None}),
        ({**AHEAD, "looking": None, "eyes_closed": True}, {"IsEyesOnRoad": False}),
        ({**AHEAD, "eyes_down": True}, {"IsEyesOnRoad": False}),
        ({**AHEAD, **opened("microsleep", Level.WARNING)}, {"FatigueLevel": 75, "IsWarning": True}),
        ({**AHEAD, **opened("sleep", Level.CRITICAL)}, {"FatigueLevel": 100, "AttentiveProbability": 0}),
        ({**AHEAD, **opened("distracted", Level.ADVISORY)}, {"DistractionLevel": 50, "IsWarning": False}),
        ({"present": None}, {"FatigueLevel": None, "IsWarning": None, "IsEnabled": True, "IsError": False}),
        ({**AHEAD, "paused_s": 60.0}, {"IsEnabled": False, "FatigueLevel": None, "IsEyesOnRoad": None}),
        ({**AHEAD, "lens": Lens.COVERED}, {"IsError": True, "IsEyesOnRoad": None}),
        ({**AHEAD, "camera": "offline"}, {"IsError": True, "FatigueLevel": None}),
    ],
)
def test_signals_are_derived_and_unknown_is_null(values: dict[str, Any], expected: dict[str, Any]) -> None:
    found = told(**values)
    assert {name: found[name] for name in expected} == expected


def test_only_what_changes_is_said_until_it_would_expire() -> None:
    said: list[str] = []
    told = VehicleSignals(
        lambda topic, payload, **_: said.append(f"{topic.rpartition('/')[2]} {payload}"), "base", 1, 30.0
    )
    awake = state_payload(DriverState(0.0, **AHEAD))
    told.tell(awake, "online", 0.0, 90)
    assert len(said) == len(NAMES)
    told.tell(awake, "online", 10.0, 90)
    told.tell({**awake, "perclos": 0.08}, "online", 11.0, 90)
    assert said[len(NAMES) :] == ["FatigueLevel 50", "AttentiveProbability 50"]
    said.clear()
    told.tell(awake, "online", 31.0, 90)
    assert len(said) == len(NAMES)


@needs_mosquitto
def test_each_signal_has_its_topic_where_asked_for_and_is_unknown_in_the_end(
    mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    with node(settings(mosquitto.port, vss=True, state_qos=0), tmp_path) as one:
        one.sink.camera("online")
        one.state()
        wait_until(lambda: any(m.text == "true" for m in subscriber.of("/vss/Vehicle/ADAS/DMS/IsEnabled")), "a signal")
    wait_until(lambda: subscriber.of("/vss/Vehicle/ADAS/DMS/IsEnabled")[-1].text == "null", "the end")
    for name in NAMES:
        message = subscriber.of(f"fer-edge/car/vss/{name.replace('.', '/')}")[-1]
        assert (message.text, message.retained, message.qos) == ("null", True, 0)
    state = next(m for m in subscriber.of("fer-edge/car/state") if m.json["present"] == STATE.present)
    assert state.qos == 0


@needs_mosquitto
def test_no_signal_is_said_unasked(mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path) -> None:
    with node(settings(mosquitto.port), tmp_path) as one:
        one.state()
        subscriber.wait("/state")
    subscriber.wait("/status", 2)
    assert not [m for m in subscriber.messages if "/vss/" in m.topic]
