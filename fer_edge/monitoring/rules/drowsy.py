"""drowsy: eyes closed for too large a share of the last minute, or too many yawns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fer_edge.core import Event, Level
from fer_edge.monitoring.moment import Moment
from fer_edge.monitoring.rules.base import QUIET, Rule
from fer_edge.monitoring.rules.yawn import Yawn
from fer_edge.settings.monitoring import MonitoringSettings


class Drowsy(Rule):
    """PERCLOS over its limits, or yawns over theirs."""

    category = "fatigue"

    def __init__(self, keys: Iterator[int], settings: MonitoringSettings, yawn: Yawn) -> None:
        super().__init__(keys)
        self._rules, self._yawn = settings.drowsy, yawn
        self.reset()

    def reset(self) -> None:
        """See :class:`Rule`."""
        self._low_since: float | None = None
        self._unjudged_since: float | None = None

    def step(self, now: Moment) -> Sequence[Event]:
        """See :class:`Rule`."""
        perclos, yawns = now.eyes.perclos, self._yawn.recent.count(now.at)
        level = self._level(perclos, yawns)
        details = {"perclos": perclos, "coverage": now.eyes.coverage, "yawns": yawns}
        if self.open is None:
            if level is None:
                return QUIET
            self.reset()
            if perclos is None:  # nothing was seen of the eyes: the yawns alone tell it, and each of them was judged
                details["coverage"] = self._yawn.coverage
            return (self._start("drowsy", level, now.at, now.at, details),)
        if level is not None and level.rank > self.open.level.rank:
            return (self._update("drowsy", level, now.at, self.open.since, details),)
        return self._over(now.at, perclos, yawns, details)

    def _level(self, perclos: float | None, yawns: int) -> Level | None:
        if perclos is not None and perclos >= self._rules.warning:
            return Level.WARNING
        if yawns >= self._rules.yawns or (perclos is not None and perclos >= self._rules.advisory):
            return Level.ADVISORY
        return None

    def _over(self, at: float, perclos: float | None, yawns: int, details: dict[str, Any]) -> Sequence[Event]:
        low = perclos is not None and perclos < self._rules.end and yawns < self._rules.yawns
        unjudged = perclos is None and yawns < self._rules.yawns
        self._low_since = (self._low_since or at) if low else None
        self._unjudged_since = (self._unjudged_since or at) if unjudged else None
        self._wait(self._low_since or self._unjudged_since)
        if self._low_since is not None and at - self._low_since >= self._rules.end_s:
            return (self._end(at, self._low_since, details),)
        if self._unjudged_since is not None and at - self._unjudged_since >= self._rules.unjudged_s:
            return (self._end(at, self._unjudged_since, {**details, "reason": "unjudged"}),)
        return QUIET
