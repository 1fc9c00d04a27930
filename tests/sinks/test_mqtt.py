"""The sink against a real mosquitto, as its subscribers see it."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from fer_edge.core import DriverState, Phase
from tests.brokers import Mosquitto, Subscriber, mosquitto, needs_mosquitto, subscriber, wait_until
from tests.sinks.examples import STATE, event, settings
from tests.sinks.nodes import node
from tests.sinks.schemas import conform

__all__ = ["mosquitto", "subscriber"]
pytestmark = needs_mosquitto

JSON_TOPICS = {"info": "info", "state": "state", "stats": "stats"}


def test_every_topic_is_retained_as_promised_and_conforms(
    mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    with node(settings(mosquitto.port), tmp_path) as one:
        one.sink.camera("online")
        one.event(event(7))
        one.state()
        one.sink.stats({"fps": 29.7, "frames": 10, "temperature_c": None})
        subscriber.wait("event/fatigue")
        subscriber.wait("/stats")
        wait_until(
            lambda: any(m.json["open_events"] and m.json["open_events"][0]["id"] for m in subscriber.of("/state")),
            "the open event's id in state",
        )
    subscriber.wait("/status", 2)
    expected = {"status": (True, 1), "camera": (True, 1), "info": (True, 1), "state": (True, 1)}
    expected |= {"stats": (True, 0), "event/fatigue": (False, 1)}
    for tail, (retained, qos) in expected.items():
        message = subscriber.of(f"fer-edge/car/{tail}")[0]
        assert (message.retained, message.qos) == (retained, qos), tail
    for tail, schema in JSON_TOPICS.items():
        for message in subscriber.of(f"fer-edge/car/{tail}"):
            conform(schema, message.json)
    for tail in ("status", "camera"):
        for message in subscriber.of(f"fer-edge/car/{tail}"):
            conform(tail, message.text)
    for told in subscriber.events():
        conform("event", told)
    named = [event["id"] for m in subscriber.of("/state") for event in m.json["open_events"] if event["id"]]
    assert set(named) == {subscriber.events()[0]["id"]}
    assert [message.text for message in subscriber.of("/status")] == ["online", "offline"]


def test_a_late_subscriber_learns_all_that_is_retained(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with node(settings(mosquitto.port), tmp_path) as one:
        one.sink.camera("offline")
        one.state()
        one.sink.stats({})
        late = Subscriber(mosquitto.port, "fer-edge/#")
        for tail in ("status", "camera", "info", "state", "stats"):
            assert late.wait(f"/{tail}").retained
        late.close()


def test_a_stop_ends_open_events_and_offline_is_the_last_word(
    mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    with node(settings(mosquitto.port), tmp_path) as one:
        one.event(event(1))
        one.stored()
        began = time.monotonic()
        one.sink.close()
        assert time.monotonic() - began < 5.0
    subscriber.wait("/status", 2)
    ours = [message for message in subscriber.messages if message.topic.startswith("fer-edge/")]
    assert ours[-1].text == "offline"
    assert [(told["phase"], told.get("reason")) for told in subscriber.events()] == [
        ("start", None),
        ("end", "stopped"),
    ]


def test_numbers_come_at_most_once_a_second_and_changes_at_once(
    mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    with node(settings(mosquitto.port, state_interval_s=0.5), tmp_path) as one:
        began, n = time.monotonic(), 0
        while time.monotonic() - began < 2.0:
            one.state(DriverState(at=n / 100, present=True, yaw=float(n)))
            n += 1
            time.sleep(0.01)
        lasted = time.monotonic() - began
        count = len([m for m in subscriber.of("/state") if m.json["present"]])
        assert 2 <= count <= lasted / 0.5 + 1
        one.state(DriverState(at=n / 100, present=False))
        absent = wait_until(lambda: [m for m in subscriber.of("/state") if m.json["present"] is False], "the change")
        conform("state", absent[0].json)


def test_states_are_not_queued_while_the_broker_is_away(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    with node(settings(broker.port), tmp_path, connected=False) as one:
        for n in range(200):
            one.state(replace(STATE, present=bool(n % 2), open_events=()))
        broker.start()
        early = Subscriber(broker.port, "fer-edge/#").ready()
        early.wait("/state")
        early.wait("/info")
        assert len(early.of("/state")) == 1
        assert early.of("/state")[0].json["present"] is True
        early.close()
    broker.kill()


def test_the_main_loop_never_waits_for_the_network(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with node(settings(mosquitto.port), tmp_path) as one:
        mosquitto.freeze()
        slowest = 0.0
        for n in range(100):
            began = time.monotonic()
            one.state(replace(STATE, emotion="happy" if n % 2 else "sad"))
            one.event(event(n, Phase.START))
            one.sink.camera("online")
            one.sink.stats({"fps": 1.0})
            slowest = max(slowest, time.monotonic() - began)
        mosquitto.thaw()
        # 25 ms is the bound of waiting for the disk; the rest is a busy machine.
        assert slowest < 2.0
        wait_until(lambda: one.sink.outbox.waiting == 0, "the events to be confirmed")


def test_an_unclean_death_is_told_by_the_will(mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path) -> None:
    from tests.sinks.test_nothing_is_lost import Publisher

    publisher = Publisher(tmp_path, mosquitto.port)
    publisher.start()
    subscriber.wait("/status")
    publisher.kill()
    assert subscriber.wait("/status", 2).text == "offline"


def test_home_assistant_finds_the_device_and_again_after_its_own_start(
    mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    with node(settings(mosquitto.port), tmp_path):
        first = subscriber.wait("homeassistant/device/fer-edge_car/config")
        assert (first.retained, first.qos) == (True, 1)
        subscriber.publish("homeassistant/status", "online")
        again = subscriber.wait("homeassistant/device/fer-edge_car/config", 2)
        assert again.json == first.json


def test_home_assistant_can_be_left_out(mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path) -> None:
    with node(settings(mosquitto.port, homeassistant={"enabled": False}), tmp_path):
        subscriber.wait("/info")
    subscriber.wait("/status", 2)
    assert not subscriber.of("/config")


def test_memory_only_is_said_in_info_and_stats(mosquitto: Mosquitto, subscriber: Subscriber) -> None:
    with node(settings(mosquitto.port), Path("/proc/nowhere")) as one:
        one.event(event(1))
        one.sink.stats({})
        assert subscriber.wait("event/fatigue").json["seq"] > 1
        assert subscriber.wait("/stats").json["outbox"]["storage"] == "memory"
        told = subscriber.wait("/info").json["outbox"]
    assert told["storage"] == "memory"
    assert told["reason"]


def test_info_follows_the_outbox(mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path) -> None:
    mosquitto.kill()
    with node(settings(mosquitto.port, outbox={"max_events": 10}), tmp_path, connected=False) as one:
        for n in range(15):
            one.event(event(n))
        one.stored()
        subscriber.forget_connection()
        mosquitto.start()
        subscriber.ready()
        wait_until(lambda: one.sink.outbox.waiting == 0, "delivery")
        wait_until(lambda: any(m.json["outbox"]["dropped"] == 5 for m in subscriber.of("/info")), "the count in info")


def test_a_second_node_of_the_same_name_is_explained(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with node(settings(mosquitto.port), tmp_path / "a"), node(settings(mosquitto.port), tmp_path / "b"):
        wait_until(lambda: "second fer-edge here, also node car?); reconnecting" in caplog.text, "the question")


def test_of_a_connection_that_comes_and_goes_the_log_never_ends_with_connected(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_edge.sinks.mqtt.link._STEADY_S", 3.0)
    caplog.set_level(logging.INFO)

    def told() -> list[bool]:
        return ["connected to" in line for line in caplog.messages if "connected to" in line or "lost" in line]

    with node(settings(mosquitto.port), tmp_path) as one:
        for _ in range(6):
            wait_until(lambda: one.sink.connected, "the connection")
            twin = paho.Client(CallbackAPIVersion.VERSION2, "fer-edge-car", protocol=MQTTProtocolVersion.MQTTv5)
            twin.connect("127.0.0.1", mosquitto.port)
            twin.loop_start()
            wait_until(lambda: not one.sink.connected, "its loss")
            twin.disconnect()
            twin.loop_stop()
        assert told() == [True, False] * 3, "each loss that follows a connection, then no more of either"
        wait_until(lambda: told()[-1], "a connection that stays")
    assert told() == [*[True, False] * 3, True]


def test_closing_does_not_wait_for_a_broker_that_hangs(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with node(settings(mosquitto.port), tmp_path) as one:
        one.event(event(1))
        one.stored()
        mosquitto.freeze()
        began = time.monotonic()
        one.sink.close()
        assert time.monotonic() - began < 5.0
        mosquitto.thaw()


def test_no_thread_and_no_connection_stays_after_closing(mosquitto: Mosquitto, tmp_path: Path) -> None:
    before = set(threading.enumerate())

    def ours() -> set[threading.Thread]:
        return set(threading.enumerate()) - before

    with node(settings(mosquitto.port), tmp_path):
        assert ours()
    wait_until(lambda: not ours(), "threads to end")


def test_a_fault_in_making_info_costs_info_only(
    mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(outbox: dict[str, Any]) -> dict[str, Any]:
        raise KeyError("no such model")

    with node(settings(mosquitto.port), tmp_path, tell=broken) as one:
        for n in range(3):
            one.event(event(n))
        one.sink.refresh_info()
        one.state()
        subscriber.wait("event/fatigue", 3)
        subscriber.wait("/state")
    assert subscriber.wait("/status", 2).text == "offline"
    assert "publishing failed, continuing: KeyError('no such model')" in caplog.text
