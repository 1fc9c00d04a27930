"""The daemon as a process of its own, started and watched by tests."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import wait_until
from tests.conftest import clean_environment
from tests.warm import Starter

LIGHT = ("--set=emotion.enabled=false", "--set=camera.width=320", "--set=camera.height=240", "--set=camera.fps=15")
"""A node that costs little, for stories that are not about expressions: the least rate with exact events."""


def script(folder: Path, text: str) -> str:
    """The option that plays this story."""
    path = folder / "story.txt"
    path.write_text(text)
    return f"--source=sim:{path}"


class NodeProcess:
    """``fer-edge run`` on simulated frames; ``notified`` are the lines systemd would have got."""

    def __init__(self, warm: Starter, folder: Path, *arguments: str, port: int | None, **environment: str) -> None:
        self.notified: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = folder / f"notify-{time.monotonic_ns()}"
        self._socket.bind(str(address))
        self._socket.setblocking(False)
        self._log = folder / f"log-{time.monotonic_ns()}"
        broker = [f"--set=mqtt.port={port}", "--set=mqtt.reconnect_s=[0.1, 0.5]"] if port else ["--set=mqtt.enabled=no"]
        with self._log.open("wb") as log:
            self.process = warm.start(
                ["run", f"--set=state_dir={folder / 'state'}", *broker, *arguments],
                folder=folder,
                environment=clean_environment(folder) | {"NOTIFY_SOCKET": str(address)} | environment,
                out=log,
                err=log,
            )

    def log(self) -> str:
        return self._log.read_text()

    def notifications(self) -> list[str]:
        while True:
            try:
                self.notified += self._socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return self.notified

    def ready(self) -> NodeProcess:
        def is_ready() -> bool:
            assert self.process.poll() is None, f"ended early:\n{self.log()}"
            return "READY=1" in self.notifications()

        wait_until(is_ready, f"READY=1; log:\n{self.log()}")
        return self

    def hang_up(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def terminate(self) -> float:
        """SIGTERM; the seconds until it ended, with exit code 0."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        took = time.monotonic() - began
        assert code == 0, f"exit {code}\n{self.log()}"
        assert "Traceback" not in self.log()
        return took

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._socket.close()


class Nodes:
    """Starts nodes and sees to it that none outlives its test."""

    def __init__(self, warm: Starter, folder: Path) -> None:
        self._warm = warm
        self._folder = folder
        self._running: list[NodeProcess] = []

    def start(self, *arguments: str, port: int | None, **environment: str) -> NodeProcess:
        node = NodeProcess(self._warm, self._folder, *arguments, port=port, **environment)
        self._running.append(node)
        return node

    def kill(self) -> None:
        for node in self._running:
            node.kill()


@pytest.fixture
def nodes(tmp_path: Path, warm: Starter) -> Iterator[Nodes]:
    """Starts daemons that end with the test."""
    every = Nodes(warm, tmp_path)
    yield every
    every.kill()
