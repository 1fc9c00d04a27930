"""nod: the head falls, or jerks back up, after the eyes have closed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from fer_edge.core import Event, Level
from fer_edge.monitoring.filters import Switch
from fer_edge.monitoring.moment import Moment
from fer_edge.monitoring.rules.base import QUIET, Rule
from fer_edge.monitoring.rules.closure import HAND_S, YAWN_LEAST_S
from fer_edge.monitoring.windows import Peak
from fer_edge.settings.monitoring import MonitoringSettings

OPENING_S = 0.3
"""The eyes may have opened for so long when the head's jerk is noticed: it wakes the driver. When the head
begins to fall they must be shut."""


class Nod(Rule):
    """First the eyes, then the head: a look at the instruments lowers both together, and a yawn throws
    the head back and brings it down with eyes shut and the mouth open, or behind a hand.

    A closure is ripe when, ``closed_s`` after its beginning, the head was still up. Only then does a
    fast fall or rise of the head count. Pitch is the median of three frames against the camera.
    """

    category = "fatigue"

    def __init__(self, keys: Iterator[int], settings: MonitoringSettings) -> None:
        super().__init__(keys)
        self._rules, self._least = settings.nod, settings.filter.coverage
        self._up = Switch(settings.filter)
        self._high, self._low = Peak(self._rules.within_s), Peak(self._rules.within_s)
        self._last: deque[float] = deque(maxlen=3)
        self.reset()

    def reset(self) -> None:
        """See :class:`Rule`."""
        for memory in (self._up, self._high, self._low):
            memory.reset()
        self._last.clear()
        self._since: float | None = None
        self._level = 0.0
        self._ripe: bool | None = None
        self._coverage = 0.0
        self._ripe_at = self._ripe_until = float("-inf")
        self._up_at = self._shut_at = float("-inf")

    def step(self, now: Moment) -> Sequence[Event]:
        """See :class:`Rule`."""
        if now.head.pitch_raw is None:
            return QUIET
        self._last.append(now.head.pitch_raw)
        pitch = sorted(self._last)[len(self._last) // 2]
        high_at, high = self._high.step(now.at, pitch)
        low_at, low = self._low.step(now.at, -pitch)
        if high - pitch < self._rules.steady_deg / 2:
            self._up_at = now.at
        self._ripen(now, pitch, high)
        if self.open:
            return self._over(now, pitch)
        if now.at > self._ripe_until:
            return QUIET
        if high - pitch >= self._rules.drop_deg and self._shut_at >= self._up_at:
            return (self._raise(now, high_at, high, "drop"),)
        if pitch + low >= self._rules.drop_deg and low_at >= self._ripe_at:
            return (self._raise(now, low_at, pitch, "jerk"),)
        return QUIET

    def _ripen(self, now: Moment, pitch: float, high: float) -> None:
        """Follow the closure: was the head still up when the eyes had been closed for a while?"""
        eyes, rules = now.eyes, self._rules
        looks = now.lids.undecided or now.lids.eyes_down
        hidden = now.mouth.hidden_since
        yawns = now.mouth.wide_s >= YAWN_LEAST_S or (hidden is not None and hidden >= eyes.since - HAND_S)
        if not eyes.closed or eyes.evidence is None or yawns or looks:
            return
        if eyes.since != self._since:
            self._since, self._level, self._ripe = eyes.since, high, None
        if eyes.evidence < 0.5 or eyes.closure_s is None or eyes.closure_coverage < self._least:
            return
        up = self._level - rules.steady_deg
        # The median lags: of a head that falls just now, only the last frame shows it.
        falls_now = pitch >= up > self._last[-1]
        if self._ripe is None and eyes.closure_s >= rules.closed_s and not falls_now:
            self._ripe = pitch >= up
            self._ripe_at = now.at
        if self._ripe:
            self._shut_at, self._ripe_until = now.at, now.at + OPENING_S
            self._coverage = eyes.closure_coverage

    def _raise(self, now: Moment, since: float, level: float, reason: str) -> Event:
        self._level, self._ripe_until = level, float("-inf")
        self._ripe = False
        self._up.reset()
        details = {"reason": reason, "perclos": now.eyes.perclos, "coverage": self._coverage}
        return self._start("nod", Level.ADVISORY, now.at, since, details)

    def _over(self, now: Moment, pitch: float) -> Sequence[Event]:
        up = self._up
        up.step(now.at, float(pitch >= self._level - self._rules.steady_deg))
        self._wait(up.since if up.state else None)
        if up.state and up.held_s(now.at) >= self._rules.end_s:
            return (self._end(now.at, up.since, {}),)
        return QUIET
