"""What stays retained when a node ends, whichever way it ends: read afterwards by a newcomer, from a real mosquitto."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.brokers import Mosquitto, Subscriber, mosquitto, subscriber, wait_until
from tests.daemons import LIGHT, Nodes, nodes, script

__all__ = ["mosquitto", "nodes", "subscriber"]

ASLEEP = "0 awake\n2 eyes-closed\n60 repeat\n"


def retained(broker: Mosquitto) -> dict[str, Any]:
    """What a newcomer is told of the node: state as JSON, status and camera as text."""
    late = Subscriber(broker.port).ready()
    late.wait("/status")
    late.wait("/state")
    late.wait("/camera")
    told = {tail: late.of(f"/{tail}")[0] for tail in ("status", "camera", "state")}
    late.close()
    return {"status": told["status"].text, "camera": told["camera"].text, "state": told["state"].json}


def nobody(told: dict[str, Any]) -> None:
    """Nobody runs: nothing is open, nobody is present, and nothing is said to be safe."""
    assert (told["status"], told["camera"]) == ("offline", "offline")
    state = told["state"]
    assert (state["present"], state["level"], state["open_events"]) == (None, None, [])


def test_a_node_stopped_while_its_driver_sleeps_leaves_no_sleeper(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    node = nodes.start(script(tmp_path, ASLEEP), *LIGHT, port=mosquitto.port).ready()
    wait_until(lambda: subscriber.of("event/fatigue"), "a microsleep")
    node.terminate()
    wait_until(lambda: subscriber.of("/status")[-1].text == "offline", "offline")
    nobody(retained(mosquitto))
    assert len({m.json["run"] for m in subscriber.of("event/fatigue")}) == 1
    assert all(event["id"] for m in subscriber.of("/state") for event in m.json["open_events"])


def test_a_node_killed_while_its_driver_sleeps_is_put_right_before_it_is_online_again(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    story = script(tmp_path, ASLEEP)
    node = nodes.start(story, *LIGHT, port=mosquitto.port).ready()
    wait_until(lambda: subscriber.of("event/fatigue"), "an event")
    node.kill()
    wait_until(lambda: subscriber.of("/status")[-1].text == "offline", "the will")
    seen = len(subscriber.messages)
    again = nodes.start(story, *LIGHT, port=mosquitto.port).ready()
    wait_until(lambda: subscriber.of("/status")[-1].text == "online", "online")
    tails = [m.topic.rsplit("/", 1)[-1] for m in subscriber.messages[seen:]]
    assert tails.index("state") < tails.index("status")
    assert tails.index("camera") < tails.index("status")
    first = next(m for m in subscriber.messages[seen:] if m.topic.endswith("/state"))
    assert (first.json["open_events"], first.json["level"]) == ([], None)
    again.terminate()


def test_a_paused_node_says_nothing_of_safety(nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber) -> None:
    node = nodes.start("--source=sim:alert", *LIGHT, port=mosquitto.port).ready()
    wait_until(lambda: any(m.json["level"] == "none" for m in subscriber.of("/state")), "an awake driver")
    base = subscriber.of("/status")[-1].topic.removesuffix("/status")
    subscriber.client.publish(f"{base}/request/pause", b'{"seconds": 60}', qos=1)
    wait_until(lambda: subscriber.of("/state")[-1].json["paused"], "the pause")
    told = retained(mosquitto)
    assert (told["status"], told["camera"], told["state"]["level"]) == ("online", "disabled", None)
    node.terminate()
    time.sleep(0.1)
    nobody(retained(mosquitto))
