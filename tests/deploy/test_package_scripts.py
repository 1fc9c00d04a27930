"""The Debian package's scripts, run as dpkg runs them, in a folder instead of on the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fer_edge import config
from tests.conftest import ROOT
from tests.deploy.test_two_installations import in_place

FOLDERS = ("/etc/systemd", "/etc/fer-edge", "/etc/credstore", "/usr/lib/fer-edge", "/usr/share/fer-edge", "/var/lib")
DEBIAN = ROOT / "deploy/debian"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="gives files to group video, and a host a name: root"
)


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A machine's folders with what the package brings of deploy/, and the scripts for them."""
    parts, tools = tmp_path / "usr/share/fer-edge/deploy", tmp_path / "bin"
    parts.mkdir(parents=True)
    shutil.copy(ROOT / "deploy/config.yaml", parts)
    tools.mkdir()
    (tmp_path / "usr/lib/fer-edge").mkdir(parents=True)
    for name in ("deb-systemd-helper", "deb-systemd-invoke", "systemctl", "fer-edge"):
        (tools / name).symlink_to("/bin/true")
    for name in ("postinst", "prerm", "postrm"):
        in_place(DEBIAN / name, tmp_path, *FOLDERS)
    return tmp_path


def dpkg(
    folder: Path, script: str, *arguments: str, host: str = "cab-7.fleet.example", under: tuple[str, ...] = ()
) -> str:
    """What dpkg would run, on a machine with this name; returns what it said."""
    named = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', host]
    path = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        [*named, *under, folder / script, *arguments], env=path, capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout + done.stderr


def test_two_devices_with_the_package_have_two_names_on_the_broker(scripts: Path) -> None:
    file = scripts / "etc/fer-edge/config.yaml"
    for host, node in (("cab-7.fleet.example", "cab-7"), ("CAB-8", "CAB-8")):
        assert "and node, this device's name" in dpkg(scripts, "postinst", "configure", "", host=host)
        assert config.load(file).node == node
        assert file.stat().st_mode & 0o777 == 0o640 and file.group() == "video"
        file.unlink()


def test_a_configuration_that_the_disk_cut_short_is_written_whole_the_next_time(scripts: Path) -> None:
    file = scripts / "etc/fer-edge/config.yaml"
    with pytest.raises(subprocess.CalledProcessError):
        dpkg(scripts, "postinst", "configure", "", under=("prlimit", "--fsize=100", "--core=0"))
    dpkg(scripts, "postinst", "configure", "")  # dpkg --configure -a, once there is room
    assert config.load(file).node == "cab-7", "half a file would be nobody's, and kept for ever"
    assert [left.name for left in file.parent.iterdir()] == ["config.yaml"]


def test_the_configuration_is_written_once_and_goes_with_purge_only(scripts: Path) -> None:
    file = scripts / "etc/fer-edge/config.yaml"
    dpkg(scripts, "postinst", "configure", "")
    file.write_text("node: bus-7\n")
    dpkg(scripts, "prerm", "upgrade", "0.3.0")
    dpkg(scripts, "postinst", "configure", "0.2.0")
    dpkg(scripts, "prerm", "remove")
    dpkg(scripts, "postrm", "remove")
    assert file.read_text() == "node: bus-7\n"
    (file.parent / "ca.pem").touch()
    dpkg(scripts, "postrm", "purge")
    assert [left.name for left in file.parent.iterdir()] == ["ca.pem"], "what the package did not write stays"
    (file.parent / "ca.pem").unlink()
    dpkg(scripts, "postrm", "purge")
    assert not file.parent.exists()
