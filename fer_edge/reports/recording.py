"""A whole drive in memory, compactly: one column of 32-bit numbers a signal, and the events."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_edge import words
from fer_edge.core import EMOTIONS, Event, Level, Phase

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fer_edge.core import DriverState, Signals

    Column = NDArray[np.float64]

COLUMNS = (
    *("at", "seen", "closed", "openness", "eyes_closed", "mouth_open", "yaw", "pitch"),
    *("gaze_yaw", "gaze_pitch", "perclos", *EMOTIONS),
)
_UNKNOWN = float("nan")


@dataclass
class Span:
    """One event from its beginning to its end; times in seconds from the first frame.

    ``level`` is the highest it reached; ``detail`` what else it says, in words.
    """

    event_type: str
    category: str
    level: Level
    began_s: float
    ended_s: float
    ongoing: bool = True
    detail: str = ""


class Recording:
    """A sink that keeps what a plot needs: 76 bytes a frame, 16 MB for two hours at 30 frames a second."""

    def __init__(self) -> None:
        # Seconds need the resolution that a float has no more after some hours.
        self._columns = {name: array("d" if name == "at" else "f") for name in COLUMNS}
        self._spans: dict[int, Span] = {}

    def state(self, state: DriverState, signals: Signals) -> None:
        """Keep one frame."""
        emotions = signals.emotions or {}
        values = (
            state.at,
            signals.face is not None,
            state.eyes_closed,
            state.openness,
            signals.eyes_closed,
            signals.mouth_open,
            state.yaw,
            state.pitch,
            state.gaze_yaw,
            state.gaze_pitch,
            state.perclos,
            *(emotions.get(name) for name in EMOTIONS),
        )
        for column, value in zip(self._columns.values(), values, strict=True):
            column.append(_UNKNOWN if value is None else float(value))

    def event(self, event: Event) -> None:
        """Keep one phase of an event."""
        span = self._spans.get(event.key)
        if span is None:
            span = Span(event.event_type, event.category, event.level, event.began_at, event.at)
            self._spans[event.key] = span
        span.event_type = event.event_type
        span.level = max(span.level, event.level, key=lambda level: level.rank)
        # A duration may end before the frame that told it: what follows its end is not the event.
        span.ended_s = event.began_at + event.held_s if event.phase is Phase.END else event.at
        span.ongoing = event.phase is not Phase.END
        span.detail = words.details(event.details) or span.detail

    def close(self) -> None:
        """Nothing to flush."""

    def __len__(self) -> int:
        return len(self._columns["at"])

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        at = self._columns["at"]
        return at[-1] - at[0] if at else 0.0

    def column(self, name: str) -> Column:
        """One signal over all frames, NaN where it was unknown; ``at`` in seconds from the first frame."""
        import numpy as np

        values = np.asarray(self._columns[name], np.float64)
        return values - values[0] if name == "at" and len(values) else values

    @property
    def spans(self) -> list[Span]:
        """Every event in order of its beginning, in seconds from the first frame."""
        first = self._columns["at"][0] if len(self) else 0.0
        last = self.seconds
        moved = [
            Span(
                s.event_type,
                s.category,
                s.level,
                s.began_s - first,
                last if s.ongoing else s.ended_s - first,
                s.ongoing,
                s.detail,
            )
            for s in self._spans.values()
        ]
        return sorted(moved, key=lambda span: span.began_s)
