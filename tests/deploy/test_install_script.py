"""install.sh without installing anything: style, and what it says where it cannot work."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

SCRIPT = ROOT / "deploy" / "install.sh"


def run(script: Path, *arguments: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*prefix, str(script), *arguments], capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.parametrize("script", [SCRIPT, ROOT / "tests" / "deploy" / "machine.sh"], ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed (sudo apt install shellcheck)")
    told = subprocess.run(["shellcheck", str(script)], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "")


def test_help_tells_every_option() -> None:
    told = run(SCRIPT, "--help")
    assert told.returncode == 0 and told.stderr == ""
    for option in ("--rollback", "--uninstall", "--purge", "--extras", "--no-start", "FILE.whl"):
        assert option in told.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--bogus",), "--bogus: unknown option"),
        (("--extras",), "--extras needs a list"),
        (("--purge",), "--purge requires --uninstall"),
        (("a.whl", "b.whl"), "give at most one wheel"),
        (("/nowhere/a.whl",), "no such wheel"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(arguments: tuple[str, ...], says: str) -> None:
    told = run(SCRIPT, *arguments)
    assert told.returncode == 2
    assert says in told.stderr and len(told.stderr.splitlines()) == 1


def test_who_is_not_root_is_told_to_use_sudo(tmp_path: Path) -> None:
    # A copy: the folders above a checkout may be closed to others.
    script = Path(shutil.copy(SCRIPT, "/tmp/fer-edge-install-test.sh" if os.geteuid() == 0 else tmp_path))
    prefix = ("setpriv", "--reuid=65534", "--clear-groups") if os.geteuid() == 0 else ()
    try:
        told = run(script, prefix=prefix)
    finally:
        script.unlink()
    assert told.returncode == 1
    assert "must be run as root; try: sudo" in told.stderr and len(told.stderr.splitlines()) == 1


def test_two_at_once_are_one_and_a_word(tmp_path: Path) -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip("needs root on Debian")
    lock = tmp_path / "lock"
    script = tmp_path / "install.sh"
    script.write_text(SCRIPT.read_text().replace("/run/lock/fer-edge-install.lock", str(lock)))
    script.chmod(0o755)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        told = run(script, str(ROOT))
    assert told.returncode == 1 and "another install.sh is running" in told.stderr
