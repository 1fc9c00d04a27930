"""Pieces cut from a picture turned upright, and brought to one light.

The workshop trains on pieces cut by these same functions, so a network sees in service exactly
what it saw in training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.perception.crop import halved

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_edge.core import Image

    Matrix = NDArray[np.float64]

SHRINK_FROM = 2.0
"""Source pixels per crop pixel above which the source is averaged first: bilinear sampling would skip pixels."""
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
    if step > SHRINK_FROM:
        grey, matrix = _averaged(grey, matrix, size, step)
    piece: Image = cv2.warpAffine(grey, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return piece


def _averaged(grey: Image, matrix: Matrix, size: int, step: float) -> tuple[Image, Matrix]:
    """The region a crop needs, averaged down to about its resolution, and the matrix from there."""
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], dtype=np.float64)
    inverse = cv2.invertAffineTransform(matrix)
    reached = corners @ inverse[:, :2].T + inverse[:, 2]
    height, width = grey.shape[:2]
    left, top = np.clip(np.floor(reached.min(axis=0)), 0, (width - 2, height - 2)).astype(int)
    right, bottom = np.clip(np.ceil(reached.max(axis=0)), (left + 2, top + 2), (width, height)).astype(int)
    piece = halved(grey[top:bottom, left:right], step)
    # Halving leaves an odd last row or column out, so the region is that of the pixels that were used.
    times = (bottom - top) // piece.shape[0]
    used = (piece.shape[1] * times, piece.shape[0] * times)
    shape = (max(2, round(used[0] / step)), max(2, round(used[1] / step)))
    small = cv2.resize(piece, shape, interpolation=cv2.INTER_AREA)
    ratio = np.array([used[0] / shape[0], used[1] / shape[1]])
    # A pixel's middle (i + 0.5) keeps its place, so its index moves by half of what the pixel grew.
    origin = np.array([left, top]) + (ratio - 1) / 2
    moved = np.hstack([matrix[:, :2] * ratio, (matrix[:, :2] @ origin + matrix[:, 2])[:, None]])
    return small, moved


def standardise(piece: Image) -> Image:
    """The piece at mean level 128 and standard deviation 48, clipped to uint8: light taken out."""
    mean, deviation = (float(v[0, 0]) for v in cv2.meanStdDev(piece))
    gain = DEVIATION / max(deviation, LEAST_DEVIATION)
    table = np.clip((_LEVELS - mean) * gain + MEAN_LEVEL, 0, 255).astype(np.uint8)
    level: Image = cv2.LUT(piece, table)
    return level
