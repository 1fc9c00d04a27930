"""The 68 points of a face: which is which, how open eyes and mouth are, and where to look closer.

Points are (68, 2) float32 pixels in the 300-W markup (Sagonas et al. 2013): 0-16 jaw, 17-26
brows, 27-35 nose, 36-41 the person's right eye, 42-47 the left eye, 48-59 outer and 60-67 inner lips.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fer_edge.core import Points

    Region = tuple[tuple[float, float], float, float]
    """Centre in pixels, side in pixels, angle in degrees: what :func:`warp.upright` takes."""

RIGHT_EYE = slice(36, 42)
LEFT_EYE = slice(42, 48)
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
EYE_SIDE = 1.6
"""Side of an eye crop in widths of the wider eye."""
MOUTH_SIDE = 0.56
"""Side of a mouth crop in sides of the points' bounding square: the face says how large a mouth can be."""


def eye_aspect_ratio(eye: Points) -> float:
    """Height over width of one eye's six points (Soukupová and Čech 2016): about 0.26 open, 0.1 shut."""
    heights = np.hypot(*(eye[1] - eye[5])) + np.hypot(*(eye[2] - eye[4]))
    return float(heights / (2 * np.hypot(*(eye[0] - eye[3])) + 1e-6))


def mouth_aspect_ratio(points: Points) -> float:
    """Gap between the inner lips over the mouth's outer width: 0 closed, about 0.7 in a yawn."""
    gap = np.hypot(*(points[61:64] - points[67:64:-1]).mean(axis=0))
    return float(gap / (np.hypot(*(points[48] - points[54])) + 1e-6))


def tilt(points: Points) -> float:
    """Angle in degrees of the line from the person's right eye to the left one, in the picture."""
    across = points[LEFT_EYE].mean(axis=0) - points[RIGHT_EYE].mean(axis=0)
    return float(np.degrees(np.arctan2(across[1], across[0])))


def face_region(points: Points) -> Region:
    """The square in which the landmark network looks for a face whose points are known."""
    angle = tilt(points)
    turn = np.deg2rad(angle)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    along = points @ axes.T
    low, high = along.min(axis=0), along.max(axis=0)
    centre = ((low + high) / 2) @ axes
    return (float(centre[0]), float(centre[1])), float((high - low).max()) * FACE_SIDE, angle


def eye_regions(points: Points) -> tuple[Region, Region]:
    """The squares around the person's right and left eye."""
    angle = tilt(points)
    right, left = points[RIGHT_EYE], points[LEFT_EYE]
    side = EYE_SIDE * float(max(np.hypot(*(right[0] - right[3])), np.hypot(*(left[0] - left[3])), 1.0))
    first, second = right.mean(axis=0), left.mean(axis=0)
    return ((float(first[0]), float(first[1])), side, angle), ((float(second[0]), float(second[1])), side, angle)


def mouth_region(points: Points) -> Region:
    """The square around the mouth."""
    mouth = points[MOUTH]
    centre = (mouth.min(axis=0) + mouth.max(axis=0)) / 2
    _, side, angle = face_region(points)
    return (float(centre[0]), float(centre[1])), MOUTH_SIDE * side / FACE_SIDE, angle


def five(points: Points) -> Points:
    """The person's right eye, left eye, nose tip, right and left mouth corner, (5, 2)."""
    chosen: Points = np.stack(
        [points[RIGHT_EYE].mean(axis=0), points[LEFT_EYE].mean(axis=0), points[30], points[48], points[54]]
    )
    return chosen
