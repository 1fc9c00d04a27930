"""Pieces cut from a picture turned upright, and brought to one light.

Training uses pieces cut by these same functions, so a network sees in service exactly
what it saw in training.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.perception.crop import halved

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_edge.core import Image

    Matrix = NDArray[np.float64]

MEAN_LEVEL = 128.0
"""Mean grey level after :func:`standardise`."""
DEVIATION = 48.0
"""Standard deviation of grey levels after :func:`standardise`."""
LEAST_DEVIATION = 6.0
"""Deviations under this are taken for this: a flat piece is not blown up into noise."""

_LEVELS = np.arange(256, dtype=np.float32)


def upright(centre: tuple[float, float], side: float, angle: float, size: int) -> Matrix:
    """The (2, 3) matrix from picture pixels to a crop of (size, size) pixels.

    The crop is the square of ``side`` pixels around ``centre`` whose horizontal axis lies at
    ``angle`` degrees in the picture (clockwise as seen, since y points down).
    """
    scale = size / side
    turn = np.deg2rad(angle)
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    x, y = centre
    middle = (size - 1) / 2
    return np.array([[cos, sin, middle - cos * x - sin * y], [-sin, cos, middle + sin * x - cos * y]])


def cut(grey: Image, matrix: Matrix, size: int) -> Image:
    """The (size, size) uint8 crop that a matrix of :func:`upright` describes.

    Where it leaves the picture, the picture's edge is repeated.
    """
    step = 1 / float(np.hypot(matrix[0, 0], matrix[0, 1]))
    if step >= 2:
        # Bilinear sampling looks at two pixels in a row: of a larger picture it would skip some.
        grey, matrix = _averaged(grey, matrix, size, step)
    piece: Image = cv2.warpAffine(grey, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return piece


def middle(piece: Image, height: int | None = None) -> Image:
    """The middle ``height`` rows of a square crop, all of them without: what a network wider than high sees of it."""
    top = (len(piece) - (height or len(piece))) // 2
    return piece[top : top + (height or len(piece))]


def _averaged(grey: Image, matrix: Matrix, size: int, step: float) -> tuple[Image, Matrix]:
    """The region a crop needs, averaged down to 1 to 2 pixels for one of the crop's, and the matrix from there."""
    cos, sin = float(matrix[0, 0]) * step * step, float(matrix[0, 1]) * step * step
    u, v = size / 2 - float(matrix[0, 2]), size / 2 - float(matrix[1, 2])
    x, y = cos * u - sin * v, sin * u + cos * v
    # One step more on every side: halving leaves an odd last row or column out.
    reach = (abs(cos) + abs(sin)) * size / 2 + step
    height, width = grey.shape[:2]
    left, top = _within(x - reach, width - 2), _within(y - reach, height - 2)
    right, bottom = max(_within(x + reach + 1, width), left + 2), max(_within(y + reach + 1, height), top + 2)
    small, times = halved(grey[top:bottom, left:right], step)
    # A pixel's middle (i + 0.5) keeps its place, so its index moves by half of what the pixel grew.
    moved = matrix * (times, times, 1.0)
    moved[:, 2] += matrix[:, :2] @ (left + (times - 1) / 2, top + (times - 1) / 2)
    return small, moved


def _within(place: float, most: int) -> int:
    return min(max(math.floor(place), 0), most)


def standardise(piece: Image) -> Image:
    """The piece at mean level 128 and standard deviation 48, clipped to uint8: light taken out."""
    mean, deviation = (float(v[0, 0]) for v in cv2.meanStdDev(piece))
    gain = DEVIATION / max(deviation, LEAST_DEVIATION)
    table = np.clip((_LEVELS - mean) * gain + MEAN_LEVEL, 0, 255).astype(np.uint8)
    level: Image = cv2.LUT(piece, table)
    return level
