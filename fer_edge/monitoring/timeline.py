"""The frames' clock: which frames count, how much time each stands for, and how fast they come."""

from __future__ import annotations

from enum import Enum
from math import exp

FPS_OVER_S = 3.0
"""Time constant over which the frame rate is measured."""

RESTART_AFTER_S = 1.0
"""A clock that runs below the last time for so long has been set back; before that, frames are late."""

SLACK_MAX_S = 1 / 30
"""Half the time between frames at 15 fps; slower cameras get no more of it."""

RATE_MARGIN = (0.95, 0.99)
"""A camera of exactly the least rate is not degraded: below the first share it is, above the second not."""


class Step(Enum):
    """What a frame's time means for those before it."""

    LATE = "late"
    """At or before a frame already seen: ignored."""
    NEXT = "next"
    RESTARTED = "restarted"
    """The clock was set back: nothing seen before can be related to it."""


class Timeline:
    """Follows the time of frames.

    ``at`` is the last frame's time, ``dt`` the seconds since the one before it, ``degraded`` whether
    frames come more slowly than ``min_fps``.
    """

    __slots__ = ("_frames", "_late_at", "_late_from", "_seconds", "at", "degraded", "dt", "gap_s", "min_fps")

    def __init__(self, gap_s: float, min_fps: float) -> None:
        self.gap_s, self.min_fps = gap_s, min_fps
        self.at: float | None = None
        self.dt = 0.0
        self.degraded = False
        self._late_from: float | None = None
        self._late_at = 0.0
        self._frames = self._seconds = 0.0

    def step(self, at: float) -> Step:
        """Take the time of a frame."""
        if self.at is not None and at <= self.at:
            return self._late(at)
        self._late_from = None
        last_s, self.dt = self.dt, 0.0 if self.at is None else at - self.at
        self.at = at
        # One gap says nothing of the rate; a camera that gives gap after gap must not keep its old one.
        if 0 < self.dt <= self.gap_s or last_s > self.gap_s:
            self._count(min(self.dt, self.gap_s))
        return Step.NEXT

    def pause(self) -> None:
        """Watching stops: the next frame follows none, however long it takes to come."""
        self.at, self.dt, self._late_from = None, 0.0, None

    def _late(self, at: float) -> Step:
        if self._late_from is None or at <= self._late_at:
            self._late_from = at
        self._late_at = at
        if at - self._late_from < RESTART_AFTER_S:
            return Step.LATE
        self.at, self.dt, self._late_from = at, 0.0, None
        self._frames = self._seconds = 0.0
        return Step.RESTARTED

    def _count(self, dt: float) -> None:
        fade = exp(-dt / FPS_OVER_S)
        self._frames = self._frames * fade + 1.0
        self._seconds = self._seconds * fade + dt
        low, high = RATE_MARGIN
        fps = self.fps
        if fps is not None:
            self.degraded = fps < self.min_fps * (high if self.degraded else low)

    @property
    def slack_s(self) -> float:
        """Half the usual time between frames, as far as it is known and small."""
        return min(0.5 * self._seconds / self._frames, SLACK_MAX_S) if self._seconds >= 1.0 else 0.0

    @property
    def fps(self) -> float | None:
        """Frames per second lately; None in the first second."""
        return self._frames / self._seconds if self._seconds >= 1.0 else None
