"""The last minutes as the page shows them: a few samples a second and the newest events, bounded."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from fer_edge.monitoring.aim import aim
from fer_edge.sinks.clock import SystemClock
from fer_edge.sinks.payloads import event_body, rounded, state_payload

if TYPE_CHECKING:
    from fer_edge.core import DriverState, Event, Signals
    from fer_edge.sinks.clock import Clock

SAMPLE_S = 0.25
"""One sample of the timeline covers so long; a blink within it is kept."""
EVENTS = 200
"""Most phases of events that are kept, and as many of expressions."""

Sample = tuple[float, bool | None, float | None, float | None, float | None, float | None]
"""When it began, eyes closed at any time in it, widest mouth, last yaw in degrees, last PERCLOS, least openness of the
eyes (1: as open as this driver's usually are); None: not known."""


class History:
    """Filled by the daemon's main loop, read by the page's thread."""

    def __init__(self, seconds: float, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._samples: deque[Sample] = deque(maxlen=max(1, round(seconds / SAMPLE_S)))
        self._events: deque[dict[str, Any]] = deque(maxlen=EVENTS)
        self._expressions: deque[dict[str, Any]] = deque(maxlen=EVENTS)
        """Apart: they change all the time and would push an alarm out."""
        self._open: Sample | None = None
        self._latest: tuple[DriverState, Signals] | None = None
        self._size: tuple[int, int] | None = None
        self.count = 0

    def add(self, state: DriverState, signals: Signals) -> None:
        """The state after one frame."""
        with self._lock:
            self._latest = (state, signals)
            now: Sample = (state.at, state.eyes_closed, signals.mouth_open, state.yaw, state.perclos, state.openness)
            if self._open is None:
                self._open = now
            elif 0 <= state.at - self._open[0] < SAMPLE_S:
                self._open = _merged(self._open, now)
            else:
                self._samples.append(self._open)
                self.count += 1
                self._open = now

    def picture(self, width: int, height: int) -> None:
        """How large the camera's pictures are, pixels: known once somebody looks."""
        self._size = width, height

    def event(self, event: Event) -> dict[str, Any]:
        """Keep one phase of an event; returns it as the page reads it."""
        message = {
            "kind": "event",
            "key": event.key,
            "at": event.at,
            "began_at": event.began_at,
            "ticks": self._clock.ticks(),
            **event_body(event),
        }
        with self._lock:
            (self._expressions if event.category == "emotion" else self._events).append(message)
        return self._dated(message)

    def past(self) -> tuple[int, list[list[Any]], list[dict[str, Any]]]:
        """The count of samples so far, the samples, the events: what a new visitor is shown."""
        with self._lock:
            return self.count, [rounded(sample) for sample in self._samples], self._told()

    def _told(self) -> list[dict[str, Any]]:
        return [self._dated(message) for message in (*self._expressions, *self._events)]

    def _dated(self, message: dict[str, Any]) -> dict[str, Any]:
        """With its time of day: by the clock as it is now, which may have been set since."""
        return message | {"time": self._clock.wall() - self._clock.ticks() + message["ticks"]}

    def since(self, count: int) -> tuple[int, list[list[Any]]]:
        """The count of samples so far and those that came after a count."""
        with self._lock:
            fresh = min(self.count - count, len(self._samples))
            return self.count, [rounded(self._samples[n]) for n in range(-fresh, 0)]

    def now(self) -> dict[str, Any] | None:
        """The newest state with the signals behind it; None before the first frame."""
        with self._lock:
            latest = self._latest
        if latest is None:
            return None
        state, signals = latest
        return {
            "kind": "state",
            "at": round(state.at, 3),
            # Without a picture nothing is known, whatever the reason: a lost camera, a pause.
            "frame": signals.number >= 0,
            "closed": rounded(signals.eyes_closed),
            "mouth": rounded(signals.mouth_open),
            "aim": aim(state, signals, self._size),
            **state_payload(state),
        }


def _merged(first: Sample, then: Sample) -> Sample:
    """Two moments of one sample: a closure or an open mouth in either counts."""
    closed = [value for value in (first[1], then[1]) if value is not None]
    mouths = [value for value in (first[2], then[2]) if value is not None]
    openness = [value for value in (first[5], then[5]) if value is not None]
    return (
        first[0],
        any(closed) if closed else None,
        max(mouths, default=None),
        then[3],
        then[4],
        min(openness, default=None),
    )
