"""How many frames a second are looked at: all of them, or fewer while the machine is late or hot."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_edge.settings.health import HealthSettings

log = logging.getLogger(__name__)

RATES = (15.0, 10.0, 5.0)
"""Frames a second below the camera's own rate. 10 is the least that the rules are made for; 5 is for emergencies."""
LATE_SHARE = 0.85
"""Share of the time spent on frames above which the machine is late: nothing is left for anything else."""
EASY_SHARE = 0.6
"""The next faster rate must be expected to need less than this."""
DECIDE_S = 5.0
"""Time over which the share is taken, seconds."""
RECOVER_S = 30.0
"""How long it must be easy, and cool, before the rate rises: far longer than to fall, so it does not swing."""
COOL_C = 5.0
"""So far below hot is cool again, degrees."""

Sense = Callable[[], tuple[float | None, bool | None]]


class Pace:
    """Admits frames at a rate that the machine can bear. Has no clock: times come in with the calls.

    ``sense`` gives the processor's temperature in degrees Celsius and whether it is throttled, each
    None where this machine cannot tell; it is asked once a decision.
    """

    def __init__(self, settings: HealthSettings, camera_fps: float, sense: Sense) -> None:
        self._settings = settings
        self._sense = sense
        self._rates = [camera_fps, *(rate for rate in RATES if rate < camera_fps)]
        self._step = 0
        self._due = float("-inf")
        self._since: float | None = None
        self._busy_s, self._frames = 0.0, 0
        self._easy_since: float | None = None

    @property
    def fps(self) -> float | None:
        """The rate in force; None while every frame is looked at."""
        return self._rates[self._step] if self._step else None

    def admit(self, at: float) -> bool:
        """Whether to look at the frame taken at ``at`` (seconds)."""
        if self._step == 0:
            return True
        interval = 1 / self._rates[self._step]
        # A tenth of the interval's grace: a camera of exactly twice the rate must not lose every third frame.
        if 0 <= self._due - at <= interval and at < self._due - 0.1 * interval:
            return False
        self._due = (self._due if 0 <= at - self._due < interval else at) + interval
        return True

    def looked(self, now: float, busy_s: float) -> None:
        """One frame took so long; every few seconds this decides on the rate."""
        if not self._settings.adaptive:
            return
        if self._since is None:
            self._since = now
        self._busy_s += busy_s
        self._frames += 1
        elapsed = now - self._since
        if elapsed < DECIDE_S:
            return
        share, per_frame = self._busy_s / elapsed, self._busy_s / self._frames
        self._since, self._busy_s, self._frames = now, 0.0, 0
        temperature_c, throttled = self._sense()
        hot = bool(throttled) or (temperature_c is not None and temperature_c >= self._settings.hot_c)
        if hot or share > LATE_SHARE:
            self._easy_since = None
            self._slower(_heat(temperature_c, throttled) if hot else f"{share:.0%} of the time is spent on frames")
        else:
            self._recover(now, per_frame, temperature_c)

    def _slower(self, why: str) -> None:
        if self._step < len(self._rates) - 1:
            self._step += 1
            log.warning("reduced to %.0f frames/s: %s", self._rates[self._step], why)

    def _recover(self, now: float, per_frame_s: float, temperature_c: float | None) -> None:
        cool = temperature_c is None or temperature_c < self._settings.hot_c - COOL_C
        faster = self._rates[max(0, self._step - 1)]
        if self._step == 0 or not cool or per_frame_s * faster > EASY_SHARE:
            self._easy_since = None
        elif self._easy_since is None:
            self._easy_since = now
        elif now - self._easy_since >= RECOVER_S:
            self._step -= 1
            self._easy_since = None
            log.info("back to %.0f frames/s", self._rates[self._step])


def _heat(temperature_c: float | None, throttled: bool | None) -> str:
    known = "" if temperature_c is None else f" at {temperature_c:.0f} °C"
    return f"the processor is throttled{known}" if throttled else f"the processor is{known}"
