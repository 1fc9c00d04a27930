"""What goes out over a connection: the latest word on each topic, and events in order.

A retained topic is a slot that holds its newest payload only, so nothing queues while the broker
is away. Events come from the journal and leave the outbox when the broker has confirmed them.
Lives in one thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from fer_edge.sinks.clock import Clock
from fer_edge.sinks.journal import Journal
from fer_edge.sinks.topics import Topics
from fer_edge.sinks.wire import encode

_log = logging.getLogger(__name__)

_WINDOW = 16
"""Most messages sent and not yet confirmed; mosquitto allows 20, small brokers say what they allow."""
_REFUSED_AGAIN_S = 30.0


class Send(Protocol):
    """How :class:`Link` publishes."""

    def __call__(
        self, topic: str, payload: bytes, *, qos: int, retain: bool, correlation: bytes | None = None
    ) -> int | None:
        """The number of the message, None if there is no connection."""


@dataclass(slots=True)
class _Slot:
    payload: bytes
    qos: int
    due: bool = True


@dataclass(frozen=True, slots=True)
class _Sent:
    at: float
    topic: str
    seq: int | None = None


class Publisher:
    """Slots and events; ``send`` is the link's publish, ``now`` a monotonic clock in seconds."""

    def __init__(
        self, journal: Journal, topics: Topics, clock: Clock, send: Send, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._journal = journal
        self._topics = topics
        self._clock = clock
        self._send = send
        self._now = now
        self._slots: dict[str, _Slot] = {}
        self._sent: dict[int, _Sent] = {}
        self._confirmed: list[int] = []
        self._refused: set[str] = set()
        self._window = _WINDOW
        self._live_since: float | None = None
        self._after_seq = 0
        self._hold_until = 0.0

    def set(self, topic: str, payload: str | dict[str, Any], *, qos: int = 1) -> None:
        """The newest payload of a retained topic."""
        self._slots[topic] = _Slot(encode(payload), qos)

    def answer(self, topic: str, payload: dict[str, Any], correlation: bytes | None) -> None:
        """Answer a request now or never: a late answer is worse than none."""
        self._track(self._send(topic, encode(payload), qos=1, retain=False, correlation=correlation), topic)

    def up(self, receive_maximum: int) -> None:
        """A connection stands: everything is said again, events from the oldest that waits."""
        self._window = max(1, min(_WINDOW, receive_maximum))
        self._sent.clear()
        self._refused.clear()
        self._after_seq = 0
        self._hold_until = 0.0
        self._live_since = self._clock.ticks()
        for slot in self._slots.values():
            slot.due = True

    def down(self) -> None:
        """The connection is gone, and what was not confirmed with it."""
        self._sent.clear()
        self._live_since = None

    def rewind(self) -> None:
        """Events came to light that are older than what was sent: begin again with the oldest."""
        self._after_seq = 0

    def confirmed(self, mid: int, refused: str | None) -> None:
        """The broker has taken, or refused, a message."""
        sent = self._sent.pop(mid, None)
        if sent is None:
            return
        if refused is not None and sent.topic not in self._refused:
            self._refused.add(sent.topic)
            _log.warning("broker does not take %s: %s", sent.topic, refused)
        if sent.seq is None:
            return
        if refused is None:
            self._confirmed.append(sent.seq)
        else:
            # It stays in the outbox: rules of access get mended.
            self._hold_until = self._now() + _REFUSED_AGAIN_S
            self._after_seq = min(self._after_seq, sent.seq - 1)

    def pump(self) -> None:
        """Forget what was confirmed and send what the connection has room for."""
        if self._confirmed:
            self._journal.outbox.remove(self._confirmed)
            self._confirmed.clear()
        if self._live_since is None:
            return
        for topic, slot in self._slots.items():
            if slot.due and not self._in_flight(topic):
                slot.due = not self._track(self._send(topic, slot.payload, qos=slot.qos, retain=True), topic)
        room = self._window - len(self._sent)
        if room > 0 and self._now() >= self._hold_until:
            self._send_events(room)

    def waits_since(self) -> float | None:
        """When the oldest message still unconfirmed was sent, None if there is none."""
        return min((sent.at for sent in self._sent.values()), default=None)

    def settled(self) -> bool:
        """Whether nothing is left to send or to be confirmed."""
        return not self._sent and not any(slot.due for slot in self._slots.values())

    def _send_events(self, room: int) -> None:
        for event in self._journal.waiting(self._after_seq, room, live_since=self._live_since):
            topic = self._topics.event(event.category)
            mid = self._send(topic, encode(event.payload), qos=1, retain=False)
            if not self._track(mid, topic, event.seq):
                return
            self._after_seq = event.seq

    def _track(self, mid: int | None, topic: str, seq: int | None = None) -> bool:
        if mid is not None:
            self._sent[mid] = _Sent(self._now(), topic, seq)
        return mid is not None

    def _in_flight(self, topic: str) -> bool:
        return any(sent.topic == topic for sent in self._sent.values())
