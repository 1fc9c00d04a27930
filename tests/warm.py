"""A program started by a process that has imported it already: most of a start's processor time, once a session.

What is started is a process like any other, with its own number, folder, environment, standard files and signals, that
ends as an interpreter ends. What an interpreter takes from its environment while it begins (``PYTHON...``) it has not.
Each command is started as users start it by at least one test (``python -m fer_edge``: see :mod:`tests.conftest`).

Scripts start it, too: :meth:`Starter.interpreter` writes a file that stands in for ``python -m fer_edge``.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parent.parent
FER_EDGE = (
    "fer_edge.cli:program",
    "ai_edge_litert.interpreter",
    "fer_edge.benchmark",
    "fer_edge.commands.replay",
    "fer_edge.commands.run",
    "fer_edge.commands.watch",
    "fer_edge.config.handbook",
    "fer_edge.service.daemon",
    "fer_edge.sources.simulated",
    "fer_edge.sources.sim.scene",
    "fer_edge.web.server",
)
"""The function that is the program, and what most starts need; what is missing here, a start says itself."""


class Started:
    """One that runs; has what tests need of :class:`subprocess.Popen`."""

    def __init__(self, told: socket.socket) -> None:
        self._told = told
        self.pid = int(told.recv(32))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, negative after a signal; None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; the exit code."""
        if self.returncode is None:
            self._told.settimeout(timeout)
            try:
                self.returncode = int(self._told.recv(32))
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired("fer-edge", timeout or 0) from None
            self._told.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """As far as it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL: no goodbye to anyone."""
        self.send_signal(signal.SIGKILL)


class Starter:
    """Starts them; ends with its control socket."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control

    def start(
        self, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str], out: IO[Any], err: IO[Any]
    ) -> Started:
        """``fer-edge ARGUMENTS`` in a folder, with these standard files and nothing to read."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = json.dumps([list(arguments), str(folder), dict(environment)]).encode()
        with theirs:
            socket.send_fds(self.control, [request], [out.fileno(), err.fileno(), theirs.fileno()])
        return Started(ours)

    def interpreter(self, path: Path) -> Path:
        """Write a file to be called as ``python -m PROGRAM ARGUMENTS``; who calls it must inherit ``control``."""
        ask = shlex.join([sys.executable, "-m", "tests.warm", "ask", str(self.control.fileno())])
        path.write_text(f'#!/bin/sh\nshift 2\nPYTHONPATH={shlex.quote(str(ROOT))} exec {ask} "$@"\n')
        path.chmod(0o755)
        return path


@contextmanager
def starter(program: Sequence[str] = FER_EDGE, **environment: str) -> Iterator[Starter]:
    """The process that has everything imported, for as long as the block lasts."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    number = theirs.fileno()
    command = [sys.executable, "-m", "tests.warm", "serve", str(number), *program]
    # A process that forks must have no threads, and numpy's algebra would start some.
    single = os.environ | {"OPENBLAS_NUM_THREADS": "1"} | environment
    with ours, subprocess.Popen(command, cwd=ROOT, env=single, pass_fds=[number], stdin=subprocess.DEVNULL):
        theirs.close()
        yield Starter(ours)
        ours.close()


def _serve(control: socket.socket) -> None:
    """Fork whatever is asked for; returns in what was asked for only."""
    while True:
        request, files, _, _ = socket.recv_fds(control, 1 << 18, 3)
        if not request:
            sys.exit()
        if os.fork() == 0:
            control.close()
            return _keep(request, *files)
        for each in files:
            os.close(each)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _keep(request: bytes, out: int, err: int, told: int) -> None:
    """Fork the one that is asked for, tell its number and, when it has ended, how; returns in that one only."""
    with socket.socket(fileno=told) as teller:
        if (pid := os.fork()) != 0:
            os.close(out)
            os.close(err)
            teller.send(b"%d" % pid)
            teller.send(b"%d" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            os._exit(0)
    _become(*json.loads(request), out, err)


def _become(arguments: list[str], folder: str, environment: dict[str, str], out: int, err: int) -> None:
    """Be the process that was asked for."""
    for number, file in ((1, out), (2, err)):
        os.dup2(file, number)
        os.close(file)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments


def _ask(control: socket.socket, arguments: list[str]) -> int:
    """Have one started in our place, with our files; its exit code as a shell tells it."""
    files = {"out": sys.stdout, "err": sys.stderr}
    started = Starter(control).start(arguments, folder=Path.cwd(), environment=os.environ, **files)
    code = started.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    (what, number), given = sys.argv[1:3], sys.argv[3:]
    if what == "ask":
        sys.exit(_ask(socket.socket(fileno=int(number)), given))
    for name in given[1:]:
        with suppress(ImportError):
            __import__(name)
    gc.freeze()  # what all of them share is no garbage of one's
    _serve(socket.socket(fileno=int(number)))
    sys.exit(pkgutil.resolve_name(given[0])())
