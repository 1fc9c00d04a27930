"""The connection to the broker: dialled, watched, explained, and dialled again.

One paho client serves one connection only. That leaves no message in paho's own memory after a
loss (the outbox is the only queue) and lets the next attempt speak another MQTT version. All
methods run in the caller's one thread; what paho's threads notice is posted to it.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from fer_edge.settings import MqttSettings
from fer_edge.sinks.mqtt.client import (
    V5,
    V311,
    BoundedClient,
    Identity,
    Incoming,
    Listener,
    Publication,
    Subscription,
    connect,
    hang_up,
    new_client,
    packet_bytes,
    subscribe,
    with_message,
)
from fer_edge.sinks.mqtt.explain import (
    closed_early,
    closed_often,
    closed_unanswered,
    connect_error,
    connect_refusal,
    refusal,
)
from fer_edge.sinks.mqtt.limit import ANY_SIZE, Limit

_log = logging.getLogger(__name__)

_FALLBACK_S = 3.0
_STEADY_S = 10.0
"""A connection that lasted longer was a good one: the next wait is the shortest again."""
_SHORT_ONES = 3
"""After so many short connections in a row the next is told only once it is steady."""


class Link:
    """At most one connection at a time. ``post`` hands a call to the owner's thread, ``say`` takes each new fault."""

    def __init__(
        self,
        settings: MqttSettings,
        identity: Identity,
        subscription: Subscription,
        listener: Listener,
        post: Callable[[Callable[[], None]], None],
        now: Callable[[], float] = time.monotonic,
        say: Callable[[str], None] = _log.warning,
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._subscription = subscription
        self._listener = listener
        self._post = post
        self._now = now
        self._say_why = say
        self._where = f"{settings.host}:{settings.port}"
        self._client: BoundedClient | None = None
        self._attempt = 0
        self._dialled_at = 0.0
        self._due_at = 0.0
        self._up_at = 0.0
        self._short = 0
        self._receive_maximum = 65535
        self._limit = Limit()
        self._too_large = 0
        self._wait_s = settings.reconnect_s[0]
        self._protocol = V311 if settings.protocol == "3.1.1" else V5
        self._proven: MQTTProtocolVersion | None = None
        self._said: str | None = None
        self._told_up = False
        self.up = False

    @property
    def version(self) -> str:
        """The MQTT version in use or to be tried."""
        return "5" if self._protocol == V5 else "3.1.1"

    @property
    def fault(self) -> str | None:
        """Why the broker is not there, as it was logged; None while it is, or before the first attempt has failed."""
        return None if self.up else self._said

    def step(self) -> float:
        """Dial when it is time and give up on silence; returns when to be called again (clock of ``now``)."""
        now = self._now()
        if self.up:
            steady_at = self._up_at + _STEADY_S
            if not self._told_up and now < steady_at:
                return steady_at
            self._say_up()
            return now + 3600.0
        if self._client is not None:
            patience_s = self._patience_s()
            if now - self._dialled_at < patience_s:
                return self._dialled_at + patience_s
            self._unanswered(f"no answer for {patience_s:g} s")
        if now >= self._due_at:
            self._dial(now)
            return now + self._settings.answer_s
        return self._due_at

    def publish(self, message: Publication) -> int | None:
        """Send, and return the number that :attr:`Listener.confirmed` will name; see ``Send`` of the publisher."""
        if self._client is None or not self.up:
            return None
        properties = with_message(message) if self._protocol == V5 else None
        size = packet_bytes(message, properties)
        fault = self._limit.fault(size)
        if fault is not None:  # the broker would hang up on it
            self._too_large -= 1
            self._post(partial(self._confirmed, self._attempt, self._too_large, fault))
            return self._too_large
        topic, qos = message.topic, message.qos
        sent = self._client.publish(topic, message.payload, qos=qos, retain=message.retain, properties=properties)
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return None
        self._limit.sent(sent.mid, topic, size, qos)
        return sent.mid

    def drop(self, why: str) -> None:
        """End the connection, whatever its condition, and plan the next one."""
        self._let_go()
        if self.up and self._now() - self._up_at > _STEADY_S:
            self._wait_s = self._settings.reconnect_s[0]
            self._short = 0
        self._due_at = self._now() + self._wait_s * random.uniform(0.8, 1.2)
        self._wait_s = min(self._wait_s * 2, self._settings.reconnect_s[1])
        self._say(f"broker {self._where}: {why}; reconnecting")
        if self.up:
            self.up = self._told_up = False
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

    def _new_client(self) -> BoundedClient:
        client = new_client(self._identity, self._protocol, self._attempt, self._subscription.max_packet)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _connect(self, client: BoundedClient, attempt: int) -> None:
        """Name resolution, TCP and TLS, in a thread of their own: each may take long."""
        try:
            connect(client, self._settings)
        except (OSError, ValueError) as error:
            self._post(partial(self._failed, attempt, connect_error(error)))
        else:
            self._post(partial(self._dialled, client, attempt))

    def _dialled(self, client: BoundedClient, attempt: int) -> None:
        if attempt == self._attempt and self._client is client:
            client.loop_start()
        else:
            hang_up(client)

    def _on_connect(
        self, client: paho.Client, attempt: Any, _flags: Any, code: ReasonCode, more: Properties | None
    ) -> None:
        if code.is_failure:
            self._post(partial(self._refused, attempt, code))
            return
        self._receive_maximum = getattr(more, "ReceiveMaximum", 65535)
        self._limit.named = getattr(more, "MaximumPacketSize", ANY_SIZE)
        if self._subscription.topics:
            subscribe(client, self._subscription)
        else:
            self._post(partial(self._connected, attempt))

    def _on_disconnect(self, _client: paho.Client, attempt: int, _flags: Any, code: ReasonCode, _more: Any) -> None:
        self._post(partial(self._lost, attempt, code))

    def _on_publish(self, _client: paho.Client, attempt: int, mid: int, code: ReasonCode, _more: Any) -> None:
        self._post(partial(self._confirmed, attempt, mid, refusal(code) if code.is_failure else None))

    def _on_subscribe(self, _client: paho.Client, attempt: int, _mid: int, codes: list[ReasonCode], _more: Any) -> None:
        for topic, code in zip(self._subscription.topics, codes, strict=False):
            if code.is_failure:
                _log.warning("broker %s refuses subscription to %s: %s", self._where, topic, refusal(code))
        # Only now: whoever reads "online" may send a request at once.
        self._post(partial(self._connected, attempt))

    def _on_message(self, _client: paho.Client, _attempt: int, message: paho.MQTTMessage) -> None:
        with suppress(UnicodeDecodeError):
            self._listener.message(Incoming.of(message))

    def _connected(self, attempt: int) -> None:
        if attempt != self._attempt or self._client is None:
            return
        self.up = True
        self._limit.begin()
        self._proven = self._protocol
        self._up_at = self._now()
        if self._short < _SHORT_ONES:
            self._say_up()
        self._listener.up(self._receive_maximum)

    def _refused(self, attempt: int, code: ReasonCode) -> None:
        if attempt != self._attempt:
            return
        end = self._unanswered if code.getName() == "Unsupported protocol version" else self.drop
        end(connect_refusal(code))

    def _failed(self, attempt: int, why: str) -> None:
        if attempt == self._attempt:
            self.drop(why)

    def _lost(self, attempt: int, code: ReasonCode) -> None:
        if attempt != self._attempt or self._client is None:
            return
        if self.up:
            self._short += 1
            why = self._limit.hung_up()
            if why is not None:  # what caused it is left out: the next connection starts afresh
                self._short, self._wait_s = 0, self._settings.reconnect_s[0]
            node = self._identity.node if self._short >= _SHORT_ONES else None
            self.drop(f"connection lost ({why or closed_early(code) + (closed_often(code, node) if node else '')})")
        else:
            self._unanswered(closed_unanswered(self._settings))

    def _confirmed(self, attempt: int, mid: int, refused: str | None) -> None:
        if attempt == self._attempt and self.up:
            self._limit.confirmed(mid)
            self._listener.confirmed(mid, refused)

    def _patience_s(self) -> float:
        """How long the broker may take to accept us; old brokers are silent about MQTT 5."""
        unsure = self._settings.protocol == "auto" and self._proven is None and self._protocol == V5
        return min(_FALLBACK_S, self._settings.answer_s) if unsure else self._settings.answer_s

    def _unanswered(self, why: str) -> None:
        """It may not know MQTT 5: try 3.1.1 at once, then 5 again after the usual wait."""
        if self._settings.protocol != "auto" or self._proven is not None:
            self.drop(why)
        elif self._protocol == V5:
            self._let_go()
            self._protocol, self._due_at = V311, 0.0
        else:
            self._protocol = V5
            self.drop(why)

    def _let_go(self) -> None:
        client, self._client = self._client, None
        self._attempt += 1
        if client is not None:
            hang_up(client)

    def _say_up(self) -> None:
        if not self._told_up:
            _log.info("connected to broker %s (MQTT %s)", self._where, self.version)
        self._told_up, self._said = True, None

    def _say(self, text: str) -> None:
        # The same fault again and again is one line, however long it lasts.
        if text != self._said:
            self._say_why(text)
        self._said = text
