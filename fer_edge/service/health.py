"""How the daemon and its machine are doing: what topic ``stats`` says."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

_THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")
_THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")


WINDOW_S = 60.0
"""Rates and latencies are those of the last minute; the busiest camera's frames fit into the buffer."""


class Health:
    """Counts frames and their latency over the last minute; constant memory."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started_at = clock()
        # When it was done, how long after it was taken, and the process's CPU seconds by then.
        self._recent: deque[tuple[float, float, float]] = deque(maxlen=int(240 * WINDOW_S))
        self.frames = 0

    def processed(self, latency_s: float) -> None:
        """One frame went through, so long after it was taken."""
        self.frames += 1
        self._recent.append((self._clock(), latency_s, time.process_time()))

    def stats(self) -> dict[str, Any]:
        """The numbers of the last minute; None where this machine cannot tell. Changes nothing: ask at any time."""
        now, cpu = self._clock(), time.process_time()
        while self._recent and now - self._recent[0][0] > WINDOW_S:
            self._recent.popleft()
        ordered = sorted(latency for _, latency, _ in self._recent)
        since, spent_s = (now - self._recent[0][0], cpu - self._recent[0][2]) if self._recent else (0.0, 0.0)
        between = len(ordered) - 1
        return {
            "uptime_s": now - self._started_at,
            "fps": len(ordered) / max(min(WINDOW_S, now - self._started_at), 1e-3),
            "frames": self.frames,
            "latency_ms_p50": _percentile_ms(ordered, 0.50),
            "latency_ms_p95": _percentile_ms(ordered, 0.95),
            "latency_ms_p99": _percentile_ms(ordered, 0.99),
            "cpu_percent": 100 * spent_s / since if since > 0 else None,
            "cpu_ms_per_frame": 1000 * spent_s / between if between > 0 else None,
            "memory_mb": rss_mb(),
            "temperature_c": temperature_c(),
            "throttled": throttled(),
            "load": os.getloadavg()[0],
        }


def _percentile_ms(ordered: list[float], share: float) -> float | None:
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def rss_mb() -> float | None:
    """Resident memory of this process in MB (10^6 bytes)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def temperature_c() -> float | None:
    """The processor's temperature in degrees Celsius."""
    try:
        return int(_THERMAL.read_text()) / 1000
    except (OSError, ValueError):
        return None


def throttled() -> bool | None:
    """Whether a Raspberry Pi slows itself down right now (undervoltage, frequency cap, heat)."""
    try:
        flags = int(_THROTTLED.read_text(), 16)
    except (OSError, ValueError):
        return None
    return bool(flags & 0xF)


def heat() -> tuple[float | None, bool | None]:
    """The processor's temperature in degrees Celsius and whether it is throttled, each None where it is not told."""
    return temperature_c(), throttled()
