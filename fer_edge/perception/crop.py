"""Cutting square pieces out of a picture, also where they reach over its edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2

if TYPE_CHECKING:
    from fer_edge.core import Box, Image


def square(grey: Image, box: Box, scale: float, size: int) -> Image:
    """The square around a box, ``scale`` times its longer side, as (size, size) uint8.

    Where the square leaves the picture, the picture's edge is repeated.
    """
    side = max(2, round(max(box.width, box.height) * scale))
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
    method = cv2.INTER_AREA if piece.shape[0] > size else cv2.INTER_LINEAR
    cut: Image = cv2.resize(piece, (size, size), interpolation=method)
    return cut
