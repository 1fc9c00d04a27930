"""A broker to measure with: a real mosquitto where there is one, else the embedded one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_edge.errors import UnavailableError
from fer_edge.service.broker import EmbeddedBroker
from fer_edge.settings import MqttSettings


@contextmanager
def broker() -> Iterator[tuple[int, str]]:
    """A broker on a free port of the loopback while the block runs: (port, ``mosquitto`` or ``embedded``)."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        with EmbeddedBroker() as embedded:
            yield embedded.port, "embedded"
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="fer-edge-benchmark-") as folder:
        file = Path(folder) / "mosquitto.conf"
        user = "user root\n" if os.geteuid() == 0 else ""
        file.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n{user}")
        with subprocess.Popen([program, "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            try:
                _wait_for(port)
                yield port, "mosquitto"
            finally:
                run.terminate()


def reached(configured: MqttSettings, port: int) -> MqttSettings:
    """How that broker is reached: with nothing of the configured one's TLS, user or protocol."""
    return MqttSettings(host="127.0.0.1", port=port, topic_prefix=configured.topic_prefix)


def _wait_for(port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), 0.5):
                return
        except OSError:
            time.sleep(0.02)
    raise UnavailableError(f"mosquitto does not listen on port {port}; start it by hand to see why")
