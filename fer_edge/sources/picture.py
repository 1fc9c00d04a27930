"""What a device hands over: a picture, unpacked no further than somebody looks at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2

if TYPE_CHECKING:
    from fer_edge.core import Image

PACKED = ("mjpg", "jpeg")
"""Codes of Motion-JPEG: every picture is a JPEG of its own."""
_START = b"\xff\xd8"
_AS_IT_LIES = cv2.IMREAD_IGNORE_ORIENTATION
"""``camera.rotation`` turns the picture; what a JPEG says of itself would turn it twice."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """``image`` is BGR, or the luma of a packed picture; then ``colour`` unpacks that whole."""

    image: Image
    colour: Callable[[], Image] | None = None


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

    def colour() -> Image:
        whole: Image | None = cv2.imdecode(data, cv2.IMREAD_COLOR | _AS_IT_LIES)
        return luma if whole is None else whole

    return Picture(luma, colour)
