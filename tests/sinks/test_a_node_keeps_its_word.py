"""A whole daemon on the simulated driver: every payload it publishes is as documented, and its alarm runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.brokers import Mosquitto, Subscriber, mosquitto, needs_mosquitto, subscriber, wait_until
from tests.conftest import Run
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


def test_a_node_killed_with_an_event_open_ends_it_after_its_restart(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    story = tmp_path / "story.txt"
    story.write_text("0 awake\n2 eyes-closed\n60 repeat\n")
    quick = ("--set=emotion.enabled=false", "--set=camera.width=320", "--set=camera.height=240")
    node = nodes.start(f"--source=sim:{story}", *quick, port=mosquitto.port).ready()
    started = subscriber.wait("event/fatigue", patience_s=60).json
    node.kill()
    story.write_text("0 awake\n60 repeat\n")
    again = nodes.start(f"--source=sim:{story}", *quick, port=mosquitto.port).ready()
    wait_until(lambda: subscriber.events()[-1].get("reason") == "aborted", "the end")
    ended = subscriber.events()[-1]
    assert (ended["id"], ended["phase"], ended["historical"]) == (started["id"], "end", True)
    again.terminate()
    # Killed before the broker's word for it was written down, the start comes again: the same event with its number.
    told = {event["seq"]: event["phase"] for event in subscriber.events()}
    assert list(told) == list(range(1, len(told) + 1))
    assert all(event["phase"] == told[event["seq"]] for event in subscriber.events())


def test_every_line_of_a_replay_is_as_documented(fer_edge: Run, tmp_path: Path) -> None:
    story = tmp_path / "story.txt"
    story.write_text("0 awake\n1 eyes-closed\n3.5 awake\n5 end\n")
    done = fer_edge("replay", f"sim:{story}", "--json", timeout=110)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        conform("replay", line)
    assert {line["kind"] for line in lines} == {"frame", "event", "summary"}
    assert lines[-1]["kind"] == "summary"
    ids = {line["id"]: line["event_type"] for line in lines if line["kind"] == "event"}
    assert sum(lines[-1]["events"].values()) == len(ids)
