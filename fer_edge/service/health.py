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


class Health:
    """Counts frames and their latency between two stats; constant memory."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started_at = clock()
        self._latencies: deque[float] = deque(maxlen=2000)
        self._frames = 0
        self.frames_total = 0
        self._since, self._cpu_since = clock(), time.process_time()

    def processed(self, latency_s: float) -> None:
        """One frame went through, so long after it was taken."""
        self._frames += 1
        self.frames_total += 1
        self._latencies.append(latency_s)

    def stats(self) -> dict[str, Any]:
        """The numbers since the last call; None where this machine cannot tell."""
        now, cpu = self._clock(), time.process_time()
        seconds = max(now - self._since, 1e-3)
        ordered = sorted(self._latencies)
        numbers = {
            "uptime_s": now - self._started_at,
            "fps": self._frames / seconds,
            "frames": self.frames_total,
            "latency_ms_p50": _percentile_ms(ordered, 0.50),
            "latency_ms_p95": _percentile_ms(ordered, 0.95),
            "latency_ms_p99": _percentile_ms(ordered, 0.99),
            "cpu_percent": 100 * (cpu - self._cpu_since) / seconds,
            "cpu_ms_per_frame": 1000 * (cpu - self._cpu_since) / self._frames if self._frames else None,
            "memory_mb": rss_mb(),
            "temperature_c": temperature_c(),
            "throttled": throttled(),
            "load": os.getloadavg()[0],
        }
        self._since, self._cpu_since, self._frames = now, cpu, 0
        self._latencies.clear()
        return numbers


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
