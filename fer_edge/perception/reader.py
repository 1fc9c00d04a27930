"""Perception as a whole: one frame in, its signals out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from fer_edge.core import Face, Person, Quality, Signals
from fer_edge.perception import crop, pose, quality, shape
from fer_edge.perception.detector import Tiny
from fer_edge.perception.emotion import Expression
from fer_edge.perception.eyes import EyeReader
from fer_edge.perception.faces import YuNet, make_finder
from fer_edge.perception.follower import Follower
from fer_edge.perception.landmarks import Landmarks
from fer_edge.perception.mouth import MouthReader
from fer_edge.perception.people import People
from fer_edge.timing import NoStages, Stages

if TYPE_CHECKING:
    from fer_edge.core import FaceFinder, Frame, Image, Lens, Points
    from fer_edge.perception.interpreter import Model
    from fer_edge.settings import Settings


class Perception:
    """Reads frames one after another; remembers only what tracking needs.

    Give another ``finder`` to see with something of your own. Raises ModelError at construction
    where a model cannot be used, so a bad reload is refused before the old one is let go.
    """

    def __init__(self, settings: Settings, *, finder: FaceFinder | None = None, stages: Stages | None = None) -> None:
        # OpenCV's own threads cost more than they give on pictures of this size, and more on a busy machine.
        cv2.setNumThreads(settings.perception.threads)
        self._settings = settings
        self._finder = finder or make_finder(settings.perception)
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
        self._watched: _Driver | People = (
            _Driver(settings, self._finder, self._landmarks, self._stages)
            if settings.profile == "driver"
            else People(self._finder, self._landmarks, seen.min_face, self._stages)
        )

    @property
    def models(self) -> list[Model]:
        """The models in use, for ``info`` and the benchmark."""
        own = [self._finder.model] if isinstance(self._finder, Tiny) else []
        own += [self._expression.model] if self._expression else []
        return [*own, self._landmarks.model, *(self._watched.models if isinstance(self._watched, _Driver) else [])]

    def read(self, frame: Frame) -> Signals:
        """The signals of one frame."""
        colour = frame.image if frame.image.ndim == 3 else None
        with self._stages("colour"):
            grey = frame.image if colour is None else cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
            if colour is None and frame.colour is not None and isinstance(self._finder, YuNet):
                colour = frame.colour()
            lens = quality.lens(grey)
        if isinstance(self._watched, People):
            return self._everybody(frame, grey, lens, self._watched, self._watched.find(grey, colour, frame.at))
        signals = self._watched.read(frame, grey, colour, lens)
        face = signals.face
        return replace(
            signals,
            emotions=self._read_expression(grey, face, frame.at, lambda: signals.landmarks) if face else None,
            quality=self._quality(grey, face),
        )

    def _everybody(self, frame: Frame, grey: Image, lens: Lens, known: People, faces: list[Face]) -> Signals:
        def expression(face: Face) -> Mapping[str, float] | None:
            return self._read_expression(grey, face, frame.at, lambda: known.points(grey, face))

        shown = faces[: self._settings.perception.max_people]
        people = tuple(Person(face, expression(face)) for face in shown)
        first = people[0] if people else None
        return Signals(
            at=frame.at,
            number=frame.number,
            face=first.face if first else None,
            faces=len(faces),
            emotions=first.emotions if first else None,
            quality=self._quality(grey, first.face if first else None),
            lens=lens,
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
        known = self._watched if isinstance(self._watched, People) else ()
        self._emotions = {t: kept for t, kept in self._emotions.items() if t == face.track or t in known}
        return emotions


@dataclass(frozen=True, slots=True)
class _Read:
    """A face's expression, and when it was read."""

    at: float
    emotions: Mapping[str, float]


class _Driver:
    """The driver's signals: one face followed, its eyes, mouth and head read."""

    def __init__(self, settings: Settings, finder: FaceFinder, landmarks: Landmarks, stages: Stages) -> None:
        seen = settings.perception
        self._eyes = EyeReader(runtime=seen.runtime, threads=seen.threads)
        self._mouth = MouthReader(runtime=seen.runtime, threads=seen.threads)
        self._follower = Follower(finder, landmarks, seen.seat, seen.min_face, stages)
        self._stages = stages
        self.models = [self._eyes.model, self._mouth.model]

    def read(self, frame: Frame, grey: Image, colour: Image | None, lens: Lens) -> Signals:
        """Everything but expression and quality."""
        followed = self._follower.follow(grey, colour, frame.at)
        signals = Signals(at=frame.at, number=frame.number, faces=self._follower.faces, lens=lens)
        if followed is None:
            return signals
        with self._stages("pose"):
            head = pose.estimate(followed.steady)
        signals = replace(signals, face=followed.face, landmarks=followed.steady)
        if head is None:
            return signals
        with self._stages("eyes"):
            eyes = self._eyes.read(grey, followed.points, head)
        with self._stages("mouth"):
            mouth_open = self._mouth.read(grey, followed.points, head)
        return replace(
            signals,
            eye_left=eyes.left.openness if eyes.left else None,
            eye_right=eyes.right.openness if eyes.right else None,
            eyes_closed=eyes.closed,
            mouth_open=mouth_open,
            yaw=head.yaw,
            pitch=head.pitch,
            roll=head.roll,
        )
