"""A real systemd as process 1 of a machine made of namespaces: booted, used and thrown away by tests.

It needs root, and a kernel that lends namespaces, overlay and cgroup2; :meth:`Machine.start` skips
the test with the reason where one is missing. Nothing written inside reaches this machine's disk
outside the given folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import wait_until

SYSTEMD = Path("/lib/systemd/systemd")
_BOOT_SCRIPT = Path(__file__).with_name("machine.sh")
_NAMESPACES = ("--pid", "--mount", "--cgroup", "--ipc", "--uts")


class Machine:
    """One machine. ``lower`` is the root it sees, copied on write into ``work``.

    ``binds`` shows folders of this machine inside (outside path to inside path). ``own_network``
    gives it a loopback of its own; else it shares this machine's network. ``files`` are written
    into its root before the first boot. ``target`` is what it boots into.
    """

    def __init__(
        self,
        work: Path,
        *,
        lower: Path = Path("/"),
        binds: Mapping[Path, str] | None = None,
        own_network: bool = True,
        files: Mapping[str, str] | None = None,
        target: str = "basic.target",
    ) -> None:
        self._work = work
        self._lower = lower
        self._binds = dict(binds or {})
        self._namespaces = (*_NAMESPACES, *(["--net"] if own_network else []))
        self._own_network = own_network
        self._target = target
        self._cgroup: Path | None = None
        self._unshare: subprocess.Popen[bytes] | None = None
        self._init = 0
        self.files = {
            "/etc/systemd/journald.conf.d/test.conf": "[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n",
            "/etc/hostname": "fer-edge-test\n",
            "/etc/machine-id": "0123456789abcdef0123456789abcdef\n",
            **(files or {}),
        }

    _cursor = ""

    def start(self) -> Machine:
        """Boot, and wait until systemd answers."""
        self._skip_where_impossible()
        self._prepare()
        # The first command enters the control group, of which unshare then makes the machine's root group.
        enter = ("sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(self._cgroup))
        unshare = (*enter, "unshare", "--fork", "--kill-child", *self._namespaces)
        with (self._work / "boot.log").open("ab") as log:
            self._unshare = subprocess.Popen(
                [*unshare, str(_BOOT_SCRIPT), self._lower, self._work, self._target],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        wait_until(self._is_up, "systemd to boot", 60.0)
        return self

    def stop(self) -> None:
        """Pull the plug: everything inside dies at once. What was written stays in ``work``."""
        if self._unshare is not None:
            self._unshare.kill()
            self._unshare.wait()
            self._unshare = None
        if self._init:
            wait_until(lambda: not Path(f"/proc/{self._init}").exists(), "the machine to end")
            self._init = 0
        if self._cgroup is not None:
            _remove_cgroup(self._cgroup)
            self._cgroup = None

    def run(
        self, *command: str, check: bool = True, timeout: float = 60.0, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside, as root. With ``check`` it must succeed; else the journal's end is told."""
        done = self._inside(command, timeout, env or {})
        if check and done.returncode != 0:
            journal = self._inside(("journalctl", "--no-pager", "--lines=15", "--output=cat"), timeout, {}).stdout
            pytest.fail(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}\n{journal}")
        return done

    def _inside(
        self, command: Sequence[str], timeout: float, env: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        names = [*_NAMESPACES, *(["--net"] if self._own_network else [])]
        return subprocess.run(
            ["nsenter", f"--target={self._init}", *names, "--", *command],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            cwd="/",
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", **env},
        )

    def show(self, unit: str, prop: str) -> str:
        """One property of a unit."""
        return self.run("systemctl", "show", "--value", f"--property={prop}", unit).stdout.strip()

    def journal(self, unit: str) -> list[dict[str, Any]]:
        """The unit's journal entries since :meth:`forget_journal`, oldest first; systemd's about it included."""
        after = [f"--after-cursor={self._cursor}"] if self._cursor else []
        text = self.run("journalctl", "--no-pager", "--output=json", "--all", f"--unit={unit}", *after).stdout
        return [json.loads(line) for line in text.splitlines()]

    def forget_journal(self) -> None:
        """From here on the journal is what comes next."""
        self.run("journalctl", "--sync")
        told = self.run("journalctl", "--no-pager", "--lines=1", "--show-cursor").stdout
        self._cursor = told.rpartition("-- cursor: ")[2].strip()

    def said(self, unit: str, words: str) -> list[dict[str, Any]]:
        """Journal entries whose message contains these words."""
        return [entry for entry in self.journal(unit) if words in str(entry.get("MESSAGE"))]

    def write(self, path: str, text: str, mode: int | None = None) -> None:
        """Write a file inside; a file that was there keeps its owner and, without ``mode``, its mode."""
        self.run("mkdir", "-p", str(Path(path).parent))
        where = Path(f"/proc/{self._init}/root") / path.lstrip("/")
        where.write_text(text)
        if mode is not None:
            where.chmod(mode)

    def _prepare(self) -> None:
        self._work.mkdir(parents=True, exist_ok=True)
        self._work.joinpath("binds").write_text(
            "".join(f"{outside}:{inside}\n" for outside, inside in self._binds.items())
        )
        if not self._own_network:
            shutil.copy("/etc/resolv.conf", self._work / "resolv.conf")
        upper = self._work / "upper"
        if not upper.exists():
            upper.mkdir(mode=0o755)
            for path, text in self.files.items():
                where = upper / path.lstrip("/")
                where.parent.mkdir(parents=True, exist_ok=True)
                where.write_text(text)
                where.chmod(0o755 if text.startswith("#!") else 0o644)
        mounted = _cgroup2_mount()
        assert mounted is not None
        self._cgroup = mounted / f"fer-edge-test-{os.getpid()}-{time.monotonic_ns()}"
        self._cgroup.mkdir()

    def _is_up(self) -> bool:
        assert self._unshare is not None
        if self._unshare.poll() is not None:
            pytest.skip(f"this machine lends no namespaces for a systemd: {self._last_words()}")
        children = Path(f"/proc/{self._unshare.pid}/task/{self._unshare.pid}/children").read_text().split()
        if not children:
            return False
        self._init = int(children[0])
        if Path(f"/proc/{self._init}/comm").read_text().strip() != "systemd":
            return False
        return self.run("systemctl", "is-active", self._target, check=False).returncode == 0

    def _last_words(self) -> str:
        lines = (self._work / "boot.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def _skip_where_impossible(self) -> None:
        if os.geteuid() != 0:
            pytest.skip("a machine of namespaces needs root")
        for program in ("unshare", "nsenter", "pivot_root"):
            if shutil.which(program) is None and shutil.which(program, path="/usr/sbin:/sbin") is None:
                pytest.skip(f"{program} is not installed (sudo apt install util-linux)")
        if not (self._lower / str(SYSTEMD).lstrip("/")).exists():
            pytest.skip("systemd is not installed (sudo apt install systemd)")
        if _cgroup2_mount() is None:
            pytest.skip("no cgroup2 file system is mounted here")


def _cgroup2_mount() -> Path | None:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, options, *_ = line.split()
        if kind == "cgroup2" and "rw" in options.split(","):
            return Path(where)
    return None


def _remove_cgroup(cgroup: Path) -> None:
    """Remove it with all below it; what was in there has just been killed and may linger a moment."""

    def gone() -> bool:
        for folder, _, _ in os.walk(cgroup, topdown=False):
            try:
                Path(folder).rmdir()
            except OSError:
                return False
        return not cgroup.exists()

    wait_until(gone, f"{cgroup} to be empty")
