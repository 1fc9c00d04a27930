"""``fer-edge service`` on an installed wheel: the wheel alone is enough to become a service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge.commands import service
from tests.conftest import ROOT, Run, clean_environment

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="writes as root would; run as root")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built without an index."""
    pytest.importorskip("setuptools", minversion="70.1", reason="no setuptools here that builds a wheel alone")
    folder: Path = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "fer_edge", "fleet", "deploy"):
        subprocess.run(["cp", "-r", str(ROOT / name), str(tree)], check=True)
    build = "from setuptools import build_meta; build_meta.build_wheel('..')"
    subprocess.run([sys.executable, "-c", build], cwd=tree, check=True, capture_output=True, timeout=300)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, in the system of a card; what it depends on is that of this one."""
    home: Path = tmp_path_factory.mktemp("card") / "opt/fer-edge"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True, timeout=120)
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin/python"), "install"]
    subprocess.run([*pip, "--quiet", "--no-deps", "--no-index", str(wheel)], check=True, timeout=300)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    needed = next(Path(place) for place in sys.path if place.endswith("site-packages"))
    (home / f"lib/{version}/site-packages/needed.pth").write_text(f"{needed}\n")
    return home


def fer_edge_of(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(home / "bin/fer-edge"), "service", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=home)


def test_the_wheel_brings_every_file_of_deploy(installed: Path, tmp_path: Path) -> None:
    done = fer_edge_of(installed, "files", str(tmp_path / "deploy"))
    assert done.returncode == 0, done.stderr
    committed = subprocess.run(["git", "ls-files", "deploy"], cwd=ROOT, capture_output=True, text=True, check=False)
    wanted = {name for name in committed.stdout.split() if not name.startswith("deploy/debian/")}
    if not wanted:
        pytest.skip("no checkout here to compare with")
    copied = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert wanted <= copied
    again = fer_edge_of(installed, "files", str(tmp_path / "deploy"))
    assert again.returncode == 2 and "not empty" in again.stderr


@needs_root
def test_it_writes_unit_and_configuration_and_keeps_what_a_person_wrote(installed: Path) -> None:
    card = installed.parents[1]
    (card / "etc").mkdir()
    (card / "etc/group").write_text("video:x:44:\ngpio:x:997:\n")
    done = fer_edge_of(installed, "install", "--root", str(card))
    assert done.returncode == 0, done.stderr
    unit = (card / "etc/systemd/system/fer-edge.service").read_text()
    assert "ExecStart=/opt/fer-edge/bin/fer-edge run" in unit and "/opt/fer-edge/current" not in unit
    assert (card / "etc/systemd/system/fer-edge.service.d/gpio.conf").exists()
    config = card / "etc/fer-edge/config.yaml"
    assert config.stat().st_mode & 0o777 == 0o640
    config.write_text("node: cab-7\n")
    assert fer_edge_of(installed, "install", "--root", str(card)).returncode == 0
    assert config.read_text() == "node: cab-7\n"
    assert fer_edge_of(installed, "remove", "--root", str(card)).returncode == 0
    assert config.exists() and not (card / "etc/systemd/system/fer-edge.service").exists()
    assert not (card / "etc/systemd/system/fer-edge.service.d").exists()


@needs_root
def test_where_the_service_could_not_start_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: Run
) -> None:
    for place in ("home/pi/venv", "tmp/venv"):
        monkeypatch.setattr(service.sys, "prefix", str(tmp_path / place))
        (tmp_path / place / "bin").mkdir(parents=True)
        with pytest.raises(service.UsageError, match="there is no"):
            service._program(tmp_path)
        (tmp_path / place / "bin/fer-edge").touch()
        with pytest.raises(service.UsageError, match="/home, /root and /tmp are hidden"):
            service._program(tmp_path)
    assert "service remove: there is no" in program("service", "remove", "--root", str(tmp_path)).stderr


@needs_root
def test_a_root_that_is_not_there_is_told_and_not_made(tmp_path: Path, fer_edge: Run) -> None:
    told = fer_edge("service", "install", "--root", str(tmp_path / "card"))
    assert told.returncode == 2 and "card: no such folder; give the root of a mounted system" in told.stderr
    assert not (tmp_path / "card").exists()


@needs_root
def test_a_program_missing_on_the_card_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(service, "_program", lambda _: "/opt/fer-edge/bin/fer-edge")
    monkeypatch.setattr(service.shutil, "which", lambda _: None)
    service._install(tmp_path, no_start=True)
    told = capsys.readouterr().err
    assert "the service starts /opt/fer-edge/bin/fer-edge: install fer-edge there on the target, too" in told


ON_A_CARD = """
import pathlib, sys
from fer_edge.commands import service
service._program = lambda _: "/opt/fer-edge/bin/fer-edge"
service.shutil.which = lambda _: None
service._install(pathlib.Path(sys.argv[1]), no_start=True)
"""


@needs_root
def test_where_text_is_not_utf_8_the_configuration_is(tmp_path: Path, program: Run) -> None:
    old = clean_environment(tmp_path) | {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    command = [sys.executable, "-c", ON_A_CARD, str(tmp_path)]
    done = subprocess.run(command, env=old, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    written = tmp_path / "etc/fer-edge/config.yaml"
    assert "/dev/v4l/by-id/…" in written.read_text("utf-8")
    assert program("check-config", written).returncode == 0


def test_beside_the_debian_package_it_refuses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = tmp_path / "usr/lib/systemd/system"
    place.mkdir(parents=True)
    (place / service.UNIT).touch()
    monkeypatch.setattr(service, "_program", lambda _: "/opt/fer-edge/bin/fer-edge")
    with pytest.raises(service.UsageError, match="Debian package"):
        service._install(tmp_path, no_start=True)
    assert not (tmp_path / "etc").exists()
