"""One paho client for one connection: how it is made, connected, subscribed and cut."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from fer_edge.settings import MqttSettings

MAX_PACKET = 16 * 1024
"""Bytes of the largest packet a daemon takes from the broker; requests are far smaller."""

V5, V311 = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311
_DIAL_S = 5.0


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from the broker, as it came."""

    topic: str
    payload: bytes
    retained: bool
    response_topic: str | None = None
    correlation: bytes | None = None

    @classmethod
    def of(cls, message: paho.MQTTMessage) -> Incoming:
        """From paho's. Raises UnicodeDecodeError for a topic that is not UTF-8."""
        properties = message.properties
        return cls(
            message.topic,
            bytes(message.payload),
            message.retain,
            getattr(properties, "ResponseTopic", None),
            getattr(properties, "CorrelationData", None),
        )


@dataclass(frozen=True, slots=True)
class Publication:
    """A message for the broker. ``correlation`` and ``expiry_s`` have no word before MQTT 5 and are left out there."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    correlation: bytes | None = None
    expiry_s: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who connects: client id, credentials, and the topic of the will."""

    client_id: str
    username: str | None
    password: str | None
    tls: ssl.SSLContext | None
    will_topic: str | None = None

    @property
    def node(self) -> str | None:
        """The node that connects; None for a mere listener, whose client id nobody else has."""
        return self.client_id.removeprefix("fer-edge-") if self.will_topic else None


@dataclass(frozen=True, slots=True)
class Listener:
    """What the owner is told, in its own thread; ``message`` alone comes in paho's thread."""

    up: Callable[[int], None]
    down: Callable[[], None]
    confirmed: Callable[[int, str | None], None]
    message: Callable[[Incoming], None]


@dataclass(frozen=True, slots=True)
class Subscription:
    """What one wants to hear, with ``retained`` also what was said before. Larger packets are hung up on."""

    topics: tuple[str, ...]
    qos: int = 1
    retained: bool = False
    max_packet: int = MAX_PACKET


class BoundedClient(paho.Client):
    """A paho client that hangs up on a packet beyond :attr:`max_packet` instead of gathering it in memory.

    MQTT 5 tells the broker the bound; 3.1.1 has no word for it.
    """

    max_packet = MAX_PACKET

    def _sock_recv(self, bufsize: int) -> bytes:
        # paho asks for the whole rest of a packet at once; it takes an OSError for a lost connection.
        if bufsize > self.max_packet:
            raise OSError(errno.EMSGSIZE, f"a packet of {bufsize} bytes is too large")
        return super()._sock_recv(bufsize)


def new_client(identity: Identity, protocol: MQTTProtocolVersion, attempt: int, max_packet: int) -> BoundedClient:
    """A client that connects once; its callbacks get ``attempt``."""
    client = BoundedClient(
        CallbackAPIVersion.VERSION2,
        client_id=identity.client_id,
        userdata=attempt,
        protocol=protocol,
        reconnect_on_failure=False,
        clean_session=None if protocol == V5 else True,
    )
    client.max_inflight_messages_set(0)  # the publisher keeps its own, smaller window
    client.connect_timeout = _DIAL_S
    client.max_packet = max_packet
    if identity.username is not None:
        client.username_pw_set(identity.username, identity.password)
    if identity.tls is not None:
        client.tls_set_context(identity.tls)
    if identity.will_topic is not None:
        client.will_set(identity.will_topic, b"offline", qos=1, retain=True)
    return client


def connect(client: BoundedClient, settings: MqttSettings) -> None:
    """Resolve, connect and shake hands; waits for each. Raises OSError or ValueError."""
    options: dict[str, Any] = {}
    if client.protocol == V5:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.MaximumPacketSize = client.max_packet
        options = {"clean_start": True, "properties": properties}
    client.connect(settings.host, settings.port, settings.keepalive_s, **options)


def with_message(message: Publication) -> Properties | None:
    """What MQTT 5 says beside a message."""
    if message.correlation is None and message.expiry_s is None:
        return None
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if message.correlation is not None:
        properties.CorrelationData = message.correlation
    if message.expiry_s is not None:
        properties.MessageExpiryInterval = message.expiry_s
    return properties


def packet_bytes(message: Publication, properties: Properties | None) -> int:
    """How long a message is on its way, with the longest head it may get."""
    beside = 1 if properties is None else len(properties.pack())  # type: ignore[no-untyped-call]
    return 5 + 2 + len(message.topic.encode()) + 2 + beside + len(message.payload)


def subscribe(client: paho.Client, wanted: Subscription) -> None:
    """Ask for topics."""
    if client.protocol == V5:
        # Without them the retained flag stays on what passes by, so an old request is known for one.
        handling = SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE if wanted.retained else SubscribeOptions.RETAIN_DO_NOT_SEND
        options = SubscribeOptions(qos=wanted.qos, retainAsPublished=True, retainHandling=handling)
        client.subscribe([(topic, options) for topic in wanted.topics])
    else:
        client.subscribe([(topic, wanted.qos) for topic in wanted.topics])


def hang_up(client: paho.Client) -> None:
    """Cut the socket, so that paho's thread ends even if the broker hangs."""
    connection = client.socket()
    if isinstance(connection, socket.socket):
        with suppress(OSError, ValueError):
            connection.shutdown(socket.SHUT_RDWR)
