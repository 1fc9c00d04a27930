"""The words every part of fer-edge speaks: frames in, signals between, states and events out.

Nothing here does I/O, keeps time or imports another part of the package. ``None`` always means
"could not tell"; it is never replaced by 0 or False on its way through the program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Points = NDArray[np.float32]

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The seven expressions of FER2013, in the order of its labels."""


class Level(StrEnum):
    """How urgent an event is, or that there is none; compare with :attr:`rank`."""

    NONE = "none"
    INFO = "info"
    ADVISORY = "advisory"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """-1 for none, 0 for info up to 3 for critical."""
        return list(Level).index(self) - 1


class Phase(StrEnum):
    """Where an event is in its life: one ``id`` goes through start, any updates, and end."""

    START = "start"
    UPDATE = "update"
    END = "end"


class Lens(StrEnum):
    """What the whole picture says of the camera's view, face or no face."""

    CLEAR = "clear"
    DARK = "dark"
    COVERED = "covered"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the source frame: left, top, width, height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """Square pixels, 0 for an empty box."""
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def centre(self) -> tuple[float, float]:
        """The middle as (x, y) in pixels."""
        return self.x + self.width / 2, self.y + self.height / 2

    def shared(self, other: Box) -> float:
        """What lies in both boxes, square pixels."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(width, 0.0) * max(height, 0.0)

    def iou(self, other: Box) -> float:
        """Intersection over union with another box, 0 to 1."""
        shared = self.shared(other)
        return shared / (self.area + other.area - shared) if shared else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture and the moment it was taken.

    ``image`` is uint8, (height, width, 3) BGR or (height, width) luma. ``at`` is in seconds of the
    source's own monotonic clock and is the only time the rules ever see. ``number`` counts what
    the source delivered, from 0. Where ``image`` is the luma of a picture that came packed, with
    colours, ``colour`` unpacks those: (height, width, 3) BGR.
    """

    image: Image
    at: float
    number: int
    colour: Callable[[], Image] | None = None

    def in_colour(self) -> Image:
        """The picture with its colours where it has any, else its luma."""
        return self.colour() if self.colour else self.image


@dataclass(frozen=True, slots=True)
class Face:
    """A face found in a frame.

    ``points`` are the person's right eye, left eye, nose tip, right and left mouth corner in
    pixels of the frame, or empty where the finder gives none. ``track`` is the id that follows
    one person from frame to frame.
    """

    box: Box
    score: float
    points: tuple[tuple[float, float], ...] = ()
    track: int | None = None


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
    are degrees against the camera, positive yaw towards the person's own left, positive pitch up,
    positive roll towards the person's own right shoulder. ``eyes_closed`` is the probability that
    the eyes are *shut*, ``eyes_lowered`` that the lids follow a look down over a visible iris,
    ``eyes_narrowed`` that a laugh or a squint narrows them; with open eyes the four add up to 1.
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
    yaw: float | None = None
    pitch: float | None = None
    roll: float | None = None
    emotions: Mapping[str, float] | None = None
    quality: Quality | None = None
    lens: Lens = Lens.CLEAR
    rotated: int | None = None
    people: tuple[Person, ...] = ()
    landmarks: Points | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that began, changed or ended, as the rules see it.

    ``key`` is the same for all phases of one event and unique within a run; the publisher turns
    it into the ``id`` subscribers see. ``at`` is the frame-clock time the phase became due;
    ``began_at`` the back-dated beginning of what is held (the raw crossing). ``held_s`` is how
    long that had lasted at ``at``. ``details`` are further payload fields (``perclos``,
    ``coverage``, ``emotion``, ``reason``, ``person``), None where unknown.
    """

    key: int
    category: str
    event_type: str
    phase: Phase
    level: Level
    at: float
    began_at: float
    held_s: float
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """An event that has started and not ended, as a state lists it."""

    key: int
    event_type: str
    level: Level
    since: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What has been learned of this driver.

    ``state`` is ``calibrating`` or ``calibrated``; ``progress`` 0 to 1. ``openness`` is the
    open-eye baseline; ``yaw`` and ``pitch`` are straight ahead in degrees against the camera.
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


class Source(Protocol):
    """Where frames come from: a camera, a file, a stream, the simulated driver.

    ``live`` sources run on their own time, so a slow reader loses frames; others wait.
    """

    name: str
    live: bool

    @property
    def fps(self) -> float | None:
        """Frames a second as the open source says, None where it does not."""

    @property
    def frames(self) -> int | None:
        """How many frames the open source will give, None where it does not say or never ends."""

    def open(self) -> None:
        """Take the device or file. Raises SourceUnavailable; may be called again after close."""

    def read(self) -> Frame:
        """The next frame, waiting for it. Raises SourceLost, or EndOfSource after the last."""

    def close(self) -> None:
        """Give the device back. Safe to call at any time, more than once, from any thread."""


class FaceFinder(Protocol):
    """Finds faces in a picture, without memory of earlier ones."""

    def find(self, grey: Image, colour: Image | None) -> Sequence[Face]:
        """Every face, best first, in pixels of the picture.

        ``grey`` is (height, width) uint8; ``colour`` the same picture as (height, width, 3) BGR
        where the source has colour.
        """


class Sink(Protocol):
    """Takes what the rules say. Never gets a picture and never blocks the main loop."""

    def state(self, state: DriverState, signals: Signals) -> None:
        """The state after one frame; called for every frame."""

    def event(self, event: Event) -> None:
        """One phase of an event, in order."""

    def close(self) -> None:
        """Flush and stop."""
