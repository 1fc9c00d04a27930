"""yawn: a mouth wide open for longer than speech and laughter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fer_edge.core import Event, Level
from fer_edge.monitoring.moment import Moment
from fer_edge.monitoring.rules.base import QUIET, Rule
from fer_edge.monitoring.windows import Recent
from fer_edge.settings.monitoring import MonitoringSettings


class Yawn(Rule):
    """Starts when the mouth has been wide open without interruption, not laughing; ``recent`` keeps their times.

    ``coverage`` is the judged share of the last one's opening, as it was told.
    """

    category = "fatigue"

    def __init__(self, keys: Iterator[int], settings: MonitoringSettings) -> None:
        super().__init__(keys)
        self._rules, self._least = settings.yawn, settings.yawn.open_share
        self.recent = Recent(settings.drowsy.yawns_s)
        self.coverage = 0.0

    def reset(self) -> None:
        """See :class:`Rule`."""
        self.recent.reset()

    def step(self, now: Moment) -> Sequence[Event]:
        """See :class:`Rule`."""
        mouth, at, held_s = now.mouth, now.at, now.mouth.held_s
        if self.open is None:
            lasted = mouth.open and mouth.wide_s + now.slack_s >= self._rules.open_s
            if not lasted or mouth.coverage < self._least or mouth.laughs:
                return QUIET
            self.recent.add(at)
            self.coverage = mouth.coverage
            return (self._start("yawn", Level.INFO, at, at - mouth.wide_s, {"coverage": mouth.coverage}),)
        self._wait(None if mouth.open else mouth.since)
        if mouth.open or held_s < self._rules.end_s:
            return QUIET
        return (self._end(at, mouth.since, {"reason": "unjudged"} if mouth.open is None else {}),)
