"""The 68 points of a face: which is which, how open eyes and mouth are, and where to look closer.

Points are (68, 2) float32 pixels in the 300-W markup (Sagonas et al. 2013): 0-16 jaw, 17-26
brows, 27-35 nose, 36-41 the person's right eye, 42-47 the left eye, 48-59 outer and 60-67 inner lips.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fer_edge.core import Box, Points

Region = tuple[tuple[float, float], float, float]
"""Centre in pixels, side in pixels, angle in degrees: what :func:`warp.upright` takes."""

RIGHT_EYE = slice(36, 42)
LEFT_EYE = slice(42, 48)
EYE_CORNERS = [36, 39, 42, 45]
MOUTH = slice(48, 68)
MIRRORED = np.array(
    [
        *[*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31],
        *[45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40],
        *[54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65],
    ]
)
"""Which point takes each one's place when the picture is flipped."""
FACE_SIDE = 1.5
"""Side of a face crop in sides of the points' bounding square."""
EYE_SIDE, EYE_PAIR_SIDE = 1.6, 1.35
"""Side of an eye crop in widths of the wider eye, and of the square around both in distances of their outer corners."""
EXPRESSION_SIDE, EXPRESSION_UP = 1.25, 0.16
"""Side of an expression crop, and how far its middle lies above that of the points, in sides of their bounding
square: on FER2013's validation pictures the points lie so (medians 1.256 and 0.168)."""
MOUTH_SIDE = 0.56
"""Side of a mouth crop in sides of the points' bounding square: the face says how large a mouth can be."""


def _means(*groups: slice | int) -> Points:
    """The matrix that takes (68, 2) points to the mean of each group: one product instead of many small means."""
    rows = np.zeros((len(groups), 68), np.float32)
    for row, group in zip(rows, groups, strict=True):
        row[group] = 1.0
    means: Points = rows / rows.sum(axis=1, keepdims=True)
    return means


_EYES = _means(RIGHT_EYE, LEFT_EYE)
_FIVE = _means(RIGHT_EYE, LEFT_EYE, 30, 48, 54)


def eye_aspect_ratio(eye: Points) -> float:
    """Height over width of one eye's six points (Soukupová and Čech 2016): about 0.26 open, 0.1 shut."""
    p = eye.tolist()
    return (math.dist(p[1], p[5]) + math.dist(p[2], p[4])) / (2 * math.dist(p[0], p[3]) + 1e-6)


def mouth_aspect_ratio(points: Points) -> float:
    """Gap between the inner lips over the mouth's outer width: 0 closed, about 0.7 in a yawn."""
    gaps = (points[61:64] - points[67:64:-1]).tolist()
    gap = math.hypot(sum(x for x, _ in gaps), sum(y for _, y in gaps)) / len(gaps)
    return gap / (math.dist(points[48].tolist(), points[54].tolist()) + 1e-6)


def mouth_width(points: Points) -> float:
    """Distance of the mouth's corners over that of the eyes' middles: 0.8 at rest, more in a smile, less in a yawn."""
    eyes = math.hypot(*_across(points))
    return math.dist(points[48].tolist(), points[54].tolist()) / (eyes + 1e-6)


def tilt(points: Points) -> float:
    """Angle in degrees of the line from the person's right eye to the left one, in the picture."""
    across, down = _across(points)
    return math.degrees(math.atan2(down, across))


def face_region(points: Points) -> Region:
    """The square in which the landmark network looks for a face whose points are known."""
    across, down = _across(points)
    length = math.hypot(across, down)
    cos, sin = (across / length, down / length) if length > 0 else (1.0, 0.0)
    along = points @ np.array([[cos, -sin], [sin, cos]])
    (left, top), (right, bottom) = along.min(axis=0).tolist(), along.max(axis=0).tolist()
    x, y = (left + right) / 2, (top + bottom) / 2
    centre = (cos * x - sin * y, sin * x + cos * y)
    return centre, max(right - left, bottom - top) * FACE_SIDE, math.degrees(math.atan2(down, across))


def _across(points: Points) -> tuple[float, float]:
    """From the middle of the person's right eye to that of the left, pixels."""
    right, left = (_EYES @ points).tolist()
    return left[0] - right[0], left[1] - right[1]


def eye_regions(points: Points) -> tuple[Region, Region]:
    """The squares around the person's right and left eye."""
    (right, left), corners = (_EYES @ points).tolist(), points[EYE_CORNERS].tolist()
    side = EYE_SIDE * max(math.dist(*corners[:2]), math.dist(*corners[2:]), 1.0)
    angle = math.degrees(math.atan2(left[1] - right[1], left[0] - right[0]))
    return ((right[0], right[1]), side, angle), ((left[0], left[1]), side, angle)


def eye_pair_region(points: Points) -> Region:
    """The square around both eyes whose middle half, from a quarter of its height to three, holds eyes and brows."""
    right, left = points[36].tolist(), points[45].tolist()
    across, down = left[0] - right[0], left[1] - right[1]
    centre = ((right[0] + left[0]) / 2, (right[1] + left[1]) / 2)
    return centre, EYE_PAIR_SIDE * max(math.hypot(across, down), 1.0), math.degrees(math.atan2(down, across))


def mouth_region(points: Points) -> Region:
    """The square around the mouth."""
    mouth = points[MOUTH]
    centre = (mouth.min(axis=0) + mouth.max(axis=0)) / 2
    _, side, angle = face_region(points)
    return (float(centre[0]), float(centre[1])), MOUTH_SIDE * side / FACE_SIDE, angle


def expression_region(points: Points) -> Region:
    """The square that shows of a face what FER2013's pictures do, the line of the eyes level."""
    (x, y), side, angle = face_region(points)
    square, turn = side / FACE_SIDE, math.radians(angle)
    # Up along the face's own vertical: the points end at the brows, the pictures at the hair.
    x, y = x + EXPRESSION_UP * square * math.sin(turn), y - EXPRESSION_UP * square * math.cos(turn)
    return (x, y), EXPRESSION_SIDE * square, angle


def box_region(box: Box) -> Region:
    """The square around a box on its longer side, not turned."""
    x, y = box.centre
    # Boxes lie between pixels, a crop's centre is counted from the middle of the first one.
    return (x - 0.5, y - 0.5), max(box.width, box.height), 0.0


def five(points: Points) -> Points:
    """The person's right eye, left eye, nose tip, right and left mouth corner, (5, 2)."""
    chosen: Points = _FIVE @ points
    return chosen
