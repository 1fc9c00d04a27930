"""Following the driver's face from frame to frame by its points, so that few frames need a detection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_edge.core import Face
from fer_edge.perception import shape
from fer_edge.perception.driver import DriverChoice
from fer_edge.perception.landmarks import Landmarks, Reading, box_of, region_of
from fer_edge.perception.scenes import Scenes
from fer_edge.perception.smoothing import Smoother
from fer_edge.perception.tiles import once
from fer_edge.timing import NoStages, Stages

if TYPE_CHECKING:
    from fer_edge.core import Box, FaceFinder, Image, Points
    from fer_edge.perception.closer import Closer

DETECT_EVERY_S = 1.0
"""A face that is followed well is still looked for this often, seconds: somebody may have come or gone."""
KEEP_SCORE, TAKE_SCORE = 0.4, 0.5
"""The least probability of a face at which following goes on, and at which it begins."""
SAME_IOU = 0.3
"""Overlap of the followed face with the detected one, under which the detection is believed."""
LARGEST_STEP = 1.4
"""A face that grows or shrinks by more than this factor from one frame to the next was lost."""
LARGEST_DRIFT = 1.7
"""Nor may it differ by more than this from its size when a detection last confirmed it: points can creep away."""
MOST_LOOKED_AT = 3
"""Faces of one frame that are looked at closely until one is confirmed."""
AROUND_S = 3.0
"""A small face that is not seen is looked for around its last place for so long, seconds; then anywhere."""
BLIND_S = 3.0
"""A face that no detection has confirmed for so long is let go, seconds: the points' network alone may be fooled."""


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """The driver's face now: its points as read, the same steadied in time, and how many faces are in view."""

    face: Face
    points: Points
    steady: Points


def first_reading(landmarks: Landmarks, grey: Image, found: Face) -> Reading | None:
    """The points of a detected face, looked at twice; None where the second network sees none there."""
    reading = landmarks.read(grey, region_of(found))
    reading = landmarks.read(grey, shape.face_region(reading.points))
    seen = reading.score >= TAKE_SCORE and box_of(reading.points).iou(found.box) >= SAME_IOU
    return reading if seen else None


class Follower:
    """Keeps one face: detects when it must, otherwise looks where the points of the last frame were.

    With a ``closer`` the detector looks at a part of the picture, too, where it sees nobody in the whole.
    """

    def __init__(
        self,
        finder: FaceFinder,
        landmarks: Landmarks,
        seat: str,
        least: float,
        stages: Stages | None = None,
        closer: Closer | None = None,
    ) -> None:
        self.faces = 0
        self._finder = finder
        self._closer = closer
        self._landmarks = landmarks
        self._least = least
        self._stages = stages or NoStages()
        self._choice = DriverChoice(seat)
        self._smoother = Smoother()
        self._points: Points | None = None
        self._scenes = Scenes()
        self._at = self._detected_at = self._confirmed_at = float("-inf")
        self._confirmed_size = 0.0
        self._last: tuple[Box, float] | None = None

    def follow(self, grey: Image, colour: Image | None, at: float) -> Followed | None:
        """The driver's face in this frame, or None where it is not seen."""
        if not 0 <= at - self._at < DETECT_EVERY_S:
            self._lose()
        if self._scenes.cut(grey, at):
            self._lose()
            self._choice.cut()
            self._last = None
        self._at = at
        reading = self._tracked(grey)
        if reading is None or not 0 <= at - self._detected_at < DETECT_EVERY_S - 1e-6:
            reading = self._detected(grey, colour, at, reading)
        else:
            self._choice.seen(box_of(reading.points), at)
        if reading is None:
            self._lose()
            return None
        self._points = reading.points
        box = box_of(reading.points)
        self._last = box, at
        self.faces = max(self.faces, 1)
        steady = self._smoother.steady(reading.points, at, box.height)
        five = tuple((float(x), float(y)) for x, y in shape.five(steady))
        return Followed(Face(box, reading.score, five, self._choice.person), reading.points, steady)

    def _tracked(self, grey: Image) -> Reading | None:
        """The face where it was a frame ago, if it is still there."""
        if self._points is None:
            return None
        region = shape.face_region(self._points)
        with self._stages("landmarks"):
            reading = self._landmarks.read(grey, region)
        grown = shape.face_region(reading.points)[1] / region[1]
        if reading.score < KEEP_SCORE or not 1 / LARGEST_STEP < grown < LARGEST_STEP:
            return None
        drifted = _size(box_of(reading.points)) / self._confirmed_size
        return reading if 1 / LARGEST_DRIFT < drifted < LARGEST_DRIFT else None

    def _detected(self, grey: Image, colour: Image | None, at: float, tracked: Reading | None) -> Reading | None:
        """What the detector says, set against the face followed so far."""
        with self._stages("detect"):
            found = self._large_enough(self._finder.find(grey, colour))
            if self._closer and tracked and not _overlap(found, box_of(tracked.points)):
                found += self._large_enough(self._closer.around(grey, box_of(tracked.points)))
        self._detected_at = at
        chosen = self._choice.choose(found, at)
        reading = tracked if tracked and self._goes_on(tracked, chosen, found, at) else None
        if reading is None:
            reading = self._begin(grey, chosen, found, at)
        if reading is None and self._closer:
            with self._stages("detect"):
                closely = self._large_enough(self._closely(self._closer, grey, at))
            reading = self._begin(grey, self._choice.choose(closely, at), closely, at)
            found = once([*found, *closely])
        if reading is None:
            self.faces = len(found)
            return None
        box = box_of(reading.points)
        others = self._beside(grey, box, found)
        self.faces = 1 + len(others)
        # Where the detector misses the driver, what it sees may be the driver's hair: a passenger takes two.
        self._choice.seen(box, at, others if _overlap(found, box) else ())
        return reading

    def _beside(self, grey: Image, box: Box, found: Sequence[Face]) -> list[Face]:
        """The other people's faces: not what the landmark network takes for no face, or for a part of the driver's."""
        with self._stages("landmarks"):
            readings = [(face, first_reading(self._landmarks, grey, face)) for face in found if _apart(face.box, box)]
        return [face for face, reading in readings if reading and _apart(box_of(reading.points), box)]

    def _closely(self, closer: Closer, grey: Image, at: float) -> Sequence[Face]:
        """A part of the picture in which nobody was seen, enlarged: around the last place, later anywhere."""
        if self._last and 0 <= at - self._last[1] <= AROUND_S:
            return closer.around(grey, self._last[0])
        return closer.anywhere(grey)

    def _goes_on(self, tracked: Reading, chosen: Face | None, found: list[Face], at: float) -> bool:
        """Whether the face followed so far is the driver's still.

        Another face takes over where the driver's is seen beside it; where it is not, the detector
        may be wrong (hair, a headrest), and a face followed well outlasts it for a while.
        """
        box = box_of(tracked.points)
        seen = _overlap(found, box)
        if seen:
            self._confirm(box, at)
        other = seen and chosen is not None and chosen.box.iou(box) < SAME_IOU
        return not other and at - self._confirmed_at <= BLIND_S

    def _begin(self, grey: Image, chosen: Face | None, found: list[Face], at: float) -> Reading | None:
        """Start on a detected face whose points are seen, too; what only looks like one is taken out of ``found``."""
        left = MOST_LOOKED_AT
        while chosen is not None:
            with self._stages("landmarks"):
                reading = first_reading(self._landmarks, grey, chosen)
            if reading is not None:
                self._confirm(box_of(reading.points), at)
                self._smoother.forget()
                return reading
            found.remove(chosen)
            left -= 1
            chosen = self._choice.choose(found, at) if left else None
        return None

    def _confirm(self, box: Box, at: float) -> None:
        self._confirmed_at, self._confirmed_size = at, _size(box)

    def _large_enough(self, faces: Sequence[Face]) -> list[Face]:
        return [face for face in faces if min(face.box.width, face.box.height) >= self._least]

    def _lose(self) -> None:
        self._points = None
        self._smoother.forget()


def _overlap(faces: Sequence[Face], box: Box) -> bool:
    return any(face.box.iou(box) >= SAME_IOU for face in faces)


def _apart(first: Box, second: Box) -> bool:
    return first.iou(second) < SAME_IOU


def _size(box: Box) -> float:
    """The side of a square of a box's area, pixels."""
    return float(max(box.area, 1.0) ** 0.5)
