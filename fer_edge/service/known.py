"""What is known of the driver, and what is left of it when no frame comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fer_edge.core import DriverState, Level, Signals


class Known:
    """The last state. Used in the main loop only.

    ``seen_at`` is when the last frame was looked at, seconds of ``clock``; 0 before the first.
    """

    def __init__(self, profile: str, clock: Callable[[], float]) -> None:
        self.seen_at = 0.0
        self._clock = clock
        self._state = DriverState(at=clock(), profile=profile)

    def seen(self, state: DriverState, at: float) -> None:
        """A frame taken at that time said this."""
        self._state, self.seen_at = state, at

    def events_ended(self) -> None:
        """What was open was told to have ended."""
        self._state = replace(self._state, open_events=(), level=None)

    def open_unseen(self, after_s: float) -> bool:
        """Whether something has been open for so long after the last frame."""
        return bool(self._state.open_events) and self._clock() - self.seen_at >= after_s

    def nothing(self, profile: str, paused_s: float | None) -> tuple[DriverState, Signals]:
        """The state without a frame. Events stay open when the camera is lost, for a while; a pause has ended them."""
        now = self._clock()
        unknown = DriverState(at=now, profile=profile, calibration=self._state.calibration, paused_s=paused_s)
        if paused_s is None:
            # What is open keeps its level; that nothing is, is no longer known.
            level = None if self._state.level is Level.NONE else self._state.level
            unknown = replace(unknown, open_events=self._state.open_events, level=level)
        self._state = unknown
        return unknown, Signals(at=now, number=-1)
