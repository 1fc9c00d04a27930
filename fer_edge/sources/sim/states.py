"""What the simulated driver can be told to do: the values it can take and the words for them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Literal

Blinking = Literal["none", "normal", "slow"]


@dataclass(frozen=True, slots=True)
class Pose:
    """All of the picture at one moment.

    Eyes (the person's own left and right) go from 0 shut to 1 open, ``mouth`` from 0 shut to 1 in
    a full yawn, ``smile`` and ``squint`` from 0 to 1; a squint narrows the lids from below. Angles are
    degrees: positive ``yaw`` towards the person's own left, ``pitch`` up, ``roll`` towards the own right
    shoulder. ``gaze_yaw`` and ``gaze_pitch`` are where the eyes look, against the face; the lids follow a
    look down. ``hand_mouth`` and ``hand_eye`` are how far a hand has come up to the mouth or to the own right
    eye, 0 to 1. ``camera_yaw`` and ``camera_pitch`` are where the camera is mounted, degrees: positive to the
    driver's own left, and above. ``light`` is 1 by day and 0 in
    the dark, ``covered`` the share of the view behind a hand, ``away`` 0 in the seat and 1 gone,
    ``passenger`` 1 when a second person is in view, with ``passenger_eyes`` 0 shut to 1 open.
    ``noise`` is the sensor's, in levels (standard deviation).
    """

    eye_left: float = 1.0
    eye_right: float = 1.0
    mouth: float = 0.0
    smile: float = 0.0
    squint: float = 0.0
    gaze_yaw: float = 0.0
    gaze_pitch: float = 0.0
    hand_mouth: float = 0.0
    hand_eye: float = 0.0
    camera_yaw: float = 0.0
    camera_pitch: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    light: float = 1.0
    covered: float = 0.0
    away: float = 0.0
    passenger: float = 0.0
    passenger_eyes: float = 1.0
    rub: float = 0.0
    noise: float = 2.0


CHANNELS = tuple(item.name for item in fields(Pose) if item.name != "rub")
"""What a script may ask for; a fist at an eye rubs by itself."""

RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(CHANNELS, (0.0, 1.0)),
    "yaw": (-60.0, 60.0),
    "gaze_yaw": (-45.0, 45.0),
    "gaze_pitch": (-45.0, 30.0),
    "camera_yaw": (-60.0, 60.0),
    "camera_pitch": (-30.0, 30.0),
    "pitch": (-40.0, 30.0),
    "roll": (-45.0, 45.0),
    "light": (0.0, 1.5),
    "noise": (0.0, 20.0),
}
"""Least and greatest value of each channel a script may ask for."""

EASE_S: dict[str, float] = {
    **dict.fromkeys(CHANNELS, 0.3),
    **{"eye_left": 0.12, "eye_right": 0.12, "gaze_yaw": 0.06, "gaze_pitch": 0.06, "mouth": 0.6, "smile": 0.5},
    **{"hand_mouth": 0.5, "hand_eye": 0.5, "camera_yaw": 0.0, "camera_pitch": 0.0},
    **{"yaw": 0.45, "pitch": 0.45, "roll": 0.6, "away": 0.9, "passenger": 0.8},
}
"""Seconds each channel takes to its new value. Lids close in about 0.1 s, eyes jump in half of that; a quick
turn of the head takes just under half a second."""


@dataclass(frozen=True, slots=True)
class State:
    """A word of the script: the values it sets, and how the driver blinks and moves meanwhile."""

    means: str
    values: dict[str, float] = field(default_factory=dict)
    blinking: Blinking | None = None
    talking: bool = False
    frozen: bool = False
    unplugged: bool = False


def _eyes(openness: float) -> dict[str, float]:
    return {"eye_left": openness, "eye_right": openness}


STATES: dict[str, State] = {
    "awake": State("eyes open, blinking, looking ahead"),
    "stare": State("eyes open without a blink", blinking="none"),
    "eyes-closed": State("both eyes shut", _eyes(0.0), "none"),
    "left-eye-closed": State("the driver's left eye shut", {"eye_left": 0.0}, "none"),
    "right-eye-closed": State("the driver's right eye shut", {"eye_right": 0.0}, "none"),
    "squint": State("eyes narrowed against bright light", {"squint": 0.85}),
    "laugh": State("laughing, cheeks up", {"smile": 1.0, "mouth": 0.35, "squint": 0.9}, "none"),
    "eyes-down": State("eyes down, head nearly still", {"gaze_pitch": -38.0}),
    "eyes-left": State("eyes to the driver's left", {"gaze_yaw": 36.0}),
    "eyes-right": State("eyes to the driver's right", {"gaze_yaw": -36.0}),
    "phone": State("reading a phone in the lap", {"pitch": -18.0, "gaze_pitch": -35.0}),
    "instruments": State("looking at the instruments", {"pitch": -6.0, "gaze_pitch": -20.0}),
    "mirror": State("looking into the inner mirror", {"yaw": -16.0, "gaze_yaw": -14.0, "gaze_pitch": 12.0}),
    "eat": State("eating, looking down at the hand", {"pitch": -12.0, "gaze_pitch": -30.0, "mouth": 0.15}),
    "to-passenger": State("talking to the passenger", {"yaw": -42.0, "gaze_yaw": -10.0}, talking=True),
    "rub-eye": State("rubbing the right eye", {"hand_eye": 1.0, "squint": 0.5}),
    "yawn-behind-hand": State(
        "a yawn behind a hand", {**_eyes(0.6), "mouth": 1.0, "squint": 0.6, "hand_mouth": 1.0}, "none"
    ),
    "drowsy": State("heavy lids, long and slow blinks", _eyes(0.6), "slow"),
    "yawn": State("a full yawn, eyes nearly shut", {**_eyes(0.35), "mouth": 1.0}, "none"),
    "mouth-open": State("mouth open", {"mouth": 0.7}),
    "talk": State("talking", talking=True),
    "smile": State("smiling with teeth", {"smile": 1.0}),
    "look-left": State("head turned to the driver's left", {"yaw": 45.0}),
    "look-right": State("head turned to the driver's right", {"yaw": -45.0}),
    "look-down": State("head and eyes down, as at a phone", {"pitch": -30.0, "gaze_pitch": -25.0}),
    "look-up": State("head up", {"pitch": 20.0}),
    "tilt-left": State("head tilted towards the left shoulder", {"roll": -20.0}),
    "tilt-right": State("head tilted towards the right shoulder", {"roll": 20.0}),
    "nod": State("asleep, head dropped", {**_eyes(0.0), "pitch": -25.0}, "none"),
    "slump": State("asleep, slumped down and sideways", {**_eyes(0.0), "pitch": -32.0, "roll": 16.0}, "none"),
    "dim": State("little light", {"light": 0.3}),
    "dark": State("too dark to see much", {"light": 0.06}),
    "black": State("no light at all", {"light": 0.0}),
    "covered": State("a hand over the lens", {"covered": 1.0}),
    "absent": State("nobody in the seat", {"away": 1.0}),
    "passenger": State("a second person in view", {"passenger": 1.0}),
    "passenger-asleep": State("a second person, eyes shut", {"passenger": 1.0, "passenger_eyes": 0.0}),
    "frozen": State("the camera repeats its last frame", frozen=True),
    "unplugged": State("the camera is disconnected", unplugged=True),
}
