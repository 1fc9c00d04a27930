"""The clock that frames are dated by, and where their time goes: wall and CPU time per named stage, while asked for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field


def since_boot() -> float:
    """Seconds since the machine booted, suspended ones included: after those another driver may sit there."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass
class Stages:
    """Collects (wall, CPU) seconds per stage, the newest ``keep`` of each."""

    keep: int = 20_000
    times: dict[str, deque[tuple[float, float]]] = field(default_factory=dict)

    def __call__(self, name: str) -> AbstractContextManager[None]:
        """Measure what happens inside the ``with`` block under this name."""
        return self._measure(name)

    @contextmanager
    def _measure(self, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - wall, time.thread_time() - cpu)

    def add(self, name: str, wall_s: float, cpu_s: float) -> None:
        """Record one measurement made elsewhere."""
        self.times.setdefault(name, deque(maxlen=self.keep)).append((wall_s, cpu_s))


class NoStages(Stages):
    """Measures nothing and costs next to nothing: what runs outside the benchmark."""

    _nothing = nullcontext()

    def __call__(self, name: str) -> AbstractContextManager[None]:
        """A block that is not measured."""
        return self._nothing
