"""The eyes: closed or not, for how long, and how much of the last minute."""

from __future__ import annotations

from math import exp, log

from fer_edge.core import Signals
from fer_edge.monitoring.calibration import Learner
from fer_edge.monitoring.closures import JOIN_S, Closures
from fer_edge.monitoring.filters import Switch
from fer_edge.monitoring.moment import EyesNow
from fer_edge.monitoring.perclos import Perclos
from fer_edge.settings.monitoring import MonitoringSettings

LOG_ODDS_MAX = 4.0
"""Neither the network nor the openness may be surer than 98 %: each can be overruled by the other."""

PRIOR_TRUST = 0.5
"""Weight of openness before the own baseline is known: the population's mean may not be this driver's."""


class EyesReader:
    """Joins the network's probability with the openness relative to this driver's own open eyes."""

    def __init__(self, settings: MonitoringSettings, learner: Learner) -> None:
        rules, calibration = settings.closure, settings.calibration
        self._learner = learner
        self._switch = Switch(settings.filter)
        self._closures = Closures(settings.drowsy.min_closure_s)
        self._down_deg = settings.drowsy.down_deg
        self._bridge_s, self._hold_s, self._counts_s = settings.filter.bridge_s, rules.hold_s, rules.microsleep_s
        self._least, self._gap_s = settings.filter.coverage, settings.filter.gap_s
        self._prior, self._shut, self._weight = calibration.open_prior, calibration.shut, calibration.openness_weight
        self.perclos = Perclos(
            settings.drowsy.window_s, settings.drowsy.min_closure_s, settings.filter.bridge_s, settings.filter.gap_s
        )

    def reset(self) -> None:
        """Forget everything but the driver."""
        self._switch.reset()
        self._closures.reset()
        self.perclos.reset()

    def step(self, signals: Signals, dt: float, slack_s: float, pitch: float | None) -> EyesNow:
        """Read one frame, ``dt`` seconds after the last, with the head ``pitch`` degrees from straight ahead."""
        at, switch, perclos = signals.at, self._switch, self.perclos
        openness = self._openness(signals)
        evidence = self._evidence(signals.eyes_closed, openness)
        switch.step(at, evidence, self._patience_s(slack_s))
        down = pitch is not None and pitch < -self._down_deg
        perclos.step(at, dt, None if evidence is None or down else evidence >= 0.5)
        shut = evidence is not None and evidence >= 0.5
        awake_s = self._closures.step(switch.state, switch.since, switch.held_s(at), down if shut else None)
        since, held_s, coverage = self._whole(at)
        closure_s = None if switch.state is None else held_s if switch.state else 0.0
        judged = perclos.window.coverage
        return EyesNow(
            evidence,
            switch.state,
            since,
            held_s,
            openness,
            closure_s,
            coverage,
            awake_s,
            at if self._closures.awake_since is None else self._closures.awake_since,
            perclos.window.share if judged >= self._least else None,
            judged,
            perclos.blinks.count(at) if judged >= self._least else None,
        )

    def _whole(self, at: float) -> tuple[float, float, float]:
        """Beginning, length and judged share of the present state, with the closures that belong to it."""
        switch = self._switch
        since, held_s, coverage = switch.since, switch.held_s(at), switch.coverage(at)
        if switch.state:
            since, openings_s = self._closures.joined(since, held_s)
            if openings_s:
                held_s += switch.since - since
                coverage = max(1.0 - (switch.unknown_s(at) + openings_s) / held_s, 0.0)
        return since, held_s, coverage

    def _patience_s(self, slack_s: float) -> float:
        """How long the eyes may be unknown before their state is.

        A closure earns as much as it lasted, and ``hold_s`` once it counts for a microsleep; one that may
        just have ended, next to nothing.
        """
        switch = self._switch
        if not switch.state or switch.known_at is None:
            return self._bridge_s
        if switch.doubted:
            return JOIN_S
        _, whole_s, coverage = self._whole(switch.known_at)
        if whole_s + slack_s >= self._counts_s and coverage >= self._least:
            return self._hold_s
        lasted_s = switch.held_s(switch.known_at) - switch.bridged_s
        return max(self._bridge_s, min(lasted_s, self._gap_s))

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
