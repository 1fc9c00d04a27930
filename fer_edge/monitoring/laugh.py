"""Laugh or yawn: what a mouth that is wide open does, told by its shape and by the lids."""

from __future__ import annotations

from fer_edge.core import Signals

OWN_S, OWN_LEAST_S = 60.0, 3.0
"""This driver's mouth when it is not wide: the mean of about so long, known after so long."""
BROAD, NARROW = 1.15, 0.95
"""Widths of an open mouth, against this driver's own, from which it is a laugh, and up to which it is none. A smile
makes the mouth 1.17 times as wide (median of 17 people; ten of them 1.15 and more), the laugh of a marked clip 1.21;
the yawn of another 0.86. 633 wide mouths in pictures, most of them yawns, are 0.81 eye distances wide (median; 98 % up
to 0.97), mouths at rest 0.79."""
EVEN = 1.08
"""As many smiles are narrower (17 people, spread 0.085) as yawns are broader (0.07): decides where no lids are seen."""
ONSET_S, NARROWED = 0.4, 0.5
"""Lids that are narrowed this surely in the first so many seconds of an open mouth in which they are seen up: a laugh.
A yawn narrows them later. A blink, a look down or into the mirror at that moment says nothing. Of a mouth
between ``EVEN`` and ``BROAD`` less is needed."""


class LaughReader:
    """Follows an open mouth's width and the lids above it."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the driver."""
        self._shut_s = 0.0
        self._own = 0.0
        self._begin(None)

    def _begin(self, since: float | None) -> None:
        self._since = since
        self._wide_s = self._width = 0.0
        self._seen_s = self._narrow_s = 0.0

    def step(self, signals: Signals, dt: float, since: float | None) -> bool:
        """Read one frame, ``dt`` seconds after the last: does the mouth, open ``since`` (None: it is not), laugh?"""
        if since != self._since:
            self._begin(since)
        width, wide = signals.mouth_width, signals.mouth_open
        if width is not None and wide is not None:
            if wide < 0.5:
                self._learn(width, dt)
            elif since is not None:
                self._wide_s += dt
                self._width += dt * width
        if since is not None:
            self._look_at_lids(signals, dt)
        return since is not None and self._laughs()

    def _learn(self, width: float, dt: float) -> None:
        self._shut_s = min(self._shut_s + dt, OWN_S)
        if self._shut_s > 0:
            self._own += dt / self._shut_s * (width - self._own)

    def _look_at_lids(self, signals: Signals, dt: float) -> None:
        narrowed = signals.eyes_narrowed
        down = (signals.eyes_closed or 0.0) + (signals.eyes_lowered or 0.0) >= 0.5
        if narrowed is None or down or self._seen_s >= ONSET_S:
            return
        self._seen_s += dt
        self._narrow_s += dt * narrowed

    def _laughs(self) -> bool:
        needed = NARROWED
        if self._shut_s >= OWN_LEAST_S and self._wide_s > 0:
            ratio = self._width / self._wide_s / self._own
            if ratio >= BROAD or ratio <= NARROW:
                return ratio >= BROAD
            if not self._seen_s:
                return ratio >= EVEN
            needed *= min((BROAD - ratio) / (BROAD - EVEN), 1.0)
        return self._seen_s > 0 and self._narrow_s >= needed * self._seen_s
