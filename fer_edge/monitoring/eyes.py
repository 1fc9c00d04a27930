"""The eyes: closed or not, for how long, and how much of the last minute."""

from __future__ import annotations

from math import exp, log

from fer_edge.core import Signals
from fer_edge.monitoring.calibration import Learner
from fer_edge.monitoring.filters import Switch
from fer_edge.monitoring.moment import EyesNow
from fer_edge.monitoring.windows import Recent, Share
from fer_edge.settings.monitoring import MonitoringSettings

LOG_ODDS_MAX = 4.0
"""Neither the network nor the openness may be surer than 98 %: each can be overruled by the other."""

PRIOR_TRUST = 0.5
"""Weight of openness before the own baseline is known: the population's mean may not be this driver's."""

BLINKS_OVER_S = 60.0


class Perclos:
    """Share of judged time with closed eyes over a window, short closures left out; and blinks.

    Works on unfiltered values. Each frame stands for half of the time to either neighbour. A closure
    counts, from its beginning, once a frame shows that it has lasted ``min_closure_s``; until then it
    may be a blink.
    """

    def __init__(self, window_s: float, min_closure_s: float, bridge_s: float, gap_s: float) -> None:
        self._min_closure_s, self._bridge_s, self._gap_s = min_closure_s, bridge_s, gap_s
        self.window = Share(window_s)
        self.blinks = Recent(BLINKS_OVER_S)
        self._known_at: float | None = None
        self._at = 0.0
        self._closed: bool | None = None
        self._run: float | None = None
        self._counts = False
        self._pending_s = 0.0

    def reset(self) -> None:
        """Forget everything."""
        self.window.reset()
        self.blinks.reset()
        self._known_at = self._closed = self._run = None
        self._counts, self._pending_s = False, 0.0

    def step(self, at: float, dt: float, closed: bool | None) -> None:
        """Take one frame, ``dt`` seconds after the last: eyes closed, open, or None."""
        bridge_s = self._bridge_s if self._closed is None else self._gap_s
        if self._known_at is not None and at - self._known_at > bridge_s:
            self._finish(self._known_at, blink=False)
            self._known_at = None
        half = dt / 2 if dt <= self._gap_s else 0.0
        before, self._closed = self._closed, closed
        judged = half * ((before is not None) + (closed is not None))
        if judged:
            self.window.add(at, judged, 0.0)
        if before:
            self._pending_s += half
        if closed is None:
            return
        edge = at if self._known_at is None else (at + self._known_at) / 2
        if closed and self._run is None:
            self._run = edge
        elif not closed and self._run is not None:
            self._finish(edge, blink=True)
        self._known_at = at
        if closed:
            self._pending_s += half
            if self._counts or (self._run is not None and at - self._run >= self._min_closure_s):
                self._counts = True
                self._count(at)

    def _count(self, at: float) -> None:
        self.window.add(at, 0.0, self._pending_s)
        self._pending_s = 0.0

    def _finish(self, until: float, *, blink: bool) -> None:
        """The closure going on, if any, is over."""
        if self._counts:
            self._count(until)
        elif self._run is not None and blink:
            self.blinks.add(until)
        self._run, self._counts, self._pending_s = None, False, 0.0


class Awake:
    """Time with open eyes since the last closure that was no blink; unknown eyes end it."""

    def __init__(self, min_closure_s: float) -> None:
        self._min_closure_s = min_closure_s
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.since: float | None = None
        self._before_s = 0.0
        self._opened = 0.0
        self._open = False

    def step(self, closed: bool | None, since: float, held_s: float) -> float:
        """Take the state of the eyes; returns the seconds so far, 0 while they are not open."""
        if closed is None or (closed and held_s >= self._min_closure_s):
            self.reset()
        elif closed:
            if self._open:
                self._before_s += since - self._opened
            self._open = False
        else:
            if self.since is None:
                self.since = since
            self._open, self._opened = True, since
            return self._before_s + held_s
        return 0.0


class EyesReader:
    """Joins the network's probability with the openness relative to this driver's own open eyes."""

    def __init__(self, settings: MonitoringSettings, learner: Learner) -> None:
        rules, calibration = settings.closure, settings.calibration
        self._learner = learner
        self._switch = Switch(settings.filter)
        self._awake = Awake(settings.drowsy.min_closure_s)
        self._bridge_s, self._hold_s, self._counts_s = settings.filter.bridge_s, rules.hold_s, rules.microsleep_s
        self._least, self._gap_s = settings.filter.coverage, settings.filter.gap_s
        self._prior, self._shut, self._weight = calibration.open_prior, calibration.shut, calibration.openness_weight
        self.perclos = Perclos(
            settings.drowsy.window_s, settings.drowsy.min_closure_s, settings.filter.bridge_s, settings.filter.gap_s
        )

    def reset(self) -> None:
        """Forget everything but the driver."""
        self._switch.reset()
        self._awake.reset()
        self.perclos.reset()

    def step(self, signals: Signals, dt: float) -> EyesNow:
        """Read one frame, ``dt`` seconds after the last."""
        at, switch, perclos = signals.at, self._switch, self.perclos
        openness = self._openness(signals)
        evidence = self._evidence(signals.eyes_closed, openness)
        switch.step(at, evidence, self._patience_s())
        perclos.step(at, dt, None if evidence is None else evidence >= 0.5)
        held_s = switch.held_s(at)
        closure_s = None if switch.state is None else held_s if switch.state else 0.0
        awake_s = self._awake.step(switch.state, switch.since, held_s)
        judged = perclos.window.coverage
        return EyesNow(
            evidence,
            switch.state,
            switch.since,
            held_s,
            openness,
            closure_s,
            switch.coverage(at),
            awake_s,
            at if self._awake.since is None else self._awake.since,
            perclos.window.share if judged >= self._least else None,
            judged,
            perclos.blinks.count(at) if judged >= self._least else None,
        )

    def _patience_s(self) -> float:
        """How long the eyes may be unknown before their state is: a closure earns as much as it lasted."""
        switch = self._switch
        if not switch.state or switch.known_at is None:
            return self._bridge_s
        lasted_s = switch.held_s(switch.known_at) - switch.bridged_s
        return self._hold_s if lasted_s >= self._counts_s else max(self._bridge_s, min(lasted_s, self._gap_s))

    def _openness(self, signals: Signals) -> float | None:
        """Of the eyes that can be seen, relative to the baseline: 1 is this driver's open eye."""
        value = seen_openness(signals)
        return None if value is None else value / (self._learner.eyes.value or self._prior)

    def _evidence(self, closed: float | None, openness: float | None) -> float | None:
        """Probability of closed eyes: the log-odds of network and openness add up (naive Bayes)."""
        if closed is None or openness is None or not self._weight:
            return closed
        weight = self._weight if self._learner.eyes.value is not None else self._weight * PRIOR_TRUST
        sure = min(max(closed, 1e-6), 1.0 - 1e-6)
        odds = _clamp(log(sure / (1.0 - sure))) + _clamp(weight * (self._shut - openness))
        return 1.0 / (1.0 + exp(-odds))


def seen_openness(signals: Signals) -> float | None:
    """Mean openness of the eyes that can be seen, as perception gives it, 0 to 1."""
    left, right = signals.eye_left, signals.eye_right
    if left is None or right is None:
        return right if left is None else left
    return (left + right) / 2


def _clamp(odds: float) -> float:
    if odds > LOG_ODDS_MAX:
        return LOG_ODDS_MAX
    return odds if odds > -LOG_ODDS_MAX else -LOG_ODDS_MAX
