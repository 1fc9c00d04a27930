"""Reloads of a running daemon: what is good is taken between two frames, what is not changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.brokers import Mosquitto, Subscriber, mosquitto, subscriber, wait_until
from tests.daemons import LIGHT, Nodes, nodes, script

__all__ = ["mosquitto", "nodes", "subscriber"]


def test_a_reload_takes_a_good_configuration_and_refuses_a_bad_one(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    path = tmp_path / "config.yaml"
    good = "camera: {source: 'sim:alert', width: 320, height: 240, fps: 15}\nemotion: {enabled: false}\n"
    path.write_text(good)
    node = nodes.start("--config", str(path), port=mosquitto.port).ready()
    assert subscriber.wait("/info").json["configuration"]["profile"] == "driver"

    path.write_text(good + "profile: kiosk\n")
    node.hang_up()
    wait_until(lambda: subscriber.of("/info")[-1].json["configuration"]["profile"] == "kiosk", "the new profile")

    path.write_text(good + "profile: bus\n")
    node.hang_up()
    wait_until(lambda: "reload refused" in node.log(), "the refusal")
    assert "config.yaml:3 profile: must be 'driver' or 'kiosk' (got 'bus')" in node.log()
    # It is said in the log first, then to systemd.
    wait_until(lambda: node.notifications().count("READY=1") == 3, "the end of the reload")
    assert node.notifications().count("RELOADING=1") == 2
    assert node.process.poll() is None
    node.terminate()


def test_a_reload_refuses_what_cannot_be_used_and_the_node_goes_on(nodes: Nodes, tmp_path: Path) -> None:
    path, own, cascade = tmp_path / "config.yaml", tmp_path / "own", tmp_path / "cascade.xml"
    own.with_suffix(".tflite").symlink_to("/proc/self/mem")  # a file that even root cannot read
    own.with_suffix(".json").write_text('{"input": {"shape": [1, 48, 48, 1]}}')
    cascade.write_text("<opencv_storage><cascade type_id='opencv-cascade-classifier'>")
    path.write_text("emotion: {enabled: false}\n")
    node = nodes.start("--source=sim:alert", *LIGHT[1:], "--config", str(path), port=None).ready()
    for settings, fault in (
        (f"emotion: {{model: {own}.tflite}}", "own.tflite: cannot be read (Input/output error)"),
        (f"perception: {{detector: {{kind: haar, cascade: {cascade}}}}}", "cascade.xml: not a Haar cascade"),
        (f"perception: {{detector: {{kind: yunet, path: {tmp_path}}}}}", "cannot be read (Is a directory)"),
    ):
        path.write_text(settings)
        node.hang_up()
        refused = f"reload refused, keeping the old configuration: {tmp_path}"
        wait_until(lambda refused=refused, fault=fault: refused in node.log() and fault in node.log(), fault)
    node.terminate()


def test_other_rules_taken_while_the_camera_is_away_leave_no_event_open(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    story, path = script(tmp_path, "0 awake\n2 eyes-closed\n6 unplugged\n120 end\n"), tmp_path / "config.yaml"
    path.write_text("monitoring: {closure: {sleep_s: 3.0}}\n")
    node = nodes.start(story, *LIGHT, "--config", str(path), port=mosquitto.port).ready()

    def last() -> dict[str, Any]:
        return subscriber.of("/state")[-1].json if subscriber.of("/state") else {}

    wait_until(lambda: last().get("level") == "critical", "the sleep")
    wait_until(lambda: subscriber.of("/camera")[-1].text == "offline", "the loss of the camera")
    path.write_text("monitoring: {closure: {sleep_s: 2.5}}\n")
    node.hang_up()
    wait_until(lambda: subscriber.events()[-1].get("reason") == "reloaded", "the event's end")
    wait_until(lambda: (last()["level"], last()["open_events"], last()["present"]) == (None, [], None), "no open event")
    node.terminate()


def test_an_alarm_that_a_reload_keeps_is_run_for_events_after_it(nodes: Nodes, tmp_path: Path) -> None:
    story = script(tmp_path, "0 awake\n2 eyes-closed\n4.5 awake\n10 eyes-closed\n12.5 awake\n60 repeat\n")
    alarms, path = tmp_path / "alarms", tmp_path / "config.yaml"
    path.write_text(f"alarm: {{commands: [{{run: [sh, -c, 'echo >> {alarms}'], every_s: 0}}]}}\n")
    node = nodes.start(story, *LIGHT, "--config", str(path), port=None).ready()
    wait_until(lambda: "microsleep end" in node.log(), "the first microsleep")
    node.hang_up()
    wait_until(lambda: node.log().count("microsleep start") == 2, "one after the reload")
    assert "reloaded" in node.log()
    wait_until(lambda: len(alarms.read_text().splitlines()) == 2, "an alarm for each", 5)
    node.terminate()


def test_a_reload_can_change_the_node_s_name_and_the_camera(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("node: old\ncamera: {source: 'sim:alert'}\n")
    node = nodes.start(*LIGHT, "--config", str(path), port=mosquitto.port).ready()
    subscriber.wait("old/state")
    path.write_text("node: new\ncamera: {source: 'sim:view'}\n")
    node.hang_up()
    assert subscriber.wait("new/status").text == "online"
    wait_until(lambda: subscriber.of("old/status")[-1].text == "offline", "the old name's goodbye")
    subscriber.wait("new/state")
    told = wait_until(lambda: subscriber.of("new/info"), "its info")
    assert told[-1].json["configuration"]["camera"]["source"] == "sim:view"
    node.terminate()


def test_whoever_asks_for_another_connection_is_answered_by_the_one_they_asked(
    nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber, tmp_path: Path
) -> None:
    path = tmp_path / "config.yaml"
    text = "node: {}\ncamera: {{source: 'sim:alert', width: 320, height: 240, fps: 15}}\nemotion: {{enabled: false}}\n"
    path.write_text(text.format("old"))
    node = nodes.start(*LIGHT, "--config", str(path), port=mosquitto.port).ready()
    subscriber.wait("old/state")
    path.write_text(text.format("new"))
    for verb in ("reload", "recalibrate", "reload"):
        subscriber.publish(f"fer-edge/old/request/{verb}", '{"transaction": 7}')
    assert subscriber.wait("new/status").text == "online"
    for verb in ("reload", "recalibrate"):
        assert subscriber.wait(f"old/response/{verb}").json == {"status": "ok", "data": {}, "transaction": 7}
    wait_until(lambda: subscriber.of("new/camera")[-1].text == "online", "the camera of the new node")
    subscriber.publish("fer-edge/new/request/ping", '{"transaction": 8}')
    assert subscriber.wait("new/response/ping").json["transaction"] == 8
    node.terminate()
