"""The eyes: shut or not, for how long, and how much of the last minute."""

from __future__ import annotations

from math import exp, log

from fer_edge.core import Signals
from fer_edge.monitoring.calibration import Learner
from fer_edge.monitoring.closures import JOIN_S, Closures
from fer_edge.monitoring.filters import Switch
from fer_edge.monitoring.lids import LidsReader
from fer_edge.monitoring.moment import EyesNow, LidsNow
from fer_edge.monitoring.perclos import Perclos
from fer_edge.monitoring.windows import Share
from fer_edge.settings.monitoring import MonitoringSettings

LOG_ODDS_MAX = 4.0
"""Neither the network nor the openness may be surer than 98 %: each can be overruled by the other."""

SHUT_WIDTH, WIDTH_ODDS, MOST_SHUT, MOST_OPEN = 0.11, 21.0, 2.0, 1.2
"""Width under which it speaks for shut eyes, log-odds per unit of it, and the most they may be for shut and for open:
the width tells apart what the network is unsure of, but never silences it. Glasses make shut eyes look wider."""

LOOKS_TIMES = 1.25
"""Eyes that are read as lowered so many times as surely as shut are not shut for being narrow: lashes leave next to
nothing of an eye that looks into the lap, with an iris between them or not."""

SHOWS = 0.25
"""An iris told in so much of the last second is no accident."""

PRIOR_TRUST = 0.5
"""Weight of openness before the own baseline is known: the population's mean may not be this driver's."""


class EyesReader:
    """Joins the network's probability with the openness relative to this driver's own open eyes."""

    def __init__(self, settings: MonitoringSettings, learner: Learner) -> None:
        rules, calibration = settings.closure, settings.calibration
        self._learner = learner
        self._switch = Switch(settings.filter)
        self._lids, self._bent_deg = LidsReader(settings), settings.lids.bent_deg
        # What counts for a microsleep is no blink, whatever PERCLOS leaves out.
        self._closures = Closures(min(settings.drowsy.min_closure_s, rules.microsleep_s))
        self._drowsy, self._looked_down = settings.drowsy, Share(settings.drowsy.window_s)
        self._sleep_s, self._doubted_s = rules.sleep_s, 0.0
        self._bridge_s, self._hold_s, self._counts_s = settings.filter.bridge_s, rules.hold_s, rules.microsleep_s
        self._least, self._gap_s = settings.filter.coverage, settings.filter.gap_s
        self._prior, self._shut, self._weight = calibration.open_prior, calibration.shut, calibration.openness_weight
        self.perclos = Perclos(
            settings.drowsy.window_s, settings.drowsy.min_closure_s, settings.filter.bridge_s, settings.filter.gap_s
        )

    def reset(self) -> None:
        """Forget everything but the driver."""
        self._switch.reset()
        self._lids.reset()
        self._closures.reset()
        self._looked_down.reset()
        self._doubted_s = 0.0
        self.perclos.reset()

    def step(self, signals: Signals, dt: float, slack_s: float, pitch: float | None) -> tuple[EyesNow, LidsNow]:
        """Read one frame, ``dt`` seconds after the last, with the head ``pitch`` degrees from straight ahead.

        Where that is not known yet, the head's pitch against the camera tells whether it moves.
        """
        at, switch, perclos = signals.at, self._switch, self.perclos
        openness = self._openness(signals)
        width = self._width(signals)
        evidence = self._evidence(signals, openness, width)
        head = signals.pitch if pitch is None else pitch
        lids = self._lids.step(signals, dt, evidence, width, head, self._gaze(signals))
        switch.step(at, self._sustained(signals, evidence, lids), self._patience_s(slack_s))
        perclos.step(at, dt, self._counts_closed(at, dt, evidence, lids))
        shut = evidence is not None and evidence >= 0.5
        bent = pitch is not None and pitch < -self._bent_deg if shut else None
        awake_s = self._closures.step(switch.state, switch.since, switch.held_s(at), bent)
        since, held_s, coverage = self._whole(at)
        closure_s = None if switch.state is None else held_s if switch.state else 0.0
        judged = min(perclos.window.coverage + self._looked_down.part_s / self._looked_down.span_s, 1.0)
        eyes = EyesNow(
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
        return eyes, lids

    def _gaze(self, signals: Signals) -> float | None:
        """Pitch of the gaze from this driver's straight ahead, degrees; None until either is known."""
        ahead = self._learner.gaze.pitch
        return None if signals.gaze_pitch is None or ahead is None else signals.gaze_pitch - ahead

    def _sustained(self, signals: Signals, evidence: float | None, lids: LidsNow) -> float | None:
        """The evidence; in a closure that goes on, lids that stay down without an iris to be told are shut, too.

        Between shut and lowered the network wavers where lashes hide the gap; what it said at first holds until the
        lids come up or an iris shows.
        """
        unsure = self._switch.state and evidence is not None and evidence < 0.5
        if not unsure or not lids.down_s or lids.told >= SHOWS or signals.eyes_lowered is None:
            return evidence
        return max(evidence or 0.0, min((signals.eyes_closed or 0.0) + signals.eyes_lowered, 1.0))

    def _counts_closed(self, at: float, dt: float, evidence: float | None, lids: LidsNow) -> bool | None:
        """Whether the frame counts as closed for PERCLOS; None: it says nothing.

        A look down is left out, for so long in each window and no longer. So are lids that may be a look; they count
        when they are known to be shut, or when they come up again before ``sleep_s``: after it they have been told,
        as sleep or as a look.
        """
        left_out = bool(lids.eyes_down) and evidence is not None
        spent = self._looked_down.part_s >= self._drowsy.down_s
        self._looked_down.add(at, 0.0, dt if left_out and not spent and dt <= self._gap_s else 0.0)
        shut = evidence is not None and evidence >= 0.5
        self._decide(at, dt if shut and dt <= self._gap_s else 0.0, lids)
        if left_out:
            return True if spent else None
        return None if lids.undecided or evidence is None else shut

    def _decide(self, at: float, shut_s: float, lids: LidsNow) -> None:
        """Count what was left out as undecided, once it is known; of lids that come up again, what went over a look."""
        if lids.undecided:
            self._doubted_s += shut_s
        elif self._doubted_s:
            counted_s = 0.0
            if lids.down_s:
                counted_s = 0.0 if lids.eyes_down else self._doubted_s
            elif self._doubted_s < self._sleep_s:
                counted_s = max(self._doubted_s - self._drowsy.undecided_s, 0.0)
            self.perclos.window.add(at, counted_s, counted_s)
            self._doubted_s = 0.0

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

    def _evidence(self, signals: Signals, openness: float | None, width: float | None) -> float | None:
        """Probability of shut eyes: the log-odds of network and openness add up (naive Bayes).

        A network that tells lowered and narrowed lids from shut ones is asked for those; one that does not, is helped
        by how wide this driver's eyes are open.
        """
        closed = signals.eyes_closed
        if closed is None or openness is None or width is None or not self._weight:
            return closed
        sure = min(max(closed, 1e-6), 1.0 - 1e-6)
        if signals.eyes_lowered is None:
            weight = self._weight if self._learner.eyes.value is not None else self._weight * PRIOR_TRUST
            by_width = _clamp(weight * (self._shut - openness))
        else:
            looks = signals.eyes_lowered >= (1.0 if self._lids.with_head else LOOKS_TIMES) * closed
            by_width = min(max(WIDTH_ODDS * (SHUT_WIDTH - width), -MOST_OPEN), 0.0 if looks else MOST_SHUT)
        odds = _clamp(log(sure / (1.0 - sure))) + by_width
        return 1.0 / (1.0 + exp(-odds))

    def _width(self, signals: Signals) -> float | None:
        """How wide the eyes are between this driver's own shut (0) and open (1) ones."""
        value, shut = seen_openness(signals), self._learner.shut.value
        return None if value is None else (value - shut) / max((self._learner.eyes.value or self._prior) - shut, 0.1)


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
