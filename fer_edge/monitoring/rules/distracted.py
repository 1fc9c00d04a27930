"""distracted: the driver looks away for long, or again and again, or the lids are down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from fer_edge.core import Event, Level
from fer_edge.monitoring.head import HeadReader
from fer_edge.monitoring.moment import Glance, Moment
from fer_edge.monitoring.rules.base import QUIET, Rule
from fer_edge.settings.monitoring import MonitoringSettings

EU_FAST_KM_H = 50.0
EU_FAST_S, EU_SLOW_S = 3.5, 6.0
"""Regulation (EU) 2023/2590: a gaze away is warned of within so long from this speed on, and below it."""
OPEN_AGAIN_S = 0.5
"""Lids that have been down for less may be a blink in an answer."""
DOWN = Glance("down", "eyes")


def long_s(settings: MonitoringSettings, km_h: float | None) -> float:
    """How long a look away is a long distraction at this speed (None: not known), seconds."""
    if settings.rules != "eu-2023-2590":
        return settings.distraction.long_s
    return EU_SLOW_S if km_h is not None and km_h < EU_FAST_KM_H else EU_FAST_S


class Unanswered(NamedTuple):
    """A distraction that got no answer: since when the driver looked away, and the judged share of that."""

    since: float
    coverage: float


class Distracted(Rule):
    """Away for 3 s, or 10 s in all within 30 s; or lids down for 3 s that are not known to be asleep.

    A head that hangs in a closure is asleep, not distracted: while the closure's rule has an event open, this
    starts none. One that gets no answer (open eyes ahead) for 3 s ends, and :attr:`unanswered` says so for the
    moment: that is for the closure's rule to tell, so without ``lids`` it goes on. After an answer a new look away
    has the whole time again: the time of a long one, and 3 s for the answer to that. It also ends when the driver is
    absent. ``glances`` False leaves only the lids: neither a speed nor attention that is switched off silences those,
    only ``lids`` False (fatigue is switched off).
    """

    category = "attention"

    def __init__(
        self, keys: Iterator[int], settings: MonitoringSettings, head: HeadReader, *, glances: bool, lids: bool
    ) -> None:
        super().__init__(keys)
        self._rules, self._least, self._gap_s = settings.distraction, settings.filter.coverage, settings.filter.gap_s
        self._settings, self._sleep_s = settings, settings.closure.sleep_s
        self._head, self._glances, self._lids = head, glances, lids
        self._absent_s = settings.view.absent_s
        self.asleep = False
        self.reset()

    def reset(self) -> None:
        """See :class:`Rule`."""
        self.unanswered: Unanswered | None = None
        self._silent_s = 0.0
        self._answered_at: float | None = None
        self._down_until = float("-inf")

    def step(self, now: Moment) -> Sequence[Event]:
        """See :class:`Rule`."""
        self.unanswered = None
        if self.open:
            return self._over(now)
        head, lids = now.head, now.lids
        if self.asleep:
            return QUIET
        if self._lids and (lids.down_s or 0.0) + now.slack_s >= self._sleep_s and lids.coverage >= self._least:
            seen = head.glance if head.glance and head.glance.looking == "down" else DOWN
            return (self._raise(now, "long", lids.coverage, lids.since, seen),)
        if not self._glances or not head.away or head.quiet or head.away_s is None:
            return QUIET
        since = now.at - head.away_s
        if head.away_s + now.slack_s >= long_s(self._settings, head.km_h) and head.away_coverage >= self._least:
            return (self._raise(now, "long", head.away_coverage, since, head.glance),)
        if head.shared_s + now.slack_s >= self._rules.shared_s and head.shared_coverage >= self._least:
            return (self._raise(now, "shared", head.shared_coverage, since, head.glance),)
        return QUIET

    def _raise(self, now: Moment, reason: str, coverage: float, since: float, glance: Glance | None) -> Event:
        details: dict[str, Any] = {
            "reason": reason,
            "coverage": coverage,
            "shared_s": now.head.shared_s,
        }
        if glance:
            details |= glance._asdict()
        self._silent_s, self._answered_at = 0.0, None
        return self._start("distracted", Level.WARNING, now.at, since, details)

    def _over(self, now: Moment) -> Sequence[Event]:
        head, at = now.head, now.at
        down_s, ahead_s = now.lids.down_s or 0.0, self._ahead_s(now)
        if ahead_s or head.away is not None:
            self._wait(at - ahead_s if ahead_s else None)
        if ahead_s and ahead_s >= self._rules.answered_s:
            self._silent_s = at - head.since - head.held_s  # frames that speak against it may be the next look away
            self._answered_at = at - self._silent_s
        elif head.away or down_s:  # what is not seen is no silence
            self._silent_s += min(now.dt, self._gap_s)
        if self.asleep:
            return self._stop(at, at, "asleep")
        if head.quiet and down_s < self._sleep_s:
            return self._stop(at, at, "slow")
        due_s, since = self._rules.answer_s, self._opened().since
        if self._answered_at is not None:
            due_s, since = due_s + long_s(self._settings, head.km_h), self._answered_at
        if self._lids and self._silent_s + now.slack_s >= due_s and self._judged(now):
            self.unanswered = Unanswered(since, max(head.away_coverage, now.lids.coverage))
            return self._stop(at, at, "unresponsive")
        if self._left(now):
            ahead_since = self._opened().until
            return self._stop(at, now.face.since if ahead_since is None else ahead_since, "absent")
        if not ahead_s or ahead_s < self._rules.end_s:
            return QUIET
        return self._stop(at, at - ahead_s, None)

    def _left(self, now: Moment) -> bool:
        """Whether the driver is absent, and did not vanish with the lids down: who does may have slumped."""
        gone = now.face.gone(self._absent_s, self._least)
        return gone and now.face.since - self._down_until >= OPEN_AGAIN_S

    def _judged(self, now: Moment) -> bool:
        """Whether the silence was seen, not only assumed over a face that is lost."""
        head, lids = now.head, now.lids
        return head.away_coverage >= self._least or (bool(lids.down_s) and lids.coverage >= self._least)

    def _ahead_s(self, now: Moment) -> float:
        """How long the driver has looked ahead with open eyes; blinks do not count against it."""
        head = now.head
        down = (now.lids.down_s or 0.0) >= OPEN_AGAIN_S or (now.eyes.closed and now.eyes.held_s >= OPEN_AGAIN_S)
        if down:
            self._down_until = now.at
        return min(head.held_s, now.at - self._down_until) if head.away is False and not down else 0.0

    def _stop(self, at: float, until: float, reason: str | None) -> Sequence[Event]:
        self._head.forget_shared()
        return (self._end(at, until, {"reason": reason} if reason else {}),)
