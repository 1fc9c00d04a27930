"""PERCLOS: how much of the last minute the eyes were closed, blinks left out."""

from __future__ import annotations

from fer_edge.monitoring.windows import Recent, Share

BLINKS_OVER_S = 60.0


class Perclos:
    """Share of judged time with closed eyes over a window, short closures left out; and blinks.

    Works on unfiltered values. Each frame stands for half of the time to either neighbour. A closure
    counts, from its beginning, once a frame shows that it has lasted ``min_closure_s``; until then it
    may be a blink.
    """

    def __init__(self, window_s: float, min_closure_s: float, bridge_s: float, gap_s: float) -> None:
        self._min_closure_s, self._bridge_s, self._gap_s = min_closure_s, bridge_s, gap_s
        self.window = Share(window_s)
        self.blinks = Recent(BLINKS_OVER_S)
        self._known_at: float | None = None
        self._closed: bool | None = None
        self._run: float | None = None
        self._counts = False
        self._pending_s = 0.0

    def reset(self) -> None:
        """Forget everything."""
        self.window.reset()
        self.blinks.reset()
        self._known_at = self._closed = self._run = None
        self._counts, self._pending_s = False, 0.0

    def step(self, at: float, dt: float, closed: bool | None) -> None:
        """Take one frame, ``dt`` seconds after the last: eyes closed, open, or None."""
        bridge_s = self._bridge_s if self._closed is None else self._gap_s
        if self._known_at is not None and at - self._known_at > bridge_s:
            self._finish(self._known_at, blink=False)
            self._known_at = None
        half = dt / 2 if dt <= self._gap_s else 0.0
        before, self._closed = self._closed, closed
        judged = half * ((before is not None) + (closed is not None))
        if judged:
            self.window.add(at, judged, 0.0)
        if before:
            self._pending_s += half
        if closed is None:
            return
        edge = at if self._known_at is None else (at + self._known_at) / 2
        if closed and self._run is None:
            self._run = edge
        elif not closed and self._run is not None:
            self._finish(edge, blink=True)
        self._known_at = at
        if closed:
            self._pending_s += half
            if self._counts or (self._run is not None and at - self._run >= self._min_closure_s):
                self._counts = True
                self._count(at)

    def _count(self, at: float) -> None:
        self.window.add(at, 0.0, self._pending_s)
        self._pending_s = 0.0

    def _finish(self, until: float, *, blink: bool) -> None:
        """The closure going on, if any, is over."""
        if self._counts:
            self._count(until)
        elif self._run is not None and blink:
            self.blinks.add(until)
        self._run, self._counts, self._pending_s = None, False, 0.0
