"""Presence and mouth: the two simplest readings of a frame."""

from __future__ import annotations

from fer_edge.core import Lens, Signals
from fer_edge.monitoring.filters import Switch
from fer_edge.monitoring.moment import FaceNow, MouthNow
from fer_edge.settings.monitoring import FilterSettings


class FaceReader:
    """Is the driver's face there? A dark or covered lens cannot tell."""

    def __init__(self, settings: FilterSettings) -> None:
        self._present = Switch(settings)
        self.reset = self._present.reset

    def step(self, signals: Signals) -> FaceNow:
        """Read one frame."""
        present = self._present
        if signals.face is not None or signals.people:
            present.step(signals.at, 1.0)
        else:
            present.step(signals.at, 0.0 if signals.lens is Lens.CLEAR else None)
        return FaceNow(present.state, present.since, present.held_s(signals.at), signals.lens)


class MouthReader:
    """Is the mouth wide open, and does it look like laughter?"""

    def __init__(self, settings: FilterSettings) -> None:
        self._open = Switch(settings)
        self._happy_s = self._seen_s = 0.0

    def reset(self) -> None:
        """Forget everything."""
        self._open.reset()
        self._happy_s = self._seen_s = 0.0

    def step(self, signals: Signals, dt: float) -> MouthNow:
        """Read one frame, ``dt`` seconds after the last."""
        switch, value = self._open, signals.mouth_open
        switch.step(signals.at, value)
        if value is not None:
            self._smile(signals, dt, value >= 0.5)
        held_s = switch.held_s(signals.at)
        happy = self._happy_s / self._seen_s if self._seen_s > 0 else None
        return MouthNow(switch.state, switch.since, held_s, switch.coverage(signals.at), happy)

    def _smile(self, signals: Signals, dt: float, wide: bool) -> None:
        if not wide and not self._open.state:
            self._happy_s = self._seen_s = 0.0
        elif signals.emotions and "happy" in signals.emotions:
            self._happy_s += dt * signals.emotions["happy"]
            self._seen_s += dt
