"""The rules: one class an event, each fed with what is known at a moment."""

from __future__ import annotations

from collections.abc import Iterator

from fer_edge.core import Event, Level, OpenEvent
from fer_edge.monitoring.head import HeadReader
from fer_edge.monitoring.moment import Moment
from fer_edge.monitoring.rules.base import Rule
from fer_edge.monitoring.rules.closure import Closure
from fer_edge.monitoring.rules.distracted import Distracted
from fer_edge.monitoring.rules.drowsy import Drowsy
from fer_edge.monitoring.rules.emotion import Emotion
from fer_edge.monitoring.rules.nod import Nod
from fer_edge.monitoring.rules.view import Absent, Degraded
from fer_edge.monitoring.rules.yawn import Yawn
from fer_edge.monitoring.signs import Signs
from fer_edge.settings.reads import MonitorReads

ALARMING = frozenset({"fatigue", "attention"})
"""Categories of events that a state's level speaks of."""
RANK = {level: level.rank for level in Level}


class Rules:
    """The rules in force, in their order: a distraction ends before it becomes unresponsiveness."""

    def __init__(self, keys: Iterator[int], settings: MonitorReads, head: HeadReader) -> None:
        monitoring, driver = settings.monitoring, settings.profile == "driver"
        fatigue, attention = settings.fatigue, settings.attention
        self._yawn = Yawn(keys, monitoring) if fatigue else None
        self._signs = Signs(monitoring.lids)
        # Lids that are down are told even where glances are not asked for: fatigue needs it.
        self._distracted = None
        if attention or fatigue:
            self._distracted = Distracted(keys, monitoring, head, glances=attention, lids=fatigue)
        closure = Closure(keys, monitoring, self._distracted, self._signs) if fatigue and self._distracted else None
        drowsy = Drowsy(keys, monitoring, self._yawn) if self._yawn else None
        nod = Nod(keys, monitoring) if fatigue else None
        self.emotion: Emotion | None = None
        if driver and settings.emotion.enabled:
            self.emotion = Emotion(keys, settings.emotion, monitoring.filter.gap_s, monitoring.view.absent_s)
        self._absent = Absent(keys, monitoring)
        degraded = self._degraded = Degraded(keys, monitoring, eyes=fatigue)
        self.watching = fatigue or attention
        rules = (self._distracted, closure, self._yawn, drowsy, nod, self._absent, degraded, self.emotion)
        self._rules: tuple[Rule, ...] = tuple(rule for rule in rules if rule)
        self._closure, self._drowsy = closure, drowsy
        self._tiring: tuple[Rule, ...] = tuple(rule for rule in (drowsy, nod) if rule)

    def step(self, now: Moment) -> list[Event]:
        """What this moment starts, changes and ends."""
        events: list[Event] = []
        if self._distracted and self._closure:
            self._distracted.asleep = self._closure.open is not None or self._closure.lids_down(now) is not None
        for rule in self._rules:
            told = rule.step(now)
            if told:
                events += told
        self._signs.note(now.at, events, now.eyes, now.lids, bool(self._drowsy and self._drowsy.open))
        return events

    def abort(self, at: float, reason: str, until: float | None) -> list[Event]:
        """End everything and forget what led here."""
        return [event for rule in self._rules for event in rule.abort(at, reason, until)]

    def abandon(self, at: float) -> list[Event]:
        """The driver is gone: end everything but that."""
        self._signs.reset()
        return [event for rule in self._rules if rule is not self._absent for event in rule.abort(at, "absent")]

    def unjudged(self, at: float, until: float) -> list[Event]:
        """The lens has been dark or covered for long: what is open of the driver ends when the face was last seen."""
        alarming = [rule for rule in self._rules if rule.open and rule.category in ALARMING]
        return [event for rule in alarming for event in rule.abort(at, "unjudged", until)]

    def another(self, at: float, until: float | None) -> list[Event]:
        """Another driver: what the last one did ends and is no sign any more; the view stays what it is."""
        self._signs.reset()
        theirs = [rule for rule in self._rules if rule.category != "view"]
        return [event for rule in theirs for event in rule.abort(at, "person", until)]

    @property
    def signs(self) -> Signs:
        """What happened lately that makes lids that are down suspect."""
        return self._signs

    def yawns(self, at: float) -> int:
        """Yawns in their window."""
        return self._yawn.recent.count(at) if self._yawn else 0

    @property
    def tired(self) -> bool:
        """Whether an event says that this driver is not clearly awake."""
        return bool(self._closure and self._closure.tired) or any(rule.open for rule in self._tiring)

    @property
    def level(self) -> Level | None:
        """The highest level of what is open of fatigue and attention; expressions and the view do not count."""
        levels = [rule.open.level for rule in self._rules if rule.open and rule.category in ALARMING]
        return max(levels, key=RANK.__getitem__) if levels else None

    @property
    def blind(self) -> bool:
        """Whether the view is known not to show what has to be judged."""
        return self._degraded.open is not None

    @property
    def open(self) -> tuple[OpenEvent, ...]:
        """Events that have started and not ended."""
        return tuple([rule.open for rule in self._rules if rule.open])
