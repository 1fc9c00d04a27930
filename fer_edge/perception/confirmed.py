"""The shipped detector, and the landmark network's word on the faces of which the detector is unsure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.core import Box
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
MOST, MOST_LIVE = 24, 3
"""Unsure faces looked at of a still picture and of a camera's, out of the best :data:`OUT_OF` times as many."""
OUT_OF = 2
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
        self._refused = _Places()

    def find(self, grey: Image, colour: Image | None = None) -> Sequence[Face]:
        """Every face, best first by the detector's score, in pixels of the picture."""
        seen = self._detector.look(grey, UNSURE * self._sure)
        sure = [face for face in seen if face.score >= self._sure]
        unsure = [face for face in seen[len(sure) :] if len(once([*sure, face])) > len(sure)][: OUT_OF * self._most]
        new = (face for face in unsure if not self._refused.hold(grey, face.box))
        certain = (self._certain(grey, face) for face in islice(new, self._most))
        # A box that is off may lead to the points of a face that is known already.
        return sure + once([*sure, *filter(None, certain)])[len(sure) :]

    def _certain(self, grey: Image, face: Face) -> Face | None:
        """The face by its points, which lie better than a box of which the detector is unsure."""
        # Most of what is no face shows at the first look, which saves the second.
        if self._landmarks.read(grey, region_of(face)).score >= TAKE_SCORE:
            reading = first_reading(self._landmarks, grey, face)
            if reading is not None and reading.score >= CERTAIN:
                five = tuple((float(x), float(y)) for x, y in shape.five(reading.points))
                return replace(face, box=box_of(reading.points), points=five)
        self._refused.add(grey, face.box)
        return None


class _Places:
    """The last :data:`REMEMBERED` places that were no face, and what was seen there."""

    def __init__(self) -> None:
        self._boxes = np.zeros((REMEMBERED, 4), np.float32)
        self._patches: list[Image | None] = [None] * REMEMBERED
        self._next = 0

    def add(self, grey: Image, box: Box) -> None:
        self._boxes[self._next] = box.x, box.y, box.x + box.width, box.y + box.height
        self._patches[self._next] = _patch(grey, box)
        self._next = (self._next + 1) % REMEMBERED

    def hold(self, grey: Image, box: Box) -> bool:
        """Whether one of them is here and looks as it did."""
        low = np.maximum(self._boxes[:, :2], (box.x, box.y))
        high = np.minimum(self._boxes[:, 2:], (box.x + box.width, box.y + box.height))
        shared = np.clip(high - low, 0, None).prod(axis=1)
        areas = (self._boxes[:, 2:] - self._boxes[:, :2]).prod(axis=1)
        for n in np.flatnonzero(shared >= SAME_PLACE * (areas + box.area - shared)):
            x0, y0, x1, y1 = (float(v) for v in self._boxes[n])
            now, then = _patch(grey, Box(x0, y0, x1 - x0, y1 - y0)), self._patches[n]
            if then is not None and cv2.absdiff(now, then).mean() < SAME_GREY:
                return True
        return False


def _patch(grey: Image, box: Box) -> Image:
    """What is in a box, (PATCH, PATCH) uint8."""
    height, width = grey.shape
    left, top = (min(max(round(v), 0), most - 1) for v, most in ((box.x, width), (box.y, height)))
    inside = grey[top : max(top + 1, round(box.y + box.height)), left : max(left + 1, round(box.x + box.width))]
    small: Image = cv2.resize(inside, (PATCH, PATCH))  # four pixels for one: enough, and ten times as fast as all
    return small


def confirmed(finder: FaceFinder, landmarks: Landmarks, *, most: int = MOST) -> FaceFinder:
    """``finder`` with the landmark network's word where it is the shipped detector; another as it is."""
    return Confirmed(finder, landmarks, most=most) if isinstance(finder, Tiny) else finder
