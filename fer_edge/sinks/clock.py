"""The wall clock, and whether it can be believed.

A Raspberry Pi has no battery clock: until the network has set it, its time is that of the last
shutdown. Payloads say so (``time_ok``), and an event stored meanwhile gets its true time later,
because the boot clock went on counting.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

_BUILT = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
_TIME_ERROR = 5  # adjtimex(2): the kernel's clock is not synchronised
_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
_RTC = Path("/sys/class/rtc")
_AGREE_S = 60.0
_ASK_AGAIN_S = 60.0


class Clock(Protocol):
    """Three readings that are taken together when something is stamped."""

    def wall(self) -> float:
        """Seconds since 1970, as the machine believes."""

    def ticks(self) -> float:
        """Seconds since the machine booted, sleep included; never set back."""

    def wall_ok(self) -> bool:
        """Whether :meth:`wall` was set by something trustworthy."""

    def boot(self) -> str:
        """The machine's boot id: ticks compare only under the same one."""


class SystemClock:
    """This machine's clocks. ``trusted`` takes the wall clock as right without a sign of it."""

    def __init__(self, trusted: bool = False) -> None:
        self._trusted = trusted
        self._agreed = False
        self._asked_at = float("-inf")
        self._libc = ctypes.CDLL(None, use_errno=True)
        try:
            self._boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            self._boot = ""

    def wall(self) -> float:
        """Seconds since 1970, as the machine believes."""
        return time.time()

    def ticks(self) -> float:
        """CLOCK_BOOTTIME in seconds."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def boot(self) -> str:
        """The kernel's boot id, empty where there is none."""
        return self._boot

    def wall_ok(self) -> bool:
        """A believable year, and a time server or a battery clock that agrees."""
        if self.wall() < _BUILT:
            return False
        if self._trusted or _SYNCHRONISED.exists():
            return True
        return self._kernel_says_synchronised() or self._battery_clock_agrees()

    def _kernel_says_synchronised(self) -> bool:
        # struct timex is 208 bytes on 64-bit Linux and smaller elsewhere; modes = 0 only reads.
        answer = ctypes.create_string_buffer(512)
        return bool(0 <= self._libc.adjtimex(answer) < _TIME_ERROR)

    def _battery_clock_agrees(self) -> bool:
        """A Raspberry Pi 5 has such a clock but seldom its battery: without one it is years off."""
        if self.ticks() - self._asked_at > _ASK_AGAIN_S:
            self._asked_at = self.ticks()
            self._agreed = any(abs(told - self.wall()) < _AGREE_S for told in _battery_clocks())
        return self._agreed


def _battery_clocks() -> Iterator[float]:
    for file in _RTC.glob("rtc*/since_epoch"):
        with suppress(OSError, ValueError):
            yield float(file.read_text())


def iso(wall: float) -> str:
    """Seconds since 1970 as ``2026-11-20T08:03:11.412Z``."""
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
