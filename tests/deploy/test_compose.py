"""The compose file, without a container engine: what it mounts is what the documented commands make."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from fer_edge import __version__
from fer_edge.config import load
from tests.brokers import Mosquitto, Subscriber, needs_mosquitto
from tests.conftest import ROOT

CONTAINER = ROOT / "deploy" / "container"
FILE = CONTAINER / "compose.yaml"


@pytest.fixture
def services() -> dict[str, Any]:
    return dict(yaml.safe_load(FILE.read_text())["services"])


def mounts(service: dict[str, Any]) -> dict[str, str]:
    """Where each mounted file or folder of this machine lies in the container."""
    parts = (entry.split(":") for entry in service.get("volumes", ()))
    return {part[1]: part[0] for part in parts if part[0].startswith(".")}


def test_the_node_runs_without_rights_it_does_not_need(services: dict[str, Any]) -> None:
    node = services["fer-edge"]
    assert node["image"] == f"localhost/fer-edge:{__version__}"
    assert node["read_only"] is True and node["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in node["security_opt"] and not node.get("privileged")
    assert node["init"] is True, "as process 1 it would be deaf to SIGTERM while it starts, and keep zombies"
    said = (CONTAINER / "Containerfile").read_text()
    assert "USER 10001:44" in said and "HEALTHCHECK" in said
    assert node["ulimits"] == {"core": 0}, "a core file would hold the picture"


def test_without_root_the_node_keeps_the_groups_of_its_user_and_nothing_else_changes(services: dict[str, Any]) -> None:
    changed = yaml.safe_load((CONTAINER / "rootless.yaml").read_text())["services"]
    assert changed == {"fer-edge": {"group_add": ["keep-groups"]}} and changed.keys() <= services.keys()


def test_everything_starts_with_the_machine_under_podman_too(services: dict[str, Any]) -> None:
    """podman-restart.service starts containers with this policy only."""
    assert {service["restart"] for service in services.values()} == {"always"}


def test_home_assistant_and_node_red_are_options(services: dict[str, Any]) -> None:
    assert {name for name, service in services.items() if "profiles" not in service} == {"mosquitto", "fer-edge"}
    assert services["homeassistant"]["profiles"] == ["homeassistant"] and services["nodered"]["profiles"] == ["nodered"]


def test_every_file_it_mounts_is_made_by_the_documented_commands(services: dict[str, Any], tmp_path: Path) -> None:
    if shutil.which("mosquitto_passwd") is None:
        pytest.skip("mosquitto is not installed (sudo apt install mosquitto)")
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    place, script = tmp_path / "deploy/container", "../mosquitto/broker.sh"
    subprocess.run(
        [script, "home", "--into", "broker", "--as", "/etc/mosquitto"], cwd=place, check=True, capture_output=True
    )
    added = subprocess.run(
        [script, "add", "cab-7", "--into", "broker"], cwd=place, check=True, capture_output=True, text=True
    )
    (place / "cab-7.password").write_text(added.stdout)
    for service in services.values():
        for source in mounts(service).values():
            assert (place / source).exists(), source
    broker = (place / mounts(services["mosquitto"])["/mosquitto/config/conf.d"] / "fer-edge.conf").read_text()
    assert "listener 1883" in broker and "allow_anonymous false" in broker
    named = next(line.split()[1] for line in broker.splitlines() if line.startswith("password_file"))
    assert named in mounts(services["mosquitto"]), "what the broker reads is mounted where it looks"


@needs_mosquitto
def test_a_restart_of_the_broker_forgets_nothing(services: dict[str, Any], tmp_path: Path) -> None:
    """Without a place for it, mosquitto forgot retained messages, who was away and what had come for them."""
    assert "broker:/mosquitto/data" in services["mosquitto"]["volumes"]
    inside = tmp_path / "mosquitto"
    (inside / "data").mkdir(parents=True)
    (inside / "config/conf.d").mkdir(parents=True)
    source = CONTAINER / mounts(services["mosquitto"])["/mosquitto/config/mosquitto.conf"]
    (inside / "config/conf.d/fer-edge.conf").write_text("allow_anonymous true\n")
    broker = Mosquitto(tmp_path, config=source.read_text().replace("/mosquitto/", f"{inside}/"))
    broker.start()
    try:
        with closing(Subscriber(broker.port).ready()) as one:
            one.publish("fer-edge/cab-7/status", "online", retain=True)
            one.wait("status")
        broker.stop()
        broker.start()
        with closing(Subscriber(broker.port).ready()) as one:
            assert one.wait("status").retained
    finally:
        broker.kill()


def test_the_configuration_it_mounts_is_valid_and_names_what_is_mounted(services: dict[str, Any]) -> None:
    settings = load(CONTAINER / "config.yaml")
    inside = mounts(services["fer-edge"])
    assert settings.mqtt.host in services and settings.mqtt.password_file in inside
    assert any(device.endswith(f":{settings.camera.source}") for device in services["fer-edge"]["devices"])


@pytest.mark.parametrize("engine", ["buildah", "podman", "docker"])
def test_the_image_is_built_by_whichever_engine_is_here(tmp_path: Path, engine: str) -> None:
    """With Docker alone, too: it knows no --format."""
    tools, package = tmp_path / "bin", tmp_path / f"fer-edge_{__version__}~deb12_amd64.deb"
    tools.mkdir()
    package.touch()
    for name in ("sh", "dirname", "basename", "cut", "mktemp", "rm", "cp"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    build = [str(CONTAINER / "build.sh"), str(package)]
    alone = {"PATH": str(tools)}
    told = subprocess.run(build, env=alone, capture_output=True, text=True, check=False)
    assert told.returncode == 69 and "apt install" in told.stderr and len(told.stderr.splitlines()) == 1
    (tools / engine).write_text('#!/bin/sh\nprintf "%s " "$@"\n')
    (tools / engine).chmod(0o755)
    told = subprocess.run(build, env=alone, capture_output=True, text=True, check=True)
    assert told.stdout.startswith("build ") and f"--tag localhost/fer-edge:{__version__} " in told.stdout
    assert ("--format docker" in told.stdout) == (engine != "docker")


def test_nothing_that_the_node_does_not_need_is_in_the_image(tmp_path: Path) -> None:
    """The package would stay in a layer of its own, and what apt has downloaded in the base."""
    assert "COPY" not in (CONTAINER / "Containerfile").read_text()
    package, root, tools = tmp_path / f"fer-edge_{__version__}~deb12_amd64.deb", tmp_path / "root", tmp_path / "bin"
    package.touch()
    for name in ("etc/os-release", "var/lib/apt/lists/packages", "var/cache/apt/pkgcache.bin"):
        (root / name).parent.mkdir(parents=True)
        (root / name).touch()
    tools.mkdir()
    (tools / "buildah").write_text(f'#!/bin/sh\nif [ "$1" = add ]; then cp "$4" {tmp_path}/base.tar; fi\n')
    (tools / "buildah").chmod(0o755)
    path = {"PATH": f"{tools}:{os.environ['PATH']}"}
    subprocess.run([CONTAINER / "build.sh", package, "--root", root], env=path, check=True, capture_output=True)
    with tarfile.open(tmp_path / "base.tar") as base:
        assert {one.name for one in base if one.isfile()} == {"./etc/os-release"}


def test_podman_compose_reads_it() -> None:
    """A real implementation parses and merges it; no engine is started."""
    if importlib.util.find_spec("podman_compose") is None or shutil.which("podman") is None:
        pytest.skip("no podman-compose here: sudo apt install podman; pip install 'podman-compose>=1.3'")
    command = [sys.executable, "-m", "podman_compose", "--profile", "homeassistant", "--profile", "nodered"]
    done = subprocess.run(
        [*command, "-f", str(FILE), "-f", str(CONTAINER / "rootless.yaml"), "config"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=CONTAINER,
    )
    assert done.returncode == 0, done.stderr
    read = yaml.safe_load(done.stdout)
    assert set(read["services"]) == {"mosquitto", "fer-edge", "homeassistant", "nodered"}, json.dumps(read)
    assert read["services"]["fer-edge"]["group_add"] == ["keep-groups"]
    assert read["services"]["fer-edge"]["depends_on"] == {"mosquitto": {"condition": "service_started"}}
