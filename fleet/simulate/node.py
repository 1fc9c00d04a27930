"""One simulated node: the product's journal, outbox and publisher, fed from recorded drives."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from fer_edge.core import DriverState, Event
from fer_edge.sinks.clock import iso
from fer_edge.sinks.mqtt.client import Identity, Publication
from fer_edge.sinks.mqtt.journal import Journal, Stamp
from fer_edge.sinks.mqtt.publisher import Publisher
from fer_edge.sinks.mqtt.topics import Topics
from fer_edge.sinks.payloads import info_payload, state_payload, stats_payload
from fer_edge.sinks.wire import encode
from fleet.simulate.clocks import NodeClock
from fleet.simulate.drives import SETTINGS, Drive
from fleet.simulate.truth import Truth, TruthfulOutbox
from fleet.simulate.wires import Ears, Wire, Wires

_STATS_S = 60.0
_OUTBOX = {"storage": "disk", "reason": None, "dropped": 0}
_NO_MODELS: Sequence[dict[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """How often what goes wrong, for one node; times in simulated seconds, 0 for never."""

    cut_every_s: float = 0.0
    """Between two losses of the link, on average."""
    cut_s: tuple[float, float] = (5.0, 120.0)
    """How long it is away: from, to; short ones are more frequent."""
    restart_every_s: float = 0.0
    """Between two kills of the daemon, on average; the next has a new ``run``."""
    doubled: float = 0.0
    """Share of confirmed event messages that are sent once more."""


class Node:
    """Plays drives over one connection. ``members`` are hosts and ports of the broker, tried in turn."""

    def __init__(
        self,
        name: str,
        password: str,
        prefix: str,
        members: Sequence[tuple[str, int]],
        wires: Wires,
        clock: NodeClock,
        drives: Sequence[Drive],
        truth: Truth,
        trouble: Trouble,
        state_s: float = 1.0,
        state_qos: int = 0,
        request_qos: int | None = 0,
    ) -> None:
        self.name = name
        self.random = Random(f"node {name}")
        self._members, self._wires = list(members), wires
        self.random.shuffle(self._members)
        self._clock, self._trouble, self._state_s, self._state_qos = clock, trouble, state_s, state_qos
        self._truth, said = truth, truth.events.setdefault(name, [])
        self._settings = SETTINGS.model_copy(update={"node": name})
        self.topics = Topics(f"{prefix}/{name}", name, "homeassistant")
        identity = Identity(f"fer-edge-{name}", name, password, None, self.topics.status)
        ears = Ears(self._up, self._down, self._confirmed)
        requests = None if request_qos is None else (self.topics.requests, request_qos)
        self.wire = Wire(wires, identity, requests, ears)
        self.outbox = TruthfulOutbox(said, clock.wall())
        self._frames = self._play(drives)  # from its first dial on: a vehicle is switched on, and connects
        self._next: tuple[float, DriverState | None, list[Event]] | None = None
        self._states: dict[int, str] = {}
        self._confirmed_state = ""
        self._last: tuple[str, bytes] | None = None
        self._events: dict[int, Publication] = {}
        self._doubles: set[int] = set()
        self._warm = 34.0 if self.random.random() < 0.02 else 0.0
        self.faults: list[str] = []
        self.ended = False
        self._dial_at, self._wait_s = 0.0, 0.5
        now = clock.course.now()
        self._state_at, self._stats_at = now, now + self.random.uniform(0, _STATS_S)
        self._cut_at, self._restart_at = self._soon(trouble.cut_every_s), self._soon(trouble.restart_every_s)
        self._begin()

    def step(self, *, producing: bool = True) -> float:
        """Do what is due; returns when to be called again, in simulated seconds since 1970."""
        now = self._clock.course.now()
        if producing:
            self._trouble_step(now)
            self._feed(now)
        if self.wire.up:
            self.publisher.pump()
        elif not self.ended and time.monotonic() >= self._dial_at and self._wires.may_dial():
            self._dial()
        return now + self._state_s if producing else now + 0.2 * self._clock.course.speed

    def hurry(self) -> None:
        """The link is there again: connect at the next step."""
        self._dial_at = 0.0

    @property
    def switched_on(self) -> bool:
        """Whether it has dialled yet; the broker takes so many logins a second and no more."""
        return self._next is not None

    @property
    def settled(self) -> bool:
        """Whether all that was said has been confirmed."""
        return self.wire.up and len(self.outbox) == 0 and self.publisher.settled() and not self._doubles

    def end(self) -> None:
        """A clean stop, once everything is confirmed."""
        self.ended = True
        self.publisher.set(self.topics.status, "offline")
        self.publisher.pump()
        self.wire.close()

    def end_events(self) -> None:
        """Watching stops: what is open ends."""
        self._journal.end_left_open("stopped")

    def _begin(self) -> None:
        """The daemon starts: a new run on the outbox that is there."""
        self._journal = Journal(self.outbox, self._clock)
        self.publisher = Publisher(self._journal, self.topics, self._clock, self._send)
        self.publisher.set(self.topics.camera, "online")
        self.publisher.set(self.topics.info, info_payload(self._settings, _NO_MODELS, _OUTBOX))
        self.publisher.set(self.topics.status, "online")
        self._journal.end_left_open("aborted")

    def _play(self, drives: Sequence[Drive]) -> Iterator[tuple[float, DriverState | None, list[Event]]]:
        """Simulated times with the state and the events of then, for ever: drives in this node's own order."""
        at = self._clock.course.now()
        first = True
        while True:
            drive = self.random.choice(drives)
            skip = self.random.uniform(0, drive.seconds * 0.8) if first else 0.0
            first = False
            opened: set[int] = set()
            events = iter([*drive.events, (float("inf"), None)])
            due, event = next(events)
            for moment, state in drive.states:
                told: list[Event] = []
                while event is not None and due <= moment:
                    if due >= skip and (event.phase == "start" or event.key in opened):
                        opened.add(event.key)
                        told.append(event)
                    due, event = next(events)
                if moment >= skip:
                    yield at + moment - skip, state, told
            rest = [event] if event is not None else []
            rest += [one for _, one in events if one is not None]
            yield at + drive.seconds - skip, None, [one for one in rest if one.key in opened]
            at += drive.seconds - skip + 1.0

    def _feed(self, now: float) -> None:
        latest = None
        while self._next and self._next[0] <= now:
            _, state, events = self._next
            if events:
                self._journal.add([(event, Stamp.now(self._clock)) for event in events])
                self._state_at = now  # something discrete changed: the state goes at once
            latest = state or latest
            self._next = next(self._frames)
        if latest is not None and now >= self._state_at - 0.5 * self._state_s:
            self._say_state(latest)
            self._state_at = now + self._state_s
        if self._next and now >= self._stats_at:
            self._stats_at = now + _STATS_S
            self._say_stats()

    def _say_state(self, state: DriverState) -> None:
        ids = self._journal.ids
        told = replace(state, open_events=tuple(one for one in state.open_events if one.key in ids))
        stamp = Stamp.now(self._clock)
        payload = state_payload(told, ids=ids, time=stamp.iso, time_ok=stamp.wall_ok)
        self.publisher.set(self.topics.state, payload, qos=self._state_qos)

    def _say_stats(self) -> None:
        stamp = Stamp.now(self._clock)
        hot = 48 + 6 * self.random.random() + self._warm
        values: dict[str, Any] = {"fps": 12.0, "latency_ms_p95": 40 + 20 * self.random.random(), "cpu_percent": 30.0}
        values |= {"memory_mb": 120.0, "temperature_c": hot, "throttled": False, "requests_dropped": 0}
        values |= {"outbox": {"storage": "disk", "waiting": len(self.outbox), "dropped": 0}}
        self.publisher.set(self.topics.stats, stats_payload(values, time=stamp.iso, time_ok=stamp.wall_ok), qos=0)

    def _trouble_step(self, now: float) -> None:
        if now >= self._cut_at:
            self._cut_at = self._soon(self._trouble.cut_every_s)
            low, high = self._trouble.cut_s
            away_s = low * (high / low) ** self.random.random()
            self._drop(away_s / self._clock.course.speed)
        if now >= self._restart_at:
            self._restart_at = self._soon(self._trouble.restart_every_s)
            self._drop(2.0)
            self._clock.boots += 1
            self._begin()

    def _drop(self, seconds: float) -> None:
        self.wire.cut()
        self.publisher.down()
        self._forget_sent()
        self._dial_at = time.monotonic() + seconds

    def _forget_sent(self) -> None:
        self._states.clear()
        self._events.clear()
        self._doubles.clear()

    def _soon(self, every_s: float) -> float:
        return self._clock.course.now() + self.random.expovariate(1 / every_s) if every_s else float("inf")

    def _dial(self) -> None:
        self._next = self._next or next(self._frames)
        self._dial_at = time.monotonic() + 60.0
        self._members.append(self._members.pop(0))
        self.wire.dial(*self._members[0])

    def _up(self) -> None:
        self._wait_s = 0.5
        self.publisher.up(65535)
        self.publisher.pump()

    def _down(self, why: str) -> None:
        self.faults.append(why)
        self.publisher.down()
        self._forget_sent()
        # Spread, so that a thousand nodes do not come back in the same moment.
        self._dial_at = time.monotonic() + self._wait_s * self.random.uniform(0.5, 1.5)
        self._wait_s = min(2 * self._wait_s, 30.0)

    def _send(self, message: Publication) -> int | None:
        mid = self.wire.publish(message)
        if mid is not None and message.topic == self.topics.state:
            self._states[mid] = message.payload.partition(b'"time":"')[2][:24].decode()
        elif mid is not None and not message.retain:
            self._events[mid] = message
            self._truth.first_sent(message.payload)
        return mid

    def _confirmed(self, mid: int) -> None:
        self._truth.taken += 1
        if mid in self._doubles:
            self._doubles.discard(mid)
            return
        state = self._states.pop(mid, None)
        if state is not None and state != self._confirmed_state and self._clock.trusted:
            self._confirmed_state = state
            self._truth.states[self.name] += 1
        event = self._events.pop(mid, None)
        self.publisher.confirmed(mid, None)
        self.publisher.pump()
        if event and self.random.random() < self._trouble.doubled:
            again = self.wire.publish(event)
            if again is not None:
                self._doubles.add(again)


def garbage(random: Random, topics: Topics) -> Publication:
    """A message that breaks the contract, for a test of the dead letters."""
    whole = {"v": 1, "id": "0a0b0c0d-1", "seq": 1, "category": "fatigue", "time": iso(0.0)}
    topic, payload = random.choice(
        (
            (topics.event("fatigue"), b"{"),
            (topics.event("fatigue"), encode({**whole, "v": 2})),
            (topics.event("fatigue"), encode(whole)),
            (topics.state, b"\xff\xfe"),
            (topics.status, b"asleep"),
        )
    )
    return Publication(topic, payload, qos=1, retain=False)
