"""The service as systemd runs it: the shipped unit, a real systemd, and every way to start, fail and come back."""

from __future__ import annotations

import re
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import mosquitto_path, needs_mosquitto, wait_until
from tests.conftest import ROOT
from tests.deploy.machine import Machine

STAMP = "__REALTIME_TIMESTAMP"
UNIT = "fer-edge.service"
CONFIG = "/etc/fer-edge/config.yaml"
GOOD = """\
node: bus-7
camera: {source: "sim:alert", width: 320, height: 240, fps: 15}
emotion: {enabled: false}
mqtt: {enabled: false}
"""
# Shorter waits than the shipped unit's, so that the test need not last as long; nothing else is changed.
SHORT = "[Service]\nWatchdogSec=4\nRestartSec=0.2\n"
_PROGRAM = """\
#!/usr/bin/python3
import sys
sys.path[:0] = ["/opt/fer-edge/current/app", "/opt/fer-edge/current/packages"]
from fer_edge.cli import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with the shipped unit, Debian's Python and the packages of this environment."""
    _needs_debians_python()
    machine = Machine(
        tmp_path_factory.mktemp("machine"),
        binds={
            ROOT / "fer_edge": "/opt/fer-edge/current/app/fer_edge",
            Path(sysconfig.get_path("purelib")): "/opt/fer-edge/current/packages",
        },
        files={
            "/etc/systemd/system/fer-edge.service": (ROOT / "deploy" / UNIT).read_text(),
            "/etc/systemd/system/fer-edge.service.d/short.conf": SHORT,
            "/etc/systemd/system/fer-edge.service.d/sound.conf": (ROOT / "deploy" / "sound.conf").read_text(),
            "/opt/fer-edge/current/bin/fer-edge": _PROGRAM,
            CONFIG: GOOD,
        },
    )
    try:
        yield machine.start()
    finally:
        machine.stop()


@pytest.fixture
def node(booted: Machine) -> Iterator[Machine]:
    """That machine with the service running on a good configuration; its journal is this test's own."""
    booted.write(CONFIG, GOOD, 0o640)
    # As install.sh leaves it: readable by root and by the group that may use cameras.
    booted.run("chgrp", "video", CONFIG)
    booted.forget_journal()
    booted.run("systemctl", "start", UNIT)
    yield booted
    booted.run("systemctl", "stop", UNIT)
    booted.run("systemctl", "reset-failed", UNIT, check=False)


def _needs_debians_python() -> None:
    """DynamicUser cannot reach a Python below /root or /home, so Debian's runs the packages of this one."""
    try:
        theirs = subprocess.run(
            ["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no /usr/bin/python3 (sudo apt install python3)")
    ours = sysconfig.get_python_version()
    if theirs != ours:
        pytest.skip(f"/usr/bin/python3 is {theirs}, the installed packages are for {ours}")


def pid(machine: Machine) -> int:
    return int(machine.show(UNIT, "MainPID"))


def wait_for_another(machine: Machine, old: int) -> None:
    wait_until(
        lambda: machine.show(UNIT, "ActiveState") == "active" and pid(machine) not in (0, old),
        "the service to run again",
        60.0,
    )


def test_it_starts_says_ready_and_tells_its_state_in_a_line(node: Machine) -> None:
    assert node.show(UNIT, "ActiveState") == "active"
    wait_until(lambda: node.show(UNIT, "StatusText").startswith("camera online"), "the status line")
    assert "camera online" in node.run("systemctl", "status", "--no-pager", UNIT).stdout


def test_it_runs_as_a_user_made_for_it_and_keeps_its_state_where_only_that_user_reads(node: Machine) -> None:
    status = node.run("cat", f"/proc/{pid(node)}/status").stdout
    uid = int(re.search(r"Uid:\t(\d+)", status)[1])
    assert uid >= 61184, "DynamicUser takes its users from 61184 up"
    assert re.search(r"CapEff:\t0+\n", status) and re.search(r"Seccomp:\t2\n", status)
    assert node.run("stat", "-L", "-c", "%a %u", "/var/lib/fer-edge").stdout.split() == ["700", str(uid)]
    assert "killed, or still running" in node.run("cat", "/var/lib/fer-edge/last_exit.json").stdout


def test_the_journal_has_one_entry_a_line_each_with_its_priority(node: Machine) -> None:
    started = wait_until(lambda: node.said(UNIT, "node bus-7 watches"), "the first words")
    assert {(entry["PRIORITY"], entry["_SYSTEMD_UNIT"]) for entry in started} == {("6", UNIT)}
    assert not str(started[0]["MESSAGE"]).startswith("<")
    node.write(CONFIG, GOOD.replace("sim:alert", "/dev/video99"))
    node.run("systemctl", "reload", UNIT)
    wait_until(lambda: node.said(UNIT, "/dev/video99"), "a word about the missing camera")
    assert {entry["PRIORITY"] for entry in node.said(UNIT, "/dev/video99: no such camera")} == {"4"}
    wait_until(lambda: node.show(UNIT, "StatusText").startswith("camera offline: /dev/video99"), "the status line")
    assert node.show(UNIT, "ActiveState") == "active"


def test_reload_takes_a_new_configuration_without_a_restart(node: Machine) -> None:
    before = pid(node)
    node.write(CONFIG, GOOD.replace("width: 320, height: 240", "width: 160, height: 120"))
    node.run("systemctl", "reload", UNIT)
    wait_until(lambda: node.said(UNIT, "frames of 160 x 120"), "pictures of the new size")
    wait_until(lambda: node.said(UNIT, "reloaded"), "the journal to have it")
    assert pid(node) == before and node.show(UNIT, "NRestarts") == "0"


def test_a_faulty_configuration_is_refused_with_its_line_and_the_old_one_stays(node: Machine) -> None:
    before = pid(node)
    node.write(CONFIG, GOOD.replace("node: bus-7", "node: bus-7\nprofile: pilot"))
    refused = node.run("systemctl", "reload", UNIT, check=False)
    assert refused.returncode != 0
    fault = wait_until(lambda: node.said(UNIT, f"{CONFIG}:2 profile"), "the fault in the journal")
    assert "driver" in fault[0]["MESSAGE"]
    assert node.show(UNIT, "ActiveState") == "active" and pid(node) == before
    # Whoever sends the signal without systemctl is refused by the daemon itself.
    node.run("systemctl", "kill", "--signal=HUP", "--kill-whom=main", UNIT)
    said = wait_until(lambda: node.said(UNIT, "reload refused, keeping the old configuration"), "the refusal")
    assert said[0]["PRIORITY"] == "3"
    assert node.show(UNIT, "ActiveState") == "active" and pid(node) == before


def test_a_model_that_cannot_be_loaded_is_refused_too(node: Machine) -> None:
    before = pid(node)
    node.write(CONFIG, GOOD.replace("{enabled: false}", "{enabled: true, model: /nowhere.tflite}", 1))
    node.run("systemctl", "reload", UNIT)
    said = wait_until(lambda: node.said(UNIT, "reload refused"), "the refusal")
    assert "/nowhere.tflite" in said[0]["MESSAGE"]
    assert node.show(UNIT, "ActiveState") == "active" and pid(node) == before


def test_a_hang_ends_in_a_restart_by_the_watchdog_with_the_place_in_the_journal(node: Machine) -> None:
    before = pid(node)
    node.run("kill", "-STOP", str(before))
    wait_for_another(node, before)
    wait_until(lambda: node.said(UNIT, "Watchdog timeout"), "the journal to have it")
    wait_until(lambda: node.said(UNIT, "Fatal Python error: Aborted"), "where it hung")
    assert node.show(UNIT, "NRestarts") == "1"
    wait_until(lambda: node.said(UNIT, "the last run ended: killed, or still running"), "the journal to have it")


def test_the_watchdog_stays_quiet_while_the_camera_is_away_for_longer_than_its_time(node: Machine) -> None:
    before = pid(node)
    node.write(CONFIG, GOOD.replace("sim:alert", "/dev/video99"))
    node.run("systemctl", "reload", UNIT)
    wait_until(lambda: node.show(UNIT, "StatusText").startswith("camera offline"), "the camera to be away")
    time.sleep(6.0)  # one and a half times WatchdogSec, by systemd's own clock
    assert pid(node) == before and node.show(UNIT, "NRestarts") == "0"


def test_a_kill_is_answered_by_a_restart_however_often(node: Machine) -> None:
    # More often than systemd's default start limit (5 in 10 s) would allow.
    for _ in range(6):
        before = pid(node)
        node.run("kill", "-KILL", str(before))
        wait_for_another(node, before)
    assert node.show(UNIT, "NRestarts") == "6"


def test_a_wrong_configuration_at_start_is_told_and_not_tried_again(node: Machine) -> None:
    node.run("systemctl", "stop", UNIT)
    node.write(CONFIG, "node: bus 7\n")
    assert node.run("systemctl", "start", UNIT, check=False).returncode != 0
    time.sleep(1.0)  # five times RestartSec
    assert node.show(UNIT, "ActiveState") == "failed"
    assert node.show(UNIT, "ExecMainStatus") == "78" and node.show(UNIT, "NRestarts") == "0"
    wait_until(lambda: node.said(UNIT, f"{CONFIG}:1 node:"), "the journal to have it")
    assert not node.said(UNIT, "Traceback")


def test_a_stop_is_clean_and_remembered(node: Machine) -> None:
    node.run("systemctl", "stop", UNIT)
    assert node.show(UNIT, "Result") == "success" and node.show(UNIT, "ExecMainStatus") == "0"
    assert "SIGTERM" in node.run("cat", "/var/lib/fer-edge/last_exit.json").stdout


@needs_mosquitto
def test_the_password_comes_from_a_credential_that_no_one_else_can_read(node: Machine) -> None:
    program = mosquitto_path()
    assert program is not None
    assert node.run("ls", f"/run/credentials/{UNIT}", check=False).stdout == "", "it runs without one"
    node.write("/etc/credstore/fer-edge.mqtt-password", "correct horse\n", 0o600)
    node.run("mosquitto_passwd", "-b", "-c", "/etc/users", "bus", "correct horse")
    node.write("/etc/mosquitto-test.conf", "listener 18830 127.0.0.1\npassword_file /etc/users\nuser root\n")
    node.run("systemd-run", "--unit=broker", program, "-c", "/etc/mosquitto-test.conf")
    try:
        broker = "mqtt: {host: 127.0.0.1, port: 18830, username: bus}"
        node.write(CONFIG, GOOD.replace("mqtt: {enabled: false}", broker))
        node.run("systemctl", "restart", UNIT)
        wait_until(lambda: node.said(UNIT, "connected to broker 127.0.0.1:18830"), "the broker to let it in")
        assert not node.said(UNIT, "correct horse")
    finally:
        node.run("rm", "-f", "/etc/credstore/fer-edge.mqtt-password")
        node.run("systemctl", "stop", "broker")


def test_a_sound_is_played_under_the_unit_s_hardening_and_comes_back(node: Machine) -> None:
    # logger stands in for aplay: what it is given to play is in the journal, with the time.
    sound = "alarm: {sound: {enabled: true, player: [/usr/bin/logger, -t, player]}}\n"
    node.write("/etc/asleep.txt", "0 awake\n2 eyes-closed\n30 repeat\n")
    node.write(CONFIG, GOOD.replace("sim:alert", "sim:/etc/asleep.txt") + sound)
    node.run("systemctl", "restart", UNIT)
    wait_until(lambda: len(node.said(UNIT, "critical.wav")) >= 2, "the sound of a sleep, again", 60.0)
    # On a busy machine the sound of the first microsleep may be overtaken by that of the sleep it becomes.
    wait_until(lambda: node.said(UNIT, "warning.wav"), "the sound of a microsleep", 90.0)
    heard = node.said(UNIT, "warning.wav")[0]
    before = [e for e in node.said(UNIT, "microsleep start") if int(e[STAMP]) <= int(heard[STAMP])]
    began = before[-1] if before else node.said(UNIT, "microsleep start")[0]
    late_s = (int(heard[STAMP]) - int(began[STAMP])) / 1e6
    print(f"the sound's player had begun {1000 * late_s:.0f} ms after the event's line in the log")
