"""What perception reads from a frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from fer_edge.core.geometry import Face

if TYPE_CHECKING:
    from fer_edge.core.geometry import Points

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The seven expressions of FER2013, in the order of its labels."""


class Lens(StrEnum):
    """What the whole picture says of the camera's view, face or no face."""

    CLEAR = "clear"
    DARK = "dark"
    COVERED = "covered"


@dataclass(frozen=True, slots=True)
class Quality:
    """What the view allows: all values 0 to 1.

    ``brightness`` is the mean level, ``sharpness`` 0 for a blur and 1 for crisp detail,
    ``contrast`` the spread of levels, ``saturated`` the share of burnt-out pixels. Measured on the
    driver's face where one is seen, on the whole picture otherwise.
    """

    brightness: float
    sharpness: float
    contrast: float = 0.0
    saturated: float = 0.0


@dataclass(frozen=True, slots=True)
class Person:
    """One tracked face of profile ``kiosk`` with its expression probabilities."""

    face: Face
    emotions: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Signals:
    """What perception reads from one frame: raw values, nothing smoothed or judged.

    Openness is 0 (shut) to 1 (wide); ``eyes_closed`` and ``mouth_open`` are probabilities; angles
    are degrees relative to the camera, positive yaw towards the person's own left, positive pitch up,
    positive roll towards the person's own right shoulder. ``eyes_closed`` is the probability that
    the eyes are *shut*, ``eyes_lowered`` of lids lowered in a look down, iris visible,
    ``eyes_narrowed`` that a laugh or a squint narrows them; with open eyes the four add up to 1.
    ``mouth_width`` is the distance of the mouth's corners over that of the eyes' middles, about 0.8 at rest.
    ``gaze_yaw`` and ``gaze_pitch`` are where the eyes look, head included, degrees against the
    camera with the signs of the head's; None where the iris cannot be told. ``landmarks`` are
    (68, 2) pixels of the frame, for drawing only. ``face`` is the driver's, and its ``track`` a new one
    where it may be somebody else's than before; ``faces`` counts every face in view. ``rotated`` is by
    how many degrees clockwise (0, 90, 180, 270) the picture would have to be turned to stand upright.
    """

    at: float
    number: int
    face: Face | None = None
    faces: int = 0
    eye_left: float | None = None
    eye_right: float | None = None
    eyes_closed: float | None = None
    eyes_lowered: float | None = None
    eyes_narrowed: float | None = None
    gaze_yaw: float | None = None
    gaze_pitch: float | None = None
    mouth_open: float | None = None
    mouth_width: float | None = None
    yaw: float | None = None
    pitch: float | None = None
    roll: float | None = None
    emotions: Mapping[str, float] | None = None
    quality: Quality | None = None
    lens: Lens = Lens.CLEAR
    rotated: int | None = None
    people: tuple[Person, ...] = ()
    landmarks: Points | None = field(default=None, compare=False, repr=False)
