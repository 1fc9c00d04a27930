"""A whole daemon on the simulated driver: every payload it publishes is as documented, and its alarm runs."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.brokers import Mosquitto, Subscriber, mosquitto, needs_mosquitto, subscriber, wait_until
from tests.daemons import Nodes, nodes
from tests.sinks.schemas import conform

__all__ = ["mosquitto", "nodes", "subscriber"]
pytestmark = needs_mosquitto

ASLEEP = "0 awake\n3 eyes-closed\n8 awake\n14 repeat\n"
SCHEMAS = {"info", "state", "stats", "status", "camera"}


def test_every_payload_of_a_daemon_is_as_documented(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    story, rang = tmp_path / "story.txt", tmp_path / "rang"
    story.write_text(ASLEEP)
    note = f"import os; open({str(rang)!r}, 'a').write(os.environ['FER_EDGE_EVENT_TYPE'] + '\\n')"
    alarm = f"--set=alarm.commands=[{{run: [{sys.executable}, -c, {note!r}], every_s: 0}}]"
    quick = "--set=mqtt.stats_interval_s=2"
    node = nodes.start(f"--source=sim:{story}", alarm, quick, port=mosquitto.port).ready()
    subscriber.wait("event/fatigue", 2, patience_s=60)
    subscriber.publish("fer-edge/fer-edge/request/stats", '{"transaction": 1}')
    subscriber.publish("fer-edge/fer-edge/request/pause", '{"seconds": 60}')
    subscriber.wait("response/pause")
    wait_until(lambda: any(m.json["paused"] for m in subscriber.of("fer-edge/state")), "the pause in state")
    subscriber.wait("fer-edge/fer-edge/stats")
    node.terminate()
    subscriber.wait("fer-edge/status", 2)
    seen = set()
    for message in subscriber.messages:
        tail = message.topic.removeprefix("fer-edge/fer-edge/")
        seen.add(tail)
        if tail in SCHEMAS:
            conform(tail, message.text if tail in ("status", "camera") else message.json)
        elif tail.startswith("event/"):
            conform("event", message.json)
        elif tail.startswith("response/"):
            conform("response", message.json)
    assert seen >= SCHEMAS | {"event/fatigue", "response/stats", "response/pause"}
    assert [event["seq"] for event in subscriber.events()] == list(range(1, len(subscriber.events()) + 1))
    wait_until(rang.exists, "the alarm")
    assert set(rang.read_text().split()) <= {"microsleep", "sleep", "unresponsive", "drowsy"}
