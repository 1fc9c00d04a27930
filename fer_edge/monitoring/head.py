"""Where the driver looks: the eyes where they can be told, else the head; and for how long it was not ahead."""

from __future__ import annotations

from fer_edge.core import Signals
from fer_edge.monitoring.calibration import Learner
from fer_edge.monitoring.filters import Switch
from fer_edge.monitoring.moment import Glance, HeadNow
from fer_edge.monitoring.windows import Share
from fer_edge.settings.monitoring import DistractionSettings, MonitoringSettings

BACK = 0.75
"""Eyes in a head turned beyond a limit look ahead only within this share of it: the gaze is a few
degrees off (4.4 on drawn people), and was six too far ahead on a simulated head turned by 38."""


class HeadReader:
    """Reads pose and gaze against this driver's straight ahead.

    In a car slower than ``min_km_h`` time away does not count: what was counted is dropped, and counting
    starts when it ends.
    """

    def __init__(self, settings: MonitoringSettings, learner: Learner) -> None:
        self._rules, self._view, self._learner = settings.distraction, settings.view, learner
        self._gap_s = settings.filter.gap_s
        self._bridge_s = settings.filter.bridge_s
        self._away = Switch(settings.filter)
        self._shared = Share(self._rules.shared_window_s)
        self._loud_since: float | None = None
        self._looked, self._by = "down", "eyes"
        self._begun: float | None = None
        self._back_at: float | None = None

    def reset(self) -> None:
        """Forget everything but the driver."""
        self._away.reset()
        self._shared.reset()
        self._loud_since = self._begun = self._back_at = None

    def forget_shared(self) -> None:
        """Drop the time away gathered so far: it has been told."""
        self._shared.reset()

    def pitch(self, signals: Signals) -> float | None:
        """The head's pitch from straight ahead, degrees, None until that is known."""
        return _relative(signals.pitch, self._learner.ahead.pitch)

    def step(self, signals: Signals, dt: float, km_h: float | None, eyes_down: bool) -> HeadNow:
        """Read one frame, ``dt`` seconds after the last, of a car of this speed (None: not known).

        ``eyes_down`` is whether the eyes are known to look down under their lids.
        """
        at, switch = signals.at, self._away
        ahead, gaze = self._learner.ahead, self._learner.gaze
        yaw, pitch = _relative(signals.yaw, ahead.yaw), self.pitch(signals)
        gaze_yaw, gaze_pitch = _relative(signals.gaze_yaw, gaze.yaw), _relative(signals.gaze_pitch, gaze.pitch)
        by_head = direction(yaw, pitch, self._rules)
        turned = by_head not in (None, "ahead")
        by_eyes = direction(gaze_yaw, gaze_pitch, self._rules, BACK if turned else 1.0)
        if eyes_down and self._rules.pitch_deg and by_eyes in (None, "ahead"):
            by_eyes = "down"
        looking = by_eyes or by_head
        before = switch.state
        if looking not in (None, "ahead"):
            self._looked, self._by = looking, "head" if turned else "eyes"
        away = None if looking is None or by_head is None else float(looking != "ahead")
        switch.step(at, away, self._rules.hold_s if before else self._bridge_s)
        quiet = km_h is not None and km_h < self._rules.min_km_h
        begun = self._since()
        if quiet:
            self._shared.reset()
            self._loud_since = at
        else:
            self._gather(at, dt, before)
        held_s, away_s = switch.held_s(at) + switch.since - begun, None
        if switch.state is not None:
            loud_s = held_s if self._loud_since is None else at - self._loud_since
            away_s = min(held_s, loud_s) if switch.state else 0.0
        return HeadNow(
            yaw,
            pitch,
            signals.roll,
            signals.pitch,
            switch.state,
            begun,
            held_s,
            away_s,
            switch.coverage(at),
            self._shared.part_s,
            self._shared.coverage,
            self._turned(signals, yaw, pitch),
            self._upright(pitch, signals.roll),
            quiet,
            gaze_yaw,
            gaze_pitch,
            looking,
            Glance(self._looked, self._by) if switch.state else None,
            km_h,
        )

    def _since(self) -> float:
        """When the look away, or ahead, began; one ahead that is too short for an answer interrupts none.

        One of ``fresh_s`` lets the sum of glances start afresh.
        """
        since, state = self._away.since, self._away.state
        if state is None:
            self._begun = self._back_at = None
            return since
        if not state:
            self._back_at = since
            if self._away.held_s(self._away.known_at or since) >= self._rules.fresh_s:
                self._shared.drop_part()
            return since
        ahead_s = 0.0 if self._back_at is None else since - self._back_at
        self._back_at = None
        if ahead_s >= self._rules.fresh_s:
            self._shared.drop_part()
        if self._begun is None or ahead_s >= self._rules.answered_s:
            self._begun = since
        return self._begun

    def _gather(self, at: float, dt: float, before: bool | None) -> None:
        """Add to the time away, dated back: what the filter noticed late is added or taken at once."""
        switch = self._away
        if dt > self._gap_s or switch.known_at != at:
            return
        part = 0.0
        if switch.state:
            begun = switch.since if self._loud_since is None else max(switch.since, self._loud_since)
            part = dt if before else at - begun
        elif before:
            part = min(switch.since - (at - dt), 0.0)
        self._shared.add(at, dt, part)

    def _turned(self, signals: Signals, yaw: float | None, pitch: float | None) -> bool:
        """Turned so far that the eyes are hidden by the head itself."""
        limit = self._view.turned_deg
        yaw = signals.yaw if yaw is None else yaw
        pitch = signals.pitch if pitch is None else pitch
        return (yaw is not None and abs(yaw) > limit) or (pitch is not None and abs(pitch) > limit)

    def _upright(self, pitch: float | None, roll: float | None) -> bool:
        limit = self._rules.upright_deg
        return pitch is not None and abs(pitch) <= limit and (roll is None or abs(roll) <= 2 * limit)


def direction(yaw: float | None, pitch: float | None, rules: DistractionSettings, share: float = 1.0) -> str | None:
    """``ahead``, ``left``, ``right`` (the driver's own), ``down`` or ``up`` by angles from straight ahead in degrees.

    What is furthest over this share of its limit names it, and a limit of 0 none; None where the angles are not known.
    """
    if yaw is None or pitch is None:
        return None
    over = {
        "left": yaw / rules.yaw_deg if rules.yaw_deg else 0.0,
        "right": -yaw / rules.yaw_deg if rules.yaw_deg else 0.0,
        "down": -pitch / rules.pitch_deg if rules.pitch_deg else 0.0,
        "up": pitch / rules.up_deg if rules.up_deg else 0.0,
    }
    furthest = max(over, key=over.__getitem__)
    return furthest if over[furthest] > share else "ahead"


def _relative(angle: float | None, zero: float | None) -> float | None:
    return None if angle is None or zero is None else angle - zero
