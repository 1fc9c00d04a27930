"""What is known of the driver at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fer_edge.core.events import Level, OpenEvent
from fer_edge.core.signals import Lens


@dataclass(frozen=True, slots=True)
class Calibration:
    """What has been learned of this driver.

    ``state`` is ``calibrating`` or ``calibrated``; ``progress`` 0 to 1. ``openness`` is the
    open-eye baseline; ``yaw`` and ``pitch`` are straight ahead in degrees relative to the camera.
    """

    state: str = "calibrating"
    progress: float = 0.0
    openness: float | None = None
    yaw: float | None = None
    pitch: float | None = None


@dataclass(frozen=True, slots=True)
class PersonState:
    """One person in front of a kiosk: track id, how long present, smoothed expression."""

    person: int
    present_s: float
    emotion: str | None = None
    emotions: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class DriverState:
    """Everything known of the driver at one moment; what topic ``state`` says.

    ``yaw`` and ``pitch`` (the head) and ``gaze_yaw`` and ``gaze_pitch`` are degrees from this driver's straight
    ahead; ``looking`` is ``ahead``, ``down``, ``left``, ``right`` (the driver's own) or ``up``. ``eyes_down`` is
    whether the eyes look down under lowered lids, which is no closure; ``lids_down_s`` how long the lids have been
    down, whatever is under them. ``openness`` is the eyes
    against the own baseline, ``closure_s`` the length of the closure going on now. ``perclos`` and
    ``coverage`` are 0 to 1 over their window. ``level`` is the highest of the
    open fatigue and attention events, ``none`` where the driver is judged and nothing is open, None where nobody is.
    ``paused_s`` is the time until a pause ends by itself, None when nothing is paused.
    """

    at: float
    profile: str = "driver"
    present: bool | None = None
    level: Level | None = None
    open_events: tuple[OpenEvent, ...] = ()
    emotion: str | None = None
    emotions: Mapping[str, float] | None = None
    eyes_closed: bool | None = None
    eyes_down: bool | None = None
    lids_down_s: float | None = None
    openness: float | None = None
    closure_s: float | None = None
    perclos: float | None = None
    coverage: float | None = None
    blinks_per_min: float | None = None
    yawns: int = 0
    yaw: float | None = None
    pitch: float | None = None
    roll: float | None = None
    gaze_yaw: float | None = None
    gaze_pitch: float | None = None
    looking: str | None = None
    faces: int = 0
    lens: Lens = Lens.CLEAR
    fps: float | None = None
    degraded_rate: bool = False
    calibration: Calibration = field(default_factory=Calibration)
    people: tuple[PersonState, ...] = ()
    paused_s: float | None = None
