"""What goes out over a connection: the latest word on each topic, and events in order.

A retained topic is a slot that holds its newest payload only, so nothing queues while the broker
is away. Events come from the journal and leave the outbox when the broker has confirmed them. A
topic that the broker refuses holds up no other.
Lives in one thread.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from fer_edge.sinks.clock import Clock
from fer_edge.sinks.mqtt.client import Publication
from fer_edge.sinks.mqtt.journal import Journal, Outgoing
from fer_edge.sinks.mqtt.topics import Topics
from fer_edge.sinks.wire import encode

_log = logging.getLogger(__name__)

_WINDOW = 16
"""Most messages sent and not yet confirmed; mosquitto allows 20, small brokers say what they allow."""
_REFUSED_AGAIN_S = 30.0


Send = Callable[[Publication], int | None]
"""Sends, and gives the message's number, negative if it is too large for the broker; None if there is no connection."""


@dataclass(slots=True)
class _Slot:
    message: Publication
    due: bool = True


@dataclass(frozen=True, slots=True)
class _Sent:
    at: float
    topic: str
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class _Held:
    """A topic whose events the broker refuses: the oldest of them, and when it is offered again."""

    oldest_seq: int
    until: float


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
        self._answers: deque[Publication] = deque()
        self._sent: dict[int, _Sent] = {}
        self._confirmed: list[int] = []
        self._refused: set[str] = set()
        self._window = _WINDOW
        self._live_since: float | None = None
        self._after_seq = 0
        self._held: dict[str, _Held] = {}

    def set(self, topic: str, payload: str | dict[str, Any], *, qos: int = 1, expiry_s: int | None = None) -> None:
        """The newest payload of a retained topic; on MQTT 5 the broker forgets it after ``expiry_s``."""
        self._slots[topic] = _Slot(Publication(topic, encode(payload), qos, retain=True, expiry_s=expiry_s))

    def unset(self, topic: str) -> None:
        """Say nothing more on a retained topic."""
        self._slots.pop(topic, None)

    def said(self, topic: str) -> bool:
        """Whether the broker has the newest payload of a retained topic."""
        slot = self._slots.get(topic)
        return slot is not None and not slot.due and self._live_since is not None and not self._in_flight(topic)

    def answer(self, topic: str, payload: dict[str, Any], correlation: bytes | None) -> None:
        """Answer a request over this connection or never: a late answer is worse than none."""
        if self._live_since is not None:
            message = Publication(topic, encode(payload), qos=1, retain=False, correlation=correlation)
            self._answers.append(message)

    def up(self, receive_maximum: int) -> None:
        """A connection stands: everything is said again, events from the oldest that waits."""
        self._window = max(1, min(_WINDOW, receive_maximum))
        self._sent.clear()
        self._after_seq = 0
        self._held.clear()
        self._live_since = self._clock.ticks()
        for slot in self._slots.values():
            slot.due = True

    def down(self) -> None:
        """The connection is gone, and what was not confirmed with it."""
        self._sent.clear()
        self._answers.clear()
        self._live_since = None

    def rewind(self) -> None:
        """Events came to light that are older than what was sent: begin again with the oldest."""
        self._after_seq = 0

    def confirmed(self, mid: int, refused: str | None) -> None:
        """The broker has taken, or refused, a message."""
        sent = self._sent.pop(mid, None)
        if sent is None:
            return
        if refused is None:
            self._refused.discard(sent.topic)  # another refusal is told again
        elif sent.topic not in self._refused:
            self._refused.add(sent.topic)
            kept = "" if sent.seq is None else "; its events stay in the outbox"
            _log.warning("broker rejects %s: %s%s", sent.topic, refused, kept)
        if sent.seq is None:
            return
        held = self._held.get(sent.topic)
        if refused is None:
            self._confirmed.append(sent.seq)
            if held:
                self._release(sent.topic)
        elif mid > 0:  # one that is too large holds up no smaller one
            # It stays in the outbox: rules of access get mended.
            oldest_seq = min(held.oldest_seq, sent.seq) if held else sent.seq
            self._held[sent.topic] = _Held(oldest_seq, self._now() + _REFUSED_AGAIN_S)

    def pump(self) -> None:
        """Forget what was confirmed and send what the connection has room for: answers, latest words, events."""
        if self._confirmed:
            self._journal.outbox.remove(self._confirmed)
            self._confirmed.clear()
        if self._live_since is None:
            return
        self._send_answers()
        for topic, slot in self._slots.items():
            if slot.due and self._room and not self._in_flight(topic):
                slot.due = not self._dispatch(slot.message)
        self._offer_again()
        self._send_events()

    @property
    def under_way(self) -> Collection[int]:
        """Numbers of the events sent and not confirmed: the broker may have them."""
        return {sent.seq for sent in self._sent.values() if sent.seq is not None} | set(self._confirmed)

    def waits_since(self) -> float | None:
        """When the oldest message still unconfirmed was sent, None if there is none."""
        return min((sent.at for sent in self._sent.values()), default=None)

    def settled(self) -> bool:
        """Whether nothing is left to send or to be confirmed."""
        return not self._sent and not self._answers and not any(slot.due for slot in self._slots.values())

    def _send_answers(self) -> None:
        while self._answers and self._room:
            self._dispatch(self._answers.popleft())

    def _offer_again(self) -> None:
        """One event of a held topic tells whether the broker takes it now."""
        for topic, held in list(self._held.items()):
            if self._now() < held.until or self._in_flight(topic) or not self._room:
                continue
            oldest = self._waiting(held.oldest_seq - 1, 1)
            if oldest and self._topics.event(oldest[0].category) == topic:
                self._send_event(oldest[0])
            else:  # the outbox has dropped it
                self._release(topic)

    def _release(self, topic: str) -> None:
        del self._held[topic]
        self.rewind()

    def _send_events(self) -> None:
        """Those that wait, from the oldest, past what is under way or held."""
        under_way = {sent.seq for sent in self._sent.values()}
        while self._room and (waiting := self._waiting(self._after_seq, self._window)):
            for event in waiting:
                free = event.seq not in under_way and self._topics.event(event.category) not in self._held
                if free and not (self._room and self._send_event(event)):
                    return
                self._after_seq = event.seq

    def _waiting(self, after_seq: int, limit: int) -> list[Outgoing]:
        return self._journal.waiting(after_seq, limit, live_since=self._live_since)

    def _send_event(self, event: Outgoing) -> bool:
        message = Publication(self._topics.event(event.category), encode(event.payload), qos=1, retain=False)
        return self._dispatch(message, event.seq)

    @property
    def _room(self) -> int:
        return max(0, self._window - len(self._sent))

    def _dispatch(self, message: Publication, seq: int | None = None) -> bool:
        """Send it and note that its confirmation is due; False where there is no connection."""
        mid = self._send(message)
        if mid is not None:
            self._sent[mid] = _Sent(self._now(), message.topic, seq)
        return mid is not None

    def _in_flight(self, topic: str) -> bool:
        return any(sent.topic == topic for sent in self._sent.values())
