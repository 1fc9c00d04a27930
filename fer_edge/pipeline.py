"""One frame through everything: pixels to signals, signals to state and events, events to sinks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_edge.errors import EndOfSource
from fer_edge.timing import NoStages, Stages

if TYPE_CHECKING:
    from fer_edge.core import DriverState, Event, Frame, Signals, Sink, Source
    from fer_edge.monitoring import Monitor
    from fer_edge.perception.reader import Perception


@dataclass(frozen=True, slots=True)
class Step:
    """What one frame came to."""

    signals: Signals
    state: DriverState
    events: tuple[Event, ...]


class Pipeline:
    """Perception, monitoring and sinks in a row; the caller brings the frames and the clock with them."""

    def __init__(
        self,
        perception: Perception,
        monitor: Monitor,
        sinks: Sequence[Sink] = (),
        *,
        stages: Stages | None = None,
    ) -> None:
        self.perception = perception
        self.monitor = monitor
        self.sinks = sinks
        self._stages = stages or NoStages()

    def step(self, frame: Frame) -> Step:
        """Take one frame through. Sinks get every event in order, then the state."""
        signals = self.perception.read(frame)
        with self._stages("monitoring"):
            state, events = self.monitor.step(signals)
        with self._stages("publish"):
            for sink in self.sinks:
                for event in events:
                    sink.event(event)
                sink.state(state, signals)
        return Step(signals, state, events)


@contextmanager
def opened(source: Source) -> Iterator[Iterator[Frame]]:
    """Open a source for this block, which gets its frames up to its end. Raises SourceUnavailable."""
    source.open()
    try:
        yield _frames(source)
    finally:
        source.close()


def _frames(source: Source) -> Iterator[Frame]:
    while True:
        try:
            frame = source.read()
        except EndOfSource:
            return
        yield frame
