"""The sink against a real mosquitto, as its subscribers see it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from fer_edge.core import DriverState, Phase
from fer_edge.service.health import rss_mb
from fer_edge.sinks.mqtt import MqttSink
from tests.brokers import Mosquitto, Subscriber, mosquitto, needs_mosquitto, subscriber, wait_until
from tests.sinks.examples import STATE, event, info, settings
from tests.sinks.nodes import Node, node
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
            lambda: any(m.json["open_events"][0]["id"] for m in subscriber.of("/state")), "the open event's id in state"
        )
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
    state = subscriber.of("/state")[-1].json
    assert state["open_events"][0]["id"] == subscriber.events()[0]["id"]
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
        assert time.monotonic() - began < 2.0
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
        count = len(subscriber.of("/state"))
        assert 2 <= count <= lasted / 0.5 + 1
        one.state(DriverState(at=n / 100, present=False))
        absent = wait_until(lambda: [m for m in subscriber.of("/state") if m.json["present"] is False], "the change", 5)
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
        assert slowest < 0.5
        wait_until(lambda: one.sink.outbox.waiting == 0, "the events to be confirmed")


def test_an_unclean_death_is_told_by_the_will(mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path) -> None:
    from tests.sinks.test_nothing_is_lost import Publisher

    publisher = Publisher(tmp_path, mosquitto.port)
    publisher.start()
    subscriber.wait("/status")
    publisher.kill()
    assert subscriber.wait("/status", 2).text == "offline"


def test_requests_are_carried_out_by_the_main_loop_and_answered(
    mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    with node(settings(mosquitto.port), tmp_path) as one:
        subscriber.publish("fer-edge/car/request/pause", '{"seconds": 60, "transaction": "t1"}')
        answer = subscriber.wait("response/pause")
        assert answer.json == {"status": "ok", "data": {"verb": "pause"}, "transaction": "t1"}
        assert (answer.retained, answer.qos) == (False, 1)
        assert one.asked == [("pause", {"seconds": 60.0})]
        subscriber.publish("fer-edge/car/request/reload", "{}")
        assert subscriber.wait("response/reload").json["error"] == "config.yaml:3 is wrong"
        subscriber.publish("fer-edge/car/request/recalibrate", "")
        assert subscriber.wait("response/recalibrate").json["error"] == "failed; see the log"
        subscriber.publish("fer-edge/car/request/fly", '{"transaction": 5}')
        unknown = subscriber.wait("response/fly").json
        assert (unknown["status"], unknown["transaction"]) == ("error", 5)
        subscriber.publish("fer-edge/car/request/ping", "", ResponseTopic="someone/here", CorrelationData=b"\x01\xff")
        assert subscriber.wait("someone/here").correlation == b"\x01\xff"
        for message in subscriber.of("response/pause") + subscriber.of("someone/here"):
            conform("response", message.json)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_retained_requests_are_ignored_before_and_after_connecting(
    mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path, protocol: str
) -> None:
    subscriber.publish("fer-edge/car/request/pause", '{"seconds": 60}', retain=True)
    subscriber.wait("request/pause")
    with node(settings(mosquitto.port, protocol=protocol), tmp_path) as one:
        if protocol == "5":
            # 3.1.1 has no word for it: what is retained while one listens looks like any other message.
            subscriber.publish("fer-edge/car/request/resume", "{}", retain=True)
        subscriber.publish("fer-edge/car/request/ping", "{}")
        subscriber.wait("response/ping")
        assert [verb for verb, _ in one.asked] == ["ping"]


def test_requests_sent_while_away_are_not_delivered_late(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    broker.start()
    other = Subscriber(broker.port).ready()
    with node(settings(broker.port), tmp_path / "a"):
        pass
    other.wait("/status", 2)
    other.publish("fer-edge/car/request/pause", '{"seconds": 60}')
    other.wait("request/pause")
    with node(settings(broker.port), tmp_path / "a") as one:
        other.publish("fer-edge/car/request/ping", "{}")
        other.wait("response/ping")
        assert [verb for verb, _ in one.asked] == ["ping"]
    other.close()
    broker.kill()


ATTACK = """
import os, sys
from tests.brokers import Subscriber, wait_until
one = Subscriber(int(sys.argv[1]), "nothing").ready()
for _ in range(5):
    one.publish("fer-edge/car/request/ping", b"x" * 20_000_000)
for n in range(5_000):
    one.publish(f"fer-edge/car/request/{'ping' if n % 2 else 'fly'}", os.urandom(40))
wait_until(lambda: not one.client._out_messages, "the flood to end", 60)
one.close()
"""


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_huge_payloads_and_floods_neither_stop_it_nor_make_it_grow(
    mosquitto: Mosquitto, tmp_path: Path, protocol: str
) -> None:
    other = Subscriber(mosquitto.port, "fer-edge/car/response/#").ready()
    with node(settings(mosquitto.port, protocol=protocol), tmp_path) as one:
        before = rss_mb()
        assert before is not None
        root = Path(__file__).parents[2]
        subprocess.run([sys.executable, "-c", ATTACK, str(mosquitto.port)], cwd=root, check=True, timeout=90)
        wait_until(lambda: one.sink.connected, "the sink to be connected again")

        def answered() -> bool:
            other.publish("fer-edge/car/request/ping", '{"transaction": "after"}')
            time.sleep(0.2)
            return any(m.json.get("transaction") == "after" for m in other.of("response/ping"))

        wait_until(answered, "an answer after the flood")
        assert len(other.of("response/fly")) < 1_000
        assert rss_mb() - before < 20, "the attack was of 100 MB"
    other.close()


def test_any_bytes_on_any_request_topic_leave_it_alive(
    mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    with node(settings(mosquitto.port), tmp_path) as one:
        attacker = Subscriber(mosquitto.port, "nothing").ready()
        topic = st.text(
            st.characters(codec="utf-8", exclude_characters="+#\0/", exclude_categories=["Cc", "Cs"]), max_size=30
        )

        @examples(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
        @given(verb=topic, payload=st.binary(max_size=300), correlation=st.binary(max_size=50))
        def throw(verb: str, payload: bytes, correlation: bytes) -> None:
            more: dict[str, Any] = {"CorrelationData": correlation} if correlation else {}
            attacker.publish(f"fer-edge/car/request/{verb}", payload, **more)

        throw()
        time.sleep(1.1)  # the limiter of requests fills up again
        subscriber.publish("fer-edge/car/request/ping", '{"transaction": "alive"}')
        wait_until(
            lambda: any(m.json["transaction"] == "alive" for m in subscriber.of("response/ping")), "a sign of life"
        )
        assert one.sink.connected
        attacker.close()


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
        wait_until(lambda: "does another device use the name fer-edge-car?" in caplog.text, "the explanation")


def test_closing_does_not_wait_for_a_broker_that_hangs(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with node(settings(mosquitto.port), tmp_path) as one:
        one.event(event(1))
        one.stored()
        mosquitto.freeze()
        began = time.monotonic()
        one.sink.close()
        assert time.monotonic() - began < 1.9
        mosquitto.thaw()


def test_no_thread_and_no_connection_stays_after_closing(mosquitto: Mosquitto, tmp_path: Path) -> None:
    before = set(threading.enumerate())

    def ours() -> set[threading.Thread]:
        return set(threading.enumerate()) - before

    with node(settings(mosquitto.port), tmp_path):
        assert ours()
    wait_until(lambda: not ours(), "threads to end")


def test_a_request_that_nobody_serves_is_refused(mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path) -> None:
    one = Node(MqttSink(settings(mosquitto.port), state_dir=tmp_path, info=info))
    one.sink.start()
    wait_until(lambda: one.sink.connected, "connection")
    subscriber.publish("fer-edge/car/request/ping", "{}")
    wait_until(lambda: (one.sink.serve(), subscriber.of("response/ping"))[1], "an answer")
    assert subscriber.of("response/ping")[0].json["status"] == "error"
    one.sink.close()
