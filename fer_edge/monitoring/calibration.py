"""Learning the driver: how wide these eyes are when open, and where straight ahead is.

Fixed thresholds fail real people: open-eye aspect ratios are N(0.257, 0.021), so a fixed 0.23 flags
one driver in ten. And a camera beside the wheel sees a driver who looks straight ahead at 40 degrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from sys import float_info
from typing import Any

from fer_edge.core import Calibration
from fer_edge.monitoring.windows import Histogram
from fer_edge.settings.monitoring import CalibrationSettings

REFRESH_S = 1.0
"""While calibrating, medians are taken anew so often."""

SHOWN_S = 0.2
"""What a state shows of the calibration is at most so old: it changes slowly and costs time to say."""

AHEAD_DEG = 15.0
"""Only a head within this of straight ahead moves it, once it is known."""

MOST_DEG = 90.0
"""Nobody is seen to look further aside or up than this from the camera."""

UPPER = 0.2
"""Of all poses of a driver the upper one is straight ahead, if it has at least this share of the time: people look
down into the lap for long, and never up above the road."""

CLAMP_SPREADS = 4.0
"""A baseline further than this many spreads from the population's mean is not an open eye."""

WIDE_SHARE = 0.75
"""Once known, the baseline learns only from eyes at least this wide: half-shut lids are not its model."""


class Baseline:
    """The open-eye openness of this driver.

    Calibrated as the median of the open eyes among the valid frames: those above half of the highest
    tenth, so blinks do not count. Afterwards it follows slowly, upwards freely and downwards never
    below ``open_droop`` under what was calibrated: a driver whose lids sink is getting drowsy.
    """

    def __init__(self, settings: CalibrationSettings) -> None:
        self._settings = settings
        spread = CLAMP_SPREADS * settings.open_spread
        self._low, self._high = settings.open_prior * (1 - spread), settings.open_prior * (1 + spread)
        self.value: float | None = None
        self._calibrated = 0.0
        self._valid = Histogram(0.0, 1.5, 150)

    @property
    def valid_s(self) -> float:
        """Seconds of valid frames so far."""
        return self._valid.total_s

    @property
    def saved(self) -> float | None:
        """What to keep over a restart: a droop is not carried on, or each restart would let it fall further."""
        return None if self.value is None else max(self.value, self._calibrated)

    def restore(self, value: float) -> None:
        """Take a saved baseline."""
        self.value = self._calibrated = self._clamp(value)

    def learn(self, openness: float, dt: float) -> None:
        """Take the openness of a valid frame that stands for ``dt`` seconds."""
        if self.value is None:
            self._valid.add(openness, dt)
            if self._valid.total_s >= self._settings.full_s:
                self._settle()
        elif openness >= WIDE_SHARE * self.value:
            value = self.value + dt / (dt + self._settings.slow_s) * (openness - self.value)
            lowest = self._calibrated * (1.0 - self._settings.open_droop)
            self.value = self._clamp(value if value > lowest else lowest)

    def _settle(self) -> None:
        top = self._valid.quantile(0.9) or 0.0
        median = self._valid.quantile(0.5, above=top / 2)
        if median is not None:
            self.restore(median)

    def _clamp(self, value: float) -> float:
        if value < self._low:
            return self._low
        return value if value < self._high else self._high


class ShutEyes:
    """The openness that is read from this driver's shut eyes: the median of those in closures, the prior before."""

    def __init__(self, settings: CalibrationSettings) -> None:
        self._settings = settings
        self._seen = Histogram(0.0, 1.0, 100)
        self.value = settings.shut_prior

    def learn(self, openness: float, dt: float) -> None:
        """Take the openness of eyes in a closure that lasts ``dt`` seconds."""
        self._seen.add(openness, dt)
        if self._seen.total_s >= self._settings.shut_s:
            self.value = min(self._seen.quantile(0.5) or 0.0, self._settings.shut_most)


class Elsewhere:
    """The direction held most while it is not the learned one: a majority vote over time (Boyer and Moore)."""

    def __init__(self) -> None:
        self.yaw = self.pitch = self.lead_s = 0.0

    def vote(self, yaw: float, pitch: float, dt: float) -> None:
        """Take a direction that was held for ``dt`` seconds."""
        if self.lead_s > 0 and not _near(yaw - self.yaw, pitch - self.pitch):
            self.oppose(dt)
            return
        self.lead_s += dt
        share = dt / self.lead_s if self.lead_s > 0 else 1.0
        self.yaw += share * (yaw - self.yaw)
        self.pitch += share * (pitch - self.pitch)

    def oppose(self, dt: float) -> None:
        """``dt`` seconds in which it was not held."""
        self.lead_s = max(self.lead_s - dt, 0.0)


class Ahead:
    """Where this driver's head, or gaze, usually is: yaw and pitch against the camera, degrees.

    What was learned in the first minute may have been the lap, and a camera may be moved: a direction that has
    been held for longer than all others together takes its place. One further up needs ``full_s`` of
    lead, any other ``slow_s``: drivers of parked cars look down or aside for minutes.
    """

    def __init__(self, settings: CalibrationSettings) -> None:
        self._settings = settings
        self.yaw: float | None = None
        self.pitch: float | None = None
        self.valid_s = 0.0
        self._refreshed_s = 0.0
        self._yaws, self._pitches = (Histogram(-MOST_DEG, MOST_DEG, 180) for _ in range(2))
        self._elsewhere = Elsewhere()

    @property
    def settled(self) -> bool:
        """Whether it is calibrated; before, it is the median so far."""
        return self.yaw is not None and self.valid_s >= self._settings.full_s

    def restore(self, yaw: float, pitch: float) -> None:
        """Take a saved direction."""
        self.yaw, self.pitch, self.valid_s = yaw, pitch, self._settings.full_s

    def learn(self, yaw: float, pitch: float, dt: float) -> None:
        """Take the pose of a frame that stands for ``dt`` seconds."""
        if self.settled:
            self._follow(yaw, pitch, dt)
            return
        self.valid_s += dt
        self._yaws.add(yaw, dt)
        self._pitches.add(pitch, dt)
        if self.valid_s >= self._settings.first_s and self.valid_s >= self._refreshed_s + REFRESH_S:
            self._refreshed_s = self.valid_s
            self.yaw = self._yaws.quantile(0.5)
            top = self._pitches.quantile(1.0 - UPPER) or 0.0
            self.pitch = self._pitches.quantile(0.5, above=top - AHEAD_DEG)

    def _follow(self, yaw: float, pitch: float, dt: float) -> None:
        if self.yaw is None or self.pitch is None:
            return
        other = self._elsewhere
        if _near(yaw - self.yaw, pitch - self.pitch):
            share = dt / (dt + self._settings.slow_s)
            self.yaw += share * (yaw - self.yaw)
            self.pitch += share * (pitch - self.pitch)
            other.oppose(dt)
            return
        other.vote(yaw, pitch, dt)
        higher = other.pitch - self.pitch > max(abs(other.yaw - self.yaw), AHEAD_DEG)
        if other.lead_s >= (self._settings.full_s if higher else self._settings.slow_s):
            self.yaw, self.pitch, self._elsewhere = other.yaw, other.pitch, Elsewhere()


def _near(yaw: float, pitch: float) -> bool:
    return abs(yaw) < AHEAD_DEG and abs(pitch) < AHEAD_DEG


class Learner:
    """What is known of this driver, and how far the learning has come."""

    def __init__(self, settings: CalibrationSettings) -> None:
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Another driver: start afresh from the population."""
        self.eyes = Baseline(self._settings)
        self.shut = ShutEyes(self._settings)
        self.ahead, self.gaze = Ahead(self._settings), Ahead(self._settings)
        self._shown: Calibration | None = None
        self._shown_at = 0.0

    @property
    def calibrated(self) -> bool:
        """Whether both are known."""
        return self.eyes.value is not None and self.ahead.settled

    def describe(self, at: float) -> Calibration:
        """As a state shows it at ``at``, no more than ``SHOWN_S`` old."""
        if self._shown is None or not 0.0 <= at - self._shown_at < SHOWN_S:
            self._shown, self._shown_at = self._describe(), at
        return self._shown

    def _describe(self) -> Calibration:
        eyes_s = self._settings.full_s if self.eyes.value is not None else self.eyes.valid_s
        progress = min(eyes_s, self.ahead.valid_s) / self._settings.full_s
        return Calibration(
            state="calibrated" if self.calibrated else "calibrating",
            progress=1.0 if self.calibrated else round(min(progress, 0.99), 2),
            openness=self.eyes.value,
            yaw=self.ahead.yaw,
            pitch=self.ahead.pitch,
        )

    def saved(self) -> dict[str, Any]:
        """As JSON-able values to keep over a restart; empty before it is calibrated."""
        if not self.calibrated:
            return {}
        saved = {"v": 1, "openness": self.eyes.saved, "yaw": self.ahead.yaw, "pitch": self.ahead.pitch}
        if self.gaze.settled:
            saved |= {"gaze_yaw": self.gaze.yaw, "gaze_pitch": self.gaze.pitch}
        return saved

    def restore(self, saved: Mapping[str, Any] | None) -> None:
        """Take what :meth:`saved` gave; anything else is as good as nothing."""
        self._shown = None
        if not saved or saved.get("v") != 1:
            return
        openness, head = _numbers(saved, float_info.max, "openness"), _numbers(saved, MOST_DEG, "yaw", "pitch")
        if openness and head:
            self.eyes.restore(*openness)
            self.ahead.restore(*head)
            if gaze := _numbers(saved, MOST_DEG, "gaze_yaw", "gaze_pitch"):
                self.gaze.restore(*gaze)


def _numbers(saved: Mapping[str, Any], most: float, *names: str) -> list[float]:
    """These values as numbers; none of them where one is missing, no number, or further from 0 than ``most``."""
    values = [saved.get(name) for name in names]
    numbers = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool) and abs(v) <= most]
    return numbers if len(numbers) == len(names) else []
