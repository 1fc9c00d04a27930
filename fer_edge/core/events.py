"""Events: what began, changed or ended, and how urgent it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

EVENT_TYPES: Mapping[str, str] = {
    "microsleep": "fatigue",
    "sleep": "fatigue",
    "unresponsive": "fatigue",
    "drowsy": "fatigue",
    "yawn": "fatigue",
    "nod": "fatigue",
    "distracted": "attention",
    "absent": "view",
    "view_degraded": "view",
    "present": "view",
    "emotion": "emotion",
}
"""Every type of event with its category, which is the topic it goes to. One that is not here cannot be told."""


class Level(StrEnum):
    """How urgent an event is, or that there is none; compare with :attr:`rank`."""

    NONE = "none"
    INFO = "info"
    ADVISORY = "advisory"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
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
    """An event that has started and not ended, as a state lists it."""

    key: int
    event_type: str
    level: Level
    since: float
