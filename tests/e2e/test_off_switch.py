"""Whoever may send requests cannot switch the watch off unnoticed, with a sleeping driver and a real broker."""

from __future__ import annotations

import time
from pathlib import Path

from tests.brokers import Mosquitto, Subscriber, mosquitto, subscriber, wait_until
from tests.daemons import LIGHT, Nodes, nodes, script

__all__ = ["mosquitto", "nodes", "subscriber"]


def test_reloads_again_and_again_do_not_wake_a_sleeper(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    node = nodes.start(script(tmp_path, "0 awake\n2 eyes-closed\n60 repeat\n"), *LIGHT, port=mosquitto.port).ready()
    base = subscriber.wait("/status").topic.removesuffix("/status")
    until = time.monotonic() + 30.0
    while not any(event["event_type"] == "sleep" for event in subscriber.events()):
        assert time.monotonic() < until, f"no sleep was told:\n{node.log()}"
        subscriber.publish(f"{base}/request/reload", "")
        node.notifications()  # as systemd reads them
        time.sleep(0.4)
    answers = [message.json["status"] for message in subscriber.of("response/reload")]
    assert answers.count("ok") >= 5
    assert {event["phase"] for event in subscriber.events() if event["category"] == "fatigue"} == {"start", "update"}
    assert len({event["id"] for event in subscriber.events() if event["category"] == "fatigue"}) == 1
    node.terminate()


def test_a_pause_that_is_ended_in_the_same_breath_is_told_all_the_same(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    node = nodes.start("--source=sim:alert", *LIGHT, port=mosquitto.port).ready()
    wait_until(lambda: subscriber.of("/camera") and subscriber.of("/camera")[-1].text == "online", "the camera")
    base = subscriber.of("/status")[-1].topic.removesuffix("/status")
    seen = len(subscriber.messages)
    for verb, body in (("pause", '{"seconds": 3600}'), ("resume", ""), ("pause", '{"seconds": 1}'), ("resume", "")):
        subscriber.publish(f"{base}/request/{verb}", body)
    wait_until(lambda: [m.text for m in subscriber.of("/camera")][-2:] == ["disabled", "online"], "both words")
    assert any(m.json["paused"] for m in subscriber.messages[seen:] if m.topic.endswith("/state"))
    subscriber.publish(f"{base}/request/pause", '{"seconds": 1}')
    assert "must run for a while" in subscriber.wait("response/pause", 3).json["error"]
    subscriber.publish(f"{base}/request/stats", "")
    stats = subscriber.wait("response/stats").json["data"]
    assert stats["pauses"] == 1 and stats["paused_s"] >= 1.0
    node.terminate()
