"""Profile kiosk: everyone in view, each with presence and expression."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fer_edge.core import Event, OpenEvent, Person, PersonState, Signals
from fer_edge.monitoring.rules.base import QUIET
from fer_edge.monitoring.rules.emotion import Emotion
from fer_edge.monitoring.rules.present import Present
from fer_edge.settings.reads import MonitorReads


class Follower:
    """One person: how long in view, and the smoothed expression."""

    def __init__(self, keys: Iterator[int], settings: MonitorReads, person: int, at: float) -> None:
        rules, details = settings.monitoring.people, {"person": person}
        self.person, self.since, self.seen_at = person, at, at
        self.presence = Present(keys, rules, details)
        self.emotion: Emotion | None = None
        if settings.emotion.enabled:
            self.emotion = Emotion(keys, settings.emotion, settings.monitoring.filter.gap_s, rules.gone_s, details)

    def step(self, at: float, dt: float, person: Person) -> Sequence[Event]:
        """Take this person's part of a frame."""
        self.seen_at = at
        events = list(self.presence.seen(at, self.since))
        if self.emotion:
            events += self.emotion.read(at, dt, person.emotions)
        return events

    def leave(self, at: float, reason: str) -> Sequence[Event]:
        """End what is open: the person is gone, or watching stops."""
        rules = (self.emotion, self.presence)
        return [event for rule in rules if rule for event in rule.abort(at, reason, self.seen_at)]

    def describe(self, at: float) -> PersonState:
        """As a state shows it."""
        emotion = self.emotion
        return PersonState(
            person=self.person,
            present_s=at - self.since,
            emotion=emotion.current if emotion else None,
            emotions=dict(emotion.smoothed) if emotion and emotion.smoothed else None,
        )

    @property
    def open(self) -> Iterator[OpenEvent]:
        """Events that have started and not ended."""
        return (rule.open for rule in (self.presence, self.emotion) if rule and rule.open)


class People:
    """Follows everyone by the track ids that perception gives."""

    def __init__(self, keys: Iterator[int], settings: MonitorReads) -> None:
        self._keys, self._settings = keys, settings
        self._gone_s = settings.monitoring.people.gone_s
        self._followed: dict[int, Follower] = {}

    def step(self, signals: Signals, dt: float) -> Sequence[Event]:
        """Take one frame, ``dt`` seconds after the last."""
        if not signals.people and not self._followed:
            return QUIET
        events: list[Event] = []
        for person in signals.people:
            track = person.face.track
            if track is None:
                continue
            if track not in self._followed:
                self._followed[track] = Follower(self._keys, self._settings, track, signals.at)
            events += self._followed[track].step(signals.at, dt, person)
        for track, follower in list(self._followed.items()):
            if signals.at - follower.seen_at >= self._gone_s:
                events += follower.leave(signals.at, "absent")
                del self._followed[track]
        return events

    def abort(self, at: float, reason: str) -> Sequence[Event]:
        """End what is open because watching stopped, and forget everyone."""
        events = [event for follower in self._followed.values() for event in follower.leave(at, reason)]
        self._followed.clear()
        return events

    def describe(self, at: float) -> tuple[PersonState, ...]:
        """Everyone whose presence has been told, as a state shows them."""
        return tuple(f.describe(at) for f in self._followed.values() if f.presence.open)

    @property
    def open(self) -> Iterator[OpenEvent]:
        """Events that have started and not ended."""
        return (event for follower in self._followed.values() for event in follower.open)
