"""JSON Lines: one object a line for ``replay --json``, the same for the same frames every time."""

from __future__ import annotations

import json
from collections import Counter
from typing import IO, Any

from fer_edge.core import DriverState, Event, Phase, Signals
from fer_edge.sinks.payloads import event_line, frame_line, summary_line

_RUN = "00000000"


class EventNumbers:
    """Deterministic ids and the count of events by their last type."""

    def __init__(self) -> None:
        self.seq = 0
        self._open: dict[int, str] = {}
        self._types: dict[str, str] = {}

    def take(self, event: Event) -> tuple[str, int]:
        """The id and seq of one phase; an id is that of its start."""
        self.seq += 1
        if event.phase is Phase.START or event.key not in self._open:
            self._open[event.key] = f"{_RUN}-{self.seq}"
        identity = self._open[event.key]
        self._types[identity] = event.event_type
        if event.phase is Phase.END:
            del self._open[event.key]
        return identity, self.seq

    def counts(self) -> dict[str, int]:
        """Each event once, by its last type, in order of first appearance."""
        return dict(Counter(self._types.values()))


class JsonLines:
    """A sink that writes each frame and each event to a text stream."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._numbers = EventNumbers()
        self.frames = 0

    def state(self, state: DriverState, signals: Signals) -> None:
        """One line for the frame's signals."""
        self.frames += 1
        self._write(frame_line(signals, eyes_down=state.eyes_down))

    def event(self, event: Event) -> None:
        """One line for the event's phase."""
        identity, seq = self._numbers.take(event)
        self._write(event_line(event, id=identity, seq=seq))

    def summary(self, seconds: float, cpu_ms_per_frame: float | None) -> dict[str, Any]:
        """Write and return the last line; ``seconds`` is the length of the video."""
        line = summary_line(
            frames=self.frames, seconds=seconds, events=self._numbers.counts(), cpu_ms_per_frame=cpu_ms_per_frame
        )
        self._write(line)
        return line

    def close(self) -> None:
        """Flush; the stream stays open, it is the caller's."""
        self._stream.flush()

    def _write(self, line: dict[str, Any]) -> None:
        self._stream.write(json.dumps(line, separators=(",", ":"), allow_nan=False) + "\n")
