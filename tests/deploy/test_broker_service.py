"""deploy/mosquitto/broker.sh on a machine with systemd: users come and go while the broker runs, and none is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import needs_mosquitto, wait_until
from tests.conftest import ROOT
from tests.deploy.machine import Machine

pytestmark = [
    needs_mosquitto,
    pytest.mark.skipif(shutil.which("mosquitto_pub") is None, reason="apt install mosquitto-clients"),
    pytest.mark.skipif(
        not Path("/usr/lib/systemd/system/mosquitto.service").exists(), reason="mosquitto's service is not installed"
    ),
]
SCRIPT = "/trial/broker.sh"
CANNOT_RELOAD = "[Service]\nExecReload=\nExecReload=/bin/false\n"
MISTAKE = "/etc/mosquitto/conf.d/mistake.conf"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """One whose broker was set up as the handbook says."""
    machine = Machine(tmp_path, binds={ROOT / "deploy/mosquitto": "/trial"})
    try:
        machine.start().run(SCRIPT, "home")
        yield machine
    finally:
        machine.stop()


def may(machine: Machine, user: str, password: str) -> bool:
    """Whether the broker lets this user in."""
    login = ("-u", user, "-P", password)
    return machine.run("mosquitto_pub", *login, "-t", "fer-edge/trial", "-m", "1", check=False).returncode == 0


def test_a_user_is_added_and_removed_while_the_broker_runs(machine: Machine) -> None:
    running = machine.show("mosquitto", "MainPID")
    password = machine.run(SCRIPT, "add", "car").stdout.strip()
    wait_until(lambda: may(machine, "car", password), "the broker to know its new user")
    machine.run(SCRIPT, "remove", "car")
    wait_until(lambda: not may(machine, "car", password), "the broker to forget its user")
    assert machine.show("mosquitto", "MainPID") == running


def test_a_broker_that_neither_reloads_nor_starts_loses_no_password(machine: Machine) -> None:
    machine.write("/etc/systemd/system/mosquitto.service.d/trial.conf", CANNOT_RELOAD)
    machine.write(MISTAKE, "no_such_setting true\n")
    machine.run("systemctl", "daemon-reload")
    added = machine.run(SCRIPT, "add", "car", check=False)
    assert added.returncode == 1 and "mosquitto does not start; see journalctl -u mosquitto" in added.stderr
    assert len(added.stdout.split()) == 1, "nothing but the password"
    machine.run("rm", MISTAKE)
    machine.run("systemctl", "reset-failed", "mosquitto")
    machine.run("systemctl", "restart", "mosquitto")
    assert may(machine, "car", added.stdout.strip())
    assert not may(machine, "car", "another")
