"""A progress line with the time left: a bar where a person watches, an occasional line otherwise."""

from __future__ import annotations

import sys
import time
from typing import TextIO


def spoken(seconds: float) -> str:
    """``75`` is ``1m15s``."""
    whole = max(int(seconds + 0.5), 0)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{whole % 60:02d}s" if minutes else f"{whole}s"


class Progress:
    """Counts ``total`` steps on stderr. ``done`` is where a resumed run starts."""

    def __init__(self, total: int, done: int = 0, stream: TextIO | None = None) -> None:
        self._total = total
        self._first = self._done = done
        self._began = time.monotonic()
        self._shown = 0.0
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()

    def step(self, text: str) -> None:
        """One step further; redraws the bar at most five times a second."""
        self._done += 1
        now = time.monotonic()
        if self._live and now - self._shown > 0.2:
            self._shown = now
            filled = int(24 * self._done / self._total)
            bar = "█" * filled + "·" * (24 - filled)
            self._stream.write(f"\r{bar} {self.left()} left  {text}\x1b[K")
            self._stream.flush()

    def left(self) -> str:
        """The time left at the pace so far."""
        taken = time.monotonic() - self._began
        steps = max(self._done - self._first, 1)
        return spoken(taken / steps * (self._total - self._done))

    def line(self, text: str) -> None:
        """A line that stays."""
        self._stream.write(("\r\x1b[K" if self._live else "") + text + "\n")
        self._stream.flush()
