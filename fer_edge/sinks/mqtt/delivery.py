"""The thread behind the MQTT sink: it stores, connects, publishes, and waits for the next call."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.core import DriverState, Event
from fer_edge.settings.reads import MqttReads
from fer_edge.sinks.clock import Clock, iso
from fer_edge.sinks.mqtt import homeassistant
from fer_edge.sinks.mqtt.announced import Announced
from fer_edge.sinks.mqtt.journal import Journal, Stamp
from fer_edge.sinks.mqtt.link import Link
from fer_edge.sinks.mqtt.outbox import Outbox
from fer_edge.sinks.mqtt.publisher import Publisher
from fer_edge.sinks.mqtt.states import StateFeed
from fer_edge.sinks.mqtt.topics import Topics
from fer_edge.sinks.mqtt.vss import VehicleSignals
from fer_edge.sinks.payloads import Payload, state_payload, stats_payload

_log = logging.getLogger(__name__)

_GOODBYE_S = 1.0
_HOUSEKEEPING_S = 60.0
_BREATHER_S = 0.2


@dataclass(frozen=True, slots=True)
class OutboxCondition:
    """Where events are kept (``storage`` disk, memory or lost, with the reason), and how many wait.

    ``lost_at`` is when the file was last taken away while it was in use, or set aside as damaged, ISO 8601 in UTC.
    """

    storage: str = "memory"
    reason: str | None = "not started"
    waiting: int = 0
    dropped: int = 0
    lost_at: str | None = None

    @classmethod
    def of(cls, outbox: Outbox) -> OutboxCondition:
        """As it is now."""
        lost_at = None if outbox.lost_wall is None else iso(outbox.lost_wall)
        return cls(outbox.storage, outbox.reason, len(outbox), outbox.dropped, lost_at)

    def lasting(self) -> Payload:
        """What does not change with every event, for ``info``."""
        known = {"storage": self.storage, "reason": self.reason, "dropped": self.dropped}
        return known if self.lost_at is None else {**known, "lost_at": self.lost_at}

    def passing(self) -> Payload:
        """What does, for ``stats``."""
        return {"storage": self.storage, "waiting": self.waiting, "dropped": self.dropped}


@dataclass(frozen=True, slots=True)
class Shared:
    """What the sink shares with its thread."""

    settings: MqttReads
    topics: Topics
    clock: Clock
    path: Path | None
    spare: Path | None
    link: Link
    feed: StateFeed
    info: Callable[[Payload], Payload]
    stored: Callable[[int], None]
    without: str = "no state directory"
    """Why there is no path, where there is none."""


EXPIRY_S, REPEAT_S = 90, 30.0
"""What a kill would leave untrue expires so soon on MQTT 5, and is said again so often while it is true."""


class Delivery:
    """Made and used in one thread; others reach it by putting calls into the inbox."""

    def __init__(self, shared: Shared, inbox: queue.SimpleQueue[Callable[[Delivery], None]]) -> None:
        self._shared = shared
        self._inbox = inbox
        self._mqtt = shared.settings.mqtt
        bounds = self._mqtt.outbox
        outbox = Outbox(
            shared.path,
            max_messages=bounds.max_events,
            max_age_s=bounds.max_age_days * 86400,
            wall=shared.clock.wall(),
            spare=shared.spare,
        )
        if shared.path is None:
            outbox.reason = shared.without
        self._journal = Journal(outbox, shared.clock)
        self.publisher = Publisher(self._journal, shared.topics, shared.clock, shared.link.publish)
        self._vehicle_signals = (
            VehicleSignals(self.publisher.set, shared.topics.base, self._mqtt.state_qos, REPEAT_S)
            if self._mqtt.vss
            else None
        )
        self.condition = OutboxCondition.of(outbox)
        self._fresh: list[tuple[Event, Stamp]] = []
        self._told: Payload = {}
        self._camera, self._camera_said = "", 0.0
        self._tidied_at = 0.0
        self._wall_at_boot: float | None = None
        self._announced = Announced(None if shared.path is None else shared.path.with_name("announced.json"))
        self._taking_back: list[str] = []
        self._stopping = False
        self._breather = threading.Event()  # never set: a fault that stays must not spin

    def run(self) -> None:
        """Work until stopped. A fault of one round is logged, and the next round goes on."""
        self._attempt(self._begin)
        while not self._stopping:
            if not self._attempt(self._round):
                self._breather.wait(_BREATHER_S)
        self._attempt(self._say_goodbye)
        self._journal.outbox.close()

    def _attempt(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except Exception as error:
            _log.error("publishing failed, continuing: %r", error, exc_info=_log.isEnabledFor(logging.DEBUG))
            return False
        return True

    def _begin(self) -> None:
        # What an earlier run left retained goes before the word that this one is here.
        topics = self._shared.topics
        self.camera("offline")
        nobody, stamp = DriverState(at=0.0, profile=self._shared.settings.profile), Stamp.now(self._shared.clock)
        self.publisher.set(topics.state, state_payload(nobody, time=stamp.iso, time_ok=stamp.wall_ok))
        if self._vehicle_signals:
            self._vehicle_signals.forget()
        self.publisher.set(topics.status, "online")
        self.announce()
        self._journal.end_left_open("aborted")

    def event(self, event: Event, stamp: Stamp) -> None:
        """Store it with whatever else has come by now, in one commit."""
        self._fresh.append((event, stamp))

    def camera(self, status: str) -> None:
        """The newest word on the camera."""
        now = time.monotonic()
        if status == self._camera and now - self._camera_said < REPEAT_S:
            return
        self._camera, self._camera_said = status, now
        self.publisher.set(self._shared.topics.camera, status, expiry_s=None if status == "offline" else EXPIRY_S)

    def stats(self, values: Mapping[str, Any]) -> None:
        """The daemon's health and this side's."""
        stamp = Stamp.now(self._shared.clock)
        payload = stats_payload({**values, "outbox": self.condition.passing()}, time=stamp.iso, time_ok=stamp.wall_ok)
        # Three of them may be missed; after a kill they are forgotten, as the last one before a stop is not.
        lasts_s = None if values.get("camera") == "offline" else max(EXPIRY_S, int(3 * self._mqtt.stats_interval_s))
        self.publisher.set(self._shared.topics.stats, payload, qos=0, expiry_s=lasts_s)

    def tell_info(self) -> None:
        """Publish ``info`` with the condition of the outbox."""
        self._told = self.condition.lasting()
        self.publisher.set(self._shared.topics.info, self._shared.info(self._told))

    def announce(self) -> None:
        """Describe this device to Home Assistant, and take back what it was under other names."""
        topic = self._shared.topics.discovery if self._mqtt.homeassistant.enabled else None
        if topic is not None:
            before = self._announced.before(topic)
            payload = homeassistant.discovery(self._shared.settings, self._shared.topics, before)
            self.publisher.set(topic, payload)
            self._announced.note(topic, payload)
        self._taking_back = self._announced.others(topic)
        for other in self._taking_back:
            self.publisher.set(other, "")

    def _forget_taken_back(self) -> None:
        for topic in [topic for topic in self._taking_back if self.publisher.said(topic)]:
            self.publisher.unset(topic)
            self._announced.forget(topic)
            self._taking_back.remove(topic)

    def event_key(self, event_id: str) -> int | None:
        """The key of an open event; may be asked from any thread."""
        return next((key for key, known in dict(self._journal.ids).items() if known == event_id), None)

    def event_id(self, key: int) -> str | None:
        """The published id of an open event; may be asked from any thread."""
        return self._journal.ids.get(key)

    def stop(self) -> None:
        """Finish after this round."""
        self._stopping = True

    def _round(self) -> None:
        due = min(self._shared.link.step(), self._shared.feed.due_at(), self._tidied_at + _HOUSEKEEPING_S)
        self._take(max(0.0, min(due - time.monotonic(), self._mqtt.answer_s)))
        self._store()
        self._tell_state()
        self._tidy()
        self.publisher.pump()
        self._forget_taken_back()
        since = self.publisher.waits_since()
        if since is not None and time.monotonic() - since > self._mqtt.answer_s:
            self._shared.link.drop(f"hung: nothing confirmed for {self._mqtt.answer_s:g} s")

    def _tell_state(self, *, expires: bool = True) -> None:
        payload = self._shared.feed.take(self._journal.ids)
        if payload is not None:
            # Said again at each heartbeat: it may not expire between two.
            lasts_s = max(EXPIRY_S, int(3 * self._mqtt.heartbeat_s)) if expires else None
            qos = self._mqtt.state_qos if expires else 1
            self.publisher.set(self._shared.topics.state, payload, qos=qos, expiry_s=lasts_s)
            if self._vehicle_signals:
                self._vehicle_signals.tell(payload, self._camera, time.monotonic(), lasts_s)

    def _take(self, wait_s: float) -> None:
        try:
            self._inbox.get(timeout=wait_s)(self)
            for _ in range(1000):
                self._inbox.get_nowait()(self)
        except queue.Empty:
            pass

    def _store(self) -> None:
        self._journal.outbox.check(self._shared.clock.wall())
        if self._fresh:
            self._journal.add(self._fresh, self.publisher.under_way)
            stored = len(self._fresh)
            self._fresh.clear()
            self._shared.stored(stored)
        self.condition = OutboxCondition.of(self._journal.outbox)
        if self.condition.lasting() != self._told:
            self.tell_info()

    def _repeat_camera(self) -> None:
        """Before it expires: after a kill nobody takes it back."""
        if self._camera != "offline" and time.monotonic() - self._camera_said >= REPEAT_S:
            self.camera(self._camera)

    def _tidy(self) -> None:
        self._repeat_camera()
        if time.monotonic() - self._tidied_at < _HOUSEKEEPING_S:
            return
        self._tidied_at = time.monotonic()
        if self._journal.outbox.recover():
            self.publisher.rewind()
        clock = self._shared.clock
        if self._wall_at_boot is None and clock.wall_ok():
            self._wall_at_boot = clock.wall() - clock.ticks()
        # Set once: a clock that jumps later makes nothing older.
        wall = None if self._wall_at_boot is None else self._wall_at_boot + clock.ticks()
        self._journal.outbox.drop_older(clock.ticks(), clock.boot(), wall)

    def _say_goodbye(self) -> None:
        """What waits goes first, ``offline`` last; a broker that is slow or away is not waited for."""
        until = time.monotonic() + _GOODBYE_S
        self._store()
        self._journal.end_left_open("stopped")
        self._tell_state(expires=False)
        if self._vehicle_signals:
            self._vehicle_signals.forget()
        self._settle(until - _GOODBYE_S / 2)
        self._forget_taken_back()
        self.publisher.set(self._shared.topics.status, "offline")
        self._settle(until)
        self._shared.link.close()

    def _settle(self, until: float) -> None:
        self.publisher.pump()
        while self._shared.link.up and time.monotonic() < until:
            if self.publisher.settled() and len(self._journal.outbox) == 0:
                return
            self._take(0.05)
            self.publisher.pump()
