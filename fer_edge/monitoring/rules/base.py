"""What all rules have in common: one open event at a time, and its phases."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fer_edge.core import EVENT_TYPES, Event, Level, OpenEvent, Phase
from fer_edge.monitoring.moment import Moment

QUIET: tuple[Event, ...] = ()


class Phases:
    """The phases of one event at a time.

    ``keys`` numbers the events of a run and is shared by all rules. ``open`` is the event that has
    started and not ended, or None. ``details`` go into every phase.
    """

    category: str

    def __init__(self, keys: Iterator[int], details: Mapping[str, Any] | None = None) -> None:
        self._keys = keys
        self._always = dict(details or {})
        self.open: OpenEvent | None = None
        self._told_at = 0.0

    def reset(self) -> None:
        """Forget what led up to this moment (a new driver, a new clock); no event is open."""

    def abort(self, at: float, reason: str, until: float | None = None) -> Sequence[Event]:
        """End what is open because watching stopped, at ``until`` if not now, and forget; what was over stays over."""
        details = {**self._subject(), "reason": reason}
        until = at if until is None else until
        over = until if self.open is None or self.open.until is None else min(self.open.until, until)
        ended = (self._end(at, over, details),) if self.open else QUIET
        self.reset()
        return ended

    def _subject(self) -> Mapping[str, Any]:
        """What the open event is about, for an end that comes from outside."""
        return {}

    def _start(self, event_type: str, level: Level, at: float, since: float, details: Mapping[str, Any]) -> Event:
        self.open, self._told_at = OpenEvent(next(self._keys), event_type, level, since), at
        return self._phase(self.open, Phase.START, at, since, at, details)

    def _update(self, event_type: str, level: Level, at: float, since: float, details: Mapping[str, Any]) -> Event:
        opened = self._opened()
        self.open, self._told_at = OpenEvent(opened.key, event_type, level, min(opened.since, since)), at
        return self._phase(self.open, Phase.UPDATE, at, since, at, details)

    def _wait(self, over_since: float | None) -> None:
        """The open event waits for its end: what it is about is over since then (None: it goes on)."""
        until = None if over_since is None else max(over_since, self._told_at)
        self.open = replace(self._opened(), until=until)

    def _end(self, at: float, until: float, details: Mapping[str, Any]) -> Event:
        """End the event at ``at``; what it is about had lasted until ``until``, and as long as was told before."""
        opened = self._opened()
        self.open = None
        return self._phase(opened, Phase.END, at, opened.since, max(until, self._told_at), details)

    def _opened(self) -> OpenEvent:
        if self.open is None:
            raise RuntimeError(f"{type(self).__name__}: no event is open")
        return self.open

    def _phase(
        self, event: OpenEvent, phase: Phase, at: float, since: float, until: float, details: Mapping[str, Any]
    ) -> Event:
        return Event(
            key=event.key,
            category=EVENT_TYPES[event.event_type].category,
            event_type=event.event_type,
            phase=phase,
            level=event.level,
            at=at,
            began_at=since,
            held_s=max(until - since, 0.0),
            details={name: _rounded(value) for name, value in {**self._always, **details}.items()},
        )


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value


class Rule(Phases, ABC):
    """Turns moments into the phases of one event."""

    @abstractmethod
    def step(self, now: Moment) -> Sequence[Event]:
        """What this moment starts, changes or ends; usually nothing."""
