"""The 68 points of one face, and whether there is a face at all, by the shipped network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_edge.core import Box, Face
from fer_edge.errors import ModelError
from fer_edge.perception import shape, warp
from fer_edge.perception.interpreter import Model, shipped

if TYPE_CHECKING:
    from fer_edge.core import Image, Points
    from fer_edge.perception.shape import Region

UNITS = 4.0
"""The network gives (pixel / crop size - 0.5) times this."""
BOX_SIDE, BOX_DOWN = 1.242, 0.625
"""Crop side in longer sides of a detector's box, and where its middle lies in the box's height."""
TALL, WIDE, UP = 1 / 0.828, 0.767, 0.6245
"""A box from points: height in sides of their square, width in heights, the points' middle in heights."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Points (68, 2) float32 in pixels of the picture, and the probability that they lie on a face."""

    points: Points
    score: float


class Landmarks:
    """Finds the points of a face whose place is roughly known."""

    def __init__(self, path: Path | None = None, *, runtime: str = "auto", threads: int = 1) -> None:
        self.model = Model(path or shipped("landmarks"), task="landmarks", runtime=runtime, threads=threads)
        if self.model.output_sizes != [137]:
            raise ModelError(f"{self.model.path}: gives {self.model.output_sizes} values; landmarks need 137")

    def read(self, grey: Image, region: Region) -> Reading:
        """The points of the face in this region of a (height, width) uint8 picture."""
        size = self.model.size[0]
        matrix = warp.upright(*region, size)
        values = self.model.run(warp.standardise(warp.cut(grey, matrix, size)))[0]
        inside = (values[:136].reshape(68, 2) / UNITS + 0.5) * size - 0.5 - matrix[:, 2]
        # The inverse of a turn and scale: its transpose over the square of the scale.
        turn = matrix[:, :2] / float(matrix[0, 0] ** 2 + matrix[0, 1] ** 2)
        points: Points = (inside @ turn).astype(np.float32)
        return Reading(points, 1 / (1 + math.exp(-max(-30.0, min(30.0, float(values[136]))))))


def region_of(face: Face) -> Region:
    """Where to look for the points of a detected face: turned upright where its eyes are known."""
    box = face.box
    angle = 0.0
    if len(face.points) >= 2:
        (x0, y0), (x1, y1) = face.points[0], face.points[1]
        tilt = math.degrees(math.atan2(y1 - y0, x1 - x0))
        # In a profile both eyes are one above the other or swapped, and their line says nothing.
        angle = tilt if abs(tilt) < 60 and math.hypot(x1 - x0, y1 - y0) > 0.2 * box.width else 0.0
    return (box.x + box.width / 2, box.y + BOX_DOWN * box.height), BOX_SIDE * max(box.width, box.height), angle


def box_of(points: Points) -> Box:
    """The box a detector would draw around these points."""
    (x, y), side, angle = shape.face_region(points)
    tall = side / shape.FACE_SIDE * TALL
    turn = math.radians(angle)
    # The box's middle lies above that of the points, along the face's own vertical.
    lift = (UP - 0.5) * tall
    x, y = x + lift * math.sin(turn), y - lift * math.cos(turn)
    return Box(x - WIDE * tall / 2, y - tall / 2, WIDE * tall, tall)
