"""The connection to the broker: dialled, watched, explained, and dialled again.

One paho client serves one connection only. That leaves no message in paho's own memory after a
loss (the outbox is the only queue) and lets the next attempt speak another MQTT version. All
methods run in the caller's one thread; what paho's threads notice is posted to it.
"""

from __future__ import annotations

import logging
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from fer_edge.settings import MqttSettings
from fer_edge.sinks.explain import closed_early, connect_error, refusal

_log = logging.getLogger(__name__)

MAX_PACKET = 16 * 1024
"""Bytes of the largest packet taken from the broker; requests are far smaller."""

_DIAL_S = 5.0
_V5, _V311 = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from the broker, as it came."""

    topic: str
    payload: bytes
    retained: bool
    response_topic: str | None = None
    correlation: bytes | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who connects: client id, credentials, will and subscriptions."""

    client_id: str
    username: str | None
    password: str | None
    tls: ssl.SSLContext | None
    will_topic: str | None
    subscriptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listener:
    """What the owner is told, in its own thread; ``message`` alone comes in paho's thread."""

    up: Callable[[int], None]
    down: Callable[[], None]
    confirmed: Callable[[int, str | None], None]
    message: Callable[[Incoming], None]


class _Client(paho.Client):
    """A paho client that hangs up on a packet larger than any request instead of gathering it in memory.

    MQTT 5 tells the broker the bound; 3.1.1 has no word for it.
    """

    def _packet_read(self) -> MQTTErrorCode:
        result = super()._packet_read()
        if self._in_packet["remaining_length"] > MAX_PACKET:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        return result


class Link:
    """At most one connection at a time. ``post`` hands a call to the owner's thread."""

    def __init__(
        self,
        settings: MqttSettings,
        identity: Identity,
        listener: Listener,
        post: Callable[[Callable[[], None]], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._listener = listener
        self._post = post
        self._now = now
        self._where = f"{settings.host}:{settings.port}"
        self._client: _Client | None = None
        self._attempt = 0
        self._dialled_at = 0.0
        self._due_at = 0.0
        self._wait_s = settings.reconnect_s[0]
        self._protocol = _V311 if settings.protocol == "3.1.1" else _V5
        self._proven: MQTTProtocolVersion | None = None
        self._said: str | None = None
        self.up = False

    @property
    def version(self) -> str:
        """The MQTT version in use or to be tried."""
        return "5" if self._protocol == _V5 else "3.1.1"

    def step(self) -> float:
        """Dial when it is time and give up on silence; returns when to be called again (clock of ``now``)."""
        now = self._now()
        if self.up:
            return now + 3600.0
        if self._client is not None:
            if now - self._dialled_at < self._settings.answer_s:
                return self._dialled_at + self._settings.answer_s
            self._other_protocol()
            self.drop(f"no answer for {self._settings.answer_s:g} s")
        if now >= self._due_at:
            self._dial(now)
            return now + self._settings.answer_s
        return self._due_at

    def publish(
        self, topic: str, payload: bytes, *, qos: int, retain: bool, correlation: bytes | None = None
    ) -> int | None:
        """Send, and return the number that :attr:`Listener.confirmed` will name; None if not connected."""
        if self._client is None or not self.up:
            return None
        properties = None
        if correlation is not None and self._protocol == _V5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.CorrelationData = correlation
        sent = self._client.publish(topic, payload, qos=qos, retain=retain, properties=properties)
        return sent.mid if sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def drop(self, why: str) -> None:
        """End the connection, whatever its condition, and plan the next one."""
        self._let_go()
        self._due_at = self._now() + self._wait_s * random.uniform(0.8, 1.2)
        self._wait_s = min(self._wait_s * 2, self._settings.reconnect_s[1])
        self._say(f"broker {self._where}: {why}; connecting again")
        if self.up:
            self.up = False
            self._listener.down()

    def close(self) -> None:
        """Say goodbye to the broker, which then keeps the will to itself."""
        self.up = False
        if self._client is not None:
            self._client.disconnect()
            self._client = None

    def _dial(self, now: float) -> None:
        self._attempt += 1
        self._dialled_at = now
        self._client = self._new_client()
        threading.Thread(
            target=self._connect, args=(self._client, self._attempt), name="fer-edge-mqtt-dial", daemon=True
        ).start()

    def _new_client(self) -> _Client:
        identity = self._identity
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=identity.client_id,
            userdata=self._attempt,
            protocol=self._protocol,
            reconnect_on_failure=False,
            clean_session=None if self._protocol == _V5 else True,
        )
        client.max_inflight_messages_set(0)
        client.connect_timeout = _DIAL_S
        if identity.username is not None:
            client.username_pw_set(identity.username, identity.password)
        if identity.tls is not None:
            client.tls_set_context(identity.tls)
        if identity.will_topic is not None:
            client.will_set(identity.will_topic, b"offline", qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _connect(self, client: _Client, attempt: int) -> None:
        """Name resolution, TCP and TLS, in a thread of their own: each may take long."""
        options: dict[str, Any] = {}
        if client.protocol == _V5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.MaximumPacketSize = MAX_PACKET
            options = {"clean_start": True, "properties": properties}
        try:
            client.connect(self._settings.host, self._settings.port, self._settings.keepalive_s, **options)
        except (OSError, ValueError) as error:
            self._post(partial(self._failed, attempt, connect_error(error)))
        else:
            self._post(partial(self._dialled, client, attempt))

    def _dialled(self, client: _Client, attempt: int) -> None:
        if attempt == self._attempt and self._client is client:
            client.loop_start()
        else:
            _hang_up(client)

    def _on_connect(
        self, client: paho.Client, attempt: Any, _flags: Any, code: ReasonCode, more: Properties | None
    ) -> None:
        if code.is_failure:
            self._post(partial(self._refused, attempt, code))
            return
        topics = self._identity.subscriptions
        if self._protocol == _V5:
            # Retained messages are neither asked for nor, when they pass by, taken for new ones.
            options = SubscribeOptions(qos=1, retainAsPublished=True, retainHandling=2)
            client.subscribe([(topic, options) for topic in topics])
        elif topics:
            client.subscribe([(topic, 1) for topic in topics])
        self._post(partial(self._connected, attempt, getattr(more, "ReceiveMaximum", 65535)))

    def _on_disconnect(self, _client: paho.Client, attempt: int, _flags: Any, code: ReasonCode, _more: Any) -> None:
        self._post(partial(self._lost, attempt, code))

    def _on_publish(self, _client: paho.Client, attempt: int, mid: int, code: ReasonCode, _more: Any) -> None:
        self._post(partial(self._confirmed, attempt, mid, refusal(code) if code.is_failure else None))

    def _on_subscribe(self, _client: paho.Client, attempt: int, _mid: int, codes: list[ReasonCode], _more: Any) -> None:
        for topic, code in zip(self._identity.subscriptions, codes, strict=False):
            if code.is_failure:
                _log.warning("broker %s refuses subscription to %s: %s", self._where, topic, refusal(code))

    def _on_message(self, _client: paho.Client, _attempt: int, message: paho.MQTTMessage) -> None:
        with suppress(UnicodeDecodeError):
            properties = message.properties
            self._listener.message(
                Incoming(
                    message.topic,
                    bytes(message.payload),
                    message.retain,
                    getattr(properties, "ResponseTopic", None),
                    getattr(properties, "CorrelationData", None),
                )
            )

    def _connected(self, attempt: int, receive_maximum: int) -> None:
        if attempt != self._attempt or self._client is None:
            return
        self.up = True
        self._proven = self._protocol
        self._wait_s = self._settings.reconnect_s[0]
        self._said = None
        _log.info("connected to broker %s (MQTT %s)", self._where, self.version)
        self._listener.up(receive_maximum)

    def _refused(self, attempt: int, code: ReasonCode) -> None:
        if attempt != self._attempt:
            return
        if code.getName() == "Unsupported protocol version" and self._other_protocol():
            self._let_go()
            self._due_at = 0.0
        else:
            self.drop(refusal(code))

    def _failed(self, attempt: int, why: str) -> None:
        if attempt == self._attempt:
            self.drop(why)

    def _lost(self, attempt: int, code: ReasonCode) -> None:
        if attempt != self._attempt or self._client is None:
            return
        if self.up:
            self.drop(f"connection lost ({closed_early(code)})")
        elif self._other_protocol():
            self._let_go()
            self._due_at = 0.0
        else:
            self.drop("connection closed before the broker answered; is this an MQTT broker, and TLS as it expects?")

    def _confirmed(self, attempt: int, mid: int, refused: str | None) -> None:
        if attempt == self._attempt and self.up:
            self._listener.confirmed(mid, refused)

    def _other_protocol(self) -> bool:
        """Fall back from MQTT 5 to 3.1.1, or try 5 again; True when the fallback is to be tried at once."""
        if self._settings.protocol != "auto" or self._proven is not None:
            return False
        self._protocol = _V311 if self._protocol == _V5 else _V5
        return self._protocol == _V311

    def _let_go(self) -> None:
        client, self._client = self._client, None
        self._attempt += 1
        if client is not None:
            _hang_up(client)

    def _say(self, text: str) -> None:
        # The same fault again and again is one line, however long it lasts.
        if text != self._said:
            _log.warning("%s", text)
        self._said = text


def _hang_up(client: paho.Client) -> None:
    """Cut the socket, so that paho's thread ends even if the broker hangs."""
    connection = client.socket()
    if isinstance(connection, socket.socket):
        with suppress(OSError, ValueError):
            connection.shutdown(socket.SHUT_RDWR)
