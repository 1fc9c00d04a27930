"""The MQTT sink: the main loop hands over and goes on; a thread of its own does the rest."""

from __future__ import annotations

import hashlib
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from fer_edge.core import DriverState, Event, Signals
from fer_edge.errors import FerEdgeError
from fer_edge.settings.reads import MqttReads
from fer_edge.sinks.clock import Clock, SystemClock
from fer_edge.sinks.mqtt.client import Identity, Incoming, Listener, Subscription
from fer_edge.sinks.mqtt.delivery import Delivery, OutboxCondition, Shared
from fer_edge.sinks.mqtt.journal import Stamp
from fer_edge.sinks.mqtt.link import Link
from fer_edge.sinks.mqtt.requests import Request, RequestDesk
from fer_edge.sinks.mqtt.secrets import password, tls_context
from fer_edge.sinks.mqtt.states import StateFeed
from fer_edge.sinks.mqtt.topics import Topics
from fer_edge.sinks.payloads import Payload

_log = logging.getLogger(__name__)

_HANDOVER_S = 0.025
_MOST_HANDED_OVER = 10_000

Handler = Callable[[str, dict[str, Any]], Mapping[str, Any] | None]
"""Carries out a request: verb and checked values in, the answer's data out; refuses by FerEdgeError."""


class MqttSink:
    """Publishes over MQTT what the rules say. Topics and payloads are those of ``schemas/``.

    ``state_dir`` holds ``outbox.db``; None keeps events in memory. ``info`` makes the payload of
    topic info from the outbox's condition and is called in this sink's thread. Raises ConfigError
    for unreadable secrets; a broker that is away is no error.
    """

    def __init__(
        self,
        settings: MqttReads,
        *,
        state_dir: Path | None,
        info: Callable[[Payload], Payload],
        clock: Clock | None = None,
    ) -> None:
        self.topics = Topics.of(settings)
        self._settings = settings
        self._clock = clock or SystemClock(settings.mqtt.trust_clock)
        self._inbox: queue.SimpleQueue[Callable[[Delivery], None]] = queue.SimpleQueue()
        self._desk = RequestDesk(self.topics, self._answer)
        self._feed = StateFeed(settings.mqtt, self._clock, time.monotonic)
        self._link = self._make_link()
        self._shared = Shared(
            settings=settings,
            topics=self.topics,
            clock=self._clock,
            path=None if state_dir is None else state_dir / "outbox.db",
            spare=None if state_dir is None else spare_file(state_dir),
            link=self._link,
            feed=self._feed,
            info=info,
            stored=self._count_stored,
        )
        self._delivery: Delivery | None = None
        self._fault: str | None = None
        self._thread = threading.Thread(target=self._run, name="fer-edge-mqtt", daemon=True)
        self._announcing = False
        self._handed_over = 0
        self._stored = 0
        self._stored_more = threading.Condition()

    def start(self) -> None:
        """Open the outbox and begin to connect, in a thread."""
        self._thread.start()

    @property
    def connected(self) -> bool:
        """Whether a broker listens at this moment."""
        return self._link.up

    @property
    def fault(self) -> str | None:
        """Why nothing reaches the broker, in one line; None while it does, or before the first attempt has failed."""
        return self._fault or self._link.fault

    @property
    def outbox(self) -> OutboxCondition:
        """The outbox as last seen by its thread."""
        return OutboxCondition() if self._delivery is None else self._delivery.condition

    def state(self, state: DriverState, signals: Signals) -> None:
        """Keep the newest state; it is published at once only if something discrete changed."""
        if self._feed.put(state):
            self._inbox.put(_wake)

    def event(self, event: Event) -> None:
        """Hand over one phase. Returns when it is on disk, or after 25 ms where the disk is slower."""
        with self._stored_more:
            behind = self._handed_over - self._stored
            if behind > _MOST_HANDED_OVER:
                _log.error("the disk is too slow: %s %s is dropped", event.event_type, event.phase)
                return
            self._handed_over += 1
            self._inbox.put(partial(_take_event, event, Stamp.now(self._clock)))
            mine = self._handed_over
            if behind == 0:
                self._stored_more.wait_for(lambda: self._stored >= mine, _HANDOVER_S)

    def camera(self, status: str) -> None:
        """``online``, ``offline`` or ``disabled``."""
        self._inbox.put(lambda delivery: delivery.camera(status))

    def stats(self, values: Mapping[str, Any]) -> None:
        """The daemon's health; the condition of this sink's queues is added."""
        known = {**values, "requests_dropped": self._desk.dropped}
        self._inbox.put(lambda delivery: delivery.stats(known))

    def refresh_info(self) -> None:
        """Publish ``info`` again: models or configuration have changed."""
        self._inbox.put(Delivery.tell_info)

    def event_key(self, event_id: str) -> int | None:
        """The key of an open event by its published id."""
        return None if self._delivery is None else self._delivery.event_key(event_id)

    def event_id(self, key: int) -> str | None:
        """The published id of an open event by its key; None until it is stored."""
        return None if self._delivery is None else self._delivery.event_id(key)

    def pending(self) -> list[Request]:
        """Requests to be carried out now; each wants exactly one answer."""
        return self._desk.pending()

    def serve(self, handler: Handler) -> None:
        """Carry out what was requested. Call it from the main loop between two frames."""
        for request in self.pending():
            try:
                request.answer(handler(request.verb, dict(request.values)))
            except FerEdgeError as error:
                request.refuse(str(error))
            except Exception as error:
                _log.error("request %s failed: %r", request.verb, error)
                request.refuse("failed; see the log")

    def close(self, timeout_s: float = 1.5) -> None:
        """End open events, say offline, give the outbox back. Takes ``timeout_s`` at most."""
        self._inbox.put(Delivery.stop)
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            self._delivery = self._make_delivery()
        except Exception as error:
            self._fault = f"MQTT cannot start: {error!r}"
            _log.error("%s; nothing is published until a restart", self._fault)
            return
        self._delivery.run()

    def _make_delivery(self) -> Delivery:
        """A fault of the state folder that nobody foresaw costs what it would keep, never the events."""
        try:
            return Delivery(self._shared, self._inbox)
        except Exception as error:
            _log.error("the outbox cannot be used; continuing in memory: %r", error)
            return Delivery(replace(self._shared, path=None, spare=None, without=str(error)), self._inbox)

    def _post(self, call: Callable[[], None]) -> None:
        self._inbox.put(lambda _delivery: call())

    def _count_stored(self, count: int) -> None:
        with self._stored_more:
            self._stored += count
            self._stored_more.notify_all()

    def _answer(self, topic: str, payload: Payload, correlation: bytes | None) -> None:
        self._inbox.put(lambda delivery: delivery.publisher.answer(topic, payload, correlation))

    def _on_message(self, message: Incoming) -> None:
        if message.topic != self.topics.birth:
            self._desk.take(message)
        elif message.payload == b"online" and not self._announcing:
            self._announcing = True
            self._inbox.put(self._announce)

    def _announce(self, delivery: Delivery) -> None:
        self._announcing = False
        delivery.announce()

    def _make_link(self) -> Link:
        mqtt = self._settings.mqtt
        identity = Identity(
            client_id=f"fer-edge-{self._settings.node}",
            username=mqtt.username,
            password=password(mqtt),
            tls=tls_context(mqtt),
            will_topic=self.topics.status,
        )
        birth = (self.topics.birth,) if mqtt.homeassistant.enabled else ()
        requests = (self.topics.requests,) if mqtt.requests else ()
        wanted = Subscription((*requests, *birth), qos=mqtt.request_qos)
        return Link(mqtt, identity, wanted, self._listener(), self._post)

    def _listener(self) -> Listener:
        put = self._inbox.put
        return Listener(
            up=lambda maximum: put(lambda delivery: delivery.publisher.up(maximum)),
            down=lambda: put(lambda delivery: delivery.publisher.down()),
            confirmed=lambda mid, refused: put(lambda delivery: delivery.publisher.confirmed(mid, refused)),
            message=self._on_message,
        )


def _take_event(event: Event, stamp: Stamp, delivery: Delivery) -> None:
    delivery.event(event, stamp)


def _wake(_delivery: Delivery) -> None:
    """Nothing but a reason to look at the state again."""


def spare_file(state_dir: Path) -> Path | None:
    """Where events are kept that the disk refuses, so that they outlive the process: in memory below /run."""
    folder = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0] or os.environ.get("XDG_RUNTIME_DIR")
    if not folder:
        return None
    # Two nodes of one user each have their own.
    name = hashlib.sha256(str(state_dir.absolute()).encode()).hexdigest()[:8]
    return Path(folder) / f"fer-edge-{name}.db"
