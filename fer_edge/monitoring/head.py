"""The head: where it points from straight ahead, and for how long it has been turned away."""

from __future__ import annotations

from fer_edge.core import Signals
from fer_edge.monitoring.calibration import Learner
from fer_edge.monitoring.filters import Switch
from fer_edge.monitoring.moment import HeadNow
from fer_edge.monitoring.windows import Share
from fer_edge.settings.monitoring import MonitoringSettings


class HeadReader:
    """Reads the pose against this driver's straight ahead.

    ``quiet`` says that time away does not count now (a standing car): what was counted is dropped,
    and counting starts when it ends.
    """

    def __init__(self, settings: MonitoringSettings, learner: Learner) -> None:
        self._rules, self._view, self._learner = settings.distraction, settings.view, learner
        self._gap_s = settings.filter.gap_s
        self._bridge_s = settings.filter.bridge_s
        self._away = Switch(settings.filter)
        self._shared = Share(self._rules.shared_window_s)
        self._loud_since: float | None = None

    def reset(self) -> None:
        """Forget everything but the driver."""
        self._away.reset()
        self._shared.reset()
        self._loud_since = None

    def forget_shared(self) -> None:
        """Drop the time away gathered so far: it has been told."""
        self._shared.reset()

    def step(self, signals: Signals, dt: float, quiet: bool) -> HeadNow:
        """Read one frame, ``dt`` seconds after the last."""
        at, switch = signals.at, self._away
        ahead = self._learner.ahead
        yaw = _relative(signals.yaw, ahead.yaw)
        pitch = _relative(signals.pitch, ahead.pitch)
        before = switch.state
        switch.step(at, self._evidence(yaw, pitch), self._rules.hold_s if before else self._bridge_s)
        if quiet:
            self._shared.reset()
            self._loud_since = at
        else:
            self._gather(at, dt, before)
        held_s, away_s = switch.held_s(at), None
        if switch.state is not None:
            loud_s = held_s if self._loud_since is None else at - self._loud_since
            away_s = min(held_s, loud_s) if switch.state else 0.0
        return HeadNow(
            yaw,
            pitch,
            signals.roll,
            signals.pitch,
            switch.state,
            switch.since,
            held_s,
            away_s,
            switch.coverage(at),
            self._shared.part_s,
            self._shared.coverage,
            self._turned(signals, yaw, pitch),
            self._upright(pitch, signals.roll),
            quiet,
        )

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

    def _evidence(self, yaw: float | None, pitch: float | None) -> float | None:
        if yaw is None:
            return None
        down = pitch is not None and pitch < -self._rules.pitch_deg
        return 1.0 if down or abs(yaw) > self._rules.yaw_deg else 0.0

    def _turned(self, signals: Signals, yaw: float | None, pitch: float | None) -> bool:
        """Turned so far that the eyes are hidden by the head itself."""
        limit = self._view.turned_deg
        yaw = signals.yaw if yaw is None else yaw
        pitch = signals.pitch if pitch is None else pitch
        return (yaw is not None and abs(yaw) > limit) or (pitch is not None and abs(pitch) > limit)

    def _upright(self, pitch: float | None, roll: float | None) -> bool:
        limit = self._rules.upright_deg
        return pitch is not None and abs(pitch) <= limit and (roll is None or abs(roll) <= 2 * limit)


def _relative(angle: float | None, zero: float | None) -> float | None:
    return None if angle is None or zero is None else angle - zero
