"""fer-edge doctor: what it finds, in words a person can act on."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import weakref
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from fer_edge.commands import reach
from fer_edge.commands.checkup import seeing
from fer_edge.core import Frame
from fer_edge.perception.interpreter import shipped
from fer_edge.settings import MqttSettings, Settings
from fer_edge.sinks.mqtt import VARIABLE
from fer_edge.sources import camera as sources
from tests.brokers import Mosquitto, Subscriber, free_port, mosquitto, subscriber
from tests.conftest import Run
from tests.daemons import Nodes, nodes
from tests.sources.servers import MjpegServer

__all__ = ["mosquitto", "nodes", "subscriber"]

QUIET = ("--set=camera.source=sim:alert", "--set=mqtt.enabled=false")
"""Camera and broker out of the way of what a test looks at."""
NO_CAMERA = "--set=camera.source=/dev/video99"
"""Told at once, where a camera that works is watched for two seconds: for tests that look at the broker."""


def findings(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    assert "Traceback" not in done.stderr
    told = json.loads(done.stdout)
    assert told["ok"] == (done.returncode == 0) == all(check["verdict"] != "fail" for check in told["checks"])
    return {check["name"]: check for check in told["checks"]}


def film(path: Path, fps: float, level: int | None) -> Path:
    """A film of noise, or of one grey level."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (320, 240))
    blocks = np.random.default_rng(1).integers(0, 255, (15, 20, 3)).astype(np.uint8)
    scene = cv2.resize(blocks, (320, 240)) if level is None else np.full((240, 320, 3), level, np.uint8)
    for n in range(60):
        # Never twice the same picture: that would be a frozen camera.
        writer.write(np.roll(scene, n, axis=1) if level is None else scene)
    writer.release()
    return path


def test_where_everything_works_every_line_is_ok_and_the_exit_code_0(here: Run, mosquitto: Mosquitto) -> None:
    done = here(
        "doctor",
        "--json",
        "--set=camera.source=sim:alert",
        f"--set=mqtt.port={mosquitto.port}",
        "--set=mqtt.trust_clock=true",
    )
    found = findings(done)
    assert done.returncode == 0 and done.stderr == ""
    assert {
        found[name]["verdict"] for name in ("configuration", "models", "runtime", "camera", "broker", "clock", "disk")
    } == {"ok"}
    assert "640 x 480" in found["camera"]["says"] and "frames/s" in found["camera"]["says"]
    assert "landmarks" in found["models"]["says"] and found["runtime"]["says"] in ("litert", "tflite-runtime")


def test_for_a_person_each_finding_is_a_line_with_what_to_do(here: Run) -> None:
    done = here("doctor", "--set=camera.source=/dev/video99", f"--set=mqtt.port={free_port()}")
    assert done.returncode == 69 and done.stdout == ""
    lines = done.stderr.splitlines()
    assert all(line.split()[0] in ("ok", "warn", "fail") for line in lines)
    camera = next(line for line in lines if line.startswith("fail camera"))
    assert "/dev/video99: no" in camera and "; plug" in camera
    assert any(line.startswith("fail broker") and "is the broker running, and on this port?" in line for line in lines)


def test_a_wrong_password_is_told_from_a_missing_broker(here: Run, tmp_path: Path) -> None:
    if shutil.which("mosquitto_passwd") is None:
        pytest.skip("mosquitto is not installed (sudo apt install mosquitto)")
    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(users), "bus", "right"], check=True, capture_output=True)
    broker = Mosquitto(tmp_path, config=f"password_file {users}")
    broker.start()
    try:
        ask = (
            "doctor",
            "--json",
            NO_CAMERA,
            f"--set=mqtt.port={broker.port}",
            "--set=mqtt.username=bus",
        )
        refused = findings(here(*ask, FER_EDGE_MQTT_PASSWORD="wrong"))["broker"]
        assert refused["verdict"] == "fail" and "password refused" in refused["says"]
        assert "mqtt.username" in refused["do"]
        assert findings(here(*ask, FER_EDGE_MQTT_PASSWORD="right"))["broker"]["verdict"] == "ok"
    finally:
        broker.kill()


def test_a_broker_that_wants_a_name_is_told_with_where_to_put_it(here: Run, tmp_path: Path) -> None:
    (tmp_path / "users").touch()
    broker = Mosquitto(tmp_path, config=f"allow_anonymous false\npassword_file {tmp_path / 'users'}")
    broker.start()
    try:
        found = findings(here("doctor", "--json", NO_CAMERA, f"--set=mqtt.port={broker.port}"))
    finally:
        broker.kill()
    assert found["broker"]["verdict"] == "fail"
    assert "requires a user name" in found["broker"]["says"]
    assert "mqtt.username" in found["broker"]["do"] and "fer-edge.mqtt-password" in found["broker"]["do"]


@pytest.mark.skipif(reach.own_address() is None, reason="this machine has no address but its loopback")
@pytest.mark.parametrize("everywhere", [False, True])
def test_a_broker_that_hears_its_own_machine_only_is_told(here: Run, tmp_path: Path, everywhere: bool) -> None:
    broker = Mosquitto(tmp_path, address="0.0.0.0" if everywhere else "127.0.0.1")
    broker.start()
    try:
        found = findings(here("doctor", "--json", NO_CAMERA, f"--set=mqtt.port={broker.port}"))
    finally:
        broker.kill()
    assert found["broker"]["verdict"] == "ok"
    assert ("broker reach" in found) is not everywhere
    if not everywhere:
        assert "reachable from this machine only" in found["broker reach"]["says"]
        assert found["broker reach"]["verdict"] == "warn", "it is as it should be where nobody else is to hear"


def test_a_broker_elsewhere_that_may_hear_only_itself_is_told() -> None:
    why = "192.0.2.77:1883: connection refused (is the broker running, and on this port?)"
    told = reach.explained(MqttSettings(host="192.0.2.77"), why)
    assert "from its own machine only" in told and "broker.sh" in told


def test_a_user_who_may_not_read_the_services_password_is_told_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(reach, "SERVICE_PASSWORD", tmp_path / "password")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    refused = "127.0.0.1:1883: user name or password refused, or not allowed to connect; check mqtt.username"
    told = reach.explained(MqttSettings(host="127.0.0.1", username="cab-7"), refused)
    assert told.endswith(
        "user name or password refused; only root can read the service's password: sudo fer-edge doctor"
    )
    monkeypatch.setenv(VARIABLE, "given")
    assert reach.explained(MqttSettings(host="127.0.0.1", username="cab-7"), refused) == refused


def test_it_does_not_push_the_running_node_off_the_broker(
    here: Run, nodes: Nodes, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    nodes.start("--source=sim:alert", "--set=emotion.enabled=false", port=mosquitto.port).ready()
    assert subscriber.wait("/status").text == "online"
    found = findings(here("doctor", "--json", NO_CAMERA, f"--set=mqtt.port={mosquitto.port}"))
    assert found["broker"]["verdict"] == "ok"
    assert [message.text for message in subscriber.of("/status")] == ["online"]


def test_a_damaged_model_is_told_by_its_path(here: Run, tmp_path: Path) -> None:
    model = tmp_path / "own.tflite"
    content = bytearray(shipped("expression").read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    shutil.copy(shipped("expression").with_suffix(".json"), model.with_suffix(".json"))
    found = findings(here("doctor", "--json", NO_CAMERA, "--set=mqtt.enabled=false", f"--set=emotion.model={model}"))
    assert found["models"]["verdict"] == "fail"
    assert str(model) in found["models"]["says"] and "sha256" in found["models"]["says"]


def test_a_faulty_configuration_is_told_with_its_line_and_the_rest_is_still_looked_at(
    here: Run, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text("node: bus-7\nprofile: pilot\n")
    found = findings(here("doctor", "--json"))
    assert found["configuration"]["verdict"] == "fail" and ":2 profile" in found["configuration"]["says"]
    assert found["models"]["verdict"] == "ok"


def test_where_no_camera_is_it_sends_nobody_to_the_list_of_cameras_above(
    here: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("DEV", "BY_ID"):
        monkeypatch.setattr(sources, name, tmp_path / name)
    found = findings(here("doctor", "--json", NO_CAMERA, "--set=mqtt.enabled=false"))
    assert found["cameras here"]["says"] == "no /dev/video* found"
    assert found["camera"]["says"] == "/dev/video99: no camera found"
    assert found["camera"]["do"] == "plug one in, or set camera.source (csi:0, a stream, sim:demo)"


def test_a_camera_slower_than_asked_is_told_with_its_real_rate(here: Run) -> None:
    camera = MjpegServer()
    try:
        asked = (f"--set=camera.source={camera.address}/live", "--set=camera.fps=120", "--set=mqtt.enabled=false")
        found = findings(here("doctor", "--json", *asked))
    finally:
        camera.close()
    assert found["camera"]["verdict"] == "warn" and "light" in found["camera"]["do"]
    assert re.search(r"160 x 120, [\d.]+ frames/s, 120 requested", found["camera"]["says"])
    assert "picture" not in found


def test_a_film_of_another_rate_is_no_slow_camera(here: Run, tmp_path: Path) -> None:
    path = film(tmp_path / "slow.avi", 10.0, None)
    found = findings(here("doctor", "--json", "--set=mqtt.enabled=false", f"--set=camera.source={path}"))
    assert found["camera"] == {"name": "camera", "verdict": "ok", "says": f"{path}: 320 x 240, 10.0 frames/s", "do": ""}


def test_of_the_pictures_it_counts_it_keeps_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds of a camera's largest pictures are more than a small board has memory."""
    taken: list[weakref.ref[np.ndarray]] = []
    kept = 0

    def read() -> Frame:
        nonlocal kept
        image = np.zeros((48, 64, 3), np.uint8)
        kept = max(kept, sum(each() is not None for each in taken))
        taken.append(weakref.ref(image))
        return Frame(image, len(taken) / 32, len(taken))

    source = SimpleNamespace(name="4K", open=lambda: None, read=read, close=lambda: None)
    monkeypatch.setattr("fer_edge.sources.make_source", lambda *_, **__: source)
    found = {finding.name: finding for finding in seeing.camera(Settings())}
    assert found["camera"].says == "0: 64 x 48, 32.0 frames/s" and "dark" in found["picture"].says
    assert len(taken) == 65 and kept <= 5


def test_a_covered_lens_is_told(here: Run, tmp_path: Path) -> None:
    path = film(tmp_path / "dark.avi", 30.0, 3)
    found = findings(here("doctor", "--json", "--set=mqtt.enabled=false", f"--set=camera.source={path}"))
    assert found["picture"]["verdict"] == "warn" and "lens" in found["picture"]["do"]


@pytest.mark.parametrize("mirror", ["false", "true"])
def test_a_camera_on_its_side_is_told_with_the_rotation_that_sets_it_right(here: Run, mirror: str) -> None:
    """The simulated camera is turned by 90 degrees (and mirrored); upright is where it was meant to be, 0."""
    asked = (*QUIET, "--set=camera.rotation=90", f"--set=camera.mirror={mirror}")
    found = findings(here("doctor", "--json", *asked))
    assert found["picture"]["verdict"] == "warn" and "on its side" in found["picture"]["says"]
    assert found["picture"]["do"] == "set camera.rotation: 0"


def test_a_state_folder_that_cannot_be_written_is_told(here: Run) -> None:
    found = findings(here("doctor", "--json", NO_CAMERA, "--set=mqtt.enabled=false", "--set=state_dir=/proc/fer-edge"))
    assert found["state folder"]["verdict"] == "fail" and "state_dir" in found["state folder"]["do"]


@pytest.mark.parametrize("below", ["", "/deeper"])
def test_a_state_folder_that_is_a_file_is_told(here: Run, tmp_path: Path, below: str) -> None:
    (tmp_path / "afile").write_text("notes")
    state = f"--set=state_dir={tmp_path / 'afile'}{below}"
    found = findings(here("doctor", "--json", NO_CAMERA, "--set=mqtt.enabled=false", state))["state folder"]
    assert (found["verdict"], found["says"]) == ("fail", f"{tmp_path / 'afile'}: is a file")
    assert found["do"] == "set state_dir to a folder"
