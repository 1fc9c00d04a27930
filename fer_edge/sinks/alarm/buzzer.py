"""A buzzer or light on a pin of this machine, through gpiozero (extra ``gpio``)."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from fer_edge.core import Level
from fer_edge.errors import MissingExtra, UnavailableError
from fer_edge.settings.alarm import GpioAlarm
from fer_edge.sinks.alarm.remaining import Remaining

_log = logging.getLogger(__name__)

PATTERNS_S: dict[Level, tuple[float, float]] = {
    Level.INFO: (0.05, 4.95),
    Level.ADVISORY: (0.1, 1.9),
    Level.WARNING: (0.3, 0.7),
    Level.CRITICAL: (0.15, 0.15),
}
"""Seconds on and off: told apart without looking, faster the more urgent."""


class Buzzer:
    """Sounds for open events the pattern of the highest level, for each event and level ``longest_s`` at most.

    Used in one thread. Raises MissingExtra without gpiozero, UnavailableError where the pin cannot be had.
    """

    def __init__(self, settings: GpioAlarm, now: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._now = now
        self._remaining = Remaining(settings.longest_s)
        self._playing: Level | None = None
        self._device = _device(settings)

    @property
    def sounding(self) -> bool:
        """Whether a pattern is playing."""
        return self._playing is not None

    def sound(self, events: Mapping[int, Level]) -> None:
        """Sound for these events, by key, and for no others."""
        now = self._now()
        self._remaining.take(events, now)
        self._play(now)

    def tend(self, now: float) -> None:
        """Leave out what has sounded long enough."""
        sounded = self.sounding
        self._play(now)
        if sounded and not self.sounding:
            _log.warning("alarm on pin %s has sounded for %g s: stopped", self._settings.pin, self._settings.longest_s)

    def _play(self, now: float) -> None:
        """The pattern of the highest level that still has time, from its beginning where it is another one."""
        level = self._remaining.loudest(now)
        if level is self._playing:
            return
        self._playing = level
        if level is None:
            self._device.off()
        else:
            on_s, off_s = PATTERNS_S[level]
            self._device.blink(on_time=on_s, off_time=off_s, background=True)

    def close(self) -> None:
        """Silence, and the pin is free."""
        self._device.off()
        self._device.close()


def _device(settings: GpioAlarm) -> Any:
    try:
        import gpiozero
    except ImportError as error:
        raise MissingExtra("alarm.gpio needs gpiozero (docs/alarms.md)", "gpiozero") from error
    try:
        with warnings.catch_warnings():
            # It tells of every pin library it does not find before it takes one that works.
            warnings.simplefilter("ignore")
            return gpiozero.DigitalOutputDevice(settings.pin, active_high=settings.active_high)
    except Exception as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise UnavailableError(
            f"alarm.gpio.pin: pin {settings.pin} cannot be used: {why}; check the number and access to /dev/gpiochip*"
        ) from error
