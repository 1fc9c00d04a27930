"""A buzzer or light on a pin of this machine, through gpiozero (extra ``gpio``)."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable
from typing import Any

from fer_edge.core import Level
from fer_edge.errors import MissingExtra, UnavailableError
from fer_edge.settings.alarm import GpioAlarm

_log = logging.getLogger(__name__)

PATTERNS_S: dict[Level, tuple[float, float]] = {
    Level.INFO: (0.05, 4.95),
    Level.ADVISORY: (0.1, 1.9),
    Level.WARNING: (0.3, 0.7),
    Level.CRITICAL: (0.15, 0.15),
}
"""Seconds on and off: told apart without looking, faster the more urgent."""


class Buzzer:
    """Sounds the pattern of a level until told otherwise, ``longest_s`` at most.

    Used in one thread. Raises MissingExtra without gpiozero, UnavailableError where the pin cannot be had.
    """

    def __init__(self, settings: GpioAlarm, now: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._now = now
        self._silent_at: float | None = None
        self._device = _device(settings)

    @property
    def sounding(self) -> bool:
        """Whether a pattern is playing."""
        return self._silent_at is not None

    def sound(self, level: Level | None) -> None:
        """Play the level's pattern from its beginning; None is silence."""
        if level is None:
            self._silent_at = None
            self._device.off()
            return
        on_s, off_s = PATTERNS_S[level]
        self._silent_at = self._now() + self._settings.longest_s
        self._device.blink(on_time=on_s, off_time=off_s, background=True)

    def tend(self, now: float) -> None:
        """Fall silent when it has sounded long enough."""
        if self._silent_at is not None and now >= self._silent_at:
            _log.warning("alarm on pin %s has sounded for %g s: silent", self._settings.pin, self._settings.longest_s)
            self.sound(None)

    def close(self) -> None:
        """Silence, and the pin is free."""
        self._device.off()
        self._device.close()


def _device(settings: GpioAlarm) -> Any:
    try:
        import gpiozero
    except ImportError as error:
        raise MissingExtra("alarm.gpio needs gpiozero; install it: pip install 'fer-edge[gpio]'") from error
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
