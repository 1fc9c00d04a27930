"""When a state is worth a message: at once for what is discrete, now and then for numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fer_edge.core import DriverState
from fer_edge.settings import MqttSettings
from fer_edge.sinks.clock import Clock, iso
from fer_edge.sinks.payloads import Payload, state_payload


@dataclass(frozen=True, slots=True)
class _Latest:
    state: DriverState
    discrete: tuple[Any, ...]
    ticks: float


class StateFeed:
    """A box for the newest state: filled by the main loop for every frame, emptied by the publisher.

    ``now`` is a monotonic clock in seconds. Only :meth:`put` may be called from another thread.
    """

    def __init__(self, settings: MqttSettings, clock: Clock, now: Callable[[], float]) -> None:
        self._interval_s = settings.state_interval_s
        self._heartbeat_s = settings.heartbeat_s
        self._clock = clock
        self._now = now
        self._latest: _Latest | None = None
        self._shown: tuple[Any, ...] = ()
        self._shown_payload: Payload = {}
        self._shown_at = float("-inf")
        self._looked_at = float("-inf")

    def put(self, state: DriverState) -> bool:
        """Keep the newest state; True when something discrete changed, so that it should go at once."""
        before, discrete = self._latest, _discrete(state)
        self._latest = _Latest(state, discrete, self._clock.ticks())
        return before is None or before.discrete != discrete

    def due_at(self) -> float:
        """When to look again, on the clock of ``now``."""
        return max(self._looked_at, self._shown_at) + min(self._interval_s, self._heartbeat_s)

    def take(self, ids: Mapping[int, str]) -> Payload | None:
        """The payload to publish now, if any. ``ids`` are the published ids of open events."""
        latest, now = self._latest, self._now()
        if latest is None:
            self._looked_at = now
            return None
        known = (latest.discrete, tuple(ids.get(event.key) for event in latest.state.open_events))
        at_once = known != self._shown
        if not at_once and now < self.due_at():
            return None
        self._looked_at = now
        payload = self._payload(latest, ids)
        if not at_once and now - self._shown_at < self._heartbeat_s and _same_but_time(payload, self._shown_payload):
            return None
        self._shown, self._shown_payload, self._shown_at = known, payload, now
        return payload

    def _payload(self, latest: _Latest, ids: Mapping[int, str]) -> Payload:
        # The time of the frame: a heartbeat while the camera is away repeats an old state and says so.
        taken_at = self._clock.wall() - (self._clock.ticks() - latest.ticks)
        # An event that is not stored yet, or ended a moment ago, has no id that anybody could follow.
        told = tuple(event for event in latest.state.open_events if event.key in ids)
        return state_payload(
            replace(latest.state, open_events=told), ids=ids, time=iso(taken_at), time_ok=self._clock.wall_ok()
        )


def _discrete(state: DriverState) -> tuple[Any, ...]:
    """What a subscriber wants to hear of at once."""
    return (
        state.profile,
        state.present,
        state.level,
        tuple((event.key, event.event_type, event.level) for event in state.open_events),
        state.emotion,
        state.calibration.state,
        state.paused_s is not None,
        state.lens,
        state.degraded_rate,
        tuple((person.person, person.emotion) for person in state.people),
    )


def _same_but_time(one: Payload, other: Payload) -> bool:
    return {**one, "time": None} == {**other, "time": None}
