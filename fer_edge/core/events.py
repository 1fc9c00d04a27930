"""Events: what began, changed or ended, and how urgent it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of event: its category, which is the topic it goes to, and what people read for it."""

    category: str
    title: str


EVENT_TYPES: Mapping[str, EventType] = {
    "microsleep": EventType("fatigue", "Microsleep"),
    "sleep": EventType("fatigue", "Asleep"),
    "unresponsive": EventType("fatigue", "Unresponsive"),
    "drowsy": EventType("fatigue", "Drowsy"),
    "yawn": EventType("fatigue", "Yawning"),
    "nod": EventType("fatigue", "Nodding off"),
    "distracted": EventType("attention", "Distracted"),
    "absent": EventType("view", "No driver"),
    "view_degraded": EventType("view", "View degraded"),
    "present": EventType("view", "In view"),
    "emotion": EventType("emotion", "Expression"),
}
"""Every type there is; one that is not here cannot be told. ``python -m fer_edge.schemas`` hands them on."""


class Level(StrEnum):
    """How urgent an event is, or that there is none; compare with :attr:`rank`."""

    NONE = "none"
    INFO = "info"
    ADVISORY = "advisory"
    WARNING = "warning"
    CRITICAL = "critical"

    @cached_property
    def rank(self) -> int:
        """-1 for none, 0 for info up to 3 for critical."""
        return list(Level).index(self) - 1


class Phase(StrEnum):
    """Where an event is in its life: one ``id`` goes through start, any updates, and end."""

    START = "start"
    UPDATE = "update"
    END = "end"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that began, changed or ended, as the rules see it.

    ``key`` is the same for all phases of one event and unique within a run; the publisher turns
    it into the ``id`` subscribers see. ``at`` is the frame-clock time the phase became due;
    ``began_at`` the back-dated beginning of what is held (the raw crossing). ``held_s`` is how
    long that had lasted at ``at``. ``details`` are further payload fields (``perclos``,
    ``coverage``, ``emotion``, ``reason``, ``person``), None where unknown.
    """

    key: int
    category: str
    event_type: str
    phase: Phase
    level: Level
    at: float
    began_at: float
    held_s: float
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """An event that has started and not ended, as a state lists it.

    ``since`` is when what it is about began, ``until`` when that was over: an event waits a while before it ends.
    """

    key: int
    event_type: str
    level: Level
    since: float
    until: float | None = None

    def held_s(self, at: float) -> float:
        """How long what it is about had lasted at ``at``; the wait for its end is no part of that."""
        return max((at if self.until is None else self.until) - self.since, 0.0)
