"""Thousands of MQTT connections in one thread: paho's clients on one selector."""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from fer_edge.sinks.mqtt.client import MAX_PACKET, V311, Identity, Publication, new_client

KEEPALIVE_S = 60
_ALIVE_S = 5.0
"""Between two looks at who has been quiet for too long."""
DIALS_PER_S, DIALS_AT_ONCE = 50.0, 40
"""A login costs a broker about 10 ms. More at a time than it has cores make each wait until somebody gives up."""


@dataclass(frozen=True, slots=True)
class Ears:
    """What the owner of a wire is told."""

    up: Callable[[], None]
    down: Callable[[str], None]
    confirmed: Callable[[int], None]


class Wire:
    """One connection, or none; speaks MQTT 3.1.1, which is what RabbitMQ 3.10 knows.

    ``subscribe`` is a filter and its QoS, or None for a node that only speaks.
    """

    def __init__(self, wires: Wires, identity: Identity, subscribe: tuple[str, int] | None, ears: Ears) -> None:
        self._wires = wires
        self._identity = identity
        self._subscribe = subscribe
        self._ears = ears
        self._client: Client | None = None
        self.up = False

    def dial(self, host: str, port: int) -> None:
        """Begin to connect; ``up`` or ``down`` follows."""
        self.cut()
        client = new_client(self._identity, V311, 0, MAX_PACKET)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.on_subscribe = lambda *_: self._set_up()
        client.on_disconnect = self._on_disconnect
        client.on_socket_open = self._wires.opened
        client.on_socket_close = self._wires.closed
        client.on_socket_register_write = self._wires.writing
        client.on_socket_unregister_write = self._wires.reading
        self._client = client
        self._wires.dialling.add(self)
        try:
            client.connect(host, port, KEEPALIVE_S)
        except OSError as error:
            self._client = None
            self._wires.dialling.discard(self)
            self._ears.down(str(error))

    def publish(self, message: Publication) -> int | None:
        """As the product's publisher wants it."""
        if self._client is None or not self.up:
            return None
        sent = self._client.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)
        return sent.mid if sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def cut(self) -> None:
        """The link drops: no goodbye, so that the broker sends the will."""
        client, self._client, self.up = self._client, None, False
        self._wires.dialling.discard(self)
        if client is not None:
            self._wires.forget(client)
            connection = client.socket()
            if connection is not None:
                with suppress(OSError):
                    connection.close()

    def close(self) -> None:
        """Say goodbye."""
        client, self._client, self.up = self._client, None, False
        if client is not None:
            client.disconnect()

    def _on_connect(self, client: Client, _data: Any, _flags: Any, code: ReasonCode, _more: Any) -> None:
        if code.is_failure:
            self._lost(client, str(code))
        elif self._subscribe is None:
            self._set_up()
        else:
            client.subscribe(*self._subscribe)

    def _set_up(self) -> None:
        self._wires.dialling.discard(self)
        self.up = True
        self._ears.up()

    def _on_publish(self, client: Client, _data: Any, mid: int, _code: ReasonCode, _more: Any) -> None:
        # Later: paho says so of QoS 0 before publish has returned the number.
        self._wires.later(partial(self._tell_confirmed, client, mid))

    def _tell_confirmed(self, client: Client, mid: int) -> None:
        if client is self._client:
            self._ears.confirmed(mid)

    def _on_disconnect(self, client: Client, _data: Any, _flags: Any, code: ReasonCode, _more: Any) -> None:
        self._lost(client, str(code))

    def _lost(self, client: Client, why: str) -> None:
        if client is self._client:
            self._client, self.up = None, False
            self._wires.dialling.discard(self)
            self._wires.forget(client)
            self._ears.down(why)


class Wires:
    """Waits for all connections at once."""

    def __init__(self) -> None:
        self.dialling: set[Wire] = set()
        """Those that are not up yet and not given up."""
        self._selector = selectors.DefaultSelector()
        self._sockets: dict[Client, socket.socket] = {}
        self._dials, self._dialled_at = 0.0, time.monotonic()
        self._calls: deque[Callable[[], None]] = deque()
        self._served_at = time.monotonic()

    def may_dial(self) -> bool:
        """Whether one more may connect now: a thousand at once would starve a small broker of its logins."""
        now = time.monotonic()
        self._dials = min(self._dials + (now - self._dialled_at) * DIALS_PER_S, DIALS_PER_S)
        self._dialled_at = now
        if self._dials < 1 or len(self.dialling) >= DIALS_AT_ONCE:
            return False
        self._dials -= 1
        return True

    def later(self, call: Callable[[], None]) -> None:
        """Carry out once what happens now is over."""
        self._calls.append(call)

    def serve(self, seconds: float) -> None:
        """Read and write what can be, waiting so long at most; keep-alive now and then."""
        while self._calls:
            self._calls.popleft()()
        for key, mask in self._selector.select(max(seconds, 0.0)) if self._sockets else ():
            client: Client = key.data
            if mask & selectors.EVENT_READ:
                client.loop_read()
            if mask & selectors.EVENT_WRITE:
                client.loop_write()
        while self._calls:
            self._calls.popleft()()
        if not self._sockets and seconds > 0:
            time.sleep(seconds)
        if time.monotonic() - self._served_at >= _ALIVE_S:
            self._served_at = time.monotonic()
            for client in list(self._sockets):
                client.loop_misc()

    def opened(self, client: Client, _data: Any, connection: Any) -> None:
        """A client has a socket."""
        self._sockets[client] = connection
        self._selector.register(connection, selectors.EVENT_READ, client)

    def closed(self, client: Client, _data: Any, _connection: Any) -> None:
        """It has none any more."""
        self.forget(client)

    def writing(self, client: Client, _data: Any, connection: Any) -> None:
        """It has something to send that did not fit."""
        if client in self._sockets:
            self._selector.modify(connection, selectors.EVENT_READ | selectors.EVENT_WRITE, client)

    def reading(self, client: Client, _data: Any, connection: Any) -> None:
        """It has sent all."""
        if client in self._sockets:
            self._selector.modify(connection, selectors.EVENT_READ, client)

    def forget(self, client: Client) -> None:
        """Wait for this one no longer."""
        connection = self._sockets.pop(client, None)
        if connection is not None:
            self._selector.unregister(connection)
