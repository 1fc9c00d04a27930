"""Faces in still pictures as the networks that ship see them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fer_edge.core import Face
from fer_edge.perception.confirmed import confirmed
from fer_edge.perception.faces import make_finder
from fer_edge.perception.follower import first_reading
from fer_edge.perception.landmarks import Landmarks, Reading, box_of
from fer_edge.settings import Settings


class Stills:
    """The detector and the landmark network of the product, for pictures that have nothing to do with each other."""

    def __init__(self) -> None:
        self._landmarks = Landmarks()
        self._finder = confirmed(make_finder(Settings().perception), self._landmarks)

    def points(self, grey: np.ndarray) -> Iterator[np.ndarray]:
        """The 68 points (68, 2), pixels, of each face that both networks see in a picture, the surest first."""
        return (reading.points for _, reading in self.faces(grey))

    def faces(self, grey: np.ndarray) -> Iterator[tuple[Face, Reading]]:
        """The same faces as the detector and as the landmark network see them."""
        for face in self._finder.find(grey, None):
            reading = first_reading(self._landmarks, grey, face)
            if reading is not None:
                yield face, reading


def sides(points: np.ndarray) -> np.ndarray:
    """The box (x, y, width, height) that a detector gives a face with these 68 points."""
    box = box_of(points)
    return np.array([box.x, box.y, box.width, box.height])
