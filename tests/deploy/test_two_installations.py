"""The Debian package and install.sh on one machine: each says that the other one is there. Nothing is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT


def in_place(script: Path, folder: Path, *moved: str) -> Path:
    """A copy of a script that looks for these folders below ``folder``."""
    text = script.read_text()
    for place in moved:
        text = text.replace(place, f"{folder}{place}")
    copy = folder / script.name
    copy.write_text(text)
    copy.chmod(0o755)
    return copy


def test_install_sh_leaves_a_machine_with_the_package_alone(tmp_path: Path) -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip("needs root on Debian")
    (tmp_path / "usr/lib/systemd/system").mkdir(parents=True)
    (tmp_path / "usr/lib/systemd/system/fer-edge.service").touch()
    for folder in ("run/lock", "var/log"):
        (tmp_path / folder).mkdir(parents=True)
    script = in_place(ROOT / "deploy/install.sh", tmp_path, "/usr/lib/systemd/system", "/run/lock", "/var/log", "/opt")
    told = subprocess.run([script, ROOT], capture_output=True, text=True, check=False, timeout=30)
    assert told.returncode == 1 and "sudo apt remove fer-edge" in told.stderr and len(told.stderr.splitlines()) == 1
    assert not (tmp_path / "opt").exists()


@pytest.mark.parametrize("hidden", [True, False])
def test_the_package_says_when_another_installation_hides_its_service(tmp_path: Path, hidden: bool) -> None:
    units, tools = tmp_path / "etc/systemd/system", tmp_path / "bin"
    units.mkdir(parents=True)
    tools.mkdir()
    (units / "fer-edge.service").symlink_to(
        "/etc/hosts" if hidden else "/dev/null"
    )  # a mask hides nothing: it is undone
    for name in ("deb-systemd-helper", "deb-systemd-invoke", "systemctl", "fer-edge"):
        (tools / name).symlink_to("/bin/true")
    folders = ("/etc/systemd/system", "/usr/lib/fer-edge", "/etc/fer-edge")
    (tmp_path / "etc/fer-edge").mkdir()
    (tmp_path / "etc/fer-edge/config.yaml").touch()
    script = in_place(ROOT / "deploy/debian/postinst", tmp_path, *folders)
    path = {"PATH": f"{tools}:{os.environ['PATH']}"}
    told = subprocess.run([script, "configure", ""], env=path, capture_output=True, text=True, check=True, timeout=30)
    assert ("hides this package's service" in told.stderr) == hidden
    assert "sudo fer-edge doctor" in told.stdout
