"""microsleep, sleep, unresponsive: one closure of the eyes and how long it lasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from fer_edge.core import Event, Level
from fer_edge.monitoring.filters import Switch
from fer_edge.monitoring.moment import Moment
from fer_edge.monitoring.rules.base import QUIET, Rule
from fer_edge.settings.monitoring import MonitoringSettings

STAGES = (("microsleep", Level.WARNING), ("sleep", Level.CRITICAL), ("unresponsive", Level.CRITICAL))
MICROSLEEP, SLEEP, UNRESPONSIVE = range(3)


YAWN_LAG_S = 0.5
"""Eyes that shut no more than this before the mouth is wide open shut in the yawn."""


YAWN_LEAST_S = 1.0
"""A mouth wide open for less is talking."""


class Stage(NamedTuple):
    """How far it has come: a position in STAGES, since when, how well judged, and why if not by eyes."""

    rank: int
    since: float
    coverage: float
    reason: str | None


class Counted(NamedTuple):
    """The last closure that counts: since when, until when it was seen, and how well judged."""

    since: float
    until: float
    coverage: float


class Closure(Rule):
    """One event that rises as the closure goes on, and is held when the driver can no longer be seen.

    Eyes shut in a yawn are part of it. The event also rises when the face is lost soon after a closure
    that counts (a slump), and starts, where ``answers`` says so, when a long distraction is left
    without an answer.
    """

    category = "fatigue"

    def __init__(self, keys: Iterator[int], settings: MonitoringSettings, answers: bool) -> None:
        super().__init__(keys)
        self._settings, self._answers = settings.closure, answers
        self._least, self._yawn_s = settings.filter.coverage, settings.yawn.longest_s
        rules = settings.closure
        self._times_s = (rules.microsleep_s, rules.sleep_s, rules.unresponsive_s)
        self._calm = Switch(settings.filter)
        self._rank, self._coverage = MICROSLEEP, 0.0
        self.reset()

    def reset(self) -> None:
        """See :class:`Rule`."""
        self._calm.reset()
        self._counted: Counted | None = None
        self._yawned = (0.0, 0.0)

    def step(self, now: Moment) -> Sequence[Event]:
        """See :class:`Rule`."""
        stage = self._stage(now)
        if stage and (self.open is None or stage.rank > self._rank):
            return (self._rise(now, stage),)
        if self.open is None:
            return QUIET
        self._calm.step(now.at, self._calmness(now))
        return self._over(now)

    def _stage(self, now: Moment) -> Stage | None:
        eyes, head = now.eyes, now.head
        found = self._shut(now) if eyes.closed else None
        if self._answers and head.away and unanswered(now, self._times_s[UNRESPONSIVE], self._least):
            return Stage(UNRESPONSIVE, now.at - (head.away_s or 0.0), head.away_coverage, "distracted")
        if (found is None or found.rank < SLEEP) and self._counted and self._slumped(now, self._counted.until):
            counted, self._counted = self._counted, None
            return Stage(SLEEP, counted.since, counted.coverage, "slump")
        return found

    def _shut(self, now: Moment) -> Stage | None:
        """How far the closure going on has come; it starts nothing but in a frame that shows it."""
        eyes = now.eyes
        since, coverage = self._after_yawn(now), eyes.closure_coverage
        yawned_s = since - eyes.since
        closed_s = (eyes.closure_s or 0.0) - yawned_s + now.slack_s
        if closed_s < self._times_s[MICROSLEEP] or (self.open is None and eyes.evidence is None):
            return None
        if yawned_s:
            # All that was not judged may lie after the yawn.
            coverage = max(1.0 - (1.0 - coverage) * (closed_s + yawned_s) / closed_s, 0.0)
        self._coverage = coverage
        if eyes.evidence is not None and (coverage >= self._least or self.open):
            self._counted = Counted(since, now.at, coverage)
        if coverage < self._least:
            return None
        return Stage(sum(closed_s >= time for time in self._times_s) - 1, since, coverage, None)

    def _after_yawn(self, now: Moment) -> float:
        """When the closure began, leaving out a yawn in it: the mouth opened first, then the eyes shut."""
        eyes, mouth = now.eyes, now.mouth
        opened = now.at - mouth.wide_s
        if mouth.wide_s >= self._yawn_s:
            self._yawned = (0.0, 0.0)
        elif mouth.wide_s >= YAWN_LEAST_S and opened <= eyes.since + YAWN_LAG_S:
            self._yawned = (opened, now.at)
        # What the yawn hid counts from its end; a closure from before it, or from after it, whole.
        return self._yawned[1] if self._yawned[0] - YAWN_LAG_S <= eyes.since < self._yawned[1] else eyes.since

    def _slumped(self, now: Moment, closed_until: float) -> bool:
        face, rules = now.face, self._settings
        return face.gone(rules.slump_lost_s, self._least) and face.since - closed_until <= rules.slump_s

    def _rise(self, now: Moment, stage: Stage) -> Event:
        event_type, level = STAGES[stage.rank]
        details: dict[str, Any] = {"perclos": now.eyes.perclos, "coverage": stage.coverage}
        if stage.reason:
            details["reason"] = stage.reason
        phase = self._update if self.open else self._start
        if not self.open:
            self._calm.reset()
        self._rank, self._coverage = stage.rank, stage.coverage
        return phase(event_type, level, now.at, stage.since, details)

    def _calmness(self, now: Moment) -> float | None:
        """1 for an upright, ahead face whose eyes cannot be judged."""
        if now.eyes.evidence is not None:
            return 0.0
        if not now.seen or now.head.away is None:
            return None
        return float(now.head.upright and not now.head.away)

    def _over(self, now: Moment) -> Sequence[Event]:
        eyes, head, rules, at = now.eyes, now.head, self._settings, now.at
        details = {"perclos": eyes.perclos, "coverage": self._coverage}
        if eyes.closed is False:
            since, held_s = eyes.awake_since, eyes.awake_s
            if self._rank == UNRESPONSIVE:
                if head.away is not False:
                    return QUIET
                since, held_s = max(since, head.since), min(held_s, head.held_s)
            wait_s = rules.microsleep_end_s if self._rank == MICROSLEEP else rules.critical_end_s
            return (self._end(at, since, details),) if held_s >= wait_s else QUIET
        calm = self._calm
        if eyes.closed is None and calm.state and calm.held_s(at) >= rules.upright_end_s:
            return (self._end(at, calm.since, {**details, "reason": "upright"}),)
        return QUIET


def unanswered(now: Moment, limit_s: float, least: float) -> bool:
    """Whether the head has been turned away for ``limit_s`` without coming back."""
    head = now.head
    return head.away_s is not None and head.away_s + now.slack_s >= limit_s and head.away_coverage >= least
