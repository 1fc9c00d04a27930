"""The clocks of a simulated node: its machine's time, which may be off, not set yet, or run faster than ours."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Course:
    """Simulated time: ``speed`` seconds a second from ``began`` (seconds since 1970) on, for ``began_real``."""

    began: float
    began_real: float
    speed: float = 1.0

    def now(self) -> float:
        """Seconds since 1970, the simulation's."""
        return self.began + (time.monotonic() - self.began_real) * self.speed

    def real(self, at: float) -> float:
        """When, on the monotonic clock, it will be ``at``."""
        return self.began_real + (at - self.began) / self.speed


@dataclass(slots=True)
class NodeClock:
    """fer_edge's Clock. ``skew_s`` is how far the machine's time is off; ``trusted`` whether anything has set it."""

    course: Course
    skew_s: float = 0.0
    trusted: bool = True
    boots: int = 0

    def wall(self) -> float:
        """Seconds since 1970, as the machine believes."""
        return self.course.now() + self.skew_s

    def ticks(self) -> float:
        """Seconds since the machine booted."""
        return self.course.now() - self.course.began

    def wall_ok(self) -> bool:
        """Whether anything has set the clock."""
        return self.trusted

    def boot(self) -> str:
        """Another one after each restart of the machine."""
        return f"boot-{self.boots}"
