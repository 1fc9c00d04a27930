"""Presence and mouth: the two simplest readings of a frame."""

from __future__ import annotations

from fer_edge.core import Lens, Signals
from fer_edge.monitoring.filters import Switch
from fer_edge.monitoring.laugh import LaughReader
from fer_edge.monitoring.moment import FaceNow, MouthNow
from fer_edge.settings.monitoring import FilterSettings

BREATH_S = 0.3
"""Two frames of a closed mouth within this are a breath between two sung notes, though one in it was misread."""

HIDDEN_S = 0.3
"""A mouth that cannot be told for less was not hidden."""


class FaceReader:
    """Is the driver's face there? A dark or covered lens cannot tell."""

    def __init__(self, settings: FilterSettings) -> None:
        self._present = Switch(settings)
        self.reset = self._present.reset

    def step(self, signals: Signals) -> FaceNow:
        """Read one frame."""
        at, present = signals.at, self._present
        if signals.face is not None or signals.people:
            present.step(at, 1.0)
        else:
            present.step(at, 0.0 if signals.lens is Lens.CLEAR else None)
        return FaceNow(
            present.state, present.since, present.held_s(at), present.coverage(at), signals.lens, bool(signals.rotated)
        )


class MouthReader:
    """Is the mouth wide open, without interruption?

    The filter smooths syllables into one opening; what counts for a yawn is the opening without a
    break of two frames, one after the other or within ``BREATH_S``. One misread frame breaks nothing.
    """

    def __init__(self, settings: FilterSettings) -> None:
        self._switch = Switch(settings)
        self._bridge_s, self._gap_s = settings.bridge_s, settings.gap_s
        self._laugh = LaughReader()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._switch.reset()
        self._known_at: float | None = None
        self._wide = self._bridging = False
        self._shut_at = float("-inf")
        self._laugh.reset()
        self._told = False
        self._hidden_since: float | None = None
        self._begin(None)

    def _begin(self, at: float | None) -> None:
        """An opening begins at ``at``; None: it is over."""
        self._since = at
        self._wide_s = 0.0

    def step(self, signals: Signals, dt: float) -> MouthNow:
        """Read one frame, ``dt`` seconds after the last."""
        at, switch, value = signals.at, self._switch, signals.mouth_open
        switch.step(at, value)
        bridge_s = self._bridge_s if self._bridging else self._gap_s
        if self._known_at is not None and at - self._known_at > bridge_s:
            self._known_at = None
            self._begin(None)
        self._bridging = value is None
        if value is not None:
            self._follow(at, value >= 0.5)
            self._known_at, self._wide = at, value >= 0.5
        laughs = self._laugh.step(signals, dt if dt <= self._gap_s else 0.0, self._since)
        self._look_for_hand(signals)
        hidden_s = 0.0 if self._hidden_since is None else at - self._hidden_since
        return MouthNow(
            switch.state,
            switch.since,
            switch.held_s(at),
            0.0 if self._since is None or not self._wide else at - self._since,
            0.0 if self._since is None else self._wide_s / max(at - self._since, 1e-9),
            laughs,
            self._hidden_since if hidden_s >= HIDDEN_S else None,
        )

    def _look_for_hand(self, signals: Signals) -> None:
        if signals.mouth_open is not None:
            self._told, self._hidden_since = True, None
        elif signals.face is None:
            self._told, self._hidden_since = False, None
        elif self._told and self._hidden_since is None:
            self._hidden_since = signals.at

    def _follow(self, at: float, wide: bool) -> None:
        before = at if self._known_at is None else self._known_at
        edge = (at + before) / 2
        if self._since is None:
            if wide:
                self._begin(edge)
                self._wide_s = at - edge
        elif wide:
            self._wide_s += at - (before if self._wide else edge)
        elif not self._wide or at - self._shut_at <= BREATH_S:
            self._begin(None)
        else:
            self._wide_s += edge - before
        if not wide:
            self._shut_at = at
