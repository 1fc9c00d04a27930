"""absent and view_degraded: what the camera does not show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fer_edge.core import Event, Lens, Level
from fer_edge.monitoring.filters import Switch
from fer_edge.monitoring.moment import Moment
from fer_edge.monitoring.rules.base import QUIET, Rule
from fer_edge.settings.monitoring import MonitoringSettings


class Absent(Rule):
    """Nobody there though the lens is clear; a dark or covered lens leaves it as it is."""

    category = "view"

    def __init__(self, keys: Iterator[int], settings: MonitoringSettings) -> None:
        super().__init__(keys)
        self._absent_s, self._present_s = settings.view.absent_s, settings.view.present_s
        self._least = settings.filter.coverage

    def step(self, now: Moment) -> Sequence[Event]:
        """See :class:`Rule`."""
        face, at = now.face, now.at
        if self.open is None and face.gone(self._absent_s, self._least):
            return (self._start("absent", Level.INFO, at, face.since, {"coverage": face.coverage}),)
        if self.open:
            self._wait(face.since if face.present else None)
        if face.present and self.open and face.held_s >= self._present_s:
            return (self._end(at, face.since, {}),)
        return QUIET


class Degraded(Rule):
    """The eyes cannot be judged though a face looks this way, or the lens is dark or covered, or the picture lies.

    A picture that does not stand upright is told at once: perception has taken its time to be sure.
    ``eyes`` False leaves the eyes out of it (profile kiosk, where nobody reads them).
    """

    category = "view"

    def __init__(self, keys: Iterator[int], settings: MonitoringSettings, eyes: bool) -> None:
        super().__init__(keys)
        self._settings, self._eyes = settings, eyes
        self._blocked = Switch(settings.filter, bridge_s=settings.distraction.hold_s)
        self._reason = self._began_by = ""

    def reset(self) -> None:
        """See :class:`Rule`."""
        self._blocked.reset()

    def step(self, now: Moment) -> Sequence[Event]:
        """See :class:`Rule`."""
        blocked, at = self._blocked, now.at
        blocked.step(at, self._evidence(now))
        held_s = blocked.held_s(at)
        if blocked.state and self.open and self._reason == "rotated" != self._began_by:
            self._began_by = self._reason
            details = {"reason": self._began_by, "coverage": blocked.coverage(at)}
            return (self._update("view_degraded", Level.INFO, at, blocked.since, details),)
        due_s = 0.0 if self._reason == "rotated" else self._settings.view.degraded_s
        if blocked.state and self.open is None and held_s >= due_s:
            coverage = blocked.coverage(at)
            if coverage >= self._settings.filter.coverage:
                self._began_by = self._reason
                details = {"reason": self._began_by, "coverage": coverage}
                return (self._start("view_degraded", Level.INFO, at, blocked.since, details),)
        if self.open:
            self._wait(blocked.since if blocked.state is False else None)
        if blocked.state is False and self.open and held_s >= self._settings.view.judged_s:
            return (self._end(at, blocked.since, {"reason": self._began_by}),)
        return QUIET

    def _evidence(self, now: Moment) -> float | None:
        """1 where the view hides the eyes, 0 where they are judged, None where it cannot be said."""
        if now.face.rotated:
            self._reason = "rotated"
            return 1.0
        if now.eyes.evidence is not None or (now.seen and not self._eyes):
            return 0.0
        if now.face.lens is not Lens.CLEAR:
            self._reason = now.face.lens.value
            return 1.0
        if not self._eyes:
            return 0.0
        if not now.seen or now.head.turned:
            return None
        self._reason = "eyes"
        return 1.0
