"""The shipped detector, and the landmark network's word on the faces of which the detector is unsure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from fer_edge.perception import shape
from fer_edge.perception.detector import Tiny
from fer_edge.perception.follower import TAKE_SCORE, first_reading
from fer_edge.perception.landmarks import box_of, region_of
from fer_edge.perception.tiles import once

if TYPE_CHECKING:
    from fer_edge.core import Face, FaceFinder, Image
    from fer_edge.perception.landmarks import Landmarks

UNSURE = 1 / 6
"""Share of the score at which the detector is sure, from which there may be a face."""
CERTAIN = 0.995
"""Probability, by the landmark network, from which there is one."""
MOST = 24
"""Unsure faces of a picture looked at, best first."""


class Confirmed:
    """A finder of the faces of which ``detector`` is sure or, failing that, ``landmarks`` certain.

    ``sure`` is the detector's score from which it is believed; its own least score where none is given. ``in_turn``: of
    the faces of which it is unsure, one is looked at in each picture, the best in every other one, so that a cluttered
    place with nobody in it costs little.
    """

    def __init__(
        self, detector: Tiny, landmarks: Landmarks, sure: float | None = None, *, in_turn: bool = False
    ) -> None:
        self._detector = detector
        self._landmarks = landmarks
        self._sure = detector.least if sure is None else sure
        self._in_turn = in_turn
        self._turn = 0

    def find(self, grey: Image, colour: Image | None = None) -> Sequence[Face]:
        """Every face, best first by the detector's score, in pixels of the picture."""
        seen = self._detector.look(grey, UNSURE * self._sure)
        sure = [face for face in seen if face.score >= self._sure]
        unsure = [face for face in once(seen) if face.score < self._sure][:MOST]
        if self._in_turn and len(unsure) > 1:
            turn, best = divmod(self._turn, 2)
            unsure = unsure[:1] if best == 0 else [unsure[1 + turn % (len(unsure) - 1)]]
            self._turn += 1
        # A box that is off may lead to the points of a face that is known already.
        return sure + once([*sure, *filter(None, (self._certain(grey, face) for face in unsure))])[len(sure) :]

    def _certain(self, grey: Image, face: Face) -> Face | None:
        """The face by its points, which lie better than a box of which the detector is unsure."""
        # Most of what is no face shows at the first look, which saves the second.
        if self._landmarks.read(grey, region_of(face)).score < TAKE_SCORE:
            return None
        reading = first_reading(self._landmarks, grey, face)
        if reading is None or reading.score < CERTAIN:
            return None
        five = tuple((float(x), float(y)) for x, y in shape.five(reading.points))
        return replace(face, box=box_of(reading.points), points=five)


def confirmed(finder: FaceFinder, landmarks: Landmarks, *, in_turn: bool = False) -> FaceFinder:
    """``finder`` with the landmark network's word where it is the shipped detector; another as it is."""
    return Confirmed(finder, landmarks, in_turn=in_turn) if isinstance(finder, Tiny) else finder
