"""The shipped detector, and the landmark network's word on the faces of which the detector is unsure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import cv2

from fer_edge.perception import shape
from fer_edge.perception.detector import Tiny
from fer_edge.perception.follower import TAKE_SCORE, first_reading
from fer_edge.perception.landmarks import box_of, region_of
from fer_edge.perception.tiles import once

if TYPE_CHECKING:
    from fer_edge.core import Box, Face, FaceFinder, Image
    from fer_edge.perception.landmarks import Landmarks

UNSURE = 1 / 6
"""Share of the score at which the detector is sure, from which there may be a face."""
CERTAIN = 0.995
"""Probability, by the landmark network, from which there is one."""
MOST, MOST_LIVE = 24, 3
"""Unsure faces looked at, best first, of a still picture and of a camera's."""
REMEMBERED = 48
"""Places that were no face."""
SAME_PLACE, SAME_GREY = 0.5, 6.0
"""Overlap from which, and mean difference in grey levels up to which, it is the same thing that was no face."""
PATCH = 12
"""Pixels of a side at which such things are compared."""


class Confirmed:
    """A finder of the faces of which ``detector`` is sure or, failing that, ``landmarks`` certain.

    ``sure`` is the detector's score from which it is believed; its own least score where none is given. At most
    ``most`` unsure faces of a picture are looked at. What was no face is not looked at again until it changes, so
    that a cluttered place costs hardly anything in the long run.
    """

    def __init__(self, detector: Tiny, landmarks: Landmarks, sure: float | None = None, *, most: int = MOST) -> None:
        self._detector = detector
        self._landmarks = landmarks
        self._sure = detector.least if sure is None else sure
        self._most = most
        self._refused: deque[tuple[Box, Image]] = deque(maxlen=REMEMBERED)

    def find(self, grey: Image, colour: Image | None = None) -> Sequence[Face]:
        """Every face, best first by the detector's score, in pixels of the picture."""
        seen = self._detector.look(grey, UNSURE * self._sure)
        sure = [face for face in seen if face.score >= self._sure]
        unsure = (face for face in once(seen) if face.score < self._sure and not self._known(grey, face.box))
        certain = (self._certain(grey, face) for face in islice(unsure, self._most))
        # A box that is off may lead to the points of a face that is known already.
        return sure + once([*sure, *filter(None, certain)])[len(sure) :]

    def _known(self, grey: Image, box: Box) -> bool:
        """Whether this is what was no face before: the place, and what is seen there."""
        return any(
            place.iou(box) >= SAME_PLACE and cv2.absdiff(_patch(grey, place), patch).mean() < SAME_GREY
            for place, patch in self._refused
        )

    def _certain(self, grey: Image, face: Face) -> Face | None:
        """The face by its points, which lie better than a box of which the detector is unsure."""
        # Most of what is no face shows at the first look, which saves the second.
        if self._landmarks.read(grey, region_of(face)).score >= TAKE_SCORE:
            reading = first_reading(self._landmarks, grey, face)
            if reading is not None and reading.score >= CERTAIN:
                five = tuple((float(x), float(y)) for x, y in shape.five(reading.points))
                return replace(face, box=box_of(reading.points), points=five)
        self._refused.append((face.box, _patch(grey, face.box)))
        return None


def _patch(grey: Image, box: Box) -> Image:
    """What is in a box, (PATCH, PATCH) uint8."""
    height, width = grey.shape
    left, top = (min(max(round(v), 0), most - 1) for v, most in ((box.x, width), (box.y, height)))
    inside = grey[top : max(top + 1, round(box.y + box.height)), left : max(left + 1, round(box.x + box.width))]
    small: Image = cv2.resize(inside, (PATCH, PATCH), interpolation=cv2.INTER_AREA)
    return small


def confirmed(finder: FaceFinder, landmarks: Landmarks, *, most: int = MOST) -> FaceFinder:
    """``finder`` with the landmark network's word where it is the shipped detector; another as it is."""
    return Confirmed(finder, landmarks, most=most) if isinstance(finder, Tiny) else finder
