"""Everybody in view: faces with ids, each seen by the landmark network, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_edge.perception.follower import DETECT_EVERY_S, first_reading
from fer_edge.perception.landmarks import Landmarks
from fer_edge.perception.tracks import Tracks
from fer_edge.timing import Stages

if TYPE_CHECKING:
    from fer_edge.core import Face, FaceFinder, Image, Points


class People:
    """The faces of every frame. What the detector takes for a face and the landmark network does not is left out.

    A face is looked at a second time when it comes, and again every second.
    """

    def __init__(self, finder: FaceFinder, landmarks: Landmarks, least: float, stages: Stages) -> None:
        self._finder = finder
        self._landmarks = landmarks
        self._least = least
        self._stages = stages
        self._tracks = Tracks()
        self._looked: dict[int, tuple[float, bool]] = {}

    def __contains__(self, track: int) -> bool:
        return track in self._tracks

    def find(self, grey: Image, colour: Image | None, at: float) -> list[Face]:
        """The faces of the frame at this time with their ids, best first."""
        with self._stages("detect"):
            found = [face for face in self._finder.find(grey, colour) if self._large_enough(face)]
            faces = self._tracks.follow(found, at)
        self._looked = {track: seen for track, seen in self._looked.items() if track in self._tracks}
        return [face for face in faces if self._is_one(grey, face, at)]

    def points(self, grey: Image, face: Face) -> Points | None:
        """The 68 points of a face, None where the landmark network sees none."""
        with self._stages("landmarks"):
            reading = first_reading(self._landmarks, grey, face)
        return reading.points if reading else None

    def _is_one(self, grey: Image, face: Face, at: float) -> bool:
        assert face.track is not None, "followed"
        looked_at, seen = self._looked.get(face.track, (float("-inf"), False))
        if not 0 <= at - looked_at < DETECT_EVERY_S:
            seen = self.points(grey, face) is not None
            self._looked[face.track] = (at, seen)
        return seen

    def _large_enough(self, face: Face) -> bool:
        return min(face.box.width, face.box.height) >= self._least
