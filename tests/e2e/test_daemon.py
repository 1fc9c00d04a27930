"""The daemon as its users meet it: a process, a real broker, and everything that can go wrong between them."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pytest

from fer_edge import __version__
from tests.brokers import Mosquitto, Subscriber, free_port, mosquitto, subscriber, wait_until
from tests.daemons import LIGHT, NodeProcess, Nodes, nodes, script
from tests.sinks.schemas import load

__all__ = ["mosquitto", "nodes", "subscriber"]

GOODBYE_S = 4.0
"""The longest a stop may take; doubled here, because test machines are busy."""


def test_a_node_says_who_it_is_what_it_sees_and_goodbye(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    node = nodes.start("--source=sim:alert", *LIGHT, "--set=node=bus-7", port=mosquitto.port).ready()
    assert subscriber.wait("bus-7/status").text == "online"
    wait_until(
        lambda: subscriber.of("bus-7/camera")[-1:] and subscriber.of("bus-7/camera")[-1].text == "online", "camera"
    )
    info = subscriber.wait("bus-7/info").json
    assert info["node"] == "bus-7" and info["configuration"]["camera"]["source"] == "sim:alert"
    wait_until(lambda: any(m.json["present"] for m in subscriber.of("bus-7/state")), "a state with the driver present")
    assert node.terminate() < 2 * GOODBYE_S
    wait_until(lambda: subscriber.of("bus-7/status")[-1].text == "offline", "offline")
    late = Subscriber(mosquitto.port).ready()
    assert late.wait("bus-7/status").text == "offline", "who comes later is told, too"
    late.close()


def test_expressions_are_published_and_stand_in_no_log(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    node = nodes.start("--source=sim:asleep", "--set=log_level=debug", port=mosquitto.port).ready()
    wait_until(
        lambda: {"emotion", "sleep"} <= {event["event_type"] for event in subscriber.events()}, "both events", 40
    )
    node.terminate()
    assert "sleep update (critical" in node.log() and "emotion" not in node.log()


def test_a_killed_node_is_declared_offline_by_its_will(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    node = nodes.start("--source=sim:alert", *LIGHT, port=mosquitto.port).ready()
    assert subscriber.wait("/status").text == "online"
    node.kill()
    assert subscriber.wait("/status", 2).text == "offline"


def test_a_camera_that_is_missing_at_start_is_waited_for_and_taken_when_it_comes(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    story = script(tmp_path, "0 awake unplugged\n3 awake\n60 repeat\n")
    node = nodes.start(story, *LIGHT, "--set=camera.reopen_s=[0.1, 0.2]", port=mosquitto.port).ready()
    assert subscriber.wait("/camera").text == "offline"
    assert subscriber.wait("/camera", 2).text == "online"
    wait_until(lambda: subscriber.of("/state")[-1].json["present"], "the driver")
    node.terminate()


def test_no_such_camera_is_one_line_and_the_node_stays_up(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    node = nodes.start(
        "--source=/dev/video97", *LIGHT, "--set=camera.reopen_s=[0.05, 0.1]", port=mosquitto.port
    ).ready()
    assert subscriber.wait("/camera").text == "offline"
    wait_until(lambda: "STATUS=camera offline: " in "\n".join(node.notifications()), "the reason in the status line")
    time.sleep(0.5)
    assert node.process.poll() is None
    assert node.log().count("/dev/video97: ") == 1, "the reason is told once, not at every try"
    node.terminate()


@pytest.mark.parametrize("fault", ["unplugged", "frozen"])
def test_a_camera_lost_in_the_middle_is_offline_and_comes_back(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path, fault: str
) -> None:
    story = script(tmp_path, f"0 awake\n3 awake {fault}\n9 awake\n60 repeat\n")
    node = nodes.start(story, *LIGHT, "--set=camera.reopen_s=[0.1, 0.2]", port=mosquitto.port).ready()
    wait_until(lambda: [m.text for m in subscriber.of("/camera")][-2:] == ["online", "offline"], f"{fault}")
    wait_until(lambda: subscriber.of("/state")[-1].json["present"] is None, "nothing known of the driver")
    wait_until(lambda: subscriber.of("/camera")[-1].text == "online", "the camera again")
    node.terminate()


def test_a_black_picture_is_a_dark_lens_and_never_an_absent_driver(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    story = script(tmp_path, "0 awake\n3 dark\n60 repeat\n")
    node = nodes.start(story, *LIGHT, "--set=monitoring.view.degraded_s=3", port=mosquitto.port).ready()
    wait_until(lambda: subscriber.of("/state")[-1:] and subscriber.of("/state")[-1].json["lens"] == "dark", "dark")
    began = wait_until(lambda: [e for e in subscriber.events() if e["event_type"] == "view_degraded"], "view_degraded")
    assert began[0]["phase"] == "start"
    assert not [e for e in subscriber.events() if e["event_type"] == "absent"]
    node.terminate()


def test_a_broker_that_is_down_at_start_gets_everything_when_it_comes(nodes: Nodes, tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    soon = "--set=monitoring.view.absent_s=1"
    node = nodes.start(script(tmp_path, "0 absent\n60 repeat\n"), *LIGHT, soon, port=broker.port).ready()
    wait_until(lambda: "absent start" in node.log(), "an event that nobody hears")
    broker.start()
    subscriber = Subscriber(broker.port).ready()
    absent = wait_until(lambda: [e for e in subscriber.events() if e["event_type"] == "absent"], "the kept event")
    assert absent[0]["phase"] == "start" and absent[0]["historical"] is True
    assert subscriber.wait("/status").text == "online"
    node.terminate()
    subscriber.close()
    broker.kill()


def test_a_broker_lost_in_the_middle_does_not_stop_the_node(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    node = nodes.start("--source=sim:alert", *LIGHT, port=mosquitto.port).ready()
    subscriber.wait("/state")
    mosquitto.kill()
    time.sleep(1)
    assert node.process.poll() is None
    mosquitto.start()
    again = Subscriber(mosquitto.port).ready()
    assert again.wait("/status").text == "online"
    again.wait("/state")
    node.terminate()
    again.close()


def test_requests_are_answered(nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber) -> None:
    node = nodes.start("--source=sim:alert", *LIGHT, port=mosquitto.port).ready()
    wait_until(lambda: any(m.json["present"] for m in subscriber.of("/state")), "the driver")
    base = "fer-edge/fer-edge/request"
    subscriber.publish(f"{base}/ping", json.dumps({"transaction": "t-1"}))
    assert subscriber.wait("response/ping").json == {
        "status": "ok",
        "data": {"version": __version__},
        "transaction": "t-1",
    }
    subscriber.publish(f"{base}/stats", "{}")
    stats = subscriber.wait("response/stats").json
    assert stats["status"] == "ok" and stats["data"]["fps"] > 0 and stats["data"]["memory_mb"] > 10
    of_the_message = {"v", "time", "time_ok", "requests_dropped"}
    assert set(stats["data"]) == set(load("stats")["properties"]) - of_the_message
    assert stats["data"]["uptime_s"] == round(stats["data"]["uptime_s"], 3)
    subscriber.publish(f"{base}/selfdestruct", "{}")
    wait_until(lambda: [m for m in subscriber.messages if b"unknown verb" in m.payload], "a refusal")
    subscriber.publish(f"{base}/recalibrate", "{}")
    assert subscriber.wait("response/recalibrate").json["status"] == "ok"
    node.terminate()


def test_a_pause_looks_at_nothing_and_ends_by_itself(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    node = nodes.start("--source=sim:alert", *LIGHT, port=mosquitto.port).ready()
    wait_until(lambda: any(m.json["present"] for m in subscriber.of("/state")), "the driver")
    subscriber.publish("fer-edge/fer-edge/request/pause", '{"seconds": 2}')
    assert subscriber.wait("response/pause").json["status"] == "ok"
    paused = wait_until(lambda: [m.json for m in subscriber.of("/state") if m.json["paused"]], "the pause in a state")
    assert paused[0]["present"] is None
    wait_until(lambda: subscriber.of("/camera")[-1].text == "disabled", "camera disabled")
    wait_until(lambda: subscriber.of("/camera")[-1].text == "online", "the end of the pause")
    wait_until(lambda: subscriber.of("/state")[-1].json["present"], "the driver again")
    node.terminate()


def test_sigterm_ends_it_cleanly_in_every_state(nodes: Nodes, mosquitto: Mosquitto, tmp_path: Path) -> None:
    def start(name: str, source: str = "sim:alert", port: int = mosquitto.port) -> NodeProcess:
        own = (f"--set=node={name}", f"--set=state_dir={tmp_path / name}")
        return nodes.start(f"--source={source}", *LIGHT, *own, port=port)

    running, hung = start("running"), start("hung")
    without_camera, without_broker = start("blind", "/dev/video97"), start("deaf", port=free_port())
    for node in (running, without_camera, without_broker):
        assert node.ready().terminate() < 2 * GOODBYE_S
    hung.ready()
    wait_until(lambda: "connected to broker" in hung.log(), "the connection")
    mosquitto.freeze()
    assert hung.terminate() < 2 * GOODBYE_S
    mosquitto.thaw()


def test_sigterm_while_it_still_starts_ends_it_with_0(nodes: Nodes) -> None:
    node = nodes.start("--source=sim:alert", *LIGHT, port=None)
    wait_until(lambda: handlers_installed(node.process.pid), "its signal handlers")
    node.terminate()


def handlers_installed(pid: int) -> bool:
    """Whether SIGTERM (15) is caught, as the kernel tells it."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> 14 & 1)
    return False


def test_the_end_of_a_video_is_a_clean_end(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    node = nodes.start(script(tmp_path, "0 awake\n2 end\n"), *LIGHT, port=mosquitto.port)
    assert node.process.wait(60) == 0, node.log()
    wait_until(lambda: subscriber.of("/status")[-1:] and subscriber.of("/status")[-1].text == "offline", "goodbye")
    assert json.loads((tmp_path / "state" / "last_exit.json").read_text())["reason"] == "end of source"


def test_the_watchdog_is_fed_while_a_camera_is_missing(nodes: Nodes) -> None:
    node = nodes.start("--source=/dev/video97", *LIGHT, port=None, WATCHDOG_USEC="800000").ready()
    wait_until(lambda: node.notifications().count("WATCHDOG=1") >= 3, "three feedings")
    assert node.terminate() < 2 * GOODBYE_S
    assert "STOPPING=1" in node.notifications()


def test_a_state_folder_that_cannot_be_written_is_told_and_costs_nothing_else(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    blocked = f"--set=state_dir={tmp_path / 'file' / 'state'}"
    node = nodes.start("--source=sim:alert", *LIGHT, blocked, port=mosquitto.port).ready()
    subscriber.wait("/state")
    wait_until(lambda: subscriber.of("/info")[-1].json["outbox"]["storage"] == "memory", "said in info")
    assert "continuing without saving" in node.log()
    node.terminate()


def test_two_ports_that_nobody_listens_on_do_not_make_it_noisy(nodes: Nodes) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        node = nodes.start("--source=sim:alert", *LIGHT, port=taken.getsockname()[1]).ready()
        time.sleep(3)
        assert node.log().count("refused") <= 1
        node.terminate()


def test_a_second_node_in_the_same_folder_is_refused_until_the_first_is_gone(nodes: Nodes) -> None:
    first = nodes.start("--source=sim:alert", *LIGHT, port=None).ready()
    second = nodes.start("--source=sim:alert", *LIGHT, port=None)
    assert second.process.wait(30) == 69
    (told,) = second.log().splitlines()
    assert f"state is in use by another fer-edge (pid {first.process.pid}); stop it" in told and "state_dir" in told
    first.hang_up()
    wait_until(lambda: "reloaded" in first.log(), "a reload keeps the folder")
    assert nodes.start("--source=sim:alert", *LIGHT, port=None).process.wait(30) == 69
    first.kill()
    nodes.start("--source=sim:alert", *LIGHT, port=None).ready().terminate()
