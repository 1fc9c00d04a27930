"""Real MQTT brokers and subscribers for tests; import the fixtures you need."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

_ports = random.SystemRandom()  # hypothesis seeds the other one, the same in every worker
PATIENCE_S = 30.0
"""How long a condition may take on a busy machine."""


def mosquitto_path() -> str | None:
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


needs_mosquitto = pytest.mark.skipif(
    mosquitto_path() is None, reason="mosquitto is not installed (sudo apt install mosquitto)"
)


def free_port() -> int:
    """A port nobody listens on, below those that the kernel gives to clients: no connection takes it meanwhile."""
    while True:
        port = _ports.randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Poll until the condition holds; its value is returned. Asking for the last of nothing is "not yet"."""
    end = time.monotonic() + patience_s
    while True:
        value = None
        with suppress(IndexError):
            value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {patience_s:g} s for {what}"
        time.sleep(0.01)


class Mosquitto:
    """A mosquitto process of its own on a free port of the loopback."""

    def __init__(self, folder: Path, *, config: str = "allow_anonymous true", address: str = "127.0.0.1") -> None:
        self.port = free_port()
        self.address = address
        self.config = config
        self._file = folder / "mosquitto.conf"
        self._log = folder / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, prefix: tuple[str, ...] = ()) -> None:
        program = mosquitto_path()
        assert program is not None
        # As root mosquitto would change to a user who may not read the test's folder.
        user = "user root\n" if os.geteuid() == 0 else ""
        self._file.write_text(f"listener {self.port} {self.address}\n{user}{self.config}\n")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([*prefix, program, "-c", str(self._file)], stdout=log, stderr=log)
        if not prefix:
            wait_until(self._listens, "mosquitto to listen")

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()
        try:
            with socket.create_connection((self.address, self.port), 0.5):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        """SIGKILL: no goodbye to anyone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """SIGTERM: it writes down what it keeps."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def log(self) -> str:
        return self._log.read_text()


@dataclass(frozen=True)
class Received:
    topic: str
    payload: bytes
    retained: bool
    qos: int
    correlation: bytes | None = None

    @property
    def json(self) -> Any:
        return json.loads(self.payload)

    @property
    def text(self) -> str:
        return self.payload.decode()


class Subscriber:
    """A subscriber that keeps everything it receives and comes back after a loss with its session."""

    def __init__(
        self, port: int, topics: str = "#", *, v5: bool = True, qos: int = 1, host: str = "127.0.0.1", **login: Any
    ) -> None:
        self.messages: list[Received] = []
        self._topics = topics
        self._qos = qos
        self._ready = threading.Event()
        self._v5 = v5
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"test-{uuid.uuid4().hex[:8]}",
            protocol=MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311,
        )
        if login.get("username"):
            self.client.username_pw_set(login["username"], login.get("password"))
        if login.get("tls"):
            self.client.tls_set_context(login["tls"])
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = self._on_message
        self.client.connect_async(host, port, 60)
        self.client.loop_start()

    def ready(self) -> Subscriber:
        assert self._ready.wait(PATIENCE_S), "subscriber could not subscribe"
        return self

    def forget_connection(self) -> None:
        """From here on :meth:`ready` waits for the next connection."""
        self._ready.clear()

    def _on_connect(self, client: paho.Client, *_: Any) -> None:
        if self._v5:
            client.subscribe(self._topics, options=SubscribeOptions(qos=self._qos, retainAsPublished=True))
        else:
            client.subscribe(self._topics, self._qos)

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        correlation = getattr(message.properties, "CorrelationData", None)
        self.messages.append(Received(message.topic, bytes(message.payload), message.retain, message.qos, correlation))

    def of(self, suffix: str) -> list[Received]:
        """Messages whose topic ends so, in order."""
        return [message for message in list(self.messages) if message.topic.endswith(suffix)]

    def wait(self, suffix: str, count: int = 1, patience_s: float = PATIENCE_S) -> Received:
        """The count-th message of a topic."""
        wait_until(lambda: len(self.of(suffix)) >= count, f"{count} of {suffix}", patience_s)
        return self.of(suffix)[count - 1]

    def events(self) -> list[dict[str, Any]]:
        return [message.json for message in list(self.messages) if "/event/" in message.topic]

    def publish(self, topic: str, payload: bytes | str, *, retain: bool = False, **properties: Any) -> None:
        more = None
        if properties:
            more = Properties(PacketTypes.PUBLISH)
            for name, value in properties.items():
                setattr(more, name, value)
        self.client.publish(topic, payload, qos=1, retain=retain, properties=more)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running mosquitto; skipped where the package is missing."""
    if mosquitto_path() is None:
        pytest.skip("mosquitto is not installed (sudo apt install mosquitto)")
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def subscriber(mosquitto: Mosquitto) -> Iterator[Subscriber]:
    """A subscriber to everything on that mosquitto."""
    one = Subscriber(mosquitto.port).ready()
    yield one
    one.close()
