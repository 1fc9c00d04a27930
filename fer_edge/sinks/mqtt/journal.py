"""What the rules say, as stored and published messages: ids, numbers, times, and events left open."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from fer_edge.core import Event, Phase
from fer_edge.sinks.clock import Clock, iso
from fer_edge.sinks.mqtt.outbox import Message, Outbox
from fer_edge.sinks.payloads import Payload, event_body, stamp_event

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stamp:
    """The clocks at one moment."""

    wall: float
    wall_ok: bool
    ticks: float

    @classmethod
    def now(cls, clock: Clock) -> Stamp:
        """All three read together."""
        return cls(clock.wall(), clock.wall_ok(), clock.ticks())

    @property
    def iso(self) -> str:
        """The wall clock as text."""
        return iso(self.wall)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One event message ready to go."""

    seq: int
    category: str
    payload: Payload


class Journal:
    """Turns events into messages of the outbox and back; lives in one thread like the outbox."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self.outbox = outbox
        self._clock = clock
        self._run = uuid.uuid4().hex[:8]
        self.ids: dict[int, str] = {}
        self._bodies: dict[str, dict[str, Any]] = {}

    def add(self, events: Iterable[tuple[Event, Stamp]], under_way: Collection[int] = ()) -> None:
        """Store phases of events in order, in one commit; nothing more of an event that the outbox has dropped.

        ``under_way`` are messages that the broker may have by now.
        """
        seq = self.outbox.next_seq
        left_out = 0
        messages: list[Message] = []
        changed: dict[str, None] = {}
        for event, stamp in events:
            identity = self.ids.setdefault(event.key, f"{self._run}-{seq}")
            if identity in self.outbox.gone:
                left_out += 1
                if event.phase is Phase.END:
                    self.outbox.gone.discard(identity)
                    self._forget(event.key, identity)
                continue
            body = {"id": identity, **event_body(event)}
            messages.append(self._message(seq, body, stamp))
            changed[identity] = None
            self._bodies[identity] = body
            if event.phase is Phase.END:
                self._forget(event.key, identity)
            seq += 1
        opened = {identity: _dumps(self._bodies[identity]) for identity in changed if identity in self._bodies}
        closed = [identity for identity in changed if identity not in self._bodies]
        self.outbox.add(messages, opened, closed, under_way)
        self.outbox.leave_out(left_out)

    def end_left_open(self, reason: str) -> None:
        """End every event that an earlier run, or this one, leaves open.

        ``held_s`` of such an end is the least it lasted: what the last stored phase said.
        """
        stamp = Stamp.now(self._clock)
        seq = self.outbox.next_seq
        left = {identity: _loads(body) for identity, body in self.outbox.open_events().items()}
        readable = [body for body in left.values() if body is not None]
        messages = [self._message(seq + offset, self._end(body, reason), stamp) for offset, body in enumerate(readable)]
        self.outbox.add(messages, {}, left)
        self.ids.clear()
        self._bodies.clear()

    def waiting(self, after_seq: int, limit: int, *, live_since: float | None) -> list[Outgoing]:
        """The next messages to publish. What was stored before tick ``live_since`` is historical."""
        stamp = Stamp.now(self._clock)
        stored = [(message, _loads(message.body)) for message in self.outbox.waiting(after_seq, limit)]
        unreadable = [message.seq for message, body in stored if body is None]
        if unreadable:
            _log.error("outbox: events %s are corrupt on disk and are skipped", unreadable)
            self.outbox.remove(unreadable)
        return [self._outgoing(message, body, stamp, live_since) for message, body in stored if body is not None]

    def _outgoing(self, message: Message, body: dict[str, Any], now: Stamp, live_since: float | None) -> Outgoing:
        identity = body.pop("id")
        wall, wall_ok = message.wall, message.wall_ok
        same_boot = message.boot == self._clock.boot() and message.boot != ""
        if not wall_ok and now.wall_ok and same_boot:
            # The wall clock was wrong then; the boot clock tells how long ago that was.
            wall, wall_ok = now.wall - (now.ticks - message.ticks), True
        live = live_since is not None and same_boot and message.ticks >= live_since
        payload = stamp_event(body, id=identity, seq=message.seq, time=iso(wall), time_ok=wall_ok, historical=not live)
        return Outgoing(message.seq, body["category"], payload)

    @staticmethod
    def _end(body: dict[str, Any], reason: str) -> dict[str, Any]:
        return {**body, "phase": str(Phase.END), "reason": reason}

    def _forget(self, key: int, identity: str) -> None:
        self.ids.pop(key, None)
        self._bodies.pop(identity, None)

    def _message(self, seq: int, body: dict[str, Any], stamp: Stamp) -> Message:
        return Message(
            seq, _dumps({**body, "run": self._run}), stamp.wall, stamp.wall_ok, stamp.ticks, self._clock.boot()
        )


def _dumps(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"), allow_nan=False)


def _loads(text: str) -> dict[str, Any] | None:
    """A stored body; None where the disk no longer gives what was written."""
    try:
        body = json.loads(text)
    except ValueError:
        return None
    return body if isinstance(body, dict) and {"id", "category"} <= set(body) else None
