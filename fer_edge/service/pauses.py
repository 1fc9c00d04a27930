"""Pauses of the watch: each is long enough to be told, and between two there is time to see who sleeps."""

from __future__ import annotations

from collections.abc import Callable

from fer_edge.errors import UsageError
from fer_edge.sinks.mqtt import LEAST_PAUSE_S

MARGIN_S = 2.0
"""So much longer than the slowest fatigue rule needs is watched between two pauses."""


class Pauses:
    """The pause going on, if any, and what there were. Used in the main loop only."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = 0.0
        self._until: float | None = None
        self._next_at = float("-inf")
        self._before_s = 0.0
        self.count = 0

    @property
    def left_s(self) -> float | None:
        """Seconds until the pause ends by itself; None while nothing is paused."""
        return None if self._until is None else max(0.0, self._until - self._clock())

    @property
    def total_s(self) -> float:
        """Seconds paused since the start, with those of the pause going on."""
        return self._before_s + (0.0 if self._until is None else self._clock() - self._began)

    def begin(self, seconds: float) -> None:
        """Pause for so long from now. Raises UsageError too soon after the last one."""
        now = self._clock()
        if self._until is None:
            if now < self._next_at:
                wait_s = self._next_at - now
                raise UsageError(
                    f"refused: monitoring must run for a while between two pauses; try again in {wait_s:.0f} s"
                )
            self._began = now
            self.count += 1
        self._until = max(now + seconds, self._began + LEAST_PAUSE_S)

    def ask_to_end(self) -> None:
        """End it as soon as it was long enough to be told."""
        if self._until is not None:
            self._until = min(self._until, max(self._clock(), self._began + LEAST_PAUSE_S))

    def over(self, slowest_rule_s: float) -> bool:
        """Whether a pause has just run out; the next one may begin when the slowest rule has had its time."""
        now = self._clock()
        if self._until is None or now < self._until:
            return False
        self._before_s += now - self._began
        self._until, self._next_at = None, now + slowest_rule_s + MARGIN_S
        return True
