"""What a device hands over: a picture, unpacked no further than somebody looks at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from fer_edge.core import Image

PACKED = ("mjpg", "jpeg")
"""Codes of Motion-JPEG: every picture is a JPEG of its own."""
_START = b"\xff\xd8"
_HUFFMAN, _SCAN, _EXIF, _FILL = 0xC4, 0xDA, 0xE1, 0xFF
"""Markers of a JPEG's segments: Huffman tables, start of scan, application data 1; and what may stand before one."""
_AS_IT_LIES = cv2.IMREAD_IGNORE_ORIENTATION
"""``camera.rotation`` turns the picture; what a JPEG says of itself would turn it twice."""


_COLOURS = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
"""By how many times smaller a JPEG is unpacked, which costs as many times less."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """``image`` is BGR, or the luma of a packed picture; ``colour`` and ``jpeg`` are then those of its Frame."""

    image: Image
    colour: Callable[[int], Image] | None = None
    jpeg: Callable[[], bytes | None] | None = None


def is_packed(data: Image) -> bool:
    """Whether these bytes begin as a JPEG does."""
    return data.ravel()[:2].tobytes() == _START


def unpacked(data: Image) -> Picture | None:
    """The luma of a JPEG's bytes; None where they are too damaged to read.

    Perception looks at luma alone. Leaving the colours packed saves their inverse transform, their
    resampling, the conversion to BGR and the one back to grey: two fifths of it all (docs/performance.md).
    """
    try:
        luma = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE | _AS_IT_LIES)
    except cv2.error:  # says that it is larger than OPENCV_IO_MAX_IMAGE_PIXELS
        return None
    if luma is None:
        return None

    def colour(shrink: int) -> Image:
        flag = _COLOURS[max(times for times in _COLOURS if times <= max(1, shrink))]
        whole: Image | None = cv2.imdecode(data, flag | _AS_IT_LIES)
        return luma if whole is None else whole

    # A driver's buffer may be longer than the picture in it.
    return Picture(luma, colour, lambda: self_contained(data.tobytes().rstrip(b"\0")))


def self_contained(data: bytes) -> bytes | None:
    """A JPEG of Motion-JPEG as every browser reads it; None where its head is damaged or has Exif.

    Cameras leave out the Huffman tables, which are always the same (ISO/IEC 10918-1, annex K.3). Exif may turn the
    picture in a browser, and may say where it was taken.
    """
    at, tables = 2, False
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data):
        kind = data[at + 1]
        if kind == _FILL:
            at += 1
            continue
        if kind == _SCAN:
            return data if tables else data[:at] + _huffman_tables() + data[at:]
        if kind == _EXIF:
            return None
        tables |= kind == _HUFFMAN
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


@cache
def _huffman_tables() -> bytes:
    """The usual tables, as OpenCV's encoder writes them into every JPEG."""
    data = bytes(cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8), [cv2.IMWRITE_JPEG_OPTIMIZE, 0])[1])
    tables, at = b"", 2
    while data[at + 1] != _SCAN:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if data[at + 1] == _HUFFMAN:
            tables += data[at:end]
        at = end
    return tables
