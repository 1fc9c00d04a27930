"""One engine as a process that outlives the command that started it, known by a file with its number."""

from __future__ import annotations

import os
import pwd
import random
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer_edge.errors import UnavailableError, UsageError

ACCOUNTS = ("postgres", "rabbitmq", "nobody")
_PORTS = range(20000, 32768)


_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}
"""Those that this process has started, to be waited for when they end."""


def account() -> str | None:
    """Who runs the engines where root asks: PostgreSQL refuses to be root, and nothing here has to be."""
    if os.geteuid() != 0:
        return None
    known = {one.pw_name for one in pwd.getpwall()}
    return next((name for name in ACCOUNTS if name in known), None)


def own(path: Path) -> None:
    """Give a file or folder to whoever runs the engines."""
    name = account()
    if name:
        entry = pwd.getpwnam(name)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def folder(path: Path) -> Path:
    """Make a folder that the engines own. Raises UnavailableError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        own(path)
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror}; choose a different --folder") from error
    return path


def run(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
    """Run a short command as the engines' account. Raises UnavailableError with its last line."""
    done = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **(environment or {})},
        **_identity(),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no word"]
        raise UnavailableError(f"{command[0]}: {said[-1]}")


def _identity() -> dict[str, Any]:
    name = account()
    return {"user": name, "group": name if name != "nobody" else "nogroup", "extra_groups": []} if name else {}


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody has now, and that no connection gets: an engine that died has its own again.

    Linux gives connections ports from 32768 on; thousands of them soon take any of those. Raises UnavailableError.
    """
    ports: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            ports.append(port)
        if len(ports) == count:
            return ports
    raise UnavailableError(f"{count} ports are needed, and {len(ports)} of {_PORTS[0]} to {_PORTS[-1]} are free")


def allow_files(count: int) -> None:
    """Let this process, and those it starts, open so many files. Raises UsageError where the account may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise UsageError(f"{count} open files are needed, and this account may have {hard}; try ulimit -n {count}")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def answers(port: int) -> bool:
    """Whether something listens there."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@dataclass(frozen=True)
class Engine:
    """``ready`` says whether it can be used; ``end`` is the signal that it ends cleanly on.

    ``as_caller`` runs it under the account that asks, not the engines' own. ``alone``: the next may start only when
    this one can be used. ``tries``: how often it is started where it ends before it can be used.
    """

    name: str
    home: Path
    command: Sequence[str | Path]
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    end: signal.Signals = signal.SIGTERM
    as_caller: bool = False
    alone: bool = False
    tries: int = 1

    @property
    def log(self) -> Path:
        """What it says."""
        return self.home / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Its process, None where it does not run."""
        try:
            number, began = (self.home / f"{self.name}.pid").read_text().split()
            return int(number) if _began(int(number)) == began else None
        except (OSError, ValueError):
            return None

    def start(self) -> None:
        """Start it unless it runs; :meth:`wait` tells when it can be used."""
        if self.pid is not None:
            return
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [str(word) for word in self.command],
                env={**os.environ, **self.environment},
                cwd=Path.cwd() if self.as_caller else self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **({} if self.as_caller else _identity()),
            )
        _CHILDREN[process.pid] = process
        (self.home / f"{self.name}.pid").write_text(f"{process.pid} {_began(process.pid)}")

    def wait(self, seconds: float = 240.0) -> None:
        """Until it can be used. Raises UnavailableError with the last line of its log."""
        until, tries = time.monotonic() + seconds, self.tries
        while time.monotonic() < until:
            if self.ready():
                return
            if self.pid is None:
                tries -= 1
                if not tries:
                    break
                self.start()
            time.sleep(0.2)
        lines = self.log.read_text(errors="replace").strip().splitlines() or ["no word"]
        raise UnavailableError(f"{self.name} did not come up: {lines[-1][:300]} (more in {self.log})")

    def kill(self) -> None:
        """As a power cut would: at once, with everything it started."""
        self._signal(signal.SIGKILL, 10.0)

    def stop(self, seconds: float = 60.0, *, kill: bool = True) -> None:
        """Cleanly; what does not end in time is killed, or left to end by itself."""
        self._signal(self.end, seconds)
        if kill:
            self.kill()

    def _signal(self, number: signal.Signals, seconds: float) -> None:
        pid = self.pid
        if pid is None:
            return
        with suppress(ProcessLookupError):
            if number is signal.SIGKILL:
                os.killpg(pid, number)
            else:
                os.kill(pid, number)
        until = time.monotonic() + seconds
        while self.pid is not None and time.monotonic() < until:
            time.sleep(0.05)


def _began(pid: int) -> str:
    """When a process began, in ticks since boot: a number may be another process's by now. Empty once it is dead."""
    if pid in _CHILDREN and _CHILDREN[pid].poll() is not None:
        del _CHILDREN[pid]
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
