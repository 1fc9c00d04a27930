"""The examples for Home Assistant, a shell and Node-RED speak of entities, topics and fields that exist."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from fer_edge.core import Event, Level, Phase
from fer_edge.settings import Settings
from fer_edge.sinks.mqtt.homeassistant import discovery
from fer_edge.sinks.mqtt.topics import Topics
from fer_edge.sinks.payloads import event_payload
from tests.brokers import Mosquitto, needs_mosquitto, wait_until

DEPLOY = Path(__file__).parent.parent / "deploy"


def entities() -> set[str]:
    """The entity ids that Home Assistant makes of what the node announces."""
    told = discovery(Settings(), Topics.of(Settings()))
    device = told["device"]["name"]
    return {
        f"{part['platform']}." + re.sub(r"[^a-z0-9]+", "_", f"{device} {part['name']}".lower())
        for part in told["components"].values()
    }


@pytest.mark.parametrize("name", ["dashboard.yaml", "automation.yaml"])
def test_home_assistant_knows_every_entity_of_the_examples(name: str) -> None:
    text = (DEPLOY / "homeassistant" / name).read_text("utf-8")
    assert yaml.safe_load(text)
    used = set(re.findall(r"\b(?:sensor|binary_sensor|event|button)\.fer_edge\w+", text))
    assert len(used) >= 2
    assert used <= entities()


def test_an_automation_does_not_take_the_last_event_of_a_node_that_is_back_for_a_new_one() -> None:
    """Home Assistant gives an event entity its last state again when it leaves ``unavailable``."""
    automations = yaml.safe_load((DEPLOY / "homeassistant" / "automation.yaml").read_text("utf-8"))
    triggers = [trigger for each in automations for trigger in each["triggers"]]
    heard = [trigger for trigger in triggers if trigger["entity_id"].startswith("event.")]
    assert heard
    assert all(trigger["not_from"] == "unavailable" for trigger in heard)


def test_an_automation_does_not_leave_the_light_red_when_the_node_is_gone() -> None:
    """Then the danger is ``unavailable`` or ``unknown``, and might never be ``off`` again."""
    automations = yaml.safe_load((DEPLOY / "homeassistant" / "automation.yaml").read_text("utf-8"))
    actions = [action for each in automations for action in each["actions"]]
    ends = [trigger for action in actions for trigger in action.get("wait_for_trigger", ())]
    assert ends
    assert all(trigger["from"] == "on" and "to" not in trigger for trigger in ends)


def payload(event_type: str, phase: Phase, *, historical: bool = False) -> dict[str, Any]:
    event = Event(1, "fatigue", event_type, phase, Level.CRITICAL, 3.0, 0.0, 3.0)
    return event_payload(
        event, id="7c1e9a02-1", seq=1, time="2026-01-01T00:00:00Z", time_ok=True, historical=historical
    )


STORY = [
    ("cab", payload("microsleep", Phase.START), None),
    ("cab", payload("sleep", Phase.UPDATE), "on"),
    ("cab", payload("yawn", Phase.START), None),
    ("cab", payload("sleep", Phase.END), "off"),
    ("cab", payload("sleep", Phase.UPDATE, historical=True), None),
    ("cab", payload("unresponsive", Phase.START), "on"),
    ("van", "offline", None),
    ("van", payload("sleep", Phase.START), "on"),
    ("van", payload("sleep", Phase.END), None),
    ("cab", "offline", "off"),
]
"""Of which node, what is heard, and what the buzzer does of it: what ends in one vehicle ends no alarm of another."""


@pytest.fixture
def buzzer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, int]]:
    """The shell example, listening to a real broker with passwords; what switches its buzzer writes into a file."""
    if not all(map(shutil.which, ("mosquitto_sub", "mosquitto_pub", "mosquitto_passwd", "jq"))):
        pytest.skip("no mosquitto_sub or jq here: sudo apt install mosquitto-clients jq")
    did, switch, users = tmp_path / "did", tmp_path / "switch", tmp_path / "users"
    did.touch()
    users.touch(0o644)
    subprocess.run(["mosquitto_passwd", "-b", users, "viewer", "a word"], check=True)
    for program in ("mosquitto_sub", "mosquitto_pub"):
        (tmp_path / program).write_text("-u viewer\n-P a word\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    broker = Mosquitto(tmp_path, config=f"allow_anonymous false\npassword_file {users}\nlog_type all")
    switch.write_text(f'#!/bin/sh\necho "$1" >> {did}\n')
    switch.chmod(0o755)
    broker.start()
    environment = os.environ | {"PORT": str(broker.port), "ON": f"{switch} on", "OFF": f"{switch} off"}
    script = subprocess.Popen([DEPLOY / "examples" / "buzzer.sh"], env=environment, start_new_session=True)
    try:
        wait_until(lambda: broker.log().count("Sending SUBACK") > 0, "the script to subscribe")
        yield did, broker.port
    finally:
        os.killpg(script.pid, signal.SIGTERM)
        code = script.wait(30)
        broker.kill()
    assert code == 0
    assert did.read_text().splitlines()[-1] == "off", "it never sounds after its end"


def heard(port: int, node: str, said: dict[str, Any] | str) -> None:
    name, text = ("status", said) if isinstance(said, str) else ("event/fatigue", json.dumps(said))
    topic = f"fer-edge/{node}/{name}"
    subprocess.run(["mosquitto_pub", "-p", str(port), "-q", "1", "-t", topic, "-m", text], check=True)


@needs_mosquitto
def test_the_shell_example_sounds_while_the_driver_sleeps(buzzer: tuple[Path, int]) -> None:
    did, port = buzzer
    heard(port, "cab", "no event at all")
    for node, said, _ in STORY:
        heard(port, node, said)
    expected = [act for _, _, act in STORY if act]
    wait_until(lambda: did.read_text().split() == expected, f"{expected}, not {did.read_text().split()}")


def test_the_node_red_flow_decides_the_same() -> None:
    """Its function runs in the JavaScript engine that comes with Playwright."""
    driver = pytest.importorskip("playwright._impl._driver", reason="no playwright here: pip install 'fer-edge[test]'")
    flow = {node["id"]: node for node in json.loads((DEPLOY / "examples" / "node-red.json").read_text("utf-8"))}
    assert all(to in flow for node in flow.values() for wire in node.get("wires", []) for to in wire)
    topics = Topics.of(Settings(node="cab"))
    listened = [node["topic"].replace("+", "cab") for node in flow.values() if node["type"] == "mqtt in"]
    assert listened == [topics.event("fatigue"), topics.status]
    story = [
        {"topic": f"fer-edge/{node}/{'status' if isinstance(said, str) else 'event/fatigue'}", "payload": said}
        for node, said, _ in STORY
    ]
    program = (
        "const kept = new Map(), context = { get: (key) => kept.get(key), set: (key, value) => kept.set(key, value) };"
        f"const decide = new Function('msg', 'context', {json.dumps(flow['fer-decide']['func'])});"
        f"console.log(JSON.stringify({json.dumps(story)}.map((msg) => decide(msg, context)?.payload ?? null)));"
    )
    engine = driver.compute_driver_executable()[0]
    result = subprocess.run([engine, "-e", program], capture_output=True, text=True, check=True)
    assert json.loads(result.stdout) == [{"on": 1, "off": 0, None: None}[act] for _, _, act in STORY]
