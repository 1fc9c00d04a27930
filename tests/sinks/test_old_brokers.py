"""Brokers that know only MQTT 3.1.1: the embedded one is silent about MQTT 5, others refuse it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_edge.core import Phase
from fer_edge.errors import UnavailableError
from fer_edge.service.broker import HOST, EmbeddedBroker
from tests.brokers import Subscriber, wait_until
from tests.sinks.examples import event, settings
from tests.sinks.nodes import node

pytest.importorskip("amqtt", reason="the embedded broker needs the extra demo")


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as broker:
        yield broker


@pytest.mark.parametrize("protocol", ["auto", "3.1.1"])
def test_the_embedded_broker_carries_everything(embedded: EmbeddedBroker, tmp_path: Path, protocol: str) -> None:
    prefix = f"fer-edge-{protocol}"
    listener = Subscriber(embedded.port, f"{prefix}/#", v5=False).ready()
    with node(settings(embedded.port, protocol=protocol, topic_prefix=prefix), tmp_path) as one:
        for n in range(50):
            one.event(event(n // 2, Phase.START if n % 2 == 0 else Phase.END))
        wait_until(lambda: len(listener.events()) == 50, "every event")
        assert [told["seq"] for told in listener.events()] == list(range(1, 51))
        listener.publish(f"{prefix}/car/request/ping", '{"transaction": 1}')
        assert listener.wait("response/ping").json["status"] == "ok"
        wait_until(lambda: one.sink.outbox.waiting == 0, "the confirmations")
    # amqtt hands a new subscriber what others retained, too: ask for our own.
    assert listener.wait(f"{prefix}/car/status", 2).text == "offline"
    listener.close()


def test_the_embedded_broker_stops_and_frees_its_port() -> None:
    with EmbeddedBroker() as broker:
        port = broker.port
        Subscriber(port, v5=False).ready().close()
    wait_until(lambda: not _listens(port), "the port to be free")
    with EmbeddedBroker(port) as again:
        assert again.port == port


def test_a_taken_port_is_told() -> None:
    with socket.create_server((HOST, 0)) as taken:
        broker = EmbeddedBroker(taken.getsockname()[1])
        with pytest.raises(UnavailableError, match="cannot listen"):
            broker.__enter__()


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), 0.5).close()
    except OSError:
        return False
    return True


class OldBroker(threading.Thread):
    """Refuses MQTT 5 as 3.1.1 says, or hangs up without a word; accepts 3.1.1. Notes what it was asked."""

    def __init__(self, refusal: bytes) -> None:
        super().__init__(daemon=True)
        self._refusal = refusal
        self._server = socket.create_server((HOST, 0))
        self.port = self._server.getsockname()[1]
        self.versions: list[int] = []
        self.start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._greet(connection)

    def _greet(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            version = connection.recv(4096)[8]
            self.versions.append(version)
            if version == 5:
                connection.sendall(self._refusal)
                return
            connection.sendall(b"\x20\x02\x00\x00")
            asked = connection.recv(4096)
            connection.sendall(b"\x90\x04" + asked[2:4] + b"\x01\x01")
            time.sleep(0.5)

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.join()


@pytest.mark.parametrize("refusal", [b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00", b""], ids=["old", "new", "hangs up"])
def test_a_refusal_of_mqtt_5_leads_to_3_1_1_at_once(tmp_path: Path, refusal: bytes) -> None:
    broker = OldBroker(refusal)
    with node(settings(broker.port, reconnect_s=[30.0, 30.0]), tmp_path):
        assert broker.versions == [5, 4]
    broker.close()
