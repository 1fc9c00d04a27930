"""install.sh on a fresh Debian 12 under a real systemd. `make test-install`: minutes, and the network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from fer_edge.settings import CameraSettings
from fer_edge.sources import make_source
from tests.brokers import Mosquitto, Subscriber, mosquitto_path, wait_until
from tests.conftest import ROOT
from tests.deploy.debian import fresh_debian, pip_binds, pip_environment
from tests.deploy.machine import Machine

pytestmark = [
    pytest.mark.skipif("FER_EDGE_TEST_INSTALL" not in os.environ, reason="takes minutes: make test-install"),
    pytest.mark.timeout(1800),
]

UNIT = "fer-edge.service"
CONFIG = "/etc/fer-edge/config.yaml"


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkouts (what is here, a version that never starts, the next version), a wheel of the last, and a film."""
    folder = tmp_path_factory.mktemp("sources")
    folder.chmod(0o755)  # the service's user reads the film
    film(folder / "driver.avi")
    for name, version, extra in (
        ("now", None, ""),
        ("broken", "9.0.0", "raise SystemExit('fer-edge: broken on purpose')\n"),
        ("next", "8.0.0", ""),
    ):
        copy = folder / name
        shutil.copytree(ROOT / "fer_edge", copy / "fer_edge", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "deploy", copy / "deploy")
        shutil.copy(ROOT / "pyproject.toml", copy)
        (copy / "README.md").write_text("fer-edge\n")
        if version:
            words = copy / "fer_edge" / "__init__.py"
            words.write_text(re.sub('__version__ = ".*"', f'__version__ = "{version}"', words.read_text()))
        with (copy / "fer_edge" / "service" / "daemon.py").open("a") as daemon:
            daemon.write(extra)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), str(folder / "next")],
        check=True,
    )
    return folder


def film(path: Path, seconds: int = 10) -> None:
    """Some seconds of the simulated driver: a plain installation cannot draw him, but it can watch him."""
    source = make_source("sim:alert", CameraSettings(width=320, height=240), paced=False, fps=15.0)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15.0, (320, 240))
    source.open()
    for _ in range(15 * seconds):
        image = source.read().image
        writer.write(image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
    source.close()
    writer.release()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    if mosquitto_path() is None:
        pytest.skip("mosquitto is not installed (sudo apt install mosquitto)")
    broker = Mosquitto(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, sources: Path) -> Iterator[Machine]:
    machine = Machine(
        tmp_path_factory.mktemp("machine"),
        lower=fresh_debian(),
        binds={sources: "/sources", **pip_binds()},
        own_network=False,
        target="multi-user.target",
        files={"/etc/hosts": "127.0.0.1 localhost\n"},
    )
    try:
        yield machine.start()
    finally:
        machine.stop()


def install(machine: Machine, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    began = time.monotonic()
    done = machine.run(
        "/sources/now/deploy/install.sh",
        *arguments,
        check=False,
        timeout=1500,
        env={"HOME": "/root", "PIP_NO_CACHE_DIR": "0", **pip_environment()},
    )
    print(f"install.sh {' '.join(arguments)}: {time.monotonic() - began:.0f} s, exit {done.returncode}")
    print(done.stdout, done.stderr)
    if check and done.returncode != 0:
        pytest.fail(machine.run("tail", "-n", "30", "/var/log/fer-edge-install.log", check=False).stdout)
    return done


def version(machine: Machine) -> str:
    return machine.run("fer-edge", "--version").stdout.split()[-1]


def active(machine: Machine) -> bool:
    return machine.show(UNIT, "ActiveState") == "active"


# The tests below are one story, in this order.


def test_on_a_fresh_system_one_command_installs_and_starts_it(machine: Machine) -> None:
    install(machine)
    assert machine.run("systemctl", "is-enabled", UNIT).stdout.strip() == "enabled"
    assert active(machine)
    assert machine.run("readlink", "/opt/fer-edge/current").stdout.startswith(version(machine) + "+")
    # The machine has no camera: that is said, and waited for.
    wait_until(lambda: machine.said(UNIT, "no camera found"), "a word about the missing camera")
    assert "node: fer-edge-test\n" in machine.run("cat", CONFIG).stdout
    assert machine.run("stat", "-c", "%a %U:%G", CONFIG).stdout.strip() == "640 root:video"


def test_a_second_run_changes_nothing_and_interrupts_nothing(machine: Machine, broker: Mosquitto) -> None:
    ours = (
        "node: bus-7\ncamera: {source: /sources/driver.avi, loop: true, fps: 15}\n"
        f"mqtt: {{host: 127.0.0.1, port: {broker.port}}}\n"
    )
    machine.write(CONFIG, ours)
    machine.run("systemctl", "reload", UNIT)
    before = machine.show(UNIT, "MainPID"), machine.run("ls", "/opt/fer-edge").stdout
    began = time.monotonic()
    assert "already installed" in install(machine).stdout
    assert time.monotonic() - began < 30
    assert (machine.show(UNIT, "MainPID"), machine.run("ls", "/opt/fer-edge").stdout) == before
    assert machine.run("cat", CONFIG).stdout == ours


def test_the_doctor_finds_a_sound_installation(machine: Machine, broker: Mosquitto) -> None:
    told = json.loads(machine.run("fer-edge", "doctor", "--json", check=False).stdout)
    verdicts = {check["name"]: check["verdict"] for check in told["checks"]}
    assert {verdicts[name] for name in ("models", "broker", "camera", "state folder")} == {"ok"}, told


def test_after_a_boot_it_judges_frames_by_itself(machine: Machine, broker: Mosquitto) -> None:
    subscriber = Subscriber(broker.port, "fer-edge/bus-7/#").ready()
    machine.stop()
    seen = len(subscriber.of("/state"))
    began = time.monotonic()
    machine.start()
    wait_until(lambda: any(m.json["present"] for m in subscriber.of("/state")[seen:]), "a judged frame")
    took = time.monotonic() - began
    subscriber.close()
    print(f"boot to first judged frame: {took:.1f} s")
    print(machine.run("systemd-analyze", "critical-chain", "--no-pager", UNIT, check=False).stdout)
    assert took < 60


def test_an_upgrade_from_a_wheel_keeps_the_version_before_and_rollback_returns_to_it(
    machine: Machine, sources: Path
) -> None:
    before = version(machine)
    wheel = next(sources.glob("*.whl")).name
    install(machine, f"/sources/{wheel}", "--extras", "web,gpio")
    machine.run("/opt/fer-edge/current/bin/python", "-c", "import aiohttp, gpiozero, lgpio", env={"LG_WD": "/tmp"})
    assert version(machine) == "8.0.0" and active(machine)
    assert "node: bus-7" in machine.run("cat", CONFIG).stdout
    install(machine, "--rollback")
    assert version(machine) == before and active(machine)
    assert f"/opt/fer-edge/{before}+" in machine.run(
        "readlink", f"/proc/{machine.show(UNIT, 'MainPID')}/exe"
    ).stdout or (
        f"fer-edge {before}" in "".join(str(e["MESSAGE"]) for e in machine.said(UNIT, "node bus-7 watches")[-1:])
    )
    install(machine, "--rollback")
    assert version(machine) == "8.0.0" and active(machine)
    install(machine, "--rollback")


def test_a_version_that_does_not_start_is_taken_back(machine: Machine) -> None:
    before, links = version(machine), machine.run("readlink", "/opt/fer-edge/previous").stdout
    refused = machine.run(
        "/sources/broken/deploy/install.sh",
        check=False,
        timeout=1500,
        env={"HOME": "/root", "PIP_NO_CACHE_DIR": "0", **pip_environment()},
    )
    print(refused.stdout, refused.stderr)
    assert refused.returncode == 1 and len(refused.stderr.splitlines()) == 1
    assert "does not start" in refused.stderr and "broken on purpose" in refused.stderr
    wait_until(lambda: active(machine), "the old version to run")
    assert version(machine) == before
    assert machine.run("readlink", "/opt/fer-edge/previous").stdout == links


def test_a_configuration_that_the_new_version_refuses_stops_the_upgrade(machine: Machine, sources: Path) -> None:
    before, ours = version(machine), machine.run("cat", CONFIG).stdout
    machine.write(CONFIG, ours + "profile: pilot\n")
    refused = install(machine, f"/sources/{next(sources.glob('*.whl')).name}", check=False)
    machine.write(CONFIG, ours)
    assert refused.returncode == 1 and f"{CONFIG}:4 profile" in refused.stderr
    assert version(machine) == before and active(machine)


def test_without_the_network_it_says_so_in_a_line_and_leaves_what_runs(machine: Machine) -> None:
    before = machine.run("ls", "/opt/fer-edge").stdout
    refused = machine.run(
        "/sources/next/deploy/install.sh",
        "--extras",
        "web,demo",
        check=False,
        timeout=300,
        env={"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": "/dev/null"},
    )
    assert refused.returncode == 1
    assert "check the network" in refused.stderr and len(refused.stderr.splitlines()) == 1
    assert machine.run("ls", "/opt/fer-edge").stdout == before and active(machine)


def test_uninstalling_keeps_configuration_and_state_unless_purged(machine: Machine) -> None:
    install(machine, "--uninstall")
    assert machine.run("ls", "/opt/fer-edge", check=False).returncode != 0
    assert machine.show(UNIT, "LoadState") == "not-found"
    assert "node: bus-7" in machine.run("cat", CONFIG).stdout
    machine.run("ls", "/var/lib/fer-edge/last_exit.json")
    install(machine, "--uninstall", "--purge")
    for path in ("/etc/fer-edge", "/var/lib/fer-edge", "/var/lib/private/fer-edge", "/usr/local/bin/fer-edge"):
        assert machine.run("ls", path, check=False).returncode != 0, path
