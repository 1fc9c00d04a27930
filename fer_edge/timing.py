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
class Stage:
    """What one stage took: seconds of all its calls, and wall seconds of the newest ones."""

    newest: deque[float]
    calls: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0


@dataclass
class Stages:
    """Adds up what each stage took, and keeps its newest ``keep`` wall times. A stage lies within no other one.

    CPU time is the whole process's: a decoder and a network may have threads of their own.
    """

    keep: int = 20_000
    each: dict[str, Stage] = field(default_factory=dict)

    def __call__(self, name: str) -> AbstractContextManager[None]:
        """Measure what happens inside the ``with`` block under this name."""
        return self._measure(name)

    @contextmanager
    def _measure(self, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - wall, time.process_time() - cpu)

    def add(self, name: str, wall_s: float, cpu_s: float) -> None:
        """Record one measurement made elsewhere."""
        stage = self.each.setdefault(name, Stage(deque(maxlen=self.keep)))
        stage.newest.append(wall_s)
        stage.calls += 1
        stage.wall_s += wall_s
        stage.cpu_s += cpu_s

    def spent(self) -> tuple[float, float]:
        """Wall and CPU seconds of all stages together."""
        return sum(stage.wall_s for stage in self.each.values()), sum(stage.cpu_s for stage in self.each.values())


class NoStages(Stages):
    """Measures nothing and costs next to nothing: what runs outside the benchmark."""

    _nothing = nullcontext()

    def __call__(self, name: str) -> AbstractContextManager[None]:
        """A block that is not measured."""
        return self._nothing
