"""Requests over a real mosquitto, friendly and hostile."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from fer_edge.service.health import rss_mb
from tests.brokers import Mosquitto, Subscriber, mosquitto, needs_mosquitto, subscriber, wait_until
from tests.sinks.examples import settings
from tests.sinks.nodes import node
from tests.sinks.schemas import conform

__all__ = ["mosquitto", "subscriber"]
pytestmark = needs_mosquitto


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


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("qos", [0, 1])
def test_requests_are_heard_with_the_qos_that_the_settings_say(tmp_path: Path, protocol: str, qos: int) -> None:
    broker = Mosquitto(tmp_path, config="allow_anonymous true\nlog_type subscribe")
    broker.start()
    asker = Subscriber(broker.port).ready()
    try:
        with node(settings(broker.port, protocol=protocol, request_qos=qos), tmp_path):
            asker.publish("fer-edge/car/request/ping", "{}")
            asker.wait("response/ping")
    finally:
        asker.close()
        broker.kill()
    assert f"fer-edge-car {qos} fer-edge/car/request/+\n" in broker.log()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_node_that_takes_no_requests_subscribes_to_nothing_and_still_speaks(tmp_path: Path, protocol: str) -> None:
    broker = Mosquitto(tmp_path, config="allow_anonymous true\nlog_type subscribe")
    broker.start()
    asker = Subscriber(broker.port).ready()
    try:
        silent = {"requests": False, "homeassistant": {"enabled": False}}
        with node(settings(broker.port, protocol=protocol, **silent), tmp_path) as one:
            wait_until(lambda: [m.payload for m in asker.of("car/status")] == [b"online"], "online")
            asker.publish("fer-edge/car/request/pause", "{}")
            asker.wait("request/pause")  # the broker has passed it on
        assert one.asked == []
    finally:
        asker.close()
        broker.kill()
    assert "fer-edge-car " not in broker.log()
