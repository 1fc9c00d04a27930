"""Perception as a whole: one frame in, its signals out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from fer_edge.core import Face, Person, Quality, Signals
from fer_edge.perception import crop, pose, quality, shape
from fer_edge.perception.closer import SURE, Closer
from fer_edge.perception.confirmed import MOST_LIVE, Confirmed, confirmed
from fer_edge.perception.detector import Tiny
from fer_edge.perception.emotion import Expression
from fer_edge.perception.eyes import EyeReader
from fer_edge.perception.faces import YuNet, make_finder
from fer_edge.perception.follower import SAME_IOU, Follower
from fer_edge.perception.landmarks import Landmarks
from fer_edge.perception.mounting import Mounting
from fer_edge.perception.mouth import MouthReader
from fer_edge.perception.people import People
from fer_edge.timing import NoStages, Stages

if TYPE_CHECKING:
    from fer_edge.core import FaceFinder, Frame, Image, Points
    from fer_edge.perception.interpreter import Model
    from fer_edge.settings.reads import PerceptionReads


class Perception:
    """Reads frames one after another; remembers only what tracking needs.

    Give another ``finder`` to see with something of your own. Raises ModelError at construction
    where a model cannot be used, so a bad reload is refused before the old one is let go.
    """

    def __init__(
        self, settings: PerceptionReads, *, finder: FaceFinder | None = None, stages: Stages | None = None
    ) -> None:
        # OpenCV's own threads cost more than they give on pictures of this size, and more on a busy machine.
        cv2.setNumThreads(settings.perception.threads)
        self._settings = settings
        self._stages = stages or NoStages()
        self._expression: Expression | None = None
        if settings.emotion.enabled:
            own = settings.emotion.model
            self._expression = Expression(
                Path(own) if own else None, runtime=settings.perception.runtime, threads=settings.perception.threads
            )
        self._emotions: dict[int, _Read] = {}
        seen = settings.perception
        self._landmarks = Landmarks(runtime=seen.runtime, threads=seen.threads)
        self._finder = finder or make_finder(seen)
        self._people: People | None = None
        if settings.profile == "kiosk":
            finder = confirmed(self._finder, self._landmarks, most=MOST_LIVE)
            self._people = People(finder, self._landmarks, seen.min_face, self._stages)
        self._driver: _Driver | None = None
        if settings.profile == "driver" or settings.fatigue or settings.attention:
            self._driver = _Driver(settings, self._finder, self._landmarks, self._stages)

    @property
    def models(self) -> list[Model]:
        """The models in use, for ``info`` and the benchmark."""
        own = [self._finder.model] if isinstance(self._finder, Tiny) else []
        own += [self._expression.model] if self._expression else []
        return [*own, self._landmarks.model, *(self._driver.models if self._driver else [])]

    def read(self, frame: Frame) -> Signals:
        """The signals of one frame."""
        colour = frame.image if frame.image.ndim == 3 else None
        with self._stages("colour"):
            grey = frame.image if colour is None else cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
            if colour is None and frame.colour is not None and isinstance(self._finder, YuNet):
                colour = frame.colour(1)
            lens = quality.lens(grey)
        signals = Signals(at=frame.at, number=frame.number, lens=lens)
        if self._driver:
            signals = self._driver.read(signals, grey, colour)
        if self._people:
            signals = self._everybody(signals, grey, self._people, self._people.find(grey, colour, frame.at))
        elif face := signals.face:
            emotions = self._read_expression(grey, face, frame.at, lambda: signals.landmarks)
            signals = replace(signals, emotions=emotions)
        return replace(signals, quality=self._quality(grey, signals.face))

    def _everybody(self, signals: Signals, grey: Image, known: People, faces: list[Face]) -> Signals:
        """The signals with everybody in them; where no face is watched for fatigue, the best one is theirs."""

        def person(face: Face) -> Person:
            return Person(face, self._read_expression(grey, face, signals.at, lambda: known.points(grey, face)))

        people = tuple(map(person, faces[: self._settings.perception.max_people]))
        watched = signals.face or (faces[0] if faces else None)
        if watched is None:
            return signals
        own = max(people, key=lambda each: each.face.box.iou(watched.box), default=None)
        if own and own.face.box.iou(watched.box) < SAME_IOU:
            own = None  # it is followed where the detector misses it: whoever else is in view is somebody else
        return replace(
            signals,
            face=replace(watched, track=own.face.track if own else None),
            faces=max(len(faces), 1),
            emotions=own.emotions if own else None,
            people=people,
        )

    def _quality(self, grey: Image, face: Face | None) -> Quality:
        with self._stages("quality"):
            return quality.measure(crop.square(grey, face.box, 1.0, 64) if face else cv2.resize(grey, (64, 64)))

    def _read_expression(
        self, grey: Image, face: Face, at: float, points_of: Callable[[], Points | None]
    ) -> Mapping[str, float] | None:
        """The face's expression, read anew at the configured rate and repeated in between."""
        if self._expression is None or face.track is None:
            return None
        last = self._emotions.get(face.track)
        if last is not None and 0 <= at - last.at < 1 / self._settings.emotion.rate_hz - 1e-6:
            return last.emotions
        points = points_of()
        if points is None:
            return None
        with self._stages("expression"):
            emotions = self._expression.read(grey, shape.expression_region(points))
        self._emotions[face.track] = _Read(at, emotions)
        # The driver's is one face at a time; a kiosk's are those it still knows.
        known = self._people or ()
        self._emotions = {t: kept for t, kept in self._emotions.items() if t == face.track or t in known}
        return emotions


@dataclass(frozen=True, slots=True)
class _Read:
    """A face's expression, and when it was read."""

    at: float
    emotions: Mapping[str, float]


class _Driver:
    """The driver's signals: one face followed, its eyes, mouth and head read."""

    def __init__(self, settings: PerceptionReads, finder: FaceFinder, landmarks: Landmarks, stages: Stages) -> None:
        seen = settings.perception
        self._eyes = EyeReader(runtime=seen.runtime, threads=seen.threads)
        self._mouth = MouthReader(runtime=seen.runtime, threads=seen.threads)
        found = confirmed(finder, landmarks, most=MOST_LIVE)
        closer = None
        if isinstance(finder, Tiny):
            closer = Closer(found, Confirmed(finder, landmarks, SURE, most=MOST_LIVE))
        self._follower = Follower(found, landmarks, seen.seat, seen.min_face, stages, closer)
        self._mounting = Mounting(finder, landmarks)
        self._stages = stages
        self.models = [self._eyes.model, self._eyes.pair.model, self._mouth.model]

    def read(self, signals: Signals, grey: Image, colour: Image | None) -> Signals:
        """The signals with everything but expression and quality."""
        with self._stages("mounting"):
            self._mounting.look(grey, signals.at)
        followed = self._follower.follow(grey, colour, signals.at)
        signals = replace(signals, faces=self._follower.faces, rotated=self._mounting.turn)
        if followed is None:
            return signals
        if signals.rotated:
            # What is read from a face that lies on its side means nothing.
            return replace(signals, face=followed.face)
        with self._stages("pose"):
            head = pose.estimate(followed.steady)
        signals = replace(signals, face=followed.face, landmarks=followed.steady)
        if head is None:
            return signals
        with self._stages("eyes"):
            eyes = self._eyes.read(grey, followed.points, head)
        with self._stages("mouth"):
            mouth_open = self._mouth.read(grey, followed.points, head)
        shut, lowered, narrowed = eyes.states or (None, None, None)
        return replace(
            signals,
            eye_left=eyes.left.openness if eyes.left else None,
            eye_right=eyes.right.openness if eyes.right else None,
            eyes_closed=shut,
            eyes_lowered=lowered,
            eyes_narrowed=narrowed,
            gaze_yaw=head.yaw + eyes.gaze[0] if eyes.gaze else None,
            gaze_pitch=head.pitch + eyes.gaze[1] if eyes.gaze else None,
            mouth_open=mouth_open,
            mouth_width=None if mouth_open is None else shape.mouth_width(followed.points),
            yaw=head.yaw,
            pitch=head.pitch,
            roll=head.roll,
        )
