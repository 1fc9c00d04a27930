"""The packages on fresh Debian 12 and 13 systems under a real systemd, without a network. `make deb test-deb`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_edge import __version__
from tests.brokers import wait_until
from tests.conftest import ROOT
from tests.deploy.debian import fresh_debian
from tests.deploy.machine import Machine
from tests.deploy.test_install import film

pytestmark = [
    pytest.mark.skipif("FER_EDGE_TEST_DEB" not in os.environ, reason="takes minutes: make deb test-deb"),
    pytest.mark.timeout(900),
]

UNIT = "fer-edge.service"
CONFIG = "/etc/fer-edge/config.yaml"
STATE = "/var/lib/fer-edge/last_exit.json"


def package(release: str) -> Path:
    arch = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
    found = ROOT / f"dist/fer-edge_{__version__}~deb{release}_{arch}.deb"
    if not found.exists():
        pytest.skip(f"no package for Debian {release} in dist/: make deb")
    return found


@pytest.fixture(scope="module", params=["12", "13"])
def packages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with this release's package, the next version of it, and a film of the driver."""
    folder: Path = tmp_path_factory.mktemp("packages")
    folder.chmod(0o755)
    (folder / "release").write_text(request.param)
    shutil.copy(package(request.param), folder / "now.deb")
    tree = folder / "tree"
    subprocess.run(["dpkg-deb", "-R", folder / "now.deb", tree], check=True)
    control = tree / "DEBIAN" / "control"
    control.write_text(re.sub(r"(?m)^Version: .*", "Version: 9.0.0", control.read_text()))
    config = tree / "usr/share/fer-edge/deploy/config.yaml"
    config.write_text(config.read_text() + "# a new line of the next version\n")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, folder / "next.deb"], check=True)
    shutil.rmtree(tree)
    film(folder / "driver.avi")
    return folder


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> Iterator[Machine]:
    machine = Machine(
        tmp_path_factory.mktemp("machine"),
        lower=fresh_debian((packages / "release").read_text(), ("python3",)),
        binds={packages: "/packages"},
        target="multi-user.target",
        files={"/etc/hosts": "127.0.0.1 localhost\n"},
    )
    try:
        yield machine.start()
    finally:
        machine.stop()


def install(machine: Machine, name: str) -> str:
    began = time.monotonic()
    done = machine.run("dpkg", "-i", f"/packages/{name}", timeout=600, env={"DEBIAN_FRONTEND": "noninteractive"})
    print(f"dpkg -i {name}: {time.monotonic() - began:.0f} s")
    return done.stdout + done.stderr


def waiting(machine: Machine) -> set[int]:
    """The numbers of the events that wait for a broker; nothing here is one. Of a copy: the daemon locks its file."""
    machine.run("sh", "-c", "rm -rf /tmp/copy && mkdir /tmp/copy && cp /var/lib/fer-edge/outbox.db* /tmp/copy/")
    asked = "import sqlite3; print(*(n for (n,) in sqlite3.connect('/tmp/copy/outbox.db').execute(%r)))"
    told = machine.run("/usr/lib/fer-edge/bin/python3", "-c", asked % "SELECT seq FROM message")
    return {int(number) for number in told.stdout.split()}


# The tests below are one story, in this order, for each release.


def test_without_a_network_one_command_installs_enables_and_starts_it(machine: Machine) -> None:
    install(machine, "now.deb")
    assert machine.run("systemctl", "is-enabled", UNIT).stdout.strip() == "enabled"
    wait_until(lambda: machine.show(UNIT, "ActiveState") == "active", "the service")
    assert machine.run("stat", "-c", "%a %U:%G", CONFIG).stdout.strip() == "640 root:video"
    assert f"\nnode: {machine.run('uname', '-n').stdout}" in machine.run("cat", CONFIG).stdout
    assert machine.run("fer-edge", "--version").stdout.startswith("fer-edge ")
    print(machine.run("du", "-sh", "/usr/lib/fer-edge").stdout)


def test_every_file_is_the_packages_and_as_it_came(machine: Machine) -> None:
    assert machine.run("dpkg", "--verify", "fer-edge").stdout == ""
    assert machine.run("dpkg", "--audit").stdout == ""


def test_configured_it_watches_after_a_boot_too(machine: Machine) -> None:
    machine.write(
        CONFIG,
        "node: bus-7\ncamera: {source: /packages/driver.avi, loop: true, fps: 15}\nmqtt: {host: localhost}\n",
    )
    machine.run("systemctl", "reload", UNIT)
    machine.stop()
    machine.start()
    wait_until(lambda: "camera online" in machine.show(UNIT, "StatusText"), "frames", 90.0)


def test_an_upgrade_keeps_configuration_and_state_and_runs_again(machine: Machine) -> None:
    wait_until(lambda: waiting(machine), "an event", 90.0)
    events, before = waiting(machine), machine.show(UNIT, "MainPID")
    ours = machine.run("cat", CONFIG).stdout
    install(machine, "next.deb")
    assert machine.run("cat", CONFIG).stdout == ours, "it is written once"
    machine.run("ls", STATE)
    wait_until(lambda: machine.show(UNIT, "ActiveState") == "active", "the service")
    assert machine.show(UNIT, "MainPID") != before
    assert machine.run("dpkg-query", "-W", "-f", "${Version}", "fer-edge").stdout == "9.0.0"
    assert events <= waiting(machine)


def test_the_previous_package_takes_over_what_the_next_one_left(machine: Machine) -> None:
    events, ours = waiting(machine), machine.run("cat", CONFIG).stdout
    assert "downgrading" in install(machine, "now.deb")
    wait_until(lambda: machine.show(UNIT, "ActiveState") == "active", "the service")
    assert machine.run("cat", CONFIG).stdout == ours and events <= waiting(machine)


def test_a_service_that_was_switched_off_stays_off_over_an_upgrade(machine: Machine) -> None:
    machine.run("systemctl", "disable", "--now", UNIT)
    install(machine, "next.deb")
    assert machine.run("systemctl", "is-enabled", UNIT, check=False).stdout.strip() == "disabled"
    machine.run("systemctl", "enable", "--now", UNIT)


def test_removed_it_leaves_configuration_and_state_purged_nothing(machine: Machine) -> None:
    machine.write("/etc/credstore/fer-edge.mqtt-password", "secret\n", 0o600)
    machine.run("dpkg", "-r", "fer-edge", timeout=120)
    assert machine.show(UNIT, "ActiveState") != "active"
    assert "bus-7" in machine.run("cat", CONFIG).stdout
    machine.run("ls", STATE)
    machine.run("dpkg", "-P", "fer-edge", timeout=120)
    left = machine.run("find", "/etc", "/usr", "/var/lib", "-iname", "*fer-edge*", "-not", "-path", "*/dpkg/*").stdout
    assert left.replace("/etc/hostname\n", "") == ""
