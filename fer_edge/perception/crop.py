"""Cutting square pieces out of a picture, also where they reach over its edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2

if TYPE_CHECKING:
    from fer_edge.core import Box, Image


def halved(piece: Image, step: float) -> tuple[Image, int]:
    """A (height, width) piece at 1/2, 1/4 … of its size while it has 2 pixels or more for one of the crop's.

    ``step`` is the number of its pixels for one of the crop's. Given back with it is how many of
    the piece's pixels one of the new ones stands for. Averaging by exactly two is some forty times
    cheaper a pixel than by a broken ratio, and does nearly the same.
    """
    times = 1
    while step >= 2 and min(piece.shape[:2]) >= 2:
        piece = piece[: piece.shape[0] // 2 * 2, : piece.shape[1] // 2 * 2]
        piece = cv2.resize(piece, (piece.shape[1] // 2, piece.shape[0] // 2), interpolation=cv2.INTER_AREA)
        step, times = step / 2, times * 2
    return piece, times


def square(grey: Image, box: Box, scale: float, size: int) -> Image:
    """The square around a box, ``scale`` times its longer side, as (size, size) uint8.

    Where the square leaves the picture, the picture's edge is repeated.
    """
    side = max(2, round(max(box.width, box.height) * scale))
    # A side that halves without a rest loses no pixel on the way.
    even = 1 << max(0, (side // size).bit_length() - 1)
    side = round(side / even) * even
    centre_x, centre_y = box.centre
    left, top = round(centre_x - side / 2), round(centre_y - side / 2)
    height, width = grey.shape[:2]
    x0, y0 = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    x1, y1 = max(min(left + side, width), x0 + 1), max(min(top + side, height), y0 + 1)
    piece = grey[y0:y1, x0:x1]
    before_x, before_y = x0 - left, y0 - top
    after_x, after_y = left + side - x1, top + side - y1
    if max(before_x, before_y, after_x, after_y) > 0:
        piece = cv2.copyMakeBorder(
            piece, max(before_y, 0), max(after_y, 0), max(before_x, 0), max(after_x, 0), cv2.BORDER_REPLICATE
        )
    piece, _ = halved(piece, side / size)
    method = cv2.INTER_AREA if piece.shape[0] > size else cv2.INTER_LINEAR
    cut: Image = cv2.resize(piece, (size, size), interpolation=method)
    return cut
