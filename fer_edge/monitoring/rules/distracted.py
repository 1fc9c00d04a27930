"""distracted: the head turned away for long, or again and again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fer_edge.core import Event, Level
from fer_edge.monitoring.head import HeadReader
from fer_edge.monitoring.moment import Moment
from fer_edge.monitoring.rules.base import QUIET, Rule
from fer_edge.monitoring.rules.closure import Closure, unanswered
from fer_edge.settings.monitoring import MonitoringSettings


class Distracted(Rule):
    """Away for 3 s, or 10 s in all within 30 s.

    A head that hangs in a closure is asleep, not distracted: while ``closure`` has an event open,
    this starts none. After 6 s without response it ends, and ``closure`` says unresponsive.
    """

    category = "attention"

    def __init__(
        self, keys: Iterator[int], settings: MonitoringSettings, head: HeadReader, closure: Closure | None
    ) -> None:
        super().__init__(keys)
        self._rules, self._least = settings.distraction, settings.filter.coverage
        self._unresponsive_s = settings.closure.unresponsive_s
        self._head, self._closure = head, closure

    def step(self, now: Moment) -> Sequence[Event]:
        """See :class:`Rule`."""
        if self.open:
            return self._over(now)
        head = now.head
        asleep = self._closure is not None and self._closure.open is not None
        if not head.away or head.quiet or asleep or head.away_s is None:
            return QUIET
        if unanswered(now, self._rules.long_s, self._least):
            return (self._raise(now, "long", head.away_coverage),)
        if head.shared_s + now.slack_s >= self._rules.shared_s and head.shared_coverage >= self._least:
            return (self._raise(now, "shared", head.shared_coverage),)
        return QUIET

    def _raise(self, now: Moment, reason: str, coverage: float) -> Event:
        head = now.head
        details = {"reason": reason, "coverage": coverage, "shared_s": head.shared_s}
        return self._start("distracted", Level.WARNING, now.at, now.at - (head.away_s or 0.0), details)

    def _over(self, now: Moment) -> Sequence[Event]:
        head, at, reason = now.head, now.at, None
        if head.quiet:
            reason = "slow"
        elif self._closure and unanswered(now, self._unresponsive_s, self._least):
            reason = "unresponsive"
        elif head.away is not False or head.held_s < self._rules.end_s:
            return QUIET
        self._head.forget_shared()
        until = at if reason else head.since
        return (self._end(at, until, {"reason": reason} if reason else {}),)
