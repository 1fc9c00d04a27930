"""What stays retained when a node ends, whichever way it ends: read afterwards by a newcomer, from a real mosquitto.

The table of docs/mqtt.md, cell by cell; every test here is one of its rows.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Mosquitto, Subscriber, mosquitto, subscriber, wait_until
from tests.conftest import ROOT, Run, clean_environment
from tests.daemons import LIGHT, Nodes, nodes, script

__all__ = ["mosquitto", "nodes", "subscriber"]

ASLEEP = "0 awake\n2 eyes-closed\n60 repeat\n"
V311 = "--set=mqtt.protocol=3.1.1"
PROTOCOLS = pytest.mark.parametrize("protocol", ["5", "3.1.1"])


def retained(broker: Mosquitto) -> dict[str, Any]:
    """What a newcomer is told of the node, by topic; a topic that is empty is missing."""
    late = Subscriber(broker.port).ready()
    late.wait("/status")
    late.wait("/info")
    late.publish("end/of/retained", b"1")  # what is retained comes before it
    late.wait("end/of/retained")
    told = {m.topic.rsplit("/", 1)[-1]: m for m in late.messages if m.topic.startswith("fer-edge/") and m.retained}
    late.close()
    return {tail: m.text if tail in ("status", "camera") else m.json for tail, m in told.items()}


def nobody(told: dict[str, Any]) -> None:
    """Nobody runs: nothing is open, nobody is present, nothing is said to be safe, nothing is measured."""
    assert (told["status"], told["camera"]) == ("offline", "offline")
    state = told["state"]
    assert (state["present"], state["level"], state["open_events"]) == (None, None, [])
    stats = told["stats"]
    assert (stats["camera"], stats["broker"], stats["fps"]) == ("offline", "offline", None)


def offline(subscriber: Subscriber) -> bool:
    return subscriber.of("/status")[-1].text == "offline"


def last_state(subscriber: Subscriber) -> dict[str, Any]:
    said = subscriber.of("/state")
    return said[-1].json if said else {}


@PROTOCOLS
def test_stopped_while_its_driver_sleeps_it_leaves_no_sleeper(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path, protocol: str
) -> None:
    options = (f"--set=mqtt.protocol='{protocol}'", "--set=mqtt.stats_interval_s=1", *LIGHT)
    node = nodes.start(script(tmp_path, ASLEEP), *options, port=mosquitto.port).ready()
    wait_until(lambda: subscriber.of("event/fatigue") and subscriber.of("/stats"), "a microsleep")
    node.terminate()
    wait_until(lambda: offline(subscriber), "offline")
    nobody(retained(mosquitto))
    assert len({m.json["run"] for m in subscriber.of("event/fatigue")}) == 1
    assert all(event["id"] for m in subscriber.of("/state") for event in m.json["open_events"])


def test_at_the_end_of_a_file_it_leaves_the_same(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    story = script(tmp_path, "0 awake\n1 eyes-closed\n4 end\n")
    node = nodes.start(story, *LIGHT, port=mosquitto.port)
    assert node.process.wait(60) == 0
    nobody(retained(mosquitto))
    assert subscriber.of("event/fatigue")[-1].json["phase"] == "end"


@PROTOCOLS
def test_killed_while_its_driver_sleeps_it_is_put_right_before_it_is_online_again(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path, protocol: str
) -> None:
    story, option = script(tmp_path, ASLEEP), f"--set=mqtt.protocol='{protocol}'"
    node = nodes.start(story, option, *LIGHT, port=mosquitto.port).ready()
    wait_until(lambda: last_state(subscriber).get("open_events"), "an event")
    node.kill()
    wait_until(lambda: offline(subscriber), "the will")
    seen = len(subscriber.messages)
    again = nodes.start(story, option, *LIGHT, port=mosquitto.port).ready()
    wait_until(lambda: subscriber.of("/status")[-1].text == "online", "online")
    tails = [m.topic.rsplit("/", 1)[-1] for m in subscriber.messages[seen:]]
    assert tails.index("state") < tails.index("status")
    assert tails.index("camera") < tails.index("status")
    first = next(m for m in subscriber.messages[seen:] if m.topic.endswith("/state"))
    assert (first.json["open_events"], first.json["level"]) == ([], None)
    wait_until(lambda: any(e.get("reason") == "aborted" for e in subscriber.events()), "the end of what was open")
    again.terminate()


QUICK = """
import sys
from fer_edge.sinks.mqtt import delivery
delivery.EXPIRY_S, delivery.REPEAT_S = 2, 0.5
from fer_edge.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_killed_and_not_started_again_its_state_and_camera_expire(
    mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    """The real 90 s, made 2: a broker that speaks MQTT 5 forgets both, and not before."""
    arguments = ["run", script(tmp_path, ASLEEP), *LIGHT, f"--set=state_dir={tmp_path}", "--set=mqtt.heartbeat_s=0.5"]
    broker = [f"--set=mqtt.port={mosquitto.port}", "--set=mqtt.heartbeat_s=1", "--set=mqtt.stats_interval_s=1"]
    command = [sys.executable, "-c", QUICK, *arguments[:-1], *broker]
    with subprocess.Popen(command, cwd=ROOT, env=clean_environment(tmp_path), stderr=subprocess.DEVNULL) as node:
        wait_until(lambda: last_state(subscriber).get("open_events") and subscriber.of("/stats"), "a sleeper")
        time.sleep(2.5)  # longer than anything lasts: it is said again and again
        assert {"camera", "state", "stats"} <= set(retained(mosquitto))
        node.kill()
    wait_until(lambda: offline(subscriber), "the will")
    wait_until(lambda: not {"camera", "state", "stats"} & set(retained(mosquitto)), "the broker to forget", 10)
    assert retained(mosquitto)["status"] == "offline"


def test_over_mqtt_3_1_1_what_a_kill_left_is_told_as_not_valid(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path, fer_edge: Run
) -> None:
    node = nodes.start(script(tmp_path, ASLEEP), V311, *LIGHT, port=mosquitto.port).ready()
    wait_until(lambda: last_state(subscriber).get("open_events"), "a sleeper")
    watch = ("watch", "--host=127.0.0.1", f"--port={mosquitto.port}", V311, "--seconds=2")
    assert "not valid" not in fer_edge(*watch).stdout
    node.kill()
    wait_until(lambda: offline(subscriber), "the will")
    assert retained(mosquitto)["state"]["open_events"], "3.1.1 cannot forget"
    told = fer_edge(*watch).stdout.splitlines()
    assert [line.endswith("(not valid: the node is offline)") for line in told if "  state " in line] == [True]
    assert [line.endswith("(not valid: the node is offline)") for line in told if "  camera " in line] == [True]


def test_paused_it_says_nothing_of_safety(nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber) -> None:
    node = nodes.start("--source=sim:alert", *LIGHT, port=mosquitto.port).ready()
    wait_until(lambda: any(m.json["level"] == "none" for m in subscriber.of("/state")), "an awake driver")
    base = subscriber.of("/status")[-1].topic.removesuffix("/status")
    subscriber.client.publish(f"{base}/request/pause", b'{"seconds": 60}', qos=1)
    wait_until(lambda: subscriber.of("/state")[-1].json["paused"], "the pause")
    told = retained(mosquitto)
    assert (told["status"], told["camera"], told["state"]["level"]) == ("online", "disabled", None)
    node.terminate()
    assert retained(mosquitto)["camera"] == "offline"


def test_a_lost_camera_keeps_the_level_of_what_is_open_for_a_while_and_then_it_is_unknown(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    story = script(tmp_path, "0 awake\n2 eyes-closed\n6 unplugged\n120 end\n")
    node = nodes.start(story, "--set=monitoring.closure.absent_s=4", *LIGHT, port=mosquitto.port).ready()
    wait_until(lambda: any(m.text == "offline" for m in subscriber.of("/camera")[1:]), "the loss")
    wait_until(lambda: last_state(subscriber)["present"] is None, "nobody in view")
    told = retained(mosquitto)
    assert (told["status"], told["camera"], told["state"]["level"]) == ("online", "offline", "critical")
    wait_until(lambda: last_state(subscriber)["level"] is None, "its end")
    assert retained(mosquitto)["state"]["open_events"] == []
    end = subscriber.of("event/fatigue")[-1].json
    assert (end["phase"], end["reason"]) == ("end", "gap")
    assert 3.0 < end["held_s"] < 4.6, "what was not seen does not count"
    node.terminate()


def test_stopped_long_after_its_camera_was_lost_it_counts_what_was_seen(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    story = script(tmp_path, "0 awake\n2 eyes-closed\n6 unplugged\n120 end\n")
    node = nodes.start(story, *LIGHT, port=mosquitto.port).ready()
    wait_until(lambda: any(m.text == "offline" for m in subscriber.of("/camera")[1:]), "the loss")
    time.sleep(2.0)
    node.terminate()
    end = wait_until(lambda: [e for e in subscriber.events() if e.get("reason") == "stopped"], "its end")[0]
    assert 3.0 < end["held_s"] < 4.6, "what was not seen does not count"


def test_a_camera_lost_while_nothing_is_open_is_not_safe(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    node = nodes.start(script(tmp_path, "0 awake\n3 unplugged\n60 end\n"), *LIGHT, port=mosquitto.port).ready()
    wait_until(lambda: any(m.json["level"] == "none" for m in subscriber.of("/state")), "an awake driver")
    wait_until(lambda: last_state(subscriber)["present"] is None, "the loss")
    told = retained(mosquitto)
    assert (told["camera"], told["state"]["level"]) == ("offline", None)
    node.terminate()


def test_a_reload_leaves_it_as_it_is_and_other_rules_leave_nothing_open(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("log_level: info\n")
    node = nodes.start(script(tmp_path, ASLEEP), *LIGHT, "--config", str(path), port=mosquitto.port).ready()
    wait_until(lambda: last_state(subscriber).get("level") == "warning", "a microsleep")
    node.hang_up()
    wait_until(lambda: "reloaded" in node.log(), "the reload")
    wait_until(lambda: last_state(subscriber)["level"] == "critical", "the same closure as a sleep")
    path.write_text("monitoring: {closure: {sleep_s: 2.9}}\n")
    node.hang_up()
    ended = wait_until(lambda: [e for e in subscriber.events() if e.get("reason") == "reloaded"], "its end")
    assert ended[0]["event_type"] in ("sleep", "unresponsive")
    assert subscriber.of("/status")[-1].text == "online"
    node.terminate()


def test_a_state_folder_that_is_taken_away_costs_no_number_and_is_told(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    blinks = script(tmp_path, "0 awake\n0.6 eyes-closed\n2.4 awake\n3.2 repeat\n")
    node = nodes.start(blinks, *LIGHT, port=mosquitto.port).ready()
    wait_until(lambda: len(subscriber.of("event/fatigue")) >= 2, "a microsleep")
    for file in (tmp_path / "state").iterdir():
        if file.is_file():
            file.unlink()
    told = wait_until(lambda: subscriber.of("/info")[-1].json["outbox"].get("lost_at") and subscriber, "the loss")
    assert told.of("/info")[-1].json["outbox"]["storage"] == "disk"
    count = len(subscriber.of("event/fatigue"))
    wait_until(lambda: len(subscriber.of("event/fatigue")) >= count + 2, "another")
    node.kill()
    again = nodes.start(blinks, *LIGHT, port=mosquitto.port).ready()
    wait_until(lambda: len({e["run"] for e in subscriber.events()}) == 2, "an event of the next run")
    # One whose confirmation the kill cut off comes twice, as it was.
    seqs = [seq for seq, _ in dict.fromkeys((event["seq"], event["run"]) for event in subscriber.events())]
    assert len(set(seqs)) == len(seqs) and seqs == sorted(seqs)
    again.terminate()
